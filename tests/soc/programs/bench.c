/* Does with the bus what a test tells it over the terminal. Numbers are hexadecimal. */
#include "bus.h"
#include "console.h"
#include "registers.h"

static uint32_t number(const char **text) {
  uint32_t value = 0;
  while (**text == ' ')
    ++*text;
  for (; **text && **text != ' '; ++*text)
    value = value << 4 | (uint32_t)(**text <= '9' ? **text - '0' : (**text | 0x20) - 'a' + 10);
  return value;
}

static uint32_t next(uint32_t state) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^ state << 5;
}

/* Writes words that look like random ones, and counts those that cannot be read back. */
static uint32_t test(uint32_t address, uint32_t words, uint32_t seed) {
  uint32_t wrong = 0, state = seed;
  for (uint32_t i = 0; i < words; i++)
    bus_write(address + 4 * i, state = next(state));
  bus_write(ACCELERATOR_WINDOW_FLUSH, 1);
  state = seed;
  for (uint32_t i = 0; i < words; i++)
    wrong += bus_read(address + 4 * i) != (state = next(state));
  return wrong;
}

int main(void) {
  static char line[64];
  for (;;) {
    console_text("> ");
    if (!console_line(line, sizeof line))
      continue;
    const char *rest = line + 1;
    uint32_t address = number(&rest), value = number(&rest), seed = number(&rest);
    if (line[0] == 'w')
      bus_write(address, value);
    else
      console_hex(line[0] == 't' ? test(address, value, seed) : bus_read(address), 8);
    console_put('\n');
  }
}
