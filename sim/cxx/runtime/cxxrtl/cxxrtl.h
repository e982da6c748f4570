// Entry point of the code that yosys `write_cxxrtl` generates: it includes <cxxrtl/cxxrtl.h>.
//
// This is a runtime of our own for that code, in place of the one that yosys brings. It is two to three times
// as fast, because values of up to 64 bits are single machine integers, registers are copied in one block, and
// nothing is observed inside the design; and it needs no C++ standard library, which would have to be built
// first. It covers what Amaranth designs need, after `flatten` and `proc`; anything else fails to compile.
// tests/sim/test_runtime.py compares it with Amaranth's simulator.

#pragma once
#include "../value.h"
#include "../cells.h"
#include "../text.h"
#include "../state.h"
