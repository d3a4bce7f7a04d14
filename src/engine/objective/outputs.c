/* Values of the network itself: its output, and what its last dense layer reads. */
#include "core/memory.h"
#include "engine/objective/workers.h"

typedef struct values_state {
    basin_pass           pass;
    const basin_weights *weights;
    size_t               slot; /* in lanes */
    double              *out;  /* [N, width] */
} values_state;

/* y in lanes, to [count, width]. */
static void copy_values(const real *y, size_t count, size_t width, double *to)
{
    for (size_t i = 0; i < count; i++)
        for (size_t l = 0; l < width; l++)
            *to++ = (double)y[(i / BASIN_LANES * width + l) * BASIN_LANES + i % BASIN_LANES];
}

static void values_fill(void *payload, size_t thread, size_t group, size_t count, real *reals,
                        double *doubles)
{
    const values_state   *state = payload;
    const basin_grouping *groups = &state->pass.groups;
    basin_sweep          *sweep = state->pass.sweeps[thread];
    const basin_slot     *y = &sweep->slots[state->slot];

    (void)reals, (void)doubles;
    for (size_t end = group + count; group < end; group++)
        for (size_t c = basin_group_chunk(groups, group); c < basin_group_chunk(groups, group + 1); c++) {
            const basin_chunk chunk = basin_chunk_at(groups, group, c);
            const basin_batch batch = basin_pass_bind(&state->pass, sweep, state->weights, NULL, &chunk);
            basin_sweep_forward(sweep, batch.count, BASIN_MODE_LOSS, 0, 2);
            copy_values(y->v, batch.count, y->width, state->out + chunk.unit * groups->unit * y->width);
        }
}

/* Values [N, width] of a slot in lanes. */
static basin_status values_of(basin_network *net, const double *theta, size_t slot, double *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_network_workers(net));
    BASIN_TRY(basin_network_set(net, net->weights, theta));
    values_state state = {.pass = basin_pass_over(net, &net->data, net->workers),
                          .weights = net->weights,
                          .slot = slot,
                          .out = out};
    BASIN_TRY(basin_reduce(
        &(basin_reduction){.groups = state.pass.groups.groups, .fill = values_fill, .state = &state},
        net->workers->tree, net->workers->threads));
done:
    return st;
}

basin_status basin_network_outputs(void *ctx, const double *theta, double *out)
{
    basin_network *net = ctx;

    return values_of(net, theta, net->plan->output, out);
}

/* -------------------------------------------------------------------------------------------- features -- */

static const basin_node *maker_of(const basin_plan *plan, size_t slot)
{
    for (size_t i = 0; i < plan->node_count; i++)
        if (plan->nodes[i].output == slot) return &plan->nodes[i];
    return NULL;
}

/* The node whose elements the slot is, in their order. */
static const basin_node *origin_of(const basin_plan *plan, size_t slot)
{
    const basin_node *node = maker_of(plan, slot);

    while (node != NULL && (node->op->copies || node->op == &REAL(basin_op_Relayout)))
        node = maker_of(plan, node->input[0]);
    return node;
}

/* The dense layer whose elements the output is, before the loss normalises it; NULL: there is none. */
static const basin_node *last_layer(const basin_network *net)
{
    const basin_node *node = origin_of(net->plan, net->plan->output);

    if (node != NULL && net->loss.normalizes) node = origin_of(net->plan, node->input[0]);
    return node != NULL && node->op == &REAL(basin_op_Gemm) ? node : NULL;
}

/* Features of targets that count move to the front of values [N positions, width]. */
static basin_status keep_counted(const basin_network *net, basin_features *f)
{
    basin_status       st = BASIN_OK;
    const basin_batch *data = &net->data;
    const basin_slot  *y = &net->plan->slots[net->plan->output];

    f->class_count = y->shape[y->rank - 1];
    BASIN_ALLOC(f->classes, data->count * data->positions, "classes");
    for (size_t i = 0; i < data->count * data->positions; i++) {
        if (net->loss.ignores && data->classes[i] == net->loss.ignore_index) continue;
        for (size_t l = 0; l < f->width; l++)
            f->values[f->count * f->width + l] = f->values[i * f->width + l];
        f->classes[f->count++] = (size_t)data->classes[i];
    }
done:
    return st;
}

basin_status basin_network_features(void *ctx, const double *theta, basin_features *out)
{
    basin_status      st = BASIN_OK;
    basin_network    *net = ctx;
    const basin_node *layer = last_layer(net);
    basin_features    f = {0};

    BASIN_CHECK(net->data.classes != NULL, BASIN_ERR_UNSUPPORTED,
                "features are of classes: the targets are values");
    BASIN_CHECK(layer != NULL, BASIN_ERR_UNSUPPORTED, "the network does not end in a dense layer");
    const basin_slot *x = NODE_INPUT(layer, 0);
    BASIN_CHECK(x->batched && x->lanes == BASIN_LANES, BASIN_ERR_UNSUPPORTED,
                "the last dense layer reads no tensor of the samples");
    f.width = x->shape[x->rank - 1];
    BASIN_CHECK(x->width == f.width * net->data.positions, BASIN_ERR_UNSUPPORTED,
                "the last dense layer reads %zu vectors a sample, of which %zu have classes",
                x->width / f.width, net->data.positions);
    BASIN_ALLOC(f.values, net->data.count * x->width, "features");
    BASIN_TRY(values_of(net, theta, layer->input[0], f.values));
    BASIN_TRY(keep_counted(net, &f));
    *out = f, f = (basin_features){0};
done:
    basin_features_clear(&f);
    return st;
}
