/* Commands that are typed: they begin with a slash. */
#pragma once
#include <stdint.h>

/* A module has a table of these, which monitor.c names in its own. */
struct command {
  const char *name, *arguments, *help;
  void (*run)(unsigned count, const uint32_t *arguments);
  unsigned least, most;
  int fractions; /* arguments are in 1/65536 */
};

/* Carries out a line, and answers on the terminal. */
void monitor_run(char *line);
