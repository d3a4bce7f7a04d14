/* The table of element-wise ops of one input: unary_rows.c has the rows, unary.c the four functions
   of all. */
#ifndef BASIN_ENGINE_OPS_UNARY_H
#define BASIN_ENGINE_OPS_UNARY_H

#include "engine/op.h"

typedef struct unary_facts { /* attributes */
    real alpha;              /* of LeakyRelu, Elu; Pow's exponent */
    real low, high;          /* of Clip */
    bool tanh_form;          /* of Gelu */
} unary_facts;

typedef struct unary_row {
    /* y = f(x), p = f'(x), q = f''(x) for n elements; p, q may be NULL; y may be x */
    void (*evaluate)(const unary_facts *facts, const real *x, size_t n, real *y, real *p, real *q);
    bool   curved; /* f'' is not zero */
    double alpha;  /* default of the attribute alpha */
} unary_row;

basin_status basin_unary_infer(basin_node *node);
void         basin_unary_forward(basin_node *node, size_t b, basin_mode mode);
void         basin_unary_backward(basin_node *node, size_t b, basin_mode mode);
void         basin_unary_forward_dot(basin_node *node, size_t b, size_t k);
void         basin_unary_backward_dot(basin_node *node, size_t b, size_t k);

#endif
