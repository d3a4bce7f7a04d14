/* Threads, the sweeps that they work with, and the memory of their sums. */
#ifndef BASIN_ENGINE_OBJECTIVE_WORKERS_H
#define BASIN_ENGINE_OBJECTIVE_WORKERS_H

#include "engine/objective/reduction.h"
#include "engine/objective/samples.h"

/* Of one kind of pass over samples, kept from call to call or made for one. */
typedef struct basin_workers {
    size_t        threads;
    basin_sweep **sweeps; /* [threads] */
    basin_tree   *tree;
} basin_workers;

/* What a pass asks for. */
typedef struct basin_pass_need {
    size_t           samples;
    size_t           k; /* vectors */
    basin_sweep_owns owns;
    size_t           reals; /* of a group's part */
    size_t           doubles;
    size_t           beside; /* bytes that each thread takes besides */
} basin_pass_need;

/* Threads that find a group to work on: memory goes by them, so not one more. */
size_t basin_workers_threads(const basin_network *net, size_t samples);
/* Bytes of so many threads and their sums. */
size_t basin_workers_bytes(const basin_network *net, const basin_pass_need *need, size_t threads);
/* As many threads as find work and fit what the memory limit leaves; at least one. */
size_t basin_workers_within(const basin_network *net, const basin_pass_need *need);

basin_status basin_workers_create(const basin_network *net, const basin_pass_need *need,
                                  size_t threads, basin_workers **out);
void         basin_workers_destroy(basin_workers **workers);
/* Makes net->workers, those of gradient and of passes that only go forward, ready; their number may
   have grown. */
basin_status basin_network_workers(basin_network *net);

/* A pass over samples, as every job's state begins. */
typedef struct basin_pass {
    const basin_network *net;
    const basin_batch   *data;
    basin_grouping       groups;
    basin_sweep        **sweeps; /* [threads] */
} basin_pass;

basin_pass basin_pass_over(const basin_network *net, const basin_batch *data,
                           const basin_workers *workers);
/* A chunk of the pass, bound to the thread's sweep with these weights, kept at `kept` (NULL: the
   sweep's own memory). */
basin_batch basin_pass_bind(const basin_pass *pass, basin_sweep *sweep,
                            const basin_weights *weights, real *kept, const basin_chunk *chunk);

#endif
