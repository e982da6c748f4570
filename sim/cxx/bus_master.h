// A program of this machine in the place of a processor: its accesses are those of a ProcessorBus of the design.

#pragma once
#include <stdint.h>
#include <string.h>

struct bus_master {
	uint8_t *valid, *address, *strobes, *write_data;
	const uint8_t *ready, *read_data;
	bool active, waiting;
	uint32_t answer;

	void begin(uint32_t place, uint32_t lanes, uint32_t data) {
		memcpy(address, &place, 4);
		memcpy(write_data, &data, 4);
		*strobes = uint8_t(lanes);
		*valid = 1;
		waiting = true;
	}

	// Between evaluation and edge: what is read may be another value after it.
	void observe() {
		if (!waiting || !(*ready & 1))
			return;
		memcpy(&answer, read_data, 4);
		waiting = false;
	}
};
