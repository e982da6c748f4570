// What the loop asks of a model of a memory.

#pragma once
#include <stdint.h>
#include <stdio.h>

struct memory_model {
	char message[192];  // of a broken rule, if `observe` returned false

	virtual void drive(uint64_t) {}                    // set the design's inputs of a cycle, from the state alone
	virtual bool observe(uint64_t) { return true; }    // take its outputs and advance; false if a rule is broken
	virtual void reset() {}
	virtual void release() {}
};
