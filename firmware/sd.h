/* Blocks of an SD card. */
#pragma once
#include <stdint.h>

enum card_result {
  CARD_GOOD,
  CARD_MISSING,   /* nothing answers */
  CARD_NOT_READY, /* the card says so for longer than a second */
  CARD_OTHER,     /* it wants another voltage, or is no memory card of SD 1 or later */
  CARD_WRONG,     /* a response that is damaged, or missing after others came */
  CARD_RANGE,     /* the card says that it has no such block */
  CARD_LATE,      /* no block for a quarter of a second */
  CARD_DAMAGED,   /* a block came damaged every time it was asked for */
};

/* What a result means, for the terminal. */
const char *sd_text(enum card_result result);
/* Begins with whatever card is in the slot; needed after every error as well. */
enum card_result sd_start(void);
/* Blocks of 512 bytes to a byte address of DRAM, on the boundary of a bus word. What comes damaged is read again. */
enum card_result sd_read(uint32_t block, uint32_t count, uint32_t address);

/* Begins a CRC-32 of blocks that are read from now on; */
void sd_sum_begin(void);
/* whether the next ones count; */
void sd_sum_counts(int counts);
/* and what it is. */
uint32_t sd_sum(void);
