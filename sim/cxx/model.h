// What the loop asks of a model of a memory.

#pragma once
#include <stdint.h>
#include <stdio.h>

constexpr uint32_t MESSAGE_BYTES = 192;

struct memory_model {
	char message[MESSAGE_BYTES];  // of a broken rule, if `observe` returned false

	virtual void drive(uint64_t) {}                    // set the design's inputs of a cycle, from the state alone
	virtual bool observe(uint64_t) { return true; }    // take its outputs and advance; false if a rule is broken
	virtual void reset() {}
	virtual void release() {}
};
