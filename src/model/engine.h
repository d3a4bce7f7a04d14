/* Between the public interface and the engine (op_*.c, real_*.c), which is compiled for two precisions and, in each, for every
 * instruction set; network.c says what is asked, engine.c which of them answers.
 */
#ifndef BASIN_MODEL_ENGINE_H
#define BASIN_MODEL_ENGINE_H

#include "core/status.h"

/* The instruction sets that the Makefile compiles for, the best last. */
#if defined(__x86_64__)
#define BASIN_INSTRUCTION_SETS(X) X(base) X(avx2) X(avx512)
#define BASIN_INSTRUCTION_NAMES "base, avx2 and avx512 are known"
#else
#define BASIN_INSTRUCTION_SETS(X) X(base)
#define BASIN_INSTRUCTION_NAMES "base alone is known"
#endif

/* What BatchNormalization's statistics are taken from. */
typedef struct basin_network_bn {
    basin_bn      kind;
    size_t        batch; /* batch: samples in each */
    const size_t *rows;  /* reestimate: [count] of the data; NULL: those of the objective, where they are the whole split train */
    size_t        count;
} basin_network_bn;

typedef struct basin_network_facts {
    double       forward, first_layer; /* FLOPs, all samples */
    size_t       width;                /* of the output */
    basin_status (*output)(void *network, const double *theta, double *out /* [N, width] */);
    basin_status (*ends)(void *network, size_t d, const basin_graph *const *ends, const double *at);
} basin_network_facts;

typedef struct basin_engine { /* the table that real_network.c fills, once for each precision and instruction set */
    /* Rows of `data` [count] bound to the compiled graph. */
    basin_status (*create)(const basin_graph *graph, const basin_loss_spec *loss, const basin_dataset *data, const size_t *rows, size_t count,
                           const basin_network_bn *bn, basin_objective **out);
    bool         (*facts)(const basin_objective *objective, basin_network_facts *out); /* false: not a network of this engine */
    basin_status (*params)(const basin_graph *graph, basin_params **out);
} basin_engine;

/* Does the processor have the instruction set of this name? */
bool basin_instructions_run(const char *name);

/* The best that runs here, or the one that the environment's BASIN_INSTRUCTIONS names. */
basin_status basin_engine_choose(basin_precision precision, const basin_engine **out);

/* The facts of whichever engine's network this is. BASIN_ERR_ARG for other objectives. */
basin_status basin_engine_facts(const basin_objective *objective, basin_network_facts *out);

#endif
