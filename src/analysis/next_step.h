/* What a training would do next. */
#ifndef BASIN_ANALYSIS_NEXT_STEP_H
#define BASIN_ANALYSIS_NEXT_STEP_H

#include "analysis/point.h"

/* Why the next step of gd, sgd, nag, sam, usam or msam is not known of this checkpoint: what of
   method, coefficient, momentum, radius and learning rate it takes and is not recorded; NULL where
   it is known. */
const char *basin_next_step_unknown(const basin_checkpoint *ck);
/* u [P] of theta <- theta - eta u at full batch, at the point's theta, of a checkpoint whose next
   step is known. */
basin_status basin_next_step(basin_point *point, const basin_checkpoint *ck, double *u);

bool basin_next_step_is_adam(const basin_checkpoint *ck); /* adam or adamw */
/* Of those likewise. BASIN_ERR_MISSING names what is not recorded. */
basin_status basin_next_step_adam(basin_point *point, const basin_checkpoint *ck, double beta2,
                                  double epsilon, double *u);

#endif
