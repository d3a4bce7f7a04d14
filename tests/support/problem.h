/* A small network with random data and parameters. */
#ifndef BASIN_TESTS_PROBLEM_H
#define BASIN_TESTS_PROBLEM_H

#include "basin.h"

typedef struct problem {
    basin_graph    *graph;
    basin_dataset   data;
    basin_loss_spec loss;
    double         *theta; /* [size] */
    size_t          size;
} problem;

/* n samples of the graph's input shape, normal, or integers below `tokens` if that is not 0;
   targets for `out` outputs. */
void problem_data(problem *p, size_t n, size_t out, size_t tokens, uint64_t seed);
void problem_theta(problem *p, double scale, uint64_t seed); /* normal, times scale */
void problem_release(problem *p);

enum { RELU_IN = 5, RELU_FIRST = 7, RELU_SECOND = 6, RELU_OUT = 3 };

/* A ReLU network of two hidden layers with softmax cross-entropy, 60 samples. */
problem problem_relu(uint64_t seed);
/* In place on its theta = (W1, b1, W2, b2, W3, b3): hidden neuron i of layer 1 times f[i], of layer
   2 times h[i]; what reads them is divided, so that the function stays: Relu(f x) = f Relu(x) for f
   > 0. */
void problem_rescale(const double *f, const double *h, double *theta);

#endif
