/* BatchNormalization folded into convolutions: which are, that the network stays the same, and what it costs
   no longer. */
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "engine/fold.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

static const double mean[4] = {0.3, -0.2, 0.1, 1.0}, variance[4] = {0.5, 1.0, 2.0, 0.1};

/* x [2, 5, 4] through a convolution with what the letters say of {c: its bias, s: scale, t: shift, f: a
   frozen scale} and a BatchNormalization; with r its output is read a second time. */
static basin_graph *network(const char *letters)
{
    basin_graph *g = case_start(SHAPE(2, 5, 4));
    const bool   c = strchr(letters, 'c'), s = strchr(letters, 's'), t = strchr(letters, 't');
    const bool   f = strchr(letters, 'f'), r = strchr(letters, 'r');
    char         inputs[64];

    case_param(g, "w", SHAPE(4, 2, 3, 3));
    if (c) case_param(g, "c", SHAPE(4));
    if (s) case_param(g, "s", SHAPE(4));
    if (f) case_buffer(g, "s", SHAPE(4), (const double[]){1.0, 2.0, -0.5, 0.3});
    if (t) case_param(g, "t", SHAPE(4));
    case_buffer(g, "m", SHAPE(4), mean);
    case_buffer(g, "v", SHAPE(4), variance);
    case_node(g, "Conv", c ? "x w c" : "x w", "z");
    snprintf(inputs, sizeof inputs, "z %s %s m v", s || f ? "s" : "-", t ? "t" : "-");
    case_real(case_node(g, "BatchNormalization", inputs, "n"), "epsilon", 0.01);
    case_node(g, "Tanh", "n", "h");
    if (!r) return case_end(g, "h", 24);
    case_node(g, "Add", "h z", "sum");
    return case_end(g, "sum", 24);
}

static size_t count_ops(const basin_graph *g, const char *op)
{
    size_t count = 0;
    for (size_t i = 0; i < g->node_count; i++) count += strcmp(g->nodes[i].op, op) == 0;
    return count;
}

static void only_what_the_normalisation_alone_reads_is_folded(void **state)
{
    const struct {
        const char *letters;
        size_t      left;
    } cases[] = {{"cst", 0}, {"", 0}, {"ft", 0}, {"s", 0}, {"cstr", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_graph *g = network(cases[i].letters), *folded = NULL;
        assert_ok(basin_graph_fold(g, &folded));
        assert_int_equal(count_ops(folded, "BatchNormalization"), cases[i].left);
        assert_int_equal(count_ops(g, "BatchNormalization"), 1);
        assert_int_equal(folded->params->size, g->params->size);
        basin_graph_destroy(&folded);
        basin_graph_destroy(&g);
    }
}

/* What cannot be right is left to the op, which refuses it by its name. */
static void malformed_statistics_are_refused_by_the_node_that_has_them(void **state)
{
    problem          p = {.loss = {.kind = BASIN_LOSS_MSE}, .graph = network("cst")};
    basin_objective *o = NULL;

    (void)state;
    problem_data(&p, 3, 3, 0, 1);
    p.graph->buffers[1].values[2] = -1.0;
    assert_status(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o), BASIN_ERR_VALUE);
    assert_message("node n (BatchNormalization)");
    problem_release(&p);
}

typedef struct numbers {
    basin_loss loss;
    double     g[256], hv[256];
} numbers;

static void compute(const problem *p, numbers *out)
{
    basin_objective *o = NULL;
    basin_curvature *curvature = NULL;

    assert_true(p->size <= 256);
    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p->theta, &out->loss, out->g));
    assert_ok(basin_curvature_create(o, NULL, p->theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, p->theta, 1, out->hv));
    basin_curvature_destroy(&curvature);
    basin_objective_destroy(&o);
}

/* With an Identity in between nothing is folded. */
static void folded_or_not_the_network_is_the_same(void **state)
{
    const char *const letters[] = {"cst", "st", "s", "t", "c", "", "ft", "cf"};

    (void)state;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        problem p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}, .graph = network(letters[i])};
        numbers folded, apart;
        problem_data(&p, 19, 3, 0, 1);
        problem_theta(&p, 0.7, 2);
        compute(&p, &folded);
        basin_free(p.graph->nodes[1].inputs[0]);
        p.graph->nodes[1].inputs[0] = basin_strdup("between");
        case_node(p.graph, "Identity", "z", "between");
        compute(&p, &apart);
        assert_close(basin_loss_value(&folded.loss), basin_loss_value(&apart.loss), 1e-14, 0.0);
        for (size_t l = 0; l < p.size; l++) {
            assert_close(folded.g[l], apart.g[l], 1e-12, 1e-13 * basin_norm(apart.g, p.size));
            assert_close(folded.hv[l], apart.hv[l], 1e-12, 1e-13 * basin_norm(apart.hv, p.size));
        }
        problem_release(&p);
    }
}

/* Filter normalisation asks for them. */
static void roles_are_those_of_the_graph_as_it_is(void **state)
{
    problem          p = {.loss = {.kind = BASIN_LOSS_MSE}, .graph = network("cst")};
    basin_objective *o = NULL;

    (void)state;
    problem_data(&p, 3, 3, 0, 1);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    const basin_params *params = basin_objective_params(o);
    assert_int_equal(params->blocks[0].role, BASIN_ROLE_WEIGHT);
    assert_int_equal(params->blocks[0].output_axis, 0);
    assert_int_equal(params->blocks[0].fan_in, 18);
    assert_int_equal(params->blocks[1].role, BASIN_ROLE_BIAS);
    assert_int_equal(params->blocks[2].role, BASIN_ROLE_NORM_SCALE);
    assert_int_equal(params->blocks[3].role, BASIN_ROLE_NORM_SHIFT);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static basin_status fold_it(void *payload)
{
    basin_graph *folded = NULL;
    basin_status st = basin_graph_fold(payload, &folded);

    basin_graph_destroy(&folded);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_graph *with = network("cst"), *without = network("");

    (void)state;
    basin_test_every_allocation(fold_it, with);
    basin_test_every_allocation(fold_it, without);
    basin_graph_destroy(&with);
    basin_graph_destroy(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_normalisation_alone_reads_is_folded),
        cmocka_unit_test(malformed_statistics_are_refused_by_the_node_that_has_them),
        cmocka_unit_test(folded_or_not_the_network_is_the_same),
        cmocka_unit_test(roles_are_those_of_the_graph_as_it_is),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("fold", tests, NULL, NULL) : 1;
}
