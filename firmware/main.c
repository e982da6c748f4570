/* What a board does when it starts: it brings its DRAM up, loads the model from its card, and listens to its terminal. */
#include "accelerator.h"
#include "board_file.h"
#include "bring_up.h"
#include "chat.h"
#include "console.h"
#include "loader.h"
#include "monitor.h"
#include "sd.h"

static void start(void) {
  if (bring_up() && accelerator_is_ready() && sd_has_slot())
    loader_run();
}

int main(void) {
  static char line[LINE_BYTES];
  console_text("\nCelosia. /help prints the commands.\n");
  start();
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
