/* What a loss may be set to, checked wherever a spec comes in. */
#ifndef BASIN_CORE_LOSS_H
#define BASIN_CORE_LOSS_H

#include "core/status.h"

extern const char *const basin_loss_names[]; /* by basin_loss_kind, then NULL */

/* Smoothing in [0, 1); weights finite, >= 0, not all 0; nothing set that the loss has no use for.
   That the weights are as many as the classes is seen where the network is known. */
basin_status basin_loss_spec_check(const basin_loss_spec *spec);

#endif
