/* Which samples are one chunk and which chunks one group; subsets of samples; samples in lanes. */
#ifndef BASIN_ENGINE_OBJECTIVE_SAMPLES_H
#define BASIN_ENGINE_OBJECTIVE_SAMPLES_H

#include "engine/objective/network.h"

/* Samples [0, count) lie in units; a group is a run of consecutive units, a chunk one of equal
   pieces of a group. */
typedef struct basin_grouping {
    size_t samples;
    /* samples that stay together: those of a row of lanes, or a batch of BatchNormalization */
    size_t unit;
    size_t units;
    size_t groups; /* a power of two, 2^shift; some may be empty */
    size_t shift;
    size_t less;      /* units of the smaller groups; the others have one more */
    size_t pieces[2]; /* chunks of the smaller and of the larger groups */
    size_t chunks;
} basin_grouping;

typedef struct basin_chunk {
    size_t number;
    size_t unit; /* the first one */
    size_t end;  /* the next chunk's first one */
} basin_chunk;

basin_grouping basin_group_samples(const basin_network *net, size_t samples);
/* The first unit and the first chunk of a group; those of the next one end it. */
size_t basin_group_unit(const basin_grouping *g, size_t group);
size_t basin_group_chunk(const basin_grouping *g, size_t group);
/* One of this group's chunks, by its number among all. */
basin_chunk basin_chunk_at(const basin_grouping *g, size_t group, size_t number);
/* Units of the largest of these chunks. */
size_t basin_chunk_largest(const basin_grouping *g);
/* Rows of lanes that samples before this unit take. */
size_t basin_rows_before(const basin_grouping *g, size_t unit);

/* Its samples, out of `data`. */
basin_batch basin_chunk_of(const basin_network *net, const basin_batch *data,
                           const basin_grouping *g, const basin_chunk *chunk);

/* The batch's inputs in lanes, owned, if the network reads them so. */
basin_status basin_network_lanes(const basin_network *net, basin_batch *batch);
/* The samples asked for: all (borrowed), or a gathered copy; either is released. */
basin_status basin_network_gather(const basin_network *net, const basin_samples *s,
                                  basin_batch *out);
void         basin_network_release(const basin_network *net, basin_batch *batch);

#endif
