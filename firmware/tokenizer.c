#include "tokenizer.h"

enum { SPACE_OF_TOKENS = 0x2581, REPLACEMENT = 0xfffd };
enum { FREE = 0, TAKEN = 0xffffffff }; /* marks; any other one is the id of a special token, plus 1 */

static const void *at(const struct board_vocabulary *vocabulary, uint32_t offset) {
  return (const uint8_t *)vocabulary + offset;
}

enum { TWO_WORDS = 1, FOUR_WORDS = 2 };

/* In a table whose entries have 2**`size` words, of which the first two ascend: the last that is not above a pair. */
static const uint32_t *search(const struct board_vocabulary *vocabulary, uint32_t table, uint32_t count, unsigned size,
                              uint32_t first, uint32_t second) {
  const uint32_t *low = at(vocabulary, table);
  while (count > 1) {
    const uint32_t *middle = low + (count / 2 << size);
    if (middle[0] < first || (middle[0] == first && middle[1] <= second)) {
      low = middle;
      count -= count / 2;
    } else
      count /= 2;
  }
  return low;
}

/* The character that begins at a place, and where the next one does. */
static const uint8_t *next_character(const uint8_t *text, const uint8_t *end, uint32_t *code) {
  struct utf8 state = {0};
  while (text < end) {
    enum utf8_result result = utf8_step(&state, *text);
    if (result != UTF8_BROKEN)
      text++;
    if (result != UTF8_MORE) {
      *code = result == UTF8_COMPLETE ? state.code : REPLACEMENT;
      return text;
    }
  }
  *code = REPLACEMENT;
  return text;
}

/* -- Cuts ------------------------------------------------------------------------------------------------------- */

static unsigned class_of(const struct board_vocabulary *vocabulary, uint32_t code) {
  return search(vocabulary, vocabulary->classes, vocabulary->class_count, TWO_WORDS, code, NOTHING)[1];
}

/* Behind the characters whose class is in a set of bits, at most so many of them; `last` is where the last begins. */
static const uint8_t *run(const struct board_vocabulary *vocabulary, const uint8_t *text, const uint8_t *end,
                          unsigned classes, unsigned most, const uint8_t **last) {
  uint32_t code;
  for (const uint8_t *next; text < end && most--; text = next) {
    next = next_character(text, end, &code);
    if (!(classes >> class_of(vocabulary, code) & 1))
      break;
    *last = text;
  }
  return text;
}

static int is_line_end(uint32_t code) { return code == '\r' || code == '\n'; }

/* Behind one of the ends of "it's", "don't" and so on; or where it began. */
static const uint8_t *english_end(const uint8_t *text, const uint8_t *end, int any_case) {
  static const char ENDS[][3] = {"s", "t", "re", "ve", "m", "ll", "d"};
  if (*text != '\'')
    return text;
  for (unsigned i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
    unsigned length = ENDS[i][1] ? 2 : 1, same = 0;
    while (same < length && text + 1 + same < end && (text[1 + same] | (any_case ? 0x20 : 0)) == ENDS[i][same])
      same++;
    if (same == length)
      return text + 1 + length;
  }
  return text;
}

/* Behind the first cut of a text that is not empty. The regular expressions, alternative by alternative:
   host/text/tokenizer/pre_tokenizers.py. */
static const uint8_t *cut(const struct board_vocabulary *vocabulary, const uint8_t *text, const uint8_t *end) {
  int llama = vocabulary->cut == CUT_LLAMA;
  const uint8_t *last = text, *from, *behind = english_end(text, end, llama);
  if (behind != text)
    return behind;
  uint32_t code;
  const uint8_t *second = next_character(text, end, &code);
  unsigned class = class_of(vocabulary, code);
  const uint8_t *spaced = text + (*text == ' ');
  if (llama) {
    from = class == CLASS_LETTER || class == CLASS_NUMBER || is_line_end(code) ? text : second;
    behind = run(vocabulary, from, end, 1 << CLASS_LETTER, -1, &last);
    if (behind != from)
      return behind;
    behind = run(vocabulary, text, end, 1 << CLASS_NUMBER, vocabulary->digits, &last);
    if (behind != text)
      return behind;
  } else
    for (class = CLASS_LETTER; class <= CLASS_NUMBER; class++) {
      behind = run(vocabulary, spaced, end, 1 << class, -1, &last);
      if (behind != spaced)
        return behind;
    }
  behind = run(vocabulary, spaced, end, 1 << CLASS_OTHER, -1, &last);
  if (behind != spaced) {
    while (llama && behind < end && is_line_end(*behind))
      behind++;
    return behind;
  }
  behind = run(vocabulary, text, end, 1 << CLASS_SPACE, -1, &last);
  for (from = behind; llama && from > text; from--)
    if (is_line_end(from[-1]))
      return from;
  /* The last of several spaces belongs to the word behind them. */
  return behind == end || last == text ? behind : last;
}

/* -- Merges ----------------------------------------------------------------------------------------------------- */

/* Symbol of a byte or character; NOTHING. */
static uint32_t find_letter(const struct board_vocabulary *vocabulary, uint32_t code) {
  const uint32_t *letter = search(vocabulary, vocabulary->letters, vocabulary->letter_count, TWO_WORDS, code, NOTHING);
  return letter[0] == code ? letter[1] : NOTHING;
}

/* What merging a part with the next one gives. */
static void find_merge(const struct board_vocabulary *vocabulary, struct board_part *part) {
  const struct board_merge *merge = (const struct board_merge *)search(
      vocabulary, vocabulary->merges, vocabulary->merge_count, FOUR_WORDS, part[0].symbol, part[1].symbol);
  part->rank = merge->left == part[0].symbol && merge->right == part[1].symbol ? merge->rank : NOTHING;
  part->result = merge->result;
}

/* Merges the first `count` parts; the one behind them ends the last. Returns how many are left. */
static unsigned merge(const struct board_vocabulary *vocabulary, struct board_part *parts, unsigned count) {
  for (unsigned i = 0; i + 1 < count; i++)
    find_merge(vocabulary, &parts[i]);
  for (;;) {
    uint32_t rank = NOTHING;
    unsigned best = 0;
    for (unsigned i = 0; i + 1 < count; i++)
      if (parts[i].rank < rank)
        rank = parts[i].rank, best = i;
    if (rank == NOTHING)
      return count;
    parts[best].symbol = parts[best].result;
    for (unsigned i = best + 1; i < count; i++)
      parts[i] = parts[i + 1];
    count--;
    if (best + 1 < count)
      find_merge(vocabulary, &parts[best]);
    if (best)
      find_merge(vocabulary, &parts[best - 1]);
  }
}

/* -- Tokens ----------------------------------------------------------------------------------------------------- */

struct output {
  const struct tokenizer *tokenizer;
  unsigned count, first; /* ids, and how many came before the present fragment */
  int failed;
};

static void put(struct output *output, uint32_t id) {
  uint32_t *ids = output->tokenizer->work->ids;
  output->failed |= id == NOTHING;
  /* Several unknown tokens in a row are one. */
  if (id != output->tokenizer->vocabulary->unknown || output->count == output->first || ids[output->count - 1] != id)
    ids[output->count++] = id;
}

/* What is no token, as tokens of its bytes. */
static void put_bytes(struct output *output, const uint8_t *text, const uint8_t *end) {
  const struct board_vocabulary *vocabulary = output->tokenizer->vocabulary;
  const uint32_t *tokens = at(vocabulary, vocabulary->byte_tokens);
  static const uint8_t SPACE[] = {' '};
  uint32_t code;
  if (!vocabulary->bytes && next_character(text, end, &code) == end && code == SPACE_OF_TOKENS)
    text = SPACE, end = SPACE + 1;
  for (const uint8_t *byte = text; byte < end && vocabulary->unknown != NOTHING; byte++)
    if (tokens[*byte] == NOTHING) {
      put(output, vocabulary->unknown);
      return;
    }
  while (text < end)
    put(output, tokens[*text++]);
}

/* The token that is a whole cut, of those that merges do not lead to; NOTHING. */
static uint32_t find_whole(const struct board_vocabulary *vocabulary, const uint8_t *text, unsigned length) {
  const uint32_t *whole = at(vocabulary, vocabulary->whole), *pieces = at(vocabulary, vocabulary->pieces);
  uint32_t low = 0, high = vocabulary->whole_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2, id = whole[middle], size = pieces[id + 1] - pieces[id];
    const uint8_t *piece = at(vocabulary, pieces[id]);
    unsigned same = 0;
    while (same < length && same < size && piece[same] == text[same])
      same++;
    if (same == length && same == size)
      return id;
    if (same < length && (same == size || piece[same] < text[same]))
      low = middle + 1;
    else
      high = middle;
  }
  return NOTHING;
}

/* Tokens of what merges stay within, with a space before it if `spaced`. */
static void put_word(struct output *output, const uint8_t *text, const uint8_t *end, int spaced) {
  const struct board_vocabulary *vocabulary = output->tokenizer->vocabulary;
  struct board_part *parts = output->tokenizer->work->parts;
  uint32_t whole = find_whole(vocabulary, text, end - text), code;
  if (whole != NOTHING) {
    put(output, whole);
    return;
  }
  unsigned count = 0;
  if (spaced)
    parts[count++] = (struct board_part){.start = NOTHING, .symbol = find_letter(vocabulary, SPACE_OF_TOKENS)};
  for (const uint8_t *place = text, *next; place < end; place = next) {
    if (vocabulary->bytes)
      code = *place, next = place + 1;
    else
      next = next_character(place, end, &code);
    if (!vocabulary->bytes && code == ' ')
      code = SPACE_OF_TOKENS;
    parts[count++] = (struct board_part){.start = place - text, .symbol = find_letter(vocabulary, code)};
  }
  parts[count].start = end - text;
  count = merge(vocabulary, parts, count);
  for (unsigned i = 0; i < count; i++)
    if (parts[i].symbol < vocabulary->count)
      put(output, parts[i].symbol);
    else if (parts[i].start == NOTHING)
      put_bytes(output, (const uint8_t *)" ", (const uint8_t *)" " + 1);
    else
      put_bytes(output, text + parts[i].start, text + parts[i + 1].start);
}

/* Tokens of a text without special ones. */
static void put_fragment(struct output *output, const uint8_t *text, const uint8_t *end, int begins) {
  const struct board_vocabulary *vocabulary = output->tokenizer->vocabulary;
  output->first = output->count;
  if (vocabulary->cut == CUT_NONE) {
    put_word(output, text, end, begins && vocabulary->adds_space);
    return;
  }
  int alone = vocabulary->cut == CUT_GPT2 && vocabulary->digits; /* digits are cut out before all else */
  for (const uint8_t *last; text < end;) {
    const uint8_t *limit = alone ? run(vocabulary, text, end, ~(1u << CLASS_NUMBER), -1, &last) : end;
    if (limit == text) {
      const uint8_t *behind = run(vocabulary, text, end, 1 << CLASS_NUMBER, vocabulary->digits, &last);
      put_word(output, text, behind, 0);
      text = behind;
    }
    for (const uint8_t *behind; text < limit; text = behind) {
      behind = cut(vocabulary, text, limit);
      put_word(output, text, behind, 0);
    }
  }
}

static int is_blank(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/* Finds special tokens, the longest first: they do not overlap those that were found before. */
static void mark_specials(const struct tokenizer *tokenizer, unsigned length, int all) {
  const struct board_vocabulary *vocabulary = tokenizer->vocabulary;
  const struct board_special *special = at(vocabulary, vocabulary->specials);
  const struct board_special *end = special + vocabulary->special_count;
  const uint8_t *text = tokenizer->work->text;
  uint32_t *marks = tokenizer->work->marks;
  for (unsigned i = 0; i < length; i++)
    marks[i] = FREE;
  for (; special < end; special++) {
    if (!all && !special->user_defined)
      continue;
    const uint8_t *spelling = at(vocabulary, special->text);
    for (unsigned i = 0; i + special->bytes <= length; i++) {
      unsigned same = 0;
      while (same < special->bytes && marks[i + same] == FREE && text[i + same] == spelling[same])
        same++;
      if (same < special->bytes)
        continue;
      while (same--)
        marks[i + same] = TAKEN;
      marks[i] = special->id + 1;
      i += special->bytes - 1;
      while (special->strips && i + 1 < length && marks[i + 1] == FREE && is_blank(text[i + 1]))
        marks[++i] = TAKEN;
    }
  }
}

unsigned tokenizer_encode(const struct tokenizer *tokenizer, unsigned length, int special, int begins) {
  struct output output = {.tokenizer = tokenizer};
  const uint8_t *text = tokenizer->work->text;
  const uint32_t *marks = tokenizer->work->marks;
  mark_specials(tokenizer, length, special);
  for (unsigned start = 0, end; start < length; start = end) {
    end = start + 1;
    if (marks[start] == FREE) {
      while (end < length && marks[end] == FREE)
        end++;
      put_fragment(&output, text + start, text + end, begins);
    } else if (marks[start] != TAKEN) {
      output.first = output.count;
      put(&output, marks[start] - 1);
    }
    begins = 1;
  }
  return output.failed ? NOTHING : output.count;
}

void decoder_start(struct decoder *decoder, int strips, void (*put)(char byte)) {
  *decoder = (struct decoder){.strips = strips, .put = put};
}

static void put_text(struct decoder *decoder, const uint8_t *text, unsigned length) {
  while (length--)
    decoder->put((char)*text++);
}

static void put_replacement(struct decoder *decoder) { put_text(decoder, (const uint8_t *)"\xef\xbf\xbd", 3); }

void decoder_push(struct decoder *decoder, const struct tokenizer *tokenizer, uint32_t id) {
  const struct board_vocabulary *vocabulary = tokenizer->vocabulary;
  const uint32_t *pieces = at(vocabulary, vocabulary->pieces);
  const uint8_t *byte = at(vocabulary, pieces[id]), *end = at(vocabulary, pieces[id + 1]);
  if (decoder->strips && byte < end) {
    decoder->strips = 0;
    byte += *byte == ' ';
  }
  while (byte < end) {
    enum utf8_result result = utf8_step(&decoder->state, *byte);
    if (result == UTF8_MORE)
      decoder->held[decoder->count++] = *byte;
    else {
      if (result == UTF8_COMPLETE) {
        put_text(decoder, decoder->held, decoder->count);
        put_text(decoder, byte, 1);
      } else
        put_replacement(decoder);
      decoder->count = 0;
    }
    byte += result != UTF8_BROKEN;
  }
}

void decoder_end(struct decoder *decoder) {
  if (decoder->count)
    put_replacement(decoder);
  decoder->count = 0;
  decoder->state.missing = 0;
}
