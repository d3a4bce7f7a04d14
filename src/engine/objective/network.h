/* A network bound to its samples, and what its parts share: reduction.c sums over chunks;
 * gradient.c, subspace.c and curvature.c each fill rows of the objective's table; bound.c makes it.
 */
#ifndef BASIN_ENGINE_OBJECTIVE_NETWORK_H
#define BASIN_ENGINE_OBJECTIVE_NETWORK_H

#include "engine/objective/chunk_loss.h"

typedef struct basin_statistics { /* of BatchNormalization: statistics.c */
    basin_bn kind;
    /* reestimate: the training samples' inputs; x and lanes are owned unless they are those of
       data */
    basin_batch samples;
    /* interpolate: [directions, buffers] what a step of 1 adds; NULL: nothing moves */
    double *ends;
    size_t  directions;
} basin_statistics;

typedef struct basin_network {
    basin_plan      *plan;   /* of the graph with convolutions folded where statistics are stored */
    basin_params    *params; /* with the roles that the graph as it is gives them */
    basin_loss_spec  loss;   /* owned */
    basin_batch      data;   /* all samples; arrays owned */
    size_t           chunk;  /* samples */
    basin_weights   *weights; /* theta of the gradient */
    basin_statistics statistics;
    size_t           sweep_count;
    basin_sweep    **sweeps; /* of the gradient, one a thread; made on first use */
} basin_network;

static inline bool basin_is_batch_norm(const basin_node *node)
{
    return node->op == &REAL(basin_op_BatchNormalization);
}

/* -------------------------------------------------------------------------- sums over chunks -- */

typedef struct basin_grouping {
    size_t samples, chunk, chunks, groups;
} basin_grouping;

basin_grouping basin_group_samples(const basin_network *net, size_t samples);
/* of the group; the next one's ends it */
size_t      basin_first_chunk(const basin_grouping *g, size_t group);
basin_batch basin_chunk_of(const basin_network *net, const basin_batch *data, size_t c);

/* Threads that find a group to work on: memory goes by them, so not one more. */
size_t basin_network_threads(const basin_network *net, size_t samples);
/* The same where each takes so many bytes of what the memory limit leaves; at least one. */
size_t basin_network_threads_within(const basin_network *net, size_t samples, size_t bytes);

/* What is done with the chunks of one group, on any thread, and with its sum when its turn comes
   (NULL: nothing). */
typedef struct basin_reduction basin_reduction;
struct basin_reduction {
    const basin_network *net;
    const basin_batch   *data;
    basin_grouping       groups;
    basin_sweep        **sweeps; /* [threads] */
    void (*sweep_group)(const basin_reduction *job, basin_sweep *sweep, size_t group,
                        size_t thread);
    void (*add_group)(const basin_reduction *job, basin_sweep *sweep);
    void *state;
};
/* fails only when interrupted */
basin_status basin_reduce(const basin_reduction *job, size_t threads);

/* The batch's inputs in lanes, owned, if the network reads them so. */
basin_status basin_network_lanes(const basin_network *net, basin_batch *batch);
/* The samples asked for: all (borrowed), or a gathered copy; either is released. */
basin_status basin_network_gather(const basin_network *net, const basin_samples *s,
                                  basin_batch *out);
void         basin_network_release(const basin_network *net, basin_batch *batch);

basin_status basin_sweeps_create(const basin_network *net, size_t threads, size_t k, bool own_kept,
                                 basin_sweep ***out);
void         basin_sweeps_destroy(basin_sweep **sweeps, size_t count);
/* makes net->sweeps ready */
basin_status basin_network_sweeps(basin_network *net, size_t *threads);

void basin_loss_add(basin_loss *total, const basin_loss *part); /* all but the weight */

/* theta with the statistics that belong to it; coef [directions] are its coordinates on the way
   there. */
basin_status basin_network_set(basin_network *net, basin_weights *weights, const double *theta);
basin_status basin_network_set_point(basin_network *net, basin_weights *weights,
                                     const double *theta, const double *coef);
bool         basin_network_moves(const basin_network *net); /* do statistics move with theta? */
/* Statistics of the graphs ends[j] (or NULL) at coordinate at[j] of direction j. */
basin_status basin_network_ends(basin_network *net, size_t d, const basin_graph *const *ends,
                                const double *at);
/* Refusals: when the network is made, and for a subset of `samples`. */
basin_status basin_network_check_statistics(const basin_network *net);
basin_status basin_network_check_batches(const basin_network *net, size_t samples);

/* Forward, loss and backward of the chunk that the sweep is bound to. */
void basin_network_primal(const basin_network *net, basin_sweep *sweep, const basin_batch *batch,
                          basin_mode mode);

/* ------------------------------------------------------------- rows of the objective's table -- */

basin_status basin_network_loss(void *ctx, const basin_samples *s, const double *theta,
                                basin_loss *out);
basin_status basin_network_gradient(void *ctx, const basin_samples *s, const double *theta,
                                    basin_loss *out, double *g);
basin_status basin_network_subspace(void *ctx, const basin_samples *s, const double *theta,
                                    const double *dirs, size_t d, const double *coef, size_t n,
                                    basin_loss *out);
basin_status basin_network_freeze(void *ctx, const basin_samples *s, const double *theta,
                                  basin_curvature_kind kind, void **out);
basin_status basin_network_product(void *point, const double *v, size_t k, double *hv);
void         basin_network_thaw(void *point);
void         basin_network_provision(const void *point, basin_provision *out);

#endif
