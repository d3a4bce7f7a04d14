/* Hidden units of a network while their symmetries are gathered: who is the same unit as who, and
 * where each stands. Two kinds are kept, each by itself: units that may change places, and scales
 * that may have a factor. Whoever walks the graph adds, joins and holds; basin_units_finish makes
 * groups of what remains.
 */
#ifndef BASIN_CORE_UNITS_H
#define BASIN_CORE_UNITS_H

#include "core/status.h"

/* The unit that is held: it stays where it is, and its factor is 1. */
#define BASIN_HELD SIZE_MAX

typedef enum basin_unit_family { BASIN_UNITS, BASIN_SCALES, BASIN_UNIT_FAMILIES } basin_unit_family;

/* An index of an axis of a tensor: a parameter, or count of parameters + number of a buffer. */
typedef struct basin_unit_place {
    size_t tensor, axis, index;
} basin_unit_place;

typedef struct basin_units basin_units;

basin_status basin_units_create(const basin_params *params, const basin_graph *graph,
                                basin_units **out);
void         basin_units_destroy(basin_units **units);
/* Who is held from now on is held by node number `node`. */
void basin_units_visit(basin_units *units, size_t node);

/* `count` new ones, numbered from *first on; `name` is borrowed and becomes that of their group. */
basin_status basin_units_add(basin_units *units, basin_unit_family family, size_t count,
                             const char *name, size_t *first);
void         basin_units_hold(basin_units *units, basin_unit_family family, size_t unit);
/* Both are one; what is one with a held one is held. `event` tells joins of one place in the graph
   from those of all others. */
void basin_units_join(basin_units *units, basin_unit_family family, size_t a, size_t b,
                      size_t event);
/* The unit stands there. `key` orders the places of a unit: equal keys of two units correspond. A
   place that has a unit already makes both one. */
basin_status basin_units_put(basin_units *units, size_t unit, size_t key, basin_unit_place place);
/* Something that is not a unit reads that index: whoever stands there is held. */
void basin_units_forbid(basin_units *units, basin_unit_place place);
/* Factor f of the scale multiplies that index by f to the power (basin_unit_axis). */
basin_status basin_units_multiply(basin_units *units, size_t scale, basin_unit_place place,
                                  int power, double epsilon);
/* Its factors are made by a normalisation's scale, or undone by a normalisation. */
void basin_units_of_norm(basin_units *units, size_t scale, bool undone);
/* The unit stands in a tensor number `where` of the network's inside with that key: only units
   that stand in the same ones may change places. */
basin_status basin_units_see(basin_units *units, size_t unit, size_t key, size_t where);

/* Units that are held so far, but for those that stand in the pairs of attention, and the first
   node that holds one. */
basin_status basin_units_count_held(const basin_units *units, const basin_params *paired,
                                    size_t *held, size_t *node);
/* Groups of what is not held, in the order in which they were added. */
basin_status basin_units_finish(basin_units *units, basin_symmetries *out);

#endif
