/* The hidden units of a network, and how each stands in its tensors (basin_symmetries of
   basin.h). */
#ifndef BASIN_ENGINE_PLAN_UNITS_H
#define BASIN_ENGINE_PLAN_UNITS_H

#include "core/units.h"
#include "engine/plan/plan.h"

/* Of a slot of the plan: the one dimension along which it holds units, and what stands at each of
   its indices. */
typedef struct basin_unit_marks {
    size_t  dim;   /* BASIN_NONE: it holds no units */
    size_t *unit;  /* [shape[dim]] or BASIN_HELD */
    size_t *scale; /* [shape[dim]] likewise */
    size_t *key;   /* [shape[dim]] what a unit has at several indices is told apart by it */
} basin_unit_marks;

/* A walk over the plan's nodes. */
typedef struct basin_unit_walk {
    const basin_plan *plan;
    basin_units      *units;
    basin_unit_marks *marks; /* [slot_count] */
    real **place;  /* [slot_count] of what is moved out of parameters: where each element lies in
                                  theta; NULL: not known */
    bool  *shared; /* [slot_count] it, or what it is moved out of, is read more than once */
    size_t number; /* of the node at hand */
} basin_unit_walk;

/* Gathers the units of the plan into `out`, whose params have the pairs of attention. */
basin_status basin_plan_units(const basin_plan *plan, basin_symmetries *out);

static inline basin_unit_marks *basin_unit_marks_of(const basin_unit_walk *w,
                                                    const basin_node *node, size_t input)
{
    return &w->marks[node->input[input]];
}

/* --- marks: unit_marks.c --- */

/* Room for the marks of a slot along a dimension of it; what was there goes. */
basin_status basin_units_room(basin_unit_walk *w, size_t slot, size_t dim);
void         basin_unit_clear(basin_unit_marks *marks);
size_t       basin_unit_count(const basin_unit_walk *w, size_t slot); /* 0: it holds none */
/* Whatever stands in the slot is held. */
void basin_units_hold_slot(basin_unit_walk *w, size_t slot, bool scales_only);
/* The output holds along `dim` what slot `from` holds along its own; without `scales` factors end
   here. */
basin_status basin_unit_hand_on(basin_unit_walk *w, const basin_node *node, size_t from, size_t dim,
                                bool scales);
/* New units and scales, one for each index of a dimension of the output. */
basin_status basin_unit_begin(basin_unit_walk *w, const basin_node *node, size_t dim);

/* The units that stand along a dimension of a parameter, buffer, or of what is moved out of a
   parameter. */
typedef struct basin_unit_standing {
    size_t                  dim;
    const basin_unit_marks *marks; /* NULL: units do not stand there, who does is held */
    int                     power; /* of the scales; 0: they do not */
    double                  epsilon;
} basin_unit_standing;

/* Units stand in these dimensions of a parameter, or of what is moved out of one, and in no
   other of its. A buffer stands with units where it is a running statistic; other buffers are
   constants, which hold. */
basin_status basin_unit_stand(basin_unit_walk *w, size_t slot, const basin_unit_standing *at,
                              size_t count, bool statistic);
/* A parameter that is read in a way that is not known: nobody may stand in it. */
void basin_unit_forbid(basin_unit_walk *w, size_t slot);

/* Where in theta an axis of a parameter, or of what is moved out of one, lies. */
typedef struct basin_unit_trace {
    size_t  tensor, axis; /* BASIN_NONE: no axis of one parameter */
    size_t  count;
    size_t *index; /* [count] */
} basin_unit_trace;
basin_status basin_units_trace(const basin_unit_walk *w, size_t slot, size_t dim,
                               basin_unit_trace *out);

/* --- rules: what is done with one node --- */

basin_status basin_units_moved(basin_unit_walk *w, const basin_node *node); /* unit_moves.c */
/* unit_norms.c */
basin_status basin_unit_batch_norm(basin_unit_walk *w, const basin_node *node);
basin_status basin_unit_layer_norm(basin_unit_walk *w, const basin_node *node);
basin_status basin_unit_group_norm(basin_unit_walk *w, const basin_node *node);
/* Everything that the node reads is held. */
basin_status basin_unit_block(basin_unit_walk *w, const basin_node *node);

#endif
