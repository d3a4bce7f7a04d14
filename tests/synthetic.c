#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

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
    basin_provenance *p = make(1, sizeof *p);
    basin_result     *result = NULL;

    p->version = name_of("0.1.0");
    p->argument_count = 3;
    p->arguments = make(3, sizeof *p->arguments);
    p->arguments[0] = name_of("%s", command);
    p->arguments[1] = name_of("runs/%s_0/step_2000.h5", method);
    p->arguments[2] = name_of("--seed 0");
    p->input_count = 2;
    p->inputs = make(2, sizeof *p->inputs);
    p->inputs[0] =
        (basin_input){.role = name_of("checkpoint"), .path = name_of("runs/%s_0/step_2000.h5", method), .digest = name_of("00ff00ff00ff00ff")};
    p->inputs[1] = (basin_input){.role = name_of("data"), .path = name_of("digits.h5"), .digest = name_of("3f2a91c07be4d5a8")};
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
    s->operator_name = name_of("hessian");
    s->method = name_of("dense");
    s->converged = s->verified = true;
    s->eigenvalues = make(parameters, sizeof(double));
    s->residuals = make(parameters, sizeof(double));
    for (size_t i = 0; i < parameters; i++) {
        double z = basin_random_normal(&r), u = basin_random_uniform(&r);
        s->eigenvalues[i] =
            i < 10 ? scale * (18 * exp(-0.22 * (double)i) + 0.3 * z) : (u < 0.25 ? -1 : 1) * scale * 0.05 * exp(1.6 * z - (u < 0.25 ? 1.5 : 0));
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
    s->operator_name = name_of("hessian");
    s->method = name_of("lanczos");
    s->converged = true; /* not verified */
    s->eigenvalues = make(s->count, sizeof(double));
    s->residuals = make(s->count, sizeof(double));
    for (size_t i = 0; i < top; i++) s->eigenvalues[i] = scale * 42 * exp(-0.3 * (double)i);
    for (size_t i = 0; i < bottom; i++) s->eigenvalues[top + i] = -scale * 0.9 * exp(0.35 * (double)i);
    for (size_t i = 0; i < s->count; i++) s->residuals[i] = i % 5 == 4 ? 1.8 * scale : 1e-6;
    return envelope(BASIN_RESULT_SPECTRUM, s, method, "spectrum");
}

static void axis_of(basin_axis *axis, const char *direction, double norm, size_t count)
{
    axis->direction = name_of("%s", direction);
    axis->definition = name_of("%s direction, norm %g", direction, norm);
    axis->count = count;
    axis->coordinates = make(count, sizeof(double));
    for (size_t j = 0; j < count; j++) axis->coordinates[j] = count > 1 ? -1 + 2 * (double)j / (double)(count - 1) : 0;
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
    double       curvature = sharpness_of(method) * (strncmp(direction, "eigen", 5) == 0 ? 14.2 : strncmp(direction, "random", 6) == 0 ? 0.8 : 5);

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
            surface->loss[j] = (k == 0 ? 0.05 : 0.62) + (q > 0 ? 1.3 * log(1 + q / 1.3) : q) + 0.1 * fabs(t) * t;
            surface->accuracy[j] = (k == 0 ? 1.0 : 0.9) / (1 + 0.12 * q * q);
        }
        surface->centre_loss = k == 0 ? 0.05 : 0.62;
        surface->centre_accuracy = k == 0 ? 1.0 : 0.9;
    }
    return envelope(BASIN_RESULT_SLICE, s, method, "slice");
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

basin_result *synthetic_sharpness(const char *method)
{
    static const double      radii[] = {-0.2, -0.1, -0.05, -0.025, -0.0125, 0, 0.0125, 0.025, 0.05, 0.1, 0.2};
    static const char *const measures[] = {"sam", "msam", "random:0", "random:1", "random:2"};
    enum { RADII = sizeof radii / sizeof *radii, MEASURES = sizeof measures / sizeof *measures };
    basin_sharpness *s = make(1, sizeof *s);
    double           sharp = sharpness_of(method);

    s->parameters = 2410, s->samples = 200, s->loss = 0.05, s->gradient_norm = 0.2, s->momentum_norm = 1.4, s->momentum_gradient_cosine = 0.3;
    s->measure_count = RADII * MEASURES;
    s->measures = make(s->measure_count, sizeof *s->measures);
    for (size_t m = 0; m < MEASURES; m++) {
        for (size_t i = 0; i < RADII; i++) {
            basin_measure *measure = &s->measures[m * RADII + i];
            double         rho = radii[i];
            *measure = (basin_measure){
                .name = name_of("%s", measures[m]), .definition = name_of("L(θ + ρ d) − L(θ)"), .split = name_of("train"), .rho = rho};
            measure->value = m == 0   ? 0.2 * rho + 6 * sharp * rho * rho
                             : m == 1 ? -0.06 * rho + 3 * sharp * rho * rho
                                      : (0.2 + 0.05 * (double)m) * rho * rho;
            measure->loss = s->loss + measure->value;
        }
    }
    return envelope(BASIN_RESULT_SHARPNESS, s, method, "sharpness");
}

static void fill_row(basin_measures *row, const char *method, int64_t seed, double progress, double eta, basin_random *r)
{
    double sharp = sharpness_of(method), noise = 1 + 0.06 * basin_random_normal(r), start = 1 + 0.04 * sin((double)seed * 2.1);

    row->run = name_of("%s_%d", method, (int)seed);
    row->checkpoint = name_of("step_%04d.h5", (int)(2000 * progress));
    row->method = name_of("%s", method);
    row->spectrum_method = name_of("dense");
    row->seed = seed;
    row->step = (int64_t)(2000 * progress);
    row->epoch = 2000 * progress;
    row->gradient_evaluations = row->step * (strcmp(method, "sam") == 0 ? 2 : 1);
    row->seconds = 0.01 * (double)row->gradient_evaluations;
    row->learning_rate = eta, row->momentum = 0.9, row->rho = strcmp(method, "gd") == 0 ? NAN : 0.05, row->weight_decay = 0;
    row->parameters = 2410, row->samples = 200;
    row->train_loss = start * noise * (2.3 * exp(-6 * progress) + 0.02 / sharp);
    row->test_loss = row->train_loss + 0.55 * start * sharp * (0.5 + progress) + 0.02 * basin_random_normal(r);
    row->gap = row->test_loss - row->train_loss;
    row->train_accuracy = fmin(1, 1 - 0.5 * exp(-6 * progress));
    row->test_accuracy = 0.86 - 0.04 * sharp + 0.01 * basin_random_normal(r);
    row->gradient_norm = 0.1 * noise, row->decrease = 0.001, row->stationary = true;
    row->lambda_max = sharp * start * noise * fmin(0.02 / eta * 190 * (0.15 + progress), 1.9 / eta * 2);
    row->lambda_min = -0.4 * noise, row->lambda_max_residual = 1e-9;
    row->ceiling = strcmp(method, "sam") == 0 ? 160 * (1.4 - progress) : strcmp(method, "gd") == 0 ? 3.8 / eta : NAN;
    row->sane = 4 + 6 * (1 - progress) * noise + 2 * (1 - sharp);
    row->sane_lower = row->sane_upper = row->sane;
    row->n_eff = 60 * noise, row->alpha = 0.5, row->trace = 300 * sharp * noise, row->negative_mass = 0.03;
    row->sharpness_sam = 0.05 * sharp * noise, row->sharpness_msam = 0.02 * sharp * noise, row->sharpness_rho = 0.05;
    row->momentum_gradient_cosine = 0.4, row->theta_norm = 9;
}

static void lose_row(basin_measures *row)
{
    double unknown = NAN;
    row->missing = name_of("diverged: NaN in fc1.weight");
    row->train_loss = row->test_loss = row->gap = row->lambda_max = row->ceiling = row->sane = row->test_accuracy = row->train_accuracy = unknown;
    row->lambda_min = row->n_eff = row->trace = row->sharpness_sam = row->sharpness_msam = unknown;
}

basin_result *synthetic_track(const char *const *methods, size_t method_count, size_t seeds, size_t checkpoints)
{
    basin_track *t = make(1, sizeof *t);
    basin_random r = basin_random_start(3, BASIN_STREAM_TEST);
    size_t       row = 0;

    t->row_count = method_count * seeds * checkpoints;
    t->rows = make(t->row_count, sizeof *t->rows);
    for (size_t m = 0; m < method_count; m++)
        for (size_t s = 0; s < seeds; s++)
            for (size_t c = 0; c < checkpoints; c++)
                fill_row(&t->rows[row++], methods[m], (int64_t)s, (double)c / (double)(checkpoints - 1), 0.05, &r);
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
            basin_measures *row = &t->rows[i * CHECKPOINTS + c];
            fill_row(row, "gd", 0, (double)c / (CHECKPOINTS - 1), rates[i], &r);
            basin_free(row->run);
            row->run = name_of("gd_lr%g", rates[i]);
            if (i + 1 == RATES && c > 0) lose_row(row);
        }
    }
    t->missing = CHECKPOINTS - 1;
    return envelope(BASIN_RESULT_TRACK, t, "gd", "track");
}

/* ------------------------------------------------------------------------------------------- comparison -- */

static double value_of(const basin_measures *row, const char *measure)
{
    return strcmp(measure, "train_loss") == 0      ? row->train_loss
           : strcmp(measure, "test_accuracy") == 0 ? row->test_accuracy
           : strcmp(measure, "gap") == 0           ? row->gap
           : strcmp(measure, "lambda_max") == 0    ? row->lambda_max
           : strcmp(measure, "sane") == 0          ? row->sane
                                                   : row->sharpness_sam;
}

basin_result *synthetic_comparison(size_t seeds)
{
    static const char *const methods[] = {"gd", "sam", "msam"};
    static const char *const measures[] = {"train_loss", "test_accuracy", "gap", "lambda_max", "sane", "sharpness_sam"};
    enum { METHODS = 3, MEASURES = 6 };
    basin_comparison *c = make(1, sizeof *c);
    basin_random      r = basin_random_start(5, BASIN_STREAM_TEST);

    c->row_count = METHODS * seeds;
    c->rows = make(c->row_count, sizeof *c->rows);
    c->group_count = METHODS;
    c->groups = make(METHODS, sizeof *c->groups);
    c->estimate_count = METHODS * MEASURES;
    c->estimates = make(c->estimate_count, sizeof *c->estimates);
    c->difference_count = (METHODS - 1) * MEASURES;
    c->differences = make(c->difference_count, sizeof *c->differences);
    c->base = name_of("gd");
    c->step = 2000;
    c->losses_unequal = true;
    c->losses_note = name_of("sam 0.044 against gd 0.02: unequal (relative difference 0.55, tolerance 0.1)");
    for (size_t g = 0; g < METHODS; g++) {
        basin_group *group = &c->groups[g];
        group->name = name_of("%s", methods[g]);
        group->run_count = seeds;
        group->rows = make(seeds, sizeof *group->rows);
        for (size_t s = 0; s < seeds; s++) {
            group->rows[s] = g * seeds + s;
            fill_row(&c->rows[g * seeds + s], methods[g], (int64_t)s, 1, 0.05, &r);
        }
        for (size_t m = 0; m < MEASURES; m++) {
            basin_estimate *e = &c->estimates[g * MEASURES + m];
            double          sum = 0, square = 0, n = (double)seeds;
            for (size_t s = 0; s < seeds; s++) sum += value_of(&c->rows[g * seeds + s], measures[m]);
            for (size_t s = 0; s < seeds; s++) square += pow(value_of(&c->rows[g * seeds + s], measures[m]) - sum / n, 2);
            *e = (basin_estimate){.measure = name_of("%s", measures[m]), .group = name_of("%s", methods[g]), .n = seeds, .mean = sum / n};
            e->sd = seeds > 1 ? sqrt(square / (n - 1)) : NAN;
            e->lower = e->mean - 2.36 * e->sd / sqrt(n);
            e->upper = e->mean + 2.36 * e->sd / sqrt(n);
            if (g > 0)
                c->differences[(g - 1) * MEASURES + m] = (basin_difference){.measure = name_of("%s", measures[m]),
                                                                            .group = name_of("%s", methods[g]),
                                                                            .base = name_of("gd"),
                                                                            .pairs = seeds,
                                                                            .p = 0.0078,
                                                                            .p_holm = m % 2 ? 0.047 : 0.21,
                                                                            .p_smallest = 0.0078,
                                                                            .paired = true,
                                                                            .losses_unequal = true,
                                                                            .verdict = name_of(m % 2 ? "lower" : "undecided")};
        }
    }
    return envelope(BASIN_RESULT_COMPARISON, c, "all", "compare");
}
