/* What include/basin_measures.h says of each measure is so: its place, its needs, what leaves it alone. One
 * row of a small ReLU network trained by SAM, with momentum, the start of its run, test samples and samples
 * of clean labels, has every measure.
 */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"
#include "problem.h"
#include "support.h"

typedef struct setup {
    problem           train, test, clean;
    basin_objective  *objectives[3]; /* of these */
    basin_checkpoint *ck, *start;
} setup;

static void make_checkpoint(const problem *p, basin_checkpoint **ck)
{
    basin_random r = basin_random_start(24, BASIN_STREAM_TEST);

    assert_ok(basin_checkpoint_create(p->graph, ck));
    basin_copy(p->theta, (*ck)->theta, p->size);
    (*ck)->method = basin_strdup("sam");
    (*ck)->step = 40;
    (*ck)->hyper = (basin_hyperparameters){.learning_rate = 0.1, .momentum = 0.9, .rho = 0.2, .seed = 7};
    (*ck)->states = basin_alloc(1, sizeof *(*ck)->states);
    (*ck)->state_count = 1;
    (*ck)->states[0].name = basin_strdup("momentum");
    (*ck)->states[0].values = basin_alloc(p->size, sizeof(double));
    basin_random_normals(&r, (*ck)->states[0].values, p->size);
}

/* Far enough for the network to be right more often than noise leaves it. */
static void descend(const problem *p, basin_objective *o)
{
    basin_loss loss;
    double    *g = basin_alloc(p->size, sizeof *g);

    for (int step = 0; step < 200; step++) {
        assert_ok(basin_objective_gradient(o, NULL, p->theta, &loss, g));
        basin_axpy(-0.3, g, p->theta, p->size);
    }
    basin_free(g);
}

static void set_up(setup *s)
{
    problem *problems[] = {&s->train, &s->test, &s->clean};

    *s = (setup){.train = problem_relu(21), .test = problem_relu(31), .clean = problem_relu(41)};
    for (int i = 0; i < 3; i++)
        assert_ok(basin_network_objective(s->train.graph, &problems[i]->loss, &problems[i]->data, NULL,
                                          &s->objectives[i]));
    descend(&s->train, s->objectives[0]);
    make_checkpoint(&s->train, &s->ck);
    make_checkpoint(&s->test, &s->start); /* other weights of the same network */
}

static void tear_down(setup *s)
{
    for (int i = 0; i < 3; i++) basin_objective_destroy(&s->objectives[i]);
    basin_checkpoint_destroy(&s->ck);
    basin_checkpoint_destroy(&s->start);
    problem_release(&s->train);
    problem_release(&s->test);
    problem_release(&s->clean);
}

static basin_status row_at(basin_objective *train, basin_objective *test, basin_objective *clean,
                           const basin_checkpoint *ck, const basin_row_options *options, basin_row *out)
{
    basin_status        st = BASIN_OK;
    basin_point_options recorded = basin_point_recorded(ck);
    basin_point        *point = NULL;

    BASIN_TRY(basin_point_create(train, ck->theta, &recorded, &point));
    BASIN_TRY(basin_row_compute(point, test, clean, ck, options, out));
done:
    basin_point_destroy(&point);
    return st;
}

static void measure(const setup *s, basin_row *out)
{
    assert_ok(row_at(
        s->objectives[0], s->objectives[1], s->objectives[2], s->ck,
        &(basin_row_options){.start = s->start, .request = BASIN_NEEDS_ON_REQUEST, .batch_size = 20}, out));
}

/* ---------------------------------------------------------------------------------------------- places -- */

static void the_columns_stand_by_the_numbers_of_the_measures(void **unused)
{
    basin_row row = {0};

    (void)unused;
    for (size_t i = 0; i < BASIN_MEASURES; i++) row.measures[i].value = (double)i + 0.5;
    for (size_t i = 0; i < basin_column_count; i++) {
        const basin_column *column = &basin_columns[i];
        assert_ptr_equal(basin_column_find(column->name), column); /* no name stands twice */
        if (i < BASIN_MEASURES) assert_close(basin_column_value(&row, column), (double)i + 0.5, 0.0, 0.0);
        assert_true(column->least < column->most);
        assert_int_equal(column->definition != NULL && column->unit != NULL, i < BASIN_MEASURES);
    }
    assert_close(row.lambda_max.value, BASIN_MEASURE_lambda_max + 0.5, 0.0, 0.0);
    assert_string_equal(basin_columns[BASIN_MEASURE_lambda_max].name, "lambda_max");
    assert_null(basin_column_find("lambda_max_residual"));
}

static void a_column_has_the_ends_of_its_interval_or_none(void **unused)
{
    basin_row row = {.step = -1,
                     .lambda_max = {4.0, 3.5, 4.5, BASIN_INTERVAL_RESIDUAL},
                     .trace = {7.0, NAN, NAN, BASIN_INTERVAL_NONE}};
    double    low, high;

    (void)unused;
    basin_column_bounds(&row, basin_column_find("lambda_max"), &low, &high);
    assert_close(low, 3.5, 0.0, 0.0);
    assert_close(high, 4.5, 0.0, 0.0);
    basin_column_bounds(&row, basin_column_find("trace"), &low, &high);
    assert_true(low == 7.0 && high == 7.0);
    assert_true(isnan(basin_column_value(&row, basin_column_find("step"))));
    assert_string_equal(basin_interval_text(BASIN_INTERVAL_STANDARD_ERROR), "standard_error");
}

/* ----------------------------------------------------------------------------------------------- needs -- */

static void assert_known_but_for(const basin_row *row, unsigned missing)
{
    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        bool known = (basin_columns[i].needs & missing) == 0;
        if (isfinite(row->measures[i].value) != known)
            fail_msg("%s is %g without need %u", basin_columns[i].name, row->measures[i].value, missing);
        if (known != (row->measures[i].interval != BASIN_INTERVAL_NONE))
            assert_true(isnan(row->measures[i].lower) && isnan(row->measures[i].upper));
        else if (known)
            assert_true(row->measures[i].lower <= row->measures[i].value &&
                        row->measures[i].value <= row->measures[i].upper);
    }
}

/* Without what `missing` says, and with everything else. */
static void assert_needed(const setup *s, unsigned missing)
{
    basin_row         row = {0};
    basin_row_options options = {.start = missing & BASIN_NEEDS_START ? NULL : s->start,
                                 .request = BASIN_NEEDS_ON_REQUEST & ~missing,
                                 .batch_size = 20,
                                 .point = missing & BASIN_NEEDS_RAW ? BASIN_POINT_POLISHED : BASIN_POINT_RAW};

    assert_ok(row_at(s->objectives[0], missing & BASIN_NEEDS_TEST ? NULL : s->objectives[1],
                     missing & BASIN_NEEDS_CLEAN ? NULL : s->objectives[2], s->ck, &options, &row));
    assert_known_but_for(&row, missing);
    basin_row_clear(&row);
}

static void what_a_measure_needs_and_has_not_makes_it_unknown_and_nothing_else(void **unused)
{
    setup  s;
    size_t shape[] = {RELU_IN, RELU_FIRST, RELU_OUT};

    (void)unused;
    set_up(&s);
    assert_needed(&s, BASIN_NEEDS_NOTHING);
    assert_needed(&s, BASIN_NEEDS_TEST);
    assert_needed(&s, BASIN_NEEDS_CLEAN);
    assert_needed(&s, BASIN_NEEDS_RAW);
    assert_needed(&s, BASIN_NEEDS_START);
    assert_needed(&s, BASIN_NEEDS_SUBSPACE);
    assert_needed(&s, BASIN_NEEDS_STEP);
    assert_needed(&s, BASIN_NEEDS_BATCHES);
    assert_needed(&s, BASIN_NEEDS_ON_REQUEST);
    memset(s.ck->states[0].values, 0, s.train.size * sizeof(double));
    assert_needed(&s, BASIN_NEEDS_MOMENTUM);
    basin_checkpoint_destroy(&s.start); /* one of another network is none */
    basin_graph *other = NULL;
    assert_ok(basin_graph_mlp(shape, 3, "Relu", &other));
    assert_ok(basin_checkpoint_create(other, &s.start));
    basin_row row = {0};
    measure(&s, &row);
    assert_known_but_for(&row, BASIN_NEEDS_MOMENTUM | BASIN_NEEDS_START);
    basin_row_clear(&row);
    basin_graph_destroy(&other);
    tear_down(&s);
}

/* Layer by layer the energies sum up to the whole, the shares to 1; batches are those of `basin batches`. */
static void what_is_asked_for_is_what_its_parts_say(void **unused)
{
    setup          s;
    basin_row      row = {0};
    basin_point   *point = NULL;
    basin_batches *batches = NULL;
    basin_layers   layers = {0};
    double         share = 0.0, energy = 0.0, momentum = 0.0;

    (void)unused;
    set_up(&s);
    assert_ok(row_at(
        s.objectives[0], s.objectives[1], s.objectives[2], s.ck,
        &(basin_row_options){.request = BASIN_NEEDS_ON_REQUEST, .batch_size = 20, .layers = &layers}, &row));
    assert_int_equal(layers.count, 3);
    assert_string_equal(layers.layers[0].name, "fc1");
    for (size_t i = 0; i < 3; i++)
        share += layers.layers[i].gradient, energy += layers.layers[i].gradient_energy,
            momentum += layers.layers[i].momentum_energy;
    basin_layers_clear(&layers);
    assert_close(share, 1.0, 1e-12, 0.0);
    assert_close(energy, row.gradient_top_energy.value, 1e-12, 0.0);
    assert_close(momentum, row.momentum_top_energy.value, 1e-12, 0.0);
    assert_close(row.subspace, BASIN_SUBSPACE, 0.0, 0.0);
    assert_ok(basin_point_create(s.objectives[0], s.ck->theta, NULL, &point));
    assert_ok(basin_batches_compute(point,
                                    &(basin_batches_options){.count = 20,
                                                             .batch_size = 20,
                                                             .momentum = s.ck->states[0].values,
                                                             .beta = 0.9,
                                                             .learning_rate = 0.1},
                                    &batches));
    assert_close(row.batch_samples, 20.0, 0.0, 0.0);
    assert_close(row.batch_sharpness.value, batches->sharpness.mean, 1e-13, 0.0);
    assert_close(row.batch_sharpness.upper - row.batch_sharpness.value,
                 batches->sharpness.deviation / sqrt(20.0), 1e-9, 0.0);
    assert_close(row.batch_sharpness_momentum.value, batches->momentum.mean, 1e-12, 0.0);
    basin_batches_destroy(&batches);
    basin_point_destroy(&point);
    basin_row_clear(&row);
    tear_down(&s);
}

/* ----------------------------------------------------------------------------------------- invariances -- */

/* The floor of its noise, 0.001, moves it by less than the accuracy of 60 samples shows. */
static bool moves_unseen(size_t measure)
{
    return measure == BASIN_MEASURE_adaptive_pac_bayes_precision;
}

/* An objective that is no network has no features, and no Gauss-Newton matrix here. */
static bool takes_a_network(size_t measure)
{
    return measure == BASIN_MEASURE_feature_rank || measure == BASIN_MEASURE_neural_collapse ||
           measure == BASIN_MEASURE_fisher_relative || measure == BASIN_MEASURE_geodesic;
}

/* `by` leaves exactly those measures alone that the list says it does. */
static void assert_left_alone(const basin_row *a, const basin_row *b, unsigned by)
{
    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        double x = a->measures[i].value, y = b->measures[i].value,
               moved = fabs(x - y) / fmax(fabs(x), fabs(y));
        if (moves_unseen(i) || (isnan(y) && takes_a_network(i) && by == BASIN_INVARIANT_TO_LOSS_SCALE))
            continue;
        assert_true(isfinite(x) && isfinite(y));
        if (basin_columns[i].invariance & by ? !(x == y || moved < 1e-9) : !(moved > 1e-3))
            fail_msg("%s moves from %.17g to %.17g", basin_columns[i].name, x, y);
    }
}

static void rescaled_layers_leave_alone_what_the_list_says(void **unused)
{
    setup     s;
    basin_row before = {0}, after = {0};
    double    f[RELU_FIRST], h[RELU_SECOND];

    (void)unused;
    set_up(&s);
    for (size_t i = 0; i < RELU_FIRST; i++) f[i] = 4.0;
    for (size_t i = 0; i < RELU_SECOND; i++) h[i] = 0.5;
    measure(&s, &before);
    problem_rescale(f, h, s.ck->theta);
    measure(&s, &after);
    assert_left_alone(&before, &after, BASIN_INVARIANT_TO_RESCALING);
    basin_row_clear(&before);
    basin_row_clear(&after);
    tear_down(&s);
}

enum { SCALE = 4 };

/* SCALE times another objective. */
static basin_status scaled_loss(void *ctx, const basin_samples *samples, const double *theta, basin_loss *out)
{
    basin_status st = basin_objective_loss(ctx, samples, theta, out);

    out->sum *= SCALE;
    return st;
}

static basin_status scaled_gradient(void *ctx, const basin_samples *samples, const double *theta,
                                    basin_loss *out, double *g)
{
    basin_status st = basin_objective_gradient(ctx, samples, theta, out, g);

    out->sum *= SCALE;
    basin_scale(SCALE, g, basin_objective_size(ctx));
    return st;
}

static basin_status scaled_freeze(void *ctx, const basin_samples *samples, const double *theta,
                                  basin_curvature_kind kind, void **point)
{
    return basin_curvature_create(ctx, samples, theta, kind, (basin_curvature **)point);
}

static basin_status scaled_product(void *point, const double *v, size_t k, double *hv)
{
    basin_status st = basin_curvature_product(point, v, k, hv);

    basin_scale(SCALE, hv, k * basin_curvature_size(point));
    return st;
}

static void scaled_thaw(void *point)
{
    basin_curvature *curvature = point;

    basin_curvature_destroy(&curvature);
}

static void scaled_destroy(void *ctx)
{
    basin_objective *inner = ctx;

    basin_objective_destroy(&inner);
}

static const basin_objective_type scaled_type = {.name = "scaled",
                                                 .loss = scaled_loss,
                                                 .gradient = scaled_gradient,
                                                 .freeze = scaled_freeze,
                                                 .product = scaled_product,
                                                 .thaw = scaled_thaw,
                                                 .destroy = scaled_destroy};

/* Takes the objective over. */
static void scale_objective(basin_objective **o)
{
    basin_objective      *inner = *o;
    basin_objective_facts facts = {basin_objective_size(inner), basin_objective_samples(inner),
                                   basin_objective_params(inner), 0.0};

    assert_ok(basin_objective_create(&scaled_type, inner, &facts, o));
}

static void a_scaled_loss_leaves_alone_what_the_list_says(void **unused)
{
    setup     s;
    basin_row before = {0}, after = {0};

    (void)unused;
    set_up(&s);
    measure(&s, &before);
    for (int i = 0; i < 3; i++) scale_objective(&s.objectives[i]);
    measure(&s, &after);
    assert_left_alone(&before, &after, BASIN_INVARIANT_TO_LOSS_SCALE);
    basin_row_clear(&before);
    basin_row_clear(&after);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_columns_stand_by_the_numbers_of_the_measures),
        cmocka_unit_test(a_column_has_the_ends_of_its_interval_or_none),
        cmocka_unit_test(what_a_measure_needs_and_has_not_makes_it_unknown_and_nothing_else),
        cmocka_unit_test(what_is_asked_for_is_what_its_parts_say),
        cmocka_unit_test(rescaled_layers_leave_alone_what_the_list_says),
        cmocka_unit_test(a_scaled_loss_leaves_alone_what_the_list_says),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("measures", tests, NULL, NULL) : 1;
}
