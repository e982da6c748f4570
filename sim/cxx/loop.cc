// Runs a compiled design together with a model of its memory: no call outside this library per cycle.

#include "design.h"
#include "dram.h"
#include "link.h"
#include "sd_card.h"
#include "sdram.h"
#include "zynq.h"

inline void *operator new(size_t, void *place) noexcept { return place; }

namespace {

enum stop_reason { CYCLES_DONE, CONDITION_MET, BUS_ERROR, DESIGN_ERROR, MEMORY_ERROR };

// Shared with the host, which reads it after each run.
struct status {
	uint64_t cycle;
	uint32_t reason, condition;
	uint32_t error;  // of the bus: dram_error
	uint32_t has_program_counter;
	uint64_t program_counter, error_address, error_length;
	const char *text, *source;  // of a failed check in the design; `text` also of a memory that was misused
	const char *output;         // what the design printed since it was last cleared
	uint64_t output_bytes;
	const uint8_t *trace;
	uint64_t trace_records, trace_record_bytes;
	const uint8_t *changes;  // of the watched port
	uint64_t change_count;
};

// A port had this value from this cycle on.
struct change {
	uint64_t cycle, value;
};

struct condition {
	uint32_t port;
	uint32_t is_value;  // stop when equal to `value`; otherwise, when not zero
	uint64_t value;
};

// Indices of ports, with the byte at which a field starts; -1 where the design has no such port.
struct port_place {
	int32_t index;
	uint32_t byte;
};
struct bus_places {
	port_place read_request_valid, read_request_ready, read_request_address, read_request_length;
	port_place read_data_valid, read_data_ready, read_data_payload;
	port_place write_request_valid, write_request_ready, write_request_address, write_request_length;
	port_place write_data_valid, write_data_ready, write_data_data, write_data_mask, write_done;
	port_place program_counter, trace_valid, trace_payload;
	uint32_t address_bytes, length_bytes, program_counter_bytes, trace_bytes;
};

struct simulation {
	const design_api *api;
	void *design;
	status *state;
	memory_model *memory, *card;
	bool tracing;
	uint8_t *program_counter, *trace_valid, *trace_payload, *watched;
	uint32_t program_counter_bytes, trace_bytes, watched_bytes;
	bool watched_before;  // `watched_value` is that of the cycle before
	uint64_t watched_value;
	growing_buffer output, trace, changes;
	byte_link link;
	char *failure, *failure_source;

	uint8_t *at(port_place place) const {
		return place.index < 0 ? nullptr : api->port(design, uint32_t(place.index)) + place.byte;
	}

	void record_trace() {
		const uint64_t record = state->trace_record_bytes;
		char *place = trace.append(record);
		memcpy(place, &state->cycle, 8);
		memcpy(place + 8, trace_payload, trace_bytes);
		memset(place + 8 + trace_bytes, 0, record - 8 - trace_bytes);
	}

	void record_change() {
		const uint64_t value = dram::number(watched, watched_bytes);
		if (watched_before && value == watched_value)
			return;
		watched_before = true;
		watched_value = value;
		const change record = { state->cycle, value };
		memcpy(changes.append(sizeof(change)), &record, sizeof(change));
	}

	stop_reason step(const condition *conditions, uint32_t count, uint8_t *const *places) {
		if (memory)
			memory->drive(state->cycle);
		if (card)
			card->drive(state->cycle);
		if (link.active)
			link.drive(state->cycle);
		api->eval(design);
		if (failure)
			return DESIGN_ERROR;
		if (link.active)
			link.observe(state->cycle);
		if (memory && !memory->observe(state->cycle))
			return memory->message[0] ? MEMORY_ERROR : BUS_ERROR;
		if (card && !card->observe(state->cycle))
			return MEMORY_ERROR;
		if (tracing && *trace_valid)
			record_trace();
		if (watched)
			record_change();
		stop_reason reason = CYCLES_DONE;
		for (uint32_t i = 0; i < count; i++) {
			uint64_t value = dram::number(places[i], (api->ports[conditions[i].port].bits + 7) / 8);
			if (conditions[i].is_value ? value == conditions[i].value : value != 0) {
				state->condition = i;
				reason = CONDITION_MET;
				break;
			}
		}
		api->commit(design);
		state->cycle++;
		return failure ? DESIGN_ERROR : reason;
	}
};

char *copied(const char *text) {
	size_t size = strlen(text) + 1;
	return static_cast<char *>(memcpy(malloc(size), text, size));
}

void report(void *host, int failed, const char *text, const char *source) {
	simulation &sim = *static_cast<simulation *>(host);
	if (!failed) {
		size_t size = strlen(text);
		memcpy(sim.output.append(size), text, size);
	} else if (!sim.failure) {  // Later ones are often consequences of the first.
		sim.failure = copied(text);
		sim.failure_source = copied(source);
	}
}

void publish(simulation &sim) {
	status &state = *sim.state;
	state.text = sim.failure;
	state.source = sim.failure_source;
	state.output = sim.output.data;
	state.output_bytes = sim.output.size;
	state.trace = reinterpret_cast<uint8_t *>(sim.trace.data);
	state.trace_records = sim.trace.size / state.trace_record_bytes;
	if (state.reason == MEMORY_ERROR)
		state.text = sim.card && sim.card->message[0] ? sim.card->message : sim.memory->message;
	if (state.reason == BUS_ERROR) {
		const dram &memory = static_cast<const dram &>(*sim.memory);
		state.error = memory.error;
		state.error_address = memory.error_address;
		state.error_length = memory.error_length;
	}
	state.changes = reinterpret_cast<uint8_t *>(sim.changes.data);
	state.change_count = sim.changes.size / sizeof(change);
	if (sim.program_counter)
		state.program_counter = dram::number(sim.program_counter, sim.program_counter_bytes);
}

} // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void *simulation_create(const design_api *api, const bus_places *places, const dram_settings *settings,
                               status *state) {
	simulation &sim = *static_cast<simulation *>(calloc(1, sizeof(simulation)));
	sim.api = api;
	sim.state = state;
	sim.design = api->create(&sim, report);
	const bus_places &p = *places;
	sim.program_counter = sim.at(p.program_counter);
	sim.program_counter_bytes = p.program_counter_bytes;
	state->has_program_counter = sim.program_counter != nullptr;
	sim.trace_valid = sim.at(p.trace_valid);
	sim.trace_payload = sim.at(p.trace_payload);
	sim.trace_bytes = p.trace_bytes;
	state->trace_record_bytes = 8 + (p.trace_bytes + 7) / 8 * 8;
	sim.tracing = false;
	if (settings) {
		dram &m = *new (calloc(1, sizeof(dram))) dram();
		sim.memory = &m;
		m.read_request = { sim.at(p.read_request_valid), sim.at(p.read_request_ready),
		                   sim.at(p.read_request_address), sim.at(p.read_request_length),
		                   p.address_bytes, p.length_bytes };
		m.write_request = { sim.at(p.write_request_valid), sim.at(p.write_request_ready),
		                    sim.at(p.write_request_address), sim.at(p.write_request_length),
		                    p.address_bytes, p.length_bytes };
		m.read_data = { sim.at(p.read_data_valid), sim.at(p.read_data_ready),
		                sim.at(p.read_data_payload), nullptr };
		m.write_data = { sim.at(p.write_data_valid), sim.at(p.write_data_ready),
		                 sim.at(p.write_data_data), sim.at(p.write_data_mask) };
		m.write_done = sim.at(p.write_done);
		m.make(*settings);
	}
	return &sim;
}

// A device behind the DFI of a controller; `indices` has 11 ports for each phase, in the order of
// `dfi_phase`.
EXPORT void simulation_attach_sdram(simulation *sim, const sdram_settings *settings, const uint32_t *indices) {
	dfi_phase phases[MOST_PHASES] = {};
	for (uint32_t i = 0; i < settings->phases; i++, indices += 11) {
		uint8_t *places[11];
		for (uint32_t j = 0; j < 11; j++)
			places[j] = sim->api->port(sim->design, indices[j]);
		phases[i] = { places[0], places[1], places[2], places[3], places[4], places[5], places[6], places[7], places[8],
		              places[9], places[10], (sim->api->ports[indices[0]].bits + 7) / 8 };
	}
	sdram &m = *new (calloc(1, sizeof(sdram))) sdram();
	m.make(*settings, phases);
	sim->memory = &m;
}

// The memory of a Zynq behind AXI ports; `indices` has 8 ports for each, in the order of `zynq_port`.
EXPORT void simulation_attach_zynq(simulation *sim, const zynq_settings *settings, const uint32_t *indices) {
	zynq_port ports[HP_PORTS] = {};
	for (uint32_t i = 0; i <= settings->read_ports; i++, indices += 8) {
		uint8_t *places[8];
		for (uint32_t j = 0; j < 8; j++)
			places[j] = sim->api->port(sim->design, indices[j]);
		ports[i] = { places[0], places[1], places[2], places[3], places[4], places[5], places[6], places[7] };
	}
	zynq &m = *new (calloc(1, sizeof(zynq))) zynq();
	m.make(*settings, ports);
	sim->memory = &m;
}

// An SD card at the pins of its reader; `indices` has those of `sd_card`, in their order.
EXPORT void simulation_attach_card(simulation *sim, sd_settings *settings, const uint32_t *indices) {
	uint8_t *places[5];
	for (uint32_t i = 0; i < 5; i++)
		places[i] = sim->api->port(sim->design, indices[i]);
	sd_card &m = *new (calloc(1, sizeof(sd_card))) sd_card();
	m.make(settings, places);
	sim->card = &m;
}

EXPORT void simulation_destroy(simulation *sim) {
	sim->api->destroy(sim->design);
	if (sim->memory)
		sim->memory->release();
	free(static_cast<void *>(sim->memory));
	free(static_cast<void *>(sim->card));
	sim->output.release();
	sim->trace.release();
	sim->changes.release();
	sim->link.output.release();
	free(sim->failure);
	free(sim->failure_source);
	free(sim);
}

EXPORT void simulation_reset(simulation *sim) {
	sim->api->reset(sim->design);
	if (sim->memory)
		sim->memory->reset();
	if (sim->card)
		sim->card->reset();
	free(sim->failure);
	free(sim->failure_source);
	sim->failure = sim->failure_source = nullptr;
	sim->output.size = sim->trace.size = sim->changes.size = 0;
	sim->watched_before = false;
	sim->state->cycle = 0;
	sim->state->reason = CYCLES_DONE;
	publish(*sim);
}

// Runs at most `cycles` cycles and returns how many; `state` says why it stopped.
EXPORT uint64_t simulation_run(simulation *sim, uint64_t cycles, const condition *conditions, uint32_t count,
                               int tracing) {
	uint8_t *places[16];
	for (uint32_t i = 0; i < count; i++)
		places[i] = sim->api->port(sim->design, conditions[i].port);
	sim->tracing = tracing && sim->trace_valid && sim->trace_payload;
	const uint64_t start = sim->state->cycle;
	stop_reason reason = CYCLES_DONE;
	while (reason == CYCLES_DONE && sim->state->cycle - start < cycles)
		reason = sim->step(conditions, count, places);
	sim->state->reason = reason;
	publish(*sim);
	return sim->state->cycle - start;
}

EXPORT uint8_t *simulation_port(simulation *sim, uint32_t index) {
	return sim->api->port(sim->design, index);
}

EXPORT void simulation_settle(simulation *sim) { sim->api->settle(sim->design); }

EXPORT void simulation_clear_trace(simulation *sim) {
	sim->trace.size = 0;
	publish(*sim);
}

// Records the changes of a port of at most 64 bits from now on, its present value first; none if `index` is
// -1.
EXPORT void simulation_watch(simulation *sim, int32_t index) {
	sim->watched = index < 0 ? nullptr : sim->api->port(sim->design, uint32_t(index));
	sim->watched_bytes = index < 0 ? 0 : (sim->api->ports[index].bits + 7) / 8;
	sim->watched_before = false;
}

EXPORT void simulation_clear_changes(simulation *sim) {
	sim->changes.size = 0;
	publish(*sim);
}

EXPORT void simulation_clear_output(simulation *sim) {
	sim->output.size = 0;
	publish(*sim);
}

// From now on `simulation_exchange` is the other end of these ports.
EXPORT void simulation_link(simulation *sim, const link_places *places) {
	const auto at = [&](uint32_t index) { return sim->api->port(sim->design, index); };
	byte_link &link = sim->link;
	link.divisor = places->divisor;
	link.stall_threshold = places->stall_threshold;
	link.seed = places->seed;
	link.rx_payload = at(places->rx_payload);
	link.tx_payload = at(places->tx_payload);
	link.design_active = at(places->active);
	if (!link.divisor) {
		link.rx_valid = at(places->rx_valid);
		link.rx_ready = at(places->rx_ready);
		link.tx_valid = at(places->tx_valid);
		link.tx_ready = at(places->tx_ready);
	}
	link.active = true;
	link.drive(0);
}

// Runs at most `cycles` cycles, and no longer than until all bytes are taken and, for `quiet` cycles, none has passed
// and none was about to.
EXPORT uint64_t simulation_exchange(simulation *sim, const uint8_t *input, uint64_t size, uint64_t cycles,
                                    uint64_t quiet, link_state *state) {
	byte_link &link = sim->link;
	link.input = input;
	link.size = size;
	link.taken = link.output.size = 0;
	const uint64_t start = link.last_traffic = sim->state->cycle;
	stop_reason reason = CYCLES_DONE;
	while (reason == CYCLES_DONE && sim->state->cycle - start < cycles
	       && (link.taken < size || sim->state->cycle - link.last_traffic < quiet))
		reason = sim->step(nullptr, 0, nullptr);
	link.size = 0;
	sim->state->reason = reason;
	*state = { link.taken, link.output.data, link.output.size };
	publish(*sim);
	return sim->state->cycle - start;
}
