/* CRC-32 as zlib has it. */
#pragma once
#include <stdint.h>

/* Of what was before, 0 at first, and `length` more bytes. */
uint32_t crc32(uint32_t crc, const void *data, uint32_t length);
