#include "problem.h"

#include <string.h>

#include "core/linalg.h"
#include "core/params.h"
#include "core/random.h"
#include "support.h"

static char split_name[] = "train";

void problem_data(problem *p, size_t n, size_t out, size_t tokens, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    size_t       in = 0;

    assert_true(basin_shape_size(p->graph->input_shape, p->graph->input_rank, &in));
    p->data = (basin_dataset){.count = n, .rank = p->graph->input_rank, .split_count = 1, .splits = basin_alloc(1, sizeof(basin_split))};
    memcpy(p->data.shape, p->graph->input_shape, sizeof p->data.shape);
    p->data.splits[0] = (basin_split){.name = split_name, .count = n, .rows = basin_alloc(n, sizeof(size_t))};
    p->data.inputs = basin_alloc(n * in, sizeof(double));
    basin_random_normals(&r, p->data.inputs, n * in);
    for (size_t i = 0; i < n * in && tokens > 0; i++) p->data.inputs[i] = (double)basin_random_below(&r, tokens);
    if (p->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY) p->data.classes = basin_alloc(n, sizeof(int64_t));
    else p->data.values = basin_alloc(n * out, sizeof(double));
    p->data.value_count = p->data.values ? out : 0;
    for (size_t i = 0; i < n; i++) {
        p->data.splits[0].rows[i] = i;
        if (p->data.classes != NULL) p->data.classes[i] = (int64_t)basin_random_below(&r, out);
        for (size_t j = 0; p->data.values != NULL && j < out; j++) p->data.values[i * out + j] = basin_random_uniform(&r);
    }
}

void problem_theta(problem *p, double scale, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);

    p->size = p->graph->params->size;
    p->theta = basin_alloc(p->size, sizeof(double));
    basin_random_normals(&r, p->theta, p->size);
    basin_scale(scale, p->theta, p->size);
}

void problem_release(problem *p)
{
    basin_graph_destroy(&p->graph);
    basin_free(p->data.inputs);
    basin_free(p->data.classes);
    basin_free(p->data.values);
    basin_free(p->data.splits[0].rows);
    basin_free(p->data.splits);
    basin_free(p->theta);
}
