#include "utf8.h"

enum utf8_result utf8_step(struct utf8 *state, uint8_t byte) {
  if (state->missing) {
    if (byte < state->low || byte > state->high) {
      state->missing = 0;
      return UTF8_BROKEN;
    }
    state->low = 0x80, state->high = 0xbf;
    state->code = state->code << 6 | (byte & 0x3f);
    return --state->missing ? UTF8_MORE : UTF8_COMPLETE;
  }
  state->code = byte;
  if (byte < 0x80)
    return UTF8_COMPLETE;
  if (byte < 0xc2 || byte > 0xf4)
    return UTF8_WRONG;
  state->missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  state->code = byte & 0x3f >> state->missing;
  /* Neither longer than need be, nor a surrogate, nor beyond the last character. */
  state->low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  state->high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  return UTF8_MORE;
}
