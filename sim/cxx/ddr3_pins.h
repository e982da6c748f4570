// Model of the I/O cells of a PHY, the lines of a board and the DDR3 behind them. sim/pins.py describes it.
//
// Cells of the fabric work once a cycle; everything else is arithmetic in picoseconds. Time is that of the commands at
// the device: a command of phase p in cycle c is there at (c * phases + p) clocks, and whatever a cell, a line and a
// cell take together is told relative to that.

#pragma once
#include "sdram_device.h"

constexpr uint32_t LANES = 2, LINES = 16, MOST_BEATS = 8, ADDRESS_BITS = 16, BANK_BITS = 3, MOST_OUT = 512;

// A board; the host may change it between two runs.
struct ddr3_board {
	int32_t delay[LANES];       // from the clock at the device to its data at the cells, ps
	int32_t strobe[LANES];      // by how much a written strobe is late at the device, against its clock, ps
	int32_t align[LANES];       // ECP5: where in a word the first bit of a burst is, 0..3
	int32_t read_skew[LINES];   // by how much a line is later than its lane, ps
	int32_t write_skew[LINES];
	int32_t jitter;             // an edge is at most so early or late, ps
	int32_t aperture;           // so near to an edge a bit cannot be told, ps
	uint64_t random;
};

// Numbers of the ports `cells_out_*` and bits of the port `cells_in` of the core.
struct ddr3_places {
	uint16_t address[MOST_PHASES][ADDRESS_BITS], bank[MOST_PHASES][BANK_BITS];
	uint16_t cs_n[MOST_PHASES], ras_n[MOST_PHASES], cas_n[MOST_PHASES], we_n[MOST_PHASES], cke[MOST_PHASES];
	uint16_t data_out[LINES][MOST_BEATS], mask_out[LANES][MOST_BEATS], off[LINES], data_in[LINES][MOST_BEATS];
	uint16_t lock, pause[LANES], gate[LANES], delay[LANES][3], burst[LANES];  // ECP5
	uint16_t load[LINES], step[LINES];                                        // 7 series
};

struct ddr3_pins_settings {
	uint32_t series7, clock_ps, tap_ps, address_bits, in_bytes, in_bits, out_bits;
	ddr3_board *board;
	ddr3_places places;
};

// What the cells take, in cycles of the fabric and relative to a command's way out. That of data follows from where the
// RTL, which is known to work on boards, puts them; see sim/pins.py.
struct cell_latencies {
	uint32_t data_out;       // data that leave with a command's first clock are so many cycles later at their cell
	uint32_t off_from, off;  // cycles after the data in which the drivers must be on
	uint32_t data_in;        // from the pin to the fabric
	uint32_t gate;           // ECP5: from the fabric to where the gate is opened
};
constexpr cell_latencies ECP5_CELLS = { 1, 0, 0, 6, 1 }, SERIES7_CELLS = { 0, 1, 2, 4, 0 };

struct ddr3_pins final : memory_model {
	sdram_device device;
	ddr3_pins_settings set;
	cell_latencies cells;
	const uint8_t *ports[MOST_OUT];
	const uint8_t *out;  // of the present cycle, within `history`
	uint8_t *in;
	uint32_t phases, beats;  // beats: of a line, in a cycle
	int64_t clock;

	static constexpr uint32_t HISTORY = 8, PENDING = 32, WINDOW = 128;

	uint8_t history[HISTORY][MOST_OUT];  // a byte for each port

	struct burst {
		int64_t begin;  // clock of the device
		uint64_t place;
		uint8_t data[MOST_WORD_BYTES];
	} reads[PENDING], writes[PENDING];
	uint64_t reads_made, reads_old, writes_made, writes_done;

	// The read side of a lane of an ECP5: a gate that lets strobes pass, and a FIFO of what they captured.
	struct gate_state {
		uint32_t delay, next_delay;
		bool paused, open, noise;
		uint64_t source, bits;  // the burst that was found at its opening, and bits captured since
		int64_t begin;          // of that burst
		uint8_t captured[WINDOW];  // by the time of each bit at the fabric, a bit for each line
		bool valid[WINDOW], found[HISTORY * 2];
	} gates[LANES];

	uint32_t taps[LINES];

	// `ports` have been given before.
	void make(const sdram_settings &given, const ddr3_pins_settings &pins, uint8_t *to) {
		set = pins;
		cells = set.series7 ? SERIES7_CELLS : ECP5_CELLS;
		out = history[0];
		in = to;
		clock = set.clock_ps;
		phases = given.phases;
		beats = 2 * phases;
		device.make(given, message);
		reset();
	}

	void reset() override {
		device.reset();
		memset(history, 0, sizeof(history));
		memset(gates, 0, sizeof(gates));
		memset(taps, 0, sizeof(taps));
		reads_made = reads_old = writes_made = writes_done = 0;
	}

	uint64_t random() {
		uint64_t &state = set.board->random;
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		return state * 0x2545f4914f6cdd1dull;
	}

	int64_t jitter() {
		const int64_t most = set.board->jitter;
		return most ? int64_t((random() >> 32) % uint64_t(2 * most + 1)) - most : 0;
	}

	static bool bit(const uint8_t *ports, uint32_t number) { return ports[number]; }

	void put(uint32_t place, bool value) {
		const uint8_t mask = uint8_t(1u << place % 8);
		in[place / 8] = uint8_t(value ? in[place / 8] | mask : in[place / 8] & ~mask);
	}

	static int64_t magnitude(int64_t value) { return value < 0 ? -value : value; }

	// Whether an edge in the middle of a bit, `early` ps too early or too late, captures that bit.
	bool captures(int64_t early) {
		const int64_t most = clock / 4 - set.board->aperture, sure = most - set.board->jitter;
		return magnitude(early) <= sure || magnitude(early + jitter()) <= most;
	}

	// ---- cycle

	void drive(uint64_t cycle) override {
		for (uint32_t i = 0; i < set.in_bytes; i += 8) {
			const uint64_t noise = random();
			memcpy(in + i, &noise, set.in_bytes - i < 8 ? set.in_bytes - i : 8);
		}
		if (set.in_bits % 8)
			in[set.in_bytes - 1] &= uint8_t((1u << set.in_bits % 8) - 1);
		if (set.series7)
			sample(cycle);
		else
			deliver(cycle);
	}

	bool observe(uint64_t cycle) override {
		device.set.counters->cycles++;
		uint8_t *now = history[cycle % HISTORY];
		for (uint32_t i = 0; i < set.out_bits; i++)
			now[i] = *ports[i];
		out = now;
		store_writes(cycle);
		for (uint32_t phase = 0; phase < phases; phase++)
			if (!bit(out, set.places.cs_n[phase]) && !command(cycle, phase))
				return false;
		while (reads_old < reads_made && reads[reads_old % PENDING].begin + 64 < int64_t(cycle * phases))
			reads_old++;
		if (set.series7)
			step_delays();
		else if (!run_gates(cycle))
			return false;
		return device.kept(int64_t((cycle + 1) * phases - 1));
	}

	bool command(uint64_t cycle, uint32_t phase) {
		const ddr3_places &at = set.places;
		sdram_command pins = { 0, 0, bit(out, at.ras_n[phase]), bit(out, at.cas_n[phase]), bit(out, at.we_n[phase]),
		                       bit(out, at.cke[phase]) };
		for (uint32_t i = 0; i < set.address_bits; i++)
			pins.address |= uint32_t(bit(out, at.address[phase][i])) << i;
		for (uint32_t i = 0; i < BANK_BITS; i++)
			pins.bank |= uint32_t(bit(out, at.bank[phase][i])) << i;
		if (!device.command(int64_t(cycle * phases + phase), pins))
			return false;
		const column_access &access = device.accessed;
		if (!access.valid)
			return true;
		burst &made = access.write ? writes[writes_made++ % PENDING] : reads[reads_made++ % PENDING];
		made.begin = access.begin;
		made.place = access.place;
		if (!access.write)
			device.load(access.place, made.data);
		return true;
	}

	// ---- to the device

	void store_writes(uint64_t cycle) {
		while (writes_done < writes_made) {
			const burst &write = writes[writes_done % PENDING];
			const uint64_t last = uint64_t(2 * write.begin + MOST_BEATS - 1) / beats + cells.data_out + cells.off;
			if (last > cycle)
				return;
			writes_done++;
			for (uint32_t lane = 0; lane < LANES; lane++)
				store_lane(write, lane);
		}
	}

	void store_lane(const burst &write, uint32_t lane) {
		const ddr3_board &board = *set.board;
		// tDQSS: a strobe a quarter of a clock from where it belongs captures anything.
		const bool strobed = magnitude(board.strobe[lane] + jitter()) <= clock / 4;
		for (uint32_t beat = 0; beat < MOST_BEATS; beat++) {
			const uint64_t half = uint64_t(2 * write.begin) + beat, cycle = half / beats + cells.data_out;
			const uint32_t slot = uint32_t(half % beats);
			const uint8_t *data = history[cycle % HISTORY];
			bool masked = bit(data, set.places.mask_out[lane][slot]);
			uint8_t byte = uint8_t(random() >> 56);
			if (!strobed)
				masked = random() >> 63;
			for (uint32_t i = 0; strobed && i < 8; i++) {
				const uint32_t line = 8 * lane + i;
				bool driven = true;
				for (uint32_t later = cells.off_from; later <= cells.off; later++)
					driven &= !bit(history[(cycle + later) % HISTORY], set.places.off[line]);
				if (driven && captures(board.write_skew[line]))
					byte = uint8_t((byte & ~(1u << i)) | uint32_t(bit(data, set.places.data_out[line][slot])) << i);
			}
			if (!masked)
				device.store(write.place + LANES * beat + lane, byte);
		}
	}

	// ---- from the device, ECP5: strobes capture

	bool run_gates(uint64_t cycle) {
		for (uint32_t lane = 0; lane < LANES; lane++) {
			gate_state &gate = gates[lane];
			const bool paused = bit(out, set.places.pause[lane]), read = bit(out, set.places.gate[lane]);
			uint32_t delay = 0;
			for (uint32_t i = 0; i < 3; i++)
				delay |= uint32_t(bit(out, set.places.delay[lane][i])) << i;
			if (delay != gate.next_delay && !paused) {
				snprintf(message, MESSAGE_BYTES, "READCLKSEL of lane %u changes without PAUSE", lane);
				return false;
			}
			gate.next_delay = delay;
			if (gate.paused && !paused)
				gate.delay = delay;
			gate.paused = paused;
			if (read && !gate.open)
				open_gate(cycle, lane);
			gate.open = read;
			if (read)
				capture(cycle, lane);
		}
		return true;
	}

	void open_gate(uint64_t cycle, uint32_t lane) {
		gate_state &gate = gates[lane];
		const int64_t opened = int64_t(cycle - cells.gate) * phases * clock + gate.delay * clock / 4 + jitter();
		gate.noise = true;
		gate.bits = 0;
		for (uint64_t i = reads_old; i < reads_made; i++) {
			const int64_t ahead = reads[i % PENDING].begin * clock + set.board->delay[lane] - opened;
			if (ahead + 4 * clock - clock / 2 <= 0)
				continue;
			// In the preamble the strobe is low. Before, it is nobody's; later, edges are missed, and bits with them.
			if (ahead > 9 * clock / 10)
				return;
			gate.noise = false;
			gate.source = i;
			gate.begin = reads[i % PENDING].begin;
			if (ahead > clock / 10)
				gate.found[(cycle + cells.data_in) % (HISTORY * 2)] = true;
			else
				gate.bits = uint64_t((clock / 10 - ahead) / (clock / 2)) + 1;
			return;
		}
	}

	// The bits of a cycle with an open gate, as the fabric will see them.
	void capture(uint64_t cycle, uint32_t lane) {
		gate_state &gate = gates[lane];
		for (uint32_t i = 0; i < beats; i++, gate.bits++) {
			const uint64_t index = gate.source + gate.bits / MOST_BEATS;
			if (gate.noise || index >= reads_made)
				continue;
			const burst &read = reads[index % PENDING];
			if (read.begin != gate.begin + int64_t(4 * (index - gate.source)))
				continue;
			const uint8_t byte = read.data[LANES * (gate.bits % MOST_BEATS) + lane];
			const uint64_t place = (cycle + cells.data_in) * beats + uint64_t(set.board->align[lane]) + i;
			uint8_t wrong = 0;
			for (uint32_t line = 0; line < 8; line++)
				if (!captures(set.board->read_skew[8 * lane + line]))
					wrong |= uint8_t(1u << line);
			gate.captured[place % WINDOW] = uint8_t((byte & ~wrong) | (uint8_t(random() >> 56) & wrong));
			gate.valid[place % WINDOW] = true;
		}
	}

	void deliver(uint64_t cycle) {
		put(set.places.lock, true);
		for (uint32_t lane = 0; lane < LANES; lane++) {
			gate_state &gate = gates[lane];
			bool &found = gate.found[cycle % (HISTORY * 2)];
			put(set.places.burst[lane], found);
			found = false;
			for (uint32_t i = 0; i < beats; i++) {
				const uint64_t place = (cycle * beats + i) % WINDOW;
				for (uint32_t line = 0; gate.valid[place] && line < 8; line++)
					put(set.places.data_in[8 * lane + line][i], gate.captured[place] >> line & 1);
				gate.valid[place] = false;
			}
		}
	}

	// ---- from the device, 7 series: the controller's clock samples

	void step_delays() {
		for (uint32_t line = 0; line < LINES; line++) {
			if (bit(out, set.places.load[line]))
				taps[line] = 0;
			else if (bit(out, set.places.step[line]))
				taps[line] = (taps[line] + 1) % 32;
		}
	}

	void sample(uint64_t cycle) {
		const int64_t first = (int64_t(cycle) - cells.data_in) * phases * clock;
		for (uint64_t i = reads_old; i < reads_made; i++) {
			const burst &read = reads[i % PENDING];
			for (uint32_t lane = 0; lane < LANES; lane++) {
				const int64_t since = first - read.begin * clock - set.board->delay[lane];
				// 32 taps and any skew are less than two clocks.
				if (since > -6 * clock && since < 8 * clock)
					for (uint32_t line = 8 * lane; line < 8 * lane + 8; line++)
						sample_line(read, line, since - int64_t(taps[line] * set.tap_ps) - set.board->read_skew[line]);
			}
		}
	}

	// `since`: from the first bit's begin to the first of the cycle's samples.
	void sample_line(const burst &read, uint32_t line, int64_t since) {
		for (uint32_t i = 0; i < beats; i++) {
			const int64_t at = 2 * since + i * clock;  // in halves of a picosecond
			if (at < -clock || at >= int64_t(MOST_BEATS + 1) * clock)
				continue;
			const int64_t moved = at + 2 * jitter(), index = moved < 0 ? -1 : moved / clock, rest = moved - index * clock;
			const int64_t edge = rest < clock - rest ? rest : clock - rest;
			if (index >= 0 && index < int64_t(MOST_BEATS) && edge > 2 * set.board->aperture)
				put(set.places.data_in[line][i], read.data[LANES * uint32_t(index) + line / 8] >> line % 8 & 1);
		}
	}
};
