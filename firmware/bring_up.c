#include "bring_up.h"
#include "accelerator.h"
#include "board.h"
#include "bus.h"
#include "chat.h"
#include "console.h"
#include "dram.h"
#include "memory_test.h"
#include "registers.h"

#define SEEN (1u << 30) /* bytes of DRAM that the processor sees */
#define GONE "what lay in it is gone; /load loads a model\n"

int bring_up(void) {
#ifdef BOARD_DDR3
  return dram_start(&BOARD_DDR3);
#else
  return 1;
#endif
}

#ifdef BOARD_DDR3
static void run_train(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  chat_forget();
  accelerator_take();
  /* What was written must get there before the DRAM is taken away. */
  bus_write(ACCELERATOR_WINDOW_FLUSH, 0);
  if (bring_up()) {
    /* What begins here is no model any more: some of it was written over. */
    *(volatile uint32_t *)dram_at(0) = 0;
    console_text(GONE);
  }
  accelerator_give();
}
#endif

static void run_test(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  if (!accelerator_is_ready()) {
    console_text("the DRAM cannot be used\n");
    return;
  }
  uint32_t bytes = bus_read(ACCELERATOR_MEMORY_BYTES), wrong;
  if (bytes > SEEN)
    bytes = SEEN;
  chat_forget();
  accelerator_take();
  wrong = memory_test((volatile uint32_t *)dram_at(0), bytes);
  accelerator_give();
  if (wrong < bytes) {
    console_text("wrong: the word at ");
    console_hex(wrong, 8);
    console_text("; ");
  } else
    console_text("the DRAM holds what is written to it; ");
  console_text(GONE);
}

const struct command BRING_UP_COMMANDS[] = {
#ifdef BOARD_DDR3
    {"/train", "", "look anew where the DRAM's data are taken", run_train, 0, 0, 0},
#endif
    {"/test", "", "write to the DRAM and read it", run_test, 0, 0, 0},
};
const unsigned BRING_UP_COMMAND_COUNT = sizeof BRING_UP_COMMANDS / sizeof *BRING_UP_COMMANDS;
