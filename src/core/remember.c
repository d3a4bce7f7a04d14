/* An objective that looks into a journal before it computes, and writes into it what it has computed.
 *
 * Method
 *   1. A result is named by everything that it follows from: what the objective is (`identity`), what is
 *      asked, the samples, theta, the vectors. All that basin computes is deterministic, so a result found is
 *      the result that would be computed, to the bit, and nobody who asks can tell the difference.
 *   2. A block of vectors is multiplied, looked up and written in the blocks that the objective multiplies
 *      together: in others it may have other bits. Points of a line or plane have the same bits in any
 *      company, so each is a record, and they are computed some seconds' worth at a time.
 *   3. A point is frozen when the first product is asked for that is not known. That an operator can be
 *      frozen there is a record as well, since a refusal must come where it came before.
 *   4. What is computed faster than it is written is computed again instead: beyond SMALL bytes in the
 *      journal, a record must have taken a second for each RATE bytes of it. Only dense Hessians of few
 *      samples are so fast, and they take less than a minute.
 */
#include "core/remember.h"

#include <string.h>

#include "core/memory.h"
#include "core/objective.h"
#include "core/progress.h"

#define SMALL (64u << 20) /* bytes of a journal in which everything is written */
#define RATE 5e6          /* bytes a second */
#define AT_ONCE 1.0       /* seconds of points of a line or plane that are lost at most */

enum { POINTS_FIRST = 4, POINTS_MOST = 256, INPUTS = 8 };

typedef struct memory {               /* what wraps an objective */
    basin_objective_type        type; /* which answers for it */
    const basin_objective_type *own;
    void                       *ctx;
    basin_journal              *journal; /* borrowed */
    basin_key                   identity;
    size_t                      size; /* P */
} memory;

/* --------------------------------------------------------------------------------------- records -- */

static basin_span reals(const double *v, size_t count)
{
    return (basin_span){v, count * sizeof *v};
}

/* Of a question about some samples, or all. */
static basin_status ask(const memory *m, const char *what, const basin_samples *s, const basin_span *inputs,
                        size_t count, basin_key *out)
{
    basin_status st = BASIN_OK;
    basin_span   spans[INPUTS + 2];
    const bool   all = s == NULL;

    BASIN_CHECK(count <= INPUTS, BASIN_ERR_ARG, "a question of %zu inputs", count);
    spans[0] = (basin_span){&all, sizeof all};
    spans[1] = all ? (basin_span){"", 0} : (basin_span){s->index, s->count * sizeof *s->index};
    memcpy(spans + 2, inputs, count * sizeof *inputs);
    BASIN_TRY(basin_key_make(&m->identity, what, spans, count + 2, out));
done:
    return st;
}

static basin_status write_down(const memory *m, const basin_key *key, const basin_span *spans, size_t count,
                               double seconds)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++) bytes += spans[i].size;
    if (basin_journal_size(m->journal) + bytes > SMALL && (double)bytes > RATE * seconds) return BASIN_OK;
    return basin_journal_append(m->journal, key, spans, count);
}

/* ------------------------------------------------------------------------------- losses and gradients -- */

static basin_status loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    basin_status st = BASIN_OK;
    memory      *m = ctx;
    const double start = basin_seconds();
    basin_key    key;
    bool         found;

    BASIN_TRY(ask(m, "loss", s, &(basin_span){theta, m->size * sizeof *theta}, 1, &key));
    BASIN_TRY(basin_journal_find(m->journal, &key, &(basin_room){out, sizeof *out}, 1, &found));
    if (found) goto done;
    BASIN_TRY(m->own->loss(m->ctx, s, theta, out));
    BASIN_TRY(write_down(m, &key, &(basin_span){out, sizeof *out}, 1, basin_seconds() - start));
done:
    return st;
}

static basin_status gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                             double *g)
{
    basin_status     st = BASIN_OK;
    memory          *m = ctx;
    const double     start = basin_seconds();
    const basin_room rooms[] = {{out, sizeof *out}, {g, m->size * sizeof *g}};
    const basin_span spans[] = {{out, sizeof *out}, {g, m->size * sizeof *g}};
    basin_key        key;
    bool             found;

    BASIN_TRY(ask(m, "gradient", s, &(basin_span){theta, m->size * sizeof *theta}, 1, &key));
    BASIN_TRY(basin_journal_find(m->journal, &key, rooms, 2, &found));
    if (found) goto done;
    BASIN_TRY(m->own->gradient(m->ctx, s, theta, out, g));
    BASIN_TRY(write_down(m, &key, spans, 2, basin_seconds() - start));
done:
    return st;
}

static basin_status crossings(void *ctx, const basin_samples *s, const double *a, const double *b,
                              uint64_t *out)
{
    basin_status     st = BASIN_OK;
    memory          *m = ctx;
    const double     start = basin_seconds();
    const basin_span inputs[] = {reals(a, m->size), reals(b, m->size)};
    basin_key        key;
    bool             found;

    BASIN_TRY(ask(m, "crossings", s, inputs, 2, &key));
    BASIN_TRY(basin_journal_find(m->journal, &key, &(basin_room){out, sizeof *out}, 1, &found));
    if (found) goto done;
    BASIN_TRY(m->own->crossings(m->ctx, s, a, b, out));
    BASIN_TRY(write_down(m, &key, &(basin_span){out, sizeof *out}, 1, basin_seconds() - start));
done:
    return st;
}

/* ------------------------------------------------------------------------------------ lines and planes -- */

typedef struct plane { /* one call */
    const basin_samples *samples;
    const double        *theta, *dirs, *coef;
    size_t               d;
    basin_key           *keys;    /* [n] of the points */
    size_t              *missing; /* [n] those that are not known */
    double              *some;    /* [POINTS_MOST, d] coefficients that are evaluated together */
    basin_loss          *losses;  /* [POINTS_MOST] */
} plane;

/* Fills what is known of out [n]; *missing counts the others. */
static basin_status find_points(const memory *m, plane *p, size_t n, basin_loss *out, size_t *missing)
{
    basin_status     st = BASIN_OK;
    const basin_span inputs[] = {reals(p->theta, m->size), reals(p->dirs, p->d * m->size)};
    basin_key        all;
    bool             found;

    *missing = 0;
    BASIN_TRY(ask(m, "subspace", p->samples, inputs, 2, &all));
    for (size_t i = 0; i < n; i++) {
        const basin_span at = reals(p->coef + i * p->d, p->d);
        BASIN_TRY(basin_key_make(&all, "point", &at, 1, &p->keys[i]));
        BASIN_TRY(
            basin_journal_find(m->journal, &p->keys[i], &(basin_room){&out[i], sizeof *out}, 1, &found));
        if (!found) p->missing[(*missing)++] = i;
    }
done:
    return st;
}

/* The points which [count]. */
static basin_status evaluate_some(const memory *m, plane *p, const size_t *which, size_t count,
                                  basin_loss *out)
{
    basin_status st = BASIN_OK;
    const double start = basin_seconds();

    for (size_t i = 0; i < count; i++)
        memcpy(p->some + i * p->d, p->coef + which[i] * p->d, p->d * sizeof *p->some);
    BASIN_TRY(m->own->subspace(m->ctx, p->samples, p->theta, p->dirs, p->d, p->some, count, p->losses));
    const double each = (basin_seconds() - start) / (double)count;
    for (size_t i = 0; i < count; i++) {
        out[which[i]] = p->losses[i];
        BASIN_TRY(write_down(m, &p->keys[which[i]], &(basin_span){&p->losses[i], sizeof *out}, 1, each));
    }
done:
    return st;
}

/* As many at a time as take about AT_ONCE seconds. */
static basin_status evaluate_missing(const memory *m, plane *p, size_t missing, size_t n, basin_loss *out)
{
    basin_status st = BASIN_OK;
    size_t       most = POINTS_FIRST;

    for (size_t i = 0, count; i < missing; i += count) {
        const double start = basin_seconds();
        count = missing - i < most ? missing - i : most;
        BASIN_TRY(basin_progress_report("slice", (double)(n - missing + i), (double)n));
        BASIN_TRY(evaluate_some(m, p, p->missing + i, count, out));
        const double fit = AT_ONCE * (double)count / (basin_seconds() - start);
        most = fit > 4.0 * (double)most ? 4 * most : fit > 1.0 ? (size_t)fit : 1;
        if (most > POINTS_MOST) most = POINTS_MOST;
    }
done:
    return st;
}

static basin_status subspace(void *ctx, const basin_samples *s, const double *theta, const double *dirs,
                             size_t d, const double *coef, size_t n, basin_loss *out)
{
    basin_status st = BASIN_OK;
    memory      *m = ctx;
    plane        p = {.samples = s, .theta = theta, .dirs = dirs, .coef = coef, .d = d};
    size_t       missing;

    BASIN_ALLOC(p.keys, n, "points");
    BASIN_ALLOC(p.missing, n, "points");
    BASIN_ALLOC(p.some, POINTS_MOST * d, "points");
    BASIN_ALLOC(p.losses, POINTS_MOST, "losses");
    BASIN_TRY(find_points(m, &p, n, out, &missing));
    BASIN_TRY(evaluate_missing(m, &p, missing, n, out));
done:
    basin_free(p.keys);
    basin_free(p.missing);
    basin_free(p.some);
    basin_free(p.losses);
    return st;
}

/* ------------------------------------------------------------------------------------------- curvature -- */

typedef struct recalled { /* an operator at a theta */
    memory              *m;
    basin_key            key;
    void                *point; /* of the objective's own; NULL until it is needed */
    basin_curvature_kind kind;
    double              *theta; /* [P] */
    size_t              *index;
    basin_samples        samples;
    const basin_samples *subset; /* &samples, or NULL for all */
    size_t               rows;   /* of its root, or 0 */
    size_t               block;  /* vectors that are multiplied together; 0: all of a call */
    size_t               aside;  /* bytes that were reserved when it was asked for */
} recalled;

static void thaw(void *point)
{
    recalled *r = point;

    if (r == NULL) return;
    if (r->point != NULL) r->m->own->thaw(r->point);
    basin_free(r->theta);
    basin_free(r->index);
    basin_free(r);
}

static basin_status freeze_own(recalled *r)
{
    basin_status st = BASIN_OK;
    size_t       before;

    if (r->point != NULL) return BASIN_OK;
    before = basin_memory_set_aside(r->aside);
    st = r->m->own->freeze(r->m->ctx, r->subset, r->theta, r->kind, &r->point);
    basin_memory_set_aside(before);
    return st;
}

static basin_status keep_question(recalled *r, const basin_samples *s, const double *theta)
{
    basin_status    st = BASIN_OK;
    const memory   *m = r->m;
    basin_provision plan = {0};

    BASIN_ALLOC(r->theta, m->size, "a point");
    memcpy(r->theta, theta, m->size * sizeof *theta);
    if (s != NULL) {
        BASIN_ALLOC(r->index, s->count, "samples");
        memcpy(r->index, s->index, s->count * sizeof *r->index);
        r->samples = (basin_samples){r->index, s->count};
        r->subset = &r->samples;
    }
    if (m->own->rows != NULL) r->rows = m->own->rows(m->ctx, s, r->kind);
    if (m->own->requirement != NULL) m->own->requirement(m->ctx, 1, &plan);
    r->block = plan.block;
    r->aside = basin_memory_set_aside(0);
    basin_memory_set_aside(r->aside);
done:
    return st;
}

static basin_status freeze(void *ctx, const basin_samples *s, const double *theta, basin_curvature_kind kind,
                           void **out)
{
    basin_status     st = BASIN_OK;
    memory          *m = ctx;
    recalled        *r = NULL;
    const basin_span inputs[] = {{&kind, sizeof kind}, reals(theta, m->size)};
    bool             found;

    BASIN_ALLOC(r, 1, "curvature");
    r->m = m, r->kind = kind;
    BASIN_TRY(keep_question(r, s, theta));
    BASIN_TRY(ask(m, "frozen", s, inputs, 2, &r->key));
    BASIN_TRY(basin_journal_find(m->journal, &r->key, NULL, 0, &found));
    if (!found) {
        BASIN_TRY(freeze_own(r));
        BASIN_TRY(basin_journal_append(m->journal, &r->key, NULL, 0));
    }
    *out = r, r = NULL;
done:
    thaw(r);
    return st;
}

typedef basin_status (*multiply)(void *point, const double *in, size_t k, double *out);

/* Vectors of `in` [k, width_in], in the blocks that are multiplied together. */
static basin_status by_blocks(recalled *r, const char *what, multiply own, const double *in, size_t width_in,
                              size_t k, double *out, size_t width_out)
{
    basin_status st = BASIN_OK;
    memory      *m = r->m;

    for (size_t j = 0, n; j < k; j += n) {
        n = r->block > 0 && r->block < k - j ? r->block : k - j;
        const basin_span input = reals(in + j * width_in, n * width_in);
        double          *to = out + j * width_out;
        const double     start = basin_seconds();
        basin_key        key;
        bool             found;
        BASIN_TRY(basin_key_make(&r->key, what, &input, 1, &key));
        BASIN_TRY(
            basin_journal_find(m->journal, &key, &(basin_room){to, n * width_out * sizeof *to}, 1, &found));
        if (found) continue;
        BASIN_TRY(freeze_own(r));
        BASIN_TRY(own(r->point, in + j * width_in, n, to));
        const basin_span output = reals(to, n * width_out);
        BASIN_TRY(write_down(m, &key, &output, 1, basin_seconds() - start));
    }
done:
    return st;
}

static basin_status product(void *point, const double *v, size_t k, double *hv)
{
    recalled *r = point;

    return by_blocks(r, "product", r->m->own->product, v, r->m->size, k, hv, r->m->size);
}

static basin_status root(void *point, const double *v, size_t k, double *rows)
{
    recalled *r = point;

    return by_blocks(r, "root", r->m->own->root, v, r->m->size, k, rows, r->rows);
}

static basin_status back(void *point, const double *rows, size_t k, double *v)
{
    recalled *r = point;

    return by_blocks(r, "back", r->m->own->back, rows, r->rows, k, v, r->m->size);
}

/* What is not frozen takes nothing. */
static void provision(const void *point, basin_provision *out)
{
    const recalled *r = point;

    if (r->point != NULL && r->m->own->provision != NULL) r->m->own->provision(r->point, out);
}

/* ------------------------------------------------------------------------------------------- the rest -- */

static size_t rows_of(const void *ctx, const basin_samples *s, basin_curvature_kind kind)
{
    const memory *m = ctx;

    return m->own->rows(m->ctx, s, kind);
}

static void requirement(const void *ctx, size_t threads, basin_provision *out)
{
    const memory *m = ctx;

    m->own->requirement(m->ctx, threads, out);
}

/* One pass forward, which is not worth keeping. */
static basin_status features(void *ctx, const double *theta, basin_features *out)
{
    const memory *m = ctx;

    return m->own->features(m->ctx, theta, out);
}

static void flops(const void *ctx, basin_flops *out)
{
    const memory *m = ctx;

    m->own->flops(m->ctx, out);
}

static void destroy(void *ctx)
{
    memory *m = ctx;

    if (m->own->destroy != NULL) m->own->destroy(m->ctx);
    basin_free(m);
}

/* What the objective's own type leaves out, this one does. */
static basin_objective_type type_beside(const basin_objective_type *own)
{
    basin_objective_type type = {.name = own->name, .loss = loss, .gradient = gradient, .destroy = destroy};

    if (own->subspace != NULL) type.subspace = subspace;
    if (own->crossings != NULL) type.crossings = crossings;
    if (own->freeze != NULL) type.freeze = freeze, type.product = product, type.thaw = thaw;
    if (own->freeze != NULL) type.provision = provision;
    if (own->rows != NULL) type.rows = rows_of, type.root = root, type.back = back;
    if (own->requirement != NULL) type.requirement = requirement;
    if (own->features != NULL) type.features = features;
    if (own->flops != NULL) type.flops = flops;
    return type;
}

basin_status basin_objective_remember(basin_objective *o, basin_journal *journal, const char *identity)
{
    basin_status st = BASIN_OK;
    memory      *m = NULL;

    BASIN_CHECK(basin_objective_wrapper(o) == NULL, BASIN_ERR_ARG, "an objective remembers in one journal");
    BASIN_ALLOC(m, 1, "an objective that remembers");
    m->own = basin_objective_type_of(o), m->ctx = basin_objective_context(o);
    m->type = type_beside(m->own);
    m->journal = journal;
    m->size = basin_objective_size(o);
    BASIN_TRY(basin_key_make(NULL, "objective", &(basin_span){identity, strlen(identity)}, 1, &m->identity));
    basin_objective_wrap(o, &m->type, m), m = NULL;
done:
    basin_free(m);
    return st;
}

basin_status basin_recall(const basin_objective *o, const char *what, const basin_span *inputs, size_t count,
                          const basin_room *rooms, size_t room_count, basin_key *key, bool *found)
{
    basin_status  st = BASIN_OK;
    const memory *m = basin_objective_wrapper(o);

    *found = false;
    if (m == NULL) return BASIN_OK;
    BASIN_TRY(ask(m, what, NULL, inputs, count, key));
    BASIN_TRY(basin_journal_find(m->journal, key, rooms, room_count, found));
done:
    return st;
}

basin_status basin_remember(const basin_objective *o, const basin_key *key, const basin_span *spans,
                            size_t count, double seconds)
{
    const memory *m = basin_objective_wrapper(o);

    return m != NULL ? write_down(m, key, spans, count, seconds) : BASIN_OK;
}
