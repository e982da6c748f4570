// An SDR or DDR3 device: its content, and the rules of its data sheet. sim/sdram.py describes it.
//
// Times are in clocks of the device. What stands between it and the controller gives it commands in order, and moves
// the data of the columns that it finds.

#pragma once
#include <stdlib.h>
#include <string.h>
#include "model.h"

struct sdram_counters {
	uint64_t cycles, reads, writes, activates, precharges, refreshes;
};

struct sdram_settings {
	uint8_t *content;
	uint64_t size;
	uint32_t ddr3, banks, rows, columns, column_bytes, burst, phases, read_latency, write_latency;
	uint32_t cl, cwl, rp, rcd, ras, rc, rrd, faw, wr, wtr, rtp, ccd, rfc, mrd, mod, refresh_interval, postponed;
	sdram_counters *counters;
};

// The pins of a command, of which the lowest bit counts; but all of `address` and `bank`.
struct sdram_command {
	uint32_t address, bank, ras_n, cas_n, we_n, cke;
};

// What a READ or WRITE moves.
struct column_access {
	bool valid, write;
	uint64_t place;  // of its first byte
	int64_t begin;   // clock of its first data
};

constexpr uint32_t MOST_PHASES = 4, MOST_BANKS = 8, MOST_WORD_BYTES = 64;

struct sdram_device {
	sdram_settings set;
	char *message;  // of a broken rule, MESSAGE_BYTES
	uint32_t word_bytes;

	struct bank_state {
		bool open;
		uint32_t row;
		int64_t activated, read, written, idle;  // `written`: end of data; `idle`: from when it may be activated
	} banks[MOST_BANKS];

	int64_t now, column, data_end, refreshed, up_since, mode_set, activations[4], quiet;
	bool data_written, up;
	uint32_t activation, modes;
	column_access accessed;  // by the last command

	static constexpr int64_t NEVER = -(int64_t(1) << 40);

	void make(const sdram_settings &given, char *text) {
		set = given;
		message = text;
		word_bytes = set.burst * set.column_bytes;
		reset();
	}

	void reset() {
		for (bank_state &bank : banks)
			bank = { false, 0, NEVER, NEVER, NEVER, NEVER };
		for (int64_t &time : activations)
			time = NEVER;
		column = data_end = refreshed = up_since = mode_set = quiet = NEVER;
		data_written = up = false;
		activation = modes = 0;
		accessed.valid = false;
		message[0] = 0;
	}

	// False if it has waited too long for a REFRESH.
	bool kept(int64_t time) {
		now = time;
		// The intervals of refreshes begin with the first row that is opened: a DDR3 comes up without a REFRESH.
		const int64_t kept_since = refreshed < 0 ? up_since : refreshed;
		return !up || now - kept_since <= int64_t(set.postponed + 1) * set.refresh_interval
		       || fail("no REFRESH", -1, kept_since, (set.postponed + 1) * set.refresh_interval);
	}

	void load(uint64_t place, uint8_t *data) const {
		for (uint32_t i = 0; i < word_bytes; i++)
			data[i] = place + i < set.size ? set.content[place + i] : 0;
	}

	void store(uint64_t place, uint8_t byte) const {
		if (place < set.size)
			set.content[place] = byte;
	}

	bool fail(const char *what, int bank, int64_t since, int64_t least) {
		if (bank >= 0)
			snprintf(message, MESSAGE_BYTES, "DRAM: %s, bank %d, %lld clocks after, not %lld", what, bank,
			         (long long)(now - since), (long long)least);
		else
			snprintf(message, MESSAGE_BYTES, "DRAM: %s, %lld clocks after, not %lld", what, (long long)(now - since),
			         (long long)least);
		return false;
	}

	bool wrong(const char *what, uint64_t value) {
		snprintf(message, MESSAGE_BYTES, "DRAM: %s (%llx)", what, (unsigned long long)value);
		return false;
	}

	// A command at a clock; false if it breaks a rule.
	bool command(int64_t time, const sdram_command &pins) {
		now = time;
		accessed.valid = false;
		const uint32_t code = (pins.ras_n & 1) << 2 | (pins.cas_n & 1) << 1 | (pins.we_n & 1);
		if (code == 7 || (code == 6 && !set.ddr3))  // NOP, BURST TERMINATE
			return true;
		if (!(pins.cke & 1))
			return wrong("command while CKE is low", code);
		const uint32_t address = pins.address, bank = pins.bank & (set.banks - 1);
		if (now - mode_set < set.mrd || (code != 0 && now - mode_set < set.mod))
			return fail("command after mode register", -1, mode_set, code ? set.mod : set.mrd);
		if (now < quiet)
			return fail("command during ZQ calibration", -1, quiet, 0);
		switch (code) {
		case 0: return load_mode(bank, address);
		case 1: return refresh();
		case 2: return precharge(bank, address >> 10 & 1);
		case 3: return activate(bank, address);
		case 4: return access(bank, address, true);
		case 5: return access(bank, address, false);
		default: quiet = now + 512; modes |= 16; return true;  // ZQCL
		}
	}

	bool all_idle(const char *what) {
		for (uint32_t i = 0; i < set.banks; i++) {
			if (banks[i].open)
				return wrong(what, i);
			if (now < banks[i].idle)
				return fail(what, int(i), banks[i].idle - set.rp, set.rp);
		}
		return now - refreshed >= set.rfc || fail(what, -1, refreshed, set.rfc);
	}

	bool load_mode(uint32_t number, uint32_t value) {
		if (!all_idle("mode register while a bank is open"))
			return false;
		if (number == 0) {
			const uint32_t cl = set.ddr3 ? (value >> 4 & 7) + (value >> 2 & 1) * 8 + 4 : value >> 4 & 7;
			if (cl != set.cl)
				return wrong("CAS latency of the mode register is not the controller's", cl);
			if (value & (set.ddr3 ? 3 : 7))
				return wrong("burst length of the mode register", value & 7);
		}
		if (number == 2 && set.ddr3 && (value >> 3 & 7) + 5 != set.cwl)
			return wrong("CAS write latency of the mode register is not the controller's", (value >> 3 & 7) + 5);
		modes |= 1u << number;
		mode_set = now;
		return true;
	}

	bool refresh() {
		if (!all_idle("REFRESH while a bank is open"))
			return false;
		refreshed = now;
		set.counters->refreshes++;
		return true;
	}

	bool close(uint32_t number, int64_t time) {
		bank_state &bank = banks[number];
		if (!bank.open)
			return true;
		if (time - bank.activated < set.ras)
			return fail("PRECHARGE after ACTIVATE", int(number), bank.activated, set.ras);
		if (time - bank.read < set.rtp)
			return fail("PRECHARGE after READ", int(number), bank.read, set.rtp);
		if (time - bank.written < set.wr)
			return fail("PRECHARGE after WRITE", int(number), bank.written, set.wr);
		bank.open = false;
		bank.idle = time + set.rp;
		set.counters->precharges++;
		return true;
	}

	bool precharge(uint32_t number, bool all) {
		for (uint32_t i = 0; i < set.banks; i++)
			if ((all || i == number) && !close(i, now))
				return false;
		return true;
	}

	bool activate(uint32_t number, uint32_t row) {
		bank_state &bank = banks[number];
		if (!up && modes != (set.ddr3 ? 31u : 1u))
			return wrong("ACTIVATE before all mode registers are set", modes);
		if (!up)
			up_since = now;
		up = true;
		if (bank.open)
			return wrong("ACTIVATE of an open bank", number);
		if (now < bank.idle)
			return fail("ACTIVATE after PRECHARGE", int(number), bank.idle - set.rp, set.rp);
		if (now - bank.activated < set.rc)
			return fail("ACTIVATE after ACTIVATE", int(number), bank.activated, set.rc);
		if (now - refreshed < set.rfc)
			return fail("ACTIVATE after REFRESH", -1, refreshed, set.rfc);
		const int64_t last = activations[(activation + 3) % 4], fourth = activations[activation];
		if (now - last < set.rrd)
			return fail("ACTIVATE after ACTIVATE of another bank", -1, last, set.rrd);
		if (now - fourth < set.faw)
			return fail("fifth ACTIVATE", -1, fourth, set.faw);
		if (row >= set.rows)
			return wrong("row beyond the device", row);
		activations[activation] = now;
		activation = (activation + 1) % 4;
		bank.open = true;
		bank.row = row;
		bank.activated = now;
		set.counters->activates++;
		return true;
	}

	bool access(uint32_t number, uint32_t address, bool write) {
		bank_state &bank = banks[number];
		const int64_t length = set.ddr3 ? set.burst / 2 : set.burst;
		const int64_t begin = now + (write ? set.cwl : set.cl);
		const char *what = write ? "WRITE" : "READ";
		if (!bank.open)
			return wrong(write ? "WRITE to a closed bank" : "READ of a closed bank", number);
		if (now - bank.activated < set.rcd)
			return fail(write ? "WRITE after ACTIVATE" : "READ after ACTIVATE", int(number), bank.activated, set.rcd);
		if (now - column < set.ccd)
			return fail(what, int(number), column, set.ccd);
		for (uint32_t i = 0; !write && i < set.banks; i++)
			if (now - banks[i].written < set.wtr)
				return fail("READ after WRITE", int(i), banks[i].written, set.wtr);
		// From reading to writing the data lines need a clock (SDR) or two (DDR3) to turn around.
		const int64_t turn = write && !data_written ? (set.ddr3 ? 2 : 1) : 0;
		if (begin < data_end + turn)
			return fail("data collide", int(number), data_end + turn, 0);
		column = now;
		data_end = begin + length;
		data_written = write;
		const uint32_t first = address & (set.columns - 1) & ~(set.burst - 1);
		const uint64_t place = ((uint64_t(bank.row) * set.banks + number) * set.columns + first) * set.column_bytes;
		if (place >= set.size)
			return wrong("access beyond the content, at byte", place);
		accessed = { true, write, place, begin };
		if (write) {
			bank.written = data_end;
			set.counters->writes++;
		} else {
			bank.read = now;
			set.counters->reads++;
		}
		if (address >> 10 & 1) {  // auto precharge, as early as the timings allow
			int64_t time = write ? data_end + set.wr : now + set.rtp;
			time = time > bank.activated + set.ras ? time : bank.activated + set.ras;
			return close(number, time);
		}
		return true;
	}
};
