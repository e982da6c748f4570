/* A conversation with the model that is in DRAM. */
#pragma once
#include "board_file.h"
#include "monitor.h"

/* Where DRAM is seen; the model is looked for when something is said. */
void chat_begin(uint8_t *dram);
/* Says something; the reply is shown while it is written, and control-C ends it. */
void chat_say(const char *line);

extern const struct command CHAT_COMMANDS[];
extern const unsigned CHAT_COMMAND_COUNT;
