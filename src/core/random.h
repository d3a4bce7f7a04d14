/* Counter-based random numbers: the same bits for the same (seed, stream, counter) everywhere.
 *
 * Philox 4x32-10, J. Salmon, M. Moraes, R. Dror, D. Shaw, «Parallel random numbers: as easy as 1,
 * 2, 3», SC 2011.
 */
#ifndef BASIN_CORE_RANDOM_H
#define BASIN_CORE_RANDOM_H

#include "core/status.h"

/* One stream for each use of a seed, so that e.g. batch order and initial weights of seed 3 are
   independent. */
enum {
    BASIN_STREAM_DIRECTION = 1,
    BASIN_STREAM_LANCZOS,
    BASIN_STREAM_PROBE,
    BASIN_STREAM_INITIALISE,
    BASIN_STREAM_BATCH,
    BASIN_STREAM_SUBSET,
    BASIN_STREAM_NOISE,
    BASIN_STREAM_SAMPLES,
    BASIN_STREAM_CHECK,
    BASIN_STREAM_SIGN_FLIP,
    BASIN_STREAM_TEST,
    BASIN_STREAM_HALVES,
    /* new ones come last: a number, once given, is what results were drawn with */
    BASIN_STREAM_PARTS,
    BASIN_STREAM_LABELS,
    BASIN_STREAM_BATCHES,
    BASIN_STREAM_QUADRATURE,
    BASIN_STREAM_TRACE,
    BASIN_STREAM_SHARPNESS_BATCHES,
    BASIN_STREAM_SHARPNESS_DRAWS,
    BASIN_STREAM_SHARPNESS_STARTS,
    BASIN_STREAM_HELD_OUT,
    BASIN_STREAM_ALIGNMENT,
    BASIN_STREAM_BOOTSTRAP,
    BASIN_STREAM_CHANGES
};

typedef struct basin_random {
    uint64_t seed, stream, counter; /* counter: how many 128-bit blocks were used */
    uint32_t word[4];
    unsigned used; /* of the words; 4 = take a new block */
} basin_random;

basin_random basin_random_start(uint64_t seed, uint64_t stream);
uint64_t     basin_random_bits(basin_random *r);
double       basin_random_uniform(basin_random *r);         /* [0, 1), 53 bits */
double       basin_random_normal(basin_random *r);          /* N(0, 1), Box-Muller */
size_t       basin_random_below(basin_random *r, size_t n); /* 0 … n-1, unbiased; n > 0 */
void         basin_random_normals(basin_random *r, double *x, size_t n);
void         basin_random_signs(basin_random *r, double *x, size_t n);   /* ±1 */
void         basin_random_shuffle(basin_random *r, size_t *x, size_t n); /* Fisher-Yates */
/* The first `count` of index [size] become a random subset of it, ascending; the rest is what is
   left. */
void basin_random_choose(basin_random *r, size_t *index, size_t size, size_t count);
/* for known answers */
void basin_random_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
