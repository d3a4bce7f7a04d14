/* What a checkpoint says of itself. */
#include "support.h"

#include <math.h>
#include <string.h>

static void make_checkpoint(basin_checkpoint **ck)
{
    basin_graph *graph = NULL;

    assert_ok(basin_graph_mlp((size_t[]){3, 2, 1}, 3, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, ck));
    for (size_t i = 0; i < (*ck)->params->size; i++) (*ck)->theta[i] = 1.0;
    (*ck)->method = basin_strdup("msam");
    (*ck)->perturbed = BASIN_PERTURBED_YES;
    (*ck)->undo = 0.25;
    (*ck)->step = 12;
    (*ck)->hyper.seed = 3;
    (*ck)->hyper.learning_rate = 0.1;
    (*ck)->states = basin_alloc(1, sizeof *(*ck)->states);
    (*ck)->state_count = 1;
    (*ck)->states[0].name = basin_strdup("momentum");
    (*ck)->states[0].values = basin_alloc((*ck)->params->size, sizeof(double));
    (*ck)->states[0].values[0] = 3.0, (*ck)->states[0].values[1] = -4.0;
    (*ck)->decay = basin_alloc((*ck)->params->size, sizeof *(*ck)->decay);
    for (size_t i = 0; i < (*ck)->params->blocks[0].size; i++) (*ck)->decay[i] = 0.1;
    (*ck)->module_parameters = 20, (*ck)->outside_parameters = 4, (*ck)->outside = basin_strdup("aux");
    (*ck)->recorded = basin_alloc(1, sizeof *(*ck)->recorded);
    (*ck)->recorded_count = 1;
    (*ck)->recorded[0] = (basin_recorded){.quantity = basin_strdup("loss"),
                                          .split = basin_strdup("train"),
                                          .point = basin_strdup("theta"),
                                          .mode = basin_strdup("eval"),
                                          .coverage = basin_strdup("full"),
                                          .value = 0.5};
    basin_graph_destroy(&graph);
}

static void it_tells_record_tensors_nodes_and_norms(void **unused)
{
    basin_checkpoint *ck = NULL;
    basin_info       *info = NULL;

    (void)unused;
    make_checkpoint(&ck);
    assert_ok(basin_info_compute(ck, &info));
    assert_string_equal(info->method, "msam");
    assert_int_equal(info->perturbed, BASIN_PERTURBED_YES);
    assert_int_equal(info->loss_kind, ck->loss.kind);
    assert_null(info->checkpoint);
    assert_null(info->data_digest);
    assert_int_equal(info->parameters, 11);
    assert_int_equal(info->layers, 2);
    assert_int_equal(info->step, 12);
    assert_int_equal(info->seed, 3);
    assert_close(info->undo, 0.25, 0.0, 0.0);
    assert_close(info->theta_norm, sqrt(11.0), 1e-15, 0.0);
    assert_close(info->momentum_norm, 5.0, 1e-15, 0.0);
    assert_true(info->has_momentum);
    assert_int_equal(info->tensor_count, 4);
    assert_string_equal(info->tensors[0].name, "fc1.weight");
    assert_int_equal(info->tensors[0].rank, 2);
    assert_int_equal(info->tensors[0].shape[0], 2);
    assert_int_equal(info->tensors[0].shape[1], 3);
    assert_close(info->tensors[0].norm, sqrt(6.0), 1e-15, 0.0);
    assert_close(info->tensors[0].momentum_norm, 5.0, 1e-15, 0.0);
    assert_close(info->tensors[3].momentum_norm, 0.0, 0.0, 0.0);
    assert_close(info->tensors[0].weight_decay, 0.1, 0.0, 0.0);
    assert_close(info->tensors[1].weight_decay, 0.0, 0.0, 0.0);
    assert_int_equal(info->module_parameters, 20);
    assert_int_equal(info->outside_parameters, 4);
    assert_string_equal(info->outside, "aux");
    assert_int_equal(info->node_count, 3);
    assert_non_null(strstr(info->nodes[0], "fc1: Gemm("));
    assert_non_null(strstr(info->nodes[0], ", fc1.weight, fc1.bias)"));
    assert_non_null(strstr(info->nodes[1], ": Relu("));
    assert_int_equal(info->recorded_count, 1);
    assert_string_equal(info->recorded[0].coverage, "full");
    assert_true(isnan(info->gradient_norm) && isnan(info->stationarity.loss) &&
                isnan(info->momentum_gradient_cosine));
    basin_info_destroy(&info);
    basin_info_destroy(&info);
    basin_info_destroy(NULL);
    basin_checkpoint_destroy(&ck);
}

static void weights_that_are_not_finite_are_counted_by_tensor(void **unused)
{
    basin_checkpoint *ck = NULL;
    basin_info       *info = NULL;

    (void)unused;
    make_checkpoint(&ck);
    ck->theta[0] = NAN, ck->theta[1] = INFINITY, ck->theta[10] = -INFINITY;
    ck->states[0].name[0] = 'x'; /* no momentum by that name */
    assert_ok(basin_info_compute(ck, &info));
    assert_int_equal(info->not_finite, 3);
    assert_int_equal(info->tensors[0].not_finite, 2);
    assert_int_equal(info->tensors[1].not_finite, 0);
    assert_int_equal(info->tensors[3].not_finite, 1);
    assert_true(isnan(info->tensors[0].norm));
    assert_false(info->has_momentum);
    assert_true(isnan(info->momentum_norm) && isnan(info->tensors[1].momentum_norm));
    basin_info_destroy(&info);
    basin_checkpoint_destroy(&ck);
}

/* Of ½‖θ‖² − b·θ the gradient is θ − b, so its angle with the momentum is known. */
static void the_gradient_adds_its_norm_its_angle_and_the_way_down(void **unused)
{
    basin_checkpoint *ck = NULL;
    basin_info       *info = NULL;
    basin_objective  *o = NULL;
    basin_point      *point = NULL;
    double            a[11 * 11] = {0}, b[11];

    (void)unused;
    make_checkpoint(&ck);
    basin_point_options record = basin_point_recorded(ck);
    for (size_t i = 0; i < 11; i++)
        a[12 * i] = 1.0,
               b[i] = ck->theta[i] - (i < 2 ? 0.5 : 0.0); /* g = (0.5, 0.5, 0, …), v = (3, −4, 0, …) */
    assert_ok(basin_test_quadratic(a, b, 20.0, 11, &o));
    record.included = (basin_decay){.value = 0.1}; /* what is told is of the loss without it */
    assert_ok(basin_point_create(o, ck->theta, &record, &point));
    assert_ok(basin_info_compute(ck, &info));
    assert_ok(basin_info_gradient(point, ck, info));
    assert_close(info->gradient_norm, sqrt(0.5), 1e-14, 0.0);
    assert_close(info->momentum_gradient_cosine, -1.0 / (5.0 * sqrt(2.0)), 1e-14, 0.0);
    assert_close(info->stationarity.gradient_norm, sqrt(0.5), 1e-14, 0.0);
    assert_true(isfinite(info->stationarity.loss));
    for (size_t i = 0; i < 2; i++) ck->states[0].values[i] *= 1e200; /* its square is no number */
    assert_ok(basin_info_gradient(point, ck, info));
    assert_close(info->momentum_gradient_cosine, -1.0 / (5.0 * sqrt(2.0)), 1e-14, 0.0);
    ck->states[0].name[0] = 'x';
    assert_ok(basin_info_gradient(point, ck, info));
    assert_true(isnan(info->momentum_gradient_cosine));
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    assert_ok(basin_test_quadratic(a, b, 20.0, 3, &o));
    assert_ok(basin_point_create(o, ck->theta, NULL, &point));
    assert_status(basin_info_gradient(point, ck, info), BASIN_ERR_SHAPE);
    assert_message("the objective has 3 parameters, the checkpoint 11");
    assert_close(info->gradient_norm, sqrt(0.5), 1e-14, 0.0); /* as it was */
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_info_destroy(&info);
    basin_checkpoint_destroy(&ck);
}

static basin_status describe(void *payload)
{
    basin_info  *info = NULL;
    basin_status st = basin_info_compute(payload, &info);

    basin_info_destroy(&info);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    basin_checkpoint *ck = NULL;

    (void)unused;
    make_checkpoint(&ck);
    basin_test_every_allocation(describe, ck);
    basin_checkpoint_destroy(&ck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_record_tensors_nodes_and_norms),
        cmocka_unit_test(weights_that_are_not_finite_are_counted_by_tensor),
        cmocka_unit_test(the_gradient_adds_its_norm_its_angle_and_the_way_down),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("info", tests, NULL, NULL);
}
