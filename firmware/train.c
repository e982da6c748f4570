#include "train.h"
#include "bus.h"
#include "registers.h"

enum { CS = 1, WE = 2, CAS = 4, RAS = 8, WRITE_DATA = 16, READ_DATA = 32 }; /* bits of a command */
enum { HARDWARE = 1, CKE = 2, ODT = 4, RESET_N = 8 };                     /* bits of the control register */
enum {
  ALL_BANKS = 1 << 10,
  BURST = 8,       /* columns */
  SETTLE = 16,     /* cycles: more than any of the part's times but a REFRESH, and than data take either way */
  BURSTS = 4,      /* that are written and read back at a time */
  CANDIDATES = 3,  /* windows of a lane that are kept */
};

struct lane {
  struct window windows[CANDIDATES]; /* the longest first */
  uint8_t run, chosen;
};

static void set(const struct ddr3 *ddr3, unsigned word, uint32_t value) { bus_write(ddr3->base + 4 * word, value); }

static uint32_t get(const struct ddr3 *ddr3, unsigned word) { return bus_read(ddr3->base + 4 * word); }

static void wait(unsigned cycles) {
  uint32_t start = bus_read(TIMER_LOW);
  while (bus_read(TIMER_LOW) - start < cycles) {}
}

/* Any order of bits but that of another seed. */
static uint32_t next(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  return *state ^= *state << 5;
}

static void command(const struct ddr3 *ddr3, unsigned phase, unsigned code, unsigned bank, unsigned address) {
  unsigned injector = ddr3->injectors + phase * ddr3->injector_words;
  set(ddr3, injector + ddr3->address, address);
  set(ddr3, injector + ddr3->bank, bank);
  set(ddr3, injector + ddr3->command, code | CS);
  set(ddr3, injector + ddr3->issue, 1);
}

/* Closes all rows, refreshes the DRAM, which nobody else does now, and opens a row. Nothing here is so slow that the
   next REFRESH would come later than nine intervals after this one, which a DDR3 allows: 70 us. */
static void open_row(const struct ddr3 *ddr3, unsigned bank, unsigned row) {
  command(ddr3, 0, RAS | WE, 0, ALL_BANKS);
  command(ddr3, 0, RAS | CAS, 0, 0);
  wait(ddr3->refresh_cycles);
  command(ddr3, 0, RAS, bank, row);
}

static void write_burst(const struct ddr3 *ddr3, unsigned bank, unsigned column, uint32_t seed) {
  for (unsigned phase = 0; phase < ddr3->phases; phase++)
    for (unsigned word = 0; word < ddr3->data_words; word++)
      set(ddr3, ddr3->injectors + phase * ddr3->injector_words + ddr3->write_data + word, next(&seed));
  command(ddr3, ddr3->write_phase, CAS | WE | WRITE_DATA, bank, column);
  wait(SETTLE);
}

/* A bit for each lane that reads something else. */
static unsigned read_burst(const struct ddr3 *ddr3, unsigned bank, unsigned column, uint32_t seed) {
  uint32_t differ = 0; /* bytes of a word, which belong to the lanes in turn */
  unsigned wrong = 0;
  if (ddr3->burst_clear)
    set(ddr3, ddr3->burst_clear, 1);
  command(ddr3, ddr3->read_phase, CAS | READ_DATA, bank, column);
  wait(SETTLE);
  for (unsigned phase = 0; phase < ddr3->phases; phase++)
    for (unsigned word = 0; word < ddr3->data_words; word++)
      differ |= get(ddr3, ddr3->injectors + phase * ddr3->injector_words + ddr3->read_data + word) ^ next(&seed);
  for (unsigned byte = 0; differ; byte++, differ >>= 8)
    if (differ & 0xff)
      wrong |= 1u << (byte & (ddr3->lanes - 1));
  /* The right bits could be those of the time before; a strobe that was found could not. */
  if (ddr3->burst_seen)
    wrong |= ~get(ddr3, ddr3->burst_seen);
  return wrong;
}

/* Seed of the bursts of a row; never 0. */
static uint32_t seed_of(unsigned bank, unsigned row) { return ((uint32_t)row << 3 | bank) * 0x9e3779b0u + 0x2545f491u; }

static void write_row(const struct ddr3 *ddr3, unsigned bank, unsigned row, uint32_t seed) {
  open_row(ddr3, bank, row);
  for (unsigned i = 0; i < BURSTS; i++)
    write_burst(ddr3, bank, BURST << 2 * i, next(&seed));
}

static unsigned read_row(const struct ddr3 *ddr3, unsigned bank, unsigned row, uint32_t seed) {
  unsigned wrong = 0;
  open_row(ddr3, bank, row);
  for (unsigned i = 0; i < BURSTS; i++)
    wrong |= read_burst(ddr3, bank, BURST << 2 * i, next(&seed));
  return wrong;
}

/* All banks, and of their rows each that has one address bit set, and row 0: first all are written, then all are read,
   so that two that are one are found. A bit for each lane that was wrong. */
static unsigned test(const struct ddr3 *ddr3) {
  unsigned wrong = 0, banks = 1u << ddr3->bank_bits, rows = 1u << ddr3->row_bits;
  for (unsigned row = 0; row < rows; row = row ? 2 * row : 1)
    for (unsigned bank = 0; bank < banks; bank++)
      write_row(ddr3, bank, row, seed_of(bank, row));
  for (unsigned row = 0; row < rows; row = row ? 2 * row : 1)
    for (unsigned bank = 0; bank < banks; bank++)
      wrong |= read_row(ddr3, bank, row, seed_of(bank, row));
  return wrong & ((1u << ddr3->lanes) - 1);
}

/* A strobe of a register of the lanes whose bits are set. While they are selected the PHY of an ECP5 pauses them, which
   it needs around a change; afterwards all lanes are paused once more, so that they go on together. */
static void strobe(const struct ddr3 *ddr3, unsigned lanes, unsigned word) {
  set(ddr3, ddr3->select, lanes);
  set(ddr3, word, 1);
  set(ddr3, ddr3->select, 0);
  if (ddr3->burst_clear) {
    set(ddr3, ddr3->select, (1u << ddr3->lanes) - 1);
    set(ddr3, ddr3->select, 0);
  }
}

/* Ends a row of good delays before `end`. */
static void keep_window(struct lane *lane, unsigned bitslip, unsigned end) {
  struct window found = {(uint8_t)bitslip, (uint8_t)(end - lane->run), lane->run, 0, 0};
  lane->run = 0;
  for (unsigned i = 0; i < CANDIDATES; i++)
    if (found.length > lane->windows[i].length) {
      struct window shorter = lane->windows[i];
      lane->windows[i] = found;
      found = shorter;
    }
}

/* All lanes go through all their positions together. */
static void search(const struct ddr3 *ddr3, struct lane *lanes) {
  unsigned all = (1u << ddr3->lanes) - 1;
  uint32_t seed = 0x2545f491;
  strobe(ddr3, all, ddr3->slip_reset);
  for (unsigned bitslip = 0; bitslip < ddr3->bitslips; bitslip++) {
    strobe(ddr3, all, ddr3->delay_reset);
    for (unsigned delay = 0; delay < ddr3->delays; delay++) {
      /* Never the same data, which could be left from before. */
      uint32_t bursts = next(&seed);
      write_row(ddr3, 0, 0, bursts);
      unsigned wrong = read_row(ddr3, 0, 0, bursts);
      for (unsigned i = 0; i < ddr3->lanes; i++)
        if (wrong >> i & 1)
          keep_window(&lanes[i], bitslip, delay);
        else
          lanes[i].run++;
      strobe(ddr3, all, ddr3->delay_step);
    }
    for (unsigned i = 0; i < ddr3->lanes; i++)
      keep_window(&lanes[i], bitslip, ddr3->delays);
    strobe(ddr3, all, ddr3->slip_step);
  }
}

static void set_window(const struct ddr3 *ddr3, unsigned lane, struct window *window) {
  /* Of two in the middle the one that is further from an end of the window that is none: it may go on where no delay
     could be tried. */
  unsigned last = window->first + window->length == ddr3->delays;
  window->delay = (uint8_t)(window->first + (window->length - !last) / 2);
  strobe(ddr3, 1u << lane, ddr3->slip_reset);
  strobe(ddr3, 1u << lane, ddr3->delay_reset);
  for (unsigned i = 0; i < window->bitslip; i++)
    strobe(ddr3, 1u << lane, ddr3->slip_step);
  for (unsigned i = 0; i < window->delay; i++)
    strobe(ddr3, 1u << lane, ddr3->delay_step);
}

/* Sets the longest windows that pass the test. */
static int choose(const struct ddr3 *ddr3, struct lane *lanes) {
  unsigned wrong = (1u << ddr3->lanes) - 1; /* lanes that need a window */
  for (;;) {
    unsigned none = 0;
    for (unsigned i = 0; i < ddr3->lanes; i++) {
      struct lane *lane = &lanes[i];
      if (!(wrong >> i & 1))
        continue;
      if (lane->chosen < CANDIDATES && lane->windows[lane->chosen].length >= ddr3->least)
        set_window(ddr3, i, &lane->windows[lane->chosen]);
      else
        none = 1;
    }
    if (none || !(wrong = test(ddr3)))
      return !none;
    for (unsigned i = 0; i < ddr3->lanes; i++)
      lanes[i].chosen += wrong >> i & 1;
  }
}

int train(const struct ddr3 *ddr3, struct window *windows) {
  struct lane lanes[MOST_LANES] = {0};
  /* The controller's last command may have been a REFRESH. */
  set(ddr3, ddr3->control, CKE | ODT | RESET_N);
  wait(ddr3->refresh_cycles + SETTLE);
  search(ddr3, lanes);
  int trained = choose(ddr3, lanes);
  /* It finds all rows closed, as it has them. */
  command(ddr3, 0, RAS | WE, 0, ALL_BANKS);
  wait(SETTLE);
  set(ddr3, ddr3->control, HARDWARE);
  for (unsigned i = 0; i < ddr3->lanes; i++) {
    unsigned chosen = lanes[i].chosen;
    windows[i] = chosen < CANDIDATES ? lanes[i].windows[chosen] : (struct window){0};
    if (windows[i].length < ddr3->least)
      windows[i].length = 0;
    windows[i].refused = (uint8_t)chosen;
  }
  return trained;
}
