/* Rows made up for comparisons, and what the tests ask of the result. */
#ifndef BASIN_TESTS_COMPARISON_TABLE_H
#define BASIN_TESTS_COMPARISON_TABLE_H

#include "support.h"

enum { TABLE_MOST = 512 };

typedef struct table {
    size_t    count;
    basin_row rows[TABLE_MOST];
    char      text[TABLE_MOST][2][64];
} table;

/* A raw row with plausible numbers, which tests change where they are about them. It borrows
   `method`. */
basin_row *table_add(table *t, const char *method, int64_t seed, int64_t step);
/* The same checkpoint at another kind of point or on a half of its samples: a copy of that row. */
basin_row *table_beside(table *t, const basin_row *row, int point, size_t part);
/* gd and sam over `seeds` at step 100, sam flatter by every measure and better; differences vary a
   little. Rows of sam are the odd ones. */
void table_flat_and_better(table *t, size_t seeds);

/* must succeed */
basin_comparison       *table_compare(const table *t, const basin_comparison_options *options);
const basin_difference *table_difference(const basin_comparison *c, const char *measure,
                                         const char *group, const char *base);
const basin_difference *table_difference_at(const basin_comparison *c, int point,
                                            const char *measure, const char *group,
                                            const char *base);
const basin_estimate   *table_estimate(const basin_comparison *c, const char *measure,
                                       const char *group);
const basin_group      *table_group(const basin_comparison *c, const char *name);
/* asserts whether some note holds it */
void table_note(const basin_comparison *c, const char *part, bool there);

#endif
