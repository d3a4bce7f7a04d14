/* Shows: any function can be the objective. Two callbacks, the loss and its gradient, are enough; products
 * with H then come from differences of the gradient, and every result says so. The function is a quadratic in
 * 40 dimensions whose eigenvalues are 1, 2, …, 40, so that everything is known. Build: make
 * build/samples/03_own_objective Run: build/samples/03_own_objective FOLDER (writes nothing)
 */
#include <math.h>
#include <stdio.h>

#include "basin.h"

enum { SIZE = 40 };

/* L = 1/2 sum_i lambda_i theta_i^2 + 1 with lambda_i = i + 1 */
static basin_status my_loss(void *ctx, const basin_samples *samples, const double *theta, basin_loss *out)
{
    double sum = 1;

    (void)ctx, (void)samples;
    for (int i = 0; i < SIZE; i++) sum += 0.5 * (i + 1) * theta[i] * theta[i];
    *out = (basin_loss){.sum = sum, .weight = 1};
    return BASIN_OK;
}

static basin_status my_gradient(void *ctx, const basin_samples *samples, const double *theta, basin_loss *out,
                                double *g)
{
    for (int i = 0; i < SIZE; i++) g[i] = (i + 1) * theta[i];
    return my_loss(ctx, samples, theta, out);
}

int main(void)
{
    int                               status = 1;
    static const basin_objective_type type = {
        .name = "my quadratic", .loss = my_loss, .gradient = my_gradient};
    basin_objective *objective = NULL;
    basin_point     *point = NULL;
    basin_spectrum  *spectrum = NULL;
    basin_sane      *sane = NULL;
    basin_direction *top = NULL;
    basin_slice     *slice = NULL;
    double           theta[SIZE] = {0}, expected = 0;

    theta[0] = 0.5;
    if (basin_initialise() != BASIN_OK ||
        basin_objective_create(&type, NULL, &(basin_objective_facts){.size = SIZE, .samples = 1},
                               &objective) != BASIN_OK ||
        basin_point_create(objective, theta, NULL, &point) != BASIN_OK ||
        basin_spectrum_compute(point, NULL, &spectrum) != BASIN_OK ||
        basin_sane_compute(spectrum, NULL, &sane) != BASIN_OK ||
        basin_direction_eigen(point, 1, NULL, &top) != BASIN_OK ||
        basin_slice_compute(&(basin_slice_request){.point = point,
                                                   .splits = {"all"},
                                                   .axis_count = 1,
                                                   .directions = {top},
                                                   .from = {-1},
                                                   .to = {1},
                                                   .grid = {5}},
                            &slice) != BASIN_OK) {
        fprintf(stderr, "03_own_objective: %s\n", basin_error_message());
        goto done;
    }
    for (int i = 1; i <= SIZE; i++) expected += i / (i + 0.5 * SIZE); /* SANE with kappa = 0.5 */
    printf("%s products: lambda_max %.9g (40), SANE %.9g (%.9g)\n",
           spectrum->approximate ? "approximate" : "exact", spectrum->eigenvalues[0], sane->value, expected);
    printf("slice along eigen:1:");
    for (int i = 0; i < 5; i++) printf(" %.6g", slice->surfaces[0].loss[i]);
    printf("  (1.125 + 20 s^2)\n");
    status = spectrum->approximate && fabs(spectrum->eigenvalues[0] - SIZE) < 1e-6 &&
                     fabs(sane->value - expected) < 1e-6 && fabs(slice->surfaces[0].loss[0] - 21.125) < 1e-5
                 ? 0
                 : 1;
done:
    basin_slice_destroy(&slice);
    basin_direction_destroy(&top);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&spectrum);
    basin_point_destroy(&point);
    basin_objective_destroy(&objective);
    return status;
}
