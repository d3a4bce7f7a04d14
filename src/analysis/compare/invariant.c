/* Which measures of flatness count as ones that rescaling leaves alone: by the list (basin_measures.h), or
 * by results of `invariance` on checkpoints of the same network.
 *
 *   1. A result must be of the network of the runs. Of each kind of change that it made, some change must
 *      have left the outputs equal (BASIN_SAME_OUTPUTS): else the kind tells nothing of invariance.
 *   2. Permutations are the control of a measurement and no rescaling: their rows do not count.
 *   3. Over all other kinds and all results a measure has the worst of its verdicts, moves before undecided
 *      before invariant. It counts as invariant where it stayed throughout; what was not measured does not.
 *
 * Rows have a measure by the name it has in a comparison, at one radius.
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

static bool is_listed(const basin_column *column)
{
    return (column->invariance & BASIN_INVARIANT_TO_RESCALING) != 0;
}

/* ------------------------------------------------------------------------------- does the result apply -- */

static basin_status demand_network(const basin_invariances *found, const char *file, const basin_row *row)
{
    basin_status    st = BASIN_OK;
    const basin_row own = {.network = found->network, .parameters = found->parameters};
    const char     *run = row->run != NULL ? row->run : "the runs";
    char           *what = NULL;

    BASIN_CHECK(found->parameters == row->parameters, BASIN_ERR_VALUE,
                "%s: P = %zu parameters, %s has %zu: invariance of another network; measure that of this "
                "one: basin invariance of a checkpoint of it, with -o",
                file, found->parameters, run, row->parameters);
    BASIN_TRY(basin_networks_unlike(&own, row, &what));
    BASIN_CHECK(what == NULL, BASIN_ERR_VALUE,
                "%s: invariance of another network than %s: %s; measure that of a checkpoint of it", file,
                run, what);
done:
    basin_free(what);
    return st;
}

/* Of all changes of one kind that could be made, the one that moved the outputs least. */
static basin_status demand_equal_outputs(const basin_invariances *found, const char *file, int symmetry)
{
    basin_status st = BASIN_OK;
    double       least = INFINITY;
    bool         made = false;

    for (size_t i = 0; i < found->change_count; i++) {
        const basin_change *change = &found->changes[i];
        if (change->symmetry != symmetry || change->missing != NULL) continue;
        least = fmin(least, change->outputs), made = true;
    }
    BASIN_CHECK(
        !made || least <= BASIN_SAME_OUTPUTS, BASIN_ERR_VALUE,
        "%s: %s: every change moved the outputs, by %.2g at least, and %g counts as equal: nothing is "
        "known of invariance",
        file, basin_symmetry_name((basin_symmetry)symmetry), least, BASIN_SAME_OUTPUTS);
done:
    return st;
}

static bool is_rescaling(int symmetry)
{
    return symmetry != BASIN_SYMMETRY_PERMUTATION;
}

static basin_status demand_rescaling(const basin_invariances *found, const char *file)
{
    basin_status st = BASIN_OK;
    bool         any = false;

    for (size_t i = 0; i < found->change_count; i++)
        any = any || (is_rescaling(found->changes[i].symmetry) && found->changes[i].missing == NULL);
    BASIN_CHECK(any, BASIN_ERR_VALUE, "%s: %zu changes, none of which rescales anything", file,
                found->change_count);
    for (int symmetry = 0; symmetry < BASIN_SYMMETRIES; symmetry++)
        BASIN_TRY(demand_equal_outputs(found, file, symmetry));
done:
    return st;
}

basin_status basin_invariances_demand(const basin_invariances *found, const char *file, const basin_row *rows,
                                      size_t count)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < count; i++)
        if (rows[i].network != NULL) BASIN_TRY(demand_network(found, file, &rows[i]));
    BASIN_TRY(demand_rescaling(found, file));
done:
    return st;
}

/* ----------------------------------------------------------------------------------- what was measured -- */

/* The larger, the worse. */
static int badness(int verdict)
{
    static const int order[] = {
        [BASIN_NOT_JUDGED] = 0, [BASIN_STAYS] = 1, [BASIN_STAYS_OR_MOVES] = 2, [BASIN_MOVES] = 3};

    return order[verdict];
}

/* A row without a verdict has no change either. */
static bool is_worse(const basin_invariance_row *row, const basin_invariant *than)
{
    const int own = badness(row->verdict), other = badness(than->verdict);

    return own > other || (own == other && own > 0 && row->change > than->change);
}

static basin_status take_worst(const basin_comparison_options *o, const basin_column *column,
                               basin_invariant *out)
{
    basin_status st = BASIN_OK;
    const char  *file = NULL;

    for (size_t r = 0; r < o->invariance_count; r++)
        for (size_t i = 0; i < o->invariances[r]->row_count; i++) {
            const basin_invariance_row *row = &o->invariances[r]->rows[i];
            if (row->part != NULL || !is_rescaling(row->symmetry) ||
                strcmp(row->measure, column->name) != 0 || !is_worse(row, out))
                continue;
            out->verdict = row->verdict, out->symmetry = row->symmetry;
            out->change = row->change, out->at = row->at;
            file = o->invariance_files[r];
        }
    BASIN_STRDUP(out->file, file);
done:
    return st;
}

basin_status basin_comparison_find_invariants(basin_comparer *c)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;

    if (c->given->invariance_count == 0) return BASIN_OK;
    for (size_t r = 0; r < c->given->invariance_count; r++)
        BASIN_TRY(basin_invariances_demand(c->given->invariances[r], c->given->invariance_files[r], k->rows,
                                           k->row_count));
    BASIN_ALLOC(k->invariants, c->column_count, "what counts as invariant");
    for (size_t m = 0; m < c->column_count; m++) {
        if (!basin_is_flatness(c->columns[m])) continue;
        basin_invariant *to = &k->invariants[k->invariant_count++];
        *to = (basin_invariant){.listed = is_listed(c->columns[m]),
                                .verdict = BASIN_NOT_JUDGED,
                                .symmetry = -1,
                                .change = NAN,
                                .at = NAN};
        BASIN_STRDUP(to->measure, c->columns[m]->name);
        BASIN_TRY(take_worst(c->given, c->columns[m], to));
    }
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- words -- */

static basin_status list_by(const basin_comparison *k, int verdict, char **out)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < k->invariant_count; i++)
        if (k->invariants[i].verdict == verdict)
            BASIN_TRY(basin_comparison_append(out, ", ", basin_strdup(k->invariants[i].measure)));
done:
    return st;
}

/* «invariance as measured (inv.h5): these stay, and count as invariant: …; these move: …» */
static basin_status note_measured(basin_comparer *c)
{
    static const struct {
        int         verdict;
        const char *words;
    } parts[] = {{BASIN_STAYS, "these stay, and count as invariant: "},
                 {BASIN_MOVES, "these move: "},
                 {BASIN_STAYS_OR_MOVES, "undecided, so they do not count: "},
                 {BASIN_NOT_JUDGED, "not measured, so they do not count: "}};
    basin_status st = BASIN_OK;
    char        *files = NULL, *text = NULL, *names = NULL;

    for (size_t r = 0; r < c->given->invariance_count; r++)
        BASIN_TRY(basin_comparison_append(&files, ", ", basin_strdup(c->given->invariance_files[r])));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        basin_free(names);
        names = NULL;
        BASIN_TRY(list_by(c->result, parts[i].verdict, &names));
        if (names != NULL)
            BASIN_TRY(basin_comparison_append(&text, "; ", basin_format("%s%s", parts[i].words, names)));
    }
    BASIN_TRY(basin_comparison_add_note(c, basin_format("invariance as measured (%s): %s", files, text)));
done:
    basin_free(files);
    basin_free(text);
    basin_free(names);
    return st;
}

static basin_status note_contradiction(basin_comparer *c, const basin_invariant *i)
{
    if (i->listed && i->verdict == BASIN_MOVES)
        return basin_comparison_add_note(
            c, basin_format("%s is listed as left alone by rescaling, but %s saw it move by %.2g %% (%s, at "
                            "%g): it does not count as invariant here",
                            i->measure, i->file, 100.0 * i->change,
                            basin_symmetry_name((basin_symmetry)i->symmetry), i->at));
    if (!i->listed && i->verdict == BASIN_STAYS)
        return basin_comparison_add_note(
            c,
            basin_format("%s is listed as changed by rescaling, but stayed under all that %s tried (within "
                         "%.1g): it counts as invariant here",
                         i->measure, i->file, i->change));
    return BASIN_OK;
}

basin_status basin_comparison_note_invariants(basin_comparer *c)
{
    basin_status st = BASIN_OK;

    if (c->result->invariant_count == 0) return BASIN_OK;
    BASIN_TRY(note_measured(c));
    for (size_t i = 0; i < c->result->invariant_count; i++)
        BASIN_TRY(note_contradiction(c, &c->result->invariants[i]));
done:
    return st;
}
