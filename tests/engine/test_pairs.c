/* Which matrices of a network enter only as a product, and which parameters a normalisation frees of their
 * scale: read off the graph, and true of the function. */
#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/linalg.h"
#include "pairs.h"
#include "problem.h"
#include "support.h"

typedef struct subject {
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_objective  *o;
} subject;

static subject load(const char *file, basin_bn bn)
{
    subject s = {0};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    assert_ok(
        basin_network_objective(s.ck->graph, &s.ck->loss, s.data, &(basin_network_options){.bn = bn}, &s.o));
    return s;
}

static void unload(subject *s)
{
    basin_objective_destroy(&s->o);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

/* The largest difference of outputs at a and b, of the largest output at a. */
static double outputs_differ(basin_objective *o, const double *a, const double *b)
{
    double *y[2] = {NULL, NULL}, most = 0.0, scale = 0.0;
    size_t  width;

    assert_ok(basin_network_output(o, a, &width, &y[0]));
    assert_ok(basin_network_output(o, b, &width, &y[1]));
    for (size_t i = 0; i < basin_objective_samples(o) * width; i++) {
        most = fmax(most, fabs(y[1][i] - y[0][i]));
        scale = fmax(scale, fabs(y[0][i]));
    }
    basin_free(y[0]), basin_free(y[1]);
    return most / scale;
}

static double *copied(const double *x, size_t n)
{
    double *copy = basin_alloc(n, sizeof *copy);

    memcpy(copy, x, n * sizeof *copy);
    return copy;
}

/* ----------------------------------------------------------------------------------------------- pairs -- */

static void attention_has_two_pairs_a_head(void **state)
{
    static const struct {
        const char *file, *first;
        size_t      heads, width, in;
    } cases[] = {{"oracle_vit.h5", "head 1: queries and keys", 2, 6, 12},
                 {"oracle_gpt.h5", "head 1: queries and keys", 3, 4, 12}};

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        subject             s = load(cases[c].file, BASIN_BN_STORED);
        const basin_params *p = basin_objective_params(s.o);
        assert_int_equal(p->pair_count, 2 * cases[c].heads);
        assert_int_equal(p->unpaired, 0);
        assert_non_null(strstr(p->pairs[0].name, cases[c].first));
        size_t count = 0;
        for (size_t i = 0; i < p->pair_count; i++) {
            assert_int_equal(p->pairs[i].width, cases[c].width);
            assert_int_equal(p->pairs[i].rows[0], cases[c].in + 1);
            const bool scores = strstr(p->pairs[i].name, "queries and keys") != NULL;
            assert_int_equal(p->pairs[i].rows[1], cases[c].in + (scores ? 1 : 0));
            count += scores;
        }
        assert_int_equal(count, cases[c].heads);
        unload(&s);
    }
}

static void a_change_of_basis_leaves_the_network_alone(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        subject             s = load(c == 0 ? "oracle_vit.h5" : "oracle_gpt.h5", BASIN_BN_STORED);
        const basin_params *p = basin_objective_params(s.o);
        assert_true(p->pair_count > 0);
        for (uint64_t seed = 0; seed < 3; seed++) {
            double *moved = copied(s.ck->theta, p->size);
            pairs_transform(p, pow(100.0, (double)seed - 1.0), seed, moved);
            assert_true(outputs_differ(s.o, s.ck->theta, moved) < 1e-10);
            basin_free(moved);
        }
        /* that of one side alone does not */
        for (size_t i = 0; i < p->pair_count; i++) {
            double *moved = copied(s.ck->theta, p->size);
            pairs_break(p, i, 7, moved);
            assert_true(outputs_differ(s.o, s.ck->theta, moved) > 1e-3);
            basin_free(moved);
        }
        unload(&s);
    }
}

/* Labels are exact in single precision too. */
static void single_precision_has_the_same(void **state)
{
    subject             s = load("oracle_gpt.h5", BASIN_BN_STORED);
    const basin_params *p = basin_objective_params(s.o), *q;
    basin_objective    *single = NULL;

    (void)state;
    assert_ok(basin_network_objective(s.ck->graph, &s.ck->loss, s.data,
                                      &(basin_network_options){.precision = BASIN_SINGLE}, &single));
    q = basin_objective_params(single);
    assert_int_equal(q->pair_count, p->pair_count);
    for (size_t i = 0; i < p->pair_count; i++)
        for (size_t l = 0; l < 2; l++)
            assert_memory_equal(q->pairs[i].place[l], p->pairs[i].place[l],
                                p->pairs[i].rows[l] * p->pairs[i].width * sizeof(size_t));
    basin_objective_destroy(&single);
    unload(&s);
}

static void networks_without_attention_have_none(void **state)
{
    subject             s = load("oracle_resnet.h5", BASIN_BN_STORED);
    const basin_params *p = basin_objective_params(s.o);

    (void)state;
    assert_int_equal(p->pair_count, 0);
    assert_int_equal(p->unpaired, 0);
    unload(&s);
}

/* One head over x [4, 3]: queries and keys and values by dense layers of width 3, an output projection.
   `twist` puts something else in. */
typedef enum twist {
    PLAIN,
    QUERIES_BENT,
    KEYS_READ_TWICE,
    OUTPUT_BENT,
    WEIGHT_SHARED,
    WINDOWS,
    TWISTS
} twist;

static void dense(basin_graph *g, const char *x, const char *w, const char *y)
{
    basin_node_spec *node = NULL;

    assert_ok(basin_graph_add(g, y, "Gemm", (const char *[]){x, w}, 2, &y, 1, &node));
    assert_ok(basin_node_spec_set(node, "transB", BASIN_ATTRIBUTE_INT, &(basin_attribute){.i = 1}));
}

static void unary(basin_graph *g, const char *op, const char *x, const char *y)
{
    assert_ok(basin_graph_add(g, y, op, &x, 1, &y, 1, NULL));
}

static void reshape(basin_graph *g, const char *x, const char *y, int64_t *shape, size_t count)
{
    basin_node_spec *node = NULL;

    assert_ok(basin_graph_add(g, y, "Reshape", &x, 1, &y, 1, &node));
    assert_ok(basin_node_spec_set(node, "shape", BASIN_ATTRIBUTE_INTS,
                                  &(basin_attribute){.ints = shape, .count = count}));
}

static const char one_head[] =
    "{\"input\": {\"name\": \"x\", \"shape\": [4, 3]}, \"output\": \"y\", \"parameters\": ["
    "{\"name\": \"wq\", \"shape\": [3, 3]}, {\"name\": \"wk\", \"shape\": [3, 3]},"
    "{\"name\": \"wv\", \"shape\": [3, 3]}, {\"name\": \"wo\", \"shape\": [3, 3]},"
    "{\"name\": \"head\", \"shape\": [3, 3]}], \"nodes\": []}";

static basin_objective *twisted(twist kind, problem *p)
{
    basin_objective *o = NULL;
    basin_graph     *g = NULL;

    assert_ok(basin_graph_parse("one_head", one_head, &g));
    dense(g, "x", "wq", "q");
    dense(g, "x", kind == WEIGHT_SHARED ? "wq" : "wk", "k");
    dense(g, "x", "wv", "v");
    unary(g, kind == QUERIES_BENT ? "Tanh" : "Identity", "q", "q2");
    if (kind == WINDOWS) { /* of two positions each, which stand where heads do */
        const char *const from[] = {"q2", "k", "v"}, *const to[] = {"qw", "kw", "vw"};
        for (size_t i = 0; i < 3; i++) reshape(g, from[i], to[i], (int64_t[]){0, 2, 2, 3}, 4);
    }
    const char *plain[] = {"q2", "k", "v"}, *windows[] = {"qw", "kw", "vw"}, *sum[] = {"o", "k"};
    const char *a = kind == WINDOWS ? "aw" : "a", *both = "both";
    assert_ok(basin_graph_add(g, a, "Attention", kind == WINDOWS ? windows : plain, 3, &a, 1, NULL));
    if (kind == WINDOWS) reshape(g, "aw", "a", (int64_t[]){0, 4, 3}, 3);
    unary(g, kind == OUTPUT_BENT ? "Tanh" : "Identity", "a", "a2");
    dense(g, "a2", "wo", "o");
    if (kind == KEYS_READ_TWICE) assert_ok(basin_graph_add(g, "both", "Add", sum, 2, &both, 1, NULL));
    dense(g, kind == KEYS_READ_TWICE ? "both" : "o", kind == WEIGHT_SHARED ? "wk" : "head", "z");
    if (kind == WEIGHT_SHARED) {
        dense(g, "z", "head", "z2");
        unary(g, "Tanh", "z2", "y");
    } else {
        unary(g, "Tanh", "z", "y");
    }
    *p = (problem){.graph = g, .loss = {.kind = BASIN_LOSS_MSE}};
    problem_data(p, 8, 12, 0, 3);
    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    return o;
}

static void what_is_read_otherwise_is_no_pair(void **state)
{
    static const size_t pairs[TWISTS] = {2, 1, 1, 1, 1, 2};

    (void)state;
    for (twist kind = PLAIN; kind < TWISTS; kind++) {
        problem             p;
        basin_objective    *o = twisted(kind, &p);
        const basin_params *params = basin_objective_params(o);
        assert_int_equal(params->pair_count, pairs[kind]);
        assert_int_equal(params->unpaired, 2 - pairs[kind]);
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* ---------------------------------------------------------------------------------------------- scales -- */

static void scale_group(const basin_params *p, size_t group, double f, double *theta)
{
    const size_t blocks[] = {p->scale_groups[group].weight, p->scale_groups[group].bias};

    for (size_t i = 0; i < 2; i++) {
        if (blocks[i] == SIZE_MAX) continue;
        const basin_block *block = &p->blocks[blocks[i]];
        for (size_t l = 0; l < block->size; l++) theta[block->offset + l] *= f;
    }
}

/* Statistics that follow, so that the whole is the same up to BatchNorm's ε. */
static void weights_before_batch_norm_have_no_scale(void **state)
{
    subject s = load("oracle_resnet.h5", BASIN_BN_REESTIMATE),
            stored = load("oracle_resnet.h5", BASIN_BN_STORED);
    const basin_params *p = basin_objective_params(s.o);

    (void)state;
    assert_int_equal(p->scale_group_count, 6);
    for (size_t i = 0; i < p->scale_group_count; i++) {
        double *moved = copied(s.ck->theta, p->size);
        assert_int_equal(p->scale_groups[i].normaliser, BASIN_NORMALISER_BATCH);
        scale_group(p, i, 3.0, moved);
        assert_true(outputs_differ(s.o, s.ck->theta, moved) < 1e-3);
        assert_true(outputs_differ(stored.o, s.ck->theta, moved) > 1e-2);
        basin_free(moved);
    }
    unload(&s);
    unload(&stored);
}

static void residual_streams_have_a_scale(void **state)
{
    subject s = load("oracle_vit.h5", BASIN_BN_STORED);

    (void)state;
    assert_int_equal(basin_objective_params(s.o)->scale_group_count, 0);
    unload(&s);
}

static basin_status create(void *payload)
{
    subject         *s = payload;
    basin_objective *o = NULL;
    basin_status     st = basin_network_objective(s->ck->graph, &s->ck->loss, s->data, NULL, &o);

    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    subject s = load("oracle_gpt.h5", BASIN_BN_STORED);

    (void)state;
    basin_test_every_allocation(create, &s);
    unload(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_has_two_pairs_a_head),
        cmocka_unit_test(a_change_of_basis_leaves_the_network_alone),
        cmocka_unit_test(single_precision_has_the_same),
        cmocka_unit_test(networks_without_attention_have_none),
        cmocka_unit_test(what_is_read_otherwise_is_no_pair),
        cmocka_unit_test(weights_before_batch_norm_have_no_scale),
        cmocka_unit_test(residual_streams_have_a_scale),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("pairs", tests, NULL, NULL) : 1;
}
