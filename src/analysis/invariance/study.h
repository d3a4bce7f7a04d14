/* Measuring under changes of the weights: what is changed (changes.c), and what is read off
   (readings.c). */
#ifndef BASIN_ANALYSIS_INVARIANCE_STUDY_H
#define BASIN_ANALYSIS_INVARIANCE_STUDY_H

#include "core/status.h"

/* A checkpoint with weights, statistics and momentum of its own; the rest is borrowed. */
typedef struct basin_changed {
    basin_checkpoint ck;
    basin_state     *states; /* [ck.state_count] */
    basin_graph     *graph;
    double          *theta;
} basin_changed;

/* Is there a change of that kind in the network? */
bool basin_change_exists(const basin_symmetries *s, basin_symmetry symmetry);
/* The changes that the request tries, in the order in which they are made; caller frees. */
basin_status basin_changes_list(const basin_invariance_request *request, size_t *count,
                                basin_change **out);
/* The checkpoint as it is after the change. BASIN_ERR_VALUE, BASIN_ERR_NUMERIC where it cannot be
   made. To be cleared after a failure too. */
basin_status basin_change_make(const basin_invariance_request *request, const basin_change *change,
                               basin_changed *out);
void         basin_changed_clear(basin_changed *changed);

/* One number that was measured. */
typedef struct basin_reading {
    const char *measure;        /* of the lists */
    char       *part, *missing; /* or NULL */
    double      rho, value, error;
    int         measure_number; /* of sharpness; -1: of a row */
} basin_reading;

typedef struct basin_readings {
    size_t         count;
    basin_reading *of;
} basin_readings;

/* Everything that the request asks for, at the weights of ck on the objective, with `seed` more
   than its own. */
basin_status basin_readings_take(const basin_invariance_request *request, basin_objective *o,
                                 const basin_checkpoint *ck, uint64_t seed, basin_readings *out);
void         basin_readings_clear(basin_readings *readings);

#endif
