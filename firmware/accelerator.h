/* The accelerator: runs programs that lie in DRAM. */
#pragma once
#include <stdint.h>

/* What it did: cycles that it was busy, and bus words that it read or wrote. */
struct activity {
  uint64_t cycles, words;
};

/* Whether there is one, with a DRAM; waits a second at most for that. */
int accelerator_is_ready(void);
/* Sets the id of a token of the group that is run next. */
void accelerator_token(uint32_t member, uint32_t id);
/* Runs the program at a bus word, for tokens of which the first is at `position`, and adds what it did to `activity`.
   Returns 0, or in words what is wrong. */
const char *accelerator_run(uint32_t program, uint32_t position, struct activity *activity);
/* The most likely token after that of a member. */
uint32_t accelerator_argmax(uint32_t member);
