/* Files that are not what they should be: each has its code and its one line, and nothing comes out.
 *
 * A good file is written by basin and then spoiled with HDF5's own calls.
 */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/graph.h"
#include "support.h"

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

/* ------------------------------------------------------------------------------------------ good files -- */

static void write_checkpoint(const char *path)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    assert_ok(basin_graph_mlp((const size_t[]){2, 3, 2}, 3, NULL, &graph));
    /* looks at a buffer b */
    assert_ok(
        basin_graph_add(graph, "look", "Neg", (const char *[]){"b"}, 1, (const char *[]){"c"}, 1, NULL));
    assert_ok(basin_checkpoint_create(graph, &ck));
    ck->state_count = 1;
    ck->states = basin_alloc(1, sizeof *ck->states);
    ck->states[0].name = basin_strdup("momentum");
    ck->states[0].values = basin_alloc(ck->params->size, sizeof(double));
    ck->recorded_count = 1;
    ck->recorded = basin_alloc(1, sizeof *ck->recorded);
    ck->recorded[0] = (basin_recorded){.quantity = basin_strdup("loss"),
                                       .split = basin_strdup("train"),
                                       .point = basin_strdup("theta"),
                                       .mode = basin_strdup("eval"),
                                       .coverage = basin_strdup("full"),
                                       .value = 1.0};
    ck->hyper.seed = 1;
    memset(ck->data_digest, 'a', 64);
    assert_ok(basin_checkpoint_write(ck, path));
    basin_checkpoint_destroy(&ck);
    basin_graph_destroy(&graph);
}

static void write_dataset(const char *path)
{
    basin_dataset *data = basin_alloc(1, sizeof *data);

    data->count = 4;
    data->rank = data->shape[0] = 1;
    data->inputs = basin_alloc(4, sizeof(double));
    data->classes = basin_alloc(4, sizeof(int64_t));
    data->split_count = 1;
    data->splits = basin_alloc(1, sizeof *data->splits);
    data->splits[0] = (basin_split){basin_strdup("train"), 3, basin_alloc(3, sizeof(size_t))};
    for (size_t i = 0; i < 3; i++) data->splits[0].rows[i] = i;
    for (size_t i = 0; i < 4; i++) data->inputs[i] = 0.25 * (double)i - 300.0 * (i == 0);
    assert_ok(basin_dataset_write(data, path));
    basin_dataset_destroy(&data);
}

static void write_spectrum(const char *path)
{
    basin_spectrum *s = basin_alloc(1, sizeof *s);
    basin_result   *result = NULL;

    s->parameters = s->count = 3;
    s->top = 3;
    s->method = BASIN_SPECTRUM_DENSE;
    s->eigenvalues = basin_alloc(3, sizeof(double));
    s->residuals = basin_alloc(3, sizeof(double));
    s->gaps = basin_alloc(3, sizeof(double));
    s->multiplicity = basin_alloc(3, sizeof *s->multiplicity);
    s->vector_count = 1;
    s->vector_index = basin_alloc(1, sizeof(size_t));
    s->vectors = basin_alloc(3, sizeof(double));
    assert_ok(basin_result_create(BASIN_RESULT_SPECTRUM, s, NULL, &result));
    assert_ok(basin_result_write(result, path));
    basin_result_destroy(&result);
}

static void write_comparison(const char *path)
{
    basin_comparison *c = basin_alloc(1, sizeof *c);
    basin_result     *result = NULL;

    c->row_count = 2;
    c->rows = basin_alloc(2, sizeof *c->rows);
    c->group_count = 1;
    c->groups = basin_alloc(1, sizeof *c->groups);
    c->groups[0].name = basin_strdup("gd"), c->groups[0].method = basin_strdup("gd");
    c->groups[0].run_count = 2;
    c->groups[0].rows = basin_alloc(2, sizeof(size_t));
    c->groups[0].rows[1] = 1;
    assert_ok(basin_result_create(BASIN_RESULT_COMPARISON, c, NULL, &result));
    assert_ok(basin_result_write(result, path));
    basin_result_destroy(&result);
}

/* -------------------------------------------------------------------------------------------- spoiling -- */

static void delete_object(hid_t file, const char *name)
{
    assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
}

static void delete_attribute(hid_t file, const char *object, const char *name)
{
    if (H5Aexists_by_name(file, object, name, H5P_DEFAULT) > 0)
        assert_true(H5Adelete_by_name(file, object, name, H5P_DEFAULT) >= 0);
}

static void put_attribute(hid_t file, const char *object, const char *name, hid_t type, hsize_t count,
                          const void *value)
{
    hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, NULL), id;

    delete_attribute(file, object, name);
    id = H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(id >= 0 && H5Awrite(id, type, value) >= 0);
    H5Aclose(id);
    H5Sclose(space);
}

static void put_int(hid_t file, const char *object, const char *name, int64_t value)
{
    put_attribute(file, object, name, H5T_NATIVE_INT64, 1, &value);
}

static void put_real(hid_t file, const char *object, const char *name, double value)
{
    put_attribute(file, object, name, H5T_NATIVE_DOUBLE, 1, &value);
}

static void put_text(hid_t file, const char *object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, strlen(text) + 1);
    put_attribute(file, object, name, type, 1, text);
    H5Tclose(type);
}

static const hsize_t shape_1[] = {1}, shape_2[] = {2}, shape_3[] = {3}, shape_4[] = {4}, shape_2x3[] = {2, 3};

/* Puts a data set in the place of another (or of nothing); the values default to zeros. */
static void replace(hid_t file, const char *name, hid_t type, int rank, const hsize_t *shape,
                    const void *values)
{
    static const double zeros[64];
    hid_t               space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, shape, NULL), id;

    if (H5Lexists(file, name, H5P_DEFAULT) > 0) delete_object(file, name);
    id = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(id >= 0);
    if (H5Tget_size(type) <= 8)
        assert_true(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values ? values : zeros) >= 0);
    H5Dclose(id);
    H5Sclose(space);
}

/* A data set with a creation property list of its own. */
static void replace_with(hid_t file, const char *name, hid_t plist, int rank, const hsize_t *shape)
{
    hid_t space = H5Screate_simple(rank, shape, NULL), id;

    if (H5Lexists(file, name, H5P_DEFAULT) > 0) delete_object(file, name);
    id = H5Dcreate2(file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(id >= 0);
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(plist);
}

#define SPOIL(name) static void name(hid_t file)

SPOIL(no_format)
{
    delete_attribute(file, "/", "format");
}
SPOIL(numeric_format)
{
    put_int(file, "/", "format", 1);
}
SPOIL(other_format)
{
    put_text(file, "/", "format", "basin results");
}
SPOIL(no_version)
{
    delete_attribute(file, "/", "version");
}
SPOIL(newer_version)
{
    put_int(file, "/", "version", 99);
}
SPOIL(older_version)
{
    put_int(file, "/", "version", 1);
}
SPOIL(version_zero)
{
    put_int(file, "/", "version", 0);
}
SPOIL(real_version)
{
    put_real(file, "/", "version", 1.0);
}
SPOIL(no_complete)
{
    delete_attribute(file, "/", "complete");
}
SPOIL(two_completes)
{
    put_attribute(file, "/", "complete", H5T_NATIVE_INT64, 2, (const int64_t[]){1, 1});
}
SPOIL(boastful_graph)
{
    static const char text[] = "{\"input\":{\"name\":\"x\",\"shape\":[2]},\"output\":\"x\",\"parameters\":[{"
                               "\"name\":\"fc1.bias\",\"shape\":[3]},"
                               "{\"name\":\"fc2.bias\",\"shape\":[100000000000000]}],\"nodes\":[]}";
    hid_t             type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), id;

    H5Tset_size(type, sizeof text);
    delete_object(file, "/graph");
    id = H5Dcreate2(file, "/graph", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0);
    H5Dclose(id);
    H5Sclose(space);
    H5Tclose(type);
}
SPOIL(no_graph)
{
    delete_object(file, "/graph");
}
SPOIL(numeric_graph)
{
    replace(file, "/graph", H5T_NATIVE_INT, 0, NULL, NULL);
}
SPOIL(no_parameters)
{
    delete_object(file, "/parameters");
}
SPOIL(no_weight)
{
    delete_object(file, "/parameters/fc1.weight");
}
SPOIL(weight_group)
{
    delete_object(file, "/parameters/fc1.weight"),
        H5Gclose(H5Gcreate2(file, "/parameters/fc1.weight", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}
SPOIL(turned_weight)
{
    replace(file, "/parameters/fc1.weight", H5T_NATIVE_DOUBLE, 2, shape_2x3, NULL);
}
SPOIL(flat_weight)
{
    replace(file, "/parameters/fc1.weight", H5T_NATIVE_DOUBLE, 1, shape_3, NULL);
}
SPOIL(integer_weight)
{
    replace(file, "/parameters/fc1.bias", H5T_NATIVE_INT, 1, shape_3, NULL);
}
SPOIL(no_momentum_bias)
{
    delete_object(file, "/optimizer/momentum/fc2.bias");
}
SPOIL(momentum_array)
{
    delete_object(file, "/optimizer"), replace(file, "/optimizer", H5T_NATIVE_DOUBLE, 1, shape_3, NULL);
}
SPOIL(no_loss)
{
    delete_object(file, "/loss");
}
SPOIL(no_loss_name)
{
    delete_attribute(file, "/loss", "name");
}
SPOIL(other_loss)
{
    put_text(file, "/loss", "name", "hinge");
}
SPOIL(smooth_loss)
{
    put_real(file, "/loss", "label_smoothing", 1.0);
}
SPOIL(text_ignore)
{
    put_text(file, "/loss", "ignore_index", "-100");
}
SPOIL(ignore_of_mse)
{
    put_text(file, "/loss", "name", "mse"), put_int(file, "/loss", "ignore_index", -100);
}
SPOIL(weights_of_mse)
{
    put_text(file, "/loss", "name", "mse"),
        replace(file, "/loss/weights", H5T_NATIVE_DOUBLE, 1, shape_2, NULL);
}
SPOIL(zero_weights)
{
    replace(file, "/loss/weights", H5T_NATIVE_DOUBLE, 1, shape_2, NULL);
}
SPOIL(negative_weight)
{
    replace(file, "/loss/weights", H5T_NATIVE_DOUBLE, 1, shape_2, (const double[]){1.0, -0.5});
}
SPOIL(infinite_weight)
{
    replace(file, "/loss/weights", H5T_NATIVE_DOUBLE, 1, shape_2, (const double[]){(double)INFINITY, 1.0});
}
SPOIL(wide_weights)
{
    replace(file, "/loss/weights", H5T_NATIVE_DOUBLE, 2, shape_2x3, NULL);
}
SPOIL(one_weight)
{
    replace(file, "/loss/weights", H5T_NATIVE_DOUBLE, 0, NULL, NULL);
}
SPOIL(maybe_perturbed)
{
    put_text(file, "/training", "perturbed", "maybe");
}
SPOIL(text_epoch)
{
    put_text(file, "/training", "epoch", "three");
}
SPOIL(one_decay)
{
    put_real(file, "/parameters/fc1.weight", "weight_decay", 0.1);
}
SPOIL(late_decay)
{
    put_real(file, "/parameters/fc2.bias", "weight_decay", 0.1);
}
SPOIL(negative_decay)
{
    put_real(file, "/parameters/fc1.weight", "weight_decay", -0.1);
}
SPOIL(negative_step)
{
    put_int(file, "/training", "step", -5);
}
SPOIL(control_method)
{
    put_text(file, "/training", "method", "sgd\x1b[31m");
}
SPOIL(latin_method)
{
    put_text(file, "/training", "method", "n\xe4g");
}
SPOIL(short_digest)
{
    put_text(file, "/data", "digest", "abc");
}
SPOIL(no_quantity)
{
    delete_attribute(file, "/recorded/0000", "quantity");
}

SPOIL(compound_weight)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, 16);

    H5Tinsert(type, "r", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(type, "i", 8, H5T_NATIVE_DOUBLE);
    replace(file, "/parameters/fc1.bias", type, 1, shape_3, NULL);
    H5Tclose(type);
}

SPOIL(external_link)
{
    delete_object(file, "/parameters/fc1.bias");
    assert_true(H5Lcreate_external("/etc/other.h5", "/secret", file, "/parameters/fc1.bias", H5P_DEFAULT,
                                   H5P_DEFAULT) >= 0);
}

SPOIL(external_group)
{
    delete_object(file, "/parameters");
    assert_true(H5Lcreate_external("other.h5", "/", file, "/parameters", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

SPOIL(soft_link)
{
    delete_object(file, "/parameters/fc1.bias");
    assert_true(H5Lcreate_soft("/optimizer/momentum/fc1.bias", file, "/parameters/fc1.bias", H5P_DEFAULT,
                               H5P_DEFAULT) >= 0);
}

SPOIL(external_storage)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_external(plist, "/etc/passwd", 0, 24);
    replace_with(file, "/parameters/fc1.bias", plist, 1, shape_3);
}

SPOIL(virtual_data)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, shape_3, NULL);

    H5Pset_virtual(plist, space, "/etc/other.h5", "/x", space);
    H5Sclose(space);
    replace_with(file, "/parameters/fc1.bias", plist, 1, shape_3);
}

SPOIL(foreign_filter)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_chunk(plist, 1, shape_3);
    assert_true(H5Pset_filter(plist, 32015, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    replace_with(file, "/parameters/fc1.bias", plist, 1, shape_3);
}

SPOIL(great_chunk)
{
    hid_t         plist = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {500000000}, maximum[] = {H5S_UNLIMITED};
    hid_t         space = H5Screate_simple(1, shape_3, maximum);

    H5Pset_chunk(plist, 1, chunk);
    delete_object(file, "/parameters/fc1.bias");
    H5Dclose(
        H5Dcreate2(file, "/parameters/fc1.bias", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, plist, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(plist);
}

/* Declares shapes that are not written: HDF5 stores nothing for them. */
static void declare(hid_t file, const char *name, int rank, const hsize_t *shape)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_chunk(plist, rank, (const hsize_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    replace_with(file, name, plist, rank, shape);
}

SPOIL(buffer_bomb)
{
    H5Gclose(H5Gcreate2(file, "/buffers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)),
        declare(file, "/buffers/b", 1, (const hsize_t[]){(hsize_t)1 << 50});
}
SPOIL(buffer_overflow)
{
    H5Gclose(H5Gcreate2(file, "/buffers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    declare(file, "/buffers/b", 2, (const hsize_t[]){(hsize_t)1 << 31, (hsize_t)1 << 30});
}
SPOIL(buffer_rank)
{
    H5Gclose(H5Gcreate2(file, "/buffers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    declare(file, "/buffers/b", 10, (const hsize_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
}
SPOIL(buffer_circle)
{
    H5Gclose(H5Gcreate2(file, "/buffers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    assert_true(H5Lcreate_hard(file, "/buffers", file, "/buffers/again", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}
SPOIL(buffer_name)
{
    H5Gclose(H5Gcreate2(file, "/buffers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    replace(file, "/buffers/a\nb", H5T_NATIVE_DOUBLE, 1, shape_3, NULL);
}

SPOIL(no_inputs)
{
    delete_object(file, "/inputs");
}
SPOIL(no_targets)
{
    delete_object(file, "/targets");
}
SPOIL(flat_inputs)
{
    replace(file, "/inputs", H5T_NATIVE_DOUBLE, 1, shape_4, NULL);
}
SPOIL(zero_samples)
{
    replace(file, "/inputs", H5T_NATIVE_DOUBLE, 2, (const hsize_t[]){0, 3}, NULL);
}
SPOIL(other_count)
{
    replace(file, "/targets", H5T_NATIVE_INT, 1, shape_3, NULL);
}
SPOIL(cubic_targets)
{
    replace(file, "/targets", H5T_NATIVE_INT, 3, (const hsize_t[]){4, 1, 1}, NULL);
}
SPOIL(real_classes)
{
    replace(file, "/targets", H5T_NATIVE_DOUBLE, 1, shape_4, NULL);
    put_text(file, "/targets", "kind", "classes");
}
SPOIL(deep_classes)
{
    replace(file, "/targets", H5T_NATIVE_INT, 3, (const hsize_t[]){4, 2, 2}, NULL);
    put_text(file, "/targets", "kind", "classes");
}
SPOIL(empty_classes)
{
    replace(file, "/targets", H5T_NATIVE_INT, 2, (const hsize_t[]){4, 0}, NULL);
    put_text(file, "/targets", "kind", "classes");
}
SPOIL(token_classes) /* what were classes of samples */
{
    replace(file, "/targets", H5T_NATIVE_INT, 2, (const hsize_t[]){4, 1}, NULL);
    put_text(file, "/targets", "kind", "classes");
}
SPOIL(other_class)
{
    replace(file, "/targets", H5T_NATIVE_INT, 1, shape_4, (const int[]){0, 1, 2, 0});
}
SPOIL(zero_scale)
{
    put_real(file, "/inputs", "scale", 0.0);
}
SPOIL(nan_offset)
{
    put_real(file, "/inputs", "offset", NAN);
}
SPOIL(row_outside)
{
    replace(file, "/splits/train", H5T_NATIVE_INT, 1, shape_2, (const int[]){0, 4});
}
SPOIL(negative_row)
{
    replace(file, "/splits/train", H5T_NATIVE_INT, 1, shape_2, (const int[]){0, -1});
}
SPOIL(row_twice)
{
    replace(file, "/splits/train", H5T_NATIVE_INT, 1, shape_3, (const int[]){3, 1, 3});
}
SPOIL(real_rows)
{
    replace(file, "/splits/train", H5T_NATIVE_DOUBLE, 1, shape_3, NULL);
}
SPOIL(empty_split)
{
    replace(file, "/splits/train", H5T_NATIVE_INT, 1, (const hsize_t[]){0}, NULL);
}
SPOIL(long_split)
{
    replace(file, "/splits/train", H5T_NATIVE_INT, 1, (const hsize_t[]){5}, NULL);
}

SPOIL(text_inputs)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, 8);
    replace(file, "/inputs", type, 2, shape_2x3, NULL);
    H5Tclose(type);
}

SPOIL(no_kind)
{
    delete_attribute(file, "/", "kind");
}
SPOIL(other_kind)
{
    put_text(file, "/", "kind", "poem");
}
SPOIL(no_loss_value)
{
    delete_object(file, "/result/loss");
}
SPOIL(no_method)
{
    delete_object(file, "/result/method");
}
SPOIL(long_eigenvalues)
{
    replace(file, "/result/eigenvalues", H5T_NATIVE_DOUBLE, 1, shape_4, NULL);
}
SPOIL(huge_count)
{
    replace(file, "/result/count", H5T_NATIVE_UINT64, 0, NULL, (const uint64_t[]){UINT64_MAX});
}
SPOIL(wide_top)
{
    replace(file, "/result/top", H5T_NATIVE_UINT64, 0, NULL, (const uint64_t[]){4});
}
SPOIL(many_vectors)
{
    replace(file, "/result/vector_count", H5T_NATIVE_UINT64, 0, NULL, (const uint64_t[]){(uint64_t)1 << 63});
}
SPOIL(stray_index)
{
    replace(file, "/result/vector_index", H5T_NATIVE_UINT64, 1, shape_1, (const uint64_t[]){3});
}
SPOIL(real_seed)
{
    replace(file, "/result/seed", H5T_NATIVE_DOUBLE, 0, NULL, NULL);
}
SPOIL(short_column)
{
    replace(file, "/result/rows/measures/sane/lower", H5T_NATIVE_DOUBLE, 1, shape_1, NULL);
}
SPOIL(many_rows)
{
    replace(file, "/result/row_count", H5T_NATIVE_UINT64, 0, NULL, (const uint64_t[]){(uint64_t)1 << 60});
}
SPOIL(more_groups)
{
    replace(file, "/result/group_count", H5T_NATIVE_UINT64, 0, NULL, (const uint64_t[]){2});
}
SPOIL(stray_row)
{
    replace(file, "/result/groups/0000/rows", H5T_NATIVE_UINT64, 1, shape_2, (const uint64_t[]){0, 2});
}

/* ---------------------------------------------------------------------------------------------- faults -- */

static basin_status read_checkpoint(const char *path)
{
    basin_checkpoint *ck = NULL;
    basin_status      st = basin_checkpoint_read(path, &ck);

    assert_true((ck == NULL) == (st != BASIN_OK));
    basin_checkpoint_destroy(&ck);
    return st;
}

static basin_status read_dataset(const char *path)
{
    basin_dataset *data = NULL;
    basin_status   st = basin_dataset_read(path, NULL, &data);

    assert_true((data == NULL) == (st != BASIN_OK));
    basin_dataset_destroy(&data);
    return st;
}

static basin_status read_result(const char *path)
{
    basin_result *result = NULL;
    basin_status  st = basin_result_read(path, &result);

    assert_true((result == NULL) == (st != BASIN_OK));
    basin_result_destroy(&result);
    return st;
}

typedef struct file_kind {
    const char *name;
    void (*write)(const char *path);
    basin_status (*read)(const char *path);
} file_kind;

static const file_kind checkpoint = {"checkpoint", write_checkpoint, read_checkpoint},
                       dataset = {"data", write_dataset, read_dataset},
                       spectrum = {"spectrum", write_spectrum, read_result},
                       comparison = {"comparison", write_comparison, read_result};

static const struct fault {
    const file_kind *kind;
    void (*spoil)(hid_t file);
    basin_status status;
    const char  *message; /* after «FILE: » */
} faults[] = {
    {&checkpoint, no_format, BASIN_ERR_FORMAT,
     "no attribute format: expected «basin checkpoint»; checkpoints are what train, the recorder and "
     "python3 -m basin convert write"},
    {&checkpoint, numeric_format, BASIN_ERR_FORMAT,
     "/: attribute format: expected a string, file has integers"},
    {&checkpoint, other_format, BASIN_ERR_FORMAT, "expected «basin checkpoint», file is «basin results»"},
    {&dataset, other_format, BASIN_ERR_FORMAT, "expected «basin data», file is «basin results»"},
    {&checkpoint, no_version, BASIN_ERR_FORMAT, "no attribute version"},
    {&checkpoint, newer_version, BASIN_ERR_UNSUPPORTED,
     "basin checkpoint version 99, this basin reads up to " TEXT_OF(BASIN_FORMAT_VERSION)},
    {&dataset, newer_version, BASIN_ERR_UNSUPPORTED,
     "basin data version 99, this basin reads up to " TEXT_OF(BASIN_FORMAT_VERSION)},
    {&spectrum, newer_version, BASIN_ERR_UNSUPPORTED,
     "basin result version 99, this basin reads up to " TEXT_OF(BASIN_RESULTS_VERSION)},
    {&spectrum, older_version, BASIN_ERR_UNSUPPORTED, "a result of format 1, made by older rules"},
    {&checkpoint, version_zero, BASIN_ERR_FORMAT, "basin checkpoint version 0, they count from 1"},
    {&checkpoint, real_version, BASIN_ERR_FORMAT,
     "/: attribute version: expected an integer, file has floating point numbers"},
    {&checkpoint, no_complete, BASIN_ERR_FORMAT,
     "no attribute complete: still being written, or its writer was stopped"},
    {&dataset, no_complete, BASIN_ERR_FORMAT,
     "no attribute complete: still being written, or its writer was stopped"},
    {&checkpoint, two_completes, BASIN_ERR_SHAPE, "/: attribute complete: expected one value, file has 2"},
    {&checkpoint, no_graph, BASIN_ERR_MISSING, "/graph: missing"},
    {&checkpoint, numeric_graph, BASIN_ERR_FORMAT, "/graph: expected strings, file has integers"},
    {&checkpoint, boastful_graph, BASIN_ERR_SHAPE,
     "/parameters/fc2.bias: expected [100000000000000], file has [2]"},
    {&checkpoint, no_parameters, BASIN_ERR_MISSING, "/parameters: missing"},
    {&checkpoint, no_weight, BASIN_ERR_MISSING, "/parameters/fc1.weight: missing"},
    {&checkpoint, weight_group, BASIN_ERR_FORMAT,
     "/parameters/fc1.weight: expected a data set, file has a group"},
    {&checkpoint, turned_weight, BASIN_ERR_SHAPE, "/parameters/fc1.weight: expected [3, 2], file has [2, 3]"},
    {&checkpoint, flat_weight, BASIN_ERR_SHAPE, "/parameters/fc1.weight: expected [3, 2], file has [3]"},
    {&checkpoint, integer_weight, BASIN_ERR_FORMAT,
     "/parameters/fc1.bias: expected floating point numbers, file has integers"},
    {&checkpoint, compound_weight, BASIN_ERR_FORMAT,
     "/parameters/fc1.bias: expected numbers or strings, file has a compound type"},
    {&checkpoint, no_momentum_bias, BASIN_ERR_MISSING, "/optimizer/momentum/fc2.bias: missing"},
    {&checkpoint, momentum_array, BASIN_ERR_FORMAT, "/optimizer: expected a group, file has a data set"},
    {&checkpoint, no_loss, BASIN_ERR_MISSING, "/loss: missing"},
    {&checkpoint, no_loss_name, BASIN_ERR_MISSING, "/loss: attribute name: missing"},
    {&checkpoint, other_loss, BASIN_ERR_UNSUPPORTED,
     "/loss: loss hinge is none of softmax_cross_entropy, bce_with_logits, mse"},
    {&checkpoint, smooth_loss, BASIN_ERR_VALUE, "/loss: attribute label_smoothing: 1 is not in [0, 1)"},
    {&checkpoint, text_ignore, BASIN_ERR_FORMAT,
     "/loss: attribute ignore_index: expected an integer, file has strings"},
    {&checkpoint, ignore_of_mse, BASIN_ERR_UNSUPPORTED, "/loss: loss mse takes no ignore_index, it has -100"},
    {&checkpoint, weights_of_mse, BASIN_ERR_UNSUPPORTED, "/loss: loss mse takes no weights, it has 2"},
    {&checkpoint, zero_weights, BASIN_ERR_VALUE, "/loss: all 2 weights are 0"},
    {&checkpoint, negative_weight, BASIN_ERR_VALUE, "/loss: weight 1 of 2 is -0.5: negative or not finite"},
    {&checkpoint, infinite_weight, BASIN_ERR_VALUE, "/loss: weight 0 of 2 is inf: negative or not finite"},
    {&checkpoint, wide_weights, BASIN_ERR_SHAPE,
     "/loss/weights: expected one for each class, file has [2, 3]"},
    {&checkpoint, one_weight, BASIN_ERR_SHAPE, "/loss/weights: expected one for each class, file has []"},
    {&checkpoint, maybe_perturbed, BASIN_ERR_FORMAT,
     "/training: attribute perturbed: expected yes, no or unknown, file has «maybe»"},
    {&checkpoint, text_epoch, BASIN_ERR_FORMAT,
     "/training: attribute epoch: expected a number, file has strings"},
    {&checkpoint, one_decay, BASIN_ERR_MISSING,
     "/parameters/fc1.bias: attribute weight_decay: missing, fc1.weight has it"},
    {&checkpoint, late_decay, BASIN_ERR_MISSING,
     "/parameters/fc2.bias: attribute weight_decay: present, fc1.weight lacks it"},
    {&checkpoint, negative_decay, BASIN_ERR_VALUE,
     "/parameters/fc1.weight: attribute weight_decay: -0.1 is not a finite number >= 0"},
    {&checkpoint, negative_step, BASIN_ERR_VALUE, "/training: attribute step: -5 is negative"},
    {&checkpoint, control_method, BASIN_ERR_FORMAT, "/training: attribute method: not plain UTF-8 text"},
    {&checkpoint, latin_method, BASIN_ERR_FORMAT, "/training: attribute method: not plain UTF-8 text"},
    {&checkpoint, short_digest, BASIN_ERR_FORMAT, "/data: attribute digest: expected 64 hexadecimal digits"},
    {&checkpoint, no_quantity, BASIN_ERR_MISSING, "/recorded/0000: attribute quantity: missing"},
    {&checkpoint, external_link, BASIN_ERR_UNSUPPORTED,
     "/parameters/fc1.bias: a link into another file is not followed"},
    {&checkpoint, external_group, BASIN_ERR_UNSUPPORTED,
     "/parameters: a link into another file is not followed"},
    {&checkpoint, soft_link, BASIN_ERR_UNSUPPORTED, "/parameters/fc1.bias: a soft link is not followed"},
    {&checkpoint, external_storage, BASIN_ERR_UNSUPPORTED,
     "/parameters/fc1.bias: storage in another file is not read"},
    {&checkpoint, virtual_data, BASIN_ERR_UNSUPPORTED,
     "/parameters/fc1.bias: a virtual data set is not read"},
    {&checkpoint, foreign_filter, BASIN_ERR_UNSUPPORTED,
     "/parameters/fc1.bias: filter 32015 is not one of HDF5's own"},
    {&checkpoint, great_chunk, BASIN_ERR_BUDGET,
     "/parameters/fc1.bias: one chunk does not fit the memory limit of 1000000000 bytes"},
    {&checkpoint, buffer_bomb, BASIN_ERR_BUDGET,
     "/buffers/b: [1125899906842624] needs 9007199254740992 bytes, the memory limit is 1000000000"},
    {&checkpoint, buffer_overflow, BASIN_ERR_FORMAT,
     "/buffers/b: the product of the dimensions [2147483648, 1073741824] overflows"},
    {&checkpoint, buffer_rank, BASIN_ERR_SHAPE, "/buffers/b: rank 10, at most 9"},
    {&checkpoint, buffer_circle, BASIN_ERR_FORMAT, "groups within more than 16 groups"},
    {&checkpoint, buffer_name, BASIN_ERR_FORMAT,
     "/buffers: member 0 has a name that is not plain UTF-8 text"},
    {&dataset, no_inputs, BASIN_ERR_MISSING, "/inputs: missing"},
    {&dataset, no_targets, BASIN_ERR_MISSING, "/targets: missing"},
    {&dataset, text_inputs, BASIN_ERR_FORMAT, "/inputs: expected numbers, file has strings"},
    {&dataset, flat_inputs, BASIN_ERR_SHAPE, "/inputs: expected [samples, features…], file has [4]"},
    {&dataset, zero_samples, BASIN_ERR_SHAPE, "/inputs: no samples in [0, 3]"},
    {&dataset, other_count, BASIN_ERR_SHAPE, "/targets: expected 4 rows as of the inputs, file has 3"},
    {&dataset, cubic_targets, BASIN_ERR_SHAPE, "/targets: expected [4] or [4, values], file has [4, 1, 1]"},
    {&dataset, real_classes, BASIN_ERR_FORMAT,
     "/targets: attribute kind: classes are integers, file has floating point numbers"},
    {&dataset, deep_classes, BASIN_ERR_SHAPE, "/targets: expected [4] or [4, values], file has [4, 2, 2]"},
    {&dataset, empty_classes, BASIN_ERR_SHAPE, "/targets: no values in [4, 0]"},
    {&dataset, token_classes, BASIN_ERR_VALUE, "the file was changed or damaged"},
    {&dataset, other_class, BASIN_ERR_VALUE, "the file was changed or damaged"},
    {&dataset, zero_scale, BASIN_ERR_VALUE, "/inputs: scale 0 and offset 0: not finite, or scale 0"},
    {&dataset, nan_offset, BASIN_ERR_VALUE, "/inputs: scale 1 and offset nan: not finite, or scale 0"},
    {&dataset, row_outside, BASIN_ERR_VALUE, "/splits/train: row 4 is not one of the 4 samples"},
    {&dataset, negative_row, BASIN_ERR_VALUE, "/splits/train: row -1 is not one of the 4 samples"},
    {&dataset, row_twice, BASIN_ERR_VALUE, "/splits/train: row 3 stands there twice"},
    {&dataset, real_rows, BASIN_ERR_FORMAT,
     "/splits/train: expected integers, file has floating point numbers"},
    {&dataset, empty_split, BASIN_ERR_SHAPE, "/splits/train: no samples"},
    {&dataset, long_split, BASIN_ERR_SHAPE, "/splits/train: 5 rows of 4 samples"},
    {&spectrum, no_kind, BASIN_ERR_FORMAT, "no attribute kind"},
    {&spectrum, other_kind, BASIN_ERR_UNSUPPORTED, "a result of kind «poem», which this basin does not know"},
    {&spectrum, no_loss_value, BASIN_ERR_MISSING, "/result/loss: missing"},
    {&spectrum, no_method, BASIN_ERR_MISSING, "/result/method: missing"},
    {&spectrum, long_eigenvalues, BASIN_ERR_SHAPE, "/result/eigenvalues: expected [3], file has [4]"},
    {&spectrum, huge_count, BASIN_ERR_SHAPE,
     "/result/eigenvalues: expected [18446744073709551615], file has [3]"},
    {&spectrum, wide_top, BASIN_ERR_VALUE,
     "/result: 3 eigenvalues of 3 parameters, 4 at the top, 0 at the bottom"},
    {&spectrum, many_vectors, BASIN_ERR_SHAPE,
     "/result/vector_index: expected [9223372036854775808], file has [1]"},
    {&spectrum, stray_index, BASIN_ERR_VALUE, "/result/vector_index: index 3 is not below 3"},
    {&spectrum, real_seed, BASIN_ERR_FORMAT,
     "/result/seed: expected integers, file has floating point numbers"},
    {&comparison, short_column, BASIN_ERR_SHAPE,
     "/result/rows/measures/sane/lower: expected [2], file has [1]"},
    {&comparison, many_rows, BASIN_ERR_SHAPE,
     "/result/rows/run: expected [1152921504606846976], file has [2]"},
    {&comparison, more_groups, BASIN_ERR_SHAPE, "/result/groups: expected 2 groups, file has 1"},
    {&comparison, stray_row, BASIN_ERR_VALUE, "/result/groups: index 2 is not below 2"},
};

static void every_fault_has_its_line(void **state)
{
    (void)state;
    basin_memory_limit_set(1000000000);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *f = &faults[i];
        const char         *path = basin_test_scratch("faulty.h5");
        f->kind->write(path);
        assert_ok(f->kind->read(path));
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        assert_true(file >= 0);
        f->spoil(file);
        assert_true(H5Fclose(file) >= 0);
        size_t       live = basin_fault_live();
        basin_status st = f->kind->read(path);
        if (st != f->status || strstr(basin_error_message(), f->message) == NULL ||
            strncmp(basin_error_message(), path, strlen(path)) != 0 ||
            strchr(basin_error_message(), '\n') != NULL)
            fail_msg("fault %zu (%s): %s: «%s», expected «FILE: %s»", i, f->kind->name, basin_status_text(st),
                     basin_error_message(), f->message);
        assert_int_equal(basin_fault_live(), live);
    }
    basin_memory_limit_set(0);
}

/* No node reads it, so its size is nobody's business. */
SPOIL(buffer_unused)
{
    H5Gclose(H5Gcreate2(file, "/buffers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    declare(file, "/buffers/unused", 1, (const hsize_t[]){(hsize_t)1 << 50});
}

SPOIL(unknown_things)
{
    put_text(file, "/", "colour", "blue");
    put_text(file, "/training", "mood", "calm");
    put_real(file, "/parameters/fc1.weight", "norm", 1.0);
    replace(file, "/parameters/unused", H5T_NATIVE_INT, 1, shape_3, NULL);
    replace(file, "/notes", H5T_NATIVE_INT, 1, shape_3, NULL);
    buffer_unused(file);
}

static void what_is_unknown_is_ignored(void **state)
{
    (void)state;
    const char *path = basin_test_scratch("unknown.h5");

    write_checkpoint(path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    unknown_things(file);
    H5Fclose(file);
    assert_ok(read_checkpoint(path));
}

/* Texts of every kind that writers use: variable and fixed length, padded with zeros or spaces, ASCII and
   UTF-8. */
static void texts_of_every_kind_are_read(void **state)
{
    static const H5T_str_t padding[] = {H5T_STR_NULLTERM, H5T_STR_NULLPAD, H5T_STR_SPACEPAD};
    static const char stored[3][4] = {{'s', 'a', 'm', '\0'}, {'s', 'a', 'm', '\0'}, {'s', 'a', 'm', ' '}};
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int utf8 = 0; utf8 < 2; utf8++) {
            const char       *path = basin_test_scratch("texts.h5");
            basin_checkpoint *ck = NULL;
            hid_t             type = H5Tcopy(H5T_C_S1), file;
            write_checkpoint(path);
            H5Tset_size(type, 4);
            H5Tset_strpad(type, padding[i]);
            H5Tset_cset(type, utf8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII);
            file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
            put_attribute(file, "/training", "method", type, 1, stored[i]);
            H5Fclose(file);
            H5Tclose(type);
            assert_ok(basin_checkpoint_read(path, &ck));
            assert_string_equal(ck->method, "sam");
            basin_checkpoint_destroy(&ck);
        }
}

/* --------------------------------------------------------------------------------------- damaged heaps -- */

/* The first object of the first heap of texts of variable length in the file: index, references and size [16
   bytes]. */
static void damage_heap(const char *path, uint64_t index, uint64_t size)
{
    FILE  *file = fopen(path, "r+b");
    char  *bytes = calloc(1, 1 << 20);
    size_t count = fread(bytes, 1, 1 << 20, file), at = 0;

    while (at + 32 < count && memcmp(bytes + at, "GCOL", 4) != 0) at++;
    assert_true(at + 32 < count);
    fseek(file, (long)at + 16, SEEK_SET);
    fwrite(&index, 8, 1, file);
    fwrite(&size, 8, 1, file);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

/* As h5py writes texts. HDF5 walks a heap whose free space has no size for ever, and copies an object over
   whatever lies behind the text that it is said to be. */
static void a_damaged_heap_is_met_by_a_child_process(void **state)
{
    (void)state;
    static const struct {
        uint64_t    index, size;
        const char *message;
    } damages[] = {
        {0, 0, "damaged: its texts of variable length have no end"},
        {0x100000001, (uint64_t)1 << 40, "/training"},
    };
    const char *path = basin_test_scratch("heap.h5"), *text = "sam";

    for (size_t i = 0; i <= sizeof damages / sizeof *damages; i++) {
        hid_t type = H5Tcopy(H5T_C_S1), file;
        write_checkpoint(path);
        H5Tset_size(type, H5T_VARIABLE);
        file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        put_attribute(file, "/training", "method", type, 1, &text);
        H5Fclose(file);
        H5Tclose(type);
        if (i == sizeof damages / sizeof *damages) {
            assert_ok(read_checkpoint(path)); /* undamaged */
            break;
        }
        damage_heap(path, damages[i].index, damages[i].size);
        assert_int_equal(read_checkpoint(path), BASIN_ERR_FORMAT);
        if (strstr(basin_error_message(), damages[i].message) == NULL &&
            strstr(basin_error_message(), "make HDF5 crash") == NULL)
            fail_msg("damage %zu: «%s»", i, basin_error_message());
    }
}

/* Half, single and big-endian numbers, h5py's bool, and compressed chunks. */
static void numbers_of_every_kind_are_read(void **state)
{
    (void)state;
    const char       *path = basin_test_scratch("numbers.h5");
    const double      values[3] = {0.5, -2.0, 1024.0};
    basin_checkpoint *ck = NULL;
    hid_t file, space, plist, id, type = H5Tcopy(H5T_IEEE_F32BE), logical = H5Tenum_create(H5T_NATIVE_INT8);

    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    H5Tenum_insert(logical, "FALSE", &(int8_t){0});
    H5Tenum_insert(logical, "TRUE", &(int8_t){1});
    write_checkpoint(path);
    file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, 1, shape_2);
    H5Pset_shuffle(plist);
    H5Pset_deflate(plist, 6);
    space = H5Screate_simple(1, shape_3, NULL);
    delete_object(file, "/parameters/fc1.bias");
    id = H5Dcreate2(file, "/parameters/fc1.bias", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    put_attribute(file, "/training", "weight_decay_coupled", logical, 1, &(int8_t){1});
    put_int(file, "/training", "epoch", 3);
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(plist);
    H5Tclose(type);
    H5Tclose(logical);
    H5Fclose(file);
    assert_ok(basin_checkpoint_read(path, &ck));
    assert_memory_equal(ck->theta + basin_params_find(ck->params, "fc1.bias")->offset, values, sizeof values);
    assert_true(ck->hyper.weight_decay_coupled && ck->epoch == 3.0);
    basin_checkpoint_destroy(&ck);
}

/* --------------------------------------------------------------------------------- not HDF5, cut, open -- */

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void files_that_are_not_hdf5_are_told_so(void **state)
{
    (void)state;
    assert_status(read_checkpoint("/nowhere/ck.h5"), BASIN_ERR_IO);
    assert_message("/nowhere/ck.h5: No such file or directory");
    assert_status(read_checkpoint("docs"), BASIN_ERR_IO);
    assert_message("docs: not a file");
    assert_status(read_checkpoint("/dev/null"), BASIN_ERR_IO);
    assert_message("/dev/null: not a file");
    assert_int_equal(mkfifo(basin_test_scratch("pipe"), 0600), 0);
    /* and does not wait for a writer */
    assert_status(read_dataset(basin_test_scratch("pipe")), BASIN_ERR_IO);
    assert_status(read_checkpoint("docs/json.md"), BASIN_ERR_FORMAT);
    assert_message("docs/json.md: not an HDF5 file");
    write_bytes(basin_test_scratch("none.h5"), "", 0);
    assert_status(read_result(basin_test_scratch("none.h5")), BASIN_ERR_FORMAT);
    assert_message("none.h5: an empty file");
}

static void truncated_files_are_told_so_wherever_they_were_cut(void **state)
{
    (void)state;
    char   bytes[1 << 16];
    FILE  *file;
    size_t size;

    write_checkpoint(basin_test_scratch("whole.h5"));
    assert_non_null(file = fopen(basin_test_scratch("whole.h5"), "rb"));
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size > 1000 && size < sizeof bytes);
    for (size_t cut = 8; cut < size; cut += 97) {
        write_bytes(basin_test_scratch("cut.h5"), bytes, cut);
        assert_status(read_checkpoint(basin_test_scratch("cut.h5")), BASIN_ERR_IO);
        assert_message("still being written");
    }
    write_bytes(basin_test_scratch("cut.h5"), bytes, size / 2);
    assert_status(read_checkpoint(basin_test_scratch("cut.h5")), BASIN_ERR_IO);
    assert_message("cut.h5: truncated, or still being written: truncated file: eof = ");
}

/* Copies what lies on the disk, as another process would find it. */
static void copy_file(const char *from, const char *to)
{
    char  bytes[1 << 16];
    FILE *file = fopen(from, "rb");

    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size < sizeof bytes);
    write_bytes(to, bytes, size);
}

/* HDF5's latest format marks a file that is open; in the others the data or the attribute `complete` are not
   there yet. */
static void files_that_a_writer_holds_open_are_refused(void **state)
{
    (void)state;
    for (int latest = 0; latest < 2; latest++)
        for (int flushed = 0; flushed < 2; flushed++) {
            hid_t access = H5Pcreate(H5P_FILE_ACCESS), file;
            if (latest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
            file = H5Fcreate(basin_test_scratch("open.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, access);
            put_text(file, "/", "format", "basin checkpoint");
            put_int(file, "/", "version", 1);
            replace(file, "/graph", H5T_NATIVE_DOUBLE, 1, shape_3, NULL);
            if (flushed) H5Fflush(file, H5F_SCOPE_GLOBAL);
            copy_file(basin_test_scratch("open.h5"), basin_test_scratch("held.h5"));
            H5Fclose(file);
            H5Pclose(access);
            assert_true(read_checkpoint(basin_test_scratch("held.h5")) != BASIN_OK);
            if (flushed)
                assert_message("still being written");
            else
                assert_message("held.h5: ");
        }
}

/* HDF5 has no checksum over contiguous values; the digest of a data set is one. */
static void a_flipped_bit_in_the_data_is_found(void **state)
{
    (void)state;
    char        bytes[1 << 15];
    const float value = 0.25f; /* stands once in the file: inputs are stored in single precision */
    FILE       *file;
    size_t      size, at = 0;

    write_dataset(basin_test_scratch("flipped.h5"));
    assert_non_null(file = fopen(basin_test_scratch("flipped.h5"), "rb"));
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    while (at + 4 <= size && memcmp(bytes + at, &value, 4) != 0) at++;
    assert_true(at + 4 <= size);
    bytes[at] ^= 1;
    write_bytes(basin_test_scratch("flipped.h5"), bytes, size);
    assert_status(read_dataset(basin_test_scratch("flipped.h5")), BASIN_ERR_VALUE);
    assert_message("the file was changed or damaged");
}

int main(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_line),
        cmocka_unit_test(what_is_unknown_is_ignored),
        cmocka_unit_test(texts_of_every_kind_are_read),
        cmocka_unit_test(a_damaged_heap_is_met_by_a_child_process),
        cmocka_unit_test(numbers_of_every_kind_are_read),
        cmocka_unit_test(files_that_are_not_hdf5_are_told_so),
        cmocka_unit_test(truncated_files_are_told_so_wherever_they_were_cut),
        cmocka_unit_test(files_that_a_writer_holds_open_are_refused),
        cmocka_unit_test(a_flipped_bit_in_the_data_is_found),
    };
    return cmocka_run_group_tests_name("faulty_files", tests, NULL, NULL);
}
