/* Brings the DRAM of a board up, and says so on the terminal. */
#pragma once
#include "train.h"

/* Waits for the controller, trains its PHY, and lets the board use the DRAM if that worked; returns whether it did. */
int dram_start(const struct ddr3 *ddr3);
