/* Every kind of figure: where its labels stand, the same bytes each time, odd data, errors.
   BASIN_FIGURES=folder keeps what was drawn. */
#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/schema.h"
#include "render/figure.h"

enum { MOST = 3 };

typedef struct drawn { /* results and how to draw them */
    const char          *name;
    basin_figure_options options;
    size_t               count;
    basin_result        *results[MOST];
} drawn;

static const char *const methods[] = {"gd", "sam", "msam"};

static basin_result *holes(basin_result *plane)
{
    basin_slice   *s = plane->value;
    basin_surface *f = &s->surfaces[0];

    for (size_t i = 0; i < f->rows / 2; i++) f->loss[i * f->columns + i / 2] = NAN;
    f->loss[(f->rows - 2) * f->columns + 5] = INFINITY;
    return plane;
}

static basin_result *gaps(basin_result *line)
{
    basin_slice *s = line->value;

    s->surfaces[0].loss[4] = INFINITY;
    s->surfaces[0].loss[5] = NAN;
    s->surfaces[1].loss[20] = NAN;
    return line;
}

static basin_result *all_equal(basin_result *spectrum, double value)
{
    basin_spectrum *s = spectrum->value;

    for (size_t i = 0; i < s->count; i++) s->eigenvalues[i] = value;
    return spectrum;
}

static basin_result *never_finite(basin_result *slice)
{
    basin_slice *s = slice->value;

    for (size_t k = 0; k < s->surface_count; k++) {
        for (size_t i = 0; i < s->surfaces[k].rows * s->surfaces[k].columns; i++)
            s->surfaces[k].loss[i] = s->surfaces[k].accuracy[i] = NAN;
        s->surfaces[k].centre_loss = NAN;
    }
    return slice;
}

static basin_result *huge(basin_result *line)
{
    basin_slice *s = line->value;

    for (size_t j = 0; j < s->surfaces[0].columns; j++) s->surfaces[0].loss[j] *= 1e300;
    s->axes[0].curvature = 1e307;
    return line;
}

static basin_result *without_rows(basin_result *track)
{
    basin_track *t = track->value;

    for (size_t i = 0; i < t->row_count; i++) basin_row_clear(&t->rows[i]);
    t->row_count = t->missing = 0;
    return track;
}

static basin_result *all_missing(basin_result *track)
{
    basin_track *t = track->value;

    for (size_t i = 0; i < t->row_count; i++) {
        char *run = basin_strdup("runs/x");
        basin_row_clear(&t->rows[i]);
        basin_row_blank(&t->rows[i]);
        t->rows[i].run = run, t->rows[i].missing = basin_strdup("diverged");
    }
    t->missing = t->row_count;
    return track;
}

static basin_result *rude_names(basin_result *line)
{
    basin_provenance *p = line->provenance;

    basin_free(p->inputs[0].path);
    p->inputs[0].path = basin_strdup("ru\xffns/<b>&\1sam\n\x7f/\xe2\x82.h5");
    basin_free(p->arguments[1]);
    p->arguments[1] = basin_strdup("\1\1\2\2\2<span> \xc0\xaf");
    return line;
}

#define SENTENCE "a label that somebody made as long as a whole sentence, in the hope that it fits somewhere"
static const char *const long_labels[] = {SENTENCE " 1", SENTENCE " 2", SENTENCE " 3"};

static basin_result *tiny_radii(basin_result *sharpness)
{
    basin_sharpness *s = sharpness->value;

    for (size_t i = 0; i < s->rise_count; i++) s->rises[i].rho *= 1e-6, s->rises[i].value *= 1e-9;
    return sharpness;
}

static basin_result *flat_at_random(basin_result *sharpness)
{
    basin_sharpness *s = sharpness->value;

    for (size_t i = 0; i < s->rise_count; i++)
        if (s->rises[i].direction == BASIN_RISE_RANDOM)
            s->rises[i].value *= 0.01, s->rises[i].symmetric *= 0.01;
    return sharpness;
}

static basin_result *with_budget(basin_result *comparison, size_t fewer)
{
    basin_comparison *c = comparison->value;

    basin_free(c->groups[2].name);
    c->groups[2].name = basin_strdup("gd, budget of sam");
    basin_free(c->groups[2].method);
    c->groups[2].method = basin_strdup("gd"), c->groups[2].budget_of = basin_strdup("sam");
    c->groups[2].run_count -= fewer;
    return comparison;
}

/* Of the first run the bounds of SANE are known, of the others a lower end. */
static basin_result *truncated(basin_result *track)
{
    basin_track *t = track->value;

    for (size_t i = 0; i < t->row_count; i++) {
        basin_row *row = &t->rows[i];
        row->spectrum_method = BASIN_SPECTRUM_LANCZOS;
        row->sane.upper = i < 9 ? 3 * row->sane.value : INFINITY, row->n_eff.upper = INFINITY;
    }
    return track;
}

/* No two runs started alike. */
static basin_result *unpaired(basin_result *comparison)
{
    basin_comparison *c = comparison->value;

    for (size_t i = 0; i < c->difference_count; i++) {
        basin_difference *d = &c->differences[i];
        d->paired = d->losses_unequal = false, d->p = d->p_family = d->p_report = NAN,
        d->verdict = d->report = BASIN_VERDICT_NOT_PAIRED;
    }
    return comparison;
}

static basin_result *nothing_measured(basin_result *comparison)
{
    basin_comparison *c = comparison->value;

    for (size_t i = 0; i < c->row_count; i++) {
        basin_row *row = &c->rows[i];
        int        point = row->point;
        basin_row_clear(row);
        basin_row_blank(row);
        row->run = basin_strdup("runs/x"), row->missing = basin_strdup("diverged"), row->point = point;
    }
    for (size_t i = 0; i < c->estimate_count; i++) {
        basin_estimate *e = &c->estimates[i];
        e->n = 0, e->mean = e->sd = e->lower = e->upper = NAN;
    }
    for (size_t i = 0; i < c->difference_count; i++)
        c->differences[i].verdict = c->differences[i].report = BASIN_VERDICT_NOT_MEASURED;
    c->missing = c->row_count;
    return unpaired(comparison);
}

/* Everything that may stand in a slot: raw, polished and averaged points, and the error over the choice of
   samples. */
static basin_result *crowded(basin_result *comparison)
{
    basin_comparison *c = comparison->value;
    size_t            rows = c->row_count, estimates = c->estimate_count;
    basin_row        *more = basin_alloc(2 * rows, sizeof *more);
    basin_estimate   *means = basin_alloc(2 * estimates, sizeof *means);

    assert_true(more != NULL && means != NULL);
    memcpy(more, c->rows, rows * sizeof *more);
    memcpy(means, c->estimates, estimates * sizeof *means);
    basin_free(c->rows), basin_free(c->estimates);
    c->rows = more, c->estimates = means;
    for (size_t i = 0; i < rows; i++) {
        if (more[i].point != BASIN_POINT_POLISHED) continue;
        assert_ok(basin_row_copy(&more[i], &more[c->row_count]));
        more[c->row_count].averaged = 8, more[c->row_count++].point = BASIN_POINT_AVERAGED;
    }
    for (size_t i = 0; i < estimates; i++) {
        means[i].sampling_error = 0.04 * means[i].mean;
        if (means[i].point != BASIN_POINT_POLISHED) continue;
        means[c->estimate_count] = means[i], means[c->estimate_count].point = BASIN_POINT_AVERAGED;
        means[c->estimate_count].measure = basin_strdup(means[i].measure),
        means[c->estimate_count++].group = basin_strdup(means[i].group);
    }
    return comparison;
}

static basin_result *without_ceiling(basin_result *track)
{
    basin_track *t = track->value;

    for (size_t i = 0; i < t->row_count; i++)
        t->rows[i].ceiling.value = t->rows[i].ceiling_plain.value = NAN, t->rows[i].learning_rate = 0;
    return track;
}

static basin_result *at_loss(basin_result *sweep)
{
    basin_track *t = sweep->value;

    for (size_t i = 0; i < t->row_count; i++) t->rows[i].at_loss = 0.2;
    return sweep;
}

static basin_result *with_batch_norm(basin_result *result, basin_bn_mode statistics)
{
    result->provenance->bn = statistics;
    return result;
}

static basin_result *unlike(basin_result *track)
{
    basin_track *t = track->value;

    t->rows[0].parameters = 7;
    t->note = basin_strdup("runs a and b: their losses differ");
    return track;
}

/* Everything that is drawn, by number; false past the end. */
#define CASE(number, text, many, setting, ...)                           \
    case number: {                                                       \
        basin_result *made[MOST] = {__VA_ARGS__};                        \
        *out = (drawn){.name = text, .count = many, .options = setting}; \
        memcpy(out->results, made, sizeof made);                         \
        return true;                                                     \
    }
#define WITH(...)   \
    {               \
        __VA_ARGS__ \
    }

static bool draw_usual(size_t i, drawn *out)
{
    switch (i) {
        CASE(0, "stem", 1, WITH(.kind = "stem"), synthetic_spectrum("gd", 600))
        CASE(1, "stem_three", 3, WITH(.title = "Three methods"), synthetic_spectrum("gd", 600),
             synthetic_spectrum("sam", 600), synthetic_spectrum("msam", 600))
        CASE(2, "stem_few", 1, WITH(.scale = "linear"), synthetic_spectrum("gd", 30))
        CASE(3, "stem_ends", 3, WITH(0), synthetic_ends("gd", 244234, 10, 5),
             synthetic_ends("sam", 244234, 10, 5), synthetic_spectrum("msam", 90))
        CASE(4, "histogram", 1, WITH(.kind = "histogram"), synthetic_spectrum("gd", 600))
        CASE(5, "histogram_three", 3, WITH(.kind = "histogram"), synthetic_spectrum("gd", 600),
             synthetic_spectrum("sam", 600), synthetic_spectrum("msam", 600))
        CASE(6, "lines", 1, WITH(.title = "Along the momentum", .height = 3.5),
             synthetic_line("gd", "momentum", 1, 51))
        CASE(7, "lines_directions", 3, WITH(0), synthetic_line("gd", "momentum", 1, 51),
             synthetic_line("gd", "eigen:1", 1, 51), synthetic_line("gd", "random:0", 1.7, 51))
        CASE(8, "lines_methods", 3, WITH(.scale = "log"), synthetic_line("gd", "eigen:1", 1, 51),
             synthetic_line("sam", "eigen:1", 1, 51), synthetic_line("msam", "to:a/b.h5", 4, 51))
        CASE(9, "lines_gaps", 1, WITH(.cap = 2), gaps(synthetic_line("gd", "eigen:1", 1, 51)))
        CASE(10, "contour", 1, WITH(0), synthetic_plane("gd", 41))
        CASE(11, "contour_three", 3, WITH(.kind = "contour:test"), synthetic_plane("gd", 31),
             synthetic_plane("sam", 31), synthetic_plane("msam", 31))
        CASE(12, "contour_holes", 1, WITH(.kind = "contour"), holes(synthetic_plane("gd", 41)))
        CASE(13, "heat", 1, WITH(.kind = "heat", .cap = 10), holes(synthetic_plane("gd", 41)))
        CASE(14, "heat_three", 3, WITH(.kind = "heat:train"), synthetic_plane("gd", 31),
             synthetic_plane("sam", 31), synthetic_plane("msam", 31))
        CASE(15, "change", 1, WITH(.kind = "change"), synthetic_plane("gd", 31))
        CASE(16, "sharpness", 1, WITH(0), synthetic_sharpness("gd"))
        CASE(71, "measures", 1, WITH(0), synthetic_sharpness_table("gd"))
        CASE(72, "measures_three", 3, WITH(.width = 6.75), synthetic_sharpness_table("gd"),
             synthetic_sharpness_table("sam"), synthetic_sharpness_table("msam"))
        CASE(17, "sharpness_three", 3, WITH(.scale = "symlog"), synthetic_sharpness("gd"),
             synthetic_sharpness("sam"), synthetic_sharpness("msam"))
        CASE(62, "rises_symmetric", 1, WITH(.kind = "symmetric"), synthetic_sharpness("gd"))
        CASE(63, "rises_symmetric_three", 3, WITH(.kind = "symmetric", .scale = "symlog"),
             flat_at_random(synthetic_sharpness("gd")), flat_at_random(synthetic_sharpness("sam")),
             flat_at_random(synthetic_sharpness("msam")))
        CASE(64, "rises_one_in_common", 2, WITH(0), tiny_radii(synthetic_sharpness("gd")),
             synthetic_sharpness("sam"))
        CASE(18, "epochs", 1, WITH(0), synthetic_track(methods, 3, 1, 9))
        CASE(19, "epochs_seeds", 1, WITH(.y = "test_loss", .x = "gradient_evaluations"),
             synthetic_track(methods, 3, 3, 9))
        CASE(20, "epochs_rates", 1, WITH(.kind = "epochs"), synthetic_sweep())
        CASE(21, "sweep", 1, WITH(.kind = "sweep"), synthetic_sweep())
        CASE(22, "methods", 1, WITH(0), synthetic_comparison(8))
        CASE(23, "methods_one_seed", 1, WITH(.y = "gap,lambda_max"), synthetic_comparison(1))
    default: return false;
    }
}

static bool draw_odd(size_t i, drawn *out)
{
    switch (i) {
        CASE(24, "one_eigenvalue", 1, WITH(0), synthetic_spectrum("gd", 1))
        CASE(25, "equal_eigenvalues", 1, WITH(.kind = "histogram"),
             all_equal(synthetic_spectrum("gd", 100), 3))
        CASE(26, "zero_eigenvalues", 1, WITH(.kind = "stem", .scale = "symlog"),
             all_equal(synthetic_spectrum("gd", 100), 0))
        CASE(27, "nan_eigenvalues", 1, WITH(.kind = "stem"), all_equal(synthetic_spectrum("gd", 100), NAN))
        CASE(28, "one_point", 1, WITH(0), synthetic_line("gd", "momentum", 1, 1))
        CASE(29, "never_finite", 1, WITH(0), never_finite(synthetic_line("gd", "momentum", 1, 11)))
        CASE(30, "huge", 1, WITH(0), huge(synthetic_line("gd", "momentum", 1, 11)))
        CASE(31, "plane_never_finite", 1, WITH(.kind = "contour"), never_finite(synthetic_plane("gd", 9)))
        CASE(32, "heat_never_finite", 1, WITH(.kind = "heat"), never_finite(synthetic_plane("gd", 9)))
        CASE(33, "change_never_finite", 1, WITH(.kind = "change"), never_finite(synthetic_plane("gd", 9)))
        CASE(34, "heat_one_row", 1, WITH(.kind = "heat"), synthetic_plane("gd", 5))
        CASE(35, "no_rows", 1, WITH(0), without_rows(synthetic_sweep()))
        CASE(36, "all_missing", 1, WITH(.kind = "sweep"), all_missing(synthetic_sweep()))
        CASE(37, "rude_names", 1, WITH(.title = "<&\xff>"),
             rude_names(synthetic_line("gd", "momentum", 1, 21)))
        CASE(38, "large_type", 1, WITH(.font_size = 11, .no_footer = true),
             synthetic_line("gd", "momentum", 1, 21))
        CASE(39, "long_labels", 3, WITH(.labels = long_labels), synthetic_line("gd", "momentum", 1, 21),
             synthetic_line("sam", "momentum", 1, 21),
             synthetic_line("msam", "to:a/rather/long/path/to/another/checkpoint_of_the_run.h5", 1, 21))
        CASE(40, "long_labels_planes", 3, WITH(.labels = long_labels), synthetic_plane("gd", 9),
             synthetic_plane("sam", 9), synthetic_plane("msam", 9))
        CASE(41, "tiny_radii", 1, WITH(0), tiny_radii(synthetic_sharpness("gd")))
        CASE(42, "methods_budget", 1, WITH(0), with_budget(synthetic_comparison(8), 0))
        CASE(43, "methods_unequal_numbers", 1, WITH(0), with_budget(synthetic_comparison(8), 1))
        CASE(44, "sharpness_flat_at_random", 3, WITH(0), flat_at_random(synthetic_sharpness("gd")),
             flat_at_random(synthetic_sharpness("sam")), flat_at_random(synthetic_sharpness("msam")))
        CASE(45, "epochs_truncated", 1, WITH(.y = "sane,n_eff"), truncated(synthetic_track(methods, 3, 1, 9)))
        CASE(46, "epochs_batch_norm", 1, WITH(0),
             with_batch_norm(unlike(synthetic_track(methods, 3, 1, 9)), (basin_bn_mode){BASIN_BN_STORED, 0}))
        CASE(47, "epochs_batches", 1, WITH(0),
             with_batch_norm(synthetic_track(methods, 3, 1, 9), (basin_bn_mode){BASIN_BN_BATCH, 16}))
        CASE(48, "methods_polished", 1, WITH(0), synthetic_polished_comparison(8))
        CASE(49, "methods_polished_one_seed", 1, WITH(0), synthetic_polished_comparison(1))
        CASE(50, "epochs_polished", 1, WITH(.y = "lambda_max,sane,sharpness_sam"),
             synthetic_polished_track(1, 9))
        CASE(51, "epochs_polished_seeds", 1, WITH(.y = "lambda_max"), synthetic_polished_track(3, 9))
        CASE(52, "methods_unpaired", 1, WITH(0), unpaired(synthetic_comparison(3)))
        CASE(53, "methods_nothing_measured", 1, WITH(0), nothing_measured(synthetic_polished_comparison(3)))
        CASE(54, "methods_asked_for", 1, WITH(.y = "negative_mass,lambda_max,decrement,trace"),
             nothing_measured(synthetic_comparison(3)))
        CASE(55, "methods_crowded", 1, WITH(0), crowded(synthetic_polished_comparison(8)))
        CASE(56, "methods_polished_budget", 1, WITH(0), with_budget(synthetic_polished_comparison(8), 1))
        CASE(57, "epochs_no_ceiling", 1, WITH(0), without_ceiling(synthetic_polished_track(1, 9)))
        CASE(58, "sweep_at_loss", 1, WITH(.kind = "sweep", .y = "lambda_max,sane,test_accuracy,rise_top"),
             at_loss(synthetic_sweep()))
        CASE(59, "sweep_polished", 1, WITH(.kind = "sweep", .y = "lambda_max,sharpness_sam"),
             synthetic_polished_track(4, 3))
        CASE(60, "methods_one_panel", 1, WITH(.y = "lambda_max"), synthetic_polished_comparison(1))
        CASE(61, "epochs_two_checkpoints", 1, WITH(.y = "lambda_max"), synthetic_polished_track(1, 2))
    default: return false;
    }
}

static bool draw_relief(size_t i, drawn *out)
{
    switch (i) {
        CASE(89, "surface", 1, WITH(.kind = "surface"), synthetic_plane("gd", 41))
        CASE(90, "surface_cap_holes", 1, WITH(.kind = "surface", .cap = 3), holes(synthetic_plane("gd", 41)))
        CASE(91, "surface_three", 3, WITH(.kind = "surface:test"), synthetic_plane("gd", 31),
             synthetic_plane("sam", 31), synthetic_plane("msam", 31))
        CASE(92, "surface_paths", 1, WITH(.kind = "surface"), synthetic_paths(9))
        CASE(93, "surface_ends", 1, WITH(.kind = "surface", .azimuth = 30, .elevation = 60),
             synthetic_three(25))
        CASE(94, "surface_steep", 1, WITH(.kind = "surface", .azimuth = 200, .elevation = 70),
             holes(synthetic_three(9)))
        CASE(95, "surface_flat", 1,
             WITH(.kind = "surface", .azimuth = 100, .elevation = 6, .scale = "linear"),
             huge(synthetic_plane("gd", 9)))
        CASE(96, "surface_long_labels", 3, WITH(.kind = "surface", .labels = long_labels),
             synthetic_plane("gd", 9), synthetic_plane("sam", 9), synthetic_plane("msam", 9))
        CASE(110, "topology", 1, WITH(.kind = "topology:test"), synthetic_wells(31))
        CASE(111, "topology_holes", 1, WITH(.kind = "topology"), holes(synthetic_wells(31)))
        CASE(112, "topology_one", 1, WITH(.kind = "topology"), synthetic_three(25))
        CASE(113, "topology_adaptive", 1, WITH(.kind = "topology"), synthetic_adaptive("gd", 15))
        CASE(114, "topology_tiny", 1, WITH(.kind = "topology", .smooth = BASIN_SMOOTH_NONE),
             synthetic_wells(14))
    default: return false;
    }
}

static bool draw_part(size_t i, drawn *out)
{
    switch (i) {
        CASE(68, "blocks", 1, WITH(0), synthetic_blocks("gd", 6))
        CASE(69, "blocks_several", 3, WITH(0), synthetic_blocks("gd", 5), synthetic_blocks("sam", 5),
             synthetic_blocks("msam", 5))
        CASE(70, "blocks_many", 1, WITH(0), synthetic_blocks("gd", 62))
        CASE(65, "batches", 1, WITH(0), synthetic_batches("gd", 50, false))
        CASE(66, "batches_spectra", 1, WITH(0), synthetic_batches("msam", 50, true))
        CASE(67, "batches_several", 3, WITH(0), synthetic_batches("gd", 20, true),
             synthetic_batches("sam", 20, true), synthetic_batches("msam", 20, true))
        CASE(78, "paths", 1, WITH(0), synthetic_paths(9))
        CASE(79, "paths_one", 1, WITH(.kind = "paths"), synthetic_paths(1))
        CASE(73, "paths_holes", 1, WITH(.title = "Three runs"), holes(synthetic_paths(4)))
        CASE(74, "paths_never_finite", 1, WITH(0), never_finite(synthetic_paths(6)))
        CASE(75, "paths_on_heat", 1, WITH(.kind = "heat"), synthetic_paths(9))
        CASE(76, "limits", 1, WITH(0), synthetic_gate("gd"))
        CASE(80, "verdict", 1, WITH(.kind = "verdict"), synthetic_polished_comparison(8))
        CASE(81, "verdict_column", 1, WITH(.kind = "verdict", .width = 3.25), synthetic_comparison(8))
        CASE(83, "ends", 1, WITH(.kind = "contour"), synthetic_three(25))
        CASE(84, "ends_heat", 1, WITH(.kind = "heat", .smooth = BASIN_SMOOTH_ALL, .width = 6.75),
             synthetic_three(25))
        CASE(85, "ends_holes", 1, WITH(.kind = "heat"), holes(synthetic_three(25)))
        CASE(86, "ends_contour_holes", 1, WITH(.kind = "contour"), holes(synthetic_three(25)))
        CASE(87, "stem_few", 1, WITH(.x_label = "number", .y_label = "curvature"),
             synthetic_spectrum("gd", 15))
        CASE(88, "lines_loss", 1, WITH(.y = "loss"), synthetic_line("gd", "eigen:1", 1, 51))
        CASE(82, "verdict_one_seed", 1, WITH(.kind = "verdict"), synthetic_comparison(1))
        CASE(97, "strip", 3, WITH(.kind = "strip"), synthetic_plane("gd", 25),
             synthetic_line("sam", "eigen:1", 1, 21), synthetic_comparison(8))
        CASE(98, "strip_rows", 3, WITH(.kind = "strip", .y = "lambda_max"), synthetic_density("gd", 5000),
             synthetic_density("sam", 5000), synthetic_polished_comparison(3))
        CASE(99, "strip_odd", 3, WITH(.kind = "strip", .title = "Odd", .labels = long_labels),
             never_finite(synthetic_plane("gd", 9)), gaps(synthetic_line("sam", "eigen:1", 1, 51)),
             synthetic_ends("msam", 244234, 10, 5))
        CASE(100, "seeds", 3, WITH(.kind = "seeds"), synthetic_line("gd", "eigen:1", 1, 21),
             synthetic_seed(synthetic_line("gd", "eigen:1", 1, 21), 1),
             synthetic_line("sam", "eigen:1", 1, 21))
        CASE(101, "seeds_gaps", 2, WITH(.kind = "seeds:test", .y = "loss", .scale = "log"),
             gaps(synthetic_line("gd", "eigen:1", 1, 51)),
             synthetic_seed(gaps(synthetic_line("gd", "eigen:1", 1, 51)), 1))
        CASE(102, "overlap", 3, WITH(.kind = "overlap"), synthetic_vectors("gd", 0),
             synthetic_vectors("sam", 20), synthetic_vectors("msam", 70))
        CASE(103, "overlap_labels", 3, WITH(.kind = "overlap:2", .labels = long_labels),
             synthetic_vectors("gd", 0), synthetic_vectors("gd", 20), synthetic_vectors("gd", 70))
        CASE(104, "correlation", 1, WITH(.kind = "correlation"), synthetic_settings(8))
        CASE(105, "correlation_none", 1, WITH(.kind = "correlation", .y = "trace,rise_top"),
             nothing_measured(synthetic_comparison(3)))
        CASE(106, "cost", 1, WITH(.kind = "cost"), with_budget(synthetic_comparison(8), 0))
        CASE(107, "cost_one_seed", 1, WITH(.kind = "cost", .y = "test_loss", .title = "One seed"),
             synthetic_comparison(1))
        CASE(108, "setting", 1, WITH(.kind = "setting"), synthetic_settings(8))
        CASE(109, "setting_one_seed", 1, WITH(.kind = "setting", .y = "sane"), synthetic_settings(1))
        CASE(77, "limits_three", 3, WITH(.scale = "symlog"), synthetic_gate("gd"), synthetic_gate("sam"),
             synthetic_gate("msam"))
    default: return false;
    }
}
#undef CASE

static bool draw_case(size_t i, drawn *out)
{
    *out = (drawn){.count = 1};
    return draw_usual(i, out) || draw_odd(i, out) || draw_relief(i, out) || draw_part(i, out);
}

static void forget(drawn *d)
{
    for (size_t i = 0; i < d->count; i++) {
        basin_result_destroy(&d->results[i]);
        assert_null(d->results[i]);
    }
}

static basin_status create(drawn *d, basin_figure **out)
{
    return basin_figure_create((const basin_result *const *)d->results, d->count, &d->options, out);
}

static void keep(const basin_figure *figure, const char *name, size_t width)
{
    const char *folder = getenv("BASIN_FIGURES");
    char        path[512];

    if (folder == NULL) return;
    snprintf(path, sizeof path, "%s/%s_%zu.png", folder, name, width);
    assert_ok(basin_figure_write(figure, path));
}

static void labels_stay_on_the_page_and_off_each_other(void **state)
{
    drawn d;

    (void)state;
    for (size_t i = 0; draw_case(i, &d); i++) {
        for (size_t width = 0; width < 2; width++) {
            basin_figure *figure = NULL;
            size_t        count;
            char          where[BASIN_COLLISION_ROOM];
            d.options.width = width == 0 ? 3.25 : 6.75;
            if (create(&d, &figure) != BASIN_OK) fail_msg("%s: %s", d.name, basin_error_message());
            basin_canvas_labels(basin_figure_canvas(figure), &count);
            assert_true(count > 2);
            if (basin_figure_collisions(figure, where) > 0)
                fail_msg("%s, width %g: %s", d.name, d.options.width, where);
            keep(figure, d.name, width);
            basin_figure_destroy(&figure);
        }
        forget(&d);
    }
}

/* Methods, ceilings, polished points: the six names of case 59 take more rows beside the numbers of y than
   across the whole page. */
static void a_shared_legend_stands_above_its_panels(void **state)
{
    enum { SHARED = 59, NAMES = 6 };
    drawn         d;
    basin_figure *figure = NULL;
    size_t        count;
    double        bottom = 0;

    (void)state;
    assert_true(draw_case(SHARED, &d));
    d.options.no_footer = true; /* the legend's names are what is set first */
    assert_ok(create(&d, &figure));
    const basin_label *labels = basin_canvas_labels(basin_figure_canvas(figure), &count);
    for (size_t i = 0; i < NAMES; i++) bottom = fmax(bottom, labels[i].y + 0.5 * labels[i].half_height);
    for (size_t i = NAMES; i < count; i++)
        assert_true(labels[i].y - labels[i].half_height > bottom || fabs(labels[i].angle) > 1);
    basin_figure_destroy(&figure);
    forget(&d);
}

/* Every scale that has long numbers, at every width. */
static void numbers_on_an_axis_never_touch(void **state)
{
    static const basin_plot_scale scales[] = {
        {BASIN_SCALE_LINEAR, 0, 244234, 0}, {BASIN_SCALE_LINEAR, 0.81, 0.8302, 0},
        {BASIN_SCALE_LINEAR, -1, 1, 0},     {BASIN_SCALE_LOG, 1e-9, 1e-2, 0},
        {BASIN_SCALE_LOG, 0.02, 0.9, 0},    {BASIN_SCALE_LOG, 120, 333, 0},
        {BASIN_SCALE_SYMLOG, -3, 40, 1e-4}, {BASIN_SCALE_SYMLOG, -1e6, 1e6, 1}};
    basin_canvas *canvas = NULL;

    (void)state;
    assert_ok(basin_canvas_create(500, 100, "DejaVu Sans", 8, &canvas));
    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
        for (double width = 40; width < 400; width += 3) {
            basin_panel panel = {.x = scales[k], .y = scales[0]};
            basin_ticks x, y;
            double      end = -INFINITY, w, h;
            size_t      labelled = 0;
            basin_axes_ticks(&panel, canvas, width, 50, &x, &y);
            for (size_t i = 0; i < x.count; i++) {
                if (x.tick[i].label[0] == '\0') continue;
                basin_canvas_measure(canvas, x.tick[i].label, &(basin_type){0}, &w, &h);
                double at = basin_scale_at(&scales[k], x.tick[i].value) * width;
                if (at - w / 2 < end + 1)
                    fail_msg("scale %zu, %g points wide: «%s» touches its neighbour", k, width,
                             x.tick[i].label);
                end = at + w / 2;
                labelled++;
            }
            assert_true(labelled > 0);
        }
    }
    basin_canvas_destroy(&canvas);
}

static unsigned char *bytes_of(const char *path, size_t *size)
{
    FILE          *file = fopen(path, "rb");
    unsigned char *bytes;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    assert_non_null(bytes = basin_alloc(*size + 1, 1));
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    static const size_t      cases[] = {3, 7, 9, 11, 13, 18, 22, 37};
    static const char *const endings[] = {"pdf", "svg", "png"};
    drawn                    d;

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        unsigned char *first[3];
        size_t         first_size[3];
        for (size_t round = 0; round < 2; round++) { /* the second from results made anew */
            basin_figure *figure = NULL;
            assert_true(draw_case(cases[k], &d));
            d.options.dpi = 100;
            assert_ok(create(&d, &figure));
            forget(&d); /* nothing is borrowed */
            for (size_t e = 0; e < 3; e++) {
                char   name[64];
                size_t size;
                snprintf(name, sizeof name, "figure_%zu.%s", round, endings[e]);
                const char *path = basin_test_scratch(name);
                assert_ok(basin_figure_write(figure, path));
                unsigned char *bytes = bytes_of(path, &size);
                if (round == 0) {
                    first[e] = bytes, first_size[e] = size;
                    continue;
                }
                assert_int_equal(size, first_size[e]);
                assert_memory_equal(bytes, first[e], size);
                basin_free(bytes);
                basin_free(first[e]);
                unlink(path);
            }
            basin_figure_destroy(&figure);
            basin_figure_destroy(&figure);
        }
    }
    basin_figure_destroy(NULL);
}

static bool holds(const unsigned char *bytes, size_t size, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(bytes + i, text, length) == 0) return true;
    return false;
}

static void files_say_what_they_are(void **state)
{
    drawn          d;
    basin_figure  *figure = NULL;
    size_t         size;
    unsigned char *bytes;

    (void)state;
    assert_true(draw_case(6, &d));
    assert_ok(create(&d, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), "P = 2,410"));
    assert_non_null(strstr(basin_figure_caption(figure), "runs/gd_0/step_2000.h5"));
    assert_non_null(strstr(basin_figure_caption(figure), "3f2a91c07be4"));
    assert_ok(basin_figure_write(figure, basin_test_scratch("a.png")));
    bytes = bytes_of(basin_test_scratch("a.png"), &size);
    assert_memory_equal(bytes + 12, "IHDR", 4);
    assert_int_equal(bytes[18] << 8 | bytes[19], 975);  /* 3.25 in at 300 dpi */
    assert_int_equal(bytes[22] << 8 | bytes[23], 1050); /* 3.5 in */
    assert_memory_equal(bytes + 37, "pHYs", 4);
    assert_int_equal(bytes[43] << 8 | bytes[44], 11811); /* 300 dpi is 11811 pixels a metre */
    assert_memory_equal(bytes + 58, "iTXtTitle", 10);
    basin_free(bytes);
    assert_ok(basin_figure_write(figure, basin_test_scratch("a.svg")));
    bytes = bytes_of(basin_test_scratch("a.svg"), &size);
    assert_non_null(strstr((char *)bytes, "<title>Along the momentum</title>"));
    assert_non_null(strstr((char *)bytes, "<desc>Loss and accuracy along a line"));
    basin_free(bytes);
    assert_ok(basin_figure_write(figure, basin_test_scratch("a.pdf")));
    bytes = bytes_of(basin_test_scratch("a.pdf"), &size);
    assert_memory_equal(bytes, "%PDF-", 5);
    assert_true(holds(bytes, size, "/CreationDate (20000101000000Z)")); /* not now */
    basin_free(bytes);
    basin_figure_destroy(&figure);
    forget(&d);
}

static void the_default_follows_the_result(void **state)
{
    drawn         plane, line;
    basin_figure *figure = NULL;

    (void)state;
    assert_true(draw_case(10, &plane));
    assert_ok(basin_figure_create((const basin_result *const *)plane.results, 1, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), "Contour lines"));
    basin_figure_destroy(&figure);
    assert_true(draw_case(6, &line));
    assert_ok(basin_figure_create((const basin_result *const *)line.results, 1, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), "along a line"));
    basin_figure_destroy(&figure);
    forget(&plane);
    forget(&line);
}

static void directions_of_unlike_length_are_cut_to_the_common_distance(void **state)
{
    basin_figure *figure = NULL;
    basin_result *lines[] = {synthetic_line("gd", "momentum", 1, 21),
                             synthetic_line("gd", "random:0", 20, 21)};

    (void)state;
    assert_ok(basin_figure_create((const basin_result *const *)lines, 2, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), "Only the distances common to all directions"));
    basin_figure_destroy(&figure);
    basin_result_destroy(&lines[1]);
    lines[1] = synthetic_line("gd", "random:0", 1.9, 21);
    assert_ok(basin_figure_create((const basin_result *const *)lines, 2, NULL, &figure));
    assert_null(strstr(basin_figure_caption(figure), "Only the distances"));
    basin_figure_destroy(&figure);
    basin_result_destroy(&lines[0]);
    basin_result_destroy(&lines[1]);
}

/* Slope 0.08 and curvature 2 per unit of a direction of norm 2 are 0.04 and 0.5 per unit of distance. */
static void captions_of_lines_are_in_units_of_the_axis(void **state)
{
    basin_figure *figure = NULL;
    basin_result *lines[] = {synthetic_line("gd", "momentum", 1, 21),
                             synthetic_line("gd", "random:0", 2, 21)};

    (void)state;
    for (size_t i = 0; i < 2; i++) ((basin_slice *)lines[i]->value)->axes->curvature = 2;
    assert_ok(basin_figure_create((const basin_result *const *)lines, 2, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), "slope 0.08, curvature 2."));
    assert_non_null(strstr(basin_figure_caption(figure), "slope 0.04, curvature 0.5."));
    assert_non_null(strstr(basin_figure_caption(figure), "slope and curvature are per unit of it"));
    basin_figure_destroy(&figure);
    assert_ok(basin_figure_create((const basin_result *const[]){lines[1]}, 1, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), "slope 0.08, curvature 2."));
    basin_figure_destroy(&figure);
    basin_result_destroy(&lines[0]);
    basin_result_destroy(&lines[1]);
}

static void captions_of_planes_name_each_panel(void **state)
{
    basin_figure *figure = NULL;
    basin_result *planes[] = {synthetic_plane("gd", 9), synthetic_plane("sam", 9)};
    basin_slice  *second = planes[1]->value;

    (void)state;
    second->surfaces[0].centre_loss = 0.085;
    second->cosine = NAN;
    assert_ok(basin_figure_create((const basin_result *const *)planes, 2, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure),
                           " GD: loss at the centre 0.05, cosine 0.12. SAM: loss at the centre 0.085. "));
    basin_figure_destroy(&figure);
    basin_result_destroy(&planes[0]);
    basin_result_destroy(&planes[1]);
}

static bool caption_says(size_t which, const char *text)
{
    drawn         d;
    basin_figure *figure = NULL;

    assert_true(draw_case(which, &d));
    assert_ok(create(&d, &figure));
    bool says = strstr(basin_figure_caption(figure), text) != NULL;
    basin_figure_destroy(&figure);
    forget(&d);
    return says;
}

static void hatching_is_named_only_where_it_is(void **state)
{
    static const size_t with[] = {9, 12, 13, 29, 31, 32, 33}, without[] = {6, 7, 8, 10, 11, 14, 15};

    (void)state;
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        assert_true(caption_says(with[i], "Hatched: not finite"));
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        assert_false(caption_says(without[i], "Hatched"));
}

/* At every width, in letters of every size: what is written beneath a slot keeps its words whole. */
static void names_of_methods_are_never_broken(void **state)
{
    static const char *const names[] = {"GD", "MSAM", "GD at SAM’s budget"};
    static const double      at[] = {0, 1, 2};
    static const basin_color colors[3];
    basin_canvas            *canvas = NULL;
    bool                     upright = false, turned = false, smaller = false;

    (void)state;
    assert_ok(basin_canvas_create(500, 100, "DejaVu Sans", 8, &canvas));
    for (double width = 40; width < 200; width += 2) {
        basin_panel panel = {.x = {BASIN_SCALE_LINEAR, -0.5, 2.5, 0},
                             .tick_count = 3,
                             .tick_at = at,
                             .tick_label = names,
                             .tick_color = colors};
        basin_type  type = basin_axes_name_type(&panel, canvas, width);
        double      word, line;
        upright = upright || type.angle == 0, turned = turned || type.angle != 0,
        smaller = smaller || (type.angle == 0 && type.size < 8);
        basin_canvas_measure(canvas, "budget", &(basin_type){.size = type.size}, &word, &line);
        assert_true(word <= type.width);
        assert_true(type.angle != 0 || type.width <= width / 3 + 1e-9);
        assert_true(basin_axes_names_height(&panel, canvas, width) < 91);
    }
    assert_true(upright && turned && smaller);
    basin_canvas_destroy(&canvas);
}

static void a_comparison_is_a_page_wide_and_says_its_tests(void **state)
{
    drawn         d;
    basin_figure *figure = NULL;
    double        page[2];

    (void)state;
    assert_true(draw_case(42, &d));
    assert_ok(create(&d, &figure));
    basin_canvas_size(basin_figure_canvas(figure), &page[0], &page[1]);
    assert_float_equal(page[0], 6.75 * 72, 1e-9);
    assert_non_null(
        strstr(basin_figure_caption(figure), ": corrected over all families and 2 pairs of groups."));
    assert_non_null(
        strstr(basin_figure_caption(figure), " Training losses: sam 0.044 against gd 0.02: unequal"));
    basin_figure_destroy(&figure);
    forget(&d);
}

static void captions_say_what_the_eye_cannot_know(void **state)
{
    (void)state;
    assert_true(caption_says(3, " (not verified that none is missing)."));
    assert_false(caption_says(0, "not verified"));
    assert_true(caption_says(4, "counts jump at ±"));
    assert_false(caption_says(25, "counts jump"));
    assert_true(caption_says(16, " Random directions: 3, a thin line each"));
    assert_false(caption_says(16, "own scale"));
    assert_true(
        caption_says(17, " Random directions: 3 for each result, a thin line each; L(θ + ρ d) − L(θ)."));
    assert_false(caption_says(17, "own scale")); /* a tenth of the others' */
    assert_true(caption_says(44, " Their changes are under 5 % of the others' and have their own scale."));
    assert_true(caption_says(18, "λ_max, SANE against epoch, over the checkpoints of 3 runs"));
    assert_true(
        caption_says(21, "λ_max, SANE, test accuracy against learning rate η, at the last checkpoint"));
    assert_true(caption_says(18, "; P = 2,410, N = 200 training samples and 899 test samples."));
    assert_false(caption_says(18, "truncated"));
    assert_true(caption_says(45, " The spectra are truncated: SANE and N_eff lie within their bars; a "
                                 "triangle is a lower end alone."));
    assert_true(
        caption_says(46, "; P and N differ between runs, which are not to be held against each other."));
    assert_true(caption_says(46, " Note: runs a and b: their losses differ."));
    assert_true(caption_says(46, " With BatchNorm the ceiling is that of training mode (--bn batch:SIZE "
                                 "gives its λ_max); here the statistics are stored."));
    assert_false(caption_says(47, "training mode"));
    assert_true(caption_says(110, "4 minima of the loss on a plane through the parameters"));
    assert_true(caption_says(110, " 31 x 27 points with 8 neighbours each."));
    assert_true(caption_says(110, " told from every second one: none. A finer grid"));
    assert_true(caption_says(111, " Hatched: not finite, no part of any valley."));
    assert_true(caption_says(112, "1 minimum of the loss"));
    assert_true(caption_says(113, " within the estimated errors of the interpolated losses at the minimum"));
    assert_true(caption_says(114, " told from every second one: 1. A finer grid"));
    assert_true(caption_says(7, " Checkpoint: runs/gd_0/step_2000.h5. "));
    assert_true(caption_says(
        1, " Checkpoints: runs/gd_0/step_2000.h5, runs/sam_0/step_2000.h5, runs/msam_0/step_2000.h5."));
}

static void every_listed_kind_can_be_asked_for(void **state)
{
    static const struct {
        basin_result_kind result;
        const char       *names[12];
    } listed[] = {
        {BASIN_RESULT_INFO, {NULL}},
        {BASIN_RESULT_SANE, {NULL}},
        {BASIN_RESULT_SPECTRUM, {"stem", "histogram", "density", "overlap", NULL}},
        {BASIN_RESULT_TRACE, {NULL}},
        {BASIN_RESULT_SLICE,
         {"lines", "paths", "contour", "heat", "surface", "topology", "change", "error", "convexity", "seeds",
          "strip", NULL}},
        {BASIN_RESULT_BAND, {"band", NULL}},
        {BASIN_RESULT_CONNECTION, {"connection", NULL}},
        {BASIN_RESULT_SHARPNESS, {"sharpness", "symmetric", NULL}},
        {BASIN_RESULT_TRACK, {"epochs", "sweep", NULL}},
        {BASIN_RESULT_COMPARISON, {"methods", "verdict", "correlation", "cost", "setting", NULL}},
        {BASIN_RESULT_BLOCKS, {"blocks", NULL}},
        {BASIN_RESULT_BATCHES, {"batches", NULL}},
        {BASIN_RESULT_SHARPNESS_TABLE, {"measures", NULL}},
        {BASIN_RESULT_INVARIANCES, {"invariance", NULL}},
    };

    (void)state;
    for (size_t k = 0; k < sizeof listed / sizeof *listed; k++) {
        size_t i = 0;
        for (; listed[k].names[i] != NULL; i++)
            assert_string_equal(basin_figure_kind(listed[k].result, i), listed[k].names[i]);
        assert_null(basin_figure_kind(listed[k].result, i));
    }
}

static void refuse(size_t which, basin_figure_options options, basin_status code, const char *message)
{
    drawn         d;
    basin_figure *figure = NULL;

    assert_true(draw_case(which, &d));
    d.options = options;
    assert_status(create(&d, &figure), code);
    assert_message(message);
    assert_null(figure);
    forget(&d);
}

static void minima_of_several_or_of_nothing_are_refused(void **state)
{
    (void)state;
    refuse(96, (basin_figure_options){.kind = "topology"}, BASIN_ERR_ARG, "of one plane, not of 3");
    refuse(31, (basin_figure_options){.kind = "topology"}, BASIN_ERR_VALUE,
           "no loss of the plane is finite; it has no minima");
}

static void what_cannot_be_drawn_is_refused_in_one_line(void **state)
{
    basin_figure *figure = NULL;
    drawn         a, b;

    (void)state;
    refuse(0, (basin_figure_options){.kind = "pie"}, BASIN_ERR_ARG,
           "no figure «pie» of a spectrum result; there are: stem histogram");
    refuse(0, (basin_figure_options){.kind = "stem:test"}, BASIN_ERR_ARG, "stem takes nothing after a colon");
    refuse(87, (basin_figure_options){.kind = "histogram"}, BASIN_ERR_ARG,
           "figure histogram: 15 eigenvalues are too few, of 30 at least; stem shows each of them");
    refuse(6, (basin_figure_options){.y = "accuracy"}, BASIN_ERR_ARG,
           "figure lines: -y accuracy; there are loss and loss,accuracy");
    refuse(0, (basin_figure_options){.scale = "log"}, BASIN_ERR_VALUE,
           "no logarithmic scale for values from -1 to 1; symlog or linear");
    refuse(0, (basin_figure_options){.scale = "sqrt"}, BASIN_ERR_ARG, "linear, log or symlog");
    refuse(0, (basin_figure_options){.width = 0.4}, BASIN_ERR_ARG,
           "width 0.4 of a figure: from 1.5 to 40 in; 3.25 is a column, 6.75 a page");
    refuse(0, (basin_figure_options){.width = NAN}, BASIN_ERR_ARG, "width nan");
    refuse(0, (basin_figure_options){.height = -1}, BASIN_ERR_ARG, "height -1 of a figure");
    refuse(0, (basin_figure_options){.font_size = 1e9}, BASIN_ERR_ARG, "font size");
    refuse(0, (basin_figure_options){.dpi = 1e9}, BASIN_ERR_ARG, "resolution");
    refuse(9, (basin_figure_options){.cap = -1}, BASIN_ERR_ARG, "cap -1");
    refuse(6, (basin_figure_options){.height = 0.6}, BASIN_ERR_ARG,
           "leaves no room for the figure; at least");
    refuse(22, (basin_figure_options){.width = 1.6, .font_size = 12}, BASIN_ERR_ARG,
           "leaves no room for 2 panels side by side; at least");
    refuse(10, (basin_figure_options){.kind = "lines"}, BASIN_ERR_ARG,
           "slice 1 has 2 directions; draw it as contour, heat or change");
    refuse(6, (basin_figure_options){.kind = "contour"}, BASIN_ERR_ARG,
           "slice 1 has 1 direction; draw it as lines");
    refuse(10, (basin_figure_options){.kind = "heat:validation"}, BASIN_ERR_MISSING,
           "no split «validation»; the first is train");
    refuse(18, (basin_figure_options){.y = "lambda_max,size"}, BASIN_ERR_ARG,
           "no measure «size» to draw; there are: train_loss train_accuracy test_loss");
    refuse(18, (basin_figure_options){.x = "epoch,step"}, BASIN_ERR_ARG, "one measure for the x axis");
    refuse(16, (basin_figure_options){.scale = "log"}, BASIN_ERR_VALUE,
           "no logarithmic scale for values from -0.0");

    assert_status(basin_figure_create(NULL, 0, NULL, &figure), BASIN_ERR_ARG);
    assert_message("needs a result");
    assert_true(draw_case(0, &a) && draw_case(6, &b));
    assert_status(
        basin_figure_create((const basin_result *const[]){a.results[0], b.results[0]}, 2, NULL, &figure),
        BASIN_ERR_ARG);
    assert_message("the first is a spectrum, number 2 a slice");
    basin_result info = {.kind = BASIN_RESULT_INFO, .value = &info};
    assert_status(basin_figure_create((const basin_result *const[]){&info}, 1, NULL, &figure),
                  BASIN_ERR_UNSUPPORTED);
    assert_message("no figure of info results");

    assert_ok(create(&a, &figure));
    assert_status(basin_figure_write(figure, "figure.jpg"), BASIN_ERR_ARG);
    assert_message("figure.jpg: a figure's file ends in .pdf, .svg or .png");
    assert_status(basin_figure_write(figure, "folder.png/figure"), BASIN_ERR_ARG);
    assert_status(basin_figure_write(figure, basin_test_scratch("no/such/folder.png")), BASIN_ERR_IO);
    assert_message("folder.png: cannot be written");
    basin_figure_destroy(&figure);
    forget(&a);
    forget(&b);
}

static void a_comparison_with_wrong_rows_is_refused(void **state)
{
    drawn         d;
    basin_figure *figure = NULL;

    (void)state;
    assert_true(draw_case(22, &d));
    basin_comparison *c = d.results[0]->value;
    c->groups[1].rows[2] = 999;
    assert_status(create(&d, &figure), BASIN_ERR_VALUE);
    assert_message("group 1 names row 999 of 24");
    forget(&d);
}

typedef struct attempt {
    drawn      *d;
    const char *path;
} attempt;

static basin_status create_and_write(void *payload)
{
    attempt      *a = payload;
    basin_figure *figure = NULL;
    basin_status  st = create(a->d, &figure);

    if (st == BASIN_OK) st = basin_figure_write(figure, a->path);
    if (st != BASIN_OK) assert_int_not_equal(access(a->path, F_OK), 0);
    basin_figure_destroy(&figure);
    return st;
}

/* The small cases: each failed allocation costs a figure. */
static void every_failed_allocation_is_clean(void **state)
{
    static const struct {
        size_t      which;
        const char *name;
    } cases[] = {{24, "a.pdf"}, {28, "a.svg"},  {34, "a.png"},  {60, "b.svg"}, {61, "c.svg"},
                 {98, "d.svg"}, {101, "e.svg"}, {102, "f.svg"}, {109, "g.svg"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        drawn   d;
        attempt a = {&d, basin_test_scratch(cases[i].name)};
        assert_true(draw_case(cases[i].which, &d));
        d.options.dpi = 40;
        unlink(a.path);
        basin_test_every_allocation(create_and_write, &a);
        assert_int_equal(access(a.path, F_OK), 0);
        unlink(a.path);
        forget(&d);
    }
}

static void libraries_are_named(void **state)
{
    char text[160];

    (void)state;
    basin_render_describe(text);
    assert_non_null(strstr(text, "cairo 1."));
    assert_non_null(strstr(text, "Pango 1."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_stay_on_the_page_and_off_each_other),
        cmocka_unit_test(a_shared_legend_stands_above_its_panels),
        cmocka_unit_test(numbers_on_an_axis_never_touch),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(files_say_what_they_are),
        cmocka_unit_test(the_default_follows_the_result),
        cmocka_unit_test(directions_of_unlike_length_are_cut_to_the_common_distance),
        cmocka_unit_test(captions_of_lines_are_in_units_of_the_axis),
        cmocka_unit_test(captions_of_planes_name_each_panel),
        cmocka_unit_test(hatching_is_named_only_where_it_is),
        cmocka_unit_test(names_of_methods_are_never_broken),
        cmocka_unit_test(a_comparison_is_a_page_wide_and_says_its_tests),
        cmocka_unit_test(captions_say_what_the_eye_cannot_know),
        cmocka_unit_test(every_listed_kind_can_be_asked_for),
        cmocka_unit_test(what_cannot_be_drawn_is_refused_in_one_line),
        cmocka_unit_test(minima_of_several_or_of_nothing_are_refused),
        cmocka_unit_test(a_comparison_with_wrong_rows_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(libraries_are_named),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}
