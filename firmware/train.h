/* Where within a bit the data of a DDR3 are taken: the read leveling of LiteDRAM's PHYs for ECP5 and Artix-7. */
#pragma once
#include <stdint.h>

enum { MOST_LANES = 4 };

/* A board's controller; board.h, printed by flow/board_header.py, has the one of a board. Registers are words from
   `base` on. */
struct ddr3 {
  uint32_t base;
  uint16_t control, injectors, injector_words; /* an injector of commands for each phase */
  uint16_t command, issue, address, bank, write_data, read_data; /* within an injector */
  uint16_t select, delay_reset, delay_step, slip_reset, slip_step;
  uint16_t burst_clear, burst_seen; /* 0: there is none */
  uint16_t refresh_cycles; /* that a REFRESH takes */
  uint8_t lanes, phases; /* byte lanes: 1, 2 or 4 */
  uint8_t data_words;    /* of 32 bits, in a phase */
  uint8_t read_phase, write_phase;
  uint8_t bitslips, delays; /* that a lane can have */
  uint8_t least; /* delays in a row that a window must have */
  uint8_t bank_bits, row_bits;
};

/* What was found for a byte lane: delays from `first` on that read well behind `bitslip`, and the one that was set. */
struct window {
  uint8_t bitslip, first, length, delay;
  uint8_t refused; /* longer windows with which the memory test failed */
};

/* Looks for the longest window of every lane, sets its middle, and tests the DRAM over its rows and banks, through the
   registers of the controller. Where that fails, the next longest window of the lanes that were wrong is tried. Needs a
   DRAM whose mode registers are set and that nobody uses; overwrites some of it. Keeps it refreshed.

   Returns whether the DRAM can be used; a lane without a window that would do has length 0. */
int train(const struct ddr3 *ddr3, struct window *windows);
