/* Symmetries of networks: changes of the weights that leave the function alone, and near misses that do
   not. */
#include <math.h>
#include <string.h>

#include "symmetries.h"

typedef struct subject {
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_symmetries *symmetries;
    network           net;
} subject;

typedef struct known { /* how many of each a network has */
    const char *file;
    size_t      permutations, scalings, pairs;
} known;

static const known networks[] = {
    {"oracle_relu_smoothed.h5", 2, 2, 0}, /* an MLP with ReLU */
    {"oracle_sigmoid_tanh.h5", 2, 0, 0},
    {"oracle_lenet.h5", 4, 2, 0},   /* ReLU between its dense layers, tanh before */
    {"oracle_bn.h5", 2, 2, 0},      /* ELU behind its BatchNorms */
    {"oracle_resnet.h5", 4, 10, 0}, /* two residual streams and two insides */
    {"oracle_vit.h5", 7, 4, 4},     /* a stream, an inside, heads and the columns of their pairs */
    {"oracle_gpt.h5", 8, 2, 6},     /* its embedding is tied to its output */
    {"oracle_tokens.h5", 2, 0, 0},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static subject load(const char *file)
{
    subject s = {0};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    assert_ok(basin_network_symmetries(s.ck->graph, &s.symmetries));
    s.net = (network){s.ck->graph, &s.ck->loss, s.data, s.ck->theta};
    return s;
}

static void unload(subject *s)
{
    basin_symmetries_destroy(&s->symmetries);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

static void outputs_of_known_networks_stay(void **state)
{
    (void)state;
    for (size_t n = 0; n < NETWORKS; n++) {
        subject s = load(networks[n].file);
        print_message("    %s\n", networks[n].file);
        assert_int_equal(s.symmetries->permutation_count, networks[n].permutations);
        assert_int_equal(s.symmetries->scaling_count, networks[n].scalings);
        assert_int_equal(s.symmetries->params->pair_count, networks[n].pairs);
        assert_int_equal(s.symmetries->held, 0);
        assert_symmetries_hold(&s.net, networks[n].file, 1e-12);
        unload(&s);
    }
}

/* A weight is a matrix or more: what a bias does may be undone elsewhere, as that of keys is by a softmax. */
static bool is_weight(const subject *s, const basin_unit_axis *axis)
{
    return !axis->buffer && s->ck->params->blocks[axis->tensor].rank > 1;
}

/* The group without axis number i. */
static basin_unit_group without(const basin_unit_group *group, size_t i, basin_unit_axis *room)
{
    basin_unit_group less = *group;

    less.axes = room;
    less.axis_count = 0;
    for (size_t l = 0; l < group->axis_count; l++)
        if (l != i) room[less.axis_count++] = group->axes[l];
    return less;
}

static void a_group_that_lacks_a_tensor_changes_the_outputs(void **state)
{
    size_t tried = 0;

    (void)state;
    for (size_t n = 0; n < NETWORKS; n++) {
        subject s = load(networks[n].file);
        for (size_t i = 0; i < s.symmetries->permutation_count; i++) {
            const basin_unit_group *group = &s.symmetries->permutations[i];
            basin_unit_axis        *room = basin_alloc(group->axis_count, sizeof *room);
            for (size_t l = 0; l < group->axis_count; l++) {
                const basin_unit_group less = without(group, l, room);
                if (!is_weight(&s, &group->axes[l])) continue;
                assert_true(network_permuted(&s.net, &less) > 1e-5);
                tried++;
            }
            basin_free(room);
        }
        unload(&s);
    }
    assert_true(tried > 60);
}

static void a_factor_that_is_not_undone_changes_the_outputs(void **state)
{
    size_t tried = 0;

    (void)state;
    for (size_t n = 0; n < NETWORKS; n++) {
        subject s = load(networks[n].file);
        for (size_t i = 0; i < s.symmetries->scaling_count; i++) {
            const basin_unit_group *group = &s.symmetries->scalings[i];
            basin_unit_axis        *room = basin_alloc(group->axis_count, sizeof *room);
            for (size_t l = 0; l < group->axis_count; l++) {
                const basin_unit_group less = without(group, l, room);
                assert_true(network_scaled(&s.net, &less, 0.5) > 1e-5);
                tried++;
            }
            basin_free(room);
        }
        unload(&s);
    }
    assert_true(tried > 60);
}

/* Columns of a flattened image go with their channel, and keep their order. */
static void flattened_channels_are_runs_of_columns(void **state)
{
    subject                 s = load("oracle_lenet.h5");
    const basin_unit_group *group = &s.symmetries->permutations[1];

    (void)state;
    assert_string_equal(group->name, "conv2");
    assert_int_equal(group->units, 6);
    assert_int_equal(group->axis_count, 3);
    const basin_unit_axis *axis = &group->axes[2];
    assert_string_equal(s.ck->params->blocks[axis->tensor].name, "fc1.weight");
    assert_int_equal(axis->axis, 1);
    assert_int_equal(axis->each, 4);
    for (size_t i = 0; i < 24; i++) assert_int_equal(axis->index[i], i);
    unload(&s);
}

/* ε under LayerNorm's root is no part of the symmetry: the outputs move by about its share of the variance,
   and less where the factor is larger. */
static void epsilon_is_all_that_a_layer_norm_lets_through(void **state)
{
    subject                 s = load("oracle_vit.h5");
    const basin_unit_group *stream = &s.symmetries->scalings[0];

    (void)state;
    assert_int_equal(stream->kind, BASIN_GROUP_NORMALISED);
    assert_int_equal(stream->units, 1);
    assert_true(group_is_approximate(stream));
    const double moved = network_scaled(&s.net, stream, 0.5);
    assert_true(moved > 1e-9 && moved < 1e-3);
    unload(&s);
}

static void what_is_no_symmetry_is_refused(void **state)
{
    subject                 s = load("oracle_resnet.h5");
    basin_graph            *graph = NULL;
    const basin_unit_group *group = &s.symmetries->permutations[0];
    const double            factors[] = {1.0, 2.0, 0.0, 1.0}, tiny[] = {1e-9, 1e-9, 1e-9, 1e-9};
    double *const           theta = s.ck->theta;
    basin_symmetries       *none = NULL;

    (void)state;
    assert_status(basin_symmetry_permute(group, (size_t[]){0, 1, 1, 3}, s.ck->graph, theta), BASIN_ERR_ARG);
    assert_message("conv1: the order of its 4 units is no permutation at number 2");
    assert_status(basin_symmetry_scale(&s.symmetries->scalings[0], factors, s.ck->graph, theta),
                  BASIN_ERR_ARG);
    assert_message("conv1: the factor of unit 2 is 0");
    assert_status(basin_symmetry_scale(&s.symmetries->scalings[0], tiny, s.ck->graph, theta),
                  BASIN_ERR_VALUE);
    assert_message("would make the variance bn1.running_var[0]");
    assert_ok(basin_graph_mlp((const size_t[]){4, 3}, 2, NULL, &graph));
    assert_status(basin_network_symmetries(graph, &none), BASIN_ERR_UNSUPPORTED);
    assert_message("the network has no symmetry that is known: it has no hidden units");
    basin_graph_destroy(&graph);
    unload(&s);
}

static void units_that_an_op_holds_are_counted_and_the_op_is_named(void **state)
{
    subject s = load("oracle_conv1d.h5"); /* a convolution in groups, and a GroupNorm */

    (void)state;
    assert_int_equal(s.symmetries->permutation_count, 0);
    assert_int_equal(s.symmetries->held, 8);
    assert_string_equal(s.symmetries->held_by, "node 6 (Conv)");
    assert_int_equal(s.symmetries->scaling_count, 2);
    assert_symmetries_hold(&s.net, "oracle_conv1d.h5", 1e-12);
    unload(&s);
}

static void a_singular_basis_is_refused(void **state)
{
    subject                  s = load("oracle_vit.h5");
    const basin_factor_pair *pair = &s.symmetries->params->pairs[0];
    double                  *zero = basin_alloc(pair->width * pair->width, sizeof *zero);

    (void)state;
    assert_status(basin_symmetry_rotate(pair, zero, s.ck->theta), BASIN_ERR_NUMERIC);
    assert_message("is singular");
    basin_free(zero);
    unload(&s);
}

static basin_status find(void *payload)
{
    basin_symmetries  *s = NULL;
    const basin_status st = basin_network_symmetries(payload, &s);

    basin_symmetries_destroy(&s);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    subject resnet = load("oracle_lenet.h5"), vit = load("oracle_vit.h5");

    (void)state;
    basin_test_every_allocation(find, resnet.ck->graph);
    basin_test_every_allocation(find, vit.ck->graph);
    unload(&resnet);
    unload(&vit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_of_known_networks_stay),
        cmocka_unit_test(a_group_that_lacks_a_tensor_changes_the_outputs),
        cmocka_unit_test(a_factor_that_is_not_undone_changes_the_outputs),
        cmocka_unit_test(flattened_channels_are_runs_of_columns),
        cmocka_unit_test(epsilon_is_all_that_a_layer_norm_lets_through),
        cmocka_unit_test(what_is_no_symmetry_is_refused),
        cmocka_unit_test(units_that_an_op_holds_are_counted_and_the_op_is_named),
        cmocka_unit_test(a_singular_basis_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("symmetry", tests, NULL, NULL) : 1;
}
