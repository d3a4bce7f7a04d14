/* How much of gradient and momentum lies in the span of the top k eigenvectors: ‖P x‖²/‖x‖², P the projection
 * onto it (G. Gur-Ari, D. Roberts & E. Dyer, arXiv:1812.04754). Where the span is off by an angle of sine s,
 * ‖P x‖/‖x‖ is off by at most s, which are the ends. That most of the gradient lies there does not mean that
 * training happens there: steps confined to it do not lower the loss (M. Song, K. Ahn & C. Yun,
 * arXiv:2405.16002).
 *
 * By layer: ‖P x‖² = Σ_l x_lᵀ(P x)_l over the layers l, so each has its part of the energy, which may be
 * slightly negative, and they sum up to the whole.
 */
#include <math.h>
#include <string.h>

#include "analysis/measure/measuring.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"

static basin_status energy_of(basin_measuring *m, const double *x, basin_value *out)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *spectrum = NULL;

    BASIN_TRY(basin_measuring_spectrum(m, &spectrum)); /* and the eigenspace */
    basin_eigenspace_energy(m->space, x, NULL, &out->value, &out->lower, &out->upper);
    out->interval = isnan(out->value) ? BASIN_INTERVAL_NONE : BASIN_INTERVAL_BOUNDS;
done:
    return st;
}

basin_status basin_measure_gradient_top_energy(basin_measuring *m, basin_value *out)
{
    basin_status  st = BASIN_OK;
    const double *g;

    BASIN_TRY(basin_point_bare_gradient(m->point, NULL, &g));
    BASIN_TRY(energy_of(m, g, out));
done:
    return st;
}

basin_status basin_measure_momentum_top_energy(basin_measuring *m, basin_value *out)
{
    return energy_of(m, m->momentum, out);
}

/* ------------------------------------------------------------------------------------------- by layer -- */

/* of[block]: which of the *count layers it belongs to, in the order of their first blocks. */
static void number_layers(const basin_params *params, size_t *of, size_t *count)
{
    *count = 0;
    for (size_t b = 0; b < params->count; b++) {
        size_t earlier = 0;
        while (earlier < b && params->blocks[earlier].layer != params->blocks[b].layer) earlier++;
        of[b] = earlier < b ? of[earlier] : (*count)++;
    }
}

/* «layer1.conv1» of «layer1.conv1.weight». */
static char *layer_name(const char *tensor)
{
    const char *dot = strrchr(tensor, '.');

    return basin_format("%.*s", dot != NULL ? (int)(dot - tensor) : (int)strlen(tensor), tensor);
}

static basin_status name_layers(const basin_params *params, const size_t *of, basin_layer *layers)
{
    basin_status st = BASIN_OK;

    for (size_t b = 0; b < params->count; b++) {
        if (layers[of[b]].name != NULL) continue;
        layers[of[b]].name = layer_name(params->blocks[b].name);
        BASIN_CHECK(layers[of[b]].name != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    }
done:
    return st;
}

/* Shares and energies [count] of x, NAN where it is NULL or 0; p [P] is room for P x. */
static void divide(const basin_measuring *m, const double *x, const size_t *of, size_t count, double *p,
                   double *share, double *energy)
{
    const basin_params *params = basin_objective_params(m->point->objective);
    const double        norm = x != NULL ? basin_norm(x, m->point->size) : 0.0;
    double              whole, lower, upper;

    for (size_t i = 0; i < count; i++) share[i] = energy[i] = norm > 0.0 ? 0.0 : (double)NAN;
    if (!(norm > 0.0)) return;
    basin_eigenspace_energy(m->space, x, p, &whole, &lower, &upper);
    for (size_t b = 0; b < params->count; b++) {
        const size_t at = params->blocks[b].offset, size = params->blocks[b].size;
        share[of[b]] += basin_dot(x + at, x + at, size) / norm / norm;
        energy[of[b]] += basin_dot(x + at, p + at, size) / norm / norm;
    }
}

void basin_layers_clear(basin_layers *l)
{
    for (size_t i = 0; l->layers != NULL && i < l->count; i++) basin_free(l->layers[i].name);
    basin_free(l->layers);
    *l = (basin_layers){0};
}

static basin_status fill(const basin_measuring *m, const double *g, const size_t *of, basin_layers *l)
{
    basin_status st = BASIN_OK;
    const size_t n = l->count;
    double      *p = NULL, *parts = NULL; /* [4, n] */

    BASIN_ALLOC(p, m->point->size, "a projection");
    BASIN_ALLOC(parts, 4 * n, "layers");
    divide(m, g, of, n, p, parts, parts + n);
    divide(m, m->momentum, of, n, p, parts + 2 * n, parts + 3 * n);
    for (size_t i = 0; i < n; i++)
        l->layers[i].gradient = parts[i], l->layers[i].gradient_energy = parts[n + i],
        l->layers[i].momentum = parts[2 * n + i], l->layers[i].momentum_energy = parts[3 * n + i];
done:
    basin_free(p);
    basin_free(parts);
    return st;
}

basin_status basin_measuring_layers(basin_measuring *m, basin_layers *out)
{
    basin_status        st = BASIN_OK;
    const basin_params *params = basin_objective_params(m->point->objective);
    const double       *g;
    size_t             *of = NULL;
    basin_layers        layers = {0};

    if (m->space == NULL || params == NULL) goto done;
    BASIN_TRY(basin_point_bare_gradient(m->point, NULL, &g));
    BASIN_ALLOC(of, params->count, "layers");
    number_layers(params, of, &layers.count);
    BASIN_ALLOC(layers.layers, layers.count, "layers");
    BASIN_TRY(name_layers(params, of, layers.layers));
    BASIN_TRY(fill(m, g, of, &layers));
    *out = layers, layers = (basin_layers){0};
done:
    basin_free(of);
    basin_layers_clear(&layers);
    return st;
}
