/* A conversation with the model that is in DRAM. */
#pragma once
#include "monitor.h"

/* What lies in DRAM is another model now, or none; the next thing that is said is said to that. */
void chat_forget(void);
/* Says something; the reply is shown while it is written, and control-C ends it. */
void chat_say(const char *line);

extern const struct command CHAT_COMMANDS[];
extern const unsigned CHAT_COMMAND_COUNT;
