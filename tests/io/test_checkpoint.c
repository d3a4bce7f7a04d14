/* Checkpoints and runs: what is written comes back bit for bit; what is left out is unknown; nothing is
   half-written. */
#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/graph.h"
#include "core/linalg.h"
#include "support.h"

static void set_text(char **to, const char *text)
{
    *to = basin_strdup(text);
    assert_non_null(*to);
}

static double *some_values(size_t count, double seed)
{
    double *values = basin_alloc(count, sizeof *values);

    assert_non_null(values);
    for (size_t i = 0; i < count; i++) values[i] = sin(seed + (double)i) / 3.0;
    return values;
}

/* Everything that the format can hold. */
static void record_twelve(basin_checkpoint *ck)
{
    ck->recorded_count = 12;
    ck->recorded = basin_alloc(12, sizeof *ck->recorded);
    for (size_t i = 0; i < 12; i++) {
        basin_recorded *r = &ck->recorded[i];
        set_text(&r->quantity, i % 2 ? "accuracy" : "loss");
        set_text(&r->split, "test");
        set_text(&r->point, "theta_perturbed");
        set_text(&r->mode, "train");
        set_text(&r->coverage, "running");
        r->value = (double)i / 7.0;
        r->source = (int)i % 3;
        if (i % 4 == 0) set_text(&r->stood, "callbacks.val_loss");
    }
}

static basin_checkpoint *full_checkpoint(void)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    assert_ok(basin_graph_mlp((const size_t[]){5, 4, 3}, 3, "Gelu", &graph));
    set_text(&graph->nodes[1].origin, "net.1");
    assert_ok(basin_graph_add(graph, "look", "Add", (const char *[]){"a.count", "bn/running_mean"}, 2,
                              (const char *[]){"sum"}, 1, NULL));
    assert_ok(basin_checkpoint_create(graph, &ck));
    basin_graph_destroy(&graph);
    basin_free(ck->theta);
    ck->theta = some_values(ck->params->size, 0.0);
    ck->theta[3] = -0.0;
    ck->theta[4] = 5e-324;
    ck->state_count = 2;
    ck->states = basin_alloc(2, sizeof *ck->states);
    for (size_t i = 0; i < 2; i++) {
        set_text(&ck->states[i].name, i == 0 ? "momentum" : "second_moment");
        ck->states[i].values = some_values(ck->params->size, 1.0 + (double)i);
    }
    ck->graph->buffer_count = 2;
    ck->graph->buffers = basin_alloc(2, sizeof *ck->graph->buffers);
    for (size_t i = 0; i < 2; i++) {
        ck->graph->buffers[i] = (basin_buffer){
            .rank = i, .shape = {i == 0 ? 0 : 3}, .size = i == 0 ? 1 : 3, .values = some_values(3, 9.0)};
        set_text(&ck->graph->buffers[i].name, i == 0 ? "a.count" : "bn/running_mean");
    }
    set_text(&ck->buffers_point, "theta_perturbed");
    set_text(&ck->method, "msam");
    set_text(&ck->run, "20261130T062945.000Z-3f9ac01b2d4e");
    set_text(&ck->data_path, "data.h5");
    memset(ck->data_digest, 'a', 64);
    ck->hyper = (basin_hyperparameters){0.1, 0.9, 0.05, 5e-4, true, 0, 17};
    ck->decay = basin_alloc(ck->params->size, sizeof *ck->decay); /* of the weights alone */
    for (size_t i = 0; i < ck->params->count; i += 2)
        for (size_t j = 0; j < ck->params->blocks[i].size; j++)
            ck->decay[ck->params->blocks[i].offset + j] = 0.01 * (double)(i + 1);
    ck->perturbed = BASIN_PERTURBED_YES;
    ck->undo = 0.3;
    ck->epoch = 1.5;
    ck->step = 120;
    ck->gradient_evaluations = 121;
    ck->seconds = 2.25;
    assert_ok(basin_loss_spec_copy(&(basin_loss_spec){.label_smoothing = 0.1,
                                                      .ignores = true,
                                                      .ignore_index = -100,
                                                      .weight_count = 3,
                                                      .weights = (double[]){0.1, 0.0, 2.0}},
                                   &ck->loss));
    record_twelve(ck);
    return ck;
}

static void assert_graphs_equal(const basin_graph *a, const basin_graph *b)
{
    char *x = NULL, *y = NULL;

    assert_ok(basin_graph_format(a, &x));
    assert_ok(basin_graph_format(b, &y));
    assert_string_equal(x, y);
    basin_free(x);
    basin_free(y);
}

static void assert_checkpoints_equal(const basin_checkpoint *a, const basin_checkpoint *b)
{
    assert_graphs_equal(a->graph, b->graph);
    assert_memory_equal(a->theta, b->theta, a->params->size * sizeof(double));
    assert_int_equal(a->state_count, b->state_count);
    for (size_t i = 0; i < a->state_count; i++) {
        assert_string_equal(a->states[i].name, b->states[i].name);
        assert_memory_equal(a->states[i].values, b->states[i].values, a->params->size * sizeof(double));
    }
    assert_int_equal(a->graph->buffer_count, b->graph->buffer_count);
    for (size_t i = 0; i < a->graph->buffer_count; i++) {
        assert_string_equal(a->graph->buffers[i].name, b->graph->buffers[i].name);
        assert_int_equal(a->graph->buffers[i].rank, b->graph->buffers[i].rank);
        assert_int_equal(a->graph->buffers[i].size, b->graph->buffers[i].size);
        assert_memory_equal(a->graph->buffers[i].values, b->graph->buffers[i].values,
                            a->graph->buffers[i].size * sizeof(double));
    }
    assert_string_equal(a->buffers_point, b->buffers_point);
    assert_string_equal(a->method, b->method);
    assert_string_equal(a->run, b->run);
    assert_string_equal(a->data_path, b->data_path);
    assert_string_equal(a->data_digest, b->data_digest);
    assert_true(a->hyper.learning_rate == b->hyper.learning_rate && a->hyper.momentum == b->hyper.momentum &&
                a->hyper.rho == b->hyper.rho);
    assert_true(a->hyper.weight_decay == b->hyper.weight_decay &&
                a->hyper.weight_decay_coupled == b->hyper.weight_decay_coupled);
    assert_true((a->decay == NULL) == (b->decay == NULL));
    if (a->decay != NULL) assert_memory_equal(a->decay, b->decay, a->params->size * sizeof *a->decay);
    assert_true(a->hyper.batch_size == b->hyper.batch_size && a->hyper.seed == b->hyper.seed);
    assert_true(a->perturbed == b->perturbed && a->undo == b->undo && a->epoch == b->epoch &&
                a->step == b->step);
    assert_true(a->gradient_evaluations == b->gradient_evaluations && a->seconds == b->seconds);
    assert_true(a->loss.kind == b->loss.kind && a->loss.label_smoothing == b->loss.label_smoothing);
    assert_true(a->loss.ignores == b->loss.ignores && a->loss.ignore_index == b->loss.ignore_index);
    assert_int_equal(a->loss.weight_count, b->loss.weight_count);
    if (a->loss.weight_count > 0)
        assert_memory_equal(a->loss.weights, b->loss.weights, a->loss.weight_count * sizeof(double));
    assert_int_equal(a->recorded_count, b->recorded_count);
    for (size_t i = 0; i < a->recorded_count; i++) {
        assert_string_equal(a->recorded[i].quantity, b->recorded[i].quantity);
        assert_string_equal(a->recorded[i].split, b->recorded[i].split);
        assert_string_equal(a->recorded[i].point, b->recorded[i].point);
        assert_string_equal(a->recorded[i].mode, b->recorded[i].mode);
        assert_string_equal(a->recorded[i].coverage, b->recorded[i].coverage);
        assert_true(a->recorded[i].value == b->recorded[i].value);
        assert_int_equal(a->recorded[i].source, b->recorded[i].source);
        assert_true(basin_same_text(a->recorded[i].stood, b->recorded[i].stood));
    }
}

/* ------------------------------------------------------------------------------------- what comes back -- */

static void everything_comes_back_bit_for_bit(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint(), *back = NULL;
    const char       *path = basin_test_scratch("full.h5");
    char              digest[65];

    assert_ok(basin_checkpoint_write(ck, path));
    assert_ok(basin_checkpoint_read(path, &back));
    assert_checkpoints_equal(ck, back);
    assert_string_equal(back->path, path);
    assert_ok(basin_file_digest(path, digest));
    assert_string_equal(back->digest, digest);
    basin_checkpoint_destroy(&ck);
    basin_checkpoint_destroy(&back);
    basin_checkpoint_destroy(&back);
    basin_checkpoint_destroy(NULL);
}

static void what_was_not_recorded_is_unknown(void **state)
{
    (void)state;
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;
    const char       *path = basin_test_scratch("bare.h5");

    assert_ok(basin_graph_mlp((const size_t[]){2, 1}, 2, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, &ck));
    basin_graph_destroy(&graph);
    assert_ok(basin_checkpoint_write(ck, path));
    basin_checkpoint_destroy(&ck);
    assert_ok(basin_checkpoint_read(path, &ck));
    assert_null(ck->method);
    assert_null(ck->run);
    assert_null(ck->data_path);
    assert_string_equal(ck->data_digest, "");
    assert_null(basin_checkpoint_momentum(ck));
    assert_int_equal(ck->state_count + ck->graph->buffer_count + ck->recorded_count, 0);
    assert_true(isnan(ck->epoch) && isnan(ck->seconds) && isnan(ck->undo) && isnan(ck->hyper.learning_rate) &&
                isnan(ck->hyper.momentum));
    assert_true(isnan(ck->hyper.rho) && isnan(ck->hyper.weight_decay) && !ck->hyper.weight_decay_coupled);
    assert_true(ck->step == -1 && ck->gradient_evaluations == -1 && ck->hyper.seed == -1 &&
                ck->hyper.batch_size == -1);
    assert_int_equal(ck->perturbed, BASIN_PERTURBED_UNKNOWN);
    basin_checkpoint_destroy(&ck);
}

/* tests/data/example.h5 was written by the h5py program in docs/checkpoint-format.md. */
static void a_file_written_in_python_by_the_documentation_is_read(void **state)
{
    (void)state;
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;

    assert_ok(basin_checkpoint_read(basin_test_data("example.h5"), &ck));
    assert_int_equal(ck->params->size, 17);
    assert_string_equal(ck->params->blocks[2].name, "fc2.weight");
    assert_non_null(basin_checkpoint_momentum(ck));
    assert_string_equal(ck->method, "sgd");
    assert_int_equal(ck->step, 100);
    assert_int_equal(ck->perturbed, BASIN_PERTURBED_NO);
    assert_true(ck->hyper.learning_rate == 0.1 && ck->hyper.batch_size == 2 && isnan(ck->hyper.rho));
    assert_true(ck->theta[0] == (double)(float)ck->theta[0] && ck->theta[0] != 0.0);
    assert_ok(basin_checkpoint_finite(ck));
    assert_ok(basin_checkpoint_dataset(ck, NULL, &data));
    assert_int_equal(data->count, 8);
    assert_int_equal(basin_dataset_split(data, "test")->rows[1], 7);
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
}

static void nan_is_read_and_named_when_asked(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint(), *back = NULL;

    assert_ok(basin_checkpoint_finite(ck));
    ck->theta[22] = NAN; /* fc1.weight [4, 5], fc1.bias [4] from 20 on */
    ck->theta[23] = INFINITY;
    assert_ok(basin_checkpoint_write(ck, basin_test_scratch("nan.h5")));
    assert_ok(basin_checkpoint_read(basin_test_scratch("nan.h5"), &back));
    assert_status(basin_checkpoint_finite(back), BASIN_ERR_VALUE);
    assert_message("nan.h5: fc1.bias: 2 of 4 values are NaN or Inf, the first at 2");
    back->theta[22] = back->theta[23] = 0.0;
    back->states[0].values[0] = NAN;
    assert_status(basin_checkpoint_finite(back), BASIN_ERR_VALUE);
    assert_message("momentum of fc1.weight: 1 of 20 values");
    basin_checkpoint_destroy(&ck);
    basin_checkpoint_destroy(&back);
}

static void undoing_adds_the_momentum_once(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    double            before = ck->theta[7], v = basin_checkpoint_momentum(ck)[7];

    ck->hyper.rho = 0.3 * basin_norm(basin_checkpoint_momentum(ck), ck->params->size);
    assert_ok(basin_checkpoint_undo(ck));
    assert_close(ck->theta[7], before + 0.3 * v, 1e-15, 0.0);
    assert_int_equal(ck->perturbed, BASIN_PERTURBED_NO);
    assert_ok(basin_checkpoint_undo(ck));
    assert_close(ck->theta[7], before + 0.3 * v, 1e-15, 0.0);
    ck->perturbed = BASIN_PERTURBED_YES;
    ck->undo = NAN;
    assert_status(basin_checkpoint_undo(ck), BASIN_ERR_MISSING);
    assert_message("no scalar is recorded");
    ck->states[0].name[0] = 'M';
    assert_status(basin_checkpoint_undo(ck), BASIN_ERR_MISSING);
    assert_message("no momentum is saved");
    basin_checkpoint_destroy(&ck);
}

/* Recorded, or by MSAM's recursion θ̃ = θ − ρ v/‖v‖, also at its edges: no momentum yet (v = 0), no
   radius, a negative one. */
static void the_scalar_that_undoes_is_recorded_or_follows_from_the_recursion(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    double           *v = ck->states[0].values, square = 0.0;

    for (size_t i = 0; i < ck->params->size; i++) square += v[i] * v[i];
    assert_close(basin_checkpoint_undo_scalar(ck), 0.3, 0.0, 0.0);
    ck->undo = 0.0; /* saved unperturbed */
    assert_close(basin_checkpoint_undo_scalar(ck), 0.05 / sqrt(square), 1e-14, 0.0);
    ck->undo = NAN;
    assert_close(basin_checkpoint_undo_scalar(ck), 0.05 / sqrt(square), 1e-14, 0.0);
    ck->hyper.rho = -0.05; /* the other sign perturbs uphill */
    assert_close(basin_checkpoint_undo_scalar(ck), -0.05 / sqrt(square), 1e-14, 0.0);
    ck->hyper.rho = 0.0;
    assert_close(basin_checkpoint_undo_scalar(ck), 0.0, 0.0, 0.0);
    ck->hyper.rho = NAN;
    assert_true(isnan(basin_checkpoint_undo_scalar(ck)));
    memset(v, 0, ck->params->size * sizeof *v);
    assert_close(basin_checkpoint_undo_scalar(ck), 0.0, 0.0, 0.0); /* whatever the radius */
    ck->hyper.rho = 0.05;
    assert_close(basin_checkpoint_undo_scalar(ck), 0.0, 0.0, 0.0);
    static const char *const others[] = {"sam", "adamw", "adamw_sam", "msam_new", "notmsam"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        basin_free(ck->method);
        set_text(&ck->method, others[i]);
        assert_true(isnan(basin_checkpoint_undo_scalar(ck)));
    }
    basin_free(ck->method);
    set_text(&ck->method, "adamw_msam"); /* the same perturbation, along the first moment */
    assert_close(basin_checkpoint_undo_scalar(ck), 0.0, 0.0, 0.0);
    v[0] = 0.5;
    assert_close(basin_checkpoint_undo_scalar(ck), 0.1, 1e-14, 0.0);
    ck->undo = 0.2;
    assert_status(basin_checkpoint_undo_check(ck), BASIN_ERR_VALUE);
    ck->undo = NAN;
    ck->states[0].name[0] = 'M';
    assert_true(isnan(basin_checkpoint_undo_scalar(ck)));
    basin_checkpoint_destroy(&ck);
}

static void weights_are_unperturbed_as_the_policy_says(void **state)
{
    static const struct {
        basin_perturbed perturbed;
        basin_unperturb policy;
        int             weights;
        bool            moves;
    } cases[] = {
        {BASIN_PERTURBED_NO, BASIN_UNPERTURB_RECORDED, BASIN_WEIGHTS_UNPERTURBED, false},
        {BASIN_PERTURBED_NO, BASIN_UNPERTURB_UNDO, BASIN_WEIGHTS_UNPERTURBED, false},
        {BASIN_PERTURBED_NO, BASIN_UNPERTURB_NEVER, BASIN_WEIGHTS_UNPERTURBED, false},
        {BASIN_PERTURBED_YES, BASIN_UNPERTURB_RECORDED, BASIN_WEIGHTS_UNDONE, true},
        {BASIN_PERTURBED_YES, BASIN_UNPERTURB_UNDO, BASIN_WEIGHTS_UNDONE, true},
        {BASIN_PERTURBED_YES, BASIN_UNPERTURB_RHO, BASIN_WEIGHTS_UNDONE, true},
        {BASIN_PERTURBED_YES, BASIN_UNPERTURB_NEVER, BASIN_WEIGHTS_AS_STORED, false},
        {BASIN_PERTURBED_UNKNOWN, BASIN_UNPERTURB_RECORDED, -1, false},
        {BASIN_PERTURBED_UNKNOWN, BASIN_UNPERTURB_UNDO, BASIN_WEIGHTS_UNDONE, true},
        {BASIN_PERTURBED_UNKNOWN, BASIN_UNPERTURB_RHO, BASIN_WEIGHTS_UNDONE, true},
        {BASIN_PERTURBED_UNKNOWN, BASIN_UNPERTURB_NEVER, BASIN_WEIGHTS_AS_STORED, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_checkpoint *ck = full_checkpoint();
        int               weights;
        double            before = ck->theta[7], v = basin_checkpoint_momentum(ck)[7];
        ck->perturbed = cases[i].perturbed;
        ck->hyper.rho = 0.3 * basin_norm(basin_checkpoint_momentum(ck), ck->params->size);
        if (cases[i].policy == BASIN_UNPERTURB_RHO) ck->undo = 7.0; /* whatever is recorded */
        assert_ok(basin_checkpoint_unperturb(ck, cases[i].policy, &weights));
        assert_int_equal(weights, cases[i].weights);
        assert_close(ck->theta[7], cases[i].moves ? before + 0.3 * v : before, 1e-15, 0.0);
        assert_int_equal(ck->perturbed, cases[i].moves ? BASIN_PERTURBED_NO : cases[i].perturbed);
        basin_checkpoint_destroy(&ck);
    }
}

static void what_cannot_be_undone_is_left_as_it_was(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    int               weights = BASIN_WEIGHTS_AS_STORED;
    double            before = ck->theta[7];

    ck->perturbed = BASIN_PERTURBED_UNKNOWN, ck->undo = NAN, ck->hyper.rho = NAN;
    assert_status(basin_checkpoint_unperturb(ck, BASIN_UNPERTURB_UNDO, &weights), BASIN_ERR_MISSING);
    assert_message("checkpoint: no scalar is recorded that would undo a perturbation");
    assert_int_equal(ck->perturbed, BASIN_PERTURBED_UNKNOWN);
    ck->undo = 0.3, ck->states[0].name[0] = 'M';
    assert_status(basin_checkpoint_unperturb(ck, BASIN_UNPERTURB_UNDO, &weights), BASIN_ERR_MISSING);
    assert_message("no momentum is saved");
    assert_int_equal(ck->perturbed, BASIN_PERTURBED_UNKNOWN);
    assert_close(ck->undo, 0.3, 0.0, 0.0);
    assert_close(ck->theta[7], before, 0.0, 0.0);
    assert_int_equal(weights, BASIN_WEIGHTS_AS_STORED);
    basin_checkpoint_destroy(&ck);
}

static void a_scalar_that_does_not_move_by_rho_is_refused(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    const double norm = basin_norm(basin_checkpoint_momentum(ck), ck->params->size), before = ck->theta[7];
    char         numbers[128];

    ck->undo = 1.0 / norm; /* 1/|v| in the place of rho/|v| */
    assert_status(basin_checkpoint_undo(ck), BASIN_ERR_VALUE);
    snprintf(numbers, sizeof numbers,
             "moves by 1, but msam perturbs by rho = 0.05, which rho/|v| = %.6g would undo", 0.05 / norm);
    assert_message(numbers);
    assert_true(ck->theta[7] == before && ck->perturbed == BASIN_PERTURBED_YES);
    ck->undo = 0.05 / norm * (1.0 + 5e-4); /* a norm in single precision */
    assert_ok(basin_checkpoint_undo_check(ck));
    ck->undo = -ck->undo; /* perturbed the other way */
    assert_ok(basin_checkpoint_undo_check(ck));
    ck->undo = 7.0;
    ck->hyper.rho = NAN; /* nothing to hold it against */
    assert_ok(basin_checkpoint_undo_check(ck));
    assert_ok(basin_checkpoint_undo_by(ck, 0.25));
    assert_close(ck->theta[7], before + 0.25 * basin_checkpoint_momentum(ck)[7], 1e-15, 0.0);
    assert_true(ck->undo == 0.25 && ck->perturbed == BASIN_PERTURBED_NO);
    basin_checkpoint_destroy(&ck);
}

static void a_start_is_only_what_is_known_to_be_one(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();

    ck->step = 0;
    assert_false(basin_checkpoint_starts(ck)); /* evaluations, epoch and momentum speak against it */
    ck->gradient_evaluations = 0, ck->epoch = 0.0;
    assert_false(basin_checkpoint_starts(ck));
    memset(ck->states[0].values, 0, ck->params->size * sizeof *ck->states[0].values);
    assert_true(basin_checkpoint_starts(ck));
    ck->gradient_evaluations = -1, ck->epoch = NAN;
    assert_true(basin_checkpoint_starts(ck));
    ck->epoch = 1.0;
    assert_false(basin_checkpoint_starts(ck));
    basin_checkpoint_destroy(&ck);
}

static void methods_that_never_perturb_need_not_say_so(void **state)
{
    static const struct {
        const char     *method;
        basin_perturbed expected;
    } cases[] = {
        {"gd", BASIN_PERTURBED_NO},
        {"adamw", BASIN_PERTURBED_NO},
        {"sam", BASIN_PERTURBED_UNKNOWN},
        {"msam", BASIN_PERTURBED_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_checkpoint *ck = full_checkpoint(), *back = NULL;
        const char       *path = basin_test_scratch("perturbed.h5");
        basin_free(ck->method);
        set_text(&ck->method, cases[i].method);
        ck->perturbed = BASIN_PERTURBED_UNKNOWN;
        assert_ok(basin_checkpoint_write(ck, path));
        assert_ok(basin_checkpoint_read(path, &back));
        /* said plainly: so it is, whatever the method */
        assert_int_equal(back->perturbed, BASIN_PERTURBED_UNKNOWN);
        basin_checkpoint_destroy(&back);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        assert_true(H5Adelete_by_name(file, "/training", "perturbed", H5P_DEFAULT) >= 0);
        assert_true(H5Fclose(file) >= 0);
        assert_ok(basin_checkpoint_read(path, &back));
        assert_int_equal(back->perturbed, cases[i].expected);
        basin_checkpoint_destroy(&back);
        basin_checkpoint_destroy(&ck);
    }
}

static void equal_checkpoints_give_equal_bytes(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    char              a[65], b[65];

    assert_ok(basin_checkpoint_write(ck, basin_test_scratch("a.h5")));
    assert_ok(basin_checkpoint_write(ck, basin_test_scratch("b.h5")));
    assert_ok(basin_file_digest(basin_test_scratch("a.h5"), a));
    assert_ok(basin_file_digest(basin_test_scratch("b.h5"), b));
    assert_string_equal(a, b);
    basin_checkpoint_destroy(&ck);
}

/* -------------------------------------------------------------------------------------------- its data -- */

static void the_data_is_found_beside_the_checkpoint_and_held_against_its_digest(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint(), *back = NULL;
    basin_dataset    *data = NULL;
    const char       *path = basin_test_scratch("runs/ck.h5");

    mkdir(basin_test_scratch("runs"), 0777);
    assert_ok(basin_dataset_read("samples/digits.h5", NULL, &data));
    assert_ok(basin_dataset_write(data, basin_test_scratch("shared.h5")));
    basin_free(ck->data_path);
    set_text(&ck->data_path, "../shared.h5");
    memcpy(ck->data_digest, data->digest, 65);
    assert_ok(basin_checkpoint_write(ck, path));
    basin_dataset_destroy(&data);
    assert_ok(basin_checkpoint_read(path, &back));
    assert_ok(basin_checkpoint_dataset(back, NULL, &data));
    assert_int_equal(data->count, 1797);
    basin_dataset_destroy(&data);

    back->data_digest[0] = back->data_digest[0] == '0' ? '1' : '0';
    assert_status(basin_checkpoint_dataset(back, NULL, &data), BASIN_ERR_VALUE);
    assert_message("runs/../shared.h5: the data has digest c00e3cb5e46d");
    assert_null(data);
    assert_ok(basin_checkpoint_dataset(back, "samples/digits.h5", &data)); /* whoever overrides knows */
    basin_dataset_destroy(&data);

    basin_free(back->data_path);
    back->data_path = basin_strdup("gone.h5");
    assert_status(basin_checkpoint_dataset(back, NULL, &data), BASIN_ERR_MISSING);
    assert_message("gone.h5, which is not there");
    basin_free(back->data_path);
    back->data_path = NULL;
    assert_status(basin_checkpoint_dataset(back, NULL, &data), BASIN_ERR_MISSING);
    assert_message("ck.h5: names no data");
    basin_checkpoint_destroy(&ck);
    basin_checkpoint_destroy(&back);
}

/* ------------------------------------------------------------------------------------------------ runs -- */

static void write_step(const char *name, int64_t step, bool momentum)
{
    basin_checkpoint *ck = full_checkpoint();

    ck->step = step;
    if (!momentum) ck->states[0].name[0] = 'M';
    assert_ok(basin_checkpoint_write(ck, basin_test_scratch(name)));
    basin_checkpoint_destroy(&ck);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    fclose(file);
}

static void a_run_is_ordered_by_the_steps_inside_and_passes_over_other_files(void **state)
{
    (void)state;
    basin_run *run = NULL;
    char      *folder = basin_strdup(basin_test_scratch("order/"));

    mkdir(folder, 0777);
    mkdir(basin_test_scratch("order/sub.h5"), 0777);
    write_step("order/b.h5", 20, true);
    write_step("order/a.h5", 100, false);
    write_step("order/c.h5", 3, true);
    write_text(basin_test_scratch("order/log.txt"), "epoch 1\n");
    write_text(basin_test_scratch("order/d.h5.12.part"), "\x89HDF\r\n\x1a\n");
    assert_int_equal(symlink("/nowhere", basin_test_scratch("order/dangling.h5")), 0);
    assert_int_equal(rename(basin_test_scratch("shared.h5"), basin_test_scratch("order/data.h5")), 0);
    assert_ok(basin_run_open(folder, &run));
    assert_int_equal(run->count, 3);
    assert_int_equal(run->entries[0].step, 3);
    assert_int_equal(run->entries[1].step, 20);
    assert_int_equal(run->entries[2].step, 100);
    assert_true(run->entries[0].momentum && !run->entries[2].momentum);
    assert_true(run->entries[0].epoch == 1.5);
    assert_int_equal(run->entries[0].gradient_evaluations, 121);
    assert_non_null(strstr(run->entries[0].path, "/order/c.h5"));
    basin_run_destroy(&run);
    basin_run_destroy(&run);

    write_text(basin_test_scratch("order/broken.h5"), "\x89HDF\r\n\x1a\n and no more");
    assert_ok(basin_run_open(folder, &run));
    assert_int_equal(run->count, 4);
    assert_int_equal(run->entries[0].step, -1);
    assert_int_equal(run->entries[0].gradient_evaluations, -1);
    assert_non_null(strstr(run->entries[0].path, "broken.h5"));
    basin_run_destroy(&run);
    basin_free(folder);
}

/* A run of step 20 and, but for `first` = NULL, of this checkpoint at step 0. Caller destroys. */
static basin_run *begun_run(const basin_checkpoint *first)
{
    basin_run *run = NULL;

    mkdir(basin_test_scratch("begun"), 0777);
    write_step("begun/late.h5", 20, true);
    remove(basin_test_scratch("begun/first.h5"));
    if (first != NULL) assert_ok(basin_checkpoint_write(first, basin_test_scratch("begun/first.h5")));
    assert_ok(basin_run_open(basin_test_scratch("begun"), &run));
    return run;
}

static void assert_no_start(const basin_checkpoint *first)
{
    basin_run        *run = begun_run(first);
    basin_checkpoint *start = NULL;

    assert_ok(basin_run_start(run, &start));
    assert_null(start);
    basin_run_destroy(&run);
}

static void a_run_starts_at_its_step_0_before_any_momentum(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint(), *start = NULL;
    double           *momentum = ck->states[0].values;

    ck->step = 0, ck->epoch = 0.0, ck->gradient_evaluations = 0;
    assert_no_start(ck); /* a momentum: step 0 of a count from 0 */
    memset(momentum, 0, ck->params->size * sizeof *momentum);
    basin_run *run = begun_run(ck);
    assert_ok(basin_run_start(run, &start));
    assert_int_equal(start->step, 0);
    assert_int_equal(start->perturbed, BASIN_PERTURBED_NO);
    for (size_t i = 0; i < ck->params->size; i++) assert_close(start->theta[i], ck->theta[i], 1e-15, 0.0);
    basin_run_destroy(&run);
    basin_checkpoint_destroy(&start);
    assert_no_start(NULL);
    ck->perturbed = BASIN_PERTURBED_UNKNOWN;
    assert_no_start(ck);
    ck->perturbed = BASIN_PERTURBED_NO;
    ck->theta[2] = NAN;
    assert_no_start(ck);
    basin_checkpoint_destroy(&ck);
}

/* Steps 5, 6 and 7, of which 6 is stored perturbed (θ = stored + 0.3 v), all with the same stored weights:
   the mean of θ is stored + 0.1 v. */
static void weights_of_consecutive_steps_are_averaged(void **state)
{
    (void)state;
    basin_run        *before = NULL;
    basin_checkpoint *ck = NULL;
    char             *folder = basin_strdup(basin_test_scratch("average/"));

    mkdir(folder, 0777);
    for (int64_t step = 5; step <= 7; step++) {
        char name[40];
        snprintf(name, sizeof name, "average/s%d.h5", (int)step);
        ck = full_checkpoint();
        ck->hyper.rho = 0.3 * basin_norm(basin_checkpoint_momentum(ck), ck->params->size);
        ck->step = step, ck->perturbed = step == 6 ? BASIN_PERTURBED_YES : BASIN_PERTURBED_NO;
        assert_ok(basin_checkpoint_write(ck, basin_test_scratch(name)));
        basin_checkpoint_destroy(&ck);
    }
    write_step("average/s2.h5", 2, true);
    assert_ok(basin_checkpoint_read(basin_test_scratch("average/s7.h5"), &ck));
    double stored = ck->theta[7], v = basin_checkpoint_momentum(ck)[7];
    assert_ok(basin_run_before(ck, 2, &before));
    assert_int_equal(before->count, 2);
    assert_int_equal(before->entries[0].step, 5);
    assert_int_equal(before->entries[1].step, 6);
    assert_ok(basin_checkpoint_average(ck, before, BASIN_UNPERTURB_RECORDED));
    assert_close(ck->theta[7], stored + 0.1 * v, 1e-15, 0.0);
    ck->theta[7] = stored;
    assert_ok(basin_checkpoint_average(ck, before, BASIN_UNPERTURB_NEVER));
    assert_close(ck->theta[7], stored, 1e-15, 0.0);
    basin_run_destroy(&before);

    assert_status(basin_run_before(ck, 6, &before), BASIN_ERR_MISSING);
    assert_message("average/s7.h5: its folder does not hold steps 1, 3, 4");
    assert_status(basin_run_before(ck, 8, &before), BASIN_ERR_VALUE);
    assert_message("at step 7 there are no 8 before it");
    write_step("average/again.h5", 6, true);
    assert_status(basin_run_before(ck, 1, &before), BASIN_ERR_VALUE);
    assert_message("which is step 6, ");
    assert_null(before);
    basin_checkpoint_destroy(&ck);
    basin_free(folder);
}

static void a_run_can_be_one_file_and_needs_a_checkpoint(void **state)
{
    (void)state;
    basin_run *run = NULL;

    write_step("single.h5", 7, true);
    assert_ok(basin_run_open(basin_test_scratch("single.h5"), &run));
    assert_int_equal(run->count, 1);
    assert_int_equal(run->entries[0].step, 7);
    basin_run_destroy(&run);
    assert_status(basin_run_open("samples/digits.h5", &run), BASIN_ERR_FORMAT);
    assert_message("samples/digits.h5: not a checkpoint");
    assert_status(basin_run_open("docs", &run), BASIN_ERR_MISSING);
    assert_message("docs: no checkpoint in this folder");
    assert_status(basin_run_open("/nowhere/at/all", &run), BASIN_ERR_IO);
    assert_message("/nowhere/at/all: No such file or directory");
    assert_null(run);
}

/* --------------------------------------------------------------------------------- whole or not at all -- */

static void a_full_disk_is_an_error_and_leaves_the_old_file(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    const char       *path = basin_test_scratch("kept.h5");
    char              before[65], after[65], *temporary = basin_format("%s.%ld.part", path, (long)getpid());
    struct rlimit     limit, small;
    struct stat       info;

    assert_ok(basin_checkpoint_write(ck, path));
    assert_ok(basin_file_digest(path, before));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = (struct rlimit){.rlim_cur = 10000, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    basin_status st = basin_checkpoint_write(ck, path);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_status(st, BASIN_ERR_IO);
    assert_message("kept.h5: cannot be written (");
    assert_message("File too large");
    assert_int_equal(stat(temporary, &info), -1);
    assert_ok(basin_file_digest(path, after));
    assert_string_equal(before, after);
    basin_free(temporary);
    basin_checkpoint_destroy(&ck);
}

static void a_missing_folder_is_an_error(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();

    assert_status(basin_checkpoint_write(ck, basin_test_scratch("no/such/folder.h5")), BASIN_ERR_IO);
    assert_message("no/such/folder.h5: cannot be written: No such file or directory");
    basin_checkpoint_destroy(&ck);
}

static void names_that_hdf5_cannot_hold_are_refused_on_writing(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    struct stat       info;

    basin_free(ck->states[1].name);
    set_text(&ck->states[1].name, "a/b");
    assert_status(basin_checkpoint_write(ck, basin_test_scratch("names.h5")), BASIN_ERR_ARG);
    assert_message("optimizer state «a/b»");
    basin_free(ck->states[1].name);
    set_text(&ck->states[1].name, "second");
    basin_free(ck->graph->buffers[0].name);
    set_text(&ck->graph->buffers[0].name, "./x");
    assert_status(basin_checkpoint_write(ck, basin_test_scratch("names.h5")), BASIN_ERR_ARG);
    assert_message("buffer «./x»");
    basin_free(ck->graph->buffers[0].name);
    set_text(&ck->graph->buffers[0].name, "x");
    basin_free(ck->method);
    set_text(&ck->method, "sgd\n");
    assert_status(basin_checkpoint_write(ck, basin_test_scratch("names.h5")), BASIN_ERR_ARG);
    assert_message("/training: attribute method: not plain UTF-8 text");
    assert_int_equal(stat(basin_test_scratch("names.h5"), &info), -1);
    basin_checkpoint_destroy(&ck);
}

static void one_tensor_has_one_weight_decay(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();
    struct stat       info;

    ck->decay[2] = 0.5;
    assert_status(basin_checkpoint_write(ck, basin_test_scratch("decay.h5")), BASIN_ERR_ARG);
    assert_message("fc1.weight: weight decays 0.01 and 0.5 in one tensor");
    assert_int_equal(stat(basin_test_scratch("decay.h5"), &info), -1);
    basin_checkpoint_destroy(&ck);
}

static basin_status write_again(void *payload)
{
    return basin_checkpoint_write(payload, basin_test_scratch("fault.h5"));
}

static basin_status read_again(void *payload)
{
    basin_checkpoint *ck = NULL;
    basin_status      st = basin_checkpoint_read(payload, &ck);

    basin_checkpoint_destroy(&ck);
    return st;
}

static basin_status open_again(void *payload)
{
    basin_run   *run = NULL;
    basin_status st = basin_run_open(payload, &run);

    basin_run_destroy(&run);
    return st;
}

static basin_status start_again(void *payload)
{
    basin_checkpoint *start = NULL;
    basin_status      st = basin_run_start(payload, &start);

    basin_checkpoint_destroy(&start);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    basin_checkpoint *ck = full_checkpoint();

    basin_test_every_allocation(write_again, ck);
    basin_test_every_allocation(read_again, (void *)(uintptr_t)basin_test_scratch("fault.h5"));
    basin_test_every_allocation(open_again, (void *)(uintptr_t)basin_test_scratch("order"));
    ck->step = 0;
    basin_run *run = begun_run(ck);
    basin_test_every_allocation(start_again, run);
    basin_run_destroy(&run);
    basin_checkpoint_destroy(&ck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back_bit_for_bit),
        cmocka_unit_test(what_was_not_recorded_is_unknown),
        cmocka_unit_test(a_file_written_in_python_by_the_documentation_is_read),
        cmocka_unit_test(nan_is_read_and_named_when_asked),
        cmocka_unit_test(undoing_adds_the_momentum_once),
        cmocka_unit_test(the_scalar_that_undoes_is_recorded_or_follows_from_the_recursion),
        cmocka_unit_test(weights_are_unperturbed_as_the_policy_says),
        cmocka_unit_test(what_cannot_be_undone_is_left_as_it_was),
        cmocka_unit_test(a_scalar_that_does_not_move_by_rho_is_refused),
        cmocka_unit_test(a_start_is_only_what_is_known_to_be_one),
        cmocka_unit_test(methods_that_never_perturb_need_not_say_so),
        cmocka_unit_test(equal_checkpoints_give_equal_bytes),
        cmocka_unit_test(the_data_is_found_beside_the_checkpoint_and_held_against_its_digest),
        cmocka_unit_test(a_run_is_ordered_by_the_steps_inside_and_passes_over_other_files),
        cmocka_unit_test(a_run_starts_at_its_step_0_before_any_momentum),
        cmocka_unit_test(weights_of_consecutive_steps_are_averaged),
        cmocka_unit_test(a_run_can_be_one_file_and_needs_a_checkpoint),
        cmocka_unit_test(a_full_disk_is_an_error_and_leaves_the_old_file),
        cmocka_unit_test(a_missing_folder_is_an_error),
        cmocka_unit_test(names_that_hdf5_cannot_hold_are_refused_on_writing),
        cmocka_unit_test(one_tensor_has_one_weight_decay),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
