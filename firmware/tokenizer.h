/* Text to tokens and back, with the vocabulary of a board file. */
#pragma once
#include "board_file.h"
#include "utf8.h"

struct tokenizer {
  const struct board_vocabulary *vocabulary;
  struct board_work *work;
};

/* Tokens of the `length` bytes in work->text go to work->ids; returns how many. With `special`, text that spells a
   special token is that token. `begins`: nothing was before the text, so that a space that encoding puts before a text
   belongs here. What is no UTF-8 becomes tokens of its bytes. NOTHING if there are no tokens for some of it. */
unsigned tokenizer_encode(const struct tokenizer *tokenizer, unsigned length, int special, int begins);

/* Turns tokens into text that is valid UTF-8: a character that is spread over several tokens appears with the last of
   them, and U+FFFD stands for what is none. */
struct decoder {
  struct utf8 state;
  uint8_t held[3], count;
  uint8_t strips; /* one space at the beginning is left out */
  void (*put)(char byte);
};
void decoder_start(struct decoder *decoder, int strips, void (*put)(char byte));
void decoder_push(struct decoder *decoder, const struct tokenizer *tokenizer, uint32_t id);
/* The text ends, and with it a character that never became complete. */
void decoder_end(struct decoder *decoder);
