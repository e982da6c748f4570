/* The accelerator: runs programs that lie in DRAM. */
#pragma once
#include <stdint.h>

/* What it did: cycles that it was busy, and bus words that it read or wrote. */
struct activity {
  uint64_t cycles, words;
};

/* Whether there is one, with a DRAM; waits a second at most for that. */
int accelerator_is_ready(void);
/* Keeps hosts of the link from it, after the program that one of them may be running. Returns 0 if one has used it since
   it was last given back: then what it knows of a conversation is no longer there. */
int accelerator_take(void);
void accelerator_give(void);
/* Ids of tokens are below this from now on; others are not taken. */
void accelerator_bound(uint32_t vocab);
/* Sets the id of a token of the group that is run next. */
void accelerator_token(uint32_t member, uint32_t id);
/* Runs the program at a bus word, for tokens of which the first is at `position`, and adds what it did to `activity`.
   Returns 0, or in words what is wrong. */
const char *accelerator_run(uint32_t program, uint32_t position, struct activity *activity);
/* The most likely token after that of a member. */
uint32_t accelerator_argmax(uint32_t member);
