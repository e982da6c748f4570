#include "accelerator.h"
#include "bus.h"
#include "registers.h"
#include "timer.h"

/* Of a program: some 40 seconds. The slowest model of the slowest board needs two. */
#define MOST_CYCLES 3000000000u

int accelerator_is_ready(void) {
  uint32_t start = timer_now();
  while (bus_read(ACCELERATOR_VERSION) && timer_now() - start < timer_rate())
    if (bus_read(ACCELERATOR_STATE) & ACCELERATOR_STATE_READY)
      return 1;
  return 0;
}

static int becomes_idle(void) {
  uint32_t start = timer_now();
  while (bus_read(ACCELERATOR_BUSY))
    if (timer_now() - start > MOST_CYCLES)
      return 0;
  return 1;
}

int accelerator_take(void) {
  int used = (bus_read(ACCELERATOR_OWN) & ACCELERATOR_OWN_LINK) != 0;
  bus_write(ACCELERATOR_OWN, ACCELERATOR_OWN_OWN);
  if (!becomes_idle())
    bus_write(ACCELERATOR_ABORT, 1);
  return !used;
}

void accelerator_give(void) { bus_write(ACCELERATOR_OWN, 0); }

void accelerator_bound(uint32_t vocab) { bus_write(ACCELERATOR_TOKEN_BOUND, vocab); }

void accelerator_token(uint32_t member, uint32_t id) {
  bus_write(ACCELERATOR_MEMBER, member);
  bus_write(ACCELERATOR_TOKEN, id);
}

const char *accelerator_run(uint32_t program, uint32_t position, struct activity *activity) {
  uint32_t cycles = bus_read(ACCELERATOR_COUNTER_BUSY), reads = bus_read(ACCELERATOR_COUNTER_READ_BEATS),
           writes = bus_read(ACCELERATOR_COUNTER_WRITE_BEATS);
  bus_write(ACCELERATOR_POSITION, position);
  bus_write(ACCELERATOR_PROGRAM, program);
  bus_write(ACCELERATOR_START, 1);
  if (!becomes_idle()) {
    bus_write(ACCELERATOR_ABORT, 1);
    return "the accelerator does not end its program";
  }
  if (bus_read(ACCELERATOR_FAULT))
    return "the program was ended: it asked for memory that is not there, or a host did not want it";
  /* The counters begin again with 0 behind 32 bits. */
  activity->cycles += bus_read(ACCELERATOR_COUNTER_BUSY) - cycles;
  activity->words += bus_read(ACCELERATOR_COUNTER_READ_BEATS) - reads;
  activity->words += bus_read(ACCELERATOR_COUNTER_WRITE_BEATS) - writes;
  return 0;
}

uint32_t accelerator_argmax(uint32_t member) {
  bus_write(ACCELERATOR_MEMBER, member);
  return bus_read(ACCELERATOR_ARGMAX);
}
