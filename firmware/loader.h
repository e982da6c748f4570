/* A model from the card to DRAM. */
#pragma once
#include "monitor.h"

/* Loads the model that is on the card, and says on the terminal how far it is, or what is wrong; control-C ends it.
   Whether it is in DRAM now; if not, no other is. */
int loader_run(void);

extern const struct command LOADER_COMMANDS[];
extern const unsigned LOADER_COMMAND_COUNT;
