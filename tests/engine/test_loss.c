/* The losses by themselves: values against their definitions, derivatives against differences, what does and
   does not count. */
#include <math.h>
#include <string.h>

#include "core/loss.h"
#include "core/random.h"
#include "engine/objective/chunk_loss.h"
#include "support.h"

enum {
    SAMPLES = 5,
    POSITIONS = 3,
    CLASSES = 4,
    WIDTH = POSITIONS * CLASSES,
    ELEMENTS = SAMPLES * WIDTH,
    TARGETS = SAMPLES * POSITIONS,
    K = 2
};

/* ------------------------------------------------------------------------------------- samples in rows -- */

enum { MOST_LANES = BASIN_LANES * WIDTH };

/* rows [count, k, width] of at most BASIN_LANES samples; empty lanes repeat the last one. */
static void to_lanes(const double *rows, size_t count, size_t k, size_t width, double *lanes)
{
    for (size_t i = 0; i < BASIN_LANES; i++)
        for (size_t l = 0; l < k * width; l++)
            lanes[l * BASIN_LANES + i] = rows[(i < count ? i : count - 1) * k * width + l];
}

/* Empty lanes of what adds to sums over samples hold 0. */
static void to_rows(const double *lanes, size_t count, size_t k, size_t width, double *rows)
{
    for (size_t i = 0; i < BASIN_LANES; i++)
        for (size_t l = 0; l < k * width; l++) {
            if (i < count)
                rows[i * k * width + l] = lanes[l * BASIN_LANES + i];
            else
                assert_close(lanes[l * BASIN_LANES + i], 0.0, 0.0, 0.0);
        }
}

static void loss_forward(const basin_loss_spec *loss, const basin_batch *batch, const double *y, size_t width,
                         basin_loss *total, double *a, double *slope)
{
    double     lanes[MOST_LANES], adjoint[MOST_LANES], kept[MOST_LANES];
    basin_loss again = *total;

    to_lanes(y, batch->count, 1, width, lanes);
    basin_loss_forward(loss, batch, lanes, width, total, a != NULL ? adjoint : NULL,
                       slope != NULL ? kept : NULL);
    if (a != NULL) to_rows(adjoint, batch->count, 1, width, a);
    if (slope != NULL) to_rows(kept, batch->count, 1, width, slope);
    if (a == NULL) return;
    /* the adjoint may take the output's place */
    basin_loss_forward(loss, batch, lanes, width, &again, lanes, NULL);
    assert_memory_equal(lanes, adjoint, width * BASIN_LANES * sizeof *lanes);
    assert_true(again.sum == total->sum || isnan(total->sum));
}

static void loss_dot(const basin_loss_spec *loss, const basin_batch *batch, size_t k, size_t width,
                     const double *slope, const double *d, double *ad)
{
    double kept[MOST_LANES], lanes[K * MOST_LANES], product[K * MOST_LANES];

    for (size_t i = 0; i < BASIN_LANES; i++)
        for (size_t l = 0; l < width; l++)
            kept[l * BASIN_LANES + i] = i < batch->count ? slope[i * width + l] : 0.0;
    to_lanes(d, batch->count, k, width, lanes);
    basin_loss_dot(loss, batch, k, width, kept, lanes, product);
    to_rows(product, batch->count, k, width, ad);
    basin_loss_dot(loss, batch, k, width, kept, lanes, lanes); /* the product its direction's */
    assert_memory_equal(lanes, product, k * width * BASIN_LANES * sizeof *lanes);
}

/* ---------------------------------------------------------------------------------------------- losses -- */

static double class_weights[CLASSES] = {0.3, 2.0, 0.0, 1.1};

typedef struct setting {
    basin_loss_spec loss;
    basin_batch     batch;
    int64_t         classes[TARGETS];
    double          values[ELEMENTS], y[ELEMENTS], d[K * ELEMENTS];
} setting;

/* Outputs, directions and targets of every kind; target 4 is the first ignored one, if any is. */
static void start(setting *s, basin_loss_spec loss)
{
    basin_random r = basin_random_start(7, BASIN_STREAM_TEST);

    *s = (setting){.loss = loss};
    basin_random_normals(&r, s->y, ELEMENTS);
    basin_random_normals(&r, s->d, K * ELEMENTS);
    for (size_t i = 0; i < ELEMENTS; i++)
        s->values[i] = i % 5 == 0 ? 1.0 : i % 5 == 1 ? 0.0 : basin_random_uniform(&r);
    for (size_t i = 0; i < TARGETS; i++)
        s->classes[i] = loss.ignores && i % 5 == 4 ? loss.ignore_index : (int64_t)(i % 3 + (i > 7));
    s->batch =
        (basin_batch){.count = SAMPLES, .positions = POSITIONS, .classes = s->classes, .values = s->values};
    s->batch.weight = basin_loss_weight(&s->loss, &s->batch, WIDTH);
}

static double value(const setting *s, const double *y)
{
    basin_loss total = {.weight = s->batch.weight};

    loss_forward(&s->loss, &s->batch, y, WIDTH, &total, NULL, NULL);
    return basin_loss_value(&total);
}

/* PyTorch's definition, written out: ((1-e) Σ w_t nll + e/C Σ Σ_c w_c (-log p_c)) / Σ w_t over the targets
   that count. */
static double cross_entropy_as_defined(const setting *s)
{
    double nll = 0.0, smooth = 0.0, norm = 0.0, e = s->loss.label_smoothing;

    for (size_t i = 0; i < TARGETS; i++) {
        const double *y = s->y + i * CLASSES;
        double        sum = 0.0;
        if (s->loss.ignores && s->classes[i] == s->loss.ignore_index) continue;
        for (size_t c = 0; c < CLASSES; c++) sum += exp(y[c]);
        for (size_t c = 0; c < CLASSES; c++) {
            double w = s->loss.weights != NULL ? s->loss.weights[c] : 1.0, log_p = y[c] - log(sum);
            smooth -= w * log_p;
            if ((int64_t)c == s->classes[i]) nll -= w * log_p, norm += w;
        }
    }
    return ((1.0 - e) * nll + e / CLASSES * smooth) / norm;
}

static double binary_as_defined(const setting *s)
{
    double sum = 0.0;

    for (size_t i = 0; i < ELEMENTS; i++) {
        double q = 1.0 / (1.0 + exp(-s->y[i]));
        double w = s->loss.weights != NULL ? s->loss.weights[i % CLASSES] : 1.0;
        sum -= w * s->values[i] * log(q) + (1.0 - s->values[i]) * log(1.0 - q);
    }
    return sum / ELEMENTS;
}

static double squared_as_defined(const setting *s)
{
    double sum = 0.0;

    for (size_t i = 0; i < ELEMENTS; i++) sum += (s->y[i] - s->values[i]) * (s->y[i] - s->values[i]);
    return sum / ELEMENTS;
}

/* ∂ and ∂² d against central differences, for k directions at once as for one. */
static void check_derivatives(const setting *s)
{
    const double h = 1e-5;
    basin_loss   total = {0};
    double       a[ELEMENTS], slope[ELEMENTS], there[ELEMENTS], moved[2][ELEMENTS], adjoint[2][ELEMENTS];
    double       ad[K * ELEMENTS], one[ELEMENTS];

    loss_forward(&s->loss, &s->batch, s->y, WIDTH, &total, a, slope);
    loss_dot(&s->loss, &s->batch, K, WIDTH, slope, s->d, ad);
    for (size_t v = 0; v < K; v++) {
        double along = 0.0, expected[ELEMENTS];
        for (size_t i = 0; i < ELEMENTS; i++) {
            there[i] = s->d[(i / WIDTH * K + v) * WIDTH + i % WIDTH];
            along += a[i] * there[i];
        }
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < ELEMENTS; i++) moved[side][i] = s->y[i] + (side ? -h : h) * there[i];
            loss_forward(&s->loss, &s->batch, moved[side], WIDTH, &total, adjoint[side], NULL);
        }
        assert_close(along, (value(s, moved[0]) - value(s, moved[1])) / (2 * h), 1e-9, 2e-10);
        loss_dot(&s->loss, &s->batch, 1, WIDTH, slope, there, one);
        for (size_t i = 0; i < ELEMENTS; i++) {
            expected[i] = (adjoint[0][i] - adjoint[1][i]) / (2 * h);
            assert_close(one[i], expected[i], 1e-7, 1e-10);
            assert_close(ad[(i / WIDTH * K + v) * WIDTH + i % WIDTH], one[i], 0.0, 0.0);
        }
    }
}

static void every_loss_is_its_definition_with_its_derivatives(void **state)
{
    (void)state;
    for (int smooth = 0; smooth < 2; smooth++)
        for (int weighted = 0; weighted < 2; weighted++)
            for (int ignores = 0; ignores < 3; ignores++) { /* no class, none of the classes, one of them */
                setting s;
                start(&s, (basin_loss_spec){.label_smoothing = smooth ? 0.2 : 0.0,
                                            .ignores = ignores > 0,
                                            .ignore_index = ignores == 2 ? 1 : -100,
                                            .weight_count = weighted ? CLASSES : 0,
                                            .weights = weighted ? class_weights : NULL});
                assert_close(value(&s, s.y), cross_entropy_as_defined(&s), 1e-13, 0.0);
                check_derivatives(&s);
            }
    for (int weighted = 0; weighted < 2; weighted++) {
        setting s;
        start(&s, (basin_loss_spec){.kind = BASIN_LOSS_BCE_WITH_LOGITS,
                                    .weight_count = weighted ? CLASSES : 0,
                                    .weights = weighted ? class_weights : NULL});
        assert_close(value(&s, s.y), binary_as_defined(&s), 1e-13, 0.0);
        check_derivatives(&s);
    }
    setting s;
    start(&s, (basin_loss_spec){.kind = BASIN_LOSS_MSE});
    assert_close(value(&s, s.y), squared_as_defined(&s), 1e-13, 0.0);
    check_derivatives(&s);
}

/* What does not count is 0 in every derivative, in the accuracy and in the normaliser, whatever stands
   there. */
static void ignored_targets_leave_no_trace(void **state)
{
    setting    s, other;
    basin_loss total[2] = {{.weight = 0.0}, {.weight = 0.0}};
    double     a[2][ELEMENTS], slope[2][ELEMENTS], ad[2][K * ELEMENTS];

    (void)state;
    start(&s, (basin_loss_spec){.label_smoothing = 0.1, .ignores = true, .ignore_index = -1});
    assert_close(s.batch.weight, 12.0, 0.0, 0.0);
    other = s;
    other.batch.classes = other.classes, other.batch.values = other.values;
    for (size_t c = 0; c < CLASSES; c++) other.y[4 * CLASSES + c] = 50.0 * (double)c;
    for (int i = 0; i < 2; i++) {
        const setting *at = i ? &other : &s;
        loss_forward(&at->loss, &at->batch, at->y, WIDTH, &total[i], a[i], slope[i]);
        loss_dot(&at->loss, &at->batch, K, WIDTH, slope[i], at->d, ad[i]);
    }
    assert_memory_equal(&total[0], &total[1], sizeof total[0]);
    assert_int_equal(total[0].count, 12);
    assert_memory_equal(a[0], a[1], sizeof a[0]);
    assert_memory_equal(slope[0], slope[1], sizeof slope[0]);
    assert_memory_equal(ad[0], ad[1], sizeof ad[0]);
    for (size_t c = 0; c < CLASSES; c++) {
        assert_close(a[0][4 * CLASSES + c], 0.0, 0.0, 0.0);
        /* sample 1, token 1 */
        for (size_t v = 0; v < K; v++)
            assert_close(ad[0][(1 * K + v) * WIDTH + 1 * CLASSES + c], 0.0, 0.0, 0.0);
    }
    for (size_t i = 0; i < TARGETS; i++) s.classes[i] = -1;
    assert_close(basin_loss_weight(&s.loss, &s.batch, WIDTH), 0.0, 0.0, 0.0);
}

/* Weights of 1 are no weights, to the last bit; so is smoothing that does not divide evenly. */
static void weights_of_one_change_no_bit(void **state)
{
    double       ones[CLASSES] = {1.0, 1.0, 1.0, 1.0}, a[2][ELEMENTS], slope[2][ELEMENTS];
    double       ad[2][K * ELEMENTS];
    const double smoothing[] = {0.0, 0.1, 1.0 / 3.0, 0.7};

    (void)state;
    for (int kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY; kind <= BASIN_LOSS_BCE_WITH_LOGITS; kind++)
        for (size_t e = 0; e < 4; e++) {
            basin_loss total[2] = {{.weight = 0.0}, {.weight = 0.0}};
            for (int i = 0; i < 2; i++) {
                setting s;
                start(&s, (basin_loss_spec){.kind = (basin_loss_kind)kind,
                                            .label_smoothing = smoothing[e],
                                            .weight_count = i ? CLASSES : 0,
                                            .weights = i ? ones : NULL});
                total[i].weight = s.batch.weight;
                loss_forward(&s.loss, &s.batch, s.y, WIDTH, &total[i], a[i], slope[i]);
                loss_dot(&s.loss, &s.batch, K, WIDTH, slope[i], s.d, ad[i]);
            }
            assert_memory_equal(&total[0], &total[1], sizeof total[0]);
            assert_memory_equal(a[0], a[1], sizeof a[0]);
            assert_memory_equal(ad[0], ad[1], sizeof ad[0]);
        }
}

/* Far out, where exp overflows and 1 - σ rounds to 0: the digits that are left in the logit. */
static void large_logits_keep_their_digits(void **state)
{
    double          y[4] = {800.0, -800.0, 40.0, -40.0}, t[4] = {1.0, 0.0, 1.0, 0.0};
    double          wrong[4] = {0.0, 1.0, 0.0, 1.0}, w[1] = {0.1}, a[4];
    basin_loss      total = {0};
    basin_batch     batch = {.count = 4, .positions = 1, .values = t, .weight = 4.0};
    basin_loss_spec loss = {.kind = BASIN_LOSS_BCE_WITH_LOGITS, .weight_count = 1, .weights = w};

    (void)state;
    loss_forward(&loss, &batch, y, 1, &total, a, NULL);
    assert_close(total.sum, 0.1 * exp(-40.0) + exp(-40.0), 1e-12, 0.0);
    total = (basin_loss){0}, batch.values = wrong;
    loss_forward(&loss, &batch, y, 1, &total, a, NULL);
    assert_close(total.sum, 840.0 + 0.1 * 840.0, 1e-14, 0.0);
    assert_close(a[0], 0.25, 1e-15, 0.0);
    assert_close(a[1], -0.1 / 4.0, 1e-15, 0.0);
}

static void accuracy_is_over_the_targets_that_count(void **state)
{
    double          y[6] = {2.0, 1.0, 0.0, 3.0, 5.0, 1.0};
    int64_t         classes[3] = {0, 0, -100};
    basin_loss_spec loss = {.ignores = true, .ignore_index = -100};
    basin_batch     batch = {.count = 1, .positions = 3, .classes = classes, .weight = 2.0};
    basin_loss      total = {0};

    (void)state;
    loss_forward(&loss, &batch, y, 6, &total, NULL, NULL);
    assert_int_equal(total.count, 2);
    assert_close(basin_loss_accuracy(&total), 0.5, 0.0, 0.0);
}

static void accuracy_is_undefined_where_outputs_are_not_finite(void **state)
{
    double          y[6] = {INFINITY, 1.0, 0.0, 3.0, 5.0, 1.0};
    int64_t         classes[3] = {0, 0, 1};
    basin_loss_spec loss = {0};
    basin_batch     batch = {.count = 1, .positions = 3, .classes = classes, .weight = 3.0};
    basin_loss      total = {0};

    (void)state;
    loss_forward(&loss, &batch, y, 6, &total, NULL, NULL);
    assert_int_equal(total.count, 3);
    assert_true(isnan(basin_loss_accuracy(&total)));
    y[0] = NAN, total = (basin_loss){0};
    loss_forward(&loss, &batch, y, 6, &total, NULL, NULL);
    assert_true(isnan(basin_loss_accuracy(&total)));
}

/* -------------------------------------------------------------------------------------------- the spec -- */

static void a_spec_says_what_it_is(void **state)
{
    double many[30] = {1.0, 0.25};
    const struct {
        basin_loss_spec spec;
        const char     *text;
    } cases[] = {
        {{0}, "softmax_cross_entropy"},
        {{.kind = BASIN_LOSS_MSE}, "mse"},
        {{.label_smoothing = 0.1,
          .ignores = true,
          .ignore_index = -100,
          .weight_count = 4,
          .weights = class_weights},
         "softmax_cross_entropy, label smoothing 0.1, ignore index -100, weights 0.3 2 0 1.1"},
        {{.kind = BASIN_LOSS_BCE_WITH_LOGITS, .weight_count = 30, .weights = many},
         "bce_with_logits, weights of 30 classes from 0 to 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL;
        assert_ok(basin_loss_spec_check(&cases[i].spec));
        assert_ok(basin_loss_spec_describe(&cases[i].spec, &text));
        assert_string_equal(text, cases[i].text);
        basin_free(text);
    }
}

static void a_copy_owns_its_weights(void **state)
{
    double          w[2] = {1.0, 2.0};
    basin_loss_spec copy = {0};
    size_t          live = basin_fault_live();

    (void)state;
    assert_ok(basin_loss_spec_copy(
        &(basin_loss_spec){.ignores = true, .ignore_index = 3, .weight_count = 2, .weights = w}, &copy));
    w[0] = 9.0;
    assert_true(copy.ignores && copy.ignore_index == 3 && copy.weight_count == 2 && copy.weights[0] == 1.0 &&
                copy.weights[1] == 2.0);
    basin_loss_spec_clear(&copy);
    assert_true(!copy.ignores && copy.weight_count == 0 && copy.weights == NULL);
    basin_loss_spec_clear(&copy);
    assert_int_equal(basin_fault_live(), live);
}

static void settings_that_make_no_sense_are_refused(void **state)
{
    double bad[2] = {1.0, NAN}, zero[2] = {0.0, 0.0};
    const struct {
        basin_loss_spec spec;
        basin_status    status;
        const char     *text;
    } cases[] = {
        {{.label_smoothing = 1.0}, BASIN_ERR_VALUE, "label smoothing 1 is outside [0, 1)"},
        {{.label_smoothing = NAN}, BASIN_ERR_VALUE, "label smoothing nan is outside [0, 1)"},
        {{.kind = BASIN_LOSS_MSE, .label_smoothing = 0.1},
         BASIN_ERR_UNSUPPORTED,
         "loss mse takes no label smoothing, it has 0.1"},
        {{.weight_count = 2}, BASIN_ERR_ARG, "a loss with 2 weights that are not given"},
        {{.kind = BASIN_LOSS_BCE_WITH_LOGITS, .ignores = true, .ignore_index = 2},
         BASIN_ERR_UNSUPPORTED,
         "loss bce_with_logits takes no ignore_index, it has 2"},
        {{.weight_count = 2, .weights = bad},
         BASIN_ERR_VALUE,
         "weight 1 of 2 is nan: negative or not finite"},
        {{.weight_count = 2, .weights = zero}, BASIN_ERR_VALUE, "all 2 weights are 0"},
        {{.kind = BASIN_LOSS_MSE, .weight_count = 2, .weights = bad},
         BASIN_ERR_UNSUPPORTED,
         "loss mse takes no weights, it has 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_status(basin_loss_spec_check(&cases[i].spec), cases[i].status);
        assert_message(cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loss_is_its_definition_with_its_derivatives),
        cmocka_unit_test(ignored_targets_leave_no_trace),
        cmocka_unit_test(weights_of_one_change_no_bit),
        cmocka_unit_test(large_logits_keep_their_digits),
        cmocka_unit_test(accuracy_is_over_the_targets_that_count),
        cmocka_unit_test(accuracy_is_undefined_where_outputs_are_not_finite),
        cmocka_unit_test(a_spec_says_what_it_is),
        cmocka_unit_test(a_copy_owns_its_weights),
        cmocka_unit_test(settings_that_make_no_sense_are_refused),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("loss", tests, NULL, NULL) : 1;
}
