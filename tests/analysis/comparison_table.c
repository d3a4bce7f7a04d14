#include "comparison_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/schema.h"

basin_row *table_add(table *t, const char *method, int64_t seed, int64_t step)
{
    basin_row *m = &t->rows[t->count];
    double     jitter = 0.01 * (double)(seed % 5);

    assert_true(t->count < TABLE_MOST);
    snprintf(t->text[t->count][0], 64, "runs/%s_%lld", method, (long long)seed);
    snprintf(t->text[t->count][1], 64, "step_%lld.h5", (long long)step);
    basin_row_blank(m);
    m->run = t->text[t->count][0], m->checkpoint = t->text[t->count][1],
    m->method = (char *)(uintptr_t)method;
    m->seed = seed, m->step = step, m->gradient_evaluations = strcmp(method, "sam") == 0 ? 2 * step : step,
    m->seconds = 1.0;
    m->learning_rate = 0.1, m->momentum = 0.9, m->batch_size = 0;
    m->rho = strcmp(method, "sam") == 0 || strcmp(method, "msam") == 0 ? 0.05 : (double)NAN;
    m->samples = m->split_samples = 200, m->test_samples = 899;
    m->train_loss.value = 0.5, m->test_loss.value = 0.8 + jitter, m->test_accuracy.value = 0.7,
    m->gap.value = 0.3 + jitter;
    m->gradient_norm.value = 1e-3, m->theta_norm.value = 4.0;
    m->lambda_max.value = 10.0 + jitter, m->ceiling.value = m->ceiling_plain.value = 40.0,
    m->lambda_max_over_ceiling.value = m->lambda_max_over_plain.value = m->lambda_max.value / 40.0;
    m->sane.value = 3.0, m->n_eff.value = 5.0, m->trace.value = 30.0;
    m->sharpness_rho = 0.05;
    m->sharpness_sam.value = m->sharpness_sam_symmetric.value = 0.1,
    m->sharpness_msam.value = m->sharpness_msam_symmetric.value = 0.05;
    m->rise_top.value = 0.2, m->rise_random.value = 0.01;
    m->momentum_top_cosine2.value = 0.25, m->gradient_top_cosine2.value = 0.5;
    t->count++;
    return m;
}

basin_row *table_beside(table *t, const basin_row *row, int point, size_t part)
{
    basin_row *m = &t->rows[t->count];

    assert_true(t->count < TABLE_MOST);
    *m = *row;
    m->point = point, m->part = part;
    t->count++;
    return m;
}

void table_flat_and_better(table *t, size_t seeds)
{
    for (size_t s = 0; s < seeds; s++) {
        double shift = 1.0 + 0.1 * (double)s;
        table_add(t, "gd", (int64_t)s, 100);
        basin_row *m = table_add(t, "sam", (int64_t)s, 100);
        m->lambda_max.value -= 2.0 * shift, m->trace.value -= shift, m->sane.value -= 0.1 * shift,
            m->n_eff.value -= 0.1 * shift;
        m->sharpness_sam.value -= 0.01 * shift, m->sharpness_msam.value -= 0.01 * shift;
        m->sharpness_sam_symmetric.value -= 0.01 * shift, m->sharpness_msam_symmetric.value -= 0.01 * shift;
        m->rise_top.value -= 0.01 * shift, m->rise_random.value -= 0.001 * shift;
        m->test_loss.value -= 0.1 * shift, m->gap.value -= 0.1 * shift,
            m->test_accuracy.value += 0.01 * shift;
    }
}

basin_comparison *table_compare(const table *t, const basin_comparison_options *options)
{
    basin_comparison *c = NULL;

    assert_ok(basin_comparison_compute(t->rows, t->count, options, &c));
    return c;
}

const basin_difference *table_difference_at(const basin_comparison *c, int point, const char *measure,
                                            const char *group, const char *base)
{
    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        if (d->point == point && strcmp(d->measure, measure) == 0 && strcmp(d->group, group) == 0 &&
            strcmp(d->base, base) == 0)
            return d;
    }
    fail_msg("no difference of %s, %s - %s", measure, group, base);
    return NULL;
}

const basin_difference *table_difference(const basin_comparison *c, const char *measure, const char *group,
                                         const char *base)
{
    return table_difference_at(c, BASIN_POINT_RAW, measure, group, base);
}

const basin_estimate *table_estimate(const basin_comparison *c, const char *measure, const char *group)
{
    for (size_t i = 0; i < c->estimate_count; i++) {
        const basin_estimate *e = &c->estimates[i];
        if (e->point == BASIN_POINT_RAW && strcmp(e->measure, measure) == 0 && strcmp(e->group, group) == 0)
            return e;
    }
    fail_msg("no estimate of %s, %s", measure, group);
    return NULL;
}

const basin_group *table_group(const basin_comparison *c, const char *name)
{
    for (size_t i = 0; i < c->group_count; i++)
        if (strcmp(c->groups[i].name, name) == 0) return &c->groups[i];
    fail_msg("no group %s", name);
    return NULL;
}

void table_note(const basin_comparison *c, const char *part, bool there)
{
    bool found = false;

    for (size_t i = 0; i < c->note_count; i++) found = found || strstr(c->notes[i], part) != NULL;
    if (found == there) return;
    for (size_t i = 0; i < c->note_count; i++) print_error("note: %s\n", c->notes[i]);
    fail_msg("note «%s» is %s", part, there ? "not there" : "there");
}
