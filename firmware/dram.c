#include "dram.h"
#include "bus.h"
#include "console.h"
#include "registers.h"

static void number(const char *before, uint32_t value) {
  console_text(before);
  console_decimal(value);
}

static void report(const struct ddr3 *ddr3, unsigned lane, const struct window *window) {
  number("  byte ", lane);
  if (window->length) {
    number(": bitslip ", window->bitslip);
    number(", delays ", window->first);
    number(" to ", window->first + window->length - 1u);
    number(" of ", ddr3->delays);
    number(", set to ", window->delay);
  } else
    console_text(": no window");
  if (window->refused)
    number(", refused by the memory test: ", window->refused);
  console_put('\n');
}

int dram_start(const struct ddr3 *ddr3) {
  struct window windows[MOST_LANES];
  while (!(bus_read(CONTROLLER_STATE) & CONTROLLER_STATE_STARTED)) {}
  bus_write(CONTROLLER_STATE, 0);
  console_text("DDR3 training\n");
  int trained = train(ddr3, windows);
  for (unsigned lane = 0; lane < ddr3->lanes; lane++)
    report(ddr3, lane, &windows[lane]);
  console_text(trained ? "DRAM is up\n" : "DRAM cannot be used\n");
  if (trained)
    bus_write(CONTROLLER_STATE, 1);
  return trained;
}
