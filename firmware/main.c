/* What a board does when it starts: it listens to its terminal. */
#include "console.h"
#include "monitor.h"

int main(void) {
  static char line[256];
  console_text("\nCelosia. /help prints the commands.\n");
  for (;;) {
    console_text("> ");
    if (!console_line(line, sizeof line))
      continue;
    if (line[0] == '/')
      monitor_run(line);
    else
      console_text("commands begin with a slash; there is no model to talk to\n");
  }
}
