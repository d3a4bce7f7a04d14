#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "core/schema.h"

static void *make(size_t count, size_t size)
{
    void *memory = basin_alloc(count, size);
    assert_non_null(memory);
    return memory;
}

static char *name_of(const char *format, ...) BASIN_PRINTF(1, 2);
static char *name_of(const char *format, ...)
{
    char    text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *copy = basin_strdup(text);
    assert_non_null(copy);
    return copy;
}

static double sharpness_of(const char *method)
{
    return strcmp(method, "sam") == 0 ? 0.45 : strcmp(method, "msam") == 0 ? 0.6 : 1.0;
}

static basin_result *envelope(basin_result_kind kind, void *value, const char *method, const char *command)
{
    basin_provenance *p = NULL;
    basin_result     *result = NULL;

    assert_ok(basin_provenance_create(&p));
    if (strcmp(method, "all") != 0)
        p->training = (basin_training){.method = name_of("%s", method), .seed = 0, .step = 2000};
    p->version = name_of("0.1.0");
    p->argument_count = 3;
    p->arguments = make(3, sizeof *p->arguments);
    p->arguments[0] = name_of("%s", command);
    p->arguments[1] = name_of("runs/%s_0/step_2000.h5", method);
    p->arguments[2] = name_of("--seed 0");
    p->input_count = 2;
    p->inputs = make(2, sizeof *p->inputs);
    p->inputs[0] = (basin_input){.role = BASIN_INPUT_CHECKPOINT,
                                 .path = name_of("runs/%s_0/step_2000.h5", method),
                                 .digest = name_of("00ff00ff00ff00ff")};
    p->inputs[1] = (basin_input){
        .role = BASIN_INPUT_DATA, .path = name_of("digits.h5"), .digest = name_of("3f2a91c07be4d5a8")};
    assert_ok(basin_result_create(kind, value, p, &result));
    return result;
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

basin_result *synthetic_spectrum(const char *method, size_t parameters)
{
    basin_spectrum *s = make(1, sizeof *s);
    basin_random    r = basin_random_start(7, BASIN_STREAM_TEST);
    double          scale = sharpness_of(method);

    s->parameters = s->count = parameters;
    s->samples = 200;
    s->loss = 0.0123;
    s->accuracy = 1;
    s->method = BASIN_SPECTRUM_DENSE;
    s->converged = s->verified = true;
    s->eigenvalues = make(parameters, sizeof(double));
    s->residuals = make(parameters, sizeof(double));
    for (size_t i = 0; i < parameters; i++) {
        double z = basin_random_normal(&r), u = basin_random_uniform(&r);
        s->eigenvalues[i] = i < 10 ? scale * (18 * exp(-0.22 * (double)i) + 0.3 * z)
                                   : (u < 0.25 ? -1 : 1) * scale * 0.05 * exp(1.6 * z - (u < 0.25 ? 1.5 : 0));
        s->residuals[i] = 1e-10;
    }
    qsort(s->eigenvalues, parameters, sizeof(double), descending);
    return envelope(BASIN_RESULT_SPECTRUM, s, method, "spectrum");
}

basin_result *synthetic_ends(const char *method, size_t parameters, size_t top, size_t bottom)
{
    basin_spectrum *s = make(1, sizeof *s);
    double          scale = sharpness_of(method);

    s->parameters = parameters;
    s->count = top + bottom;
    s->top = top, s->bottom = bottom;
    s->samples = 1797;
    s->loss = 0.31;
    s->method = BASIN_SPECTRUM_LANCZOS;
    s->converged = true; /* not verified */
    s->eigenvalues = make(s->count, sizeof(double));
    s->residuals = make(s->count, sizeof(double));
    for (size_t i = 0; i < top; i++) s->eigenvalues[i] = scale * 42 * exp(-0.3 * (double)i);
    for (size_t i = 0; i < bottom; i++) s->eigenvalues[top + i] = -scale * 0.9 * exp(0.35 * (double)i);
    for (size_t i = 0; i < s->count; i++) s->residuals[i] = i % 5 == 4 ? 1.8 * scale : 1e-6;
    return envelope(BASIN_RESULT_SPECTRUM, s, method, "spectrum");
}

/* Of n places the k-th of 1e-6 … 1, logarithmically. */
static double decade_place(size_t k, size_t n)
{
    return pow(10, -6 + 6 * (double)k / (double)(n - 1));
}

static void spread(basin_density *d, double largest)
{
    enum { SIDE = 31 };
    double **per_decade[] = {&d->log_positive, &d->log_positive_lower, &d->log_positive_upper,
                             &d->log_negative, &d->log_negative_lower, &d->log_negative_upper};

    d->count = 2 * SIDE + 1, d->log_count = SIDE;
    d->at = make(d->count, sizeof(double)), d->below = make(d->count, sizeof(double));
    d->lower = make(d->count, sizeof(double)), d->upper = make(d->count, sizeof(double));
    d->log_at = make(d->log_count, sizeof(double));
    for (size_t k = 0; k < 6; k++) *per_decade[k] = make(d->log_count, sizeof(double));
    d->log_width = 0.1;
    for (size_t i = 0; i < d->count; i++) {
        size_t k = i < SIDE ? SIDE - 1 - i : i - SIDE - 1;
        double z = ((double)i - SIDE) / 6, half = 0.2 * exp(-z * z);
        d->at[i] = i == SIDE ? 0 : (i < SIDE ? -1 : 1) * largest * decade_place(k, SIDE);
        d->below[i] = 1 / (1 + exp(-z));
        d->lower[i] = fmax(d->below[i] - half, 0), d->upper[i] = fmin(d->below[i] + half, 1);
    }
    for (size_t k = 0; k < SIDE; k++) {
        double share = 0.3 * exp(-0.15 * (double)k), half = 0.2 * exp(-0.3 * (double)k);
        d->log_at[k] = 2 * largest * decade_place(k, SIDE);
        for (size_t j = 0; j < 6; j++)
            (*per_decade[j])[k] =
                (j < 3 ? 1 : 0.4 * exp(-0.1 * (double)k)) * fmax(share + (j % 3 == 0   ? 0
                                                                          : j % 3 == 1 ? -half
                                                                                       : half),
                                                                 0);
    }
}

basin_result *synthetic_density(const char *method, size_t parameters)
{
    basin_spectrum *s = make(1, sizeof *s);
    double          scale = sharpness_of(method);

    s->parameters = parameters, s->count = s->top = 3;
    s->samples = 1797;
    s->loss = 0.31;
    s->method = BASIN_SPECTRUM_SLQ;
    s->converged = true;
    s->products = 200;
    s->eigenvalues = make(s->count, sizeof(double));
    s->residuals = make(s->count, sizeof(double));
    for (size_t i = 0; i < s->count; i++) s->eigenvalues[i] = scale * 18 * exp(-0.4 * (double)i);
    s->quadrature = (basin_quadrature){.dimension = parameters - 3, .probes = 4, .steps = 40};
    s->quadrature.taken = make(4, sizeof(size_t));
    s->quadrature.alpha = make(160, sizeof(double)), s->quadrature.beta = make(160, sizeof(double));
    spread(&s->density, s->eigenvalues[0]);
    return envelope(BASIN_RESULT_SPECTRUM, s, method, "spectrum");
}

static void axis_of(basin_axis *axis, const char *direction, double norm, size_t count)
{
    basin_direction_spec spec;

    if (basin_direction_parse(direction, &spec) == BASIN_OK) axis->kind = (int)spec.kind;
    axis->direction = name_of("%s", direction);
    axis->definition = name_of("%s direction, norm %g", direction, norm);
    axis->count = count;
    axis->coordinates = make(count, sizeof(double));
    for (size_t j = 0; j < count; j++)
        axis->coordinates[j] = count > 1 ? -1 + 2 * (double)j / (double)(count - 1) : 0;
    axis->norm = norm;
    axis->natural_norm = norm;
    axis->eigenvalue = strncmp(direction, "eigen", 5) == 0 ? 14.2 : NAN;
    axis->residual = NAN;
}

static void surface_of(basin_surface *surface, const char *split, size_t rows, size_t columns)
{
    surface->split = name_of("%s", split);
    surface->samples = strcmp(split, "train") == 0 ? 200 : 899;
    surface->rows = rows, surface->columns = columns;
    surface->loss = make(rows * columns, sizeof(double));
    surface->accuracy = make(rows * columns, sizeof(double));
}

basin_result *synthetic_line(const char *method, const char *direction, double norm, size_t count)
{
    basin_slice *s = make(1, sizeof *s);
    double       curvature = sharpness_of(method) * (strncmp(direction, "eigen", 5) == 0    ? 14.2
                                                     : strncmp(direction, "random", 6) == 0 ? 0.8
                                                                                            : 5);

    s->parameters = 2410;
    s->axis_count = 1;
    s->axes = make(1, sizeof *s->axes);
    axis_of(s->axes, direction, norm, count);
    s->axes->slope = 0.08;
    s->axes->curvature = curvature;
    s->surface_count = 2;
    s->surfaces = make(2, sizeof *s->surfaces);
    s->cosine = NAN;
    for (size_t k = 0; k < 2; k++) {
        basin_surface *surface = &s->surfaces[k];
        surface_of(surface, k == 0 ? "train" : "test", 1, count);
        for (size_t j = 0; j < count; j++) {
            double t = s->axes->coordinates[j] - (k == 1 ? 0.06 : 0), q = 0.08 * t + curvature * t * t / 2;
            surface->loss[j] =
                (k == 0 ? 0.05 : 0.62) + (q > 0 ? 1.3 * log(1 + q / 1.3) : q) + 0.1 * fabs(t) * t;
            surface->accuracy[j] = (k == 0 ? 1.0 : 0.9) / (1 + 0.12 * q * q);
        }
        surface->centre_loss = k == 0 ? 0.05 : 0.62;
        surface->centre_accuracy = k == 0 ? 1.0 : 0.9;
    }
    return envelope(BASIN_RESULT_SLICE, s, method, "slice");
}

basin_result *synthetic_seed(basin_result *line, size_t seed)
{
    basin_slice      *s = line->value;
    basin_provenance *p = line->provenance;

    for (size_t k = 0; k < s->surface_count; k++)
        for (size_t j = 0; j < s->surfaces[k].columns; j++) s->surfaces[k].loss[j] *= 1 + 0.1 * (double)seed;
    basin_free(p->inputs[0].path);
    p->inputs[0].path = name_of("runs/%s_%zu/step_2000.h5", p->training.method, seed);
    p->training.seed = (int64_t)seed;
    return line;
}

basin_result *synthetic_vectors(const char *method, double degrees)
{
    enum { P = 12, TOP = 4 };
    basin_result   *result = synthetic_ends(method, P, TOP, 0);
    basin_spectrum *s = result->value;
    const double    angle = degrees * acos(-1) / 180;

    for (size_t i = 0; i < TOP; i++) s->residuals[i] = 1e-9;
    s->vector_count = TOP;
    s->vector_index = make(TOP, sizeof *s->vector_index);
    s->vectors = make((size_t)TOP * P, sizeof(double));
    for (size_t i = 0; i < TOP; i++) {
        s->vector_index[i] = i;
        s->vectors[i * P + i] = cos(angle), s->vectors[i * P + TOP + i] = sin(angle);
    }
    return result;
}

basin_result *synthetic_plane(const char *method, size_t count)
{
    basin_slice *s = make(1, sizeof *s);
    double       sharp = sharpness_of(method);

    s->parameters = 2410;
    s->axis_count = 2;
    s->axes = make(2, sizeof *s->axes);
    axis_of(&s->axes[0], "momentum", 1, count);
    axis_of(&s->axes[1], "eigen:1", 1, count - 4);
    s->surface_count = 2;
    s->surfaces = make(2, sizeof *s->surfaces);
    s->cosine = 0.12;
    for (size_t k = 0; k < 2; k++) {
        basin_surface *surface = &s->surfaces[k];
        surface_of(surface, k == 0 ? "train" : "test", count - 4, count);
        for (size_t i = 0; i < count - 4; i++) {
            for (size_t j = 0; j < count; j++) {
                double x = s->axes[0].coordinates[j], y = s->axes[1].coordinates[i];
                double q = sharp * (3 * x * x + 9 * y * y + 2 * x * y) + 0.35 * sin(5 * x) * y + 0.1 * x;
                surface->loss[i * count + j] = (k == 0 ? 0.05 : 0.6) + fmax(q, -0.04) + 0.6 * q * q / (1 + q);
                surface->accuracy[i * count + j] = 1 / (1 + 0.2 * fabs(q));
            }
        }
        surface->centre_loss = k == 0 ? 0.05 : 0.6;
        surface->centre_accuracy = 1;
    }
    return envelope(BASIN_RESULT_SLICE, s, method, "slice");
}

basin_result *synthetic_wells(size_t count)
{
    static const double wells[][4] = {/* across, up, depth, width */
                                      {0.5, 0.4, 1.2, 0.3},
                                      {-0.5, -0.2, 0.9, 0.35},
                                      {-0.4, 0.6, 0.5, 0.2},
                                      {0.15, -0.6, 0.42, 0.15}};
    basin_result       *plane = synthetic_plane("gd", count);
    basin_slice        *s = plane->value;

    for (size_t k = 0; k < s->surface_count; k++) {
        for (size_t i = 0; i < s->surfaces[k].rows * count; i++) {
            const double x = s->axes[0].coordinates[i % count], y = s->axes[1].coordinates[i / count];
            double       loss = 1.5 + 0.4 * (x * x + y * y) + 0.04 * sin(40 * x) * sin(37 * y);
            for (size_t w = 0; w < sizeof wells / sizeof *wells; w++) {
                const double dx = (x - wells[w][0]) / wells[w][3], dy = (y - wells[w][1]) / wells[w][3];
                loss -= wells[w][2] * exp(-dx * dx - dy * dy);
            }
            s->surfaces[k].loss[i] = loss;
        }
    }
    return plane;
}

basin_result *synthetic_three(size_t count)
{
    basin_result *plane = synthetic_plane("gd", count);
    basin_slice  *s = plane->value;

    s->cosine = 0.4;
    for (size_t k = 0; k < 2; k++) {
        basin_axis *axis = &s->axes[k];
        basin_free(axis->direction);
        axis->direction = name_of("to:runs/%s_0/step_2000.h5", k == 0 ? "sam" : "msam");
        axis->kind = BASIN_DIRECTION_TO, axis->end_at = 0.75, axis->reached = true;
        axis->norm = axis->natural_norm = k == 0 ? 8 : 6, axis->eigenvalue = NAN;
    }
    return plane;
}

static void path_of(basin_path *path, const char *method, bool joined, size_t count, double bend)
{
    path->name = name_of("runs/%s_0", method);
    path->method = joined ? name_of("%s", method) : NULL;
    path->joined = joined;
    path->count = count;
    path->points = make(count, sizeof *path->points);
    for (size_t i = 0; i < count; i++) {
        const double      t = count > 1 ? 1 - (double)i / (double)(count - 1) : 1;
        basin_path_point *p = &path->points[i];
        p->file = name_of("%s", "step.h5");
        p->step = (int64_t)(40 * i);
        p->across = 0.8 * t, p->up = 0.7 * t * t + bend * t * (1 - t);
        p->distance = 2 * t * (1 - t) + 0.1 * fabs(bend);
        p->loss = 0.05 + 2 * t * t, p->projected = 0.05 + 1.6 * t * t;
    }
}

basin_result *synthetic_paths(size_t count)
{
    basin_result *plane = synthetic_plane("gd", 25);
    basin_slice  *s = plane->value;

    for (size_t k = 0; k < 2; k++) {
        basin_free(s->axes[k].direction);
        s->axes[k].direction = name_of("pca:%s", k == 0 ? "1" : "2");
        s->axes[k].kind = BASIN_DIRECTION_PCA, s->axes[k].explained = k == 0 ? 0.81 : 0.12;
        s->axes[k].eigenvalue = NAN;
    }
    s->path_count = 3;
    s->paths = make(3, sizeof *s->paths);
    path_of(&s->paths[0], "gd", true, count, 0.2);
    path_of(&s->paths[1], "msam", true, count, -1.1);
    path_of(&s->paths[2], "corners", false, 3, 0.6);
    return plane;
}

/* Of quarter k of the plane: (across, up) = (k % 2, k / 2). */
static double error_of(size_t k)
{
    return k == 3 ? 0 : 0.002 * (double)(k + 1);
}

static void split_of(basin_adaptive_split *split, const basin_adaptive *a, const basin_surface *surface)
{
    split->tolerance = 0.007, split->range = 0.7, split->largest_error = 0.006;
    split->points = a->points, split->cells = a->cells;
    split->rows = surface->rows, split->columns = surface->columns;
    split->loss = make(a->points, sizeof(double));
    split->accuracy = make(a->points, sizeof(double));
    split->cell_error = make(a->cells, sizeof(double));
    split->error = make(surface->rows * surface->columns, sizeof(double));
    for (size_t i = 0; i < a->points; i++) split->loss[i] = 0.1 * (double)(i % 7), split->accuracy[i] = 0.5;
    for (size_t k = 0; k < 4; k++) split->cell_error[k] = error_of(k);
    for (size_t i = 0; i < surface->rows * surface->columns; i++)
        split->error[i] = error_of(i % surface->columns / (surface->columns / 2 + 1) +
                                   2 * (i / surface->columns / (surface->rows / 2 + 1)));
}

basin_result *synthetic_adaptive(const char *method, size_t count)
{
    basin_result   *result = synthetic_plane(method, count);
    basin_slice    *s = result->value;
    basin_adaptive *a = make(1, sizeof *a);

    *a = (basin_adaptive){.tolerance = 0.01, .most = 400, .axes = 2, .points = 81, .cells = 4};
    s->adaptive = a, s->adaptive_count = 1;
    a->held_out = 64;
    a->coordinates = make(a->points * 2, sizeof(double));
    for (size_t i = 0; i < a->points; i++) {
        a->coordinates[2 * i] = -1 + 0.25 * (double)(i % 9);
        a->coordinates[2 * i + 1] = -1 + 0.25 * (double)(i / 9);
    }
    a->from = make(a->cells * 2, sizeof(double));
    a->to = make(a->cells * 2, sizeof(double));
    for (size_t i = 0; i < 8; i++) {
        a->from[i] = -1 + (double)(i % 2 == 0 ? i / 2 % 2 : i / 4);
        a->to[i] = a->from[i] + 1;
    }
    a->split_count = s->surface_count;
    a->splits = make(a->split_count, sizeof *a->splits);
    for (size_t k = 0; k < a->split_count; k++) split_of(&a->splits[k], a, &s->surfaces[k]);
    return result;
}

basin_result *synthetic_convexity(const char *method, size_t count)
{
    enum { SIDE = 5 };
    basin_result    *result = synthetic_plane(method, count);
    basin_slice     *s = result->value;
    basin_convexity *c = make(1, sizeof *c);
    double         **maps[] = {&c->largest, &c->largest_residual, &c->smallest, &c->smallest_residual,
                               &c->ratio,   &c->ratio_error};

    s->convexity = c, s->convexity_count = 1;
    c->rows = c->columns = SIDE, c->verified = 24, c->products = 900;
    c->across = make(SIDE, sizeof(double)), c->up = make(SIDE, sizeof(double));
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) *maps[i] = make(SIDE * SIDE, sizeof(double));
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        const double x = -1 + 0.5 * (double)(i % SIDE), y = -1 + 0.5 * (double)(i / SIDE);
        c->across[i % SIDE] = x, c->up[i / SIDE] = y;
        c->largest[i] = 10 + x, c->smallest[i] = -1 - 3 * (x * x + y * y);
        c->ratio[i] = i == 0 ? NAN : -c->smallest[i] / c->largest[i];
        c->ratio_error[i] = i == 0 ? NAN : 0.001;
    }
    return result;
}

basin_result *synthetic_connection(const char *method, basin_connection_curve curve)
{
    enum { POINTS = 31 };
    basin_connection *p = make(1, sizeof *p);

    p->parameters = 2410, p->curve = (int)curve, p->points = POINTS, p->split_count = 2;
    p->from = name_of("%s", "runs/gd_0/step_400.h5"), p->to = name_of("%s", "runs/gd_1/step_400.h5");
    p->distance = 10, p->length = 12, p->end_own = 0.06, p->steps = 200;
    p->learning_rate = 0.1, p->momentum = 0.9, p->trained_from = 1.2, p->trained_to = 0.3;
    p->t = make(POINTS, sizeof(double)), p->moved = make(POINTS, sizeof(double));
    p->splits = make(2, sizeof *p->splits);
    for (size_t k = 0; k < 2; k++) {
        basin_connection_split *s = &p->splits[k];
        s->split = name_of("%s", k == 0 ? "train" : "test");
        s->samples = k == 0 ? 200 : 899, s->points = POINTS;
        s->loss = make(POINTS, sizeof(double)), s->accuracy = make(POINTS, sizeof(double));
        s->barrier = 0.8 * sharpness_of(method), s->barrier_at = 0.5, s->barrier_error = 0.004;
        s->straight = s->straight_at = s->straight_error = NAN;
        if (curve != BASIN_CURVE_LINEAR)
            s->straight = 1.2 * s->barrier, s->straight_at = 0.5, s->straight_error = 0.005;
        for (size_t i = 0; i < POINTS; i++) {
            const double t = (double)i / (POINTS - 1), rise = 4 * t * (1 - t);
            p->t[i] = t, p->moved[i] = 10 * t;
            s->loss[i] = 0.05 + 0.01 * t + 0.5 * (double)k + 0.8 * sharpness_of(method) * rise * rise;
            s->accuracy[i] = 1 - 0.1 * (double)k - 0.4 * rise * rise;
        }
    }
    return envelope(BASIN_RESULT_CONNECTION, p, method, "connection");
}

basin_result *synthetic_band(const char *method, basin_band_by by, size_t lines)
{
    enum { POINTS = 21 };
    basin_band *b = make(1, sizeof *b);
    double    **arrays[] = {&b->coordinates, &b->mean, &b->deviation, &b->lower, &b->upper, &b->whole};

    b->parameters = 2410, b->samples = 200, b->by = (int)by;
    b->split = name_of("%s", "train");
    b->direction = name_of("%s", by == BASIN_BAND_SEED ? "random:1..8" : "momentum");
    b->definition = name_of("%s", "a direction of norm 1");
    b->line_count = lines, b->count = POINTS;
    b->batch_size = by == BASIN_BAND_BATCH ? 32 : 0;
    b->lines = make(lines, sizeof *b->lines);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = make(POINTS, sizeof(double));
    b->loss = make(lines * POINTS, sizeof(double));
    b->accuracy = make(lines * POINTS, sizeof(double));
    for (size_t k = 0; k < lines; k++)
        b->lines[k] = (basin_band_line){.number = k + 1, .samples = 200, .norm = 1, .centre_loss = 0.1};
    for (size_t j = 0; j < POINTS; j++) {
        const double x = -1 + 0.1 * (double)j, middle = 0.1 + sharpness_of(method) * x * x;
        b->coordinates[j] = x;
        for (size_t k = 0; k < lines; k++)
            b->loss[k * POINTS + j] = middle * (1 + 0.3 * sin((double)(k + 1) + 2 * x)),
                                 b->accuracy[k * POINTS + j] = 0.9;
        b->mean[j] = middle, b->deviation[j] = 0.2 * middle;
        b->lower[j] = 0.9 * middle, b->upper[j] = 1.1 * middle;
        b->whole[j] = by == BASIN_BAND_SEED ? NAN : 1.02 * middle;
    }
    return envelope(BASIN_RESULT_BAND, b, method, "band");
}

basin_result *synthetic_sharpness(const char *method)
{
    static const double radii[] = {-0.2, -0.1, -0.05, -0.025, -0.0125, 0, 0.0125, 0.025, 0.05, 0.1, 0.2};
    static const int    directions[] = {BASIN_RISE_SAM,    BASIN_RISE_MSAM,   BASIN_RISE_TOP,
                                        BASIN_RISE_RANDOM, BASIN_RISE_RANDOM, BASIN_RISE_RANDOM};
    enum { RADII = sizeof radii / sizeof *radii, NAMES = sizeof directions / sizeof *directions };
    basin_sharpness *s = make(1, sizeof *s);
    double           sharp = sharpness_of(method);

    s->parameters = 2410, s->samples = 200, s->loss = 0.05, s->gradient_norm = 0.2, s->momentum_norm = 1.4,
    s->momentum_gradient_cosine = 0.3;
    s->momentum_top_cosine2 = 0.25, s->gradient_top_cosine2 = 0.6;
    s->rise_count = RADII * NAMES;
    s->rises = make(s->rise_count, sizeof *s->rises);
    for (size_t m = 0; m < NAMES; m++) {
        for (size_t i = 0; i < RADII; i++) {
            basin_rise *rise = &s->rises[m * RADII + i];
            double      rho = radii[i];
            double      curvature = m == 0   ? 6 * sharp
                                    : m == 1 ? 3 * sharp
                                    : m == 2 ? 8 * sharp
                                             : 0.2 + 0.05 * (double)m;
            *rise = (basin_rise){.direction = directions[m],
                                 .seed = m > 3 ? m - 3 : 0,
                                 .definition = name_of("L(θ + ρ d) − L(θ)"),
                                 .split = name_of("train"),
                                 .rho = rho};
            rise->slope = m == 0 ? 0.2 * rho : m == 1 ? -0.06 * rho : m == 2 ? 0.1 * rho : 0.01 * rho;
            rise->symmetric = curvature * rho * rho;
            rise->value = rise->slope + rise->symmetric;
            rise->loss = s->loss + rise->value;
        }
    }
    return envelope(BASIN_RESULT_SHARPNESS, s, method, "sharpness");
}

basin_result *synthetic_sharpness_table(const char *method)
{
    static const double radii[] = {0.0125, 0.025, 0.05, 0.1, 0.2};
    static const int    measures[] = {BASIN_SHARPNESS_sam, BASIN_SHARPNESS_m_sharpness, BASIN_SHARPNESS_msam,
                                      BASIN_SHARPNESS_worst_l2};
    enum { RADII = sizeof radii / sizeof *radii, NAMES = sizeof measures / sizeof *measures };
    basin_sharpness_table *t = make(1, sizeof *t);
    double                 sharp = sharpness_of(method);

    t->parameters = 2410, t->samples = 200, t->loss = 0.05, t->accuracy = 0.98, t->gradient_norm = 0.2;
    t->split = name_of("train");
    t->row_count = RADII * NAMES + 1;
    t->rows = make(t->row_count, sizeof *t->rows);
    t->rows[RADII * NAMES] = (basin_sharpness_row){.measure = BASIN_SHARPNESS_pac_bayes,
                                                   .rho = NAN,
                                                   .number = BASIN_SHARPNESS_SAMPLED,
                                                   .value = 0.3 / sharp,
                                                   .error = NAN,
                                                   .lower = 0.28 / sharp,
                                                   .upper = 0.33 / sharp};
    for (size_t m = 0; m < NAMES; m++) {
        for (size_t i = 0; i < RADII; i++) {
            basin_sharpness_row *row = &t->rows[m * RADII + i];
            const double         rho = m == 2 ? radii[i] - 0.1 : radii[i];
            const bool           sampled = m == 1;
            *row = (basin_sharpness_row){.measure = measures[m],
                                         .rho = rho,
                                         .number = (int)basin_sharpness_entries[measures[m]].number,
                                         .value = 0.2 * rho + 3 * sharp * rho * rho,
                                         .error = sampled ? 0.1 * rho : (double)NAN};
            row->lower = row->value - 2 * row->error, row->upper = row->value + 2 * row->error;
        }
    }
    t->rows[3].value = NAN; /* a gap */
    t->rows[3].missing = name_of("the loss there is NaN");
    return envelope(BASIN_RESULT_SHARPNESS_TABLE, t, method, "sharpness_table");
}

basin_result *synthetic_gate(const char *method)
{
    static const struct {
        const char *measure;
        bool        at_most;
        double      bound, half, value, lower, upper;
        int         verdict;
    } rows[] = {
        {"lambda_max", true, 20.0, 0.0, 7.8, 7.8, 15.8, BASIN_GATE_WITHIN},
        {"sane", true, 7.3, 0.0, 6.8, 6.3, 7.5, BASIN_GATE_UNDECIDED},
        {"trace", true, 50.0, 2.0, 57.0, 55.0, 59.0, BASIN_GATE_VIOLATED},
        {"test_accuracy", false, 0.8, 0.0, 0.7, 0.7, 0.7, BASIN_GATE_VIOLATED},
        {"worst_l2", true, 0.4, 0.0, 0.3, 0.3, INFINITY, BASIN_GATE_UNDECIDED},
        {"gap", true, 0.0, 0.0, 0.1, 0.1, 0.1, BASIN_GATE_VIOLATED},
    };
    enum { LIMITS = sizeof rows / sizeof *rows };
    basin_gate *g = make(1, sizeof *g);

    g->parameters = 2410, g->samples = 200, g->alpha = 0.05, g->products = 160, g->products_most = 2000;
    g->verdict = BASIN_GATE_VIOLATED;
    g->limit_count = LIMITS;
    g->limits = make(LIMITS, sizeof *g->limits);
    for (size_t i = 0; i < LIMITS; i++) {
        basin_gated *l = &g->limits[i];
        l->limit = name_of(rows[i].measure), l->measure = name_of(rows[i].measure);
        l->at_most = rows[i].at_most;
        l->bound = rows[i].bound;
        l->bound_low = l->bound - rows[i].half, l->bound_high = l->bound + rows[i].half;
        l->answer = (basin_answer){.value = rows[i].value,
                                   .lower = rows[i].lower,
                                   .upper = rows[i].upper,
                                   .verdict = rows[i].verdict};
    }
    return envelope(BASIN_RESULT_GATE, g, method, "gate");
}

/* Layers, neurons and permutations: one measure moves, one stays, one is sampled. */
static basin_invariance_row invariance_row(const char *measure, double rho, int symmetry, double power,
                                           double error)
{
    static const double  factors[] = {0.04, 0.2, 5, 25};
    const bool           permuted = symmetry == BASIN_SYMMETRY_PERMUTATION;
    basin_invariance_row row = {.measure = name_of(measure),
                                .rho = rho,
                                .symmetry = symmetry,
                                .verdict = power != 0 && !permuted ? BASIN_MOVES
                                           : error > 0             ? BASIN_STAYS_OR_MOVES
                                                                   : BASIN_STAYS,
                                .known = -1,
                                .value = 0.5,
                                .error = error,
                                .count = permuted ? 3 : 4};

    row.factors = make(row.count, sizeof(double));
    row.values = make(row.count, sizeof(double));
    row.errors = make(row.count, sizeof(double));
    for (size_t k = 0; k < row.count; k++) {
        row.factors[k] = permuted ? (double)(k + 1) : factors[k];
        row.values[k] = row.value * (permuted ? 1.0 : pow(factors[k], power));
        row.errors[k] = error;
    }
    return row;
}

basin_result *synthetic_invariance(const char *method)
{
    static const int   kinds[] = {BASIN_SYMMETRY_NEURON, BASIN_SYMMETRY_LAYER, BASIN_SYMMETRY_PERMUTATION};
    basin_invariances *v = make(1, sizeof *v);

    v->parameters = 2410, v->samples = 200, v->loss = 0.05;
    v->change_count = 8;
    v->changes = make(8, sizeof *v->changes);
    v->rows = make(9, sizeof *v->rows);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < 4; i++)
            v->changes[4 * k + i] = (basin_change){
                .symmetry = kinds[k], .factor = (const double[]){0.04, 0.2, 5, 25}[i], .outputs = 1e-15};
    for (size_t k = 0; k < 3; k++) {
        v->rows[k] = invariance_row("lambda_max", NAN, kinds[k], k == 0 ? 0.7 : 1.9, 0);
        v->rows[3 + k] = invariance_row("asam_all", 0.5, kinds[k], 0, 0);
        v->rows[6 + k] = invariance_row("average", 0.05, kinds[k], k == 0 ? 0.1 : -1, 0.1);
    }
    v->row_count = 9;
    return envelope(BASIN_RESULT_INVARIANCES, v, method, "invariance");
}

/* An interval of both sides alike. */
static void around(basin_value *v, double half, basin_interval interval)
{
    v->lower = v->value - half, v->upper = v->value + half, v->interval = (int)interval;
}

static void fill_row(basin_row *row, const char *method, int64_t seed, double progress, double eta,
                     basin_random *r)
{
    double sharp = sharpness_of(method), noise = 1 + 0.06 * basin_random_normal(r);
    double start = 1 + 0.04 * sin((double)seed * 2.1);

    basin_row_blank(row);
    row->run = name_of("%s_%d", method, (int)seed);
    row->weights = strcmp(method, "msam") == 0 ? BASIN_WEIGHTS_UNDONE : BASIN_WEIGHTS_UNPERTURBED;
    row->checkpoint = name_of("step_%04d.h5", (int)(2000 * progress));
    row->method = name_of("%s", method);
    row->spectrum_method = BASIN_SPECTRUM_DENSE;
    row->seed = seed;
    row->step = (int64_t)(2000 * progress);
    row->epoch = 2000 * progress;
    row->gradient_evaluations = row->step * (strcmp(method, "sam") == 0 ? 2 : 1);
    row->seconds = 0.01 * (double)row->gradient_evaluations;
    row->learning_rate = eta, row->momentum = 0.9, row->rho = strcmp(method, "gd") == 0 ? NAN : 0.05,
    row->weight_decay = 0;
    row->parameters = 2410, row->samples = row->split_samples = 200, row->test_samples = 899;
    row->train_loss.value = start * noise * (2.3 * exp(-6 * progress) + 0.02 / sharp);
    row->test_loss.value =
        row->train_loss.value + 0.55 * start * sharp * (0.5 + progress) + 0.02 * basin_random_normal(r);
    row->gap.value = row->test_loss.value - row->train_loss.value;
    row->train_accuracy.value = fmin(1, 1 - 0.5 * exp(-6 * progress));
    row->clean_train_loss.value = 0.8 * row->train_loss.value,
    row->clean_gap.value = row->test_loss.value - row->clean_train_loss.value;
    row->test_accuracy.value = 0.86 - 0.04 * sharp + 0.01 * basin_random_normal(r);
    row->gradient_norm.value = 0.1 * noise;
    row->stationarity = (basin_stationarity){
        .verdict = BASIN_DESCENT_NOT_FOUND, .decrement = 0.004, .threshold = 0.01, .products = 5};
    row->lambda_max.value = sharp * start * noise * fmin(0.02 / eta * 190 * (0.15 + progress), 1.9 / eta * 2);
    around(&row->lambda_max, 1e-9, BASIN_INTERVAL_RESIDUAL);
    row->lambda_min.value = -0.4 * noise;
    row->ceiling_plain.value = 3.8 / eta;
    row->ceiling.value = strcmp(method, "sam") == 0  ? 1.1 * row->lambda_max.value
                         : strcmp(method, "gd") == 0 ? row->ceiling_plain.value
                                                     : NAN;
    row->lambda_max_over_ceiling.value = row->lambda_max.value / row->ceiling.value,
    row->lambda_max_over_plain.value = row->lambda_max.value / row->ceiling_plain.value;
    row->sane.value = 4 + 6 * (1 - progress) * noise + 2 * (1 - sharp);
    around(&row->sane, 0, BASIN_INTERVAL_BOUNDS);
    row->n_eff.value = 60 * noise;
    around(&row->n_eff, 0, BASIN_INTERVAL_BOUNDS);
    row->alpha = 0.5, row->trace.value = 300 * sharp * noise, row->negative_mass.value = 0.03;
    row->sharpness_sam.value = (strcmp(method, "gd") == 0 ? 0.023 : 0.057) * noise,
    row->sharpness_msam.value = 0.02 * sharp * noise;
    row->sharpness_sam_symmetric.value = 0.02 * sharp * noise,
    row->sharpness_msam_symmetric.value = 0.01 * sharp * noise, row->sharpness_rho = 0.05;
    row->rise_top.value = 0.00125 * row->lambda_max.value, row->rise_random.value = 0.0002 * sharp * noise;
    around(&row->rise_random, 0.00002, BASIN_INTERVAL_STANDARD_ERROR);
    row->momentum_gradient_cosine.value = 0.4, row->theta_norm.value = 9;
}

/* The same checkpoint after 20 plain gradient steps: where it bounced, the rise along its gradient is
   gone. */
static void polish_row(const basin_row *raw, basin_row *row)
{
    assert_ok(basin_row_copy(raw, row));
    row->point = BASIN_POINT_POLISHED;
    row->polish = (basin_polish){.steps = 20,
                                 .step = 0.1,
                                 .moved = 0.04,
                                 .loss_before = raw->train_loss.value,
                                 .loss_after = 0.97 * raw->train_loss.value,
                                 .gradient_norm_before = raw->gradient_norm.value,
                                 .gradient_norm_after = 0.01};
    row->train_loss.value *= 0.97, row->gradient_norm.value = 0.01, row->lambda_max.value *= 0.96,
                                   row->sane.value *= 1.02, row->sharpness_sam.value *= 0.18;
    row->rise_top.value *= 0.95, row->rise_random.value *= 0.9;
    around(&row->lambda_max, 1e-9, BASIN_INTERVAL_RESIDUAL);
    around(&row->rise_random, 0.00002, BASIN_INTERVAL_STANDARD_ERROR);
}

static void lose_row(basin_row *row)
{
    row->missing = name_of("diverged: NaN in fc1.weight");
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        row->measures[i] = (basin_value){NAN, NAN, NAN, BASIN_INTERVAL_NONE};
}

basin_result *synthetic_track(const char *const *methods, size_t method_count, size_t seeds,
                              size_t checkpoints)
{
    basin_track *t = make(1, sizeof *t);
    basin_random r = basin_random_start(3, BASIN_STREAM_TEST);
    size_t       row = 0;

    t->row_count = method_count * seeds * checkpoints;
    t->rows = make(t->row_count, sizeof *t->rows);
    for (size_t m = 0; m < method_count; m++)
        for (size_t s = 0; s < seeds; s++)
            for (size_t c = 0; c < checkpoints; c++)
                fill_row(&t->rows[row++], methods[m], (int64_t)s, (double)c / (double)(checkpoints - 1), 0.05,
                         &r);
    lose_row(&t->rows[t->row_count - 1]);
    t->missing = 1;
    return envelope(BASIN_RESULT_TRACK, t, "all", "track");
}

basin_result *synthetic_sweep(void)
{
    static const double rates[] = {0.01, 0.02, 0.05, 0.1, 0.2};
    enum { RATES = sizeof rates / sizeof *rates, CHECKPOINTS = 4 };
    basin_track *t = make(1, sizeof *t);
    basin_random r = basin_random_start(4, BASIN_STREAM_TEST);

    t->row_count = RATES * CHECKPOINTS;
    t->rows = make(t->row_count, sizeof *t->rows);
    for (size_t i = 0; i < RATES; i++) {
        for (size_t c = 0; c < CHECKPOINTS; c++) {
            basin_row *row = &t->rows[i * CHECKPOINTS + c];
            fill_row(row, "gd", 0, (double)c / (CHECKPOINTS - 1), rates[i], &r);
            basin_free(row->run);
            row->run = name_of("gd_lr%g", rates[i]);
            if (i + 1 == RATES && c > 0) lose_row(row);
        }
    }
    t->missing = CHECKPOINTS - 1;
    return envelope(BASIN_RESULT_TRACK, t, "gd", "track");
}

basin_result *synthetic_polished_track(size_t seeds, size_t checkpoints)
{
    static const char *const methods[] = {"gd", "sam", "msam"};
    basin_track             *t = make(1, sizeof *t);
    basin_random             r = basin_random_start(6, BASIN_STREAM_TEST);

    t->rows = make(3 * 3 * seeds * checkpoints, sizeof *t->rows);
    for (size_t m = 0; m < 3; m++) {
        for (size_t s = 0; s < seeds; s++) {
            for (size_t c = 0; c < checkpoints; c++) {
                basin_row *row = &t->rows[t->row_count++];
                fill_row(row, methods[m], (int64_t)s, (double)c / (double)(checkpoints - 1), 0.05, &r);
                if (m == 0) continue; /* gd does not hover */
                polish_row(row, &t->rows[t->row_count++]);
                polish_row(row, &t->rows[t->row_count]); /* of half the samples */
                t->rows[t->row_count].part = 1, t->rows[t->row_count++].lambda_max.value = 1e6;
            }
        }
    }
    return envelope(BASIN_RESULT_TRACK, t, "all", "track");
}

/* ------------------------------------------------------------------------------------------ comparison -- */

enum { METHODS = 3, MOST_SEEDS = 16 };

static const char *const compared[] = {"train_loss", "test_accuracy", "clean_gap", "lambda_max",
                                       "sane",       "sharpness_sam", "rise_top",  "rise_random"};

enum { COMPARED = sizeof compared / sizeof *compared };

/* The values of a group, by seed. */
static size_t values_of(const basin_comparison *c, const basin_group *group, int point,
                        const basin_column *measure, double values[MOST_SEEDS])
{
    size_t n = 0;

    for (size_t s = 0; s < group->run_count; s++) {
        const basin_row *raw = &c->rows[group->rows[s]], *row = point == BASIN_POINT_RAW ? raw : NULL;
        for (size_t i = 0; i < c->row_count && row == NULL; i++)
            if (c->rows[i].point == point && c->rows[i].part == 0 && strcmp(c->rows[i].run, raw->run) == 0)
                row = &c->rows[i];
        if (row != NULL) values[n++] = basin_column_value(row, measure);
    }
    return n;
}

static void estimate(basin_comparison *c, const basin_group *group, int point, const basin_column *measure)
{
    basin_estimate *e = &c->estimates[c->estimate_count];
    double          x[MOST_SEEDS], sum = 0, square = 0;
    size_t          n = values_of(c, group, point, measure, x);

    if (n == 0 || (point != BASIN_POINT_RAW && measure->at_raw_only)) return;
    for (size_t i = 0; i < n; i++) sum += x[i];
    for (size_t i = 0; i < n; i++) square += (x[i] - sum / (double)n) * (x[i] - sum / (double)n);
    *e = (basin_estimate){.measure = name_of("%s", measure->name),
                          .group = name_of("%s", group->name),
                          .point = point,
                          .n = n,
                          .mean = sum / (double)n,
                          .sd = n > 1 ? sqrt(square / (double)(n - 1)) : NAN,
                          .sampling_error = NAN,
                          .sampling_bias = NAN};
    double half = basin_student_t975(n - 1) * e->sd / sqrt((double)n);
    e->lower = n > 1 ? fmax(measure->least, e->mean - half) : NAN,
    e->upper = n > 1 ? fmin(measure->most, e->mean + half) : NAN;
    c->estimate_count++;
}

/* At polished points the base is held against at its raw points, since it has no others. */
static void difference(basin_comparison *c, const basin_group *group, int point, const basin_column *measure)
{
    basin_difference *d = &c->differences[c->difference_count];
    double            x[MOST_SEEDS], y[MOST_SEEDS], sum = 0, square = 0;
    size_t            n = values_of(c, group, point, measure, x);
    size_t            pairs = values_of(c, &c->groups[0], BASIN_POINT_RAW, measure, y);
    bool              ratio = measure->ratio;

    if (n == 0 || (point != BASIN_POINT_RAW && measure->at_raw_only)) return;
    pairs = n < pairs ? n : pairs;
    for (size_t i = 0; i < pairs; i++) ratio = ratio && x[i] > 0 && y[i] > 0;
    for (size_t i = 0; i < pairs; i++) x[i] = ratio ? log(x[i] / y[i]) : x[i] - y[i], sum += x[i];
    for (size_t i = 0; i < pairs; i++) square += (x[i] - sum / (double)pairs) * (x[i] - sum / (double)pairs);
    const double mean = sum / (double)pairs;
    const double half =
        pairs > 1 ? basin_student_t975(pairs - 1) * sqrt(square / (double)(pairs * (pairs - 1))) : NAN;
    *d = (basin_difference){.measure = name_of("%s", measure->name),
                            .group = name_of("%s", group->name),
                            .base = name_of("gd"),
                            .family = (int)measure->family,
                            .point = point,
                            .ratio = ratio,
                            .pairs = pairs,
                            .mean = ratio ? exp(mean) : mean,
                            .lower = ratio ? exp(mean - half) : mean - half,
                            .upper = ratio ? exp(mean + half) : mean + half,
                            .p = basin_sign_flip_p(x, pairs),
                            .p_smallest = ldexp(2, -(int)pairs),
                            .paired = true,
                            .losses_unequal = true};
    d->p_family = fmin(1, 2 * d->p),
    d->p_report = measure->family == BASIN_FAMILY_CONDITION ? NAN : fmin(1, 4 * d->p);
    int sign = mean < 0 ? BASIN_VERDICT_LOWER : BASIN_VERDICT_HIGHER;
    d->verdict = 2 * d->p_smallest > 0.05 ? BASIN_VERDICT_TOO_FEW_SEEDS
                 : d->p_family <= 0.05    ? sign
                                          : BASIN_VERDICT_UNDECIDED;
    d->report = 4 * d->p_smallest > 0.05 ? BASIN_VERDICT_TOO_FEW_SEEDS
                : d->p_report <= 0.05    ? sign
                                         : BASIN_VERDICT_UNDECIDED;
    c->difference_count++;
}

static void make_groups(basin_comparison *c, size_t seeds, bool polished)
{
    static const char *const methods[] = {"gd", "sam", "msam"};
    basin_random             r = basin_random_start(5, BASIN_STREAM_TEST);

    c->rows = make(2 * METHODS * seeds, sizeof *c->rows);
    c->groups = make(METHODS, sizeof *c->groups);
    for (size_t g = 0; g < METHODS; g++) {
        basin_group *group = &c->groups[c->group_count++];
        *group = (basin_group){.name = name_of("%s", methods[g]),
                               .method = name_of("%s", methods[g]),
                               .run_count = seeds,
                               .rows = make(seeds, sizeof *group->rows)};
        group->gradient_evaluations = g == 1 ? 4000 : 2000, group->seconds = g == 1 ? 40 : 20;
        for (size_t s = 0; s < seeds; s++) {
            group->rows[s] = c->row_count;
            fill_row(&c->rows[c->row_count++], methods[g], (int64_t)s, 1, 0.05, &r);
        }
    }
    /* sam and msam */
    for (size_t i = seeds; i < METHODS * seeds && polished; i++)
        polish_row(&c->rows[i], &c->rows[c->row_count++]);
}

/* By what the losses are told to be: nothing is judged here. */
static void conclude(basin_comparison *c)
{
    c->conclusions = make(METHODS - 1, sizeof *c->conclusions);
    for (size_t g = 1; g < c->group_count; g++)
        c->conclusions[c->conclusion_count++] =
            (basin_conclusion){.group = name_of("%s", c->groups[g].name),
                               .base = name_of("gd"),
                               .kind = BASIN_CONCLUSION_INCONCLUSIVE,
                               .reason = name_of("the training losses are unequal"),
                               .change = name_of("a comparison at equal training loss")};
}

static basin_result *comparison_of(size_t seeds, bool polished)
{
    basin_comparison *c = make(1, sizeof *c);

    make_groups(c, seeds, polished);
    c->estimates = make(METHODS * COMPARED * BASIN_POINTS, sizeof *c->estimates);
    c->differences = make(METHODS * COMPARED * BASIN_POINTS, sizeof *c->differences);
    for (size_t m = 0; m < COMPARED; m++) {
        for (size_t g = 0; g < METHODS; g++) {
            for (int point = 0; point < (polished ? 2 : 1); point++) {
                estimate(c, &c->groups[g], point, basin_column_find(compared[m]));
                if (g > 0) difference(c, &c->groups[g], point, basin_column_find(compared[m]));
            }
        }
    }
    c->base = name_of("gd");
    c->step = 2000, c->at_loss = NAN, c->level = 0.05, c->report_pairs = 2;
    c->losses_unequal = true;
    conclude(c);
    c->losses_note = name_of("sam 0.044 against gd 0.02: unequal (relative difference 0.55, tolerance 0.1)");
    return envelope(BASIN_RESULT_COMPARISON, c, "all", "compare");
}

basin_result *synthetic_comparison(size_t seeds)
{
    return comparison_of(seeds, false);
}

static void regroup(basin_comparison *c, size_t g, const char *name, const char *method, double value)
{
    basin_group *group = &c->groups[g];

    for (size_t e = 0; e < c->estimate_count; e++) {
        if (strcmp(c->estimates[e].group, group->name) != 0) continue;
        basin_free(c->estimates[e].group);
        c->estimates[e].group = name_of("%s", name);
    }
    basin_free(group->name), basin_free(group->method);
    group->name = name_of("%s", name), group->method = name_of("%s", method), group->value = value;
}

basin_result *synthetic_settings(size_t seeds)
{
    static const char *const measures[] = {"lambda_max", "sane"};
    basin_result            *result = synthetic_comparison(seeds);
    basin_comparison        *c = result->value;

    regroup(c, 0, "sam, rho 0.5", "sam", 0.5);
    regroup(c, 1, "sam, rho 0.05", "sam", 0.05);
    regroup(c, 2, "msam, rho 0.05", "msam", 0.05);
    c->by = name_of("rho");
    c->correlations = make(2, sizeof *c->correlations);
    for (size_t i = 0; i < 2; i++)
        c->correlations[c->correlation_count++] = (basin_correlation){.measure = name_of("%s", measures[i]),
                                                                      .against = name_of("gap"),
                                                                      .over = name_of("all"),
                                                                      .runs = METHODS * seeds,
                                                                      .groups = 1,
                                                                      .units = seeds,
                                                                      .by_seed = true,
                                                                      .tau = 0.5 - 0.7 * (double)i,
                                                                      .lower = 0.25 - (double)i,
                                                                      .upper = 0.75};
    return result;
}

basin_result *synthetic_polished_comparison(size_t seeds)
{
    return comparison_of(seeds, true);
}

basin_result *synthetic_blocks(const char *method, size_t count)
{
    basin_blocks *b = make(1, sizeof *b);
    basin_random  r = basin_random_start(9, BASIN_STREAM_TEST);
    double        within = 0;

    b->samples = 1797, b->loss = 0.0123, b->count = count;
    b->blocks = make(count, sizeof *b->blocks);
    for (size_t i = 0; i < count; i++) {
        basin_diagonal_block *d = &b->blocks[i];
        const double          size = sharpness_of(method) * exp(basin_random_normal(&r));
        d->name = name_of("layer%zu.conv%zu", 1 + i / 2, 1 + i % 2);
        d->parameters = 100 * (i + 1), b->parameters += d->parameters;
        d->trace = i % 5 == 4 ? -2 * size : 20 * size;
        d->trace_error = i % 3 == 0 ? 3 * size : 0;
        d->frobenius2 = size * size, d->rows2 = d->frobenius2 * (1.2 + 2 * basin_random_uniform(&r));
        d->rows2_error = i % 3 == 0 ? 0.2 * d->rows2 : 0;
        within += d->frobenius2, b->frobenius2 += d->rows2, b->trace += d->trace;
    }
    b->left_out = 1 - within / b->frobenius2;
    return envelope(BASIN_RESULT_BLOCKS, b, method, "blocks");
}

static basin_mean mean_about(double mean, double deviation, size_t count)
{
    const double half = 2 * deviation / sqrt((double)count);

    return (basin_mean){.count = count,
                        .mean = mean,
                        .lower = mean - half,
                        .upper = mean + half,
                        .deviation = deviation,
                        .least = mean - 2 * deviation,
                        .median = mean,
                        .most = mean + 2 * deviation};
}

basin_result *synthetic_batches(const char *method, size_t count, bool spectra)
{
    basin_batches *b = make(1, sizeof *b);
    basin_random   r = basin_random_start(11, BASIN_STREAM_TEST);
    const double   scale = sharpness_of(method), none = spectra ? 0 : NAN;

    *b = (basin_batches){.parameters = 2410, .samples = 1797, .batch_size = 64, .count = count};
    b->loss = 0.0123, b->learning_rate = 0.05, b->beta = 0.9;
    b->ceiling = 40, b->ceiling_small = 4, b->ceiling_large = 76;
    b->whole_lambda_max = 21 * scale, b->whole_verified = true, b->verified = count - 1;
    b->rows = make(count, sizeof *b->rows);
    for (size_t i = 0; i < count; i++) {
        b->rows[i] = (basin_batch_row){.loss = 0.01,
                                       .gradient_norm = i == 1 ? 0 : 1,
                                       .lambda_max = scale * (30 + 4 * basin_random_normal(&r)),
                                       .verified = i > 0,
                                       .trace = none + scale * (160 + 20 * basin_random_normal(&r)),
                                       .sane = none + 9 + basin_random_normal(&r),
                                       .sharpness = scale * (18 + 3 * basin_random_normal(&r)),
                                       .momentum = scale * (6 + basin_random_normal(&r))};
        if (i == 1) b->rows[i].sharpness = NAN, b->without_gradient = 1;
    }
    b->lambda_max = mean_about(30 * scale, 4 * scale, count);
    b->sharpness = mean_about(18 * scale, 3 * scale, count - 1);
    b->momentum = mean_about(6 * scale, scale, count);
    b->trace = mean_about(none + 160 * scale, 20 * scale, count);
    b->sane = mean_about(none + 9, 1, count);
    return envelope(BASIN_RESULT_BATCHES, b, method, "batches");
}

/* ------------------------------------------------------------------------------------- for each figure -- */

static basin_result *slice_figured(const char *figure)
{
    if (strcmp(figure, "lines") == 0) return synthetic_line("gd", "eigen:1", 1, 21);
    if (strcmp(figure, "paths") == 0) return synthetic_paths(5);
    if (strcmp(figure, "convexity") == 0) return synthetic_convexity("gd", 15);
    if (strcmp(figure, "error") == 0) return synthetic_adaptive("gd", 15);
    if (strcmp(figure, "topology") == 0) return synthetic_wells(25);
    return synthetic_plane("gd", 15);
}

static basin_result *one_figured(basin_result_kind kind, const char *figure)
{
    static const char *const methods[] = {"gd", "sam", "msam"};

    switch (kind) {
    case BASIN_RESULT_SPECTRUM:
        return strcmp(figure, "density") == 0 ? synthetic_density("gd", 5000) : synthetic_spectrum("gd", 60);
    case BASIN_RESULT_SLICE: return slice_figured(figure);
    case BASIN_RESULT_BAND: return synthetic_band("gd", BASIN_BAND_BATCH, 8);
    case BASIN_RESULT_CONNECTION: return synthetic_connection("gd", BASIN_CURVE_BEZIER);
    case BASIN_RESULT_SHARPNESS: return synthetic_sharpness("gd");
    case BASIN_RESULT_INVARIANCES: return synthetic_invariance("gd");
    case BASIN_RESULT_SHARPNESS_TABLE: return synthetic_sharpness_table("gd");
    case BASIN_RESULT_TRACK:
        return strcmp(figure, "sweep") == 0 ? synthetic_sweep() : synthetic_track(methods, 3, 1, 5);
    case BASIN_RESULT_COMPARISON:
        return strcmp(figure, "setting") == 0 || strcmp(figure, "correlation") == 0 ? synthetic_settings(4)
                                                                                    : synthetic_comparison(4);
    case BASIN_RESULT_BLOCKS: return synthetic_blocks("gd", 7);
    case BASIN_RESULT_GATE: return synthetic_gate("gd");
    case BASIN_RESULT_BATCHES: return synthetic_batches("gd", 30, true);
    default: fail_msg("no result for figure %s", figure);
    }
    return NULL;
}

size_t synthetic_figured(basin_result_kind kind, const char *figure, basin_result *out[SYNTHETIC_MOST])
{
    static const char *const methods[] = {"gd", "sam"};
    size_t                   n = 0;

    if (strcmp(figure, "strip") == 0) {
        for (size_t m = 0; m < 2; m++) out[n++] = synthetic_plane(methods[m], 15);
        out[n++] = synthetic_line("sam", "eigen:1", 1, 21);
        out[n++] = synthetic_density("gd", 5000);
    } else if (strcmp(figure, "seeds") == 0) {
        for (size_t m = 0; m < 2; m++)
            for (size_t seed = 0; seed < 3; seed++)
                out[n++] = synthetic_seed(synthetic_line(methods[m], "eigen:1", 1, 21), seed);
    } else if (strcmp(figure, "overlap") == 0) {
        for (; n < 3; n++) out[n] = synthetic_vectors("gd", 35 * (double)n);
    } else {
        out[n++] = one_figured(kind, figure);
    }
    return n;
}
