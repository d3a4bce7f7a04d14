/* Interpolation on the cells of an adaptive slice, from equally spaced values.
 *
 * A cell has nodes 0 … 8 along each axis. Through every other one goes one polynomial of degree 4, of
 * which the values in between tell the error; through all of them go two, on nodes 0 … 4 and 4 … 8, and
 * these are what a cell is drawn by.
 *
 * How that error, e, becomes the estimate: where the loss is smooth, e is within a tenth of the largest
 * error of the one polynomial, since the nodes in between lie near the extremes of Π (x - x_k) (0.90 and
 * 0.99 of them), and the two are 2⁵ times as good. The worst that a kink can do is to lie just inside the
 * cell's end: then all nodes but the last lie on the smooth side, that one is off by δ, e is 0.273 δ
 * (Lagrange's weight of an end node half-way to the next), and what is drawn is off by up to δ just inside
 * the kink. So the estimate is 3e, beyond which such a kink may still be by a fifth (0.273 · 3 = 1/1.22);
 * and 2e where the loss looks smooth, which the polynomial of degree 2 through every fourth node tells by
 * an error of at least 8e. A kink too small to be told beside a smooth rise may be beyond that by
 * 1/(0.273 · 2) = 1.83.
 *
 * Degree 4: Lebesgue constant 2.2 an axis, so values are taken up with their noise about as they are;
 * higher degrees on equal spacing amplify it (11 at degree 8), and other spacings share no nodes when a
 * cell is halved.
 */
#include "analysis/slice/quartic.h"

#include <math.h>

enum { N = BASIN_CELL_NODES, COARSE = 5 };

#define SMOOTH 8.0 /* times better than degree 2, and degree 4 has converged */
#define SAFETY_SMOOTH 2.0
#define SAFETY 3.0

/* Lagrange's weights of the nodes 0 … n - 1 at x. */
static void weights_of(int n, double x, double *w)
{
    for (int k = 0; k < n; k++) {
        w[k] = 1.0;
        for (int m = 0; m < n; m++)
            if (m != k) w[k] *= (x - m) / (k - m);
    }
}

static void weights(double x, double w[COARSE])
{
    weights_of(COARSE, x, w);
}

/* At node (row, column), of the polynomial through every `step`-th node: 2 for degree 4, 4 for degree 2. */
static double coarse_at(const double *v, size_t rows, size_t step, size_t row, size_t column)
{
    const size_t n = (N - 1) / step + 1, m = rows > 1 ? n : 1;
    double       x[COARSE], y[COARSE] = {1.0}, sum = 0.0;

    weights_of((int)n, (double)column / (double)step, x);
    if (rows > 1) weights_of((int)n, (double)row / (double)step, y);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) sum += y[i] * x[j] * v[step * (i * N + j)];
    return sum;
}

/* The largest error of that polynomial at the other nodes; `along` likewise at those that lie on a line of
   its nodes. */
static double largest_error(const double *v, size_t rows, size_t step, double along[2])
{
    double largest = 0.0;

    along[0] = along[1] = 0.0;
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < N; column++) {
            if (row % step == 0 && column % step == 0) continue;
            double error = fabs(coarse_at(v, rows, step, row, column) - v[row * N + column]);
            largest = fmax(largest, error);
            if (row % step == 0) along[0] = fmax(along[0], error);
            if (column % step == 0) along[1] = fmax(along[1], error);
        }
    return largest;
}

double basin_quartic_error(const double *v, size_t rows, double along[2])
{
    double coarser[2], error, safety;

    for (size_t i = 0; i < rows * N; i++)
        if (!isfinite(v[i])) return along[0] = INFINITY, along[1] = rows > 1 ? INFINITY : 0.0, INFINITY;
    error = largest_error(v, rows, 2, along);
    safety = largest_error(v, rows, 4, coarser) >= SMOOTH * error ? SAFETY_SMOOTH : SAFETY;
    along[0] *= safety, along[1] *= safety;
    return safety * error;
}

/* The half of the nodes that x lies in: its first node. */
static size_t half_of(double x)
{
    return x < 4.0 ? 0 : 4;
}

double basin_quartic_at(const double *v, size_t rows, double x, double y)
{
    const size_t column = half_of(x), row = rows > 1 ? half_of(y) : 0;
    double       wx[COARSE], wy[COARSE] = {1.0}, sum = 0.0;

    weights(x - (double)column, wx);
    if (rows > 1) weights(y - (double)row, wy);
    for (size_t i = 0; i < (rows > 1 ? COARSE : 1); i++)
        for (size_t j = 0; j < COARSE; j++) sum += wy[i] * wx[j] * v[(row + i) * N + column + j];
    return sum;
}
