/* A board file, as it lies in DRAM or comes from somewhere. */
#pragma once
#include "board_file.h"

/* Whether a header is one, and fits this board; if not, the terminal is told why. */
int model_fits(const struct board_file *file);
/* The board file that was loaded to DRAM, or 0; then the terminal is told what is wrong with it. */
const struct board_file *model_find(void);
