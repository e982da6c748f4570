/* Accesses to the processor's bus, and DRAM, which is memory like any other; tests put something else in their place. */
#pragma once
#include <stdint.h>

#ifdef FAKE_BUS
uint32_t bus_read(uint32_t address);
void bus_write(uint32_t address, uint32_t value);
extern uint8_t *dram_content;
extern uint32_t dram_bytes;
static inline uint8_t *dram_at(uint32_t address) { return dram_content + address; }
static inline int is_in_dram(const void *place) {
  return (uintptr_t)place - (uintptr_t)dram_content < dram_bytes;
}
static inline uint32_t address_in_dram(const void *place) {
  return (uint32_t)((uintptr_t)place - (uintptr_t)dram_content);
}
#else
enum { DRAM = 0x40000000 };
static inline uint32_t bus_read(uint32_t address) { return *(volatile uint32_t *)address; }
static inline void bus_write(uint32_t address, uint32_t value) { *(volatile uint32_t *)address = value; }
static inline uint8_t *dram_at(uint32_t address) { return (uint8_t *)(DRAM + address); }
static inline int is_in_dram(const void *place) { return ((uint32_t)place >> 30) == DRAM >> 30; }
static inline uint32_t address_in_dram(const void *place) { return (uint32_t)place - DRAM; }
#endif
