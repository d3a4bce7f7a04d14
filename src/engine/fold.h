/* Rewriting a graph before it is compiled. */
#ifndef BASIN_ENGINE_FOLD_H
#define BASIN_ENGINE_FOLD_H

#include "core/graph.h"

/* A copy of the graph, which compiles as it is, whose input, output and parameters are the same, in
   which convolutions take the scale and shift of the BatchNormalization behind them, by its stored
   statistics. Every other node stays as it is. Caller destroys. */
basin_status basin_graph_fold(const basin_graph *graph, basin_graph **out);

#endif
