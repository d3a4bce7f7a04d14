/* Parts of one test set: how far a loss or an accuracy hangs on the rows that it holds.
 *
 *   1. A permutation of 0 … n-1 by seed (BASIN_STREAM_PARTS): the same for every objective of n samples, so
 *      that differences between points can be taken part by part.
 *   2. J runs of it, of ⌊n/J⌋ samples, the first n mod J of one more.
 *   3. Loss and accuracy of each; the standard deviation over parts / √J is the standard error of their mean
 *      over the choice of rows.
 */
#include "core/decay.h"
#include "core/memory.h"
#include "core/random.h"

static basin_status permute(size_t n, uint64_t seed, size_t **out)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(seed, BASIN_STREAM_PARTS);
    size_t      *order = NULL;

    BASIN_ALLOC(order, n, "parts of a test set");
    for (size_t i = 0; i < n; i++) order[i] = i;
    basin_random_shuffle(&random, order, n);
    *out = order;
done:
    return st;
}

basin_status basin_test_parts(basin_objective *test, const double *theta, const basin_decay *included,
                              size_t parts, uint64_t seed, double *loss, double *accuracy)
{
    basin_status st = BASIN_OK;
    size_t       n = basin_objective_samples(test), *order = NULL;

    BASIN_CHECK(parts >= 2 && parts <= n, BASIN_ERR_ARG,
                "%zu parts of a test set of %zu samples: at least 2, and at most as many as samples", parts,
                n);
    BASIN_TRY(permute(n, seed, &order));
    for (size_t j = 0, from = 0; j < parts; j++) {
        basin_samples part = {.index = order + from, .count = n / parts + (j < n % parts)};
        basin_loss    sum = {0};
        BASIN_TRY(basin_objective_loss(test, &part, theta, &sum));
        if (included != NULL) basin_decay_add_loss(included, theta, basin_objective_size(test), &sum);
        loss[j] = basin_loss_value(&sum);
        accuracy[j] = basin_loss_accuracy(&sum);
        from += part.count;
    }
done:
    basin_free(order);
    return st;
}
