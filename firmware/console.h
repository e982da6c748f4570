/* The terminal: texts, numbers, and lines that one can correct while one types. */
#pragma once
#include <stdint.h>

/* Waits until there is room. A newline is sent as carriage return and line feed. */
void console_put(char byte);
void console_text(const char *text);
/* At least `digits` digits, with zeros in front. */
void console_hex(uint32_t number, unsigned digits);
void console_decimal(uint64_t number);

/* The next byte that was typed; waits for it. */
uint8_t console_get(void);
/* Whether control-C was typed; what else was typed is kept for later, as far as there is room. */
int console_interrupted(void);
/* A line, ended with a zero in place of its end, and shown while it is typed; returns its length, at most size - 1.
   Backspace takes back a character of UTF-8, control-U all of them, control-C as well, and then the line is empty.
   What has no room is answered with the bell, and is no part of the line. */
unsigned console_line(char *line, unsigned size);
