/* Which measures count as invariant in a comparison: by results of `invariance` in place of the list. */
#include <math.h>
#include <string.h>

#include "comparison_table.h"

enum { ROWS_MOST = 8 };

typedef struct measured { /* a result of invariance */
    basin_invariances    value;
    basin_change         changes[3];
    basin_invariance_row rows[ROWS_MOST];
} measured;

static void start(measured *m)
{
    *m = (measured){0};
    m->value.network = (char *)(uintptr_t) "input x; fc1";
    m->value.parameters = 10;
    m->changes[0] = (basin_change){.symmetry = BASIN_SYMMETRY_LAYER, .outputs = 1e-15};
    m->changes[1] = (basin_change){.symmetry = BASIN_SYMMETRY_LAYER, .outputs = 1e-2};
    m->changes[2] = (basin_change){.symmetry = BASIN_SYMMETRY_PERMUTATION, .outputs = 0.0};
    m->value.change_count = 3, m->value.changes = m->changes;
    m->value.rows = m->rows;
}

static void add(measured *m, const char *measure, basin_symmetry symmetry, int verdict, double change)
{
    assert_true(m->value.row_count < ROWS_MOST);
    m->rows[m->value.row_count++] = (basin_invariance_row){.measure = (char *)(uintptr_t)measure,
                                                           .symmetry = (int)symmetry,
                                                           .verdict = verdict,
                                                           .change = change,
                                                           .at = 25.0};
}

/* Eight seeds of gd and sam of that network; sam is flatter by everything but SANE's family. */
static void make_table(table *t)
{
    *t = (table){0};
    table_flat_and_better(t, 8);
    for (size_t i = 0; i < t->count; i++) {
        const bool sam = strcmp(t->rows[i].method, "sam") == 0;
        t->rows[i].network = (char *)(uintptr_t) "input x; fc1";
        t->rows[i].parameters = 10;
        t->rows[i].adaptive_average.value = sam ? 0.9 - 0.01 * (double)t->rows[i].seed : 1.0;
    }
}

static basin_comparison *compare(const table *t, const measured *const *m, size_t count)
{
    static const char *const files[] = {"one.h5", "two.h5"};
    const basin_invariances *values[2];

    for (size_t i = 0; i < count; i++) values[i] = &m[i]->value;
    return table_compare(t, &(basin_comparison_options){
                                .invariance_count = count, .invariances = values, .invariance_files = files});
}

static const basin_invariant *find(const basin_comparison *c, const char *measure)
{
    for (size_t i = 0; i < c->invariant_count; i++)
        if (strcmp(c->invariants[i].measure, measure) == 0) return &c->invariants[i];
    fail_msg("nothing is known of the invariance of %s", measure);
    return NULL;
}

static void what_was_measured_counts_in_place_of_the_list(void **state)
{
    static table      t;
    measured          m;
    const measured   *one = &m;
    basin_comparison *c;

    (void)state;
    make_table(&t);
    c = compare(&t, NULL, 0);
    assert_int_equal(c->invariant_count, 0);
    assert_int_equal(c->conclusions[0].kind, BASIN_CONCLUSION_SUPPORTED);
    basin_comparison_destroy(&c);

    start(&m);
    add(&m, "adaptive_average", BASIN_SYMMETRY_LAYER, BASIN_MOVES, 0.5);
    add(&m, "lambda_max", BASIN_SYMMETRY_LAYER, BASIN_STAYS_OR_MOVES, 0.1);
    add(&m, "trace", BASIN_SYMMETRY_PERMUTATION, BASIN_STAYS,
        0.0); /* the control says nothing of rescaling */
    c = compare(&t, &one, 1);
    assert_int_equal(c->conclusions[0].kind, BASIN_CONCLUSION_NOT_INVARIANT);
    assert_int_equal(find(c, "adaptive_average")->verdict, BASIN_MOVES);
    assert_string_equal(find(c, "adaptive_average")->file, "one.h5");
    assert_int_equal(find(c, "lambda_max")->verdict, BASIN_STAYS_OR_MOVES);
    assert_int_equal(find(c, "trace")->verdict, BASIN_NOT_JUDGED);
    assert_int_equal(find(c, "trace")->symmetry, -1);
    table_note(c, "adaptive_average is listed as left alone by rescaling, but one.h5 saw it move by 50 %",
               true);
    table_note(c, "undecided, so they do not count: lambda_max", true);
    assert_int_equal(c->conclusions[0].invariant_kind, BASIN_CONCLUSION_INCONCLUSIVE);
    assert_non_null(strstr(c->conclusions[0].invariant_reason, "was compared"));
    basin_comparison_destroy(&c);
}

static void a_measure_listed_as_changed_counts_where_it_stayed(void **state)
{
    static table      t;
    measured          m;
    const measured   *one = &m;
    basin_comparison *c;

    (void)state;
    make_table(&t);
    for (size_t i = 0; i < t.count; i++) t.rows[i].adaptive_average.value = 1.0;
    start(&m);
    add(&m, "trace", BASIN_SYMMETRY_LAYER, BASIN_STAYS, 1e-9);
    c = compare(&t, &one, 1);
    assert_int_equal(c->conclusions[0].kind, BASIN_CONCLUSION_SUPPORTED);
    assert_int_equal(c->conclusions[0].invariant_flatter, 1);
    assert_non_null(strstr(c->conclusions[0].reason,
                           "that were measured to stay when the same network is rescaled (trace"));
    table_note(c, "trace is listed as changed by rescaling, but stayed under all that one.h5 tried", true);
    table_note(c,
               "by the invariant measures alone: sam is flatter than gd by every measure of curvature "
               "compared: trace",
               true);
    basin_comparison_destroy(&c);
}

static void of_several_results_the_worst_counts(void **state)
{
    static table          t;
    measured              a, b;
    const measured *const both[] = {&a, &b};
    basin_comparison     *c;

    (void)state;
    make_table(&t);
    start(&a), start(&b);
    add(&a, "adaptive_average", BASIN_SYMMETRY_LAYER, BASIN_STAYS, 1e-12);
    add(&b, "adaptive_average", BASIN_SYMMETRY_LAYER, BASIN_STAYS, 1e-9);
    add(&b, "adaptive_average", BASIN_SYMMETRY_NEURON, BASIN_MOVES, 0.02);
    c = compare(&t, both, 2);
    assert_int_equal(find(c, "adaptive_average")->verdict, BASIN_MOVES);
    assert_int_equal(find(c, "adaptive_average")->symmetry, BASIN_SYMMETRY_NEURON);
    assert_string_equal(find(c, "adaptive_average")->file, "two.h5");
    assert_close(find(c, "adaptive_average")->change, 0.02, 0.0, 0.0);
    basin_comparison_destroy(&c);
}

/* Flatter by what rescaling moves and sharper by what it leaves alone: the latter alone say sharper. */
static void over_the_invariant_ones_alone_the_verdict_is_another(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    make_table(&t);
    for (size_t i = 1; i < t.count; i += 2)
        t.rows[i].adaptive_average.value = 1.1 + 0.01 * (double)t.rows[i].seed;
    c = compare(&t, NULL, 0);
    assert_int_equal(c->conclusions[0].kind, BASIN_CONCLUSION_DISAGREE);
    assert_int_equal(c->conclusions[0].invariant_kind, BASIN_CONCLUSION_NOT_SUPPORTED);
    assert_non_null(
        strstr(c->conclusions[0].invariant_reason, "sam is sharper than gd, by adaptive_average"));
    basin_comparison_destroy(&c);
}

static void refuse(const measured *m, const char *message)
{
    static table             t;
    const basin_invariances *value = &m->value;
    const char              *file = "inv.h5";
    basin_comparison        *c = NULL;

    make_table(&t);
    assert_int_equal(basin_comparison_compute(t.rows, t.count,
                                              &(basin_comparison_options){.invariance_count = 1,
                                                                          .invariances = &value,
                                                                          .invariance_files = &file},
                                              &c),
                     BASIN_ERR_VALUE);
    assert_null(c);
    if (strstr(basin_error_message(), message) == NULL)
        fail_msg("«%s» does not say «%s»", basin_error_message(), message);
}

static void results_of_another_network_or_of_unequal_outputs_are_refused(void **state)
{
    measured m;

    (void)state;
    start(&m);
    m.value.parameters = 11;
    refuse(&m, "inv.h5: P = 11 parameters, runs/gd_0 has 10: invariance of another network");
    start(&m);
    m.value.network = (char *)(uintptr_t) "input x; fc2";
    refuse(&m,
           "inv.h5: invariance of another network than runs/gd_0: their networks differ: fc2 against fc1");
    start(&m);
    m.changes[0].outputs = 3e-3;
    refuse(&m,
           "inv.h5: layer: every change moved the outputs, by 0.003 at least, and 0.0001 counts as equal");
    start(&m);
    m.changes[0].symmetry = m.changes[1].symmetry = BASIN_SYMMETRY_PERMUTATION;
    refuse(&m, "inv.h5: 3 changes, none of which rescales anything");
}

static basin_status compare_once(void *payload)
{
    static const char *const file = "one.h5";
    const table             *t = payload;
    measured                 m;
    const basin_invariances *value = &m.value;
    basin_comparison        *c = NULL;

    start(&m);
    add(&m, "adaptive_average", BASIN_SYMMETRY_LAYER, BASIN_MOVES, 0.5);
    add(&m, "trace", BASIN_SYMMETRY_LAYER, BASIN_STAYS, 1e-9);
    const basin_status st = basin_comparison_compute(
        t->rows, t->count,
        &(basin_comparison_options){.invariance_count = 1, .invariances = &value, .invariance_files = &file},
        &c);
    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    static table t;

    (void)state;
    make_table(&t);
    t.count = 4;
    basin_test_every_allocation(compare_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_measured_counts_in_place_of_the_list),
        cmocka_unit_test(a_measure_listed_as_changed_counts_where_it_stayed),
        cmocka_unit_test(of_several_results_the_worst_counts),
        cmocka_unit_test(over_the_invariant_ones_alone_the_verdict_is_another),
        cmocka_unit_test(results_of_another_network_or_of_unequal_outputs_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return cmocka_run_group_tests_name("invariants", tests, NULL, NULL);
}
