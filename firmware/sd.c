/* SD Physical Layer Specification, SD mode: how a card is found, and how blocks are read. */
#include "sd.h"
#include "bus.h"
#include "registers.h"
#include "timer.h"

enum response { NONE, CHECKED, PLAIN, LONG };
enum { RESULT_SHIFT = 1, SILENT = 1 }; /* COMMAND */
enum { SLOW = 400000, FAST = 25000000, LEAST_PERIOD = 3, FIRST_CLOCKS = 80 };
enum { OUT_OF_RANGE = 1u << 31, ATTEMPTS = 4 };
enum { CHECK_PATTERN = 0x1aa, VOLTAGES = 0xff8000, HIGH_CAPACITY = 1 << 30, READY = 1u << 31 };

static uint32_t address_of_card;
static int counts_blocks; /* in addresses, not bytes */

const char *sd_text(enum card_result result) {
  static const char *const TEXTS[] = {
      "good", "this board has no slot for cards", "no card answers", "the card does not become ready",
      "a card of another kind", "a response of the card is damaged or missing", "the card has no such block", "the card gives no data",
      "a block comes damaged again and again"};
  return TEXTS[result];
}

/* Every cycle of the card's clock, of so many per second, at most. */
static void set_clock(uint32_t most) {
  uint32_t period = (timer_rate() + most - 1) / most;
  bus_write(SD_CLOCK, period < LEAST_PERIOD ? LEAST_PERIOD : period);
}

/* How a command ended; its response is in RESPONSE. */
static unsigned command(unsigned number, uint32_t argument, enum response expected) {
  uint32_t state;
  bus_write(SD_ARGUMENT, argument);
  bus_write(SD_COMMAND, number | (uint32_t)expected << 6);
  do
    state = bus_read(SD_COMMAND);
  while (state & SD_COMMAND_BUSY);
  return state >> RESULT_SHIFT;
}

static unsigned application_command(unsigned number, uint32_t argument, enum response expected) {
  unsigned result = command(55, address_of_card, CHECKED);
  return result ? result : command(number, argument, expected);
}

static int wait_for_card(void) {
  uint32_t start = timer_now();
  while (!(bus_read(SD_STATE) & SD_STATE_DATA_LINE))
    if (timer_now() - start > timer_rate() / 4)
      return 0;
  return 1;
}

static enum card_result become_ready(int second_version) {
  uint32_t start = timer_now();
  unsigned result;
  while (!(result = application_command(41, VOLTAGES | (second_version ? HIGH_CAPACITY : 0), PLAIN))) {
    uint32_t conditions = bus_read(SD_RESPONSE);
    if (conditions & READY) {
      counts_blocks = (conditions & HIGH_CAPACITY) != 0;
      return CARD_GOOD;
    }
    if (timer_now() - start > timer_rate())
      return CARD_NOT_READY;
  }
  return result == SILENT ? CARD_MISSING : CARD_WRONG;
}

/* Where there is no register, 0 is read. */
int sd_has_slot(void) { return bus_read(SD_CLOCK) != 0; }

enum card_result sd_start(void) {
  uint32_t start = timer_now();
  unsigned second_version;
  if (!sd_has_slot())
    return CARD_NO_SLOT;
  bus_write(SD_COUNT, 0);
  bus_write(SD_WIDE, 0);
  set_clock(SLOW);
  while (timer_now() - start < timer_rate() / SLOW * FIRST_CLOCKS) {}
  address_of_card = 0;
  command(0, 0, NONE);
  second_version = command(8, CHECK_PATTERN, CHECKED) != SILENT;
  if (second_version && (bus_read(SD_RESPONSE) & 0xfff) != CHECK_PATTERN)
    return CARD_OTHER;
  enum card_result ready = become_ready((int)second_version);
  if (ready)
    return ready;
  if (command(2, 0, LONG) || command(3, 0, CHECKED))
    return CARD_WRONG;
  address_of_card = bus_read(SD_RESPONSE) & 0xffff0000;
  if (command(7, address_of_card, CHECKED) || !wait_for_card() || application_command(6, 2, CHECKED))
    return CARD_WRONG;
  if (!counts_blocks && command(16, 512, CHECKED))
    return CARD_WRONG;
  bus_write(SD_WIDE, 1);
  set_clock(FAST);
  return CARD_GOOD;
}

/* Reads as far as it goes; `count` is what is left. */
static enum card_result attempt(uint32_t block, uint32_t *count, uint32_t address) {
  uint32_t state, left = *count, last = timer_now();
  enum card_result result = CARD_GOOD;
  bus_write(SD_ADDRESS, address);
  bus_write(SD_COUNT, left);
  if (command(18, counts_blocks ? block : block * 512, CHECKED))
    result = CARD_WRONG;
  else if (bus_read(SD_RESPONSE) & OUT_OF_RANGE)
    result = CARD_RANGE;
  while (!result && (state = bus_read(SD_STATE)) & SD_STATE_TRANSFERRING) {
    uint32_t now = bus_read(SD_COUNT);
    if (now != left)
      left = now, last = timer_now();
    else if (timer_now() - last > timer_rate() / 4)
      result = CARD_LATE;
  }
  *count = bus_read(SD_COUNT);
  if (!result && *count)
    result = CARD_DAMAGED;
  bus_write(SD_COUNT, 0);
  if (result != CARD_RANGE && (command(12, 0, CHECKED) || !wait_for_card()) && result != CARD_LATE)
    result = CARD_WRONG;
  return result;
}

enum card_result sd_read(uint32_t block, uint32_t count, uint32_t address) {
  enum card_result result = CARD_GOOD;
  /* What the processor has written to DRAM is there before the card's blocks are. */
  bus_write(ACCELERATOR_WINDOW_FLUSH, 0);
  for (unsigned tries = 0; count && tries < ATTEMPTS; tries++) {
    uint32_t left = count;
    result = attempt(block, &left, address);
    block += count - left, address += (count - left) * 512;
    if (left != count)
      tries = 0;
    count = left;
    if (result && result != CARD_DAMAGED)
      return result;
  }
  return result;
}

void sd_sum_begin(void) { bus_write(SD_SUM, 3); }
void sd_sum_counts(int counts) { bus_write(SD_SUM, (uint32_t)(counts != 0)); }
uint32_t sd_sum(void) { return bus_read(SD_SUM); }
