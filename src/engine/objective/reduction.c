/* The one place where groups of samples are summed, and where threads are.
 *
 * The sum of G parts, G a power of two, is that of a binary tree over group numbers: groups 2i and 2i + 1 are
 * added, then pairs of pairs, and so on, in double. So its bits do not depend on who summed what, and whoever
 * owns an aligned block of groups can sum it alone: what it has to tell the others is one part, the top of
 * its block.
 *
 * Parts may be as long as P numbers times a block of vectors, so the parts of all groups would not fit
 * memory. They are filled wave by wave, a wave being an aligned block of W groups, in two sets of memory by
 * turns (by a lone thread in one). When a wave is filled, its sum is taken range by range of its numbers: of
 * a short strip in the first cache, all W parts are read once, added as the tree has it, and added to the
 * sums of the waves before it that wait for their right neighbour. So the sum is shared by all threads,
 * whatever the number of groups, and each part passes through memory once.
 *
 * Tasks are handed out in one fixed order:
 *
 *     fills of wave 0,  fills of wave 1, sums of wave 0,  fills of wave 2, sums of wave 1,  …,
 *     sums of the last wave
 *
 * and each waits only for tasks that come before it in this order, which somebody has taken already: with any
 * number of threads nothing can lock, and since the fills of another wave lie between, hardly anybody waits.
 * The one wait that cannot be filled with work is that for the last groups. BLAS is single-threaded inside.
 */
#include "engine/objective/reduction.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "core/memory.h"
#include "core/progress.h"

enum {
    LEAVES_A_THREAD = 4, /* parts in memory for each thread: two waves of two */
    ALONE_BYTES = 16,    /* of a part's number, in memory for a lone thread, whose waves need no second set */
    LEAVES_MOST = 1 << 12, /* those of 1024 threads */
    DEPTH = 13,            /* sums of 1, 2, 4, … LEAVES_MOST parts */
    SMALL_BYTES = 1 << 18, /* parts that fit these bytes are one wave at any rate */
    RANGES_A_THREAD = 4,   /* tasks that sum a wave, if it has strips for so many */
    STRIP = 1 << 8,        /* numbers of a part whose sums stay in the first cache */
    TURNS = 1 << 8         /* looks at a counter before the processor is offered to others */
};

struct basin_tree {
    size_t         leaves;
    size_t         sets;   /* of leaves, for waves by turns */
    size_t         waves;  /* at most; counters of so many */
    size_t         levels; /* sums of 1, 2, 4, … waves that wait for their right neighbour */
    size_t         reals;
    size_t         doubles;
    real          *leaf_reals;   /* [leaves, reals] */
    double        *level_reals;  /* [levels, reals] */
    double        *both_doubles; /* [leaves + levels, doubles] */
    atomic_size_t *done;         /* [2, waves] tasks: fills, sums */
};

/* --------------------------------------------------------------------------------------------- memory -- */

static size_t sets_for(size_t threads)
{
    return threads > 1 ? 2 : 1;
}

static size_t leaves_for(size_t groups, size_t threads, size_t reals, size_t doubles)
{
    const size_t bytes = reals * sizeof(real) + doubles * sizeof(double);
    const size_t needed = threads > 1 ? LEAVES_A_THREAD * threads : ALONE_BYTES / sizeof(real);
    size_t       leaves = 1;

    while (leaves < groups && leaves < LEAVES_MOST && (leaves < needed || 2 * leaves * bytes <= SMALL_BYTES))
        leaves *= 2;
    return leaves;
}

/* Groups of a wave: all, or those of one set. */
static size_t wave_of(size_t leaves, size_t sets, size_t groups)
{
    return groups <= leaves ? groups : leaves / sets;
}

static size_t levels_for(size_t waves)
{
    size_t levels = 0;

    while ((size_t)1 << levels < waves) levels++;
    return levels;
}

size_t basin_tree_bytes(size_t groups, size_t threads, size_t reals, size_t doubles)
{
    const size_t leaves = leaves_for(groups, threads, reals, doubles);
    const size_t waves = groups / wave_of(leaves, sets_for(threads), groups), levels = levels_for(waves);

    return basin_block_bytes(1, sizeof(basin_tree)) + basin_block_bytes(leaves * reals, sizeof(real)) +
           basin_block_bytes(levels * reals, sizeof(double)) +
           basin_block_bytes((leaves + levels) * doubles, sizeof(double)) +
           basin_block_bytes(2 * waves, sizeof(atomic_size_t));
}

basin_status basin_tree_create(size_t groups, size_t threads, size_t reals, size_t doubles, basin_tree **out)
{
    basin_status st = BASIN_OK;
    basin_tree  *tree = NULL;

    BASIN_ALLOC(tree, 1, "sums");
    tree->leaves = leaves_for(groups, threads, reals, doubles);
    tree->sets = sets_for(threads);
    tree->waves = groups / wave_of(tree->leaves, tree->sets, groups);
    tree->levels = levels_for(tree->waves);
    tree->reals = reals;
    tree->doubles = doubles;
    BASIN_ALLOC(tree->leaf_reals, tree->leaves * reals, "sums");
    BASIN_ALLOC(tree->level_reals, tree->levels * reals, "sums");
    BASIN_ALLOC(tree->both_doubles, (tree->leaves + tree->levels) * doubles, "sums");
    BASIN_ALLOC(tree->done, 2 * tree->waves, "sums");
    *out = tree, tree = NULL;
done:
    basin_tree_destroy(&tree);
    return st;
}

void basin_tree_destroy(basin_tree **tree)
{
    if (tree == NULL || *tree == NULL) return;
    basin_free((*tree)->leaf_reals);
    basin_free((*tree)->level_reals);
    basin_free((*tree)->both_doubles);
    basin_free((void *)(*tree)->done);
    basin_free(*tree);
    *tree = NULL;
}

/* ----------------------------------------------------------------------------------------------- tasks -- */

typedef struct run {
    const basin_reduction *job;
    basin_tree            *tree;
    size_t                 wave; /* groups */
    size_t                 waves;
    size_t                 sets; /* of parts in memory */
    size_t                 grain;
    size_t                 fills; /* tasks of a wave */
    size_t                 range; /* numbers that one task sums, whole strips */
    size_t                 ranges;
    size_t                 sums;
    atomic_size_t         *filled; /* [waves] tasks done */
    atomic_size_t         *summed;
    atomic_size_t          next;
    atomic_bool            stop;
    basin_status           status; /* of the calling thread, which alone may ask */
} run;

static void wait_for(const atomic_size_t *count, size_t target)
{
    for (size_t turns = 0; atomic_load(count) < target; turns++)
        if (turns >= TURNS) sched_yield();
}

static size_t first_leaf(const run *r, size_t wave)
{
    return wave % r->sets * r->wave;
}

static void fill(run *r, size_t thread, size_t wave, size_t index)
{
    const basin_reduction *job = r->job;
    const size_t           first = index * r->grain, leaf = first_leaf(r, wave) + first;
    real                  *reals = r->tree->leaf_reals + leaf * job->reals;
    double                *doubles = r->tree->both_doubles + leaf * job->doubles;

    if (wave >= r->sets) wait_for(&r->summed[wave - r->sets], r->sums);
    if (thread == 0 && !r->stop) {
        r->status = basin_progress_poll();
        if (r->status != BASIN_OK) r->stop = true;
    }
    if (!r->stop) job->fill(job->state, thread, wave * r->wave + first, r->grain, reals, doubles);
    atomic_fetch_add(&r->filled[wave], 1);
}

static void add(double *to, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

/* The tree over one, two or four parts, `apart` from each other. What was read is in the first cache: it is
 * zeroed for the next wave here, which costs no pass of its own. */
static void take_leaves(real *leaf, size_t apart, size_t count, size_t n, double *restrict to)
{
    const real *restrict a = leaf, *restrict b = count > 1 ? leaf + apart : leaf;
    const real *restrict c = count > 2 ? b + apart : leaf, *restrict d = count > 2 ? c + apart : leaf;

    if (count == 4) {
        for (size_t i = 0; i < n; i++) to[i] = ((double)a[i] + (double)b[i]) + ((double)c[i] + (double)d[i]);
    } else if (count == 2) {
        for (size_t i = 0; i < n; i++) to[i] = (double)a[i] + (double)b[i];
    } else {
        for (size_t i = 0; i < n; i++) to[i] = (double)a[i];
    }
    for (size_t j = 0; j < count; j++) memset(leaf + j * apart, 0, n * sizeof *leaf);
}

/* The tree over a wave's parts, of numbers [start, start + n): to strips[0]. As in a binary counter, a sum of
 * 2^j times four parts stands until the next one of as many is ready. */
static void sum_leaves(const run *r, size_t wave, size_t start, size_t n, double strips[DEPTH][STRIP])
{
    const size_t reals = r->job->reals, count = r->wave < 4 ? r->wave : 4;
    real        *from = r->tree->leaf_reals + first_leaf(r, wave) * reals + start;
    size_t       held = 0;

    for (size_t leaf = 0; leaf < r->wave; leaf += count, from += count * reals) {
        take_leaves(from, reals, count, n, strips[held++]);
        for (size_t before = leaf / count; before % 2 == 1; before /= 2, held--)
            add(strips[held - 2], strips[held - 1], n);
    }
}

static void sum_range(const run *r, size_t wave, size_t range)
{
    const basin_reduction *job = r->job;
    const size_t           first = range * r->range;
    const size_t           end = job->reals - first < r->range ? job->reals : first + r->range;
    double                 strips[DEPTH][STRIP];

    for (size_t start = first; start < end; start += STRIP) {
        const size_t n = end - start < STRIP ? end - start : STRIP;
        double      *level = r->tree->level_reals + start;
        sum_leaves(r, wave, start, n, strips);
        for (size_t before = wave; before % 2 == 1; before /= 2, level += job->reals)
            add(strips[0], level, n);
        if (wave + 1 == r->waves)
            job->take(job->state, start, n, strips[0]);
        else
            memcpy(level, strips[0], n * sizeof *level);
    }
}

/* The same tree, in place. */
static void sum_doubles(const run *r, size_t wave)
{
    const basin_reduction *job = r->job;
    const size_t           n = job->doubles;
    void (*combine)(double *, const double *, size_t) = job->combine != NULL ? job->combine : add;
    double *leaves = r->tree->both_doubles + first_leaf(r, wave) * n, *sum = leaves;
    double *level = r->tree->both_doubles + r->tree->leaves * n;

    for (size_t step = 1; step < r->wave; step *= 2)
        for (size_t leaf = 0; leaf < r->wave; leaf += 2 * step)
            combine(sum + leaf * n, sum + (leaf + step) * n, n);
    for (size_t before = wave; before % 2 == 1; before /= 2, level += n) {
        combine(level, sum, n);
        sum = level;
    }
    memcpy(wave + 1 == r->waves ? job->total : level, sum, n * sizeof *sum);
    memset(leaves, 0, r->wave * n * sizeof *leaves);
}

static void sum(run *r, size_t wave, size_t index)
{
    wait_for(&r->filled[wave], r->fills);
    if (wave > 0) wait_for(&r->summed[wave - 1], r->sums);
    if (r->stop) {
        /* nothing that was not filled is looked at */
    } else if (index < r->ranges) {
        sum_range(r, wave, index);
    } else {
        sum_doubles(r, wave);
    }
    atomic_fetch_add(&r->summed[wave], 1);
}

/* Task by number, in the order that stands above; with one set of parts a wave's sums follow its fills. */
static void work(run *r, size_t thread)
{
    const size_t lag = r->sets - 1, ahead = lag * r->fills, both = r->fills + r->sums;
    const size_t tasks = r->waves * both;
    size_t       task;

    while ((task = atomic_fetch_add(&r->next, 1)) < tasks) {
        const size_t stage = task < ahead ? 0 : lag + (task - ahead) / both;
        const size_t index = task < ahead ? task : (task - ahead) % both;
        if (stage == r->waves)
            sum(r, stage - lag, index);
        else if (index < r->fills)
            fill(r, thread, stage, index);
        else
            sum(r, stage - lag, index - r->fills);
    }
}

/* Parts are zero between runs; those of an interrupted one were not summed. */
static void forget_parts(basin_tree *tree)
{
    memset(tree->leaf_reals, 0, tree->leaves * tree->reals * sizeof *tree->leaf_reals);
    memset(tree->both_doubles, 0, tree->leaves * tree->doubles * sizeof *tree->both_doubles);
}

static size_t pieces(size_t whole, size_t piece)
{
    return (whole + piece - 1) / piece;
}

basin_status basin_reduce(const basin_reduction *job, basin_tree *tree, size_t threads)
{
    const size_t wave = wave_of(tree->leaves, tree->sets, job->groups), waves = job->groups / wave;
    const size_t grain = job->grain < 1 ? 1 : job->grain < wave ? job->grain : wave, fills = wave / grain;
    run          r = {.job = job,
                      .tree = tree,
                      .wave = wave,
                      .waves = waves,
                      .sets = waves > 1 ? tree->sets : 1,
                      .grain = grain,
                      .fills = fills};

    if (threads > waves * fills) threads = waves * fills;
    r.range = pieces(pieces(job->reals, RANGES_A_THREAD * threads), STRIP) * STRIP;
    r.ranges = job->reals > 0 ? pieces(job->reals, r.range) : 0;
    r.sums = r.ranges + (job->doubles > 0);
    r.filled = tree->done;
    r.summed = tree->done + waves;
    for (size_t i = 0; i < 2 * waves; i++) tree->done[i] = 0;
#pragma omp parallel num_threads((int)threads)
    work(&r, (size_t)omp_get_thread_num());
    if (r.stop) forget_parts(tree);
    return r.status;
}
