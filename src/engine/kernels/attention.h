/* Attention, one head of one group of samples at a time (ops/attention.c says what is computed):
 * where its tensors lie in lanes, and the steps over a block of its queries.
 */
#ifndef BASIN_ENGINE_KERNELS_ATTENTION_H
#define BASIN_ENGINE_KERNELS_ATTENTION_H

#include "engine/kernels/lanes_gemm.h"

enum { QUERY, KEY, VALUE, MASK, OUTPUT = MASK, TENSORS };
enum { ROOMS = 3 };

typedef struct basin_heads { /* facts of the node */
    size_t heads, t, s, d, e;
    size_t rows;      /* of queries in a block */
    size_t mask_step; /* from head to head: 0 if they share the mask */
    real   scale;
    bool   causal;
    bool   scored; /* S depends on theta */
} basin_heads;

static inline const basin_slot *basin_head_mask(const basin_node *node)
{
    return node->input_count > MASK ? NODE_INPUT(node, MASK) : NULL;
}

/* Elements that a head has of each tensor. */
static inline size_t basin_head_size(const basin_heads *facts, size_t tensor)
{
    const size_t rows = tensor == QUERY || tensor == OUTPUT ? facts->t : facts->s;
    return rows * (tensor == QUERY || tensor == KEY ? facts->d : facts->e);
}

static inline const basin_slot *basin_head_slot(const basin_node *node, size_t tensor)
{
    return tensor == OUTPUT ? NODE_OUTPUT(node) : NODE_INPUT(node, tensor);
}

/* in scratch, for tensors that the samples share */
typedef enum basin_room { VALUES, TANGENTS, ADJOINTS } basin_room;

typedef struct basin_head {
    const basin_node  *node;
    const basin_heads *facts;
    size_t             group, h;
    real              *p;                   /* [T, S], NULL where nothing is kept */
    real              *rooms[TENSORS];      /* [ROOMS, its size] */
    real              *c, *a_s, *p_dot, *g; /* [rows, S] of a block */
} basin_head;

typedef struct basin_queries { /* a block of them */
    size_t first, rows, seen;  /* keys that any of them sees */
    real  *p;
} basin_queries;

/* Rows of n elements from row `first` on; and the transpose. */
static inline basin_matrix straight(const real *at, size_t first, size_t n)
{
    return (basin_matrix){at + first * n * BASIN_LANES, n, 1};
}

static inline basin_matrix turned(const real *at, size_t first, size_t n)
{
    return (basin_matrix){at + first * n * BASIN_LANES, 1, n};
}

typedef struct basin_sum { /* of products */
    basin_term term[BASIN_TERMS];
    size_t     count;
} basin_sum;

static inline void join(basin_sum *to, basin_matrix a, basin_matrix b)
{
    to->term[to->count++] = (basin_term){a, b};
}

/* Head `number` of all groups of samples. */
basin_head basin_head_open(const basin_node *node, size_t number);
/* Its queries from row `first` on, a block of them. */
basin_queries basin_head_queries(const basin_head *of, size_t first);
/* The head in lanes, to be read. */
const real *basin_head_read(const basin_head *of, size_t tensor, real *role, size_t j, size_t k,
                            basin_room which);
/* The head in lanes, to be written: whole, or added to where it holds an adjoint. */
real *basin_head_write(const basin_head *of, size_t tensor, real *role, size_t j, size_t k,
                       basin_room which);
/* Hands on what was written for all samples: an output's first lane, an adjoint's sum over the
   lanes. */
void basin_head_close(const basin_head *of, size_t tensor, real *role, size_t j, basin_room which);
/* out [rows, S] = alpha · sum, of depth n. */
void basin_head_scores(const basin_head *of, const basin_queries *b, real alpha,
                       const basin_sum *from, size_t n, real *out);
/* out [T, n] (+)= alpha · sum in the block's rows, of the keys that they see. */
void basin_head_gather(const basin_queries *b, real alpha, const basin_sum *from, size_t n,
                       bool add, real *out);
/* out [S, n] += alpha · sum over the block's rows. */
void basin_head_scatter(const basin_queries *b, real alpha, const basin_sum *from, size_t n,
                        real *out);
/* x [rows, S] += mask [T, S], which all samples share. */
void basin_head_add_mask(const basin_head *of, const basin_queries *b, const real *mask, real *x);
/* mask [T, S] += the sums of x [rows, S] over the lanes. */
void basin_head_collect_mask(const basin_head *of, const basin_queries *b, const real *x,
                             real *mask);
/* P of the block. */
void basin_head_probabilities(const basin_head *of, const basin_queries *b, const real *q,
                              const real *k);
/* x -= r(P∘x), and then x = P∘x if `weigh`. */
void basin_head_centre(const basin_head *of, const basin_queries *b, real *x, bool weigh);
/* g = Ṗ∘C + P∘(g - r(Ṗ∘C + P∘g)). */
void basin_head_curve(const basin_head *of, const basin_queries *b, const real *p_dot,
                      const real *c, real *g);
/* a_S = P∘C. */
void basin_head_weigh(const basin_head *of, const basin_queries *b, const real *c, real *a_s);

#endif
