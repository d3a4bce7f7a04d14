/* Some parameters and samples of an objective, as an objective of its own. With E [P, p] the columns of the
 * identity that the part has, f(x) = L(theta + E (x - theta_part)): gradient Eᵀ∇L, Hessian EᵀHE, and likewise
 * for every operator and for a root, R E. Vectors go by the whole objective's width, a few at a time.
 */
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/objective.h"
#include "core/params.h"

/* vectors of the whole that are held at a time: their numbers, and at most how many */
enum { NUMBERS = 1 << 24, TOGETHER = 16 };

typedef struct restriction {
    basin_objective     *whole;     /* borrowed */
    double              *theta;     /* [P] */
    basin_params        *params;    /* of the part; NULL: the whole has none */
    size_t              *from;      /* [params->count] where each block lies in the whole; not of all */
    size_t               size, all; /* p, P */
    bool                 every;     /* all parameters */
    basin_samples        samples;   /* its index is owned */
    const basin_samples *subset;    /* &samples; NULL: all */
} restriction;

/* --------------------------------------------------------------------------------------- parameters -- */

static void take(const restriction *r, const double *whole, double *part)
{
    if (r->every) {
        basin_copy(whole, part, r->size);
        return;
    }
    for (size_t i = 0; i < r->params->count; i++)
        basin_copy(whole + r->from[i], part + r->params->blocks[i].offset, r->params->blocks[i].size);
}

static void put(const restriction *r, const double *part, double *whole)
{
    if (r->every) {
        basin_copy(part, whole, r->size);
        return;
    }
    for (size_t i = 0; i < r->params->count; i++)
        basin_copy(part + r->params->blocks[i].offset, whole + r->from[i], r->params->blocks[i].size);
}

/* theta of the whole at the part's. */
static basin_status expand(const restriction *r, const double *part, double **out)
{
    basin_status st = BASIN_OK;
    double      *point = NULL;

    BASIN_ALLOC(point, r->all, "a point");
    basin_copy(r->theta, point, r->all);
    put(r, part, point);
    *out = point;
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ samples -- */

/* Samples of the part in numbers of the whole; *index is the caller's to free. */
static basin_status compose(const restriction *r, const basin_samples *s, size_t **index, basin_samples *room,
                            const basin_samples **out)
{
    basin_status st = BASIN_OK;

    *out = s != NULL && r->subset == NULL ? s : r->subset;
    if (s == NULL || r->subset == NULL) return BASIN_OK;
    BASIN_ALLOC(*index, s->count, "samples");
    for (size_t i = 0; i < s->count; i++) {
        BASIN_CHECK(s->index[i] < r->samples.count, BASIN_ERR_ARG, "sample %zu of %zu", s->index[i],
                    r->samples.count);
        (*index)[i] = r->samples.index[s->index[i]];
    }
    *room = (basin_samples){*index, s->count};
    *out = room;
done:
    return st;
}

/* ------------------------------------------------------------------------------- losses and gradients -- */

static basin_status loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    basin_status         st = BASIN_OK;
    const restriction   *r = ctx;
    double              *point = NULL;
    size_t              *index = NULL;
    basin_samples        room;
    const basin_samples *chosen;

    BASIN_TRY(compose(r, s, &index, &room, &chosen));
    BASIN_TRY(expand(r, theta, &point));
    BASIN_TRY(basin_objective_loss(r->whole, chosen, point, out));
done:
    basin_free(point);
    basin_free(index);
    return st;
}

static basin_status gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                             double *g)
{
    basin_status         st = BASIN_OK;
    const restriction   *r = ctx;
    double              *point = NULL, *whole = NULL;
    size_t              *index = NULL;
    basin_samples        room;
    const basin_samples *chosen;

    BASIN_TRY(compose(r, s, &index, &room, &chosen));
    BASIN_TRY(expand(r, theta, &point));
    BASIN_ALLOC(whole, r->all, "a gradient");
    BASIN_TRY(basin_objective_gradient(r->whole, chosen, point, out, whole));
    take(r, whole, g);
done:
    basin_free(point);
    basin_free(whole);
    basin_free(index);
    return st;
}

static basin_status subspace(void *ctx, const basin_samples *s, const double *theta, const double *dirs,
                             size_t d, const double *coef, size_t n, basin_loss *out)
{
    basin_status         st = BASIN_OK;
    const restriction   *r = ctx;
    double              *point = NULL, *whole = NULL;
    size_t              *index = NULL;
    basin_samples        room;
    const basin_samples *chosen;

    BASIN_TRY(compose(r, s, &index, &room, &chosen));
    BASIN_TRY(expand(r, theta, &point));
    BASIN_ALLOC(whole, d * r->all, "directions");
    for (size_t j = 0; j < d; j++) put(r, dirs + j * r->size, whole + j * r->all);
    BASIN_TRY(basin_objective_subspace(r->whole, chosen, point, whole, d, coef, n, out));
done:
    basin_free(point);
    basin_free(whole);
    basin_free(index);
    return st;
}

static basin_status crossings(void *ctx, const basin_samples *s, const double *a, const double *b,
                              uint64_t *out)
{
    basin_status         st = BASIN_OK;
    const restriction   *r = ctx;
    double              *points[2] = {NULL, NULL};
    size_t              *index = NULL;
    basin_samples        room;
    const basin_samples *chosen;

    BASIN_TRY(compose(r, s, &index, &room, &chosen));
    BASIN_TRY(expand(r, a, &points[0]));
    BASIN_TRY(expand(r, b, &points[1]));
    BASIN_TRY(basin_objective_crossings(r->whole, chosen, points[0], points[1], out));
done:
    basin_free(points[0]);
    basin_free(points[1]);
    basin_free(index);
    return st;
}

/* ------------------------------------------------------------------------------------------ products -- */

typedef struct block { /* of a restriction's operator at a frozen theta */
    const restriction *r;
    basin_curvature   *whole;
    size_t             rows;
    size_t             together; /* vectors that fit v and av; 0: the part has all parameters */
    double            *v, *av;   /* [together, P]; v is 0 outside the part */
} block;

static void thaw(void *point)
{
    block *b = point;

    if (b == NULL) return;
    basin_curvature_destroy(&b->whole);
    basin_free(b->v);
    basin_free(b->av);
    basin_free(b);
}

static basin_status freeze(void *ctx, const basin_samples *s, const double *theta, basin_curvature_kind kind,
                           void **out)
{
    basin_status         st = BASIN_OK;
    const restriction   *r = ctx;
    block               *b = NULL;
    double              *point = NULL;
    size_t              *index = NULL;
    basin_samples        room;
    const basin_samples *chosen;

    BASIN_TRY(compose(r, s, &index, &room, &chosen));
    BASIN_TRY(expand(r, theta, &point));
    BASIN_ALLOC(b, 1, "curvature");
    b->r = r;
    b->rows = basin_objective_rows(r->whole, chosen, kind);
    if (!r->every) {
        b->together = NUMBERS / r->all < 1 ? 1 : NUMBERS / r->all < TOGETHER ? NUMBERS / r->all : TOGETHER;
        BASIN_ALLOC(b->v, b->together * r->all, "vectors");
        BASIN_ALLOC(b->av, b->together * r->all, "products");
    }
    BASIN_TRY(basin_curvature_create(r->whole, chosen, point, kind, &b->whole));
    *out = b, b = NULL;
done:
    thaw(b);
    basin_free(point);
    basin_free(index);
    return st;
}

/* Of the k vectors that are left, those that go together. */
static size_t next(const block *b, size_t left)
{
    return left < b->together ? left : b->together;
}

static void put_all(const block *b, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) put(b->r, v + i * b->r->size, b->v + i * b->r->all);
}

static void take_all(const block *b, size_t n, double *v)
{
    for (size_t i = 0; i < n; i++) take(b->r, b->av + i * b->r->all, v + i * b->r->size);
}

static basin_status product(void *point, const double *v, size_t k, double *hv)
{
    basin_status st = BASIN_OK;
    block       *b = point;

    if (b->together == 0) return basin_curvature_product(b->whole, v, k, hv);
    for (size_t j = 0, n; j < k; j += n) {
        n = next(b, k - j);
        put_all(b, v + j * b->r->size, n);
        BASIN_TRY(basin_curvature_product(b->whole, b->v, n, b->av));
        take_all(b, n, hv + j * b->r->size);
    }
done:
    return st;
}

static basin_status root(void *point, const double *v, size_t k, double *rows)
{
    basin_status st = BASIN_OK;
    block       *b = point;

    if (b->together == 0) return basin_curvature_root(b->whole, v, k, rows);
    for (size_t j = 0, n; j < k; j += n) {
        n = next(b, k - j);
        put_all(b, v + j * b->r->size, n);
        BASIN_TRY(basin_curvature_root(b->whole, b->v, n, rows + j * b->rows));
    }
done:
    return st;
}

static basin_status back(void *point, const double *rows, size_t k, double *v)
{
    basin_status st = BASIN_OK;
    block       *b = point;

    if (b->together == 0) return basin_curvature_back(b->whole, rows, k, v);
    for (size_t j = 0, n; j < k; j += n) {
        n = next(b, k - j);
        BASIN_TRY(basin_curvature_back(b->whole, rows + j * b->rows, n, b->av));
        take_all(b, n, v + j * b->r->size);
    }
done:
    return st;
}

static size_t rows_of(const void *ctx, const basin_samples *s, basin_curvature_kind kind)
{
    const restriction *r = ctx;

    return basin_objective_rows(r->whole, s != NULL ? s : r->subset, kind);
}

static void provision(const void *point, basin_provision *out)
{
    basin_curvature_provision(((const block *)point)->whole, out);
}

/* A product is one of the whole over fewer samples. */
static void flops(const void *ctx, basin_flops *out)
{
    const restriction *r = ctx;
    const size_t       all = basin_objective_samples(r->whole);
    const double       share = r->subset != NULL && all > 0 ? (double)r->samples.count / (double)all : 1.0;
    const basin_flops  f = basin_objective_flops(r->whole);

    *out = (basin_flops){.loss = share * f.loss,
                         .gradient = share * f.gradient,
                         .freeze = share * f.freeze,
                         .product = share * f.product,
                         .straight = share * f.straight,
                         .subspace = share * f.subspace};
}

/* ------------------------------------------------------------------------------------------ creation -- */

static void destroy(void *ctx)
{
    restriction *r = ctx;

    if (r == NULL) return;
    basin_free(r->theta);
    basin_free(r->from);
    basin_free((void *)(uintptr_t)r->samples.index);
    basin_params_destroy(&r->params);
    basin_free(r);
}

static const basin_objective_type exact = {
    .name = "part",
    .loss = loss,
    .gradient = gradient,
    .subspace = subspace,
    .freeze = freeze,
    .product = product,
    .rows = rows_of,
    .root = root,
    .back = back,
    .thaw = thaw,
    .provision = provision,
    .crossings = crossings,
    .flops = flops,
    .destroy = destroy,
};

/* Of an objective without products of its own: differences of the part's gradient. */
static const basin_objective_type by_differences = {
    .name = "part",
    .loss = loss,
    .gradient = gradient,
    .subspace = subspace,
    .crossings = crossings,
    .flops = flops,
    .destroy = destroy,
};

static basin_status copy_samples(restriction *r, const basin_samples *samples)
{
    basin_status st = BASIN_OK;
    size_t      *index = NULL;

    if (samples == NULL) return BASIN_OK;
    BASIN_CHECK(samples->count > 0, BASIN_ERR_ARG, "a subset without samples");
    BASIN_ALLOC(index, samples->count, "samples");
    memcpy(index, samples->index, samples->count * sizeof *index);
    r->samples = (basin_samples){index, samples->count};
    r->subset = &r->samples;
done:
    return st;
}

/* The blocks chosen, one after the other; layers keep their numbers. Symmetries are those of all of them. */
static basin_status copy_blocks(restriction *r, const basin_part *part)
{
    basin_status        st = BASIN_OK;
    const basin_params *all = basin_objective_params(r->whole);

    BASIN_CHECK(part->blocks == NULL || (all != NULL && part->count > 0), BASIN_ERR_ARG,
                "a part of the parameters without blocks");
    if (all == NULL) return BASIN_OK;
    if (part->blocks == NULL) return basin_params_copy(all, &r->params);
    const size_t count = part->count;
    BASIN_ALLOC(r->from, count, "blocks");
    BASIN_ALLOC(r->params, 1, "parameters");
    BASIN_ALLOC(r->params->blocks, count, "blocks");
    r->size = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t which = part->blocks[i];
        BASIN_CHECK(which < all->count && (i == 0 || which > part->blocks[i - 1]), BASIN_ERR_ARG,
                    "block %zu of %zu: blocks of a part ascend", which, all->count);
        basin_block *to = &r->params->blocks[i];
        *to = all->blocks[which];
        to->name = NULL;
        r->params->count = i + 1;
        BASIN_STRDUP(to->name, all->blocks[which].name);
        r->from[i] = all->blocks[which].offset;
        to->offset = r->size;
        r->size += to->size;
    }
    r->params->size = r->size;
done:
    return st;
}

basin_status basin_objective_restrict(basin_objective *o, const double *theta, const basin_part *part,
                                      basin_objective **out)
{
    basin_status st = BASIN_OK;
    restriction *r = NULL;
    const bool   products = basin_objective_type_of(o)->freeze != NULL;

    BASIN_ALLOC(r, 1, "a part");
    r->whole = o;
    r->all = r->size = basin_objective_size(o);
    r->every = part->blocks == NULL;
    BASIN_ALLOC(r->theta, r->all, "a point");
    basin_copy(theta, r->theta, r->all);
    BASIN_TRY(copy_samples(r, part->samples));
    BASIN_TRY(copy_blocks(r, part));
    BASIN_TRY(basin_objective_create(
        products ? &exact : &by_differences, r,
        &(basin_objective_facts){.size = r->size,
                                 .samples = r->subset != NULL ? r->samples.count : basin_objective_samples(o),
                                 .params = r->params,
                                 .epsilon = basin_objective_epsilon(o)},
        out));
    r = NULL;
done:
    destroy(r);
    return st;
}

static const restriction *of(const basin_objective *restricted)
{
    return basin_objective_context(restricted);
}

bool basin_objective_is_part(const basin_objective *restricted, const basin_objective *whole)
{
    const basin_objective_type *type = basin_objective_type_of(restricted);

    return (type == &exact || type == &by_differences) && of(restricted)->whole == whole;
}

void basin_part_take(const basin_objective *restricted, const double *whole, double *part)
{
    take(of(restricted), whole, part);
}

void basin_part_put(const basin_objective *restricted, const double *part, double *whole)
{
    put(of(restricted), part, whole);
}
