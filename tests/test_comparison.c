/* Quantiles and tests against tables and brute force; groups, pairs, verdicts and notes on rows made up here. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/comparison.h"
#include "core/random.h"

/* ----------------------------------------------------------------------------------------------- statistics -- */

static void student_quantiles_are_those_of_the_tables(void **unused)
{
    static const struct {
        size_t dof;
        double t;
    } known[] = {{3, 3.18244630528371}, {4, 2.77644510519779}, {5, 2.57058183563631}, {7, 2.36462425159278}, {10, 2.22813885198627},
                 {29, 2.04522964213270}, {30, 2.04227245630124}, {100, 1.98397151852355}, {120, 1.97993040508244}};

    (void)unused;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) assert_close(basin_student_t975(known[i].dof), known[i].t, 1e-10, 0.0);
    assert_close(basin_student_t975(1), tan(0.475 * 3.14159265358979323846), 1e-12, 0.0);              /* Cauchy */
    assert_close(basin_student_t975(2), 0.95 * sqrt(2.0 / (1.0 - 0.95 * 0.95)), 1e-12, 0.0);            /* closed form */
    assert_true(isnan(basin_student_t975(0)));
    assert_close(basin_student_t975(1000000000), 1.959963984540054, 1e-8, 0.0);
}

/* P(|T| <= t) by Simpson's rule on the density (1 + t²/ν)^{-(ν+1)/2}, normalised by lgamma: another way to the same number. */
static double student_by_quadrature(double t, double n)
{
    double c = exp(lgamma(0.5 * (n + 1.0)) - lgamma(0.5 * n)) / sqrt(n * 3.14159265358979323846), sum = 0.0;
    int    steps = 4000;

    for (int i = 0; i <= steps; i++) {
        double x = t * i / steps, f = c * pow(1.0 + x * x / n, -0.5 * (n + 1.0));
        sum += f * (i == 0 || i == steps ? 1.0 : i % 2 == 1 ? 4.0 : 2.0);
    }
    return 2.0 * sum * t / steps / 3.0;
}

static void student_quantiles_hold_95_percent(void **unused)
{
    (void)unused;
    for (size_t n = 1; n <= 40; n++) assert_close(student_by_quadrature(basin_student_t975(n), (double)n), 0.95, 1e-8, 0.0);
    assert_close(student_by_quadrature(basin_student_t975(997), 997.0), 0.95, 1e-10, 0.0);
    assert_close(student_by_quadrature(basin_student_t975(1001), 1001.0), 0.95, 1e-10, 0.0);
    /* sum and expansion meet: the second difference across the seam is as small as the function's own */
    double seam = basin_student_t975(1000) - 2.0 * basin_student_t975(1001) + basin_student_t975(1002);
    assert_close(seam, 0.0, 0.0, 1e-8);
}

static double sign_flip_by_brute_force(const double *d, size_t n)
{
    double seen = 0.0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) seen += d[i];
    for (size_t mask = 0; mask < (size_t)1 << n; mask++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) sum += mask >> i & 1 ? -d[i] : d[i];
        if (fabs(sum) >= fabs(seen) - 1e-9) count++;
    }
    return (double)count / (double)((size_t)1 << n);
}

static void sign_flip_counts_patterns(void **unused)
{
    basin_random r = basin_random_start(1, BASIN_STREAM_TEST);

    (void)unused;
    assert_close(basin_sign_flip_p((double[]){1.0, 2.0, 3.0}, 3), 0.25, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){-1.0, -2.0, -3.0}, 3), 0.25, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){1.0, 2.0, -3.0}, 3), 1.0, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){0.1, 0.2, 0.3, 0.3, 0.3, 0.1, 0.2, 0.1}, 8), 2.0 / 256.0, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){5.0}, 1), 1.0, 0.0, 0.0);
    assert_close(basin_sign_flip_p((double[]){0.0, 0.0}, 2), 1.0, 0.0, 0.0);
    assert_true(isnan(basin_sign_flip_p(NULL, 0)));
    assert_true(isnan(basin_sign_flip_p((double[]){1.0, NAN}, 2)));
    for (size_t n = 1; n <= 12; n++) {
        double d[12];
        for (size_t i = 0; i < n; i++) d[i] = floor(6.0 * basin_random_uniform(&r)) - 1.0; /* ties on purpose */
        assert_close(basin_sign_flip_p(d, n), sign_flip_by_brute_force(d, n), 0.0, 0.0);
    }
}

/* Darwin's maize, crossed less self-fertilised, eighths of an inch: Fisher's own example; 1,726 of 32,768 patterns. */
static void sign_flip_on_darwins_maize(void **unused)
{
    static const double maize[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

    (void)unused;
    assert_close(basin_sign_flip_p(maize, 15), 1726.0 / 32768.0, 1e-15, 0.0);
}

static void sign_flip_above_24_is_drawn_and_reproducible(void **unused)
{
    double       d[30], p;
    basin_random r = basin_random_start(2, BASIN_STREAM_TEST);

    (void)unused;
    for (size_t i = 0; i < 30; i++) d[i] = basin_random_normal(&r) + 0.3;
    p = basin_sign_flip_p(d, 30);
    assert_close(p, basin_sign_flip_p(d, 30), 0.0, 0.0);
    double sum = 0.0, square = 0.0; /* the normal approximation of the same test */
    for (size_t i = 0; i < 30; i++) sum += d[i], square += d[i] * d[i];
    assert_close(p, erfc(fabs(sum) / sqrt(2.0 * square)), 0.1, 0.002);
    for (size_t i = 0; i < 30; i++) d[i] = 1.0;
    assert_close(basin_sign_flip_p(d, 30), 1.0 / 100001.0, 1e-12, 0.0); /* never 0 */
}

static void holm_is_holm(void **unused)
{
    double p[] = {0.01, NAN, 0.04, 0.03, 0.005}, ties[] = {0.02, 0.02, 0.9};

    (void)unused;
    basin_holm(p, 5);
    assert_close(p[4], 0.02, 1e-14, 0.0);
    assert_close(p[0], 0.03, 1e-14, 0.0);
    assert_close(p[3], 0.06, 1e-14, 0.0);
    assert_close(p[2], 0.06, 1e-14, 0.0);
    assert_true(isnan(p[1]));
    basin_holm(ties, 3);
    assert_close(ties[0], 0.06, 1e-14, 0.0);
    assert_close(ties[1], 0.06, 1e-14, 0.0);
    assert_close(ties[2], 0.9, 1e-14, 0.0);
    assert_int_equal(basin_pairs_needed(1, 0.05), 6);
    assert_int_equal(basin_pairs_needed(6, 0.05), 8);
    assert_int_equal(basin_pairs_needed(13, 0.05), 10);
}

/* --------------------------------------------------------------------------------------------- comparisons -- */

enum { MOST = 256 };

typedef struct table {
    size_t         count;
    basin_measures rows[MOST];
    char           text[MOST][2][64];
} table;

/* A row with plausible numbers; tests change what they are about. */
static basin_measures *add(table *t, const char *method, int64_t seed, int64_t step)
{
    basin_measures *m = &t->rows[t->count];
    double          jitter = 0.01 * (double)(seed % 5);

    assert_true(t->count < MOST);
    snprintf(t->text[t->count][0], 64, "runs/%s_%lld", method, (long long)seed);
    snprintf(t->text[t->count][1], 64, "step_%lld.h5", (long long)step);
    *m = (basin_measures){.run = t->text[t->count][0],
                          .checkpoint = t->text[t->count][1],
                          .method = (char *)(uintptr_t)method,
                          .seed = seed,
                          .step = step,
                          .gradient_evaluations = strcmp(method, "sam") == 0 ? 2 * step : step,
                          .seconds = 1.0,
                          .train_loss = 0.5,
                          .test_loss = 0.8 + jitter,
                          .test_accuracy = 0.7,
                          .gap = 0.3 + jitter,
                          .gradient_norm = 1e-3,
                          .stationary = true,
                          .lambda_max = 10.0 + jitter,
                          .ceiling = 40.0,
                          .sane = 3.0,
                          .n_eff = 5.0,
                          .trace = 30.0,
                          .sharpness_sam = 0.1,
                          .sharpness_msam = 0.05,
                          .theta_norm = 4.0};
    t->count++;
    return m;
}

static basin_comparison *compare(const table *t, const basin_comparison_options *options)
{
    basin_comparison *c = NULL;

    assert_ok(basin_comparison_compute(t->rows, t->count, options, &c));
    return c;
}

static const basin_difference *find(const basin_comparison *c, const char *measure, const char *group, const char *base)
{
    for (size_t i = 0; i < c->difference_count; i++)
        if (strcmp(c->differences[i].measure, measure) == 0 && strcmp(c->differences[i].group, group) == 0 &&
            strcmp(c->differences[i].base, base) == 0)
            return &c->differences[i];
    fail_msg("no difference of %s, %s - %s", measure, group, base);
    return NULL;
}

static void assert_note(const basin_comparison *c, const char *part, bool there)
{
    bool found = false;

    for (size_t i = 0; i < c->note_count; i++) found = found || strstr(c->notes[i], part) != NULL;
    if (found == there) return;
    for (size_t i = 0; i < c->note_count; i++) print_error("note: %s\n", c->notes[i]);
    fail_msg("note «%s» is %s", part, there ? "not there" : "there");
}

static const basin_group *group(const basin_comparison *c, const char *name)
{
    for (size_t i = 0; i < c->group_count; i++)
        if (strcmp(c->groups[i].name, name) == 0) return &c->groups[i];
    fail_msg("no group %s", name);
    return NULL;
}

/* gd and sam over `seeds`, sam flatter by every measure and better; differences vary a little. */
static void flat_and_better(table *t, size_t seeds)
{
    for (size_t s = 0; s < seeds; s++) {
        double shift = 1.0 + 0.1 * (double)s;
        add(t, "gd", (int64_t)s, 100);
        basin_measures *m = add(t, "sam", (int64_t)s, 100);
        m->lambda_max -= 2.0 * shift, m->trace -= shift, m->sane -= 0.1 * shift, m->n_eff -= 0.1 * shift;
        m->sharpness_sam -= 0.01 * shift, m->sharpness_msam -= 0.01 * shift;
        m->test_loss -= 0.1 * shift, m->gap -= 0.1 * shift, m->test_accuracy += 0.01 * shift;
    }
}

static void eight_seeds_decide_and_the_numbers_are_those_of_the_formulas(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    basin_comparison       *c = compare(&t, NULL);
    const basin_difference *d = find(c, "lambda_max", "sam", "gd");
    double                  x[8], mean = 0.0, square = 0.0;
    for (size_t s = 0; s < 8; s++) x[s] = -2.0 * (1.0 + 0.1 * (double)s), mean += x[s] / 8.0;
    for (size_t s = 0; s < 8; s++) square += (x[s] - mean) * (x[s] - mean);
    double half = 2.36462425159278 * sqrt(square / 7.0 / 8.0);
    assert_string_equal(c->base, "gd");
    assert_int_equal(c->step, 100);
    assert_int_equal(d->pairs, 8);
    assert_true(d->paired);
    assert_close(d->mean, mean, 1e-12, 0.0);
    assert_close(d->lower, mean - half, 1e-10, 0.0);
    assert_close(d->upper, mean + half, 1e-10, 0.0);
    assert_close(d->p, 2.0 / 256.0, 0.0, 0.0);
    assert_close(d->p_holm, 12.0 / 256.0, 1e-15, 0.0); /* six measures of flatness */
    assert_close(d->p_smallest, 2.0 / 256.0, 0.0, 0.0);
    assert_string_equal(d->verdict, "lower");
    assert_string_equal(find(c, "test_accuracy", "sam", "gd")->verdict, "higher");
    assert_string_equal(find(c, "theta_norm", "sam", "gd")->verdict, "undecided");
    assert_close(find(c, "theta_norm", "sam", "gd")->p, 1.0, 0.0, 0.0);
    assert_note(c, "sam is flatter than gd by every measure of flatness", true);
    assert_note(c, "sam is flatter and generalises better than gd here, by test_loss, test_accuracy, gap", true);
    assert_note(c, "cost: sam spent 2 times the gradient evaluations of gd (200 against 100", true);
    assert_note(c, "no run of gd went on to the budget of sam", true);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "equal within the tolerance"));
    assert_close(basin_comparison_estimate(c, "train_loss", "gd")->mean, 0.5, 1e-15, 0.0);
    assert_close(basin_comparison_estimate(c, "train_loss", "gd")->sd, 0.0, 0.0, 1e-15);
    basin_comparison_destroy(&c);
    basin_comparison_destroy(&c);
    basin_comparison_destroy(NULL);
}

static void too_few_seeds_cannot_decide_and_it_says_how_many_would(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 3);
    basin_comparison *c = compare(&t, NULL);
    assert_string_equal(find(c, "lambda_max", "sam", "gd")->verdict, "3 seeds cannot decide; 8 would");
    assert_string_equal(find(c, "gap", "sam", "gd")->verdict, "3 seeds cannot decide; 7 would");
    assert_note(c, "is sam flatter than gd? 3 seeds cannot decide; 8 would", true);
    assert_note(c, "flatter than gd by", false);
    basin_comparison_destroy(&c);
}

static void one_run_each_gives_no_interval(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 1);
    basin_comparison *c = compare(&t, NULL);
    assert_true(isnan(basin_comparison_estimate(c, "lambda_max", "gd")->lower));
    assert_close(basin_comparison_estimate(c, "lambda_max", "gd")->mean, 10.0, 1e-14, 0.0);
    assert_string_equal(find(c, "lambda_max", "sam", "gd")->verdict, "1 seed cannot decide; 8 would");
    basin_comparison_destroy(&c);
}

static void measures_that_disagree_are_said_to(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].trace += 50.0 + (double)i, t.rows[i].test_loss = 0.8 + 0.01 * (double)i;
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].test_accuracy = 0.7, t.rows[i].gap = t.rows[i - 1].gap + (i % 4 == 1 ? 0.1 : -0.1);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].test_loss = t.rows[i - 1].test_loss + (i % 4 == 1 ? 0.1 : -0.1);
    basin_comparison *c = compare(&t, NULL);
    assert_note(c, "measures disagree: sam is flatter than gd by lambda_max", true);
    assert_note(c, "but sharper by trace", true);
    assert_note(c, "not supported: «sam generalises better than gd»", true);
    basin_comparison_destroy(&c);
}

static void flatter_but_not_tied_to_generalisation(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2)
        t.rows[i].test_accuracy = 0.7, t.rows[i].gap = t.rows[i - 1].gap, t.rows[i].test_loss = t.rows[i - 1].test_loss;
    basin_comparison *c = compare(&t, NULL);
    assert_note(c, "sam is flatter, but that is not tied to generalisation here", true);
    basin_comparison_destroy(&c);
}

static void sharper_and_no_difference_are_not_supported(void **unused)
{
    table t = {0}, same = {0};

    (void)unused;
    flat_and_better(&t, 8);
    basin_comparison *c = compare(&t, &(basin_comparison_options){.base = "sam"});
    assert_string_equal(c->base, "sam");
    assert_note(c, "not supported: «gd is flatter than sam»; it is sharper by", true);
    assert_note(c, "gd generalises worse than sam by", true);
    basin_comparison_destroy(&c);

    for (int64_t s = 0; s < 8; s++) add(&same, "gd", s, 100), add(&same, "msam", s, 100);
    c = compare(&same, NULL);
    assert_note(c, "not supported: «msam is flatter than gd»: no measure of flatness decides", true);
    basin_comparison_destroy(&c);
}

static void unequal_training_losses_are_flagged(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].train_loss = 0.6 + 0.001 * (double)i;
    basin_comparison *c = compare(&t, NULL);
    assert_true(c->losses_unequal && c->differences[0].losses_unequal);
    assert_non_null(strstr(c->losses_note, "unequal (relative difference 0.1"));
    assert_non_null(strstr(c->notes[0], "unequal"));
    basin_comparison_destroy(&c);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].train_loss = i % 4 == 1 ? 0.1 : 1.2; /* 0.65 ± 0.5: the seeds do not tell */
    c = compare(&t, NULL);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "not shown to be equal, nor unequal"));
    basin_comparison_destroy(&c);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].train_loss = 0.5;
    add(&t, "gd", 20, 100)->train_loss = 1e5; /* a run without a partner is no reason */
    c = compare(&t, NULL);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "sam 0.5 against gd 0.5: equal within the tolerance"));
    basin_comparison_destroy(&c);
}

static void the_base_also_enters_at_the_largest_budget(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (int64_t s = 0; s < 8; s++)
        add(&t, "gd", s, 150)->lambda_max = 9.0, add(&t, "gd", s, 190)->lambda_max = 8.5, add(&t, "gd", s, 250)->lambda_max = 1.0;
    basin_comparison *c = compare(&t, NULL);
    assert_int_equal(c->step, 100);
    assert_int_equal(c->group_count, 3);
    const basin_group *extra = group(c, "gd, budget of sam");
    assert_int_equal(extra->run_count, 8);
    assert_close(extra->gradient_evaluations, 190.0, 1e-15, 0.0);
    for (size_t i = 0; i < 8; i++) assert_int_equal(c->rows[extra->rows[i]].step, 190);
    assert_close(group(c, "gd")->gradient_evaluations, 100.0, 1e-15, 0.0);
    assert_int_equal(find(c, "lambda_max", "sam", "gd, budget of sam")->pairs, 8);
    assert_string_equal(find(c, "lambda_max", "gd, budget of sam", "gd")->verdict, "lower");
    assert_int_equal(c->difference_count, 3 * 13);
    assert_note(c, "no run of gd went on", false);
    basin_comparison_destroy(&c);

    t = (table){0}; /* seven counts of 200 average to 200, which the budget admits */
    flat_and_better(&t, 7);
    for (int64_t s = 0; s < 7; s++) add(&t, "gd", s, 200);
    c = compare(&t, NULL);
    assert_close(group(c, "gd, budget of sam")->gradient_evaluations, 200.0, 0.0, 0.0);
    basin_comparison_destroy(&c);
}

static void diverged_runs_are_left_out_and_listed(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 4);
    for (int64_t s = 0; s < 4; s++) add(&t, "gd", s, 50), add(&t, "sam", s, 50);
    add(&t, "gd", 9, 50);
    add(&t, "gd", 9, 77)->missing = (char *)(uintptr_t)"diverged: NaN in fc1.weight";
    basin_comparison *c = compare(&t, NULL);
    assert_int_equal(c->step, 100); /* not 50, where the broken run ends */
    assert_int_equal(c->missing, 1);
    assert_int_equal(group(c, "gd")->run_count, 4);
    assert_note(c, "missing: runs/gd_9/step_77.h5: diverged: NaN in fc1.weight", true);
    assert_note(c, "left out: run runs/gd_9 has no measured checkpoint of step 100", true);
    basin_comparison_destroy(&c);
}

static void a_file_that_cannot_be_read_breaks_the_run_of_its_folder(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 3);
    basin_measures *m = add(&t, "gd", 2, 60);
    m->method = NULL, m->seed = -1, m->step = -1, m->missing = (char *)(uintptr_t)"truncated file";
    basin_comparison *c = compare(&t, NULL);
    assert_int_equal(c->step, 100);
    assert_int_equal(group(c, "gd")->run_count, 3);
    assert_note(c, "left out", false);
    basin_comparison_destroy(&c);
}

static void without_a_common_step_each_run_stands_at_its_last(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t s = 0; s < 2; s++) add(&t, "gd", s, 100), add(&t, "gd", s, 200), add(&t, "sam", s, 130);
    basin_comparison *c = compare(&t, NULL);
    assert_int_equal(c->step, -1);
    assert_int_equal(c->rows[group(c, "gd")->rows[0]].step, 200);
    assert_note(c, "share no step", true);
    basin_comparison_destroy(&c);
}

static void one_run_that_stopped_early_holds_the_step_back(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 2);
    add(&t, "gd", 0, 200), add(&t, "sam", 0, 200), add(&t, "gd", 1, 200); /* seed 1 of sam ends at 100 */
    basin_comparison *c = compare(&t, NULL);
    assert_int_equal(c->step, 100);
    basin_comparison_destroy(&c);
    t.rows[3].step = 130; /* and now at 130: no step is everybody's, 200 is every method's */
    c = compare(&t, NULL);
    assert_int_equal(c->step, 200);
    assert_int_equal(group(c, "sam")->run_count, 1);
    assert_note(c, "left out: run runs/sam_1 has no measured checkpoint of step 200", true);
    basin_comparison_destroy(&c);
}

static void parts_of_sane_are_neither_averaged_nor_tested(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) {
        t.rows[i].spectrum_method = (char *)(uintptr_t)"lanczos";
        t.rows[i].sane_lower = t.rows[i].sane, t.rows[i].sane_upper = i == 4 ? 70.0 : 60.0;
    }
    basin_comparison *c = compare(&t, NULL);
    assert_string_equal(find(c, "sane", "sam", "gd")->verdict, "not measured");
    assert_string_equal(find(c, "n_eff", "sam", "gd")->verdict, "not measured");
    assert_string_equal(find(c, "trace", "sam", "gd")->verdict, "lower");
    assert_true(isnan(basin_comparison_estimate(c, "sane", "gd")->mean)); /* a mean of parts would pass for SANE */
    assert_note(c, "sane lies between 2.83 and 70", true);
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++) t.rows[i].sane_upper = t.rows[i].sane_lower; /* nothing was left over */
    c = compare(&t, NULL);
    assert_string_equal(find(c, "sane", "sam", "gd")->verdict, "lower");
    assert_close(basin_comparison_estimate(c, "sane", "gd")->mean, 3.0, 1e-14, 0.0);
    assert_note(c, "sane lies between", false);
    basin_comparison_destroy(&c);
}

static void n_eff_at_another_alpha_is_another_measure(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) t.rows[i].alpha = i % 2 ? 0.001 : 0.5;
    basin_comparison *c = compare(&t, NULL);
    assert_string_equal(find(c, "n_eff", "sam", "gd")->verdict, "not measured");
    assert_string_equal(find(c, "sane", "sam", "gd")->verdict, "lower");
    assert_note(c, "n_eff is not comparable: its alpha runs from 0.001 to 0.5", true);
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++) t.rows[i].alpha = 0.5;
    c = compare(&t, NULL);
    assert_string_equal(find(c, "n_eff", "sam", "gd")->verdict, "lower");
    basin_comparison_destroy(&c);
}

static void pairs_need_equal_seeds_and_equal_starts(void **unused)
{
    table t = {0}, other = {0};

    (void)unused;
    for (int64_t s = 0; s < 3; s++) add(&t, "gd", s, 100), add(&t, "sam", s + 10, 100)->lambda_max = 7.0;
    basin_comparison       *c = compare(&t, NULL);
    const basin_difference *d = find(c, "lambda_max", "sam", "gd");
    assert_false(d->paired);
    assert_int_equal(d->pairs, 0);
    assert_true(isnan(d->p) && isnan(d->p_holm) && isnan(d->lower));
    assert_close(d->mean, 7.0 - 10.01, 1e-12, 0.0);
    assert_string_equal(d->verdict, "not paired");
    assert_note(c, "sam and gd have no pairs of runs", true);
    basin_comparison_destroy(&c);

    flat_and_better(&other, 3);
    for (int64_t s = 0; s < 3; s++) add(&other, "gd", s, 0), add(&other, "sam", s, 0)->theta_norm = s == 1 ? 4.1 : 4.0;
    c = compare(&other, NULL);
    assert_int_equal(find(c, "lambda_max", "sam", "gd")->pairs, 2); /* seed 1 started elsewhere */
    assert_note(c, "and, at step 0, the same start", true);
    basin_comparison_destroy(&c);
}

static void what_one_method_lacks_is_not_tested(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i += 2) t.rows[i].sharpness_msam = NAN;
    basin_comparison       *c = compare(&t, NULL);
    const basin_difference *d = find(c, "sharpness_msam", "sam", "gd");
    assert_int_equal(d->pairs, 0);
    assert_string_equal(d->verdict, "not measured");
    assert_close(find(c, "trace", "sam", "gd")->p_holm, 10.0 / 256.0, 1e-15, 0.0); /* five left in the family */
    assert_int_equal(basin_comparison_estimate(c, "sharpness_msam", "gd")->n, 0);
    basin_comparison_destroy(&c);
}

static void points_near_their_ceilings_and_moving_points_are_noted(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) t.rows[i].ceiling = t.rows[i].lambda_max / (i % 4 < 2 ? 0.97 : 0.98);
    t.rows[1].stationary = t.rows[3].stationary = false;
    basin_comparison *c = compare(&t, NULL);
    assert_note(c, "may only restate its lower ceiling", true);
    assert_note(c, "lambda_max over the method's own ceiling of stability, mean: gd 0.975 (8 runs), sam 0.975 (8 runs)", true);
    assert_note(c, "not stationary, so not at a minimum: 2 of 8 of sam", true);
    basin_comparison_destroy(&c);
}

/* At other statistics than training's own, λ_max is not what the ceiling bounds. */
static void ceilings_with_batch_norm_are_of_training_mode(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    basin_comparison *stored = compare(&t, &(basin_comparison_options){.bn = "stored"}), *batch = compare(&t, &(basin_comparison_options){.bn = "batch:8"}),
                     *none = compare(&t, NULL);
    assert_note(stored, "with BatchNorm the ceiling is that of training mode, and lambda_max here is at statistics stored: --bn batch:SIZE gives its "
                        "lambda_max", true);
    assert_note(batch, "training mode", false);
    assert_note(none, "training mode", false);
    basin_comparison_destroy(&stored);
    basin_comparison_destroy(&batch);
    basin_comparison_destroy(&none);
}

static void the_callers_remark_comes_first(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 8);
    basin_comparison *c = compare(&t, &(basin_comparison_options){.remark = "their data differ"});
    assert_string_equal(c->notes[0], "their data differ");
    basin_comparison_destroy(&c);
}

static void what_cannot_be_compared_is_refused(void **unused)
{
    table             t = {0};
    basin_comparison *c = NULL;

    (void)unused;
    add(&t, "gd", 0, 10)->missing = (char *)(uintptr_t)"diverged";
    assert_status(basin_comparison_compute(t.rows, 1, NULL, &c), BASIN_ERR_MISSING);
    assert_message("none of 1 checkpoints could be measured");
    assert_status(basin_comparison_compute(NULL, 0, NULL, &c), BASIN_ERR_MISSING);
    t.rows[0].missing = NULL;
    assert_status(basin_comparison_compute(t.rows, 1, &(basin_comparison_options){.base = "sam"}, &c), BASIN_ERR_MISSING);
    assert_message("no measured run of method sam");
    assert_status(basin_comparison_compute(t.rows, 1, &(basin_comparison_options){.level = 1.5}, &c), BASIN_ERR_ARG);
    assert_message("level of significance 1.5");
    assert_null(c);
    c = compare(&t, NULL);
    assert_int_equal(c->difference_count, 0);
    assert_note(c, "one method only, gd", true);
    basin_comparison_destroy(&c);
}

static basin_status compare_once(void *payload)
{
    const table      *t = payload;
    basin_comparison *c = NULL;
    basin_status      st = basin_comparison_compute(t->rows, t->count, NULL, &c);

    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    table t = {0};

    (void)unused;
    flat_and_better(&t, 2);
    add(&t, "gd", 0, 150);
    add(&t, "gd", 7, 50)->missing = (char *)(uintptr_t)"diverged";
    basin_test_every_allocation(compare_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_quantiles_are_those_of_the_tables),
        cmocka_unit_test(student_quantiles_hold_95_percent),
        cmocka_unit_test(sign_flip_counts_patterns),
        cmocka_unit_test(sign_flip_on_darwins_maize),
        cmocka_unit_test(sign_flip_above_24_is_drawn_and_reproducible),
        cmocka_unit_test(holm_is_holm),
        cmocka_unit_test(eight_seeds_decide_and_the_numbers_are_those_of_the_formulas),
        cmocka_unit_test(too_few_seeds_cannot_decide_and_it_says_how_many_would),
        cmocka_unit_test(one_run_each_gives_no_interval),
        cmocka_unit_test(measures_that_disagree_are_said_to),
        cmocka_unit_test(flatter_but_not_tied_to_generalisation),
        cmocka_unit_test(sharper_and_no_difference_are_not_supported),
        cmocka_unit_test(unequal_training_losses_are_flagged),
        cmocka_unit_test(the_base_also_enters_at_the_largest_budget),
        cmocka_unit_test(diverged_runs_are_left_out_and_listed),
        cmocka_unit_test(a_file_that_cannot_be_read_breaks_the_run_of_its_folder),
        cmocka_unit_test(without_a_common_step_each_run_stands_at_its_last),
        cmocka_unit_test(one_run_that_stopped_early_holds_the_step_back),
        cmocka_unit_test(parts_of_sane_are_neither_averaged_nor_tested),
        cmocka_unit_test(n_eff_at_another_alpha_is_another_measure),
        cmocka_unit_test(pairs_need_equal_seeds_and_equal_starts),
        cmocka_unit_test(what_one_method_lacks_is_not_tested),
        cmocka_unit_test(points_near_their_ceilings_and_moving_points_are_noted),
        cmocka_unit_test(ceilings_with_batch_norm_are_of_training_mode),
        cmocka_unit_test(the_callers_remark_comes_first),
        cmocka_unit_test(what_cannot_be_compared_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("comparison", tests, NULL, NULL);
}
