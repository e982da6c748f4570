/* Choice of the next token, in integers: host/text/integer_sampler.py is the definition. */
#pragma once
#include <stdint.h>

struct sampler {
  uint32_t temperature, top_k, top_p; /* in 1/65536; top_k 0: all */
  uint64_t state;
};

/* A token that may be drawn: how far its logit is below the largest, in 1/65536. */
struct candidate {
  uint32_t below, id;
};

void sampler_seed(struct sampler *sampler, uint64_t seed);
/* Draws a token from fp32 logits, of which that of token `largest` is the largest; needs room for all of them. The
   temperature must not be 0. NOTHING if a logit is not finite. */
uint32_t sampler_choose(struct sampler *sampler, const uint32_t *logits, uint32_t count, uint32_t largest,
                        struct candidate *room);
