/* Attention against the same network of MatMul and Softmax, both at one theta; what the three ops refuse;
   masks. */
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "core/params.h"
#include "core/random.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

enum { HEADS = 2, QUERIES = 4, KEYS = 5, DEPTH = 3, WIDTH = 2 };

static const double mask_values[QUERIES * KEYS] = {
    0.3, -INFINITY, -1,        0.2, -INFINITY, -0.4, 0.1, -INFINITY, -INFINITY, -INFINITY,
    0,   0,         -INFINITY, 1,   -INFINITY, 0.5,  -1,  0.6,       0,         -INFINITY};
static const double causal_values[QUERIES * KEYS] = {
    0, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 0, 0, -INFINITY, -INFINITY, -INFINITY,
    0, 0,         0,         -INFINITY, -INFINITY, 0, 0, 0,         0,         -INFINITY};

/* Queries, keys and values of an input [heads, 9, depth]; theta is of the same arrangement in every graph
   that starts so. */
static basin_graph *start(void)
{
    basin_graph *g = case_start(SHAPE(HEADS, 9, DEPTH));

    case_param(g, "w0", SHAPE(DEPTH, DEPTH));
    case_param(g, "wq", SHAPE(QUERIES, 9));
    case_param(g, "wk", SHAPE(KEYS, 9));
    case_param(g, "wv", SHAPE(HEADS, DEPTH, WIDTH));
    case_node(g, "MatMul", "x w0", "s");
    case_node(g, "Tanh", "s", "h");
    case_node(g, "MatMul", "wq h", "q");
    case_node(g, "MatMul", "wk h", "k");
    case_node(g, "MatMul", "k wv", "v");
    return g;
}

static basin_graph *fused(const double *mask, bool causal)
{
    basin_graph     *g = start();
    basin_node_spec *node = case_node(g, "Attention", mask != NULL ? "q k v mask" : "q k v", "o");

    if (mask != NULL) case_buffer(g, "mask", SHAPE(QUERIES, KEYS), mask);
    case_real(node, "scale", 0.8);
    case_int(node, "is_causal", causal);
    return case_end(g, "o", HEADS * QUERIES * WIDTH);
}

/* The same from its parts; `apart`: with a Neg among them, so that they stay what they are. */
static basin_graph *composed(const double *mask, bool apart)
{
    basin_graph *g = start();
    const char  *scores = "scaled";

    case_buffer(g, "factor", SHAPE(1), (const double[]){apart ? -0.8 : 0.8});
    case_ints(case_node(g, "Transpose", "k", "kt"), "perm", INTS(0, 1, 3, 2));
    case_node(g, "MatMul", "q kt", "scores");
    if (apart) case_node(g, "Neg", "scores", "negative");
    case_node(g, "Mul", apart ? "negative factor" : "scores factor", "scaled");
    if (mask != NULL) {
        case_buffer(g, "mask", SHAPE(QUERIES, KEYS), mask);
        case_node(g, "Add", "scaled mask", "masked");
        scores = "masked";
    }
    case_node(g, "Softmax", scores, "p");
    case_node(g, "MatMul", "p v", "o");
    return case_end(g, "o", HEADS * QUERIES * WIDTH);
}

/* Loss, gradient and the product with three vectors at once. */
typedef struct answers {
    double loss, *gradient, *products;
} answers;

enum { VECTORS = 3 };

static answers ask(basin_graph *graph, const double *vectors)
{
    problem          p = {.graph = graph, .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    basin_loss       l;
    answers          out;

    problem_data(&p, 21, 3, 0, 4);
    problem_theta(&p, 0.9, 5);
    assert_non_null(out.gradient = basin_alloc(p.size, sizeof(double)));
    assert_non_null(out.products = basin_alloc(VECTORS * p.size, sizeof(double)));
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &l, out.gradient));
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, vectors, VECTORS, out.products));
    out.loss = basin_loss_value(&l);
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    problem_release(&p);
    return out;
}

static void assert_same_network(basin_graph *a, basin_graph *b, bool bits)
{
    const size_t size = a->params->size;
    basin_random r = basin_random_start(6, BASIN_STREAM_TEST);
    double      *vectors = basin_alloc(VECTORS * size, sizeof *vectors);

    assert_int_equal(b->params->size, size);
    basin_random_normals(&r, vectors, VECTORS * size);
    answers x = ask(a, vectors), y = ask(b, vectors);
    if (bits) {
        assert_memory_equal(x.gradient, y.gradient, size * sizeof *x.gradient);
        assert_memory_equal(x.products, y.products, VECTORS * size * sizeof *x.products);
    }
    assert_close(x.loss, y.loss, 1e-13, 0.0);
    for (size_t i = 0; i < size; i++)
        assert_close(x.gradient[i], y.gradient[i], 1e-12, 1e-13 * basin_norm(y.gradient, size));
    for (size_t i = 0; i < VECTORS * size; i++)
        assert_close(x.products[i], y.products[i], 1e-12, 1e-13 * basin_norm(y.products, VECTORS * size));
    basin_free(x.gradient);
    basin_free(x.products);
    basin_free(y.gradient);
    basin_free(y.products);
    basin_free(vectors);
}

static void attention_is_its_products_and_softmax(void **state)
{
    (void)state;
    assert_same_network(fused(NULL, false), composed(NULL, true), false);
}

static void a_mask_of_infinities_too(void **state)
{
    (void)state;
    assert_same_network(fused(mask_values, false), composed(mask_values, true), false);
}

static void causal_is_the_lower_triangle(void **state)
{
    (void)state;
    assert_same_network(fused(NULL, true), composed(causal_values, true), false);
    assert_same_network(fused(NULL, true), fused(causal_values, false), false);
}

/* Bits tell that the same op was at work. */
static void attention_that_is_written_out_is_the_op(void **state)
{
    (void)state;
    assert_same_network(fused(NULL, false), composed(NULL, false), true);
    assert_same_network(fused(mask_values, false), composed(mask_values, false), true);
}

/* Almost an attention. */
static basin_graph *nearly(const char *kind, bool apart)
{
    const bool   head = strcmp(kind, "keys of one head") == 0, theta = strcmp(kind, "scaled by theta") == 0;
    const bool   row = strcmp(kind, "one row of mask") == 0;
    const bool   scores = strcmp(kind, "scores read twice") == 0;
    const bool   weights = strcmp(kind, "weights read twice") == 0;
    basin_graph *g = start();

    if (theta)
        case_param(g, "factor", SHAPE(1));
    else
        case_buffer(g, "factor", SHAPE(1), (const double[]){0.8});
    case_buffer(g, "row", SHAPE(KEYS), (const double[]){0.1, -1, 0.3, 2, 0});
    if (head) {
        basin_node_spec *slice = case_node(g, "Slice", "k", "first");
        case_ints(slice, "axes", INTS(1));
        case_ints(slice, "starts", INTS(0));
        case_ints(slice, "ends", INTS(1));
    }
    case_ints(case_node(g, "Transpose", head ? "first" : "k", "kt"), "perm", INTS(0, 1, 3, 2));
    case_node(g, "MatMul", "q kt", "product");
    case_node(g, apart ? "Neg" : "Identity", "product", "one");
    case_node(g, apart ? "Neg" : "Identity", "one", "two");
    case_node(g, "Mul", "two factor", "scaled");
    if (row) case_node(g, "Add", "scaled row", "masked");
    case_int(case_node(g, "Softmax", row ? "masked" : "scaled", "p"), "axis",
             strcmp(kind, "softmax of queries") == 0 ? 2 : -1);
    case_node(g, "MatMul", "p v", "o");
    if (scores || weights) case_node(g, "MatMul", scores ? "scaled v" : "p v", "again");
    if (scores || weights) case_node(g, "Add", "o again", "both");
    return case_end(g, scores || weights ? "both" : "o", HEADS * QUERIES * WIDTH);
}

static void what_only_looks_like_attention_is_left_alone(void **state)
{
    static const char *const kinds[] = {"keys of one head",  "scaled by theta",    "one row of mask",
                                        "scores read twice", "weights read twice", "softmax of queries"};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_same_network(nearly(kinds[i], false), nearly(kinds[i], true), false);
}

/* ------------------------------------------------------------------------------------------- softmaxes -- */

/* The outputs [n, width] for inputs [n, shape] of a graph without parameters before `output`. */
static double *outputs_of(basin_graph *graph, const double *inputs, size_t n, size_t width)
{
    problem          p = {.graph = graph, .loss = {.kind = BASIN_LOSS_MSE}};
    basin_objective *o = NULL;
    double          *y = NULL;
    size_t           found = 0, in = 0;

    problem_data(&p, n, width, 0, 1);
    problem_theta(&p, 1.0, 1);
    assert_true(basin_shape_size(graph->input_shape, graph->input_rank, &in));
    memcpy(p.data.inputs, inputs, n * in * sizeof *inputs);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_network_output(o, p.theta, &found, &y));
    assert_int_equal(found, width);
    basin_objective_destroy(&o);
    problem_release(&p);
    return y;
}

static basin_graph *masked(const char *op, const double mask[3])
{
    basin_graph *g = case_start(SHAPE(3));

    case_param(g, "shift", SHAPE(1));
    case_buffer(g, "mask", SHAPE(3), mask);
    case_node(g, "Add", "x mask", "m");
    case_node(g, "Add", "m shift", "s");
    case_node(g, op, "s", "y");
    g->output = basin_strdup("y");
    return g;
}

/* softmax(ln 1, ln 3) = (1/4, 3/4), wherever the two lie; what is masked is 0, not nearly. Large inputs do
   not overflow. */
static void what_is_masked_is_exactly_zero(void **state)
{
    const double inputs[6] = {0, 800, log(3.0), 1000, -1000, 1000 + log(3.0)}, expected[2] = {0.25, 0.75};

    (void)state;
    double *p = outputs_of(masked("Softmax", (const double[]){0, -INFINITY, 0}), inputs, 2, 3);
    double *l = outputs_of(masked("LogSoftmax", (const double[]){0, -INFINITY, 0}), inputs, 2, 3);
    for (size_t i = 0; i < 2; i++) {
        assert_true(p[3 * i + 1] == 0.0 && l[3 * i + 1] == -INFINITY);
        for (size_t j = 0; j < 2; j++) {
            assert_close(p[3 * i + 2 * j], expected[j], 1e-13, 0.0);
            assert_close(l[3 * i + 2 * j], log(expected[j]), 1e-13, 0.0);
        }
    }
    basin_free(p);
    basin_free(l);
}

static void where_all_is_masked_there_is_no_number(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        double *p = outputs_of(
            masked(i ? "LogSoftmax" : "Softmax", (const double[]){-INFINITY, -INFINITY, -INFINITY}),
            (const double[]){1, 2, 3}, 1, 3);
        for (size_t j = 0; j < 3; j++) assert_true(isnan(p[j]));
        basin_free(p);
    }
}

/* -------------------------------------------------------------------------------------------- refusals -- */

/* Tensors to choose from: x [2, 4, 4] a sample; c [2, 4] a sample; the parameters last; node named y. */
static void assert_refused(const char *op, const char *inputs, const char *attribute, double value,
                           basin_status code, const char *message)
{
    problem          p = {.graph = case_start(SHAPE(2, 4, 4)), .loss = {.kind = BASIN_LOSS_MSE}};
    basin_objective *o = NULL;

    case_param(p.graph, "column", SHAPE(4));
    case_param(p.graph, "w", SHAPE(4, 4));
    case_buffer(p.graph, "scalar", NULL, 0, (const double[]){1});
    case_buffer(p.graph, "three", SHAPE(3, 4, 4), NULL);
    case_buffer(p.graph, "long", SHAPE(3, 2, 4, 4), NULL);
    case_buffer(p.graph, "wide", SHAPE(5, 3), NULL);
    case_node(p.graph, "MatMul", "x column", "c");
    case_node(p.graph, "MatMul", "x w", "s");
    basin_node_spec *node = case_node(p.graph, op, inputs, "y");
    if (attribute != NULL && isfinite(value))
        case_int(node, attribute, (int64_t)value);
    else if (attribute != NULL)
        case_real(node, attribute, value);
    p.graph->output = basin_strdup("y");
    problem_data(&p, 2, 1, 0, 1);
    problem_theta(&p, 1.0, 1);
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), code);
    assert_message(message);
    assert_null(o);
    problem_release(&p);
}

/* T queries and T keys of one number each are small beside their scores. */
static void scores_beyond_any_memory_are_refused(void **state)
{
    basin_graph  *g = case_start(SHAPE(1, 1));
    basin_params *params = NULL;

    (void)state;
    case_param(g, "p", SHAPE(1));
    case_ints(case_node(g, "Pad", "x", "long"), "pads", INTS(0, 0, 0, 0, ((int64_t)1 << 29) - 1, 0));
    case_node(g, "Mul", "long p", "s");
    case_node(g, "Attention", "s s s", "y");
    g->output = basin_strdup("y");
    assert_status(basin_network_params(g, &params), BASIN_ERR_SHAPE);
    assert_message(
        "node y (Attention): its work takes 288230376151711744 numbers a sample and 137438953472 of scratch");
    basin_graph_destroy(&g);
}

static void products_that_mix_samples_are_refused(void **state)
{
    (void)state;
    assert_refused("MatMul", "c s", NULL, 0, BASIN_ERR_UNSUPPORTED,
                   "node y (MatMul): c [2, 4] a sample times s [2, 4, 4] a sample would mix samples");
    assert_refused("MatMul", "s c", NULL, 0, BASIN_ERR_UNSUPPORTED, "would mix samples");
    assert_refused("MatMul", "s long", NULL, 0, BASIN_ERR_UNSUPPORTED,
                   "s [2, 4, 4] a sample times long [3, 2, 4, 4] would mix samples");
    assert_refused("MatMul", "long s", NULL, 0, BASIN_ERR_UNSUPPORTED, "would mix samples");
}

static void shapes_that_do_not_fit_are_named(void **state)
{
    (void)state;
    assert_refused("MatMul", "s wide", NULL, 0, BASIN_ERR_SHAPE,
                   "node y (MatMul): s [2, 4, 4] does not multiply wide [5, 3]");
    assert_refused("MatMul", "s three", NULL, 0, BASIN_ERR_SHAPE,
                   "s [2, 4, 4] does not multiply three [3, 4, 4]");
    assert_refused("MatMul", "s scalar", NULL, 0, BASIN_ERR_SHAPE,
                   "input scalar has no dimension to multiply along");
    assert_refused("Attention", "s wide wide", NULL, 0, BASIN_ERR_SHAPE,
                   "queries s [2, 4, 4], keys wide [5, 3], values wide [5, 3]: expected [..., T, D]");
    assert_refused("Attention", "s c s", NULL, 0, BASIN_ERR_SHAPE, "keys c [2, 4]");
    assert_refused("Attention", "column column column", NULL, 0, BASIN_ERR_SHAPE, "queries column [4]");
    assert_refused("Attention", "s three s", NULL, 0, BASIN_ERR_UNSUPPORTED,
                   "2 heads of queries, 3 of keys, 2 of values; repeat keys and values in the graph");
    assert_refused("Attention", "s s s wide", NULL, 0, BASIN_ERR_SHAPE,
                   "wide: expected [4, 4] or [2, 4, 4], has [5, 3]");
    assert_refused("Attention", "s s s three", NULL, 0, BASIN_ERR_SHAPE,
                   "three: expected [4, 4] or [2, 4, 4], has [3, 4, 4]");
    assert_refused("Attention", "s s s scalar", NULL, 0, BASIN_ERR_SHAPE,
                   "scalar: expected [4, 4] or [2, 4, 4]");
    assert_refused("Attention", "s s s x", NULL, 0, BASIN_ERR_UNSUPPORTED,
                   "the mask x depends on the sample");
}

static void attributes_are_checked(void **state)
{
    (void)state;
    assert_refused("Attention", "s s s", "scale", INFINITY, BASIN_ERR_FORMAT, "scale = inf");
    assert_refused("Softmax", "s", "axis", 0, BASIN_ERR_UNSUPPORTED, "axis 0 is the batch");
    assert_refused("Softmax", "s", "axis", 4, BASIN_ERR_SHAPE, "axis 4 of s, which has 4 dimensions");
    assert_refused("LogSoftmax", "s", "axis", -4, BASIN_ERR_UNSUPPORTED, "axis -4 is the batch");
    assert_refused("LogSoftmax", "s", "axis", -5, BASIN_ERR_SHAPE, "axis -5 of s");
}

static void weights_of_products_are_told_by_their_outputs(void **state)
{
    basin_graph  *g = fused(NULL, false);
    basin_params *params = NULL;

    (void)state;
    assert_ok(basin_network_params(g, &params));
    const basin_block *left = basin_params_find(params, "wq"), *right = basin_params_find(params, "wv");
    assert_true(left->role == BASIN_ROLE_WEIGHT && left->output_axis == 0 && left->fan_in == 9);
    assert_true(right->role == BASIN_ROLE_WEIGHT && right->output_axis == 2 && right->fan_in == DEPTH);
    basin_params_destroy(&params);
    basin_graph_destroy(&g);
}

static basin_status network_and_product(void *payload)
{
    problem         *p = payload;
    basin_status     st = BASIN_OK;
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;
    double          *hv = NULL;

    BASIN_ALLOC(hv, p->size, "product");
    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(basin_curvature_create(o, NULL, p->theta, BASIN_HESSIAN, &curvature));
    BASIN_TRY(basin_curvature_product(curvature, p->theta, 1, hv));
done:
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
    basin_free(hv);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = {.graph = fused(mask_values, false), .loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    (void)state;
    problem_data(&p, 3, 3, 0, 1);
    problem_theta(&p, 1.0, 1);
    basin_test_every_allocation(network_and_product, &p);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_is_its_products_and_softmax),
        cmocka_unit_test(a_mask_of_infinities_too),
        cmocka_unit_test(causal_is_the_lower_triangle),
        cmocka_unit_test(attention_that_is_written_out_is_the_op),
        cmocka_unit_test(what_only_looks_like_attention_is_left_alone),
        cmocka_unit_test(what_is_masked_is_exactly_zero),
        cmocka_unit_test(where_all_is_masked_there_is_no_number),
        cmocka_unit_test(scores_beyond_any_memory_are_refused),
        cmocka_unit_test(products_that_mix_samples_are_refused),
        cmocka_unit_test(shapes_that_do_not_fit_are_named),
        cmocka_unit_test(attributes_are_checked),
        cmocka_unit_test(weights_of_products_are_told_by_their_outputs),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    if (basin_initialise() != BASIN_OK) return 1;
    return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
