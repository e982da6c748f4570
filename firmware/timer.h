/* Time, in cycles of the processor's clock. */
#pragma once
#include "bus.h"
#include "registers.h"

/* The lower half of the count; differences of less than 2**32 cycles are right. */
static inline uint32_t timer_now(void) { return bus_read(TIMER_LOW); }
/* All of it. */
static inline uint64_t timer_cycles(void) {
  uint32_t low = bus_read(TIMER_LOW);
  return (uint64_t)bus_read(TIMER_HIGH) << 32 | low;
}
/* Cycles per second. */
static inline uint32_t timer_rate(void) { return bus_read(TIMER_RATE); }
