/* The DRAM of the board: what makes it usable, and what looks whether it is. */
#pragma once
#include "monitor.h"

/* Trains the DRAM, if this board has one that needs it. Whether the DRAM can be used, as far as this knows. */
int bring_up(void);

extern const struct command BRING_UP_COMMANDS[];
extern const unsigned BRING_UP_COMMAND_COUNT;
