#include "memory_test.h"

enum { BLOCK = 4096, ROUNDS = 2 };

static uint32_t content(uint32_t offset, uint32_t seed) {
  uint32_t bits = (offset ^ seed) * 0x9e3779b1u;
  return bits ^ bits >> 15;
}

/* Where the block after this one begins; the last one ends with the memory. */
static uint32_t next_block(uint32_t block, uint32_t bytes) {
  uint32_t last = bytes - BLOCK;
  if (block == last)
    return bytes;
  block = block ? 2 * block : BLOCK;
  return block < last ? block : last;
}

void memory_fill(volatile uint32_t *memory, uint32_t bytes, uint32_t seed) {
  for (uint32_t block = 0; block < bytes; block = next_block(block, bytes))
    for (uint32_t offset = block; offset < block + BLOCK; offset += 4)
      memory[offset / 4] = content(offset, seed);
}

uint32_t memory_check(const volatile uint32_t *memory, uint32_t bytes, uint32_t seed) {
  for (uint32_t block = 0; block < bytes; block = next_block(block, bytes))
    for (uint32_t offset = block; offset < block + BLOCK; offset += 4)
      if (memory[offset / 4] != content(offset, seed))
        return offset;
  return bytes;
}

uint32_t memory_test(volatile uint32_t *memory, uint32_t bytes) {
  uint32_t wrong = bytes;
  for (uint32_t round = 0; round < ROUNDS && wrong == bytes; round++) {
    memory_fill(memory, bytes, round ? ~0u : 0);
    wrong = memory_check(memory, bytes, round ? ~0u : 0);
  }
  return wrong;
}
