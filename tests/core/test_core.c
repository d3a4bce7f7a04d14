#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/graph.h"
#include "core/linalg.h"
#include "core/params.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/schema.h"

/* ---------------------------------------------------------------------------------------------- random -- */

/* kat_vectors of the Random123 distribution, philox4x32 10. */
static void philox_gives_the_known_answers(void **state)
{
    static const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
         0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        basin_random_block(cases[i], cases[i] + 4, out);
        assert_memory_equal(out, cases[i] + 6, sizeof out);
    }
}

/* Words of a stream are blocks of counters 0, 1, … with the stream's number above and the seed as key. */
static void a_stream_is_blocks_in_order(void **state)
{
    basin_random r = basin_random_start(0x299f31d0a4093822, 0x0370734413198a2e);

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t out[4];
        basin_random_block((uint32_t[]){i, 0, 0x13198a2e, 0x03707344}, (uint32_t[]){0xa4093822, 0x299f31d0},
                           out);
        assert_true(basin_random_bits(&r) == ((uint64_t)out[0] << 32 | out[1]));
        assert_true(basin_random_bits(&r) == ((uint64_t)out[2] << 32 | out[3]));
    }
}

static void seeds_and_streams_are_independent(void **state)
{
    enum { COUNT = 20000 };
    static double x[3][COUNT];
    basin_random r[3] = {basin_random_start(1, BASIN_STREAM_PROBE), basin_random_start(2, BASIN_STREAM_PROBE),
                         basin_random_start(1, BASIN_STREAM_BATCH)};

    (void)state;
    for (size_t i = 0; i < 3; i++) basin_random_normals(&r[i], x[i], COUNT);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < i; j++) assert_true(fabs(basin_dot(x[i], x[j], COUNT)) < 5.0 * sqrt(COUNT));
}

static void random_numbers_have_their_moments(void **state)
{
    enum { COUNT = 100000 };
    basin_random r = basin_random_start(3, BASIN_STREAM_TEST);
    double       mean = 0.0, square = 0.0, fourth = 0.0, sign = 0.0, least = 1.0, most = 0.0;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        double u = basin_random_uniform(&r);
        mean += u / COUNT, least = fmin(least, u), most = fmax(most, u);
    }
    assert_close(mean, 0.5, 0.0, 5.0 * sqrt(1.0 / 12.0 / COUNT));
    assert_true(least >= 0.0 && least < 1e-4 && most < 1.0 && most > 1.0 - 1e-4);
    mean = 0.0;
    for (size_t i = 0; i < COUNT; i++) {
        double z = basin_random_normal(&r), s;
        basin_random_signs(&r, &s, 1);
        assert_true(s == 1.0 || s == -1.0);
        mean += z / COUNT, square += z * z / COUNT, fourth += z * z * z * z / COUNT, sign += s / COUNT;
    }
    assert_close(mean, 0.0, 0.0, 5.0 / sqrt(COUNT));
    assert_close(square, 1.0, 0.0, 5.0 * sqrt(2.0 / COUNT));
    assert_close(fourth, 3.0, 0.0, 5.0 * sqrt(96.0 / COUNT));
    assert_close(sign, 0.0, 0.0, 5.0 / sqrt(COUNT));
}

static void draws_below_n_are_even_and_shuffles_are_permutations(void **state)
{
    basin_random r = basin_random_start(4, BASIN_STREAM_TEST);
    size_t       count[7] = {0}, x[50], seen[50] = {0}, moved = 0;

    (void)state;
    for (size_t i = 0; i < 70000; i++) count[basin_random_below(&r, 7)]++;
    for (size_t i = 0; i < 7; i++) assert_close((double)count[i], 10000.0, 0.0, 500.0);
    assert_int_equal(basin_random_below(&r, 1), 0);
    for (size_t i = 0; i < 50; i++) x[i] = i;
    basin_random_shuffle(&r, x, 50);
    for (size_t i = 0; i < 50; i++) seen[x[i]]++, moved += x[i] != i;
    for (size_t i = 0; i < 50; i++) assert_int_equal(seen[i], 1);
    assert_true(moved > 40);
}

/* ---------------------------------------------------------------------------------------------- linalg -- */

static void norms_survive_under_and_overflow(void **state)
{
    double tiny[] = {3e-200, 4e-200}, huge[] = {3e200, -4e200}, odd[] = {1.0, NAN}, inf[] = {1.0, -INFINITY};
    double zero[] = {0.0, 0.0};

    (void)state;
    assert_close(basin_norm(tiny, 2), 5e-200, 1e-14, 0.0);
    assert_close(basin_norm(huge, 2), 5e200, 1e-14, 0.0);
    assert_true(isnan(basin_norm(odd, 2)) && isinf(basin_norm(inf, 2)));
    assert_true(basin_norm(zero, 2) == 0.0 && basin_norm(NULL, 0) == 0.0);
    assert_false(basin_all_finite(odd, 2) || basin_all_finite(inf, 2));
}

static void cosines_survive_under_and_overflow(void **state)
{
    double x[] = {3e200, 4e200}, y[] = {3e200, -4e200}, tiny[] = {3e-200, 4e-200}, zero[] = {0.0, 0.0},
           one[] = {1.0, 0.0}, odd[] = {1.0, NAN};

    (void)state;
    assert_close(basin_cosine(x, y, 2), -7.0 / 25.0, 1e-14, 0.0);
    assert_close(basin_cosine(tiny, tiny, 2), 1.0, 1e-14, 0.0);
    assert_close(basin_cosine(x, tiny, 2), 1.0, 1e-14, 0.0);
    assert_close(basin_cosine(one, x, 2), 0.6, 1e-14, 0.0);
    assert_true(isnan(basin_cosine(x, zero, 2)) && isnan(basin_cosine(zero, x, 2)) &&
                isnan(basin_cosine(odd, one, 2)));
    assert_true(isnan(basin_cosine(NULL, one, 2)) && isnan(basin_cosine(one, NULL, 2)));
}

static void dots_agree_with_a_long_sum(void **state)
{
    enum { COUNT = 10007 };
    static double x[COUNT], y[COUNT];
    basin_random  r = basin_random_start(5, BASIN_STREAM_TEST);
    long double   sum = 0.0L;

    (void)state;
    basin_random_normals(&r, x, COUNT), basin_random_normals(&r, y, COUNT);
    for (size_t i = 0; i < COUNT; i++) sum += (long double)x[i] * y[i];
    assert_close(basin_dot(x, y, COUNT), (double)sum, 0.0, 1e-11);
    assert_close(basin_dot(x, y, 3), x[0] * y[0] + x[1] * y[1] + x[2] * y[2], 1e-14, 1e-15);
}

/* C v = op(A) (op(B) v) for a random v. */
static void gemm_agrees_with_two_products(void **state)
{
    enum { M = 5, K = 7, COLUMNS = 6 };
    double       a[M * K], b[K * COLUMNS], c[M * COLUMNS], v[COLUMNS], bv[K];
    basin_random r = basin_random_start(6, BASIN_STREAM_TEST);

    (void)state;
    for (int form = 0; form < 4; form++) {
        basin_transpose ta = form & 1 ? BASIN_T : BASIN_N, tb = form & 2 ? BASIN_T : BASIN_N;
        basin_random_normals(&r, a, M * K), basin_random_normals(&r, b, K * COLUMNS),
            basin_random_normals(&r, v, COLUMNS);
        for (size_t i = 0; i < M * COLUMNS; i++) c[i] = 1.0;
        basin_gemm_f64(ta, tb, M, COLUMNS, K, 2.0, a, ta ? M : K, b, tb ? K : COLUMNS, 0.5, c, COLUMNS);
        for (size_t l = 0; l < K; l++) {
            bv[l] = 0.0;
            for (size_t j = 0; j < COLUMNS; j++) bv[l] += b[tb ? j * K + l : l * COLUMNS + j] * v[j];
        }
        for (size_t i = 0; i < M; i++) {
            double left = 0.0, right = 0.0;
            for (size_t j = 0; j < COLUMNS; j++) left += c[i * COLUMNS + j] * v[j], right += 0.5 * v[j];
            for (size_t l = 0; l < K; l++) right += 2.0 * a[ta ? l * M + i : i * K + l] * bv[l];
            assert_close(left, right, 0.0, 1e-13);
        }
    }
}

static void eigenvectors_are_rows(void **state)
{
    enum { SIZE = 20 };
    double lambda[SIZE], a[SIZE * SIZE], v[SIZE * SIZE], w[SIZE], ends[5 * SIZE], both[SIZE], av[SIZE];

    (void)state;
    for (size_t i = 0; i < SIZE; i++) lambda[i] = (double)i - 7.0;
    basin_test_planted(lambda, SIZE, 1, a);
    memcpy(v, a, sizeof v);
    assert_ok(basin_symmetric_eigen_vectors(v, SIZE, w));
    for (size_t k = 0; k < SIZE; k++) {
        assert_close(w[k], lambda[k], 0.0, 1e-13);
        for (size_t i = 0; i < SIZE; i++)
            assert_close(basin_dot(a + i * SIZE, v + k * SIZE, SIZE), w[k] * v[k * SIZE + i], 0.0, 1e-13);
    }
    memcpy(v, a, sizeof v);
    assert_ok(basin_symmetric_eigen_ends(v, SIZE, 2, 3, both, ends));
    for (size_t k = 0; k < 5; k++) {
        double value = lambda[k < 2 ? k : SIZE - 5 + k];
        for (size_t i = 0; i < SIZE; i++)
            av[i] = basin_dot(a + i * SIZE, ends + k * SIZE, SIZE) - value * ends[k * SIZE + i];
        assert_close(basin_norm(av, SIZE), 0.0, 0.0, 1e-12);
        assert_close(basin_norm(ends + k * SIZE, SIZE), 1.0, 1e-13, 0.0);
    }
    for (size_t k = 0; k < SIZE; k++) assert_close(both[k], lambda[k], 0.0, 1e-13);
}

/* A planted matrix of 5 between rows of zeros: its eigenvalues and 4 zeros, whichever ends are asked for. */
static void rows_of_zeros_are_eigenvectors(void **state)
{
    enum { PART = 5, SIZE = 9 };
    static const size_t place[PART] = {0, 2, 3, 6, 7};
    const double        part[PART] = {-2.0, -1.0, 1.0, 2.0, 3.0};
    const double        lambda[SIZE] = {-2.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0};
    double              b[PART * PART], a[SIZE * SIZE] = {0.0}, v[SIZE * SIZE], w[SIZE], alone[SIZE];

    (void)state;
    basin_test_planted(part, PART, 1, b);
    for (size_t i = 0; i < PART; i++)
        for (size_t j = 0; j < PART; j++) a[place[i] * SIZE + place[j]] = b[i * PART + j];
    memcpy(v, a, sizeof v);
    assert_ok(basin_symmetric_eigen(v, SIZE, alone));
    for (size_t i = 0; i < SIZE; i++) assert_close(alone[i], lambda[i], 0.0, 1e-14);
    for (size_t bottom = 0; bottom <= SIZE; bottom++)
        for (size_t top = bottom == 0; bottom + top <= SIZE; top++) {
            const size_t count = bottom + top;
            double       z[SIZE * SIZE], az[SIZE];
            memcpy(v, a, sizeof v);
            assert_ok(basin_symmetric_eigen_ends(v, SIZE, bottom, top, w, z));
            assert_memory_equal(w, alone, sizeof w);
            for (size_t k = 0; k < count; k++) {
                const double value = lambda[k < bottom ? k : SIZE - count + k];
                for (size_t i = 0; i < SIZE; i++)
                    az[i] = basin_dot(a + i * SIZE, z + k * SIZE, SIZE) - value * z[k * SIZE + i];
                assert_close(basin_norm(az, SIZE), 0.0, 0.0, 1e-13);
                for (size_t l = 0; l <= k; l++)
                    assert_close(basin_dot(z + k * SIZE, z + l * SIZE, SIZE), k == l, 0.0, 1e-13);
            }
        }
    memset(v, 0, sizeof v);
    assert_ok(basin_symmetric_eigen(v, SIZE, w));
    for (size_t i = 0; i < SIZE; i++) assert_true(w[i] == 0.0);
}

/* diag 2, off -1: λ_k = 2 - 2 cos(kπ/(n+1)); the squares of the first components sum to 1 (Gauss weights). */
static void tridiagonal_matrices_have_theirs(void **state)
{
    enum { SIZE = 9 };
    double d[SIZE], e[SIZE], w[SIZE], z[SIZE * SIZE], weights = 0.0, alone;

    (void)state;
    for (size_t i = 0; i < SIZE; i++) d[i] = 2.0, e[i] = -1.0;
    assert_ok(basin_tridiagonal_eigen(d, e, SIZE, w, z));
    for (size_t k = 0; k < SIZE; k++) {
        assert_close(w[k], 2.0 - 2.0 * cos((double)(k + 1) * M_PI / (SIZE + 1)), 0.0, 1e-14);
        weights += z[k * SIZE] * z[k * SIZE];
    }
    assert_close(weights, 1.0, 1e-13, 0.0);
    assert_ok(basin_tridiagonal_eigen(d, NULL, 1, &alone, NULL));
    assert_close(alone, 2.0, 0.0, 0.0);
}

static void the_blas_of_this_machine_is_right(void **state)
{
    char text[160];

    (void)state;
    assert_ok(basin_initialise());
    basin_blas_describe(text);
    assert_non_null(strstr(text, "OpenBLAS"));
    assert_non_null(strstr(text, "kernel"));
}

/* ---------------------------------------------------------------------------------------------- params -- */

static void params_follow_each_other_without_holes(void **state)
{
    basin_params *p = NULL, *copy = NULL;

    (void)state;
    assert_ok(basin_params_create(&p));
    assert_ok(basin_params_add(p, "a", (size_t[]){2, 3}, 2));
    assert_ok(basin_params_add(p, "b", NULL, 0));
    assert_ok(basin_params_add(p, "c", (size_t[]){4}, 1));
    assert_int_equal(p->size, 11);
    assert_int_equal(basin_params_find(p, "c")->offset, 7);
    assert_null(basin_params_find(p, "d"));
    assert_status(basin_params_add(p, "a", (size_t[]){1}, 1), BASIN_ERR_FORMAT);
    assert_message("parameter a is declared twice");
    assert_status(basin_params_add(p, "", (size_t[]){1}, 1), BASIN_ERR_FORMAT);
    assert_status(basin_params_add(p, "z", (size_t[]){3, 0}, 2), BASIN_ERR_FORMAT);
    assert_message("parameter z: a dimension of 0 in [3, 0]");
    assert_status(basin_params_add(p, "z", (size_t[]){SIZE_MAX / 2, 3}, 2), BASIN_ERR_FORMAT);
    assert_message("overflows");
    assert_status(basin_params_add(p, "z", (size_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1}, 9), BASIN_ERR_FORMAT);
    assert_message("rank 9, at most 8");
    assert_int_equal(p->count, 3);
    assert_ok(basin_params_copy(p, &copy));
    basin_params_destroy(&p);
    basin_params_destroy(&p);
    assert_string_equal(copy->blocks[2].name, "c");
    assert_int_equal(copy->size, 11);
    basin_params_destroy(&copy);
}

/* ----------------------------------------------------------------------------------------------- graph -- */

static basin_graph *empty_graph(void)
{
    basin_graph *g = NULL;

    assert_ok(basin_graph_create(&g));
    g->input = basin_strdup("x"), g->output = basin_strdup("y");
    return g;
}

static void add(basin_graph *g, const char *name, const char *from, const char *to)
{
    assert_ok(
        basin_graph_add(g, name, "Relu", (const char *const[]){from}, 1, (const char *const[]){to}, 1, NULL));
}

static void nodes_are_sorted_whatever_their_order(void **state)
{
    basin_graph *g = empty_graph();
    size_t       order[3];

    (void)state;
    add(g, "last", "b", "y");
    add(g, "first", "x", "a");
    add(g, "middle", "a", "b");
    assert_ok(basin_graph_order(g, order));
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 0);
    basin_graph_destroy(&g);
    basin_graph_destroy(&g);
}

static void graphs_that_cannot_be_evaluated_name_the_node(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"b", "a", "a cycle through node one"},
        {"nowhere", "a", "node one reads nowhere"},
        {"x", "b", "tensor b is made by node one and by node two"},
        {"x", "x", "node one makes tensor x, which is already the input"},
    };
    size_t order[3];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_graph *g = empty_graph();
        add(g, "one", cases[i].from, cases[i].to);
        add(g, "two", "a", "b");
        add(g, "three", "b", "y");
        assert_status(basin_graph_order(g, order), BASIN_ERR_FORMAT);
        assert_message(cases[i].message);
        basin_graph_destroy(&g);
    }
}

static void one_node_cannot_make_one_tensor_twice(void **state)
{
    basin_graph *g = empty_graph();
    size_t       order[1];

    (void)state;
    assert_ok(basin_graph_add(g, "one", "Relu", (const char *const[]){"x"}, 1,
                              (const char *const[]){"y", "y"}, 2, NULL));
    assert_status(basin_graph_order(g, order), BASIN_ERR_FORMAT);
    assert_message("node one makes tensor y twice");
    basin_graph_destroy(&g);
}

static void a_perceptron_is_gemms_and_activations(void **state)
{
    basin_graph *g = NULL;
    size_t       order[3];

    (void)state;
    assert_ok(basin_graph_mlp((size_t[]){64, 32, 10}, 3, "Tanh", &g));
    assert_int_equal(g->node_count, 3);
    assert_int_equal(g->params->size, 64 * 32 + 32 + 32 * 10 + 10);
    assert_string_equal(g->nodes[1].op, "Tanh");
    assert_int_equal(basin_node_spec_int(&g->nodes[0], "transB", 0), 1);
    assert_int_equal(basin_node_spec_int(&g->nodes[0], "transA", 7), 7);
    assert_ok(basin_graph_order(g, order));
    basin_graph_destroy(&g);
    assert_status(basin_graph_mlp((size_t[]){64}, 1, NULL, &g), BASIN_ERR_ARG);
    assert_status(basin_graph_mlp((size_t[]){64, 0, 10}, 3, NULL, &g), BASIN_ERR_ARG);
    assert_message("width 2");
    assert_null(g);
}

static basin_status copy_graph(void *payload)
{
    basin_graph *copy = NULL;
    basin_status st = basin_graph_copy(payload, &copy);

    if (st == BASIN_OK) assert_string_equal(copy->nodes[0].inputs[1], "fc1.weight");
    basin_graph_destroy(&copy);
    return st;
}

static void every_failed_allocation_of_a_graph_is_clean(void **state)
{
    basin_graph    *g = NULL;
    basin_attribute ints = {.count = 2, .ints = (int64_t[]){3, 4}}, text = {.s = "same"};

    (void)state;
    assert_ok(basin_graph_mlp((size_t[]){4, 3, 2}, 3, NULL, &g));
    assert_ok(basin_node_spec_set(&g->nodes[0], "pads", BASIN_ATTRIBUTE_INTS, &ints));
    assert_ok(basin_node_spec_set(&g->nodes[0], "mode", BASIN_ATTRIBUTE_STRING, &text));
    basin_test_every_allocation(copy_graph, g);
    basin_graph_destroy(&g);
}

/* ------------------------------------------------------------------------------------------- objective -- */

/* L = Σ x_i³/3 over two parameters: ∇²L = diag(2x). Only the required rows. */
static basin_status cubic_loss(void *ctx, const basin_samples *s, const double *x, basin_loss *out)
{
    (void)ctx, (void)s;
    *out = (basin_loss){.sum = (x[0] * x[0] * x[0] + x[1] * x[1] * x[1]) / 3.0 * 4.0,
                        .weight = 4.0,
                        .correct = 3,
                        .count = 4};
    return BASIN_OK;
}

static basin_status cubic_gradient(void *ctx, const basin_samples *s, const double *x, basin_loss *out,
                                   double *g)
{
    g[0] = x[0] * x[0], g[1] = x[1] * x[1];
    return cubic_loss(ctx, s, x, out);
}

static const basin_objective_type cubic = {.name = "cubic", .loss = cubic_loss, .gradient = cubic_gradient};

static void rows_left_out_of_an_objective_are_supplied(void **state)
{
    double           theta[] = {1.0, 2.0}, dirs[] = {1.0, 0.0, 1.0, 1.0};
    double           coef[] = {0.0, 0.0, 1.0, 0.0, 2.0, -1.0}, v[] = {1.0, 1.0, 0.0, 3.0}, hv[4];
    basin_loss       out[3];
    basin_objective *o = NULL;
    basin_curvature *c = NULL;
    uint64_t         crossings = 9;

    (void)state;
    assert_ok(basin_objective_create(&cubic, NULL, &(basin_objective_facts){.size = 2, .samples = 4}, &o));
    assert_close(basin_objective_epsilon(o), DBL_EPSILON, 0.0, 0.0);
    assert_ok(basin_objective_subspace(o, NULL, theta, dirs, 2, coef, 3, out));
    assert_close(basin_loss_value(&out[0]), 3.0, 1e-15, 0.0);
    assert_close(basin_loss_value(&out[1]), 16.0 / 3.0, 1e-15, 0.0); /* at (2, 2) */
    assert_close(basin_loss_value(&out[2]), 3.0, 1e-15, 0.0);        /* at (2, 1) */
    assert_close(basin_loss_accuracy(&out[0]), 0.75, 0.0, 0.0);
    assert_ok(basin_objective_crossings(o, NULL, theta, dirs, &crossings));
    assert_true(crossings == 0);
    assert_ok(basin_curvature_create(o, NULL, theta, BASIN_HESSIAN, &c));
    assert_true(basin_curvature_approximate(c));
    assert_ok(basin_curvature_product(c, v, 2, hv));
    assert_close(hv[0], 2.0, 1e-9, 0.0);
    assert_close(hv[1], 4.0, 1e-9, 0.0);
    assert_close(hv[2], 0.0, 0.0, 1e-9);
    assert_close(hv[3], 12.0, 1e-9, 0.0);
    assert_int_equal(basin_objective_cost(o).products, 2);
    assert_int_equal(basin_objective_cost(o).losses, 3);
    assert_int_equal(basin_objective_cost(o).freezes, 1);
    /* nobody counts them */
    assert_true(isnan(basin_objective_flops(o).loss) && isnan(basin_objective_flops(o).product));
    basin_curvature_destroy(&c), basin_curvature_destroy(&c);
    basin_objective_destroy(&o), basin_objective_destroy(&o);
}

static void half_an_objective_is_refused(void **state)
{
    basin_objective_type half = {.name = "half", .loss = cubic_loss};
    basin_objective     *o = NULL;

    (void)state;
    assert_status(basin_objective_create(&half, NULL, &(basin_objective_facts){.size = 2}, &o),
                  BASIN_ERR_ARG);
    assert_message("objective half lacks a loss or a gradient");
    assert_status(basin_objective_create(&cubic, NULL, &(basin_objective_facts){.size = 0}, &o),
                  BASIN_ERR_ARG);
    assert_null(o);
}

/* ---------------------------------------------------------------------------- schema, digest, progress -- */

static void a_described_struct_is_copied_compared_and_cleared(void **state)
{
    const basin_schema *schema = basin_result_schema(BASIN_RESULT_SPECTRUM);
    double              values[] = {2.0, 1.0};
    char                where[128];
    basin_spectrum      a = {.parameters = 2,
                             .count = 2,
                             .eigenvalues = values,
                             .method = BASIN_SPECTRUM_LANCZOS,
                             .trace = 3.0},
                   b = {0};
    size_t live = basin_fault_live();
    double difference;

    (void)state;
    assert_ok(basin_schema_copy(schema, &a, &b));
    assert_true(b.eigenvalues != values && b.eigenvalues[1] == 1.0);
    assert_int_equal(b.method, BASIN_SPECTRUM_LANCZOS);
    basin_schema_compare(schema, &a, &b, &difference, where);
    assert_true(difference == 0.0);
    b.eigenvalues[1] = 1.001;
    basin_schema_compare(schema, &a, &b, &difference, where);
    assert_close(difference, 0.0005, 1e-3, 0.0); /* against the largest of the array */
    assert_string_equal(where, "eigenvalues[1]");
    b.trace = NAN;
    basin_schema_compare(schema, &a, &b, &difference, where);
    assert_true(isinf(difference));
    assert_string_equal(where, "trace");
    basin_schema_clear(schema, &b);
    assert_int_equal(basin_fault_live(), live);
}

static void sha256_gives_the_known_answers(void **state)
{
    basin_digest *d = NULL;
    char          text[65];

    (void)state;
    assert_ok(basin_digest_create(&d));
    basin_digest_add(d, "abc", 3); /* FIPS 180-4, example 1 */
    basin_digest_finish(d, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    basin_digest_finish(d, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    basin_digest_destroy(&d), basin_digest_destroy(&d);
}

static bool stop_at_half(void *payload, const char *stage, double done, double total)
{
    assert_string_equal(stage, "work");
    ++*(int *)payload;
    return done < 0.5 * total;
}

static void progress_is_told_and_can_stop(void **state)
{
    int calls = 0;

    (void)state;
    basin_progress_set(&(basin_progress){.report = stop_at_half, .payload = &calls});
    assert_ok(basin_progress_report("work", 1.0, 10.0));
    assert_status(basin_progress_report("work", 5.0, 10.0), BASIN_ERR_INTERRUPTED);
    assert_message("interrupted during work");
    basin_progress_set(NULL);
    assert_ok(basin_progress_report("work", 9.0, 10.0));
    assert_int_equal(calls, 2);
}

static void a_message_is_one_plain_line(void **state)
{
    (void)state;
    assert_int_equal(basin_fail(BASIN_ERR_IO, "%s: no such file", "a\nb\033[31m\x7f ü"), BASIN_ERR_IO);
    assert_string_equal(basin_error_message(), "a\\nb\\x1b[31m\\x7f ü: no such file");
    basin_fail_within(BASIN_ERR_IO, "run\r1");
    assert_string_equal(basin_error_message(), "run\\r1: a\\nb\\x1b[31m\\x7f ü: no such file");
}

static void threads_have_a_most(void **state)
{
    (void)state;
    basin_threads_set(3);
    assert_int_equal(basin_threads(), 3);
    basin_threads_set(SIZE_MAX);
    assert_int_equal(basin_threads(), 1024);
    basin_threads_set(0);
    assert_true(basin_threads() >= 1);
}

/* As root, renaming over /dev/null would replace it for the whole machine. */
static void a_device_or_a_folder_is_not_written_over(void **state)
{
    char *name = NULL;

    (void)state;
    assert_int_equal(basin_file_begin("/dev/null", &name), BASIN_ERR_IO);
    assert_message("/dev/null: cannot be written: it is there and not a regular file");
    assert_int_equal(basin_file_begin("/tmp", &name), BASIN_ERR_IO);
    assert_message("/tmp: cannot be written: Is a directory");
    assert_null(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(a_stream_is_blocks_in_order),
        cmocka_unit_test(seeds_and_streams_are_independent),
        cmocka_unit_test(random_numbers_have_their_moments),
        cmocka_unit_test(draws_below_n_are_even_and_shuffles_are_permutations),
        cmocka_unit_test(norms_survive_under_and_overflow),
        cmocka_unit_test(cosines_survive_under_and_overflow),
        cmocka_unit_test(dots_agree_with_a_long_sum),
        cmocka_unit_test(gemm_agrees_with_two_products),
        cmocka_unit_test(eigenvectors_are_rows),
        cmocka_unit_test(rows_of_zeros_are_eigenvectors),
        cmocka_unit_test(tridiagonal_matrices_have_theirs),
        cmocka_unit_test(the_blas_of_this_machine_is_right),
        cmocka_unit_test(params_follow_each_other_without_holes),
        cmocka_unit_test(nodes_are_sorted_whatever_their_order),
        cmocka_unit_test(graphs_that_cannot_be_evaluated_name_the_node),
        cmocka_unit_test(one_node_cannot_make_one_tensor_twice),
        cmocka_unit_test(a_perceptron_is_gemms_and_activations),
        cmocka_unit_test(every_failed_allocation_of_a_graph_is_clean),
        cmocka_unit_test(rows_left_out_of_an_objective_are_supplied),
        cmocka_unit_test(half_an_objective_is_refused),
        cmocka_unit_test(a_described_struct_is_copied_compared_and_cleared),
        cmocka_unit_test(sha256_gives_the_known_answers),
        cmocka_unit_test(progress_is_told_and_can_stop),
        cmocka_unit_test(a_message_is_one_plain_line),
        cmocka_unit_test(threads_have_a_most),
        cmocka_unit_test(a_device_or_a_folder_is_not_written_over),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
