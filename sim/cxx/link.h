// The other end of a design's link: bytes in and out, at the streams `rx` and `tx`, or as bits on two lines.

#pragma once
#include <stdint.h>
#include "growing_buffer.h"

struct link_places {
	// Indices of ports. Streams of bytes: all of them; serial lines: `rx_payload` and `tx_payload` are the
	// lines, `divisor` the cycles of a bit.
	uint32_t rx_valid, rx_ready, rx_payload, tx_valid, tx_ready, tx_payload;
	uint32_t active;           // while this output is 1, the design is about to say something
	uint32_t divisor;          // 0: streams
	uint32_t stall_threshold;  // in units of 1/65536
	uint64_t seed;
};

// Shared with the host, which reads it after each run.
struct link_state {
	uint64_t taken;  // bytes of the input that the design has taken
	const char *output;
	uint64_t output_bytes;
};

struct byte_link {
	bool active;
	uint8_t *rx_valid, *rx_ready, *rx_payload, *tx_valid, *tx_ready, *tx_payload, *design_active;
	uint32_t divisor, stall_threshold;
	uint64_t seed;
	const uint8_t *input;
	uint64_t size, taken, last_traffic;
	growing_buffer output;
	// Serial lines: cycles until the next bit, bits left, and the bits themselves.
	uint32_t send_wait, send_left, send_bits, receive_wait, receive_left, receive_bits;

	bool runs(uint64_t cycle, int port) const {
		uint64_t z = seed + (cycle + 1) * 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		return !stall_threshold || ((z ^ z >> 31) >> 16 * port & 0xffff) >= stall_threshold;
	}

	void drive(uint64_t cycle) {
		if (divisor) {
			*rx_payload = send_left ? send_bits & 1 : 1;
			return;
		}
		*rx_valid = taken < size && (*rx_valid || runs(cycle, 0));
		*rx_payload = *rx_valid ? input[taken] : 0xa5;
		*tx_ready = runs(cycle, 1);
	}

	void observe(uint64_t cycle) {
		if (*design_active)
			last_traffic = cycle;
		if (divisor) {
			send_bit(cycle);
			receive_bit(cycle);
			return;
		}
		if (*rx_valid && *rx_ready) {
			taken++;
			*rx_valid = 0;  // So that the next byte may be held back.
			last_traffic = cycle;
		}
		if (*tx_valid && *tx_ready) {
			*output.append(1) = char(*tx_payload);
			last_traffic = cycle;
		}
	}

	void send_bit(uint64_t cycle) {
		if (send_left) {
			last_traffic = cycle;
			if (--send_wait == 0) {
				send_bits >>= 1;
				send_left--;
				send_wait = divisor;
			}
		}
		if (!send_left && taken < size) {
			send_bits = uint32_t(input[taken++]) << 1 | 1 << 9;
			send_left = 10;
			send_wait = divisor;
		}
	}

	// The line is sampled in the middle of each bit, from the edge of the start bit on.
	void receive_bit(uint64_t cycle) {
		if (!receive_left) {
			if (!*tx_payload) {
				receive_left = 9;
				receive_wait = divisor + divisor / 2;
			}
			return;
		}
		last_traffic = cycle;
		if (--receive_wait)
			return;
		receive_wait = divisor;
		receive_left--;
		if (receive_left)
			receive_bits = receive_bits >> 1 | uint32_t(*tx_payload) << 7;
		else if (*tx_payload)
			*output.append(1) = char(receive_bits);
	}
};
