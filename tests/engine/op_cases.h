/* Graphs for the battery of test_ops.c: each op of op_list.h must stand in at least one. A case has
 * parameters before and after the op, so that all four of its functions are at work; it ends in
 * three outputs.
 */
#ifndef BASIN_TESTS_OP_CASES_H
#define BASIN_TESTS_OP_CASES_H

#include "core/graph.h"

typedef struct op_case {
    const char *name; /* «Conv, stride 2» */
    basin_graph *(*make)(void);
    size_t tokens; /* inputs are integers below that; 0: normal */
} op_case;

extern const op_case op_cases_attention[];
/* one table a file op_cases_*.c, each ends with a NULL name */
extern const op_case op_cases_dense[];
extern const op_case op_cases_elementwise[];
extern const op_case op_cases_norm[];
extern const op_case op_cases_shape[];
extern const op_case op_cases_conv[];

/* ---------------------------------------------------------------------------- writing a case -- */

#define SHAPE(...) (const size_t[]){__VA_ARGS__}, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)
#define INTS(...) (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

basin_graph *case_start(const size_t *shape, size_t rank); /* the input is called x */
void         case_param(basin_graph *g, const char *name, const size_t *shape, size_t rank);
void         case_buffer(basin_graph *g, const char *name, const size_t *shape, size_t rank,
                         const double *values);
/* inputs: names with a space between them, «-» for one left out. The node is called like its
   output. */
basin_node_spec *case_node(basin_graph *g, const char *op, const char *inputs, const char *output);
void             case_int(basin_node_spec *node, const char *name, int64_t value);
void case_ints(basin_node_spec *node, const char *name, const int64_t *values, size_t count);
void case_real(basin_node_spec *node, const char *name, double value);
void case_text(basin_node_spec *node, const char *name, const char *value);
/* `from`, of `width` elements a sample, flattened through a last dense layer to three outputs.
   Returns g. */
basin_graph *case_end(basin_graph *g, const char *from, size_t width);

#endif
