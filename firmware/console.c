#include "console.h"
#include "bus.h"
#include "registers.h"

enum { BELL = 7, BACKSPACE = 8, CONTROL_C = 3, CONTROL_U = 21, DELETE = 127 };

static void put_raw(uint8_t byte) {
  while (!(bus_read(CONSOLE_STATUS) & CONSOLE_STATUS_ROOM)) {}
  bus_write(CONSOLE_DATA, byte);
}

void console_put(char byte) {
  if (byte == '\n')
    put_raw('\r');
  put_raw((uint8_t)byte);
}

void console_text(const char *text) {
  while (*text)
    console_put(*text++);
}

void console_hex(uint32_t number, unsigned digits) {
  for (unsigned digit = 8; digit--;)
    if (digit < digits || number >> 4 * digit)
      console_put("0123456789abcdef"[number >> 4 * digit & 15]);
}

void console_decimal(uint64_t number) {
  char text[21];
  unsigned place = sizeof text - 1;
  text[place] = 0;
  do
    text[--place] = '0' + number % 10;
  while (number /= 10);
  console_text(text + place);
}

static struct {
  uint8_t bytes[64], first, count;
} ahead; /* what was typed while nobody waited for it */

int console_interrupted(void) {
  for (uint32_t read; (read = bus_read(CONSOLE_DATA)) & CONSOLE_DATA_TYPED;) {
    if ((uint8_t)read == CONTROL_C)
      return 1;
    if (ahead.count < sizeof ahead.bytes)
      ahead.bytes[(ahead.first + ahead.count++) % sizeof ahead.bytes] = (uint8_t)read;
  }
  return 0;
}

uint8_t console_get(void) {
  uint32_t read;
  if (ahead.count) {
    uint8_t byte = ahead.bytes[ahead.first];
    ahead.first = (ahead.first + 1) % sizeof ahead.bytes;
    ahead.count--;
    return byte;
  }
  do
    read = bus_read(CONSOLE_DATA);
  while (!(read & CONSOLE_DATA_TYPED));
  return (uint8_t)read;
}

static int continues(char byte) { return (byte & 0xc0) == 0x80; }

/* Length of the line without its last character. */
static unsigned without_last(const char *line, unsigned length) {
  while (length && continues(line[--length])) {}
  return length;
}

static unsigned take_back(const char *line, unsigned length) {
  console_text("\b \b");
  return without_last(line, length);
}

unsigned console_line(char *line, unsigned size) {
  static uint8_t before; /* the byte that ended the last line, if it was a carriage return */
  unsigned length = 0;
  for (;;) {
    uint8_t byte = console_get();
    int follows = before == '\r' && byte == '\n';
    before = 0;
    if (follows)
      continue;
    if (byte == '\r' || byte == '\n') {
      before = byte;
      break;
    }
    if (byte == BACKSPACE || byte == DELETE) {
      if (length)
        length = take_back(line, length);
    } else if (byte == CONTROL_U || byte == CONTROL_C) {
      while (length)
        length = take_back(line, length);
      if (byte == CONTROL_C) {
        console_text("^C");
        break;
      }
    } else if (byte >= ' ') {
      if (length + 1 < size) {
        line[length++] = (char)byte;
        put_raw(byte);
      } else
        put_raw(BELL);
    }
  }
  console_put('\n');
  line[length] = 0;
  return length;
}
