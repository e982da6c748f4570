/* What a board does when it starts: it listens to its terminal. */
#include "board_file.h"
#include "chat.h"
#include "console.h"
#include "monitor.h"

int main(void) {
  static char line[LINE_BYTES];
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
