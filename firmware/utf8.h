/* Bytes to characters, one at a time. */
#pragma once
#include <stdint.h>

struct utf8 {
  uint8_t missing, low, high; /* bytes that are to come, and what the next one may be */
  uint32_t code;
};

/* MORE: the character goes on. COMPLETE: it is `code`. WRONG: the byte begins none. BROKEN: the bytes before it are no
   character, and the byte is to be given again. */
enum utf8_result { UTF8_MORE, UTF8_COMPLETE, UTF8_WRONG, UTF8_BROKEN };

enum utf8_result utf8_step(struct utf8 *state, uint8_t byte);
