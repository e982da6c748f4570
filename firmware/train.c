#include "train.h"
#include "bus.h"
#include "timer.h"

enum { CS = 1, WE = 2, CAS = 4, RAS = 8, WRITE_DATA = 16, READ_DATA = 32 }; /* bits of a command */
enum { HARDWARE = 1, CKE = 2, ODT = 4, RESET_N = 8 };                     /* bits of the control register */
enum {
  PRECHARGE = 1 << 10,   /* of an address: all banks, or the row after the burst */
  BURST = 8,             /* columns */
  SETTLE = 16,           /* cycles: more than any of the part's times but a REFRESH, and than data take either way */
  BURSTS = 4,            /* that are written and read back at a time */
  CANDIDATES = 3,        /* windows of a lane that are kept */
};

struct lane {
  struct window windows[CANDIDATES]; /* the longest first */
  uint8_t run, chosen;
};

static void set(const struct ddr3 *ddr3, unsigned word, uint32_t value) { bus_write(ddr3->base + 4 * word, value); }

static uint32_t get(const struct ddr3 *ddr3, unsigned word) { return bus_read(ddr3->base + 4 * word); }

static void wait(unsigned cycles) {
  uint32_t start = timer_now();
  while (timer_now() - start < cycles) {}
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

/* Nobody else does it now. A DDR3 waits nine of its intervals, 70 us, at most: so it is done for every burst, and for
   every change of a position. All rows are closed, before and after. */
static void refresh(const struct ddr3 *ddr3) {
  command(ddr3, 0, RAS | CAS, 0, 0);
  wait(ddr3->refresh_cycles);
}

/* A burst of a row that is opened for it, and closed by it. */
static void transfer(const struct ddr3 *ddr3, unsigned phase, unsigned code, unsigned bank, unsigned row,
                     unsigned column) {
  refresh(ddr3);
  command(ddr3, 0, RAS, bank, row);
  command(ddr3, phase, CAS | code, bank, column | PRECHARGE);
  wait(SETTLE);
}

static void write_burst(const struct ddr3 *ddr3, unsigned bank, unsigned row, unsigned column, uint32_t seed) {
  unsigned place = ddr3->injectors + ddr3->write_data;
  for (unsigned phase = 0; phase < ddr3->phases; phase++, place += ddr3->injector_words)
    for (unsigned word = 0; word < ddr3->data_words; word++)
      set(ddr3, place + word, next(&seed));
  transfer(ddr3, ddr3->write_phase, WE | WRITE_DATA, bank, row, column);
}

/* A bit for each lane that reads something else. */
static unsigned read_burst(const struct ddr3 *ddr3, unsigned bank, unsigned row, unsigned column, uint32_t seed) {
  uint32_t differ = 0; /* bytes of a word, which belong to the lanes in turn */
  unsigned wrong = 0, place = ddr3->injectors + ddr3->read_data;
  if (ddr3->burst_clear)
    set(ddr3, ddr3->burst_clear, 1);
  transfer(ddr3, ddr3->read_phase, READ_DATA, bank, row, column);
  for (unsigned phase = 0; phase < ddr3->phases; phase++, place += ddr3->injector_words)
    for (unsigned word = 0; word < ddr3->data_words; word++)
      differ |= get(ddr3, place + word) ^ next(&seed);
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

/* Writes bursts of a row, or reads them: then a bit for each lane that was wrong. */
static unsigned use_row(const struct ddr3 *ddr3, unsigned bank, unsigned row, uint32_t seed, int reads) {
  unsigned wrong = 0;
  for (unsigned column = BURST; column < BURST << 2 * BURSTS; column <<= 2) {
    uint32_t burst = next(&seed);
    if (reads)
      wrong |= read_burst(ddr3, bank, row, column, burst);
    else
      write_burst(ddr3, bank, row, column, burst);
  }
  return wrong;
}

/* All banks, and of their rows each that has one address bit set, and row 0: first all are written, then all are read,
   so that two that are one are found. A bit for each lane that was wrong. */
static unsigned test(const struct ddr3 *ddr3) {
  unsigned wrong = 0, banks = 1u << ddr3->bank_bits, rows = 1u << ddr3->row_bits;
  for (int reads = 0; reads < 2; reads++)
    for (unsigned row = 0; row < rows; row = row ? 2 * row : 1)
      for (unsigned bank = 0; bank < banks; bank++)
        wrong |= use_row(ddr3, bank, row, seed_of(bank, row), reads);
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
  refresh(ddr3);
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
      use_row(ddr3, 0, 0, bursts, 0);
      unsigned wrong = use_row(ddr3, 0, 0, bursts, 1);
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
  /* Of two delays in the middle the lower one; but the upper one of a window that ends with the last delay there is,
     since it might go on there. */
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
  /* The controller's last command may have been a REFRESH; or it has left rows open. */
  set(ddr3, ddr3->control, CKE | ODT | RESET_N);
  wait(ddr3->refresh_cycles + SETTLE);
  command(ddr3, 0, RAS | WE, 0, PRECHARGE);
  search(ddr3, lanes);
  int trained = choose(ddr3, lanes);
  /* It has refreshed meanwhile, as it believes, and so takes all rows to be closed, which they are. Its next REFRESH may
     be eight intervals away, all that a DDR3 waits but one. */
  refresh(ddr3);
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
