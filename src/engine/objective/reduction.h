/* Sums over groups of samples: one tree, whose shape depends on the number of groups alone. */
#ifndef BASIN_ENGINE_OBJECTIVE_REDUCTION_H
#define BASIN_ENGINE_OBJECTIVE_REDUCTION_H

#include "engine/real.h"

/* Memory for the parts of as many groups as are at work or wait for their sum. */
typedef struct basin_tree basin_tree;

/* groups: a power of two. A part is what one group contributes: `reals` numbers in the engine's
   precision and `doubles` in double. The tree also serves fewer groups and smaller parts. */
basin_status basin_tree_create(size_t groups, size_t threads, size_t reals, size_t doubles,
                               basin_tree **out);
void         basin_tree_destroy(basin_tree **tree);
size_t       basin_tree_bytes(size_t groups, size_t threads, size_t reals, size_t doubles);

typedef struct basin_reduction {
    size_t groups; /* a power of two */
    /* groups that one call of fill should take, a power of two; it may take fewer (0: one) */
    size_t grain;
    size_t reals;
    size_t doubles;
    /* On any thread: adds to the parts of groups [group, group + count), which are zero and lie one
       after the other; every group's part must come out the same whatever count is. */
    void (*fill)(void *state, size_t thread, size_t group, size_t count, real *reals,
                 double *doubles);
    /* left [doubles] becomes what both say together; NULL: their sum. */
    void (*combine)(double *left, const double *right, size_t doubles);
    /* On any thread: numbers [first, first + count) of the sum over all groups of `reals`. Needed
       if there are any. */
    void (*take)(void *state, size_t first, size_t count, const double *sums);
    double *total; /* [doubles] */
    void   *state;
} basin_reduction;

/* The bits do not depend on threads, grain or tree. It fails only when interrupted: then nothing of
   the sum is of use. */
basin_status basin_reduce(const basin_reduction *job, basin_tree *tree, size_t threads);

#endif
