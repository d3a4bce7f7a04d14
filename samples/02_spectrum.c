/* Shows: curvature at one point three ways. One product H·v, the full spectrum with SANE and N_eff, and the
 * extreme pairs by Lanczos, which must agree with the full spectrum within their own error bars. Build: make
 * build/samples/02_spectrum Run: build/samples/02_spectrum FOLDER (writes nothing; reads samples/digits.h5)
 */
#include <math.h>
#include <stdio.h>

#include "basin.h"

#define TRY(call)                                                        \
    do {                                                                 \
        if ((call) != BASIN_OK) {                                        \
            fprintf(stderr, "02_spectrum: %s\n", basin_error_message()); \
            goto done;                                                   \
        }                                                                \
    } while (0)

/* The top pair found by Lanczos is an eigenpair of H: H q is lambda q, up to the residual that it reports. */
static int check_pair(basin_point *point, const basin_spectrum *s)
{
    int           status = 1;
    double       *hq = basin_alloc(s->parameters, sizeof *hq), error = 0;
    const double *q = s->vectors; /* [vector_count, P]; the first row belongs to the largest eigenvalue */

    if (hq == NULL) goto done;
    TRY(basin_point_product(point, q, 1, hq));
    for (size_t i = 0; i < s->parameters; i++) error = hypot(error, hq[i] - s->eigenvalues[0] * q[i]);
    printf("|H q - lambda q| = %.2g, reported %.2g\n", error, s->residuals[0]);
    status = error <= 2 * s->residuals[0] + 1e-12 * s->eigenvalues[0] ? 0 : 1;
done:
    basin_free(hq);
    return status;
}

int main(void)
{
    int              status = 1;
    basin_graph     *graph = NULL;
    basin_dataset   *data = NULL;
    basin_objective *objective = NULL;
    basin_loss_spec  loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY};
    double          *theta = NULL;
    basin_point     *point = NULL; /* its gradient and frozen Hessian serve all three */
    basin_spectrum  *full = NULL, *extreme = NULL;
    basin_sane      *sane = NULL;

    TRY(basin_initialise());
    TRY(basin_graph_mlp((const size_t[]){64, 8, 10}, 3, "Tanh", &graph));
    TRY(basin_dataset_read("samples/digits.h5", NULL, &data));
    TRY(basin_network_objective(graph, &loss, data, &(basin_network_options){.samples = 300, .seed = 1},
                                &objective));
    if ((theta = basin_alloc(basin_objective_size(objective), sizeof *theta)) == NULL) goto done;
    TRY(basin_train_initialise(basin_objective_params(objective), 1, theta));
    TRY(basin_train(
        objective, theta,
        &(basin_train_options){.method = BASIN_GD, .learning_rate = 0.2, .momentum = 0.9, .steps = 100}));

    TRY(basin_point_create(objective, theta, NULL, &point));
    TRY(basin_spectrum_compute(point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &full));
    TRY(basin_sane_compute(full, NULL, &sane));
    TRY(basin_spectrum_compute(
        point,
        &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS, .top = 5, .bottom = 2, .vectors = true},
        &extreme));
    printf("P = %zu: lambda_max %.8g, lambda_min %.3g, trace %.6g, SANE %.6g, N_eff %.6g (alpha %g)\n",
           full->parameters, full->eigenvalues[0], full->eigenvalues[full->count - 1], full->trace,
           sane->value, sane->n_eff, sane->alpha);
    for (size_t i = 0; i < extreme->top; i++) {
        double gap = fabs(extreme->eigenvalues[i] - full->eigenvalues[i]);
        double allowed = extreme->residuals[i] + full->residuals[i];
        printf("lambda_%zu: Lanczos %.10g ± %.1g, dense %.10g\n", i + 1, extreme->eigenvalues[i],
               extreme->residuals[i], full->eigenvalues[i]);
        if (!(gap <= allowed)) goto done;
    }
    status = check_pair(point, extreme);
done:
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&extreme);
    basin_spectrum_destroy(&full);
    basin_point_destroy(&point);
    basin_free(theta);
    basin_objective_destroy(&objective);
    basin_dataset_destroy(&data);
    basin_graph_destroy(&graph);
    return status;
}
