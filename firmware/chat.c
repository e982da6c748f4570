#include "chat.h"
#include "accelerator.h"
#include "bus.h"
#include "console.h"
#include "model.h"
#include "sampler.h"
#include "timer.h"
#include "tokenizer.h"

#define ONE (1u << 16)
#define HOST "a host has used the accelerator"
enum { LEAST_TEMPERATURE = ONE / 100, MOST_TEMPERATURE = 100 * ONE };

struct speed {
  uint32_t tokens;
  uint64_t cycles;
};

static struct {
  const struct board_file *file; /* 0: none was found yet */
  const struct board_chat *turns;
  struct tokenizer tokenizer;
  struct sampler sampler;
  uint32_t position;             /* tokens that are in the context */
  uint32_t pending;              /* the latest token, which is not; NOTHING */
  const struct board_stop *ended; /* what it is, if it ended the reply */
  struct speed prompt, reply;
  struct activity activity;
} chat;

static const uint8_t *section(unsigned number) {
  return (const uint8_t *)chat.file + chat.file->sections[number].offset;
}

static void reset(void) {
  chat.position = 0;
  chat.pending = NOTHING;
  chat.ended = 0;
  chat.prompt = chat.reply = (struct speed){0};
  chat.activity = (struct activity){0};
}

void chat_forget(void) { chat.file = 0; }

static int found(void) {
  if (chat.file)
    return 1;
  if (!(chat.file = model_find()))
    return 0;
  chat.turns = (const struct board_chat *)section(SECTION_CHAT);
  chat.tokenizer.vocabulary = (const struct board_vocabulary *)section(SECTION_VOCABULARY);
  chat.tokenizer.work = (struct board_work *)dram_at(chat.file->work);
  accelerator_bound(chat.file->vocab);
  chat.sampler.temperature = chat.file->temperature;
  chat.sampler.top_k = chat.file->top_k;
  chat.sampler.top_p = chat.file->top_p;
  sampler_seed(&chat.sampler, (uint64_t)chat.file->seed_high << 32 | chat.file->seed_low);
  reset();
  return 1;
}

/* -- Turns ------------------------------------------------------------------------------------------------------ */

static unsigned append(unsigned length, const void *text, unsigned more) {
  uint8_t *to = chat.tokenizer.work->text + length;
  for (const uint8_t *from = text; more--; length++)
    *to++ = *from++;
  return length;
}

static int is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static int is_special(uint32_t id) {
  const struct board_vocabulary *vocabulary = chat.tokenizer.vocabulary;
  const struct board_special *specials = (const void *)((const uint8_t *)vocabulary + vocabulary->specials);
  for (unsigned i = 0; i < vocabulary->special_count; i++)
    if (specials[i].id == id)
      return 1;
  return 0;
}

static const struct board_stop *find_stop(uint32_t id) {
  const struct board_stop *stops = (const void *)((const uint8_t *)chat.turns + chat.turns->stops);
  for (unsigned i = 0; i < chat.turns->stop_count; i++)
    if (stops[i].id == id)
      return &stops[i];
  return 0;
}

/* Tokens of a turn: `lead`, if it is not NOTHING, then `count` of work->ids. */
struct turn {
  uint32_t lead, count;
};

/* Encodes what is said with what the template puts around it; 0 if there are no tokens for it. */
static int encode(const char *line, struct turn *turn) {
  const struct board_chat *turns = chat.turns;
  const struct board_vocabulary *vocabulary = chat.tokenizer.vocabulary;
  const uint8_t *texts = (const uint8_t *)turns;
  unsigned end = 0, length, skip = 0;
  int first = !chat.position, begins = first;
  turn->lead = chat.pending;
  if (chat.ended) {
    skip = chat.ended->skip;
    begins = skip && chat.ended->begins;
    if (!skip)
      turn->lead = NOTHING;
  } else if (!first)
    begins = is_special(chat.pending);
  while (line[end])
    end++;
  if (turns->trims) {
    while (end && is_blank(line[end - 1]))
      end--;
    while (end && is_blank(*line))
      line++, end--;
  }
  length = first ? append(0, texts + turns->opening, turns->opening_bytes)
                 : append(0, texts + turns->between + skip, turns->between_bytes - skip);
  length = append(length, line, end);
  length = append(length, texts + turns->closing, turns->closing_bytes);
  turn->count = tokenizer_encode(&chat.tokenizer, length, 1, begins);
  if (turn->count == NOTHING)
    return 0;
  if (first && vocabulary->adds_bos && !(turn->count && chat.tokenizer.work->ids[0] == vocabulary->bos))
    turn->lead = vocabulary->bos;
  return 1;
}

/* -- Replies ---------------------------------------------------------------------------------------------------- */

/* Puts tokens into the context. With `predicts`, the next token is known then. Returns 0, or what is wrong. */
static const char *feed(unsigned count, int predicts) {
  const struct board_programs *programs = (const struct board_programs *)section(SECTION_PROGRAMS) + count - 1;
  uint32_t last = chat.sampler.temperature ? programs->last : programs->choice;
  const char *wrong = 0;
  if (count > 1 || !predicts)
    wrong = accelerator_run(programs->body, chat.position, &chat.activity);
  if (!wrong && predicts)
    wrong = accelerator_run(last, chat.position, &chat.activity);
  chat.position += count;
  return wrong;
}

static const char *feed_turn(const struct turn *turn) {
  unsigned leads = turn->lead != NOTHING, total = leads + turn->count, member = 0;
  for (unsigned at = 0; at < total; at++) {
    accelerator_token(member++, at < leads ? turn->lead : chat.tokenizer.work->ids[at - leads]);
    int last = at + 1 == total;
    if (member == chat.file->group || last) {
      const char *wrong = feed(member, last);
      if (wrong)
        return wrong;
      member = 0;
    }
  }
  return 0;
}

/* The token that follows; NOTHING if no token can. */
static uint32_t choose(void) {
  uint32_t largest = accelerator_argmax(0);
  if (largest >= chat.file->vocab)
    return NOTHING;
  if (!chat.sampler.temperature)
    return largest;
  return sampler_choose(&chat.sampler, (const uint32_t *)dram_at(chat.file->logits), chat.file->vocab, largest,
                        (struct candidate *)(chat.tokenizer.work + 1));
}

/* Writes a reply; returns 0, or what is wrong. */
static const char *write_reply(void) {
  struct decoder decoder;
  const char *wrong = 0;
  uint64_t start = timer_cycles();
  decoder_start(&decoder, chat.tokenizer.vocabulary->adds_space, console_put);
  for (uint32_t tokens = 1;; tokens++) {
    uint32_t token = choose();
    if (token == NOTHING) {
      wrong = "no token follows: logits are not finite";
      break;
    }
    chat.pending = token;
    if ((chat.ended = find_stop(token)))
      break;
    decoder_push(&decoder, &chat.tokenizer, token);
    if (tokens == chat.file->tokens)
      break;
    if (chat.position == chat.file->context) {
      decoder_end(&decoder);
      console_text("\nthe context is full; /reset begins anew");
      break;
    }
    if (console_interrupted()) {
      decoder_end(&decoder);
      console_text("^C");
      break;
    }
    accelerator_give();
    if (!accelerator_take()) {
      wrong = HOST;
      break;
    }
    accelerator_token(0, token);
    if ((wrong = feed(1, 1)))
      break;
    chat.reply.tokens++;
  }
  decoder_end(&decoder);
  console_put('\n');
  chat.reply.cycles += timer_cycles() - start;
  return wrong;
}

static void say(const char *line) {
  struct turn turn;
  if (!found())
    return;
  if (chat.ended && chat.turns->restarts)
    chat.position = 0, chat.pending = NOTHING, chat.ended = 0;
  if (!encode(line, &turn)) {
    console_text("the vocabulary has no tokens for some of this\n");
    return;
  }
  uint32_t total = turn.count + (turn.lead != NOTHING);
  if (total > chat.file->context - chat.position) {
    console_text("the context of ");
    console_decimal(chat.file->context);
    console_text(" positions has no room for this; /reset begins anew\n");
    return;
  }
  if (!total)
    return;
  uint64_t start = timer_cycles();
  const char *wrong = feed_turn(&turn);
  chat.prompt.cycles += timer_cycles() - start;
  chat.prompt.tokens += total;
  if (!wrong)
    wrong = write_reply();
  if (wrong) {
    console_text(wrong);
    console_text("; the conversation begins anew\n");
    reset();
  }
}

/* Until accelerator_give(): the DRAM is ours, in which model and vocabulary lie. */
static void take(void) {
  if (!accelerator_take() && chat.file && chat.position) {
    console_text(HOST);
    console_text("; the conversation begins anew\n");
    reset();
  }
}

void chat_say(const char *line) {
  take();
  say(line);
  accelerator_give();
}

/* -- Commands --------------------------------------------------------------------------------------------------- */

static void run_reset(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  take();
  if (found())
    reset();
  accelerator_give();
}

static void put_hundredths(uint64_t number) {
  console_decimal(number / 100);
  console_put('.');
  console_put('0' + number / 10 % 10);
  console_put('0' + number % 10);
}

static void set_sampling(unsigned count, const uint32_t *arguments) {
  uint32_t temperature = arguments[0], top_p = count > 2 ? arguments[2] : ONE;
  if ((temperature && temperature < LEAST_TEMPERATURE) || temperature > MOST_TEMPERATURE || top_p > ONE) {
    console_text("the temperature is 0, or 0.01 to 100, and TOP_P 0 to 1\n");
    return;
  }
  chat.sampler.temperature = temperature;
  chat.sampler.top_k = count > 1 ? arguments[1] / ONE : 0;
  chat.sampler.top_p = top_p;
}

static void run_temperature(unsigned count, const uint32_t *arguments) {
  take();
  if (found())
    set_sampling(count, arguments);
  accelerator_give();
}

static void run_seed(unsigned count, const uint32_t *arguments) {
  (void)count;
  take();
  if (found())
    sampler_seed(&chat.sampler, arguments[0]);
  accelerator_give();
}

static void put_speed(const char *what, struct speed speed) {
  console_text(what);
  console_decimal(speed.tokens);
  console_text(" tokens, ");
  put_hundredths(speed.cycles ? (uint64_t)speed.tokens * timer_rate() * 100 / speed.cycles : 0);
  console_text(" tokens/s\n");
}

static void put_statistics(void) {
  console_text("model: ");
  console_text((const char *)chat.file->name);
  console_text("\ncontext: ");
  console_decimal(chat.position);
  console_text(" of ");
  console_decimal(chat.file->context);
  console_text(" positions\n");
  put_speed("prompts: ", chat.prompt);
  put_speed("replies: ", chat.reply);
  console_text("bus: ");
  console_decimal(chat.activity.cycles ? chat.activity.words * 100 / chat.activity.cycles : 0);
  console_text(" % of ");
  console_decimal(chat.activity.cycles);
  console_text(" cycles\n");
}

static void run_statistics(unsigned count, const uint32_t *arguments) {
  (void)count, (void)arguments;
  take();
  if (found())
    put_statistics();
  accelerator_give();
}

const struct command CHAT_COMMANDS[] = {
    {"/reset", "", "forget the conversation", run_reset, 0, 0, 0},
    {"/temp", " T [TOP_K [TOP_P]]", "temperature; 0: always the most likely token", run_temperature, 1, 3, 1},
    {"/seed", " S", "of what a temperature draws", run_seed, 1, 1, 0},
    {"/stats", "", "speed since the conversation began", run_statistics, 0, 0, 0},
};
const unsigned CHAT_COMMAND_COUNT = sizeof CHAT_COMMANDS / sizeof *CHAT_COMMANDS;
