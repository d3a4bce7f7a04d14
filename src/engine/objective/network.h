/* A network bound to its samples. samples.h says which of them are a chunk and a group, reduction.h
 * sums over groups, workers.h has the threads; gradient.c, subspace.c, curvature.c and crossings.c
 * each fill rows of the objective's table; bound.c makes it.
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
    basin_plan     *plan;   /* of the graph with convolutions folded where statistics are stored */
    basin_params   *params; /* with the roles that the graph as it is gives them */
    basin_loss_spec loss;   /* owned */
    uint64_t        seed;   /* of labels that a Fisher matrix draws */
    basin_batch     data;   /* all samples; arrays owned */
    /* samples that stay together: those of a row of lanes, or a batch of BatchNormalization */
    size_t           unit;
    size_t           most;    /* units that a chunk has at most */
    size_t           chunk;   /* samples of those: sweeps are made for so many */
    basin_weights   *weights; /* theta of the gradient */
    basin_statistics statistics;
    /* of the gradient and what only goes forward; made on first use: workers.h */
    struct basin_workers *workers;
} basin_network;

static inline bool basin_is_batch_norm(const basin_node *node)
{
    return node->op == &REAL(basin_op_BatchNormalization);
}

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

/* What a group's part says of the loss, in double. */
enum { BASIN_LOSS_SUMS = 3 };
/* sums [BASIN_LOSS_SUMS] += sum, correct, count */
void       basin_loss_to(const basin_loss *loss, double *sums);
basin_loss basin_loss_from(const double *sums, double weight);

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
size_t       basin_network_rows(const void *ctx, const basin_samples *s, basin_curvature_kind kind);
basin_status basin_network_root(void *point, const double *v, size_t k, double *r);
basin_status basin_network_back(void *point, const double *r, size_t k, double *v);
void         basin_network_thaw(void *point);
void         basin_network_provision(const void *point, basin_provision *out);
void         basin_network_requirement(const void *ctx, size_t threads, basin_provision *out);
basin_status basin_network_crossings(void *ctx, const basin_samples *s, const double *a,
                                     const double *b, uint64_t *out);
basin_status basin_network_features(void *ctx, const double *theta, basin_features *out);
/* [N, width] */
basin_status basin_network_outputs(void *ctx, const double *theta, double *out);

#endif
