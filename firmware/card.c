#include "card.h"
#include "bus.h"
#include "diskio.h"
#include "ff.h"
#include "sd.h"

enum { BLOCK = 512 };

static enum card_result last; /* what the card said, if FatFs says that the disk is wrong */
static uint32_t room;         /* in DRAM, for blocks that go to the program memory */
static FATFS volume;
static FIL file;
static int is_file;

static DSTATUS ready(BYTE drive) {
  (void)drive;
  return 0;
}

/* Blocks of a file go past the processor; the few that FatFs itself wants to see are copied. */
static DRESULT read_blocks(BYTE drive, BYTE *buffer, LBA_t block, UINT count) {
  (void)drive;
  if (is_in_dram(buffer))
    return (last = sd_read(block, count, address_in_dram(buffer))) ? RES_ERROR : RES_OK;
  sd_sum_counts(0);
  for (; count--; block++, buffer += BLOCK) {
    if ((last = sd_read(block, 1, room)))
      return RES_ERROR;
    for (unsigned byte = 0; byte < BLOCK; byte++)
      buffer[byte] = dram_at(room)[byte];
  }
  sd_sum_counts(1);
  return RES_OK;
}

static DISKOPS operations = {ready, ready, read_blocks, 0, 0};

static const char *text(FRESULT result) {
  switch (result) {
  case FR_OK: return 0;
  case FR_DISK_ERR: return sd_text(last);
  case FR_NO_FILESYSTEM: return "there is neither a model nor a FAT file system on the card";
  default: return "the file system of the card is damaged";
  }
}

/* Whether a short name ends as the first three letters of "celosia" do. */
static int is_model(const FILINFO *info) {
  const char *name = info->fname;
  if (info->fattrib & (AM_DIR | AM_HID))
    return 0;
  while (*name && *name != '.')
    name++;
  return name[0] == '.' && name[1] == 'C' && name[2] == 'E' && name[3] == 'L' && !name[4];
}

static const char *open_file(uint32_t *bytes) {
  static DIR folder;
  static FILINFO info;
  FRESULT result;
  FfDiskOps = &operations;
  if ((result = f_mount(&volume, "", 1)) || (result = f_opendir(&folder, "")))
    return text(result);
  do {
    if ((result = f_readdir(&folder, &info)))
      return text(result);
    if (!info.fname[0])
      return "there is no file *.celosia on the card";
  } while (!is_model(&info));
  *bytes = info.fsize;
  return text(f_open(&file, info.fname, FA_READ));
}

const char *card_open(uint32_t magic, uint32_t scratch, uint32_t *bytes) {
  room = scratch;
  if ((last = sd_start()) || (last = sd_read(0, 1, room)))
    return sd_text(last);
  is_file = *(const uint32_t *)dram_at(room) != magic;
  *bytes = UINT32_MAX;
  return is_file ? open_file(bytes) : 0;
}

const char *card_load(uint32_t offset, uint32_t bytes, uint32_t address) {
  FRESULT result;
  UINT read = 0;
  if (!is_file)
    return (last = sd_read(offset / BLOCK, bytes / BLOCK, address)) ? sd_text(last) : 0;
  if ((result = f_lseek(&file, offset)) || (result = f_read(&file, dram_at(address), bytes, &read)))
    return text(result);
  return read == bytes ? 0 : "the file on the card is too short";
}
