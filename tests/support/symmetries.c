#include "symmetries.h"

#include <math.h>
#include <string.h>

#include "core/graph.h"
#include "core/random.h"

typedef struct changed { /* weights and statistics of its own */
    basin_graph *graph;
    double      *theta;
} changed;

static changed begin(const network *net)
{
    const size_t bytes = net->graph->params->size * sizeof(double);
    changed      c = {.theta = basin_alloc(1, bytes)};

    memcpy(c.theta, net->theta, bytes);
    assert_ok(basin_graph_copy(net->graph, &c.graph));
    return c;
}

/* Frees the changed. */
static double difference(const network *net, changed *c)
{
    basin_objective *before = NULL, *after = NULL;
    double           far, size;

    assert_ok(basin_network_objective(net->graph, net->loss, net->data, NULL, &before));
    assert_ok(basin_network_objective(c->graph, net->loss, net->data, NULL, &after));
    assert_ok(basin_network_difference(before, net->theta, after, c->theta, &far, &size));
    basin_objective_destroy(&before);
    basin_objective_destroy(&after);
    basin_graph_destroy(&c->graph);
    basin_free(c->theta);
    return far / (size > 0.0 ? size : 1.0);
}

double network_permuted(const network *net, const basin_unit_group *group)
{
    changed      c = begin(net);
    basin_random r = basin_random_start(3, BASIN_STREAM_TEST);
    size_t      *order = basin_alloc(group->units, sizeof *order);

    for (size_t i = 0; i < group->units; i++) order[i] = i;
    while (order[0] == 0) basin_random_shuffle(&r, order, group->units);
    assert_ok(basin_symmetry_permute(group, order, c.graph, c.theta));
    basin_free(order);
    return difference(net, &c);
}

double network_scaled(const network *net, const basin_unit_group *group, double spread)
{
    changed      c = begin(net);
    basin_random r = basin_random_start(5, BASIN_STREAM_TEST);
    double      *factor = basin_alloc(group->units, sizeof *factor);

    for (size_t u = 0; u < group->units; u++) factor[u] = exp(spread * fabs(basin_random_normal(&r)) + 0.1);
    assert_ok(basin_symmetry_scale(group, factor, c.graph, c.theta));
    basin_free(factor);
    return difference(net, &c);
}

double network_rotated(const network *net, const basin_factor_pair *pair, double a)
{
    changed      c = begin(net);
    basin_random r = basin_random_start(7, BASIN_STREAM_TEST);
    double      *basis = basin_alloc(pair->width * pair->width, sizeof *basis);

    basin_random_normals(&r, basis, pair->width * pair->width);
    for (size_t i = 0; i < pair->width * pair->width; i++) basis[i] *= a;
    assert_ok(basin_symmetry_rotate(pair, basis, c.theta));
    basin_free(basis);
    return difference(net, &c);
}

bool group_is_approximate(const basin_unit_group *group)
{
    bool statistics = false;

    for (size_t i = 0; i < group->axis_count; i++) statistics = statistics || group->axes[i].buffer;
    return group->kind == BASIN_GROUP_NORMALISED && !statistics;
}

static void set_epsilon(basin_node_spec *node, double value)
{
    const basin_attribute epsilon = {.kind = BASIN_ATTRIBUTE_FLOAT, .f = value};

    for (size_t i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attributes[i].name, "epsilon") == 0) {
            node->attributes[i].f = value;
            return;
        }
    assert_ok(basin_node_spec_set(node, "epsilon", BASIN_ATTRIBUTE_FLOAT, &epsilon));
}

/* The network with normalisations that have next to no ε, so that a factor before them is undone to
   rounding. Caller destroys. */
static basin_graph *without_epsilon(const basin_graph *graph)
{
    basin_graph *copy = NULL;

    assert_ok(basin_graph_copy(graph, &copy));
    for (size_t i = 0; i < copy->node_count; i++)
        if (strcmp(copy->nodes[i].op, "LayerNormalization") == 0 ||
            strcmp(copy->nodes[i].op, "GroupNormalization") == 0)
            set_epsilon(&copy->nodes[i], 1e-30);
    return copy;
}

static void assert_stays(const char *name, const char *what, const char *group, double change, double bound)
{
    if (change <= bound) return;
    fail_msg("%s: %s of %s changes the outputs by %.1e, bound %.0e", name, what, group, change, bound);
}

size_t assert_symmetries_hold(const network *net, const char *name, double bound)
{
    basin_symmetries *s = NULL;
    basin_graph      *sharp = without_epsilon(net->graph);
    size_t            groups = 0;
    const network     exact = {sharp, net->loss, net->data, net->theta};

    if (basin_network_symmetries(net->graph, &s) == BASIN_ERR_UNSUPPORTED) goto done;
    assert_non_null(s);
    for (size_t i = 0; i < s->permutation_count; i++)
        assert_stays(name, "a permutation", s->permutations[i].name,
                     network_permuted(net, &s->permutations[i]), bound);
    for (size_t i = 0; i < s->scaling_count; i++)
        assert_stays(name, "scaling", s->scalings[i].name, network_scaled(&exact, &s->scalings[i], 0.5),
                     bound);
    for (size_t i = 0; i < s->params->pair_count; i++)
        assert_stays(name, "a change of basis", s->params->pairs[i].name,
                     network_rotated(net, &s->params->pairs[i], 1.0), 1e3 * bound);
    groups = s->permutation_count + s->scaling_count;
done:
    basin_symmetries_destroy(&s);
    basin_graph_destroy(&sharp);
    return groups;
}
