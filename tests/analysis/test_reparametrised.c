/* `invariance`: every measure is given the verdict that algebra gives it. */
#include <math.h>
#include <string.h>

#include "symmetries.h"

typedef struct subject {
    basin_checkpoint   *ck;
    basin_dataset      *data;
    basin_symmetries   *symmetries;
    basin_objective    *objective;
    basin_point_options record;
} subject;

static subject load(const char *file)
{
    subject s = {0};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    assert_ok(basin_network_symmetries(s.ck->graph, &s.symmetries));
    assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data, NULL, &s.objective));
    s.record = basin_point_recorded(s.ck);
    return s;
}

static void unload(subject *s)
{
    basin_objective_destroy(&s->objective);
    basin_symmetries_destroy(&s->symmetries);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

static basin_status bind(void *payload, const basin_graph *graph, basin_objective **out)
{
    const subject *s = payload;

    return basin_network_objective(graph, &s->ck->loss, s->data, NULL, out);
}

static basin_invariance_request request_of(subject *s)
{
    return (basin_invariance_request){.objective = s->objective,
                                      .ck = s->ck,
                                      .symmetries = s->symmetries,
                                      .record = &s->record,
                                      .bind = bind,
                                      .difference = basin_network_difference,
                                      .payload = s,
                                      .row = {.spectrum = {.both_ends = true}},
                                      .table = {.draws = 20}};
}

static const basin_invariance_row *row_of(const basin_invariances *v, const char *measure, const char *part,
                                          basin_symmetry symmetry)
{
    for (size_t i = 0; i < v->row_count; i++)
        if (strcmp(v->rows[i].measure, measure) == 0 && v->rows[i].symmetry == (int)symmetry &&
            (part == NULL || strcmp(v->rows[i].part, part) == 0))
            return &v->rows[i];
    fail_msg("no row of %s under %s", measure, basin_symmetry_text(symmetry));
    return NULL;
}

static void assert_verdict(const basin_invariances *v, const char *measure, basin_symmetry symmetry,
                           basin_invariance_verdict verdict)
{
    const basin_invariance_row *row = row_of(v, measure, NULL, symmetry);

    if (row->verdict == (int)verdict) return;
    fail_msg("%s under %s: %s, expected %s (change %g at %g, noise %g)", measure,
             basin_symmetry_text(symmetry), basin_invariance_text((basin_invariance_verdict)row->verdict),
             basin_invariance_text(verdict), row->change, row->at, row->noise);
}

static void assert_outputs_stay(const basin_invariances *v, basin_symmetry symmetry, double bound)
{
    size_t tried = 0;

    for (size_t i = 0; i < v->change_count; i++) {
        if (v->changes[i].symmetry != (int)symmetry) continue;
        assert_null(v->changes[i].missing);
        assert_true(v->changes[i].outputs <= bound);
        assert_close(v->changes[i].loss, v->loss, 100 * bound, 0);
        tried++;
    }
    assert_true(tried > 0);
}

static void assert_no_permutation_moves(const basin_invariances *v)
{
    for (size_t i = 0; i < v->row_count; i++)
        if (v->rows[i].symmetry == BASIN_SYMMETRY_PERMUTATION && v->rows[i].verdict == BASIN_MOVES)
            fail_msg("%s moves under a permutation by %g, noise %g", v->rows[i].measure, v->rows[i].change,
                     v->rows[i].noise);
}

static void a_perceptron_s_curvature_moves_and_what_is_relative_stays(void **state)
{
    static const char *const move[] = {"lambda_max", "trace", "sane", "n_eff", "theta_norm", "sam"};
    static const char *const stay[] = {"asam_all", "adaptive_worst_l2", "adaptive_average", "geodesic"};
    subject                  s = load("oracle_relu_smoothed.h5");
    basin_invariance_request request = request_of(&s);
    basin_invariances       *v = NULL;

    (void)state;
    request.measures[BASIN_MEASURE_lambda_max] = request.measures[BASIN_MEASURE_trace] = true;
    request.measures[BASIN_MEASURE_sane] = request.measures[BASIN_MEASURE_n_eff] = true;
    request.measures[BASIN_MEASURE_theta_norm] = true;
    for (size_t m = 0; m < BASIN_SHARPNESS_MEASURES; m++)
        request.sharpness[m] = m == BASIN_SHARPNESS_sam || m == BASIN_SHARPNESS_asam_all ||
                               m == BASIN_SHARPNESS_adaptive_worst_l2 ||
                               m == BASIN_SHARPNESS_adaptive_average || m == BASIN_SHARPNESS_geodesic ||
                               m == BASIN_SHARPNESS_relative_flatness;
    assert_int_equal(basin_invariances_points(&request), 3 + 4 + 4 + 3);
    assert_ok(basin_invariances_compute(&request, &v));
    for (size_t i = 0; i < sizeof move / sizeof *move; i++) {
        assert_verdict(v, move[i], BASIN_SYMMETRY_LAYER, BASIN_MOVES);
        assert_verdict(v, move[i], BASIN_SYMMETRY_NEURON, BASIN_MOVES);
        assert_verdict(v, move[i], BASIN_SYMMETRY_PERMUTATION, BASIN_STAYS);
    }
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) {
        assert_verdict(v, stay[i], BASIN_SYMMETRY_LAYER, BASIN_STAYS);
        assert_verdict(v, stay[i], BASIN_SYMMETRY_NEURON, BASIN_STAYS);
    }
    assert_verdict(v, "relative_flatness", BASIN_SYMMETRY_LAYER, BASIN_STAYS);
    assert_int_equal(row_of(v, "relative_flatness", "fc2.weight", BASIN_SYMMETRY_NEURON)->verdict,
                     BASIN_MOVES);
    assert_no_permutation_moves(v);
    assert_outputs_stay(v, BASIN_SYMMETRY_LAYER, 1e-13);
    assert_outputs_stay(v, BASIN_SYMMETRY_NEURON, 1e-13);
    assert_outputs_stay(v, BASIN_SYMMETRY_PERMUTATION, 1e-13);
    /* ‖theta‖ is known in closed form where the first layer has f and the second 1/f: larger than before */
    const basin_invariance_row *norm = row_of(v, "theta_norm", NULL, BASIN_SYMMETRY_LAYER);
    assert_int_equal(norm->count, 4);
    assert_true(norm->factors[3] == 25.0 && norm->values[3] > 5.0 * norm->value);
    basin_invariances_destroy(&v);
    unload(&s);
}

static void attention_moves_what_counts_by_magnitude_but_not_by_products(void **state)
{
    subject                  s = load("oracle_vit.h5");
    basin_invariance_request request = request_of(&s);
    basin_invariances       *v = NULL;

    (void)state;
    request.sharpness[BASIN_SHARPNESS_adaptive_worst_l2] = request.sharpness[BASIN_SHARPNESS_geodesic] = true;
    request.tried[BASIN_SYMMETRY_ATTENTION] = request.tried[BASIN_SYMMETRY_PERMUTATION] = true;
    assert_ok(basin_invariances_compute(&request, &v));
    assert_verdict(v, "adaptive_worst_l2", BASIN_SYMMETRY_ATTENTION, BASIN_MOVES);
    assert_verdict(v, "geodesic", BASIN_SYMMETRY_ATTENTION, BASIN_STAYS);
    assert_no_permutation_moves(v);
    assert_outputs_stay(v, BASIN_SYMMETRY_ATTENTION, 1e-12);
    assert_int_equal(row_of(v, "geodesic", NULL, BASIN_SYMMETRY_ATTENTION)->count, 5);
    basin_invariances_destroy(&v);
    unload(&s);
}

static void scales_before_batch_norm_move_lambda_max_but_not_times_the_norm(void **state)
{
    subject                  s = load("oracle_bn.h5");
    basin_invariance_request request = request_of(&s);
    basin_invariances       *v = NULL;

    (void)state;
    request.measures[BASIN_MEASURE_lambda_max] = true;
    request.sharpness[BASIN_SHARPNESS_scaled_lambda_max] = request.sharpness[BASIN_SHARPNESS_scaled_trace] =
        true;
    request.tried[BASIN_SYMMETRY_NORM] = true;
    assert_ok(basin_invariances_compute(&request, &v));
    assert_verdict(v, "lambda_max", BASIN_SYMMETRY_NORM, BASIN_MOVES);
    assert_verdict(v, "scaled_lambda_max", BASIN_SYMMETRY_NORM, BASIN_STAYS);
    assert_verdict(v, "scaled_trace", BASIN_SYMMETRY_NORM, BASIN_STAYS);
    assert_outputs_stay(v, BASIN_SYMMETRY_NORM, 1e-13);
    basin_invariances_destroy(&v);
    unload(&s);
}

/* Before LayerNorm small weights let its ε through: that change does not count. */
static void a_change_that_outputs_feel_does_not_count(void **state)
{
    subject                  s = load("oracle_vit.h5");
    basin_invariance_request request = request_of(&s);
    basin_invariances       *v = NULL;
    const double             factors[] = {0.01, 10.0};

    (void)state;
    request.measures[BASIN_MEASURE_theta_norm] = true;
    request.sharpness[BASIN_SHARPNESS_asam_all] = true;
    request.tried[BASIN_SYMMETRY_NORM] = true;
    request.factors = factors, request.factor_count = 2;
    assert_ok(basin_invariances_compute(&request, &v));
    assert_true(v->changes[0].outputs > BASIN_SAME_OUTPUTS && v->changes[1].outputs < 1e-5);
    assert_true(row_of(v, "theta_norm", NULL, BASIN_SYMMETRY_NORM)->at == 10.0);
    assert_verdict(v, "theta_norm", BASIN_SYMMETRY_NORM, BASIN_MOVES);
    assert_verdict(v, "asam_all", BASIN_SYMMETRY_NORM, BASIN_STAYS);
    basin_invariances_destroy(&v);
    unload(&s);
}

static void what_cannot_be_tried_is_refused(void **state)
{
    subject                  s = load("oracle_sigmoid_tanh.h5");
    basin_invariance_request request = request_of(&s);
    basin_invariances       *v = NULL;

    (void)state;
    request.measures[BASIN_MEASURE_theta_norm] = true;
    request.tried[BASIN_SYMMETRY_LAYER] = true;
    assert_status(basin_invariances_compute(&request, &v), BASIN_ERR_UNSUPPORTED);
    assert_message("the network has none of these symmetries");
    assert_int_equal(basin_invariances_points(&request), 0);
    unload(&s);
    s = load("oracle_relu_smoothed.h5");
    request = request_of(&s);
    request.factors = (const double[]){2.0, -1.0}, request.factor_count = 2;
    assert_status(basin_invariances_compute(&request, &v), BASIN_ERR_VALUE);
    assert_message("factor number 2 is -1; it must be positive");
    unload(&s);
}

static basin_status study(void *payload)
{
    subject                 *s = payload;
    basin_invariance_request request = request_of(s);
    basin_invariances       *v = NULL;

    request.sharpness[BASIN_SHARPNESS_sam] = true;
    request.tried[BASIN_SYMMETRY_PERMUTATION] = true;
    const basin_status st = basin_invariances_compute(&request, &v);
    basin_invariances_destroy(&v);
    return st;
}

/* Of thousands, since each change binds a network. */
static void every_hundredth_failed_allocation_is_clean(void **state)
{
    subject      s = load("oracle_relu_smoothed.h5");
    basin_status st = BASIN_ERR_NOMEM;

    (void)state;
    assert_ok(study(&s)); /* the objective keeps what its threads work with */
    const size_t live = basin_fault_live();
    for (size_t allowed = 0; st != BASIN_OK; allowed += 101) {
        basin_fault_set(allowed);
        st = study(&s);
        basin_fault_set(SIZE_MAX);
        assert_int_equal(basin_fault_live(), live);
        if (st != BASIN_OK) assert_status(st, BASIN_ERR_NOMEM);
    }
    unload(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perceptron_s_curvature_moves_and_what_is_relative_stays),
        cmocka_unit_test(attention_moves_what_counts_by_magnitude_but_not_by_products),
        cmocka_unit_test(scales_before_batch_norm_move_lambda_max_but_not_times_the_norm),
        cmocka_unit_test(a_change_that_outputs_feel_does_not_count),
        cmocka_unit_test(what_cannot_be_tried_is_refused),
        cmocka_unit_test(every_hundredth_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("reparametrised", tests, NULL, NULL)
                                          : 1;
}
