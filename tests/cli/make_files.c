/* Writes faulty and unusual files into the folder named: the topics of tests/cli hold the commands to one
 * clear line each. No test itself: a file that cannot be made ends it with a message.
 */
#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

enum { ROWS = 12, WIDTH = 6, CLASSES = 3, BULK = 120 };

static char folder[1024];

static const char *at(const char *name)
{
    static char paths[8][1200];
    static int  next;
    char       *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ------------------------------------------------------------------------------------------- data sets -- */

static void make_data(basin_dataset **out)
{
    basin_dataset *data = basin_alloc(1, sizeof *data);

    data->count = ROWS, data->rank = 1, data->shape[0] = WIDTH;
    data->inputs = basin_alloc(ROWS * WIDTH, sizeof(double));
    data->classes = basin_alloc(ROWS, sizeof(int64_t));
    for (int i = 0; i < ROWS * WIDTH; i++) data->inputs[i] = sin(i + 0.1 * (i % 7));
    for (int i = 0; i < ROWS; i++) data->classes[i] = i % CLASSES;
    data->split_count = 2;
    data->splits = basin_alloc(2, sizeof *data->splits);
    for (size_t s = 0; s < 2; s++) {
        data->splits[s].name = basin_strdup(s == 0 ? "train" : "test");
        data->splits[s].count = s == 0 ? 8 : 4;
        data->splits[s].rows = basin_alloc(data->splits[s].count, sizeof(size_t));
        for (size_t i = 0; i < data->splits[s].count; i++) data->splits[s].rows[i] = 8 * s + i;
    }
    *out = data;
}

static void write_data(void)
{
    basin_dataset *data = NULL;

    make_data(&data);
    assert_ok(basin_dataset_write(data, at("data.h5")));
    data->classes[3] = 7; /* the network has three outputs */
    assert_ok(basin_dataset_write(data, at("class_out_of_range.h5")));
    data->classes[3] = 0, data->inputs[2] += 1;
    assert_ok(basin_dataset_write(data, at("other_data.h5")));
    data->shape[0] = 2 * WIDTH, data->count = ROWS / 2; /* the same numbers as wider rows */
    data->splits[0].count = 4, data->splits[1].count = 2;
    for (size_t i = 0; i < 2; i++) data->splits[1].rows[i] = 4 + i;
    assert_ok(basin_dataset_write(data, at("wide_data.h5")));
    basin_dataset_destroy(&data);
}

/* ----------------------------------------------------------------------------------------- checkpoints -- */

static void refer_to(basin_checkpoint *ck, const char *name)
{
    basin_dataset *data = NULL;

    assert_ok(basin_dataset_read(at(name), NULL, &data));
    ck->data_path = basin_strdup(name);
    memcpy(ck->data_digest, data->digest, sizeof ck->data_digest);
    basin_dataset_destroy(&data);
}

static void make_checkpoint(basin_checkpoint **out)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    assert_ok(basin_graph_mlp((const size_t[]){WIDTH, 4, CLASSES}, 3, "Tanh", &graph));
    assert_ok(basin_checkpoint_create(graph, &ck));
    refer_to(ck, "data.h5");
    for (size_t i = 0; i < ck->params->size; i++) ck->theta[i] = cos((double)i);
    ck->state_count = 1;
    ck->states = basin_alloc(1, sizeof *ck->states);
    ck->states[0].name = basin_strdup("momentum");
    ck->states[0].values = basin_alloc(ck->params->size, sizeof(double));
    for (size_t i = 0; i < ck->params->size; i++) ck->states[0].values[i] = 0.01 * sin(3.0 * (double)i);
    ck->method = basin_strdup("msam"), ck->perturbed = BASIN_PERTURBED_NO, ck->step = 10;
    ck->hyper.rho = 0.05, ck->hyper.learning_rate = 0.1, ck->hyper.momentum = 0.9, ck->hyper.seed = 0;
    *out = ck;
    basin_graph_destroy(&graph);
}

static void write_as(basin_checkpoint **ck, const char *name)
{
    assert_ok(basin_checkpoint_write(*ck, at(name)));
    basin_checkpoint_destroy(ck);
}

/* Says that theta is stored + 2.5 v, and that this moves by rho. */
static void say_perturbed(basin_checkpoint *ck, basin_perturbed perturbed)
{
    double square = 0;

    for (size_t i = 0; i < ck->params->size; i++) square += ck->states[0].values[i] * ck->states[0].values[i];
    ck->perturbed = perturbed, ck->undo = 2.5, ck->hyper.rho = 2.5 * sqrt(square);
}

static void write_perturbed(void)
{
    basin_checkpoint *ck = NULL;

    make_checkpoint(&ck);
    say_perturbed(ck, BASIN_PERTURBED_UNKNOWN);
    write_as(&ck, "unknown.h5");
    make_checkpoint(&ck);
    say_perturbed(ck, BASIN_PERTURBED_YES);
    write_as(&ck, "perturbed.h5");
    make_checkpoint(&ck);
    say_perturbed(ck, BASIN_PERTURBED_YES);
    ck->undo /= ck->hyper.rho; /* 1/|v| in the place of rho/|v| */
    write_as(&ck, "wrong_scalar.h5");
    assert_ok(basin_checkpoint_read(at("wrong_scalar.h5"), &ck));
    ck->perturbed = BASIN_PERTURBED_UNKNOWN;
    write_as(&ck, "unknown_scalar.h5");
    make_checkpoint(&ck);
    for (size_t i = 0; i < ck->params->size; i++) ck->theta[i] += 2.5 * ck->states[0].values[i];
    write_as(&ck, "undone.h5"); /* what perturbed.h5 is after undoing */
}

static void write_momenta(void)
{
    basin_checkpoint *ck = NULL;

    make_checkpoint(&ck);
    for (size_t i = 0; i < ck->params->size; i++) ck->states[0].values[i] *= 1e-18;
    write_as(&ck, "rounding.h5");
    make_checkpoint(&ck);
    for (size_t i = 0; i < ck->params->size; i++) ck->states[0].values[i] = 0;
    write_as(&ck, "zero_momentum.h5");
    make_checkpoint(&ck);
    ck->state_count = 0, ck->step = 20;
    basin_free(ck->states[0].name), basin_free(ck->states[0].values);
    write_as(&ck, "no_momentum.h5");
    assert_ok(basin_checkpoint_read(at("no_momentum.h5"), &ck));
    basin_free(ck->method), ck->method = basin_strdup("adamw_sam");
    write_as(&ck, "sam_no_momentum.h5");
    make_checkpoint(&ck);
    basin_free(ck->method), ck->method = basin_strdup("adamw_sam");
    write_as(&ck, "sam_before.h5");
    assert_ok(basin_checkpoint_read(at("no_momentum.h5"), &ck));
    ck->hyper.momentum = 0.0;
    write_as(&ck, "plain_no_momentum.h5");
    assert_ok(basin_checkpoint_read(at("no_momentum.h5"), &ck));
    ck->step = 0;
    write_as(&ck, "first_no_momentum.h5");
}

/* Adam's, with both of its moments. */
static void write_adam(void)
{
    basin_checkpoint *ck = NULL;
    basin_state      *states = basin_alloc(2, sizeof *states);

    make_checkpoint(&ck);
    states[0] = ck->states[0];
    states[1] = (basin_state){.name = basin_strdup("second_moment"),
                              .values = basin_alloc(ck->params->size, sizeof(double))};
    for (size_t i = 0; i < ck->params->size; i++)
        states[1].values[i] = ck->states[0].values[i] * ck->states[0].values[i];
    basin_free(ck->states);
    basin_free(ck->method);
    ck->states = states, ck->state_count = 2;
    ck->method = basin_strdup("adam"), ck->hyper.rho = NAN, ck->hyper.learning_rate = 0.01;
    write_as(&ck, "adam.h5");
}

/* A third checkpoint with BatchNorm: beside oracle_bn.h5, with its statistics. */
static void write_batch_norm(void)
{
    basin_checkpoint *ck = NULL;

    assert_ok(basin_checkpoint_read(at("oracle_bn.h5"), &ck));
    for (size_t i = 0; i < ck->params->size; i++) ck->theta[i] += 0.02 * (double)(i % 5) - 0.04;
    write_as(&ck, "third_bn.h5");
}

/* The same function: units of every group in reversed order. */
static void write_reversed(const char *file, const char *name)
{
    basin_checkpoint *ck = NULL;
    basin_symmetries *symmetries = NULL;

    assert_ok(basin_checkpoint_read(at(file), &ck));
    assert_ok(basin_network_symmetries(ck->graph, &symmetries));
    for (size_t i = 0; i < symmetries->permutation_count; i++) {
        const basin_unit_group *group = &symmetries->permutations[i];
        size_t                 *order = basin_alloc(group->units, sizeof *order);
        for (size_t u = 0; u < group->units; u++) order[u] = group->units - 1 - u;
        assert_ok(basin_symmetry_permute(group, order, ck->graph, ck->theta));
        basin_free(order);
    }
    basin_symmetries_destroy(&symmetries);
    write_as(&ck, name);
}

static void write_checkpoints(void)
{
    basin_checkpoint *ck = NULL;

    make_checkpoint(&ck);
    write_as(&ck, "good.h5");
    write_perturbed();
    write_momenta();
    write_adam();
    make_checkpoint(&ck);
    ck->theta[3] = NAN, ck->theta[30] = INFINITY;
    write_as(&ck, "nan.h5");
    make_checkpoint(&ck);
    ck->data_digest[0] = ck->data_digest[0] == 'a' ? 'b' : 'a';
    write_as(&ck, "wrong_digest.h5");
    make_checkpoint(&ck);
    ck->recorded = basin_alloc(1, sizeof *ck->recorded), ck->recorded_count = 1;
    ck->recorded[0] = (basin_recorded){.quantity = basin_strdup("loss"),
                                       .split = basin_strdup("train"),
                                       .point = basin_strdup("theta"),
                                       .mode = basin_strdup("eval"),
                                       .coverage = basin_strdup("full"),
                                       .value = 9.5};
    write_as(&ck, "wrong_record.h5");
    make_checkpoint(&ck);
    ck->hyper.weight_decay = 0.01, ck->hyper.weight_decay_coupled = true;
    write_as(&ck, "decay.h5");
    make_checkpoint(&ck);
    ck->hyper.weight_decay_coupled = true;
    ck->decay = basin_alloc(ck->params->size, sizeof *ck->decay);
    /* the first tensor's alone */
    for (size_t i = 0; i < ck->params->blocks[0].size; i++) ck->decay[i] = 0.02;
    write_as(&ck, "decay_groups.h5");
}

/* ---------------------------------------------------------------------------------- points and samples -- */

/* Checkpoint of step `step` in the folder average, whose data lie one above. */
static void write_step(basin_checkpoint **ck, int64_t step, const char *name)
{
    (*ck)->step = step;
    (*ck)->run = basin_strdup("one training");
    basin_free((*ck)->data_path);
    (*ck)->data_path = basin_strdup("../data.h5");
    write_as(ck, name);
}

/* Three consecutive steps, the second stored perturbed, and beside them, by its step, what their mean is.
   Step 8 is apart: step 7 is not there. */
static void write_consecutive(void)
{
    static const char *const names[] = {"average/step_10.h5", "average/step_11.h5", "average/step_12.h5"};
    basin_checkpoint        *ck = NULL, *mean = NULL;

    assert_true(mkdir(at("average"), 0777) == 0 || errno == EEXIST);
    make_checkpoint(&mean);
    for (size_t i = 0; i < mean->params->size; i++) mean->theta[i] = 0;
    for (int64_t k = 0; k < 3; k++) {
        make_checkpoint(&ck);
        for (size_t i = 0; i < ck->params->size; i++) {
            ck->theta[i] += 0.3 * sin((double)((size_t)k * ck->params->size + i));
            mean->theta[i] += ck->theta[i] / 3;
        }
        if (k == 1) {
            for (size_t i = 0; i < ck->params->size; i++) ck->theta[i] -= 2.5 * ck->states[0].values[i];
            say_perturbed(ck, BASIN_PERTURBED_YES);
        }
        write_step(&ck, 10 + k, names[k]);
    }
    write_step(&mean, 99, "average/mean.h5");
    make_checkpoint(&ck);
    write_step(&ck, 8, "average/step_8.h5");
    make_checkpoint(&ck);
    ck->theta[3] = NAN;
    write_step(&ck, 20, "average/step_20.h5");
    make_checkpoint(&ck);
    write_step(&ck, 21, "average/step_21.h5");
}

/* Whose learning rate is not recorded, and one whose schedule has come down to 0. */
static void write_rates(void)
{
    basin_checkpoint *ck = NULL;

    make_checkpoint(&ck);
    ck->hyper.learning_rate = NAN;
    write_as(&ck, "rate_none.h5");
    make_checkpoint(&ck);
    ck->hyper.learning_rate = 0;
    write_as(&ck, "rate_zero.h5");
}

/* Training rows 1 and 5 have wrong labels; rows_clean.txt names the others. */
static void write_noisy(void)
{
    basin_dataset    *data = NULL;
    basin_checkpoint *ck = NULL;
    basin_split      *splits = basin_alloc(3, sizeof *splits);

    make_data(&data);
    memcpy(splits, data->splits, 2 * sizeof *splits);
    basin_free(data->splits);
    data->splits = splits, data->split_count = 3;
    splits[2] =
        (basin_split){.name = basin_strdup("noisy"), .count = 2, .rows = basin_alloc(2, sizeof(size_t))};
    splits[2].rows[0] = 1, splits[2].rows[1] = 5;
    assert_ok(basin_dataset_write(data, at("noisy_data.h5")));
    basin_dataset_destroy(&data);
    make_checkpoint(&ck);
    basin_free(ck->data_path);
    refer_to(ck, "noisy_data.h5");
    ck->hyper.weight_decay = 0.1;
    write_as(&ck, "noisy.h5");
}

/* ----------------------------------------------------------------- what only HDF5 itself can get wrong -- */

/* A copy of good.h5, opened for damage. */
static hid_t damage(const char *name)
{
    char   bytes[1 << 12];
    size_t count;
    FILE  *from = fopen(at("good.h5"), "rb"), *to = fopen(at(name), "wb");

    assert_non_null(from);
    assert_non_null(to);
    while ((count = fread(bytes, 1, sizeof bytes, from)) > 0)
        assert_int_equal(fwrite(bytes, 1, count, to), count);
    fclose(from), fclose(to);
    hid_t file = H5Fopen(at(name), H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *shape, hid_t properties)
{
    hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, shape, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);

    assert_true(set >= 0);
    H5Dclose(set), H5Sclose(space);
}

static void write_damaged(void)
{
    hid_t   file = damage("newer.h5"), attribute = H5Aopen(file, "version", H5P_DEFAULT);
    int64_t version = BASIN_FORMAT_VERSION + 1;

    assert_true(attribute >= 0);
    assert_true(H5Awrite(attribute, H5T_NATIVE_INT64, &version) >= 0);
    H5Aclose(attribute), H5Fclose(file);
    file = damage("missing_group.h5");
    assert_true(H5Ldelete(file, "/parameters", H5P_DEFAULT) >= 0);
    H5Fclose(file);
    file = damage("missing_parameter.h5");
    assert_true(H5Ldelete(file, "/parameters/fc2.weight", H5P_DEFAULT) >= 0);
    H5Fclose(file);
    file = damage("wrong_shape.h5");
    assert_true(H5Ldelete(file, "/parameters/fc1.weight", H5P_DEFAULT) >= 0);
    put(file, "/parameters/fc1.weight", H5T_NATIVE_DOUBLE, 2, (const hsize_t[]){WIDTH, 4}, H5P_DEFAULT);
    H5Fclose(file);
    file = damage("wrong_rank.h5");
    assert_true(H5Ldelete(file, "/parameters/fc1.weight", H5P_DEFAULT) >= 0);
    put(file, "/parameters/fc1.weight", H5T_NATIVE_DOUBLE, 1, (const hsize_t[]){4 * WIDTH}, H5P_DEFAULT);
    H5Fclose(file);
    file = damage("wrong_type.h5");
    assert_true(H5Ldelete(file, "/parameters/fc1.bias", H5P_DEFAULT) >= 0);
    hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 4);
    put(file, "/parameters/fc1.bias", text, 1, (const hsize_t[]){4}, H5P_DEFAULT);
    H5Tclose(text), H5Fclose(file);
    file = damage("external_link.h5");
    assert_true(H5Ldelete(file, "/parameters/fc1.bias", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_external("good.h5", "/parameters/fc1.bias", file, "/parameters/fc1.bias",
                                   H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(file);
    file = damage("virtual.h5");
    assert_true(H5Ldelete(file, "/parameters/fc1.bias", H5P_DEFAULT) >= 0);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, (const hsize_t[]){4}, NULL);
    assert_true(H5Pset_virtual(properties, space, "good.h5", "/parameters/fc1.bias", space) >= 0);
    put(file, "/parameters/fc1.bias", H5T_NATIVE_DOUBLE, 1, (const hsize_t[]){4}, properties);
    H5Pclose(properties), H5Sclose(space), H5Fclose(file);
    file = damage("huge.h5"); /* chunked and never written: 2^62 elements cost nothing in the file */
    assert_true(H5Ldelete(file, "/parameters/fc1.bias", H5P_DEFAULT) >= 0);
    properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 2, (const hsize_t[]){1, 1024});
    put(file, "/parameters/fc1.bias", H5T_NATIVE_DOUBLE, 2,
        (const hsize_t[]){(hsize_t)1 << 31, (hsize_t)1 << 31}, properties);
    H5Pclose(properties), H5Fclose(file);
    file = damage("unfinished.h5"); /* as a writer leaves it half-way */
    assert_true(H5Adelete(file, "complete") >= 0);
    H5Fclose(file);
}

/* ---------------------------------------------------------------------------------------------- graphs -- */

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static char *replace(const char *text, const char *old, const char *new)
{
    const char *found = strstr(text, old);
    static char changed[1 << 14];

    assert_non_null(found);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(found - text), text, new, found + strlen(old));
    return changed;
}

static void write_graphs(void)
{
    basin_graph *graph = NULL;
    char        *json = NULL;

    assert_ok(basin_graph_mlp((const size_t[]){WIDTH, 4, CLASSES}, 3, "Tanh", &graph));
    assert_ok(basin_graph_format(graph, &json));
    write_text("graph.json", json);
    write_text("unknown_op.json", replace(json, "\"Tanh\"", "\"Frobnicate\""));
    /* fc1 reads what the activation makes out of it */
    basin_node_spec *first = &graph->nodes[0], *second = &graph->nodes[1];
    assert_string_equal(second->op, "Tanh");
    basin_free(first->inputs[0]);
    first->inputs[0] = basin_strdup(second->outputs[0]);
    basin_free(json);
    json = NULL;
    assert_ok(basin_graph_format(graph, &json));
    write_text("cycle.json", json);
    basin_free(json);
    basin_graph_destroy(&graph);
}

/* One layer to two classes at zero weights, on samples ±√(n λ_i) e_i: the Hessian has the eigenvalues λ_i /
 * 2, which lie close together at the top. */
static void write_bulk(void)
{
    basin_dataset    *data = basin_alloc(1, sizeof *data);
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    data->count = 2 * BULK, data->rank = 1, data->shape[0] = BULK;
    data->inputs = basin_alloc(2 * BULK * BULK, sizeof(double));
    data->classes = basin_alloc(2 * BULK, sizeof(int64_t));
    data->split_count = 1;
    data->splits = basin_alloc(1, sizeof *data->splits);
    data->splits[0] = (basin_split){
        .name = basin_strdup("train"), .count = 2 * BULK, .rows = basin_alloc(2 * BULK, sizeof(size_t))};
    for (size_t i = 0; i < 2 * BULK; i++) {
        double share = (double)(i / 2) / BULK;
        data->inputs[i * BULK + i / 2] = (i % 2 ? -1.0 : 1.0) * sqrt(BULK * (1.0 - share * share));
        data->classes[i] = (int64_t)(i / 2 % 2);
        data->splits[0].rows[i] = i;
    }
    assert_ok(basin_dataset_write(data, at("bulk_data.h5")));
    assert_ok(basin_graph_mlp((const size_t[]){BULK, 2}, 2, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, &ck));
    refer_to(ck, "bulk_data.h5");
    ck->perturbed = BASIN_PERTURBED_NO;
    write_as(&ck, "bulk.h5");
    basin_graph_destroy(&graph);
    basin_dataset_destroy(&data);
}

/* The spectrum of good.h5 as `basin spectrum` stores it, but for the step, which its checkpoint does not
   record. */
static void write_retouched(void)
{
    basin_checkpoint   *ck = NULL;
    basin_dataset      *data = NULL;
    basin_objective    *objective = NULL;
    basin_spectrum     *spectrum = NULL;
    basin_point        *point = NULL;
    basin_point_options record;
    basin_provenance   *p = NULL;
    basin_result       *result = NULL;

    assert_ok(basin_checkpoint_read(at("good.h5"), &ck));
    assert_ok(basin_dataset_read(at("data.h5"), NULL, &data));
    assert_ok(basin_network_objective(ck->graph, &ck->loss, data, NULL, &objective));
    record = basin_point_recorded(ck);
    assert_ok(basin_point_create(objective, ck->theta, &record, &point));
    assert_ok(basin_spectrum_compute(point, NULL, &spectrum));
    assert_ok(basin_provenance_create(&p));
    assert_ok(basin_provenance_record(p, ck));
    p->training.step = 11;
    p->directory = basin_strdup(".");
    p->argument_count = 2;
    p->arguments = basin_alloc(2, sizeof *p->arguments);
    p->arguments[0] = basin_strdup("spectrum"), p->arguments[1] = basin_strdup("good.h5");
    p->input_count = 2;
    p->inputs = basin_alloc(2, sizeof *p->inputs);
    p->inputs[0] = (basin_input){BASIN_INPUT_CHECKPOINT, basin_strdup("good.h5"), basin_strdup(ck->digest)};
    p->inputs[1] = (basin_input){BASIN_INPUT_DATA, basin_strdup("data.h5"), basin_strdup(data->digest)};
    assert_ok(basin_result_create(BASIN_RESULT_SPECTRUM, spectrum, p, &result));
    assert_ok(basin_result_write(result, at("retouched.h5")));
    basin_result_destroy(&result);
    basin_point_destroy(&point);
    basin_objective_destroy(&objective);
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_files FOLDER\n");
        return 2;
    }
    snprintf(folder, sizeof folder, "%s", argv[1]);
    write_data();
    write_checkpoints();
    write_batch_norm();
    write_reversed("good.h5", "reversed.h5");
    write_reversed("oracle_bn.h5", "reversed_bn.h5");
    write_retouched();
    write_consecutive();
    write_rates();
    write_noisy();
    write_bulk();
    write_damaged();
    write_graphs();
    return 0;
}
