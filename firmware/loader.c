#include "loader.h"
#include "board_file.h"
#include "bus.h"
#include "card.h"
#include "chat.h"
#include "console.h"
#include "model.h"
#include "registers.h"
#include "sd.h"
#include "timer.h"

enum { CHUNK = 1 << 20, MEGABYTE = 1000000 };

static int complain(const char *what) {
  console_text(what);
  console_put('\n');
  return 0;
}

/* Megabytes with one place behind the point. */
static void put_megabytes(uint32_t bytes) {
  console_decimal(bytes / MEGABYTE);
  console_put('.');
  console_decimal(bytes % MEGABYTE / (MEGABYTE / 10));
}

/* Bytes of a section with the zeros that fill up its last sector, which count for its CRC. */
static uint32_t whole(const struct board_section *section) {
  return (section->bytes + BOARD_SECTOR - 1) & ~(BOARD_SECTOR - 1);
}

static int load_section(const struct board_file *file, unsigned number, uint32_t *done) {
  const struct board_section *section = &file->sections[number];
  uint32_t all = whole(section);
  sd_sum_begin();
  for (uint32_t at = 0, size; at < all; at += size) {
    size = all - at < CHUNK ? all - at : CHUNK;
    const char *error = card_load(section->offset + at, size, section->address + at);
    if (!error && console_interrupted())
      error = "^C: there is no model in DRAM now";
    if (error) {
      console_put('\n');
      return complain(error);
    }
    *done += size;
    console_text("\rloading: ");
    put_megabytes(*done);
    console_text(" of ");
    put_megabytes(file->file_bytes);
    console_text(" MB");
  }
  if (sd_sum() == section->crc)
    return 1;
  console_text("\nthe model on the card is damaged: wrong CRC of section ");
  console_decimal(number);
  return complain("");
}

static int load(const struct board_file *file) {
  uint32_t done = BOARD_SECTOR;
  uint64_t start = timer_cycles();
  for (unsigned number = 0; number < sizeof file->sections / sizeof *file->sections; number++)
    if (!load_section(file, number, &done))
      return 0;
  const char *error = card_load(0, BOARD_SECTOR, file->address);
  console_put('\n');
  if (error)
    return complain(error);
  console_text((const char *)file->name);
  console_text(", loaded in ");
  console_decimal((timer_cycles() - start) / timer_rate());
  console_text(" s\n");
  return 1;
}

int loader_run(void) {
  uint32_t header = bus_read(ACCELERATOR_MEMORY_BYTES) - BOARD_SECTOR, scratch = header - BOARD_SECTOR, bytes, magic = 0;
  for (unsigned byte = sizeof magic; byte--;)
    magic = magic << 8 | (uint8_t)BOARD_MAGIC[byte];
  const char *error = card_open(magic, scratch, &bytes);
  if (error || (error = card_load(0, BOARD_SECTOR, header)))
    return complain(error);
  const struct board_file *file = (const struct board_file *)dram_at(header);
  if (!model_fits(file))
    return 0;
  if (file->file_bytes > bytes)
    return complain("the file on the card is shorter than its header says");
  if (file->memory_bytes > scratch)
    return complain("the model leaves no room in DRAM to load it");
  if (load(file))
    return 1;
  /* What has come of it is no model, and neither is what was there before. */
  *(volatile uint32_t *)dram_at(0) = 0;
  return 0;
}

static void run_load(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  chat_forget();
  loader_run();
}

const struct command LOADER_COMMANDS[] = {
    {"/load", "", "the model that is on the card", run_load, 0, 0, 0},
};
const unsigned LOADER_COMMAND_COUNT = sizeof LOADER_COMMANDS / sizeof *LOADER_COMMANDS;
