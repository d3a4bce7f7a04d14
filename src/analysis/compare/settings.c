/* What the runs of one group do not share, and what is chosen when the best of a grid is.
 *
 * A method whose runs have several values of a setting has a mean over unlike things, and its runs of one
 * seed cannot be paired: both is said, with --by as the way out. Who takes the best of several values after
 * looking at them has chosen by the noise too: of k equal groups the best looks better than it is, the more
 * so the larger k. Only runs of that value from seeds that had no part in the choice tell.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

/* ----------------------------------------------------------------------------------------------- mixed -- */

typedef struct mixture { /* of the values of one setting in a group */
    double least, most;
    size_t repeated; /* runs that share their seed with another of the group */
} mixture;

static mixture mixture_of(const basin_comparison *k, const basin_group *group, const basin_column *setting)
{
    mixture m = {.least = INFINITY, .most = -INFINITY};

    for (size_t i = 0; i < group->run_count; i++) {
        const basin_row *row = &k->rows[group->rows[i]];
        const double     value = basin_column_value(row, setting);
        bool             repeated = false;
        for (size_t j = 0; j < group->run_count; j++)
            repeated = repeated || (j != i && row->seed >= 0 && k->rows[group->rows[j]].seed == row->seed);
        m.repeated += repeated;
        if (isfinite(value)) m.least = fmin(m.least, value), m.most = fmax(m.most, value);
    }
    return m;
}

static basin_status note_mixed(basin_comparer *c, const basin_group *group, const char *setting)
{
    basin_status  st = BASIN_OK;
    const mixture m = mixture_of(c->result, group, basin_column_find(setting));
    char         *dropped = NULL;

    if (!(m.most > m.least * (1.0 + 1e-6))) return BASIN_OK;
    dropped = m.repeated > 0
                  ? basin_format("; %zu of them share their seed with another and are not paired", m.repeated)
                  : basin_strdup("");
    BASIN_CHECK(dropped != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
    BASIN_TRY(basin_comparison_add_note(
        c,
        basin_format("runs of %s differ in %s (%.6g to %.6g): its means mix them%s. --by %s makes groups of "
                     "its values",
                     group->name, setting, m.least, m.most, dropped, setting)));
done:
    basin_free(dropped);
    return st;
}

/* ---------------------------------------------------------------------------------- the best of a grid -- */

static size_t count_of_method(const basin_comparison *k, const char *method)
{
    size_t count = 0;

    for (size_t g = 0; g < k->group_count; g++)
        count += k->groups[g].budget_of == NULL && strcmp(k->groups[g].method, method) == 0;
    return count;
}

/* By the mean over its runs of the test accuracy, or else of the test loss; NULL: there is neither. */
static const basin_group *best_of_method(const basin_comparison *k, const char *method, const char **measure)
{
    static const char *const measures[] = {"test_accuracy", "test_loss"};
    const basin_group       *best = NULL;

    for (size_t m = 0; m < 2 && best == NULL; m++) {
        double most = -INFINITY;
        for (size_t g = 0; g < k->group_count; g++) {
            const basin_group    *group = &k->groups[g];
            const basin_estimate *e = basin_comparison_estimate(k, measures[m], group->name, BASIN_POINT_RAW);
            if (group->budget_of != NULL || strcmp(group->method, method) != 0 || e == NULL) continue;
            const double better = m == 0 ? e->mean : -e->mean;
            if (better > most) best = group, most = better, *measure = measures[m];
        }
    }
    return best;
}

static bool is_first_of_method(const basin_comparison *k, size_t g)
{
    for (size_t i = 0; i < g; i++)
        if (strcmp(k->groups[i].method, k->groups[g].method) == 0) return false;
    return true;
}

static basin_status note_selection(basin_comparer *c, size_t g)
{
    const basin_comparison *k = c->result;
    const char             *method = k->groups[g].method, *measure = NULL;
    const size_t            count = count_of_method(k, method);
    const basin_group      *best = best_of_method(k, method, &measure);

    if (!is_first_of_method(k, g) || count < 2 || best == NULL) return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format("of the %zu groups of %s «%s» has the best mean %s. Who takes it for that chooses "
                        "after looking, by chance too, and its numbers here are too good for it: runs of "
                        "that value from other seeds would tell",
                        count, method, best->name, measure));
}

/* Which of several groups of its method the others are held against. */
static basin_status note_base(basin_comparer *c)
{
    const basin_group *base = &c->result->groups[c->base];
    const size_t       count = count_of_method(c->result, base->method);

    if (count < 2) return BASIN_OK;
    return basin_comparison_add_note(
        c,
        basin_format("every group is held against «%s», one of %zu of %s; --base takes another by its name",
                     base->name, count, base->method));
}

basin_status basin_comparison_note_settings(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    for (size_t g = 0; g < k->group_count; g++)
        for (size_t s = 0; s < BASIN_SETTINGS && k->groups[g].budget_of == NULL; s++)
            BASIN_TRY(note_mixed(c, &k->groups[g], basin_settings[s]));
    if (k->by == NULL) goto done;
    BASIN_TRY(note_base(c));
    for (size_t g = 0; g < k->group_count; g++) BASIN_TRY(note_selection(c, g));
done:
    return st;
}
