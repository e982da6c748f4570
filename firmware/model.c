#include "model.h"
#include "bus.h"
#include "console.h"
#include "crc32.h"
#include "registers.h"

static int equal(const uint8_t *a, const char *b, unsigned length) {
  while (length && *a == (uint8_t)*b)
    a++, b++, length--;
  return !length;
}

static void put_key(uint32_t high, uint32_t low) {
  console_hex(high, 8);
  console_hex(low, 8);
}

int model_fits(const struct board_file *file) {
  if (!equal(file->magic, BOARD_MAGIC, sizeof file->magic) || file->version != BOARD_VERSION ||
      file->header_bytes != sizeof *file) {
    console_text("the model is not as this firmware knows it: pack it with the celosia that made the firmware\n");
    return 0;
  }
  if (crc32(0, file, offsetof(struct board_file, crc)) != file->crc) {
    console_text("the header of the model is damaged: its CRC is wrong\n");
    return 0;
  }
  uint32_t high = bus_read(ACCELERATOR_CONFIG_HIGH), low = bus_read(ACCELERATOR_CONFIG_LOW),
           memory = bus_read(ACCELERATOR_MEMORY_BYTES);
  if (file->key_high != high || file->key_low != low) {
    console_text("the model was packed for another configuration, ");
    put_key(file->key_high, file->key_low);
    console_text(", than this board has, ");
    put_key(high, low);
    console_text("; celosia pack --board packs it for this one\n");
    return 0;
  }
  if (file->memory_bytes > memory) {
    console_text("the model needs ");
    console_decimal(file->memory_bytes);
    console_text(" bytes of DRAM, and this board has ");
    console_decimal(memory);
    console_put('\n');
    return 0;
  }
  return 1;
}

const struct board_file *model_find(void) {
  const uint8_t *dram = dram_at(0);
  /* Behind all that the accelerator uses; how much that is says the header of the memory image. */
  uint32_t place = *(const uint32_t *)(dram + IMAGE_BYTES_OFFSET), memory = bus_read(ACCELERATOR_MEMORY_BYTES);
  if (!equal(dram, IMAGE_MAGIC, sizeof IMAGE_MAGIC - 1) || place % 4 || place >= memory ||
      memory - place < sizeof(struct board_file)) {
    console_text("there is no model to talk to; commands begin with a slash\n");
    return 0;
  }
  const struct board_file *file = (const struct board_file *)dram_at(place);
  return model_fits(file) ? file : 0;
}
