/* An objective that remembers: the same bits, and nothing computed twice. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/journal.h"
#include "core/objective.h"
#include "problem.h"
#include "support.h"

/* ------------------------------------------------------------------------ an objective that is counted -- */

typedef struct counts {
    size_t losses, points, gradients, crossings, freezes, products, roots, backs;
} counts;

static counts now; /* of all counted objectives since it was cleared */

/* Of a network; its answers are the network's. */
static basin_status counted_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    now.losses++;
    return basin_objective_loss(ctx, s, theta, out);
}

static basin_status counted_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                     double *g)
{
    now.gradients++;
    return basin_objective_gradient(ctx, s, theta, out, g);
}

static basin_status counted_subspace(void *ctx, const basin_samples *s, const double *theta,
                                     const double *dirs, size_t d, const double *coef, size_t n,
                                     basin_loss *out)
{
    now.points += n;
    return basin_objective_subspace(ctx, s, theta, dirs, d, coef, n, out);
}

static basin_status counted_crossings(void *ctx, const basin_samples *s, const double *a, const double *b,
                                      uint64_t *out)
{
    now.crossings++;
    return basin_objective_crossings(ctx, s, a, b, out);
}

static basin_status counted_freeze(void *ctx, const basin_samples *s, const double *theta,
                                   basin_curvature_kind kind, void **out)
{
    basin_curvature *c = NULL;
    basin_status     st = basin_curvature_create(ctx, s, theta, kind, &c);

    now.freezes++;
    *out = c;
    return st;
}

static void counted_thaw(void *point)
{
    basin_curvature *c = point;

    basin_curvature_destroy(&c);
}

static basin_status counted_product(void *point, const double *v, size_t k, double *hv)
{
    now.products += k;
    return basin_curvature_product(point, v, k, hv);
}

static size_t counted_rows(const void *ctx, const basin_samples *s, basin_curvature_kind kind)
{
    return basin_objective_rows(ctx, s, kind);
}

static basin_status counted_root(void *point, const double *v, size_t k, double *r)
{
    now.roots += k;
    return basin_curvature_root(point, v, k, r);
}

static basin_status counted_back(void *point, const double *r, size_t k, double *v)
{
    now.backs += k;
    return basin_curvature_back(point, r, k, v);
}

static void counted_requirement(const void *ctx, size_t threads, basin_provision *out)
{
    basin_objective_requirement(ctx, threads, out);
}

static void counted_destroy(void *ctx)
{
    basin_objective *o = ctx;

    basin_objective_destroy(&o);
}

static const basin_objective_type counted = {.name = "counted",
                                             .loss = counted_loss,
                                             .gradient = counted_gradient,
                                             .subspace = counted_subspace,
                                             .freeze = counted_freeze,
                                             .product = counted_product,
                                             .thaw = counted_thaw,
                                             .rows = counted_rows,
                                             .root = counted_root,
                                             .back = counted_back,
                                             .requirement = counted_requirement,
                                             .crossings = counted_crossings,
                                             .destroy = counted_destroy};

static basin_objective *counted_objective(const problem *p)
{
    basin_objective *network = NULL, *o = NULL;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &network));
    assert_ok(basin_objective_create(&counted, network,
                                     &(basin_objective_facts){.size = p->size,
                                                              .samples = basin_objective_samples(network),
                                                              .params = basin_objective_params(network)},
                                     &o));
    return o;
}

/* ---------------------------------------------------------------------------------- everything it does -- */

enum { VECTORS = 21, POINTS = 30 };

typedef struct answers { /* of one objective to all questions */
    basin_loss losses[3], plane[POINTS];
    uint64_t   crossings;
    double    *gradient, *products[4]; /* [P] and [VECTORS, P] */
    double    *rows, *backs;           /* [VECTORS, rows], [VECTORS, P] */
    basin_cost cost;
} answers;

static double *random_vectors(size_t count, size_t size)
{
    double *v = basin_alloc(count * size, sizeof *v);

    for (size_t i = 0; i < count * size; i++) v[i] = (double)((i * 7919 + 13) % 1009) / 1009.0 - 0.5;
    return v;
}

static void ask_curvature(basin_objective *o, const problem *p, answers *a, const double *v)
{
    const basin_curvature_kind kinds[] = {BASIN_HESSIAN, BASIN_GGN, BASIN_COVARIANCE};
    const size_t               index[] = {3, 5, 20, 21, 44};
    basin_curvature           *c = NULL;

    for (size_t i = 0; i < 3; i++) {
        a->products[i] = basin_alloc(VECTORS * p->size, sizeof(double));
        assert_ok(basin_curvature_create(o, NULL, p->theta, kinds[i], &c));
        assert_ok(basin_curvature_product(c, v, VECTORS, a->products[i]));
        if (kinds[i] == BASIN_GGN) {
            const size_t rows = basin_objective_rows(o, NULL, BASIN_GGN);
            a->rows = basin_alloc(VECTORS * rows, sizeof(double));
            a->backs = basin_alloc(VECTORS * p->size, sizeof(double));
            assert_ok(basin_curvature_root(c, v, VECTORS, a->rows));
            assert_ok(basin_curvature_back(c, a->rows, VECTORS, a->backs));
        }
        basin_curvature_destroy(&c);
    }
    a->products[3] = basin_alloc(VECTORS * p->size, sizeof(double));
    assert_ok(basin_curvature_create(o, &(basin_samples){index, 5}, p->theta, BASIN_HESSIAN, &c));
    assert_ok(basin_curvature_product(c, v, VECTORS, a->products[3]));
    basin_curvature_destroy(&c);
}

static answers ask_all(basin_objective *o, const problem *p)
{
    answers      a = {.gradient = basin_alloc(p->size, sizeof(double))};
    const size_t index[] = {1, 2, 30};
    double      *v = random_vectors(VECTORS, p->size), coef[2 * POINTS];

    for (size_t i = 0; i < 2 * POINTS; i++) coef[i] = 0.01 * (double)i;
    assert_ok(basin_objective_loss(o, NULL, p->theta, &a.losses[0]));
    assert_ok(basin_objective_loss(o, &(basin_samples){index, 3}, p->theta, &a.losses[1]));
    assert_ok(basin_objective_gradient(o, NULL, p->theta, &a.losses[2], a.gradient));
    assert_ok(basin_objective_subspace(o, NULL, p->theta, v, 2, coef, POINTS, a.plane));
    assert_ok(basin_objective_crossings(o, NULL, p->theta, v, &a.crossings));
    ask_curvature(o, p, &a, v);
    a.cost = basin_objective_cost(o);
    basin_free(v);
    return a;
}

static void assert_same(const answers *a, const answers *b, const problem *p, size_t rows)
{
    const size_t all = VECTORS * p->size * sizeof(double);

    assert_memory_equal(a->losses, b->losses, sizeof a->losses);
    assert_memory_equal(a->plane, b->plane, sizeof a->plane);
    assert_memory_equal(&a->crossings, &b->crossings, sizeof a->crossings);
    assert_memory_equal(a->gradient, b->gradient, p->size * sizeof(double));
    for (size_t i = 0; i < 4; i++) assert_memory_equal(a->products[i], b->products[i], all);
    assert_memory_equal(a->rows, b->rows, VECTORS * rows * sizeof(double));
    assert_memory_equal(a->backs, b->backs, all);
    assert_memory_equal(&a->cost, &b->cost, sizeof a->cost);
}

static void answers_clear(answers *a)
{
    basin_free(a->gradient);
    for (size_t i = 0; i < 4; i++) basin_free(a->products[i]);
    basin_free(a->rows);
    basin_free(a->backs);
}

static size_t records; /* of the journal that was closed last */

static answers remembered(const problem *p, const char *path, const char *identity)
{
    basin_objective *o = counted_objective(p);
    basin_journal   *j = NULL;
    answers          a;

    assert_ok(basin_journal_open(path, "test: 1\n", &j));
    assert_ok(basin_objective_remember(o, j, identity));
    a = ask_all(o, p);
    basin_objective_destroy(&o);
    records = basin_journal_tell(j).records;
    basin_journal_close(&j);
    return a;
}

static const counts nothing;

static void a_second_time_nothing_is_computed_and_the_bits_are_the_same(void **state)
{
    problem          p = problem_relu(1);
    const char      *path = basin_test_scratch("second");
    basin_objective *o = counted_objective(&p);
    const size_t     rows = basin_objective_rows(o, NULL, BASIN_GGN);
    answers          bare = ask_all(o, &p), first, second;

    (void)state;
    basin_objective_destroy(&o);
    now = nothing;
    first = remembered(&p, path, "this");
    const counts once = now;
    assert_true(once.products > 0 && once.points == POINTS && once.roots > 0 && once.backs > 0);
    assert_same(&bare, &first, &p, rows);
    now = nothing;
    second = remembered(&p, path, "this");
    assert_memory_equal(&now, &nothing, sizeof now);
    assert_same(&bare, &second, &p, rows);
    answers_clear(&second);
    now = nothing;
    second = remembered(&p, path, "that"); /* another objective in the same journal */
    assert_memory_equal(&now, &once, sizeof now);
    answers_clear(&bare), answers_clear(&first), answers_clear(&second);
    problem_release(&p);
}

/* Cut anywhere, as by a kill, the journal gives the same bits, and what it has lost is computed. */
static void from_any_part_of_a_journal_the_bits_are_the_same(void **state)
{
    problem p = problem_relu(2);
    char    path[1024], part[1024], command[2200];
    size_t  fewer = SIZE_MAX;
    FILE   *file;
    long    size;

    (void)state;
    snprintf(path, sizeof path, "%s", basin_test_scratch("whole"));
    snprintf(part, sizeof part, "%s", basin_test_scratch("part"));
    basin_objective *o = counted_objective(&p);
    const size_t     rows = basin_objective_rows(o, NULL, BASIN_GGN);
    basin_objective_destroy(&o);
    answers      whole = remembered(&p, path, "this");
    const size_t all = records;
    assert_non_null(file = fopen(path, "rb"));
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    fclose(file);
    for (long i = 0; i <= 12; i++) {
        snprintf(command, sizeof command, "cp '%s' '%s'", path, part);
        assert_int_equal(system(command), 0);
        assert_int_equal(truncate(part, size * i / 12), 0);
        now = nothing;
        answers a = remembered(&p, part, "this");
        assert_same(&whole, &a, &p, rows);
        assert_int_equal(records, all); /* what was there was not made again, the rest was */
        answers_clear(&a);
        const size_t made = now.losses + now.points + now.gradients + now.products + now.roots + now.backs;
        assert_true(made <= fewer);
        fewer = made;
    }
    assert_int_equal(fewer, 0);
    answers_clear(&whole);
    problem_release(&p);
}

/* -------------------------------------------------------------------------------------------- analyses -- */

typedef struct results {
    basin_spectrum *dense, *lanczos, *slq, *part;
    basin_trace    *trace;
    basin_batches  *batches;
} results;

static results analyse(basin_objective *o, const problem *p)
{
    results                r = {0};
    basin_point           *point = NULL, *at = NULL;
    basin_objective       *restricted = NULL;
    basin_spectrum_options lanczos = {.method = BASIN_SPECTRUM_LANCZOS, .top = 3, .bottom = 1, .probes = 4};
    const size_t           blocks[] = {0, 2};
    double                *theta;

    assert_ok(basin_point_create(o, p->theta, NULL, &point));
    assert_ok(basin_spectrum_compute(
        point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE, .top = 2, .vectors = true},
        &r.dense));
    assert_ok(basin_spectrum_compute(point, &lanczos, &r.lanczos));
    assert_ok(basin_spectrum_compute(
        point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .deflation = 5, .steps = 8}, &r.slq));
    assert_ok(basin_trace_compute(point, &(basin_trace_options){.products = 20}, &r.trace));
    assert_ok(basin_batches_compute(
        point,
        &(basin_batches_options){.count = 3, .batch_size = 20, .beta = (double)NAN, .learning_rate = 0.1},
        &r.batches));
    assert_ok(
        basin_objective_restrict(o, p->theta, &(basin_part){.blocks = blocks, .count = 2}, &restricted));
    theta = basin_alloc(basin_objective_size(restricted), sizeof *theta);
    basin_part_take(restricted, p->theta, theta);
    assert_ok(basin_point_create(restricted, theta, NULL, &at));
    assert_ok(basin_spectrum_compute(at, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &r.part));
    basin_point_destroy(&at);
    basin_point_destroy(&point);
    basin_objective_destroy(&restricted);
    basin_free(theta);
    return r;
}

/* All numbers of both, to the bit. */
static void assert_identical(basin_result_kind kind, void *a, void *b)
{
    basin_result *one = NULL, *two = NULL;
    char         *texts[2] = {NULL, NULL};
    double        difference;
    char          where[128];

    assert_ok(basin_result_create(kind, a, NULL, &one));
    assert_ok(basin_result_create(kind, b, NULL, &two));
    assert_ok(basin_result_compare(one, two, &difference, where));
    assert_true(difference == 0.0);
    assert_ok(basin_result_json((const basin_result *const *)&one, 1, &texts[0]));
    assert_ok(basin_result_json((const basin_result *const *)&two, 1, &texts[1]));
    assert_string_equal(texts[0], texts[1]);
    basin_free(texts[0]);
    basin_free(texts[1]);
    basin_result_destroy(&one); /* with what it holds */
    basin_result_destroy(&two);
}

static void results_compare(results *a, results *b)
{
    assert_identical(BASIN_RESULT_SPECTRUM, a->dense, b->dense);
    assert_identical(BASIN_RESULT_SPECTRUM, a->lanczos, b->lanczos);
    assert_identical(BASIN_RESULT_SPECTRUM, a->slq, b->slq);
    assert_identical(BASIN_RESULT_SPECTRUM, a->part, b->part);
    assert_identical(BASIN_RESULT_TRACE, a->trace, b->trace);
    assert_identical(BASIN_RESULT_BATCHES, a->batches, b->batches);
}

static void analyses_come_out_of_the_journal_unchanged(void **state)
{
    problem          p = problem_relu(3);
    const char      *path = basin_test_scratch("analyses");
    basin_objective *o = counted_objective(&p);
    basin_journal   *j = NULL;

    (void)state;
    for (int again = 0; again < 2; again++) {
        results bare = analyse(o, &p), kept;
        basin_objective_destroy(&o);
        o = counted_objective(&p);
        assert_ok(basin_journal_open(path, "test: 1\n", &j));
        assert_ok(basin_objective_remember(o, j, "this"));
        now = nothing;
        kept = analyse(o, &p);
        if (again > 0) assert_memory_equal(&now, &nothing, sizeof now);
        results_compare(&bare, &kept);
        basin_objective_destroy(&o);
        basin_journal_close(&j);
        o = counted_objective(&p);
    }
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* ----------------------------------------------------------------------------------------------- edges -- */

static void what_is_refused_is_refused_with_a_journal_too(void **state)
{
    double           weights[RELU_OUT] = {1, 2, 3};
    problem          p = problem_relu(4);
    const char      *path = basin_test_scratch("refused");
    basin_objective *o = NULL;
    basin_journal   *j = NULL;
    basin_curvature *c = NULL;

    (void)state;
    p.loss.weight_count = RELU_OUT, p.loss.weights = weights;
    o = counted_objective(&p);
    assert_ok(basin_journal_open(path, "test: 1\n", &j));
    assert_ok(basin_objective_remember(o, j, "this"));
    for (int again = 0; again < 2; again++) {
        assert_status(basin_curvature_create(o, NULL, p.theta, BASIN_FISHER, &c), BASIN_ERR_UNSUPPORTED);
        assert_null(c);
    }
    assert_status(basin_objective_remember(o, j, "this"), BASIN_ERR_ARG);
    basin_objective_destroy(&o);
    basin_journal_close(&j);
    problem_release(&p);
}

/* A network is recognised as one, and has its outputs, when it remembers. */
static void a_network_that_remembers_is_a_network(void **state)
{
    problem          p = problem_relu(5);
    const char      *path = basin_test_scratch("network");
    basin_objective *o = NULL;
    basin_journal   *j = NULL;
    double          *output = NULL;
    size_t           width;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_journal_open(path, "test: 1\n", &j));
    assert_ok(basin_objective_remember(o, j, "this"));
    assert_ok(basin_network_output(o, p.theta, &width, &output));
    assert_int_equal(width, RELU_OUT);
    basin_free(output);
    basin_objective_destroy(&o);
    basin_journal_close(&j);
    problem_release(&p);
}

typedef struct setting {
    const problem *p;
    const char    *path;
} setting;

static basin_status ask_a_little(void *payload)
{
    basin_status     st = BASIN_OK;
    const setting   *s = payload;
    basin_objective *o = NULL;
    basin_journal   *j = NULL;
    basin_curvature *c = NULL;
    double          *g = NULL;
    basin_loss       losses[2];

    BASIN_ALLOC(g, s->p->size, "a gradient");
    BASIN_TRY(basin_network_objective(s->p->graph, &s->p->loss, &s->p->data, NULL, &o));
    BASIN_TRY(basin_journal_open(s->path, "test: 1\n", &j));
    BASIN_TRY(basin_objective_remember(o, j, "this"));
    BASIN_TRY(basin_objective_gradient(o, NULL, s->p->theta, losses, g));
    BASIN_TRY(basin_objective_subspace(o, NULL, s->p->theta, g, 1, (double[]){0.0, 1.0}, 2, losses));
    BASIN_TRY(basin_curvature_create(o, NULL, s->p->theta, BASIN_HESSIAN, &c));
    BASIN_TRY(basin_curvature_product(c, s->p->theta, 1, g));
done:
    basin_curvature_destroy(&c);
    basin_objective_destroy(&o);
    basin_journal_close(&j);
    basin_free(g);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = problem_relu(6);
    char    path[1024];

    (void)state;
    snprintf(path, sizeof path, "%s", basin_test_scratch("clean"));
    basin_test_every_allocation(ask_a_little, &(setting){&p, path});
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_time_nothing_is_computed_and_the_bits_are_the_same),
        cmocka_unit_test(from_any_part_of_a_journal_the_bits_are_the_same),
        cmocka_unit_test(analyses_come_out_of_the_journal_unchanged),
        cmocka_unit_test(what_is_refused_is_refused_with_a_journal_too),
        cmocka_unit_test(a_network_that_remembers_is_a_network),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
