/* What a board does when it starts: it listens to its terminal. */
#include "board.h"
#include "chat.h"
#include "console.h"
#include "dram.h"
#include "monitor.h"
#include "registers.h"

int main(void) {
  static char line[LINE_BYTES];
  chat_begin((uint8_t *)DRAM);
  console_text("\nCelosia. /help prints the commands.\n");
#ifdef BOARD_DDR3
  dram_start(&BOARD_DDR3);
#endif
  for (;;) {
    console_text("> ");
    if (!console_line(line, sizeof line))
      continue;
    if (line[0] == '/')
      monitor_run(line);
    else
      chat_say(line);
  }
}
