/* What a board does when it starts: it listens to its terminal. */
#include "chat.h"
#include "console.h"
#include "monitor.h"
#include "registers.h"

int main(void) {
  static char line[LINE_BYTES];
  chat_begin((uint8_t *)DRAM);
  console_text("\nCelosia. /help prints the commands.\n");
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
