/* Between the public interface and the engine in its two precisions. */
#ifndef BASIN_MODEL_NETWORK_H
#define BASIN_MODEL_NETWORK_H

#include "core/status.h"

/* What BatchNormalization's statistics are taken from. */
typedef struct basin_network_bn {
    basin_bn      kind;
    size_t        batch; /* batch: samples in each */
    const size_t *rows;  /* reestimate: [count] of the data; NULL: those of the objective */
    size_t        count;
} basin_network_bn;

/* Rows of `data` [count] bound to the compiled graph. The two are one source, real_network.c. */
basin_status basin_network_create_f64(const basin_graph *graph, const basin_loss_spec *loss, const basin_dataset *data, const size_t *rows, size_t count,
                                      const basin_network_bn *bn, basin_objective **out);
basin_status basin_network_create_f32(const basin_graph *graph, const basin_loss_spec *loss, const basin_dataset *data, const size_t *rows, size_t count,
                                      const basin_network_bn *bn, basin_objective **out);

typedef struct basin_network_facts {
    double       forward, first_layer; /* FLOPs, all samples */
    size_t       width;                /* of the output */
    basin_status (*output)(void *network, const double *theta, double *out /* [N, width] */);
    basin_status (*ends)(void *network, size_t d, const basin_graph *const *ends, const double *at);
} basin_network_facts;

/* NULL facts if the objective is not a network of that precision. */
bool basin_network_facts_f64(const basin_objective *objective, basin_network_facts *out);
bool basin_network_facts_f32(const basin_objective *objective, basin_network_facts *out);

basin_status basin_network_params_f64(const basin_graph *graph, basin_params **out);
basin_status basin_network_params_f32(const basin_graph *graph, basin_params **out);

#endif
