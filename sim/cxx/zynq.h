// Model of the memory of a Zynq-7000 behind its AXI_HP ports. sim/zynq.py describes it and has the figures.
//
// Times are in ticks: `cycle_ticks` of them in a cycle of the design, `clock_ticks` in a clock of the DDR.

#pragma once
#include <stdlib.h>
#include <string.h>
#include "model.h"

struct zynq_counters {
	uint64_t cycles, read_bytes, write_bytes, row_misses, refreshes;
};

struct zynq_settings {
	uint8_t *content;
	uint64_t size;
	uint32_t base, read_ports, beat_bytes, cycle_ticks, clock_ticks;
	uint32_t latency, outstanding, ahead;  // cycles; bursts per port; clocks of data that the scheduler looks ahead
	uint32_t banks, page_bytes, access_bytes, access_clocks, cl, cwl, rp, rcd, ras, rrd, rtp, wr, wtr, rfc,
	         refresh_interval;
	zynq_counters *counters;
};

struct zynq_port {
	uint8_t *address_valid, *address_ready, *address;  // `address`: 32 bits, then 4 bits of beats after the first
	uint8_t *data_valid, *data_ready, *data;           // read: data, response, last; write: data, strobe, last
	uint8_t *done_valid, *done;                        // write only
};

constexpr uint32_t HP_PORTS = 5, HP_QUEUE = 16, HP_BANKS = 8, HP_BEATS = 16, HP_BYTES = 16;

struct zynq final : memory_model {
	zynq_settings set;
	zynq_port ports[HP_PORTS];  // those for reading, then the one for writing

	struct axi_burst {
		uint64_t place;
		uint32_t beats, next;
		int64_t due[HP_BEATS];  // cycle in which a beat is there; due[0] of a write: of its reply
		uint8_t data[HP_BEATS * HP_BYTES], strobe[HP_BEATS * HP_BYTES / 8];
		bool scheduled;
	};
	struct port_state {
		axi_burst queue[HP_QUEUE];
		uint32_t first, count, scheduled;
		bool held;
		uint64_t held_address;
	} state[HP_PORTS];
	struct bank_state {
		int64_t row, activated, ready, last_read, written;
	} banks[HP_BANKS];
	int64_t column_free, last_activate, next_refresh;
	bool writing;
	uint32_t turn;

	void make(const zynq_settings &given, const zynq_port *places) {
		set = given;
		memcpy(ports, places, sizeof(ports));
		reset();
	}

	void reset() override {
		memset(static_cast<void *>(state), 0, sizeof(state));
		for (bank_state &bank : banks)
			bank = { -1, 0, 0, 0, 0 };
		column_free = last_activate = 0;
		next_refresh = clocks(set.refresh_interval);
		writing = false;
		turn = 0;
		message[0] = 0;
	}

	int64_t clocks(int64_t count) const { return count * set.clock_ticks; }
	bool wrong(const char *what, uint64_t value) {
		snprintf(message, sizeof(message), "AXI: %s (%llx)", what, (unsigned long long)value);
		return false;
	}
	axi_burst &at(port_state &port, uint32_t i) { return port.queue[(port.first + i) % HP_QUEUE]; }

	void drive(uint64_t cycle) override {
		for (uint32_t i = 0; i <= set.read_ports; i++) {
			port_state &port = state[i];
			*ports[i].address_ready = port.count < set.outstanding;
			const axi_burst &head = at(port, 0);
			const bool there = port.count > 0 && head.scheduled;
			if (i == set.read_ports) {
				*ports[i].data_ready = writable(port) != nullptr;
				*ports[i].done_valid = there && head.due[0] <= int64_t(cycle);
				*ports[i].done = 0;
				continue;
			}
			*ports[i].data_valid = there && head.due[head.next] <= int64_t(cycle);
			if (*ports[i].data_valid) {
				memcpy(ports[i].data, head.data + head.next * set.beat_bytes, set.beat_bytes);
				ports[i].data[set.beat_bytes] = (head.next + 1 == head.beats) << 2;
			} else {
				memset(ports[i].data, 0xa5, set.beat_bytes);
				ports[i].data[set.beat_bytes] = 0;
			}
		}
	}

	// The first burst of the write port that waits for data.
	axi_burst *writable(port_state &port) {
		for (uint32_t i = 0; i < port.count; i++)
			if (at(port, i).next < at(port, i).beats)
				return &at(port, i);
		return nullptr;
	}

	bool observe(uint64_t cycle) override {
		set.counters->cycles++;
		for (uint32_t i = 0; i <= set.read_ports; i++) {
			port_state &port = state[i];
			if (i < set.read_ports && *ports[i].data_valid && *ports[i].data_ready && ++at(port, 0).next == at(port, 0).beats)
				pop(port);
			if (i == set.read_ports) {
				if (!take_data(port))
					return false;
				if (*ports[i].done_valid)
					pop(port);
			}
			if (!take_address(i))
				return false;
		}
		schedule(int64_t(cycle) * set.cycle_ticks);
		return true;
	}

	void pop(port_state &port) {
		port.first = (port.first + 1) % HP_QUEUE;
		port.count--;
		port.scheduled--;
	}

	bool take_address(uint32_t number) {
		port_state &port = state[number];
		uint64_t now = 0;
		memcpy(&now, ports[number].address, 5);
		const bool valid = *ports[number].address_valid;
		if (port.held && !(valid && now == port.held_address))
			return wrong("address withdrawn or changed before it was taken", port.held_address);
		port.held = valid && !*ports[number].address_ready;
		port.held_address = now;
		if (!valid || port.held)
			return true;
		const uint64_t address = now & 0xffffffff, beats = (now >> 32 & 15) + 1, bytes = beats * set.beat_bytes;
		if (address % set.beat_bytes)
			return wrong("address is not aligned to a beat", address);
		if (address / 4096 != (address + bytes - 1) / 4096)
			return wrong("burst crosses a boundary of 4 KiB", address);
		if (address < set.base || address - set.base + bytes > set.size)
			return wrong("burst outside the memory", address);
		axi_burst &burst = at(port, port.count++);
		burst.place = address - set.base;
		burst.beats = uint32_t(beats);
		burst.next = 0;
		burst.scheduled = false;
		return true;
	}

	bool take_data(port_state &port) {
		const zynq_port &pins = ports[set.read_ports];
		axi_burst *burst = writable(port);
		if (!*pins.data_valid || !burst)
			return true;
		memcpy(burst->data + burst->next * set.beat_bytes, pins.data, set.beat_bytes);
		burst->strobe[burst->next] = pins.data[set.beat_bytes];
		const bool last = pins.data[set.beat_bytes + set.beat_bytes / 8] & 1;
		burst->next++;
		return last == (burst->next == burst->beats) || wrong("last beat of a write marked wrongly", burst->next);
	}

	// Bursts to the DDR, ports in turn, until it has work for some time ahead.
	void schedule(int64_t now) {
		if (now >= next_refresh) {
			column_free = (column_free > now ? column_free : now) + clocks(set.rtp + set.rp + set.rfc);
			for (bank_state &bank : banks)
				bank = { -1, 0, column_free, 0, 0 };
			next_refresh += clocks(set.refresh_interval);
			set.counters->refreshes++;
		}
		for (uint32_t idle = 0; idle <= set.read_ports && column_free <= now + clocks(set.ahead); idle++) {
			const uint32_t number = turn;
			turn = turn == set.read_ports ? 0 : turn + 1;
			port_state &port = state[number];
			if (port.scheduled == port.count)
				continue;
			axi_burst &burst = at(port, port.scheduled);
			const bool write = number == set.read_ports;
			if (write && burst.next < burst.beats)
				continue;
			transfer(burst, write, now);
			port.scheduled++;
			idle = 0;
		}
	}

	void transfer(axi_burst &burst, bool write, int64_t now) {
		const uint64_t end = burst.place + uint64_t(burst.beats) * set.beat_bytes;
		int64_t done = 0;
		for (uint64_t place = burst.place / set.access_bytes * set.access_bytes; place < end; place += set.access_bytes) {
			done = access(place, write, now);
			// All beats of this access, and in the end nothing else.
			for (uint32_t beat = 0; beat < burst.beats && !write; beat++)
				if (burst.place + (beat + 1) * set.beat_bytes > place)
					burst.due[beat] = arrival(done);
		}
		const uint32_t bytes = burst.beats * set.beat_bytes;
		if (write) {
			for (uint32_t i = 0; i < bytes; i++)
				if (burst.strobe[i / set.beat_bytes] >> i % set.beat_bytes & 1)
					set.content[burst.place + i] = burst.data[i];
			burst.due[0] = arrival(done);
			set.counters->write_bytes += bytes;
		} else {
			memcpy(burst.data, set.content + burst.place, bytes);
			set.counters->read_bytes += bytes;
		}
		burst.scheduled = true;
	}

	int64_t arrival(int64_t ticks) const { return (ticks + set.cycle_ticks - 1) / set.cycle_ticks + set.latency; }

	static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

	// One READ or WRITE of the device, with PRECHARGE and ACTIVATE before it if its row is not open; returns
	// when its data have passed.
	int64_t access(uint64_t place, bool write, int64_t now) {
		bank_state &bank = banks[place / set.page_bytes % set.banks];
		const int64_t row = int64_t(place / set.page_bytes / set.banks);
		if (bank.row != row) {
			int64_t time = later(now, bank.ready);
			if (bank.row >= 0) {
				time = later(time, later(bank.activated + clocks(set.ras), bank.last_read + clocks(set.rtp)));
				time = later(time, bank.written + clocks(set.wr)) + clocks(set.rp);
			}
			bank.activated = last_activate = later(time, last_activate + clocks(set.rrd));
			bank.ready = bank.activated + clocks(set.rcd);
			bank.row = row;
			set.counters->row_misses++;
		}
		int64_t column = later(later(now, bank.ready), column_free);
		if (write != writing)  // Turning the data lines around: read latency against write latency, or tWTR.
			column = write ? column + clocks(set.cl + 2 - set.cwl) : column + clocks(set.cwl + set.wtr);
		writing = write;
		column_free = column + clocks(set.access_clocks);
		const int64_t done = column + clocks((write ? set.cwl : set.cl) + set.access_clocks);
		(write ? bank.written : bank.last_read) = write ? done : column;
		return done;
	}
};
