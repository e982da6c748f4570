#include "monitor.h"
#include "bring_up.h"
#include "bus.h"
#include "chat.h"
#include "console.h"
#include "loader.h"
#include "timer.h"

enum { WORDS_IN_LINE = 4, MOST_ARGUMENTS = 3, MOST_WORDS = 1024 };

static void help(unsigned count, const uint32_t *arguments);

static void show_memory(unsigned count, const uint32_t *arguments) {
  uint32_t address = arguments[0] & ~3u, words = count > 1 ? arguments[1] : 1;
  if (words > MOST_WORDS)
    words = MOST_WORDS;
  for (uint32_t word = 0; word < words; word++, address += 4) {
    if (word % WORDS_IN_LINE == 0) {
      console_text(word ? "\n" : "");
      console_hex(address, 8);
      console_put(':');
    }
    console_put(' ');
    console_hex(bus_read(address), 8);
  }
  console_put('\n');
}

static void show_time(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  console_decimal(timer_cycles());
  console_text(" cycles since the reset\n");
}

static const struct command COMMANDS[] = {
    {"/help", "", "this list", help, 0, 0, 0},
    {"/mem", " ADDRESS [WORDS]", "words of the bus, at most 1024", show_memory, 1, 2, 0},
    {"/time", "", "cycles since the reset", show_time, 0, 0, 0},
};
static const unsigned COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS;

static const struct {
  const struct command *commands;
  const unsigned *count;
} TABLES[] = {{COMMANDS, &COMMAND_COUNT},
              {BRING_UP_COMMANDS, &BRING_UP_COMMAND_COUNT},
              {LOADER_COMMANDS, &LOADER_COMMAND_COUNT},
              {CHAT_COMMANDS, &CHAT_COMMAND_COUNT}};

/* Command by command through all tables, the first for 0; 0 behind the last. */
static const struct command *command_at(unsigned index) {
  for (unsigned table = 0; table < sizeof TABLES / sizeof *TABLES; index -= *TABLES[table++].count)
    if (index < *TABLES[table].count)
      return &TABLES[table].commands[index];
  return 0;
}

static void help(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  for (const struct command *command; (command = command_at(count)); count++) {
    console_text(command->name);
    console_text(command->arguments);
    console_text(": ");
    console_text(command->help);
    console_put('\n');
  }
}

static int equal(const char *a, const char *b) {
  while (*a && *a == *b)
    a++, b++;
  return *a == *b;
}

/* Cuts the next word off; an empty one at the end. */
static char *next_word(char **rest) {
  char *word = *rest;
  while (*word == ' ')
    word++;
  char *end = word;
  while (*end && *end != ' ')
    end++;
  *rest = *end ? end + 1 : end;
  *end = 0;
  return word;
}

/* A number of 32 bits, decimal or with 0x in front, or in 1/65536, decimal with at most six places; 0 if it is none. */
static int parse(const char *text, int fraction, uint32_t *number) {
  unsigned base = 10;
  uint32_t places = 0; /* a power of ten behind the point */
  if (!fraction && text[0] == '0' && (text[1] | 0x20) == 'x')
    base = 16, text += 2;
  uint64_t value = 0;
  int any = 0;
  for (; *text; text++) {
    if (fraction && *text == '.' && !places) {
      places = 1;
      continue;
    }
    char letter = *text | 0x20;
    unsigned digit = *text >= '0' && *text <= '9' ? (unsigned)(*text - '0')
                     : letter >= 'a' && letter <= 'f' ? (unsigned)(letter - 'a' + 10) : base;
    if (digit >= base || places == 1000000)
      return 0;
    any = 1;
    value = value * base + digit;
    places *= 10;
    if (value >> 37)
      return 0;
  }
  if (fraction)
    value = (value << 16) / (places ? places : 1);
  *number = (uint32_t)value;
  return any && !(value >> 32);
}

static void complain(const char *before, const char *word, const char *after) {
  console_text(before);
  console_text(word);
  console_text(after);
  console_put('\n');
}

void monitor_run(char *line) {
  char *rest = line, *name = next_word(&rest);
  const struct command *command;
  unsigned count = 0;
  while ((command = command_at(count)) && !equal(command->name, name))
    count++;
  if (!command) {
    complain("there is no command ", name, "; /help prints them");
    return;
  }
  uint32_t arguments[MOST_ARGUMENTS];
  count = 0;
  for (char *word; *(word = next_word(&rest)); count++) {
    if (count == command->most) {
      complain(name, " does not take the argument ", word);
      return;
    }
    if (!parse(word, command->fractions, &arguments[count])) {
      complain(command->fractions ? "no number: " : "no number of 32 bits: ", word, "");
      return;
    }
  }
  if (count < command->least) {
    complain(name, " needs", command->arguments);
    return;
  }
  command->run(count, arguments);
}
