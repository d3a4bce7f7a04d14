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
    p->data = (basin_dataset){.count = n,
                              .rank = p->graph->input_rank,
                              .split_count = 1,
                              .splits = basin_alloc(1, sizeof(basin_split))};
    memcpy(p->data.shape, p->graph->input_shape, sizeof p->data.shape);
    p->data.splits[0] = (basin_split){.name = split_name, .count = n, .rows = basin_alloc(n, sizeof(size_t))};
    p->data.inputs = basin_alloc(n * in, sizeof(double));
    basin_random_normals(&r, p->data.inputs, n * in);
    for (size_t i = 0; i < n * in && tokens > 0; i++)
        p->data.inputs[i] = (double)basin_random_below(&r, tokens);
    if (p->loss.kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY)
        p->data.classes = basin_alloc(n, sizeof(int64_t));
    else
        p->data.values = basin_alloc(n * out, sizeof(double));
    p->data.value_count = p->data.values ? out : 0;
    for (size_t i = 0; i < n; i++) {
        p->data.splits[0].rows[i] = i;
        if (p->data.classes != NULL) p->data.classes[i] = (int64_t)basin_random_below(&r, out);
        for (size_t j = 0; p->data.values != NULL && j < out; j++)
            p->data.values[i * out + j] = basin_random_uniform(&r);
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

problem problem_relu(uint64_t seed)
{
    problem p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    assert_ok(basin_graph_mlp((size_t[]){RELU_IN, RELU_FIRST, RELU_SECOND, RELU_OUT}, 4, "Relu", &p.graph));
    problem_data(&p, 60, RELU_OUT, 0, seed);
    problem_theta(&p, 0.6, seed + 1);
    return p;
}

void problem_rescale(const double *f, const double *h, double *theta)
{
    double *w1 = theta, *b1 = w1 + RELU_FIRST * RELU_IN, *w2 = b1 + RELU_FIRST;
    double *b2 = w2 + RELU_SECOND * RELU_FIRST;
    double *w3 = b2 + RELU_SECOND;

    for (size_t i = 0; i < RELU_FIRST; i++) {
        for (size_t j = 0; j < RELU_IN; j++) w1[i * RELU_IN + j] *= f[i];
        b1[i] *= f[i];
    }
    for (size_t i = 0; i < RELU_SECOND; i++) {
        for (size_t j = 0; j < RELU_FIRST; j++) w2[i * RELU_FIRST + j] *= h[i] / f[j];
        b2[i] *= h[i];
    }
    for (size_t i = 0; i < RELU_OUT; i++)
        for (size_t j = 0; j < RELU_SECOND; j++) w3[i * RELU_SECOND + j] /= h[j];
}
