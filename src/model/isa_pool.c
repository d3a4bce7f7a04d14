/* The largest of each window in one channel of a group of samples: every lane of the window takes or gives where its place is, so
 * that all is vector code.
 */
#include "model/isa.h"
#include "model/real_vector.h"

/* y, place [outputs, 16] of x [inputs, 16]; place may be NULL. */
static void largest(const basin_window *window, const real *x, real *y, real *place)
{
    for (size_t oy = 0; oy < window->y.out; oy++)
        for (size_t ox = 0; ox < window->x.out; ox++, y += BASIN_LANES) {
            const basin_region r = basin_window_region(window, oy, ox);
            const size_t       first = basin_region_place(window, &r, 0, 0);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                vector best = vector_load(x + first * BASIN_LANES + l), where = vector_of((real)first);
                for (size_t ty = 0; ty < r.rows; ty++)
                    for (size_t tx = 0; tx < r.columns; tx++) {
                        const size_t      at = basin_region_place(window, &r, ty, tx);
                        const vector      value = vector_load(x + at * BASIN_LANES + l);
                        const vector_mask larger = (vector_mask)(value > best) | (vector_mask)(value != value);
                        best = vector_choose(larger, value, best);
                        where = vector_choose(larger, vector_of((real)at), where);
                    }
                vector_store(y + l, best);
                if (place != NULL) vector_store(place + l, where);
            }
            if (place != NULL) place += BASIN_LANES;
        }
}

/* y = x at the places. */
static void take(const basin_window *window, const real *place, const real *x, real *y)
{
    for (size_t oy = 0; oy < window->y.out; oy++)
        for (size_t ox = 0; ox < window->x.out; ox++, y += BASIN_LANES, place += BASIN_LANES) {
            const basin_region r = basin_window_region(window, oy, ox);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                const vector where = vector_load(place + l);
                vector       taken = {0};
                for (size_t ty = 0; ty < r.rows; ty++)
                    for (size_t tx = 0; tx < r.columns; tx++) {
                        const size_t at = basin_region_place(window, &r, ty, tx);
                        taken = vector_choose((vector_mask)(where == vector_of((real)at)), vector_load(x + at * BASIN_LANES + l), taken);
                    }
                vector_store(y + l, taken);
            }
        }
}

/* x += y at the places. */
static void give(const basin_window *window, const real *place, real *x, const real *y)
{
    for (size_t oy = 0; oy < window->y.out; oy++)
        for (size_t ox = 0; ox < window->x.out; ox++, y += BASIN_LANES, place += BASIN_LANES) {
            const basin_region r = basin_window_region(window, oy, ox);
            for (size_t l = 0; l < BASIN_LANES; l += VECTOR) {
                const vector where = vector_load(place + l), given = vector_load(y + l);
                for (size_t ty = 0; ty < r.rows; ty++)
                    for (size_t tx = 0; tx < r.columns; tx++) {
                        const size_t at = basin_region_place(window, &r, ty, tx);
                        real        *to = x + at * BASIN_LANES + l;
                        vector_store(to, vector_load(to) + vector_choose((vector_mask)(where == vector_of((real)at)), given, (vector){0}));
                    }
            }
        }
}

const basin_pool ISA(basin_pool) = {.largest = largest, .take = take, .give = give};
