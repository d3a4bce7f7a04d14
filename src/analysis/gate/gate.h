/* The questions of a gate while they are being answered: what those who measure share (ask.c).
 *
 * A question is random where its interval holds but for a chance; each of these has the same share
 * of alpha. Letters: P parameters. */
#ifndef BASIN_ANALYSIS_GATE_GATE_H
#define BASIN_ANALYSIS_GATE_GATE_H

#include "analysis/forecast.h"
#include "analysis/measure/measuring.h"

typedef struct basin_asking {
    basin_measuring       measuring; /* of the point */
    basin_point          *point;     /* borrowed, as the questions are */
    const basin_question *questions; /* [count] */
    size_t                count;
    basin_answer         *answers; /* [count] */
    bool                 *open;    /* [count] is not answered yet */
    double                chance;  /* share of alpha that each random question has */
    size_t                products_most, spent;
    double                epsilon; /* relative rounding of a product */
    double                rho;     /* of measures of sharpness; 0: each its own */
} basin_asking;

/* Who answers a question. */
typedef enum basin_gate_way {
    BASIN_WAY_AT_ONCE,   /* from losses, gradient and record: no product */
    BASIN_WAY_ENDS,      /* ends of the spectrum, and what is divided by a ceiling (ends.c) */
    BASIN_WAY_SUMS,      /* sums over the spectrum (sums.c) */
    BASIN_WAY_SHARPNESS, /* as sharpness is, once: no product */
    BASIN_WAY_ROW        /* as a row is measured, once */
} basin_gate_way;
basin_gate_way basin_gate_way_of(size_t measure);

/* Products that are left. */
size_t basin_gate_left(const basin_asking *a);
/* The question has a new interval: it is held against the limit, and the answer is decided where it
   can be. Returns whether it is. */
bool basin_gate_look(basin_asking *a, size_t i, double value, double lower, double upper, int ends);
/* Those of that way that are not decided yet end for this reason. */
void basin_gate_give_up(basin_asking *a, basin_gate_way way, basin_gate_end why);
/* Is any of that way still open? */
bool basin_gate_open(const basin_asking *a, basin_gate_way way);

basin_status basin_gate_ends(basin_asking *a);
basin_status basin_gate_sums(basin_asking *a);

#endif
