// Model of a DRAM behind the accelerator's memory port. sim/dram.py describes it; sim/dram_testbench.py is
// the same model in Python, cycle for cycle: change both or neither.

#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

struct dram_counters {
	uint64_t cycles, busy_cycles, read_beats, write_beats, read_bursts, write_bursts, read_blocked_cycles;
};

struct dram_settings {
	uint8_t *content;
	uint64_t size;
	uint32_t beat_bytes, latency, bandwidth_numerator, bandwidth_denominator, stall_threshold, outstanding;
	uint64_t seed;
	struct dram_counters *counters;
};

enum dram_error { NO_ERROR, READ_OUTSIDE, WRITE_OUTSIDE, READ_UNSTABLE, WRITE_UNSTABLE, DATA_UNSTABLE };

// Where the signals of the ports are in the design, as bytes.
struct request_port {
	uint8_t *valid, *ready, *address, *length;
	uint32_t address_bytes, length_bytes;
};
struct data_port {
	uint8_t *valid, *ready, *data, *mask;
};

constexpr uint32_t BUFFER_BEATS = 4;
constexpr uint32_t MOST_BYTES = 64;

struct burst {
	uint64_t place, ready;  // next byte; cycle of the first beat
	uint32_t left;          // beats that still have to pass the bus
};

template<class Item> struct queue {
	Item *items = nullptr;
	uint32_t capacity = 0, first = 0, count = 0;

	void make(uint32_t size) {
		items = static_cast<Item *>(calloc(size, sizeof(Item)));
		capacity = size;
	}
	Item &at(uint32_t i) { return items[(first + i) % capacity]; }
	Item &push() { return at(count++); }
	void pop() {
		first = (first + 1) % capacity;
		count--;
	}
};

struct beat {
	uint8_t data[MOST_BYTES], mask[MOST_BYTES / 8];
};

struct dram final : memory_model {
	dram_settings settings;
	request_port read_request, write_request;
	data_port read_data, write_data;
	uint8_t *write_done;

	queue<burst> reads, writes;
	queue<beat> read_buffer, write_buffer;
	uint32_t credit, accepted_unsent;  // `accepted_unsent`: write beats asked for and not yet come
	bool offered, done, writing, switch_over;
	// A stream may not withdraw or change what it offered: what was not accepted in the cycle before.
	bool held_read, held_write, held_data;
	uint64_t held_read_payload, held_write_payload;
	beat held_beat;
	dram_error error;
	uint64_t error_address, error_length;

	void make(const dram_settings &given) {
		settings = given;
		reads.make(settings.outstanding);
		writes.make(settings.outstanding);
		read_buffer.make(BUFFER_BEATS);
		write_buffer.make(BUFFER_BEATS);
		reset();
	}

	void reset() override {
		reads.count = writes.count = read_buffer.count = write_buffer.count = 0;
		credit = accepted_unsent = 0;
		offered = done = writing = switch_over = held_read = held_write = held_data = false;
		error = NO_ERROR;
	}

	void release() override {
		free(reads.items);
		free(writes.items);
		free(read_buffer.items);
		free(write_buffer.items);
	}

	// Four random numbers of 16 bits for a cycle (splitmix64).
	uint64_t random(uint64_t cycle) const {
		uint64_t z = settings.seed + (cycle + 1) * 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		return z ^ z >> 31;
	}

	// Set the design's inputs, from the state alone.
	void drive(uint64_t cycle) override {
		const uint64_t bits = settings.stall_threshold ? random(cycle) : ~uint64_t(0);
		const auto runs = [&](int port) { return (bits >> 16 * port & 0xffff) >= settings.stall_threshold; };
		*read_request.ready = reads.count < settings.outstanding && runs(0);
		*write_request.ready = writes.count < settings.outstanding && runs(1);
		*write_data.ready = accepted_unsent > 0 && write_buffer.count < BUFFER_BEATS && runs(2);
		*read_data.valid = read_buffer.count > 0 && (offered || runs(3));
		if (*read_data.valid)
			memcpy(read_data.data, read_buffer.at(0).data, settings.beat_bytes);
		else
			memset(read_data.data, 0xa5, settings.beat_bytes);
		*write_done = done;
	}

	// Take the design's outputs of the cycle and advance; false on an error.
	bool observe(uint64_t cycle) override {
		dram_counters &count = *settings.counters;
		count.cycles++;
		done = false;
		if (!accept(read_request, reads, cycle, held_read, held_read_payload, READ_OUTSIDE, READ_UNSTABLE)
		    || !accept(write_request, writes, cycle, held_write, held_write_payload, WRITE_OUTSIDE, WRITE_UNSTABLE)
		    || !accept_data())
			return false;
		if (*read_data.valid) {
			offered = !*read_data.ready;
			if (*read_data.ready)
				read_buffer.pop();
			else
				count.read_blocked_cycles++;
		}
		use_bus(cycle);
		return true;
	}

	static uint64_t number(const uint8_t *bytes, uint32_t count) {
		uint64_t result = 0;
		memcpy(&result, bytes, count);
		return result;
	}

	bool fail(dram_error what, uint64_t address, uint64_t length) {
		error = what;
		error_address = address;
		error_length = length;
		return false;
	}

	bool accept(const request_port &port, queue<burst> &bursts, uint64_t cycle, bool &held,
	            uint64_t &held_payload, dram_error outside, dram_error unstable) {
		const uint64_t address = number(port.address, port.address_bytes);
		const uint64_t length = number(port.length, port.length_bytes);
		const uint64_t payload = address << 16 | length;
		if (held && !(*port.valid && payload == held_payload))
			return fail(unstable, held_payload >> 16, held_payload & 0xffff);
		held = *port.valid && !*port.ready;
		held_payload = payload;
		if (!*port.valid || held)
			return true;
		if (length == 0 || (address + length) * settings.beat_bytes > settings.size)
			return fail(outside, address, length);
		bursts.push() = { address * settings.beat_bytes, cycle + settings.latency, uint32_t(length) };
		if (&bursts == &writes) {
			accepted_unsent += length;
			settings.counters->write_bursts++;
		} else {
			settings.counters->read_bursts++;
		}
		return true;
	}

	bool accept_data() {
		beat now;
		memcpy(now.data, write_data.data, settings.beat_bytes);
		memcpy(now.mask, write_data.mask, (settings.beat_bytes + 7) / 8);
		if (held_data && !(*write_data.valid && memcmp(now.data, held_beat.data, settings.beat_bytes) == 0
		                   && memcmp(now.mask, held_beat.mask, (settings.beat_bytes + 7) / 8) == 0))
			return fail(DATA_UNSTABLE, 0, 0);
		held_data = *write_data.valid && !*write_data.ready;
		if (held_data)
			held_beat = now;
		if (*write_data.valid && *write_data.ready) {
			write_buffer.push() = now;
			accepted_unsent--;
		}
		return true;
	}

	// At most one beat per cycle passes the bus, and no more than the bandwidth. A burst keeps the bus until it
	// ends or cannot go on; then the other direction is first.
	void use_bus(uint64_t cycle) {
		const uint32_t most = settings.bandwidth_numerator + settings.bandwidth_denominator - 1;
		credit += settings.bandwidth_numerator;
		credit = credit < most ? credit : most;
		if (credit < settings.bandwidth_denominator)
			return;
		const bool can_read = reads.count > 0 && reads.at(0).ready <= cycle + 1 && read_buffer.count < BUFFER_BEATS;
		const bool can_write = write_buffer.count > 0;
		if (!can_read && !can_write)
			return;
		const bool prefer_write = writing != switch_over;
		writing = prefer_write ? can_write : !can_read;
		credit -= settings.bandwidth_denominator;
		settings.counters->busy_cycles++;
		burst &now = writing ? writes.at(0) : reads.at(0);
		if (writing)
			write_beat(now);
		else
			read_beat(now);
		now.place += settings.beat_bytes;
		switch_over = --now.left == 0;
		if (switch_over && writing) {
			writes.pop();
			done = true;
		} else if (switch_over) {
			reads.pop();
		}
	}

	void read_beat(const burst &now) {
		memcpy(read_buffer.push().data, settings.content + now.place, settings.beat_bytes);
		settings.counters->read_beats++;
	}

	void write_beat(const burst &now) {
		const beat &source = write_buffer.at(0);
		for (uint32_t i = 0; i < settings.beat_bytes; i++)
			if (source.mask[i / 8] >> i % 8 & 1)
				settings.content[now.place + i] = source.data[i];
		write_buffer.pop();
		settings.counters->write_beats++;
	}
};
