#include "sampler.h"
#include "board_file.h"

#define LOG2_E 24204406u /* in 1/2**24 */
#define ONE (1u << 16)
#define INFINITE INT32_MIN
enum { LARGEST = (1 << 30) - 1 };

static uint32_t next(struct sampler *sampler) {
  uint64_t state = sampler->state;
  sampler->state = state * 6364136223846793005u + 1442695040888963407u;
  uint32_t word = (state >> 18 ^ state) >> 27, turn = state >> 59;
  return word >> turn | word << (-turn & 31);
}

void sampler_seed(struct sampler *sampler, uint64_t seed) {
  sampler->state = 1442695040888963407u + seed;
  next(sampler);
}

/* An fp32 with 16 fractional bits. */
static int32_t fixed(uint32_t bits) {
  int32_t shift = (int32_t)(bits >> 23 & 0xff) - 134;
  if (shift == 255 - 134)
    return INFINITE;
  uint32_t significand = (bits & 0x7fffff) | 0x800000;
  int32_t magnitude = shift > 6 ? LARGEST : shift >= 0 ? (int32_t)(significand << shift)
                      : shift > -24 ? (int32_t)(significand >> -shift) : 0;
  return bits >> 31 ? -magnitude : magnitude;
}

/* 2**-t in 1/2**31, where t is a difference of logits times a factor in 1/2**24. */
static uint32_t weight(uint32_t below, uint32_t factor) {
  static const uint32_t POWER[] = {2147483527, 1488513547, 515780381, 118751808, 19776564, 2033403};
  uint64_t t = (uint64_t)below * factor >> 24;
  if (t >> 16 > 31)
    return 0;
  uint32_t x = (uint32_t)t << 16, value = POWER[5];
  for (int i = 5; i--;)
    value = POWER[i] - (uint32_t)((uint64_t)value * x >> 32);
  return value >> (t >> 16);
}

/* total * fraction / 2**32 */
static uint64_t scaled(uint64_t total, uint32_t fraction) {
  return (total >> 32) * fraction + ((total & 0xffffffff) * fraction >> 32);
}

static uint64_t order(struct candidate candidate) { return (uint64_t)candidate.below << 32 | candidate.id; }

/* Lets the first of a heap of `count`, whose first is the most likely, sink to its place. */
static void sink(struct candidate *heap, uint32_t count, uint32_t place) {
  struct candidate sinking = heap[place];
  for (uint32_t child; (child = 2 * place + 1) < count; place = child) {
    if (child + 1 < count && order(heap[child + 1]) < order(heap[child]))
      child++;
    if (order(heap[child]) >= order(sinking))
      break;
    heap[place] = heap[child];
  }
  heap[place] = sinking;
}

/* Takes the most likely one out of the heap and puts it behind it. */
static struct candidate pop(struct candidate *heap, uint32_t *count) {
  struct candidate first = heap[0];
  heap[0] = heap[--*count];
  sink(heap, *count, 0);
  heap[*count] = first;
  return first;
}

/* Sorts what the filters leave of the candidates to the end of their array, the most likely last; returns how many. */
static uint32_t filter(const struct sampler *sampler, struct candidate *heap, uint32_t count) {
  uint32_t left = count, kept = 0, most = sampler->top_k && sampler->top_k < count ? sampler->top_k : count;
  uint64_t total = 0, sum = 0;
  for (uint32_t i = count / 2; i--;)
    sink(heap, count, i);
  if (sampler->top_p >= ONE || most < count)
    while (count - left < most)
      pop(heap, &left);
  if (sampler->top_p >= ONE)
    return most;
  for (uint32_t i = 0; i < most; i++)
    total += weight(heap[most < count ? count - 1 - i : i].below, LOG2_E);
  uint64_t least = scaled(total, sampler->top_p << 16);
  do {
    struct candidate next = kept < count - left ? heap[count - 1 - kept] : pop(heap, &left);
    sum += weight(next.below, LOG2_E);
    kept++;
  } while (sum < least);
  return kept;
}

uint32_t sampler_choose(struct sampler *sampler, const uint32_t *logits, uint32_t count, uint32_t largest,
                        struct candidate *room) {
  uint32_t factor = ((uint64_t)LOG2_E << 16) / sampler->temperature, found = 0;
  uint32_t wider = factor < LOG2_E ? factor : LOG2_E; /* the filters' factor, or that of the draw */
  /* What is so far below that it weighs nothing by either. */
  uint64_t nothing = (32ull << 40) / wider;
  int32_t top = fixed(logits[largest]);
  for (uint32_t id = 0; id < count; id++) {
    int32_t value = fixed(logits[id]);
    if (value == INFINITE)
      return NOTHING;
    uint32_t below = (uint32_t)top - (uint32_t)value;
    if (below <= nothing)
      room[found++] = (struct candidate){below, id};
  }
  int filters = sampler->top_k || sampler->top_p < ONE;
  uint32_t kept = filters ? filter(sampler, room, found) : found;
  struct candidate *first = filters ? room + found - kept : room;
  uint64_t total = 0;
  for (uint32_t i = 0; i < kept; i++) {
    first[i].below = weight(first[i].below, factor);
    total += first[i].below;
  }
  /* What is sorted begins at the end. */
  uint64_t target = scaled(total, next(sampler));
  struct candidate *drawn = filters ? first + kept - 1 : first;
  for (; target >= drawn->below; drawn += filters ? -1 : 1)
    target -= drawn->below;
  return drawn->id;
}
