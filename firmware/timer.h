/* Time. */
#pragma once
#include "bus.h"
#include "registers.h"

/* Cycles since the reset. */
static inline uint64_t timer_cycles(void) {
  uint32_t low = bus_read(TIMER_LOW);
  return (uint64_t)bus_read(TIMER_HIGH) << 32 | low;
}
