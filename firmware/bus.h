/* Accesses to the processor's bus; tests put functions of their own in their place. */
#pragma once
#include <stdint.h>

#ifdef FAKE_BUS
uint32_t bus_read(uint32_t address);
void bus_write(uint32_t address, uint32_t value);
#else
static inline uint32_t bus_read(uint32_t address) { return *(volatile uint32_t *)address; }
static inline void bus_write(uint32_t address, uint32_t value) { *(volatile uint32_t *)address = value; }
#endif
