/* How often a whole comparison is wrong, and how often it is right, over simulated studies with the shape of
 * the README's: gd, sam and msam, sam also against gd at its budget of gradients; 24 measures, counting those
 * after polishing too; 8 seeds. Every study goes through basin_comparison_compute. The long run draws 2,000
 * of each kind and prints the table of docs/measures.md.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "comparison_table.h"
#include "core/random.h"

typedef enum shape { NORMAL, LOGNORMAL, SKEWED } shape;

typedef struct setting {
    const char *name;
    shape       shape;
    double      correlation; /* between the measures of one run */
    /* standard deviation of what the runs of a seed share, in those of their errors */
    double common;
    double effect; /* of sam on curvature, in standard deviations of a paired difference */
    size_t seeds;
} setting;

typedef struct rates { /* shares of studies */
    /* with any wrong verdict: of the report; of the rule before; of one family and pair alone, by its own
       verdicts */
    double report, old, family;
    /* right ones about curvature of sam against gd: any; lambda_max at the checkpoint */
    double any, lambda;
} rates;

/* ---------------------------------------------------------------------------------------- made-up rows -- */

static void make_rows(table *t, size_t seeds)
{
    *t = (table){0};
    for (size_t s = 0; s < seeds; s++) {
        table_add(t, "gd", (int64_t)s, 100), table_add(t, "gd", (int64_t)s, 200);
        table_add(t, "sam", (int64_t)s, 100), table_add(t, "msam", (int64_t)s, 100);
    }
    for (size_t i = 0, n = t->count; i < n; i++) {
        t->rows[i].clean_gap.value = 0.3;
        table_beside(t, &t->rows[i], BASIN_POINT_POLISHED, 0);
    }
}

/* One error of variance about 1 and mean 0 from a standard normal number. Skewed: gd has none at all, the
   others a mean-zero lognormal one, so that the two methods are not exchangeable though no mean differs. */
static double error_of(const setting *o, const basin_row *row, double z)
{
    if (o->shape != SKEWED) return z;
    return strcmp(row->method, "gd") == 0 ? 0.0 : exp(z) - exp(0.5);
}

/* The value of a measure from what the seed shares and the run's own error: on a scale where errors add, or
   where they multiply. */
static double value_of(const setting *o, const basin_column *column, double x)
{
    if (o->shape == LOGNORMAL) return exp(x);
    if (o->shape == SKEWED) return column->ratio ? exp(0.3 * x) : 0.3 * x;
    return 100.0 + x; /* far from 0, so that logarithms are as good as normal */
}

static bool affected(const setting *o, const basin_row *row, const basin_column *column)
{
    return o->effect != 0.0 && column->family == BASIN_FAMILY_CURVATURE && strcmp(row->method, "sam") == 0;
}

/* What is measured without being asked for. */
static bool varies(const basin_column *column)
{
    return column->compared && column->family != BASIN_FAMILY_CONDITION &&
           !(column->needs & BASIN_NEEDS_ON_REQUEST);
}

/* What the runs of a seed share, of each measure at both points; a measure that does not vary draws
   nothing. */
static void draw_shared(const setting *o, double (*shared)[BASIN_MEASURES][2] /* [seeds] */, basin_random *r)
{
    for (size_t s = 0; s < o->seeds; s++)
        for (size_t m = 0; m < BASIN_MEASURES; m++)
            for (size_t point = 0; point < 2 && varies(&basin_columns[m]); point++)
                shared[s][m][point] = o->common * basin_random_normal(r);
}

static void draw_study(const setting *o, table *t, double (*shared)[BASIN_MEASURES][2], basin_random *r)
{
    size_t runs = t->count / 2;

    draw_shared(o, shared, r);
    for (size_t i = 0; i < runs; i++) {
        double own = basin_random_normal(r);
        for (size_t m = 0; m < BASIN_MEASURES; m++) {
            const basin_column *column = &basin_columns[m];
            for (size_t point = 0; point < 2 && varies(column); point++) {
                basin_row *row = &t->rows[i + point * runs];
                double z = sqrt(o->correlation) * own + sqrt(1.0 - o->correlation) * basin_random_normal(r);
                double x = shared[row->seed][m][point] + error_of(o, row, z);
                if (affected(o, row, column)) x -= o->effect * sqrt(2.0);
                row->measures[m].value = value_of(o, column, x);
            }
        }
    }
}

/* -------------------------------------------------------------------------------------------- counting -- */

/* The rule before this one: at the checkpoint only, Holm over six measures of flatness and over three of
   generalisation, for each pair by itself. Does it decide anything? */
static bool holm_decides(const basin_comparison *c, const char *group, const char *base,
                         const char *const *measures, size_t count)
{
    double smallest = 2.0;

    for (size_t i = 0; i < count; i++)
        smallest = fmin(smallest, table_difference(c, measures[i], group, base)->p);
    /* Holm rejects something where the smallest p passes Bonferroni */
    return smallest * (double)count <= 0.05;
}

static bool old_rule_decides(const basin_comparison *c)
{
    static const char *const pairs[][2] = {{"sam", "gd"}, {"msam", "gd"}, {"sam", "gd, budget of sam"}};
    static const char *const flatness[] = {"lambda_max", "trace",         "sane",
                                           "n_eff",      "sharpness_sam", "sharpness_msam"};
    static const char *const generalisation[] = {"test_loss", "test_accuracy", "gap"};
    bool                     any = false;

    for (size_t p = 0; p < 3; p++)
        any = any || holm_decides(c, pairs[p][0], pairs[p][1], flatness, 6) ||
              holm_decides(c, pairs[p][0], pairs[p][1], generalisation, 3);
    return any;
}

static bool decided(int verdict)
{
    return verdict == BASIN_VERDICT_LOWER || verdict == BASIN_VERDICT_HIGHER;
}

static void count_study(const basin_comparison *c, double share, rates *out)
{
    bool report = false, family = false, any = false, lambda = false;

    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        bool                    first = strcmp(d->group, "sam") == 0 && strcmp(d->base, "gd") == 0;
        bool                    curvature = d->family == BASIN_FAMILY_CURVATURE;
        assert_true(isnan(d->p_report) || (d->p_report >= d->p_family && d->p_family >= d->p));
        report = report || (d->family != BASIN_FAMILY_CONDITION && decided(d->report));
        family = family || (first && d->family == BASIN_FAMILY_RISE && decided(d->verdict));
        any = any || (first && curvature && d->report == BASIN_VERDICT_LOWER);
        lambda = lambda || (first && d->point == BASIN_POINT_RAW && strcmp(d->measure, "lambda_max") == 0 &&
                            d->report == BASIN_VERDICT_LOWER);
    }
    out->report += report ? share : 0.0, out->family += family ? share : 0.0;
    out->any += any ? share : 0.0, out->lambda += lambda ? share : 0.0;
    out->old += old_rule_decides(c) ? share : 0.0;
}

static rates simulate(const setting *o, size_t studies)
{
    static table t;
    basin_random r = basin_random_start(11, BASIN_STREAM_TEST);
    rates        out = {0};
    double(*shared)[BASIN_MEASURES][2] = basin_alloc(o->seeds, sizeof *shared);

    assert_non_null(shared);
    make_rows(&t, o->seeds);
    for (size_t i = 0; i < studies; i++) {
        draw_study(o, &t, shared, &r);
        basin_comparison *c = table_compare(&t, NULL);
        assert_int_equal(c->report_pairs, 3);
        count_study(c, 1.0 / (double)studies, &out);
        basin_comparison_destroy(&c);
    }
    basin_free(shared);
    return out;
}

static double at_most(double level, size_t studies)
{
    return level + 3.0 * sqrt(level * (1.0 - level) / (double)studies);
}

/* --------------------------------------------------------------------------------------------- studies -- */

static const setting nulls[] = {
    {"normal, independent measures", NORMAL, 0.0, 0.0, 0.0, 8},
    {"normal, correlation .5", NORMAL, 0.5, 0.0, 0.0, 8},
    {"normal, correlation .9", NORMAL, 0.9, 0.0, 0.0, 8},
    {"normal, correlation .5, seeds differ threefold", NORMAL, 0.5, 3.0, 0.0, 8},
    {"lognormal, independent measures", LOGNORMAL, 0.0, 0.0, 0.0, 8},
    {"lognormal, correlation .5, seeds differ", LOGNORMAL, 0.5, 1.0, 0.0, 8},
};

/* Exchangeable methods: whatever the dependence and the shape, the report is wrong at most once in twenty,
   and so is a family alone. */
static void where_methods_are_exchangeable_the_report_is_wrong_in_one_of_twenty_at_most(void **unused)
{
    size_t studies = basin_test_long() ? 2000 : 120;

    (void)unused;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        if (!basin_test_long() && i != 0 && i != 2 && i != 5) continue;
        rates r = simulate(&nulls[i], studies);
        print_message("%s: wrong %.4f (rule before: %.4f; one family: %.4f)\n", nulls[i].name, r.report,
                      r.old, r.family);
        assert_true(r.report <= at_most(0.05, studies));
        assert_true(r.family <= at_most(0.05, studies));
        assert_true(r.old > r.report);
    }
}

/* No mean differs, but one method's errors are lognormal and the other has none: swapping labels does change
   something. */
static void where_they_are_not_it_is_wrong_more_often(void **unused)
{
    size_t studies = basin_test_long() ? 2000 : 120;

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        setting o = {"skewed against none", SKEWED, i == 0 ? 0.0 : 0.9, 0.0, 0.0, 8};
        rates   r = simulate(&o, studies);
        print_message("%s, correlation %.1f: wrong %.4f (rule before: %.4f)\n", o.name, o.correlation,
                      r.report, r.old);
        assert_true(r.report > at_most(0.05, studies));
    }
}

/* An effect of the curvature family is found, all measures correlated by a half; more seeds find more. */
static void effects_are_found(void **unused)
{
    static const size_t seeds[] = {8, 12, 16};
    double              before = 0.0;

    (void)unused;
    for (size_t e = 1; e <= 2; e++)
        for (size_t n = 0; n < (basin_test_long() ? 3 : 1); n++) {
            setting o = {"effect", NORMAL, 0.5, 1.0, (double)e, seeds[n]};
            size_t  studies = !basin_test_long() ? 60 : seeds[n] == 16 ? 200 : 500;
            rates   r = simulate(&o, studies);
            print_message("effect of %zu sd, %zu seeds: any measure of curvature %.3f, lambda_max %.3f\n", e,
                          seeds[n], r.any, r.lambda);
            assert_true(r.any >= r.lambda);
            assert_true(n == 0 || r.any > before - 0.05);
            before = r.any;
            if (e == 2) assert_true(r.any > 0.5);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_methods_are_exchangeable_the_report_is_wrong_in_one_of_twenty_at_most),
        cmocka_unit_test(where_they_are_not_it_is_wrong_more_often),
        cmocka_unit_test(effects_are_found),
    };
    return cmocka_run_group_tests_name("study", tests, NULL, NULL);
}
