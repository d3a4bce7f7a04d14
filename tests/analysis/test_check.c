/* `check` passes what is right, catches planted errors of each kind, and does not blame kinks or rounding. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"

enum { P = 5, N = 40 };

/* L = mean over samples of softplus(x·θ) + 0.05 (x·θ)⁴, with faults to plant. */
typedef struct smooth {
    double x[N][P];
    double theta[P]; /* frozen */
    /* relative errors of one entry; asymmetric part; part quadratic in v */
    double gradient_fault, product_fault, skew, bend;
    double kink; /* steps longer than this cross one; 0 = none */
} smooth;

static double softplus(double z)
{
    return z > 0.0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

static basin_status smooth_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                    double *g)
{
    const smooth *q = ctx;
    size_t        count = s ? s->count : N;

    *out = (basin_loss){.weight = (double)count};
    memset(g, 0, P * sizeof *g);
    for (size_t k = 0; k < count; k++) {
        const double *x = q->x[s ? s->index[k] : k];
        double        z = basin_dot(x, theta, P), d = 1.0 / (1.0 + exp(-z)) + 0.2 * z * z * z;
        out->sum += softplus(z) + 0.05 * z * z * z * z;
        basin_axpy(d / (double)count, x, g, P);
    }
    g[2] *= 1.0 + q->gradient_fault;
    return BASIN_OK;
}

static basin_status smooth_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    double g[P];
    return smooth_gradient(ctx, s, theta, out, g);
}

typedef struct frozen { /* Hessian of the samples asked for */
    const smooth *q;
    double        h[P * P];
} frozen;

static basin_status smooth_freeze(void *ctx, const basin_samples *s, const double *theta,
                                  basin_curvature_kind kind, void **point)
{
    basin_status  st = BASIN_OK;
    const smooth *q = ctx;
    size_t        count = s ? s->count : N;
    frozen       *f = NULL;

    (void)kind;
    BASIN_ALLOC(f, 1, "a frozen point");
    f->q = q;
    for (size_t k = 0; k < count; k++) {
        const double *x = q->x[s ? s->index[k] : k];
        double        z = basin_dot(x, theta, P), e = 1.0 / (1.0 + exp(-z)), d = e * (1.0 - e) + 0.6 * z * z;
        for (size_t i = 0; i < P; i++) basin_axpy(d * x[i] / (double)count, x, f->h + i * P, P);
    }
    *point = f;
done:
    return st;
}

static basin_status smooth_product(void *point, const double *v, size_t k, double *hv)
{
    const frozen *f = point;

    for (size_t j = 0; j < k; j++, v += P, hv += P) {
        for (size_t i = 0; i < P; i++) hv[i] = basin_dot(f->h + i * P, v, P);
        hv[1] *= 1.0 + f->q->product_fault;
        hv[0] += f->q->skew * v[3], hv[3] -= f->q->skew * v[0];
        hv[4] += f->q->bend * v[0] * v[0];
    }
    return BASIN_OK;
}

static void smooth_thaw(void *point)
{
    basin_free(point);
}

static basin_status smooth_crossings(void *ctx, const basin_samples *s, const double *a, const double *b,
                                     uint64_t *out)
{
    const smooth *q = ctx;
    double        square = 0.0;

    (void)s;
    for (size_t i = 0; i < P; i++) square += (a[i] - b[i]) * (a[i] - b[i]);
    *out = q->kink > 0.0 && sqrt(square) > q->kink;
    return BASIN_OK;
}

static const basin_objective_type smooth_type = {.name = "smooth",
                                                 .loss = smooth_loss,
                                                 .gradient = smooth_gradient,
                                                 .freeze = smooth_freeze,
                                                 .product = smooth_product,
                                                 .thaw = smooth_thaw,
                                                 .crossings = smooth_crossings};
static const basin_objective_type without_products = {
    .name = "without products", .loss = smooth_loss, .gradient = smooth_gradient};

static const double theta5[P] = {0.4, -0.3, 0.8, 0.1, -0.5};

static void smooth_start(smooth *q)
{
    basin_random r = basin_random_start(4, BASIN_STREAM_TEST);

    *q = (smooth){0};
    basin_random_normals(&r, q->x[0], (size_t)N * P);
}

static basin_check *run(smooth *q, const basin_objective_type *type)
{
    basin_objective *o = NULL;
    basin_check     *check = NULL;

    assert_ok(basin_objective_create(type, q, &(basin_objective_facts){.size = P, .samples = N}, &o));
    assert_ok(basin_check_compute(o, theta5, &(basin_check_options){.seed = 1}, &check));
    basin_objective_destroy(&o);
    return check;
}

static const basin_check_item *item(const basin_check *check, const char *name)
{
    for (size_t i = 0; i < check->item_count; i++)
        if (strcmp(check->items[i].name, name) == 0) return &check->items[i];
    fail_msg("no item %s", name);
    return NULL;
}

static void assert_verdict(const basin_check *check, const char *name, basin_check_verdict verdict)
{
    const basin_check_item *i = item(check, name);

    if (i->verdict == (int)verdict) return;
    fail_msg("%s: verdict %d, expected %d; error %g, tolerance %g, value %.17g, expected %.17g: %s", name,
             i->verdict, (int)verdict, i->error, i->tolerance, i->value, i->expected, i->detail);
}

static void what_is_right_passes(void **unused)
{
    smooth q;

    (void)unused;
    smooth_start(&q);
    basin_check             *check = run(&q, &smooth_type);
    static const char *const names[] = {"gradient",  "product",  "symmetry",
                                        "linearity", "taylor:1", "taylor:2"};
    assert_int_equal(check->item_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(check->items[i].name, names[i]);
        assert_verdict(check, names[i], BASIN_CHECK_PASSED);
        assert_non_null(check->items[i].detail);
    }
    assert_close(item(check, "taylor:1")->value, 2.0, 0.0, 0.1);
    assert_close(item(check, "taylor:2")->value, 3.0, 0.0, 0.1);
    assert_true(item(check, "gradient")->tolerance < 1e-8);
    assert_true(item(check, "product")->tolerance < 1e-6 * item(check, "product")->value);
    assert_false(check->failed);
    assert_int_equal(check->parameters, P);
    assert_int_equal(check->samples, N);
    basin_check_destroy(&check);
    basin_check_destroy(&check);
    basin_check_destroy(NULL);
}

static void a_wrong_gradient_is_caught(void **unused)
{
    smooth q;

    (void)unused;
    for (int i = 0; i < 2; i++) {
        smooth_start(&q);
        q.gradient_fault = i == 0 ? 1e-5 : -2.0;
        basin_check *check = run(&q, &smooth_type);
        assert_verdict(check, "gradient", BASIN_CHECK_FAILED);
        if (i == 1) assert_verdict(check, "product", BASIN_CHECK_FAILED);
        assert_verdict(check, "taylor:1", BASIN_CHECK_FAILED);
        assert_true(item(check, "taylor:1")->value < 1.85);
        assert_true(check->failed);
        basin_check_destroy(&check);
    }
}

static void a_wrong_product_is_caught(void **unused)
{
    smooth q;

    (void)unused;
    smooth_start(&q);
    q.product_fault = 1e-4;
    basin_check *check = run(&q, &smooth_type);
    assert_verdict(check, "gradient", BASIN_CHECK_PASSED);
    assert_verdict(check, "product", BASIN_CHECK_FAILED);
    assert_verdict(check, "symmetry", BASIN_CHECK_FAILED);
    assert_verdict(check, "linearity", BASIN_CHECK_PASSED);
    assert_verdict(check, "taylor:1", BASIN_CHECK_PASSED);
    assert_true(check->failed);
    basin_check_destroy(&check);
    q.product_fault = 0.2;
    check = run(&q, &smooth_type);
    assert_verdict(check, "taylor:2", BASIN_CHECK_FAILED);
    assert_close(item(check, "taylor:2")->value, 2.0, 0.0, 0.1);
    basin_check_destroy(&check);
}

static void asymmetry_and_bends_are_caught(void **unused)
{
    smooth q;

    (void)unused;
    smooth_start(&q);
    q.skew = 1e-9;
    basin_check *check = run(&q, &smooth_type);
    assert_verdict(check, "symmetry", BASIN_CHECK_FAILED);
    basin_check_destroy(&check);
    q.skew = 0.0, q.bend = 1e-9;
    check = run(&q, &smooth_type);
    assert_verdict(check, "linearity", BASIN_CHECK_FAILED);
    basin_check_destroy(&check);
}

static void kinks_shorten_steps_or_make_items_not_testable(void **unused)
{
    smooth q;

    (void)unused;
    smooth_start(&q);
    q.kink = 2e-6; /* 2h at first is longer */
    basin_check *check = run(&q, &smooth_type);
    assert_verdict(check, "gradient", BASIN_CHECK_PASSED);
    assert_verdict(check, "product", BASIN_CHECK_PASSED);
    assert_true(item(check, "taylor:1")->verdict != BASIN_CHECK_FAILED);
    assert_true(item(check, "taylor:2")->verdict != BASIN_CHECK_FAILED);
    assert_false(check->failed);
    basin_check_destroy(&check);
    q.kink = 2e-7;
    check = run(&q, &smooth_type);
    assert_verdict(check, "taylor:2", BASIN_CHECK_NOT_TESTABLE);
    assert_non_null(strstr(item(check, "taylor:2")->detail, "kinks"));
    assert_false(check->failed);
    basin_check_destroy(&check);
    q.kink = 1e-300, q.gradient_fault = 0.1; /* nothing can be said, so nothing is */
    check = run(&q, &smooth_type);
    assert_verdict(check, "gradient", BASIN_CHECK_NOT_TESTABLE);
    assert_non_null(strstr(item(check, "gradient")->detail, "kinks"));
    assert_verdict(check, "taylor:1", BASIN_CHECK_NOT_TESTABLE);
    assert_verdict(check, "symmetry", BASIN_CHECK_PASSED);
    assert_false(check->failed);
    basin_check_destroy(&check);
}

static void products_by_differences_are_not_checked_against_themselves(void **unused)
{
    smooth q;

    (void)unused;
    smooth_start(&q);
    basin_check *check = run(&q, &without_products);
    assert_verdict(check, "product", BASIN_CHECK_NOT_TESTABLE);
    assert_verdict(check, "symmetry", BASIN_CHECK_PASSED);
    assert_verdict(check, "linearity", BASIN_CHECK_PASSED);
    assert_false(check->failed);
    basin_check_destroy(&check);
}

static void on_a_quadratic_the_second_expansion_is_exact(void **unused)
{
    double           a[P * P], lambda[P] = {50.0, 3.0, 1.0, 0.0, -2.0}, b[P] = {1.0, -1.0, 0.5, 0.2, 0.3};
    basin_objective *o = NULL;
    basin_check     *check = NULL;

    (void)unused;
    basin_test_planted(lambda, P, 2, a);
    assert_ok(basin_test_quadratic(a, b, 1.0, P, &o));
    assert_ok(basin_check_compute(o, theta5, NULL, &check));
    for (size_t i = 0; i < check->item_count; i++)
        assert_verdict(check, check->items[i].name, BASIN_CHECK_PASSED);
    assert_close(item(check, "taylor:1")->value, 2.0, 0.0, 1e-3);
    assert_non_null(strstr(item(check, "taylor:2")->detail, "below rounding"));
    basin_check_destroy(&check);
    assert_status(basin_check_compute(o, (double[P]){NAN}, NULL, &check), BASIN_ERR_VALUE);
    assert_null(check);
    basin_objective_destroy(&o);
}

/* ---------------------------------------------------------------------------------------- many samples -- */

/* 1,000 samples, the N of `smooth` over and over: directions of one tensor and two products of three take
   256. */
enum { MANY = 1000 };

typedef struct many {
    smooth       q;
    basin_params params;
    basin_block  block;
    double       first_fault;     /* of the gradient of the first of the N samples: one in 25 of the MANY */
    double       whole_fault;     /* of gradients over all samples alone */
    bool         whole_kinks;     /* in every step, on all samples alone */
    bool         no_targets;      /* that count, on some samples alone */
    size_t       on_some, on_all; /* losses asked for */
} many;

/* The N samples in proportion to how often they stand in `s`. */
static basin_status many_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                  double *g)
{
    many         *m = ctx;
    const size_t  count = s != NULL ? s->count : MANY;
    size_t        index[MANY];
    basin_status  st = BASIN_OK;
    basin_samples reduced = {.index = index, .count = count};

    for (size_t i = 0; i < count; i++) index[i] = (s != NULL ? s->index[i] : i) % N;
    BASIN_CHECK(!m->no_targets || s == NULL || count < 200, BASIN_ERR_VALUE, "no target counts");
    BASIN_TRY(smooth_gradient(&m->q, &reduced, theta, out, g));
    for (size_t i = 0; i < count; i++)
        if (index[i] == 0) g[3] += m->first_fault / (double)count;
    if (s == NULL) g[0] *= 1.0 + m->whole_fault;
done:
    return st;
}

static basin_status many_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    many  *m = ctx;
    double g[P];

    if (s == NULL) m->on_all++;
    if (s != NULL && s->count == 256) m->on_some++;
    return many_gradient(m, s, theta, out, g);
}

static basin_status many_freeze(void *ctx, const basin_samples *s, const double *theta,
                                basin_curvature_kind kind, void **point)
{
    const size_t  count = s != NULL ? s->count : MANY;
    size_t        index[MANY];
    basin_samples reduced = {.index = index, .count = count};

    for (size_t i = 0; i < count; i++) index[i] = (s != NULL ? s->index[i] : i) % N;
    return smooth_freeze(&((many *)ctx)->q, &reduced, theta, kind, point);
}

static basin_status many_crossings(void *ctx, const basin_samples *s, const double *a, const double *b,
                                   uint64_t *out)
{
    (void)a, (void)b;
    *out = ((many *)ctx)->whole_kinks && (s == NULL || s->count > 256);
    return BASIN_OK;
}

static const basin_objective_type many_type = {.name = "many",
                                               .loss = many_loss,
                                               .gradient = many_gradient,
                                               .freeze = many_freeze,
                                               .product = smooth_product,
                                               .thaw = smooth_thaw,
                                               .crossings = many_crossings};

static basin_check *run_many(many *m)
{
    basin_objective *o = NULL;
    basin_check     *check = NULL;

    smooth_start(&m->q);
    m->block = (basin_block){.name = (char *)(uintptr_t) "w", .rank = 1, .shape = {P}, .size = P};
    m->params = (basin_params){.count = 1, .size = P, .blocks = &m->block};
    m->on_some = m->on_all = 0;
    assert_ok(basin_objective_create(
        &many_type, m, &(basin_objective_facts){.size = P, .samples = MANY, .params = &m->params}, &o));
    assert_ok(basin_check_compute(o, theta5, &(basin_check_options){.seed = 1}, &check));
    basin_objective_destroy(&o);
    return check;
}

static void of_many_samples_some_directions_take_some(void **unused)
{
    many m = {0};

    (void)unused;
    basin_check *check = run_many(&m);
    for (size_t i = 0; i < check->item_count; i++)
        assert_verdict(check, check->items[i].name, BASIN_CHECK_PASSED);
    assert_non_null(strstr(item(check, "gradient")->detail, "of 5 directions, 1 of them on 256 samples: "));
    assert_non_null(strstr(item(check, "product")->detail, "of 3 directions, 2 of them on 256 samples: "));
    assert_int_equal(m.on_some, 4); /* of one direction */
    assert_int_equal(m.on_all, 4 * 4);
    basin_check_destroy(&check);

    /* kinks that only all samples have: every direction is tested on some */
    m = (many){.whole_kinks = true};
    check = run_many(&m);
    assert_verdict(check, "gradient", BASIN_CHECK_PASSED);
    assert_non_null(strstr(item(check, "gradient")->detail, "of 5 directions, 5 of them on 256 samples: "));
    assert_non_null(strstr(item(check, "gradient")->detail, "left out for kinks: 0"));
    assert_non_null(strstr(item(check, "product")->detail, "of 3 directions, 3 of them on 256 samples: "));
    assert_int_equal(m.on_all, 0);
    basin_check_destroy(&check);

    /* some of which no target counts: all directions take all */
    m = (many){.no_targets = true};
    check = run_many(&m);
    assert_verdict(check, "gradient", BASIN_CHECK_PASSED);
    assert_non_null(strstr(item(check, "gradient")->detail, "of 5 directions: "));
    assert_int_equal(m.on_some, 0);
    basin_check_destroy(&check);
}

static void faults_of_some_samples_or_of_all_are_caught(void **unused)
{
    many m = {.first_fault = 1e-4};

    (void)unused;
    basin_check *check = run_many(&m);
    assert_verdict(check, "gradient", BASIN_CHECK_FAILED);
    basin_check_destroy(&check);
    m = (many){.first_fault = 1e-4, .whole_kinks = true}; /* seen on 256 samples too */
    check = run_many(&m);
    assert_verdict(check, "gradient", BASIN_CHECK_FAILED);
    basin_check_destroy(&check);
    m = (many){.whole_fault = 1e-5};
    check = run_many(&m);
    assert_verdict(check, "gradient", BASIN_CHECK_FAILED);
    basin_check_destroy(&check);
    m = (many){.whole_fault = -2.0};
    check = run_many(&m);
    assert_verdict(check, "product", BASIN_CHECK_FAILED);
    basin_check_destroy(&check);
}

/* -------------------------------------------------------------------------------------------- networks -- */

typedef struct net { /* 6 inputs, 20 training and 10 test rows, 3 classes */
    basin_graph      *graph;
    basin_checkpoint *ck;
    basin_dataset     data;
    basin_objective  *train, *test;
    double            inputs[30 * 6];
    int64_t           classes[30];
    size_t            rows[30];
    basin_split       splits[2];
} net;

static void net_start(net *n, const char *activation, uint64_t seed)
{
    basin_random  r = basin_random_start(seed, BASIN_STREAM_TEST);
    basin_params *params = NULL;

    *n = (net){0};
    for (size_t i = 0; i < 30; i++) n->rows[i] = i, n->classes[i] = (int64_t)basin_random_below(&r, 3);
    basin_random_normals(&r, n->inputs, 30 * 6);
    n->splits[0] = (basin_split){.name = (char *)(uintptr_t) "train", .count = 20, .rows = n->rows};
    n->splits[1] = (basin_split){.name = (char *)(uintptr_t) "test", .count = 10, .rows = n->rows + 20};
    n->data = (basin_dataset){.count = 30,
                              .rank = 1,
                              .shape = {6},
                              .inputs = n->inputs,
                              .classes = n->classes,
                              .split_count = 2,
                              .splits = n->splits};
    assert_ok(basin_graph_mlp((size_t[]){6, 5, 3}, 3, activation, &n->graph));
    assert_ok(basin_checkpoint_create(n->graph, &n->ck));
    assert_ok(basin_network_params(n->graph, &params));
    assert_ok(basin_train_initialise(params, seed, n->ck->theta));
    basin_params_destroy(&params);
    assert_ok(basin_network_objective(n->graph, &n->ck->loss, &n->data, NULL, &n->train));
    assert_ok(basin_network_objective(n->graph, &n->ck->loss, &n->data,
                                      &(basin_network_options){.split = "test"}, &n->test));
}

static void net_end(net *n)
{
    basin_objective_destroy(&n->train);
    basin_objective_destroy(&n->test);
    basin_checkpoint_destroy(&n->ck);
    basin_graph_destroy(&n->graph);
}

static void networks_pass(void **unused)
{
    static const char *const activations[] = {"Tanh", "Gelu", "Softplus", "Relu", "LeakyRelu"};

    (void)unused;
    for (size_t i = 0; i < 5; i++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            net          n;
            basin_check *check = NULL;
            net_start(&n, activations[i], seed);
            assert_ok(
                basin_check_compute(n.train, n.ck->theta, &(basin_check_options){.seed = seed}, &check));
            for (size_t j = 0; j < check->item_count; j++) {
                if (check->items[j].verdict == BASIN_CHECK_FAILED)
                    print_error("%s, seed %d\n", activations[i], (int)seed);
                assert_true(check->items[j].verdict != BASIN_CHECK_FAILED);
            }
            if (i < 3) {
                assert_verdict(check, "taylor:1", BASIN_CHECK_PASSED);
                assert_verdict(check, "taylor:2", BASIN_CHECK_PASSED);
            }
            assert_verdict(check, "gradient", BASIN_CHECK_PASSED);
            assert_verdict(check, "product", BASIN_CHECK_PASSED);
            basin_check_destroy(&check);
            net_end(&n);
        }
}

static void record(basin_checkpoint *ck, const char *quantity, const char *split, const char *point,
                   const char *mode, const char *coverage, double value)
{
    if (ck->recorded == NULL) assert_non_null(ck->recorded = basin_alloc(16, sizeof *ck->recorded));
    ck->recorded[ck->recorded_count++] = (basin_recorded){.quantity = basin_strdup(quantity),
                                                          .split = basin_strdup(split),
                                                          .point = basin_strdup(point),
                                                          .mode = basin_strdup(mode),
                                                          .coverage = basin_strdup(coverage),
                                                          .value = value};
}

static void set_point(basin_recorded *r, const char *point)
{
    basin_free(r->point);
    r->point = basin_strdup(point);
}

static double loss_at(basin_objective *o, const double *theta)
{
    basin_loss loss;

    assert_ok(basin_objective_loss(o, NULL, theta, &loss));
    return basin_loss_value(&loss);
}

static void recorded_values_are_compared_like_with_like(void **unused)
{
    net          n;
    basin_check *check = NULL;
    basin_loss   loss;

    (void)unused;
    net_start(&n, "Tanh", 3);
    double train = loss_at(n.train, n.ck->theta), test = loss_at(n.test, n.ck->theta);
    assert_ok(basin_objective_loss(n.test, NULL, n.ck->theta, &loss));
    n.ck->perturbed = BASIN_PERTURBED_NO;
    record(n.ck, "loss", "train", "theta", "eval", "full", train * (1.0 + 5e-7));
    record(n.ck, "loss", "test", "theta", "eval", "full", test * (1.0 + 2e-6));
    record(n.ck, "accuracy", "test", "theta", "eval", "full", basin_loss_accuracy(&loss));
    record(n.ck, "loss", "train", "theta", "train", "full", train);
    record(n.ck, "loss", "train", "theta", "eval", "running", train);
    record(n.ck, "loss", "train", "theta_perturbed", "eval", "full", train);
    record(n.ck, "loss", "validation", "theta", "eval", "full", train);
    record(n.ck, "perplexity", "train", "theta", "eval", "full", train);
    record(n.ck, "loss", "train", "elsewhere", "eval", "full", train);
    assert_ok(basin_check_compute(n.train, n.ck->theta, &(basin_check_options){.ck = n.ck, .test = n.test},
                                  &check));
    assert_verdict(check, "recorded:train.loss:theta:eval:full", BASIN_CHECK_PASSED);
    assert_verdict(check, "recorded:test.loss:theta:eval:full", BASIN_CHECK_FAILED);
    assert_verdict(check, "recorded:test.accuracy:theta:eval:full", BASIN_CHECK_PASSED);
    static const char *const others[][2] = {
        {"recorded:train.loss:theta:train:full", "training mode"},
        {"recorded:train.loss:theta:eval:running", "running mean"},
        {"recorded:train.loss:theta_perturbed:eval:full", "momentum"},
        {"recorded:validation.loss:theta:eval:full", "only the splits train and test"},
        {"recorded:train.perplexity:theta:eval:full", "neither loss nor accuracy"},
        {"recorded:train.loss:elsewhere:eval:full", "neither theta nor theta_perturbed"}};
    for (size_t i = 0; i < 6; i++) {
        assert_verdict(check, others[i][0], BASIN_CHECK_NOT_TESTABLE);
        assert_non_null(strstr(item(check, others[i][0])->detail, others[i][1]));
    }
    assert_true(check->failed);
    basin_check_destroy(&check);
    assert_ok(basin_check_compute(n.train, n.ck->theta, &(basin_check_options){.ck = n.ck, .partial = true},
                                  &check));
    assert_verdict(check, "recorded:train.loss:theta:eval:full", BASIN_CHECK_NOT_TESTABLE);
    assert_verdict(check, "recorded:test.loss:theta:eval:full", BASIN_CHECK_NOT_TESTABLE);
    assert_false(check->failed);
    basin_check_destroy(&check);
    net_end(&n);
}

static void report(basin_checkpoint *ck, const char *quantity, const char *split, const char *coverage,
                   const char *stood, double value)
{
    record(ck, quantity, split, "theta", "unsaid", coverage, value);
    ck->recorded[ck->recorded_count - 1].stood = basin_strdup(stood);
}

static void what_the_training_reported_is_held_against_what_cannot_be(void **unused)
{
    net          n;
    basin_check *check = NULL;
    basin_loss   loss;

    (void)unused;
    net_start(&n, "Tanh", 3);
    double train = loss_at(n.train, n.ck->theta), test = loss_at(n.test, n.ck->theta);
    assert_ok(basin_objective_loss(n.test, NULL, n.ck->theta, &loss));
    double right = basin_loss_accuracy(&loss);
    n.ck->perturbed = BASIN_PERTURBED_NO;
    report(n.ck, "loss", "train", "unsaid", "train_loss", 0.01 * train);
    report(n.ck, "loss", "train", "unsaid", "epoch_loss",
           4.0 * train); /* a mean over an epoch that came down */
    report(n.ck, "loss", "test", "unsaid", "val_loss", 3.0 * test);
    report(n.ck, "loss", "test", "unsaid", "test_loss", test * (1.0 + 1e-4));
    report(n.ck, "accuracy", "test", "best", "best_acc", right - 0.3);
    report(n.ck, "accuracy", "test", "best", "best_top1", right + 0.01);
    report(n.ck, "loss", "train", "unsaid", "ema.loss", train);
    set_point(&n.ck->recorded[6], "unsaid");
    record(n.ck, "loss", "train", "theta", "eval", "full", train);
    n.ck->recorded[7].source = BASIN_COMPUTED_AT_CONVERSION;
    assert_ok(basin_check_compute(n.train, n.ck->theta, &(basin_check_options){.ck = n.ck, .test = n.test},
                                  &check));
    assert_verdict(check, "reported:train_loss", BASIN_CHECK_FAILED);
    assert_non_null(
        strstr(item(check, "reported:train_loss")->detail, "other data, normalisation, loss or weights"));
    assert_verdict(check, "reported:epoch_loss", BASIN_CHECK_NOT_TESTABLE);
    assert_verdict(check, "reported:val_loss", BASIN_CHECK_FAILED);
    assert_verdict(check, "reported:test_loss", BASIN_CHECK_PASSED);
    assert_verdict(check, "reported:best_acc", BASIN_CHECK_FAILED);
    assert_verdict(check, "reported:best_top1", BASIN_CHECK_NOT_TESTABLE);
    assert_verdict(check, "reported:ema.loss", BASIN_CHECK_NOT_TESTABLE);
    assert_verdict(check, "computed:train.loss:theta:eval:full", BASIN_CHECK_AGREES);
    assert_true(check->failed);
    basin_check_destroy(&check);
    net_end(&n);
}

/* Stored perturbed, then undone, then saved unperturbed without the scalar: both points are found in all
   three. */
static void both_points_of_msam_are_recomputed(void **unused)
{
    net    n;
    double tilde[64];
    size_t size;

    (void)unused;
    net_start(&n, "Tanh", 3);
    size = n.ck->params->size;
    assert_true(size <= 64);
    n.ck->method = basin_strdup("msam");
    n.ck->states = basin_alloc(1, sizeof *n.ck->states);
    n.ck->state_count = 1;
    n.ck->states[0].name = basin_strdup("momentum");
    n.ck->states[0].values = basin_alloc(size, sizeof(double));
    basin_random r = basin_random_start(9, BASIN_STREAM_TEST);
    basin_random_normals(&r, n.ck->states[0].values, size);
    n.ck->hyper.rho = 0.3;
    n.ck->undo = 0.3 / basin_norm(n.ck->states[0].values, size);
    n.ck->perturbed = BASIN_PERTURBED_YES;
    memcpy(tilde, n.ck->theta, size * sizeof *tilde);
    basin_axpy(-n.ck->undo, n.ck->states[0].values, tilde, size);
    record(n.ck, "loss", "train", "theta", "eval", "full", loss_at(n.train, n.ck->theta));
    record(n.ck, "loss", "train", "theta_perturbed", "eval", "full", loss_at(n.train, tilde));
    assert_true(fabs(n.ck->recorded[0].value - n.ck->recorded[1].value) > 1e-3);
    memcpy(n.ck->theta, tilde, size * sizeof *tilde);
    for (int form = 0; form < 3; form++) {
        basin_check *check = NULL;
        if (form == 1) assert_ok(basin_checkpoint_undo(n.ck));
        if (form == 2) n.ck->undo = 0.0;
        assert_ok(basin_check_compute(n.train, n.ck->theta, &(basin_check_options){.ck = n.ck}, &check));
        assert_verdict(check, "recorded:train.loss:theta:eval:full", BASIN_CHECK_PASSED);
        assert_verdict(check, "recorded:train.loss:theta_perturbed:eval:full", BASIN_CHECK_PASSED);
        basin_check_destroy(&check);
    }
    n.ck->perturbed = BASIN_PERTURBED_UNKNOWN;
    basin_check *check = NULL;
    assert_ok(basin_check_compute(n.train, n.ck->theta, &(basin_check_options){.ck = n.ck}, &check));
    assert_verdict(check, "recorded:train.loss:theta:eval:full", BASIN_CHECK_NOT_TESTABLE);
    basin_check_destroy(&check);
    net_end(&n);
}

static basin_status check_once(void *payload)
{
    net         *n = payload;
    basin_check *check = NULL;
    basin_status st =
        basin_check_compute(n->train, n->ck->theta, &(basin_check_options){.ck = n->ck}, &check);

    basin_check_destroy(&check);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    net n;

    (void)unused;
    net_start(&n, "Tanh", 1);
    record(n.ck, "loss", "train", "theta", "eval", "full", 1.0);
    record(n.ck, "loss", "train", "theta", "eval", "running", 1.0);
    assert_ok(check_once(&n)); /* the network keeps its work space from the first call on */
    basin_test_every_allocation(check_once, &n);
    net_end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_passes),
        cmocka_unit_test(a_wrong_gradient_is_caught),
        cmocka_unit_test(a_wrong_product_is_caught),
        cmocka_unit_test(asymmetry_and_bends_are_caught),
        cmocka_unit_test(kinks_shorten_steps_or_make_items_not_testable),
        cmocka_unit_test(products_by_differences_are_not_checked_against_themselves),
        cmocka_unit_test(on_a_quadratic_the_second_expansion_is_exact),
        cmocka_unit_test(of_many_samples_some_directions_take_some),
        cmocka_unit_test(faults_of_some_samples_or_of_all_are_caught),
        cmocka_unit_test(networks_pass),
        cmocka_unit_test(recorded_values_are_compared_like_with_like),
        cmocka_unit_test(what_the_training_reported_is_held_against_what_cannot_be),
        cmocka_unit_test(both_points_of_msam_are_recomputed),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    basin_threads_set(1); /* small networks: two threads only wait for each other */
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
