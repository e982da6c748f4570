// An SD card at its pins, in SD mode: what a reader that only reads can see of one.
//
// SD Physical Layer Specification: commands and their CRCs, states, responses, the CRCs of blocks, one and four data
// lines. A broken rule of the host ends the simulation: bits that come too fast for the card's state, a first command
// before 74 clocks, a line that both drive. What a card answers to a wrong command, or does not, it answers here.

#pragma once
#include <stdint.h>
#include <string.h>
#include "model.h"

struct sd_counters {
	uint64_t clocks, commands, blocks, unanswered;
};

struct sd_settings {
	const uint8_t *content;
	uint64_t blocks;
	uint32_t present;             // may change between runs: 0 is a slot without a card
	uint32_t high_capacity;       // addresses count blocks, not bytes
	uint32_t busy_rounds;         // how often ACMD41 is answered with "not ready"
	uint32_t access_clocks;       // at most so many pass before a block
	uint32_t output_cycles;       // whole cycles from the falling edge at the pin to what the card sends
	uint32_t slow_cycles;         // shortest period of the clock until the card is selected for the first time
	uint32_t fast_cycles;         // shortest period afterwards
	uint32_t damages;             // how many times a block named below has a wrong CRC
	uint64_t damaged_block;
	uint32_t response_damages;    // so many of the next responses have a wrong CRC
	uint32_t reserved;
	uint64_t seed;
	sd_counters *counters;
};

struct sd_card : memory_model {
	enum state_name { IDLE, READY, IDENTIFICATION, STANDBY, TRANSFER, DATA };
	enum { CRC_ERROR = 23, ILLEGAL = 22, APPLICATION = 5, READY_FOR_DATA = 8, OUT_OF_RANGE = 31, ADDRESS = 0x1234 };

	sd_settings *set;
	const uint8_t *clk, *cmd_o, *cmd_oe;
	uint8_t *cmd_i, *dat_i;
	// The pins a cycle ago: there is a register at each.
	bool pin_clk, pin_cmd, pin_oe;
	uint64_t last_rise, random;
	state_name state;
	bool was_present, selected_once, application, wide, many;
	uint32_t rounds, status_errors, clocks_before;
	// The command line.
	uint64_t command;
	uint32_t command_bits;
	uint8_t response[17];
	uint32_t response_bits, response_at, response_wait;
	// Data lines.
	uint64_t block;
	uint32_t data_wait, data_at;
	bool sending;
	uint16_t crcs[4];
	// What the card sends, and from which cycle on.
	uint8_t cmd_now, dat_now, cmd_next, dat_next;
	uint32_t change_in;

	void make(sd_settings *settings, uint8_t *const *places) {
		set = settings;
		clk = places[0], cmd_o = places[1], cmd_oe = places[2], cmd_i = places[3], dat_i = places[4];
		reset();
	}

	void power_up() {
		state = IDLE;
		selected_once = application = wide = many = sending = false;
		rounds = status_errors = clocks_before = command_bits = response_bits = 0;
		cmd_now = cmd_next = 1;
		dat_now = dat_next = 15;
		change_in = 0;
		last_rise = 0;
	}

	void reset() override {
		random = set->seed;
		was_present = pin_clk = pin_oe = false;
		pin_cmd = true;
		message[0] = 0;
		power_up();
	}

	uint32_t draw(uint32_t limit) {
		random += 0x9e3779b97f4a7c15;
		uint64_t z = random;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		return uint32_t((z ^ z >> 31) >> 32) % (limit + 1);
	}

	bool wrong(const char *what, uint64_t value) {
		snprintf(message, sizeof(message), "SD card: %s (%llu)", what, (unsigned long long)value);
		return false;
	}

	void drive(uint64_t) override {
		if (change_in && --change_in == 0)
			cmd_now = cmd_next, dat_now = dat_next;
		*cmd_i = cmd_now && !(pin_oe && !pin_cmd);
		*dat_i = dat_now;
	}

	bool observe(uint64_t cycle) override {
		if (bool(set->present) != was_present) {
			was_present = set->present;
			power_up();
		}
		const bool rises = *clk && !pin_clk, falls = !*clk && pin_clk;
		pin_clk = *clk, pin_cmd = *cmd_o & 1, pin_oe = *cmd_oe & 1;
		if (!was_present)
			return true;
		if (rises)
			return rise(cycle);
		if (falls)
			fall();
		return true;
	}

	bool rise(uint64_t cycle) {
		set->counters->clocks++;
		const uint64_t period = cycle - last_rise, least = selected_once ? set->fast_cycles : set->slow_cycles;
		if ((command_bits || response_bits || sending) && period < least)
			return wrong("cycles of a clock that is too fast", period);
		last_rise = cycle;
		if (pin_oe && !cmd_now)
			return wrong("host and card drive the command line, command bit", command_bits);
		const bool bit = !pin_oe || pin_cmd;
		if (!command_bits && (bit || !pin_oe)) {
			clocks_before += clocks_before < 1000;
			return true;
		}
		if (!command_bits && clocks_before < 74)
			return wrong("clocks before the first command", clocks_before);
		command = command << 1 | bit;
		if (++command_bits == 48) {
			command_bits = 0;
			take();
		}
		return true;
	}

	static uint8_t crc7(const uint8_t *bytes, uint32_t count) {
		uint8_t crc = 0;
		for (uint32_t i = 0; i < count; i++)
			for (int bit = 7; bit >= 0; bit--) {
				const bool out = (crc >> 6 ^ bytes[i] >> bit) & 1;
				crc = (crc << 1 ^ (out ? 9 : 0)) & 127;
			}
		return crc;
	}

	void answer(uint8_t number, uint32_t content, bool checked = true) {
		response[0] = number;
		for (int i = 0; i < 4; i++)
			response[1 + i] = uint8_t(content >> (24 - 8 * i));
		response[5] = uint8_t((checked ? crc7(response, 5) : 127) << 1 | 1);
		send(48);
	}

	void send(uint32_t bits) {
		if (set->response_damages) {
			set->response_damages--;
			response[bits / 8 - 2] ^= 4;
		}
		response_bits = bits;
		response_at = 0;
		response_wait = 2 + draw(6);
	}

	uint32_t status() {
		const uint32_t value = uint32_t(state) << 9 | 1u << READY_FOR_DATA | status_errors
		                       | (application ? 1u << APPLICATION : 0);
		status_errors = 0;
		return value;
	}

	void take() {
		uint8_t bytes[6];
		for (int i = 0; i < 6; i++)
			bytes[i] = uint8_t(command >> (40 - 8 * i));
		set->counters->commands++;
		if (bytes[0] >> 6 != 1 || bytes[5] != (crc7(bytes, 5) << 1 | 1)) {
			set->counters->unanswered++;
			status_errors |= 1u << CRC_ERROR;
			return;
		}
		const uint32_t argument = uint32_t(command >> 8), number = bytes[0] & 63;
		const bool special = application;
		application = false;
		if (!obey(number, argument, special)) {
			set->counters->unanswered++;
			status_errors |= 1u << ILLEGAL;
		}
	}

	// Whether the command is one of this state.
	bool obey(uint32_t number, uint32_t argument, bool special) {
		const bool addressed = argument >> 16 == ADDRESS;
		if (special && number == 41) {
			if (state != IDLE)
				return false;
			const bool ready = rounds++ >= set->busy_rounds && (argument >> 30 & 1 || !set->high_capacity);
			if (ready)
				state = READY;
			answer(63, 0xff8000 | (ready ? 1u << 31 | uint32_t(set->high_capacity) << 30 : 0), false);
			return true;
		}
		if (special && number == 6) {
			if (state != TRANSFER)
				return false;
			const uint32_t now = status();
			wide = argument & 2;
			answer(6, now | 1u << APPLICATION);
			return true;
		}
		switch (number) {
		case 0:
			power_up();
			clocks_before = 1000;
			return true;
		case 8:
			if (state != IDLE || (argument >> 8 & 15) != 1)
				return false;
			answer(8, argument & 0xfff);
			return true;
		case 55: {
			if (state != IDLE && !addressed)
				return false;
			application = true;
			answer(55, status());
			return true;
		}
		case 2:
			if (state != READY)
				return false;
			state = IDENTIFICATION;
			response[0] = 63;
			for (int i = 1; i < 16; i++)
				response[i] = uint8_t(0x1b * i);
			response[16] = uint8_t(crc7(response + 1, 15) << 1 | 1);
			send(136);
			return true;
		case 3: {
			if (state != IDENTIFICATION && state != STANDBY)
				return false;
			const uint32_t now = status();
			state = STANDBY;
			answer(3, ADDRESS << 16 | (now & 0x1fff) | (now >> 8 & 0xe000));
			return true;
		}
		case 7: {
			if (!addressed || state != STANDBY)
				return false;
			const uint32_t now = status();
			state = TRANSFER;
			selected_once = true;
			answer(7, now);
			return true;
		}
		case 12: {
			if (state != DATA)
				return false;
			const uint32_t now = status();
			state = TRANSFER;
			sending = false;
			dat_next = 15;
			answer(12, now);
			return true;
		}
		case 13:
			if (!addressed || state < STANDBY)
				return false;
			answer(13, status());
			return true;
		case 16:
			if (state != TRANSFER || argument != 512)
				return false;
			answer(16, status());
			return true;
		case 17:
		case 18: {
			if (state != TRANSFER)
				return false;
			block = set->high_capacity ? argument : argument / 512;
			if (block >= set->blocks || (!set->high_capacity && argument % 512)) {
				status_errors |= 1u << OUT_OF_RANGE;
				answer(number, status());
				return true;
			}
			answer(number, status());
			state = DATA;
			many = number == 18;
			begin();
			return true;
		}
		default: return false;
		}
	}

	void begin() {
		sending = true;
		data_at = 0;
		data_wait = 2 + draw(set->access_clocks);
	}

	// Bit of the block on a line; the CRCs go along.
	uint8_t data_bits() {
		const uint32_t bits = wide ? 1024 : 4096, lines = wide ? 4 : 1;
		uint8_t out = 15;
		if (data_at == 0) {
			memset(crcs, 0, sizeof(crcs));
			out = wide ? 0 : 14;
		} else if (data_at <= bits) {
			const uint32_t at = data_at - 1;
			const uint8_t *bytes = set->content + 512 * block;
			out = wide ? bytes[at / 2] >> (at % 2 ? 0 : 4) & 15 : 14 | (bytes[at / 8] >> (7 - at % 8) & 1);
			for (uint32_t line = 0; line < lines; line++) {
				const bool carry = (crcs[line] >> 15 ^ out >> line) & 1;
				crcs[line] = uint16_t(crcs[line] << 1 ^ (carry ? 0x1021 : 0));
			}
		} else if (data_at <= bits + 16) {
			if (data_at == bits + 1 && set->damages && block == set->damaged_block) {
				set->damages--;
				crcs[wide ? 2 : 0] ^= 0x40;
			}
			for (uint32_t line = 0; line < lines; line++)
				if (!(crcs[line] >> (bits + 16 - data_at) & 1))
					out &= uint8_t(~(1u << line));
		} else {
			set->counters->blocks++;
			sending = many && block + 1 < set->blocks;
			if (many && !sending)
				status_errors |= 1u << OUT_OF_RANGE;
			if (!many)
				state = TRANSFER;
			block++;
			if (sending)
				begin();
			return 15;
		}
		data_at++;
		return out;
	}

	// What the card sends in the next clock.
	void fall() {
		cmd_next = 1;
		if (response_bits && response_wait)
			response_wait--;
		else if (response_bits) {
			cmd_next = response[response_at / 8] >> (7 - response_at % 8) & 1;
			if (++response_at == response_bits)
				response_bits = 0;
		}
		dat_next = 15;
		if (sending && data_wait)
			data_wait--;
		else if (sending)
			dat_next = data_bits();
		change_in = 2 + set->output_cycles;  // registers at the pins, out and in
	}
};
