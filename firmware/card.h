/* The model on an SD card: a file of a FAT file system, or what begins with the card's first block. */
#pragma once
#include <stdint.h>

/* Both return what is wrong, or 0. */

/* Looks for the model: begins with `magic`, or is the first file of the root folder named *.celosia (*.cel). A file's
   length goes to `bytes`, that of a card without files is not known: the most that there can be.
   `scratch`, 512 bytes of DRAM, on the boundary of a bus word, is written now and then, until the last load. */
const char *card_open(uint32_t magic, uint32_t scratch, uint32_t *bytes);
/* From byte `offset` of the model to a byte address of DRAM on the boundary of a bus word; `offset` and `bytes` are
   multiples of 512. The blocks count for the sum of sd.h, and no others do. */
const char *card_load(uint32_t offset, uint32_t bytes, uint32_t address);
