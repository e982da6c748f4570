/* A test of a memory that can be read and written by plain pointers: of the DRAM through its window. */
#pragma once
#include <stdint.h>

/* Writes every word of some blocks, each word something else for each seed: 4 KiB from every address with one bit set
   on, from 0, and those before the end. `bytes` is a multiple of 4, 4 KiB at least. What lay there is lost. */
void memory_fill(volatile uint32_t *memory, uint32_t bytes, uint32_t seed);
/* Offset of the first of these words that is another now; `bytes` if there is none. */
uint32_t memory_check(const volatile uint32_t *memory, uint32_t bytes, uint32_t seed);
/* Both, with several seeds. */
uint32_t memory_test(volatile uint32_t *memory, uint32_t bytes);
