// Included after the code of a design: its binary interface (design.h).
//
// Defined before: DESIGN_PORTS(PORT) with PORT(member, name, bits, input) for each port; DESIGN_SINGLE_PASS;
// and DESIGN_CLOCKED, 1 if there is a port `clk`.

#include "design.h"

namespace {

using namespace cxxrtl;
using top_module = cxxrtl_design::p_top;
using registers = cxxrtl_design::registers;

struct instance {
	performer host;
	top_module *top;
};

instance &self(void *design) { return *static_cast<instance *>(design); }
registers &current(top_module &top) { return top; }
char *next(top_module &top) { return reinterpret_cast<char *>(&current(top)) + next_distance; }

// Returns whether anything changed, which only the slow way below needs to know.
bool advance(top_module &top, bool compare) {
	bool changed = compare && memcmp(&current(top), next(top), sizeof(registers)) != 0;
	memcpy(static_cast<void *>(&current(top)), next(top), sizeof(registers));
	return top.top_module::commit() || changed;
}

void clock(top_module &top, bool before, bool now) {
#if DESIGN_CLOCKED
	top.prev_p_clk = value<1>::from(before);
	top.p_clk = value<1>::from(now);
#endif
}

// Evaluate until nothing changes. That it ends is certain: Amaranth refuses combinational loops, so feedback
// can only be between different bits.
void evaluate(instance &design) {
	bool converged = false, changed = true;
	while (changed && !converged) {
		converged = design.top->top_module::eval(&design.host);
		changed = advance(*design.top, true);
	}
}

void settle(void *design) {
	instance &it = self(design);
	auto report = it.host.report;
	it.host.report = nullptr;  // The cycle itself will report.
	clock(*it.top, false, false);
	evaluate(it);
	it.host.report = report;
}

// With one pass, outputs are those of the cycle as soon as `eval` is done, and registers already have their
// next values beside the current ones. Otherwise the outputs must settle before the edge, which is evaluated
// apart.
void eval(void *design) {
	if (!DESIGN_SINGLE_PASS)
		return settle(design);
	clock(*self(design).top, false, true);
	self(design).top->top_module::eval(&self(design).host);
}

void commit(void *design) {
	if (DESIGN_SINGLE_PASS) {
		advance(*self(design).top, false);
	} else {
		clock(*self(design).top, false, true);
		evaluate(self(design));
	}
}

// The generated code resets only what has an initial value; the registers behind read ports of memories have none.
void reset(void *design) {
	top_module &top = *self(design).top;
	memset(static_cast<void *>(&current(top)), 0, sizeof(registers));
	memset(static_cast<void *>(next(top)), 0, sizeof(registers));
	top.reset();
}

void *create(void *host, void (*report)(void *, int, const char *, const char *)) {
	static_assert(sizeof(registers) <= next_distance, "too many registers");
	static_assert(alignof(registers) == alignof(uint64_t), "see _grouped in compile.py");
	instance *design = static_cast<instance *>(malloc(sizeof(instance)));
	design->host = { host, report };
	design->top = new (calloc(1, sizeof(top_module) + next_distance)) top_module();
	return design;
}

void destroy(void *design) {
	self(design).top->~top_module();
	free(static_cast<void *>(self(design).top));
	free(design);
}

template<size_t Bits> uint8_t *bytes(value<Bits> &port) { return reinterpret_cast<uint8_t *>(&port.data); }
template<size_t Bits> uint8_t *bytes(wire<Bits> &port) { return bytes(port.curr); }

uint8_t *port(void *design, uint32_t index) {
	top_module &top = *self(design).top;
	uint32_t count = 0;
#define PORT(MEMBER, NAME, BITS, INPUT) if (index == count++) return bytes(top.MEMBER);
	DESIGN_PORTS(PORT)
#undef PORT
	return nullptr;
}

const design_port ports[] = {
#define PORT(MEMBER, NAME, BITS, INPUT) { NAME, BITS, INPUT },
	DESIGN_PORTS(PORT)
#undef PORT
};

const design_api api = {
	DESIGN_VERSION, sizeof(ports) / sizeof(ports[0]), DESIGN_SINGLE_PASS, sizeof(registers), ports,
	create, destroy, reset, port, eval, commit, settle,
};

} // namespace

extern "C" __attribute__((visibility("default"))) const design_api *celosia_design() { return &api; }
