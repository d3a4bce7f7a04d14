/* Logits of norm 1: a question about a network, asked before it is compiled. */
#ifndef BASIN_ENGINE_UNIT_LOGITS_H
#define BASIN_ENGINE_UNIT_LOGITS_H

#include "core/graph.h"

/* A copy of the graph whose output y, with `classes` numbers along its last axis, is
   (y − mean y) / max(‖y − mean y‖₂, 1e-10) along that axis. Caller destroys. */
basin_status basin_graph_unit_logits(const basin_graph *graph, size_t classes, basin_graph **out);

#endif
