/* One step of each method, as rows of a table. */
#ifndef BASIN_TRAIN_UPDATE_H
#define BASIN_TRAIN_UPDATE_H

#include "core/method.h"

/* What a method holds between steps and the scratch it works in; all vectors are [P]. */
typedef struct basin_optimizer {
    basin_objective *objective;
    size_t           size;
    double          *theta;  /* unperturbed */
    double          *stored; /* MSAM: theta - rho v/‖v‖; the others: theta itself */
    double          *v;      /* momentum: accumulated +gradient, without learning rate */
    double          *g;      /* scratch: the gradient */
    double          *point;  /* scratch: where the gradient is taken, if not at theta */
    double           undo;   /* theta = stored + undo v */
    /* learning rate now, momentum coefficient, radius, coupled weight decay */
    double eta, beta, rho, decay;
} basin_optimizer;

typedef struct basin_update_rule {
    basin_method_kind method;
    bool              full_batch; /* refuses batches */
    bool              perturbed;  /* keeps `stored` apart from theta */
    int64_t           gradients;  /* evaluations a step */
    /* One step on the batch (NULL: all samples); *loss is the batch's loss where the first gradient
       was taken. */
    basin_status (*step)(basin_optimizer *opt, const basin_samples *batch, basin_loss *loss);
} basin_update_rule;

/* NULL for a number that is no method */
const basin_update_rule *basin_update_rule_of(basin_update method);

#endif
