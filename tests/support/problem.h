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

/* n samples of the graph's input shape, normal, or integers below `tokens` if that is not 0; targets for `out` outputs. */
void problem_data(problem *p, size_t n, size_t out, size_t tokens, uint64_t seed);
void problem_theta(problem *p, double scale, uint64_t seed); /* normal, times scale */
void problem_release(problem *p);

#endif
