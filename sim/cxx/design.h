// Binary interface between a compiled design and the loop that runs it.
//
// One cycle is `eval` (outputs of the cycle from the registers and the inputs that were set), then `commit`
// (the clock edge). Between the two, ports can be read; before `eval`, inputs can be written.

#pragma once
#include <stdint.h>

struct design_port {
	const char *name;
	uint32_t bits;
	uint32_t input;  // 1 if the design reads it
};

struct design_api {
	uint32_t version;
	uint32_t port_count;
	uint32_t single_pass;  // 1 if one evaluation per cycle suffices (no feedback through combinational logic)
	uint32_t state_bytes;  // size of all registers
	const struct design_port *ports;
	void *(*create)(void *host, void (*report)(void *host, int failed, const char *text, const char *source));
	void (*destroy)(void *design);
	void (*reset)(void *design);  // initial values of registers and memories; inputs keep theirs
	uint8_t *(*port)(void *design, uint32_t index);  // its value, little-endian, unused high bits zero
	void (*eval)(void *design);
	void (*commit)(void *design);
	void (*settle)(void *design);  // outputs for the present registers and inputs, without a clock edge
};

#define DESIGN_VERSION 1
