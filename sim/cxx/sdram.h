// Model of an SDR or DDR3 device and the PHY before it, behind the DFI of a controller. sim/sdram.py
// describes it.
//
// The PHY delays all commands equally, so it only counts where data come: `read_latency` and `write_latency` cycles
// after their command. A clock of the device is cycle * phases + phase.

#pragma once
#include "sdram_device.h"

struct dfi_phase {
	const uint8_t *address, *bank, *cs_n, *ras_n, *cas_n, *we_n, *cke, *write_data, *write_mask;
	uint8_t *read_data, *read_valid;
	uint32_t address_bytes;
};

constexpr uint32_t PIPELINE = 64;

struct sdram final : memory_model {
	sdram_device device;
	dfi_phase phases[MOST_PHASES];
	uint32_t phase_bytes;

	struct transfer {
		bool valid;
		uint64_t place;
		uint8_t data[MOST_WORD_BYTES];
	} reads[PIPELINE], writes[PIPELINE];

	void make(const sdram_settings &given, const dfi_phase *ports) {
		memcpy(phases, ports, sizeof(phases));
		device.make(given, message);
		phase_bytes = device.word_bytes / device.set.phases;
		reset();
	}

	void reset() override {
		device.reset();
		for (uint32_t i = 0; i < PIPELINE; i++)
			reads[i].valid = writes[i].valid = false;
	}

	void drive(uint64_t cycle) override {
		transfer &read = reads[cycle % PIPELINE];
		for (uint32_t i = 0; i < device.set.phases; i++) {
			*phases[i].read_valid = read.valid;
			if (read.valid)
				memcpy(phases[i].read_data, read.data + i * phase_bytes, phase_bytes);
			else
				memset(phases[i].read_data, 0xa5, phase_bytes);
		}
		read.valid = false;
	}

	bool observe(uint64_t cycle) override {
		const sdram_settings &set = device.set;
		set.counters->cycles++;
		for (uint32_t i = 0; i < set.phases; i++)
			if ((*phases[i].cs_n & 1) == 0 && !command(cycle, i))
				return false;
		transfer &write = writes[cycle % PIPELINE];
		if (write.valid)
			store(write);
		write.valid = false;
		return device.kept(int64_t((cycle + 1) * set.phases - 1));
	}

	bool command(uint64_t cycle, uint32_t phase) {
		const dfi_phase &port = phases[phase];
		sdram_command pins = { 0, *port.bank, *port.ras_n, *port.cas_n, *port.we_n, *port.cke };
		memcpy(&pins.address, port.address, port.address_bytes);
		if (!device.command(int64_t(cycle * device.set.phases + phase), pins))
			return false;
		const column_access &access = device.accessed;
		if (!access.valid)
			return true;
		const sdram_settings &set = device.set;
		transfer &move = access.write ? writes[(cycle + set.write_latency) % PIPELINE]
		                              : reads[(cycle + set.read_latency) % PIPELINE];
		if (move.valid)
			return device.wrong("two accesses in a cycle", pins.bank);
		move.valid = true;
		move.place = access.place;
		if (!access.write)
			device.load(access.place, move.data);
		return true;
	}

	void store(transfer &write) {
		for (uint32_t i = 0; i < device.word_bytes; i++) {
			const dfi_phase &phase = phases[i / phase_bytes];
			const uint32_t byte = i % phase_bytes;
			if (!(phase.write_mask[byte / 8] >> byte % 8 & 1))
				device.store(write.place + i, phase.write_data[byte]);
		}
	}
};
