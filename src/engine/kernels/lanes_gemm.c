/* c (+)= alpha Σ a b in register tiles: sums of MOST_ROWS × MOST_COLUMNS elements stay in registers over the
 * depth and over all terms, which with 4 × 6 of them takes 10 loads for 24 multiply-adds.
 *
 * 1. The columns are cut into panels as even as can be, at most MOST_COLUMNS wide, so that no thin one is
 *    left over.
 * 2. The depth is cut so that a panel of b, of all terms, stays in the first cache while the rows of a go by.
 * 3. A panel whose rows lie far apart is copied: at distances of powers of 2, as heads have, they would share
 *    a few sets of the cache.
 * 4. With vectors narrower than the lanes a tile goes over the parts of its elements in turn.
 */
#include "engine/kernels/lanes_gemm.h"

#include <string.h>

#include "engine/kernels/vector.h"

#if VECTOR_REGISTERS == 32
#define WIDE_TILES
enum { MOST_ROWS = 4, MOST_COLUMNS = 6 };
#else
enum { MOST_ROWS = 3, MOST_COLUMNS = 4 };
#endif
enum {
    PANEL = 24 * 1024 / sizeof(real) / BASIN_LANES,
    FAR = 1024 / sizeof(real) / BASIN_LANES
}; /* elements: of a panel; between rows that are copied */

typedef struct product {
    size_t            m;
    real              alpha;
    const basin_term *term;
    size_t            terms;
    bool              add;
    real             *c;
    size_t            c_row;
    real             *panel; /* [PANEL] elements */
} product;

typedef struct cut { /* of the depth and of the columns */
    size_t first, depth, j;
} cut;

/* rows × columns elements from row i on, which are constants where this is expanded. */
INLINE void multiply_tile(size_t rows, size_t columns, const product *p, const cut *at,
                          const basin_matrix *right, size_t i)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        vector sum[MOST_ROWS * MOST_COLUMNS] = {{0}};
        for (size_t t = 0; t < p->terms; t++) {
            const basin_matrix *a = &p->term[t].a, *b = &right[t];
            const real         *x = a->at + (i * a->row + at->first * a->column) * BASIN_LANES + part;
            const real         *y = b->at + part;
            const size_t        x_row = a->row * BASIN_LANES, x_step = a->column * BASIN_LANES;
            const size_t        y_column = b->column * BASIN_LANES, y_step = b->row * BASIN_LANES;
            for (size_t l = 0; l < at->depth; l++, x += x_step, y += y_step) {
                vector in[MOST_COLUMNS];
                for (size_t s = 0; s < columns; s++) in[s] = vector_load(y + s * y_column);
                for (size_t r = 0; r < rows; r++) {
                    const vector factor = vector_load(x + r * x_row);
                    for (size_t s = 0; s < columns; s++) sum[r * columns + s] += factor * in[s];
                }
            }
        }
        for (size_t r = 0; r < rows; r++)
            for (size_t s = 0; s < columns; s++) {
                real  *to = p->c + ((i + r) * p->c_row + at->j + s) * BASIN_LANES + part;
                vector value = p->alpha * sum[r * columns + s];
                if (p->add || at->first > 0) value += vector_load(to);
                vector_store(to, value);
            }
    }
}

/* Where the panels of b are: in place or copied. */
INLINE void prepare_panels(size_t columns, const product *p, const cut *at, basin_matrix *right)
{
    for (size_t t = 0; t < p->terms; t++) {
        const basin_matrix *b = &p->term[t].b;
        const real         *from = b->at + (at->first * b->row + at->j * b->column) * BASIN_LANES;
        real               *to = p->panel + t * columns * at->depth * BASIN_LANES;
        right[t] = b->row < FAR ? (basin_matrix){from, b->row, b->column} : (basin_matrix){to, columns, 1};
        for (size_t l = 0; b->row >= FAR && l < at->depth; l++)
            for (size_t s = 0; s < columns; s++, to += BASIN_LANES)
                memcpy(to, from + (l * b->row + s * b->column) * BASIN_LANES, BASIN_LANES * sizeof *to);
    }
}

INLINE void multiply_panel(size_t columns, const product *p, const cut *at)
{
    basin_matrix right[BASIN_TERMS];
    size_t       i = 0;

    prepare_panels(columns, p, at, right);
    for (; i + MOST_ROWS <= p->m; i += MOST_ROWS) multiply_tile(MOST_ROWS, columns, p, at, right, i);
    for (; i + 2 <= p->m; i += 2) multiply_tile(2, columns, p, at, right, i);
    if (i < p->m) multiply_tile(1, columns, p, at, right, i);
}

void basin_multiply(size_t m, size_t n, size_t depth, real alpha, const basin_term *term, size_t terms,
                    bool add, real *c, size_t c_row)
{
    real          panel[PANEL * BASIN_LANES] __attribute__((aligned(64)));
    const product p = {m, alpha, term, terms, add, c, c_row, panel};
    const size_t  panels = (n + MOST_COLUMNS - 1) / MOST_COLUMNS, most = PANEL / MOST_COLUMNS / terms;

    for (size_t first = 0; first < depth; first += most)
        for (size_t i = 0; i < panels; i++) {
            const cut at = {first, depth - first < most ? depth - first : most, i * n / panels};
            switch ((i + 1) * n / panels - at.j) {
#if defined(WIDE_TILES)
            case 6: multiply_panel(6, &p, &at); break;
            case 5: multiply_panel(5, &p, &at); break;
#endif
            case 4: multiply_panel(4, &p, &at); break;
            case 3: multiply_panel(3, &p, &at); break;
            case 2: multiply_panel(2, &p, &at); break;
            default: multiply_panel(1, &p, &at); break;
            }
        }
}
