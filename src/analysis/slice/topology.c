/* The merge tree of the sublevel sets of a grid (Edelsbrunner & Harer, Computational Topology, 2010, chapters
 * VI.2 and VII.1).
 *
 * Method
 *   1. The finite points are taken in by ascending value, equal values by their number. Each is joined
 *      to those of its 8 neighbours that are in already, so that a valley along a diagonal is one.
 *   2. A point without such neighbours is a minimum: a component is born at its value. A point that joins
 *      several components is where they meet: of these the deepest goes on, each other dies there, and its
 *      persistence is the value there less that of its minimum.
 *   3. Components are kept by union-find with halved paths: N log N for N points, of which the log is the
 *      sorting.
 * The components that are left are those of the whole grid: one, unless points that are not finite part it.
 */
#include <math.h>
#include <stdlib.h>

#include "core/memory.h"

typedef struct point {
    double value;
    size_t at;
} point;

typedef struct forest {
    size_t            rows, columns;
    point            *order; /* [count] ascending */
    size_t            count;
    size_t           *parent; /* [rows columns] BASIN_NONE: not in yet */
    size_t           *branch; /* [rows columns] of a root: its branch */
    basin_merge_tree *tree;
} forest;

static int by_value(const void *a, const void *b)
{
    const point *x = a, *y = b;

    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static size_t root_of(forest *f, size_t at)
{
    while (f->parent[at] != at) at = f->parent[at] = f->parent[f->parent[at]];
    return at;
}

/* The component of root b dies at point `at`, where it meets that of root a. */
static void die(forest *f, size_t a, size_t b, const point *at)
{
    basin_merge_branch *dead = &f->tree->branches[f->branch[b]];

    dead->saddle = at->at, dead->death = at->value, dead->persistence = at->value - dead->birth;
    dead->parent = f->branch[a];
    f->parent[b] = a;
}

/* Whether the component of root a is the deeper one, that goes on. */
static bool is_deeper(const forest *f, size_t a, size_t b)
{
    return f->branch[a] < f->branch[b]; /* branches are born in the order of their values */
}

static void be_born(forest *f, const point *p)
{
    f->branch[p->at] = f->tree->branch_count;
    f->tree->branches[f->tree->branch_count++] = (basin_merge_branch){.minimum = p->at,
                                                                      .saddle = BASIN_NONE,
                                                                      .parent = BASIN_NONE,
                                                                      .birth = p->value,
                                                                      .death = INFINITY,
                                                                      .persistence = INFINITY};
}

/* A point and those of its neighbours that are in. */
static void take_in(forest *f, const point *p)
{
    const size_t r = p->at / f->columns, c = p->at % f->columns;
    size_t       root = BASIN_NONE;

    for (size_t k = 0; k < 9; k++) {
        const size_t i = r + k / 3, j = c + k % 3; /* one beyond the neighbour */
        if (k == 4 || i == 0 || j == 0 || i > f->rows || j > f->columns) continue;
        const size_t beside = (i - 1) * f->columns + j - 1;
        if (f->parent[beside] == BASIN_NONE) continue;
        const size_t other = root_of(f, beside);
        if (root == BASIN_NONE) root = other;
        if (other == root) continue;
        const bool first = is_deeper(f, root, other);
        die(f, first ? root : other, first ? other : root, p);
        root = first ? root : other;
    }
    f->parent[p->at] = root != BASIN_NONE ? root : p->at;
    if (root == BASIN_NONE) be_born(f, p);
}

/* By descending persistence; equal ones by the order of their births. */
static int by_persistence(const void *a, const void *b)
{
    const basin_merge_branch *x = a, *y = b;

    if (x->persistence != y->persistence) return x->persistence > y->persistence ? -1 : 1;
    if (x->birth != y->birth) return x->birth < y->birth ? -1 : 1;
    return x->minimum < y->minimum ? -1 : x->minimum > y->minimum;
}

/* Parents are numbers of branches, which sorting changes: they go by way of the minimum. */
static void sort_branches(basin_merge_tree *tree, size_t *at)
{
    for (size_t i = 0; i < tree->branch_count; i++)
        if (tree->branches[i].parent != BASIN_NONE)
            tree->branches[i].parent = tree->branches[tree->branches[i].parent].minimum;
    qsort(tree->branches, tree->branch_count, sizeof *tree->branches, by_persistence);
    for (size_t i = 0; i < tree->branch_count; i++) at[tree->branches[i].minimum] = i;
    for (size_t i = 0; i < tree->branch_count; i++)
        if (tree->branches[i].parent != BASIN_NONE) tree->branches[i].parent = at[tree->branches[i].parent];
}

basin_status basin_merge_tree_compute(const double *values, size_t rows, size_t columns,
                                      basin_merge_tree **out)
{
    basin_status      st = BASIN_OK;
    forest            f = {.rows = rows, .columns = columns};
    basin_merge_tree *tree = NULL;

    BASIN_CHECK(rows > 0 && columns > 0 && columns <= SIZE_MAX / rows, BASIN_ERR_ARG,
                "a merge tree of a grid of %zu x %zu; at least 1 x 1", rows, columns);
    BASIN_ALLOC(tree, 1, "a merge tree");
    BASIN_ALLOC(f.order, rows * columns, "a merge tree");
    BASIN_ALLOC(f.parent, rows * columns, "a merge tree");
    BASIN_ALLOC(f.branch, rows * columns, "a merge tree");
    for (size_t i = 0; i < rows * columns; i++) {
        f.parent[i] = BASIN_NONE;
        if (isfinite(values[i])) f.order[f.count++] = (point){values[i], i};
    }
    BASIN_CHECK(f.count > 0, BASIN_ERR_VALUE, "a merge tree: none of %zu x %zu values is finite", rows,
                columns);
    /* no two minima are neighbours */
    BASIN_ALLOC(tree->branches, f.count, "a merge tree");
    tree->points = f.count, f.tree = tree;
    qsort(f.order, f.count, sizeof *f.order, by_value);
    for (size_t i = 0; i < f.count; i++) take_in(&f, &f.order[i]);
    sort_branches(tree, f.branch);
    *out = tree, tree = NULL;
done:
    basin_free(f.order);
    basin_free(f.parent);
    basin_free(f.branch);
    basin_merge_tree_destroy(&tree);
    return st;
}

void basin_merge_tree_destroy(basin_merge_tree **tree)
{
    if (tree == NULL || *tree == NULL) return;
    basin_free((*tree)->branches);
    basin_free(*tree);
    *tree = NULL;
}
