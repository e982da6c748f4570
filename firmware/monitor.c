#include "monitor.h"
#include "bus.h"
#include "console.h"
#include "registers.h"

enum { WORDS_IN_LINE = 4, MOST_ARGUMENTS = 2, MOST_WORDS = 1024 };

struct command {
  const char *name, *arguments, *help;
  void (*run)(unsigned count, const uint32_t *arguments);
  unsigned least, most;
};

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
  uint32_t low = bus_read(TIMER_LOW);
  (void)count, (void)arguments;
  console_decimal((uint64_t)bus_read(TIMER_HIGH) << 32 | low);
  console_text(" cycles since the reset\n");
}

static const struct command COMMANDS[] = {
    {"/help", "", "this list", help, 0, 0},
    {"/mem", " ADDRESS [WORDS]", "words of the bus, at most 1024", show_memory, 1, 2},
    {"/time", "", "cycles since the reset", show_time, 0, 0},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static void help(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  for (unsigned i = 0; i < COMMAND_COUNT; i++) {
    console_text(COMMANDS[i].name);
    console_text(COMMANDS[i].arguments);
    console_text(": ");
    console_text(COMMANDS[i].help);
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

/* A number of 32 bits, decimal or with 0x in front; 0 if it is none. */
static int parse(const char *text, uint32_t *number) {
  unsigned base = 10;
  if (text[0] == '0' && (text[1] | 0x20) == 'x')
    base = 16, text += 2;
  uint64_t value = 0;
  if (!*text)
    return 0;
  for (; *text; text++) {
    char letter = *text | 0x20;
    unsigned digit = *text >= '0' && *text <= '9' ? (unsigned)(*text - '0')
                     : letter >= 'a' && letter <= 'f' ? (unsigned)(letter - 'a' + 10) : base;
    if (digit >= base)
      return 0;
    value = value * base + digit;
    if (value >> 32)
      return 0;
  }
  *number = (uint32_t)value;
  return 1;
}

static void complain(const char *before, const char *word, const char *after) {
  console_text(before);
  console_text(word);
  console_text(after);
  console_put('\n');
}

void monitor_run(char *line) {
  char *rest = line, *name = next_word(&rest);
  const struct command *command = COMMANDS;
  while (command < COMMANDS + COMMAND_COUNT && !equal(command->name, name))
    command++;
  if (command == COMMANDS + COMMAND_COUNT) {
    complain("there is no command ", name, "; /help prints them");
    return;
  }
  uint32_t arguments[MOST_ARGUMENTS];
  unsigned count = 0;
  for (char *word; *(word = next_word(&rest)); count++) {
    if (count == command->most) {
      complain(name, " does not take the argument ", word);
      return;
    }
    if (!parse(word, &arguments[count])) {
      complain("no number of 32 bits: ", word, "");
      return;
    }
  }
  if (count < command->least) {
    complain(name, " needs", command->arguments);
    return;
  }
  command->run(count, arguments);
}
