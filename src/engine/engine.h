/* The table that each engine fills. An engine is the folders plan, ops, kernels and objective,
 * compiled for one precision and one instruction set; network.c asks, engine.c chooses which engine
 * answers.
 */
#ifndef BASIN_ENGINE_ENGINE_H
#define BASIN_ENGINE_ENGINE_H

#include "core/status.h"

/* The Makefile defines BASIN_INSTRUCTION_SETS(X) as X(set) for each instruction set that it
   compiles for, the best last. */
#define BASIN_INSTRUCTION_NAME(set) " " #set

/* What BatchNormalization's statistics are taken from. */
typedef struct basin_network_bn {
    basin_bn kind;
    size_t   batch; /* batch: samples in each */
    /* reestimate: [count] of the data; NULL: those of the objective, where they are the whole split
       train */
    const size_t *rows;
    size_t        count;
} basin_network_bn;

typedef struct basin_network_facts {
    size_t width; /* of the output */
    basin_status (*output)(void *network, const double *theta, double *out /* [N, width] */);
    basin_status (*ends)(void *network, size_t d, const basin_graph *const *ends, const double *at);
} basin_network_facts;

typedef struct basin_engine { /* filled by objective/bound.c */
    /* Rows of `data` [count] bound to the compiled graph; `seed` is that of labels to draw. */
    basin_status (*create)(const basin_graph *graph, const basin_loss_spec *loss,
                           const basin_dataset *data, const size_t *rows, size_t count,
                           const basin_network_bn *bn, uint64_t seed, basin_objective **out);
    /* false: not a network of this engine */
    bool (*facts)(const basin_objective *objective, basin_network_facts *out);
    basin_status (*params)(const basin_graph *graph, basin_params **out);
    basin_status (*symmetries)(const basin_graph *graph, basin_symmetries **out);
} basin_engine;

/* Does the processor have the instruction set of this name? */
bool basin_instructions_run(const char *name);

/* The best that runs here, or the one that the environment's BASIN_INSTRUCTIONS names. */
basin_status basin_engine_choose(basin_precision precision, const basin_engine **out);

/* The facts of whichever engine's network this is. BASIN_ERR_ARG for other objectives. */
basin_status basin_engine_facts(const basin_objective *objective, basin_network_facts *out);

#endif
