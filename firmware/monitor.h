/* Commands that are typed: they begin with a slash. */
#pragma once

/* Carries out a line, and answers on the terminal. */
void monitor_run(char *line);
