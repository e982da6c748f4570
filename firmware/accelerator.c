#include "accelerator.h"
#include "bus.h"
#include "registers.h"
#include "timer.h"

/* Of a program: some 40 seconds. The slowest model of the slowest board needs two. */
#define MOST_CYCLES 3000000000u

void accelerator_token(uint32_t member, uint32_t id) {
  bus_write(ACCELERATOR_MEMBER, member);
  bus_write(ACCELERATOR_TOKEN, id);
}

static int becomes_idle(void) {
  uint32_t start = timer_now();
  while (bus_read(ACCELERATOR_BUSY))
    if (timer_now() - start > MOST_CYCLES)
      return 0;
  return 1;
}

const char *accelerator_run(uint32_t program, uint32_t position, struct activity *activity) {
  uint32_t cycles = bus_read(ACCELERATOR_COUNTER_BUSY), reads = bus_read(ACCELERATOR_COUNTER_READ_BEATS),
           writes = bus_read(ACCELERATOR_COUNTER_WRITE_BEATS);
  bus_write(ACCELERATOR_POSITION, position);
  bus_write(ACCELERATOR_PROGRAM, program);
  bus_write(ACCELERATOR_START, 1);
  if (!becomes_idle())
    return "the accelerator does not end its program";
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
