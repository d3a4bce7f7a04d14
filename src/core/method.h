/* The methods of training that basin knows, once: what a checkpoint of each may mean and which
 * formulas hold for it. A method that is not in this table is carried by its name alone: nothing is
 * assumed of it.
 */
#ifndef BASIN_CORE_METHOD_H
#define BASIN_CORE_METHOD_H

#include "core/status.h"

typedef enum basin_method_kind {
    BASIN_METHOD_GD,
    BASIN_METHOD_SGD,
    BASIN_METHOD_NAG,
    BASIN_METHOD_SAM,
    BASIN_METHOD_USAM, /* un-normalised SAM */
    BASIN_METHOD_ASAM,
    BASIN_METHOD_MSAM,
    BASIN_METHOD_ADAM,
    BASIN_METHOD_ADAMW,
    BASIN_METHODS
} basin_method_kind;

/* Which recursion's ceiling of stability is the method's own (analysis/ceiling.c). */
typedef enum basin_stability {
    BASIN_STABILITY_UNKNOWN,
    BASIN_STABILITY_HEAVY_BALL,
    BASIN_STABILITY_NESTEROV,
    BASIN_STABILITY_SAM,
    BASIN_STABILITY_USAM,
    BASIN_STABILITY_MSAM
} basin_stability;

typedef struct basin_method {
    const char *name;  /* as checkpoints record it and the command line takes it */
    const char *title; /* as figures print it */
    /* between steps its weights are theta itself, whatever it does inside a step */
    bool never_perturbed;
    bool perturbs; /* inside a step or between steps, by rho */
    /* rho multiplies the gradient itself, and so is no radius: the perturbation fades with the
       gradient, and the iterates can settle, where a constant radius makes them hover */
    bool            raw;
    basin_stability stability;
} basin_method;

extern const basin_method basin_methods[BASIN_METHODS]; /* by basin_method_kind */

/* NULL for NULL and for a method that is not in the table */
const basin_method *basin_method_find(const char *name);
/* The method that perturbs the weights, of «BASE_METHOD» (adamw_msam: AdamW's steps, MSAM's
   perturbation along its first moment) as of METHOD alone; NULL where none perturbs. */
const basin_method *basin_method_perturbs(const char *name);
/* The title of a method; of one that is not in the table its name. `name` must not be NULL. */
const char *basin_method_title(const char *name);

#endif
