#include "cli/axes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adaptive.h"

enum { BEFORE, FIRST, SECOND, PLACES }; /* the first --along, after it, after the second */

static const char *const of_an_axis[] = {"range", "grid", "scale", "bias", "normalise"};
enum { OF_AN_AXIS = sizeof of_an_axis / sizeof *of_an_axis };

typedef struct typed { /* the last of each option at each place; NULL: none */
    const char *text[OF_AN_AXIS][PLACES], *along[2];
    size_t      count; /* of --along */
} typed;

static int collect(const cli_arguments *a, typed *out)
{
    int   status = CLI_OK;
    typed t = {0};

    for (size_t i = 0; i < a->given_count; i++) {
        const char *name = a->given[i].option->name;
        if (strcmp(name, "along") == 0) {
            CLI_WANT(t.count < 2, "slice: at most two --along");
            t.along[t.count++] = a->given[i].text;
        }
        for (size_t k = 0; k < OF_AN_AXIS; k++)
            if (strcmp(name, of_an_axis[k]) == 0) t.text[k][t.count] = a->given[i].text;
    }
    *out = t;
done:
    return status;
}

/* --------------------------------------------------------------------------------- which axis it is of -- */

/* How a random direction is made says nothing of one that is not random. */
static bool concerns(size_t option, const char *along)
{
    return option < 3 || strncmp(along, "random", 6) == 0;
}

/* Typed after the last --along, for what the other axis has no value of its own. */
static bool is_doubtful(const typed *t, size_t option)
{
    const char *const *at = t->text[option];

    return at[SECOND] != NULL && at[FIRST] == NULL && at[BEFORE] == NULL && concerns(option, t->along[0]);
}

/* «--range -2:2 --grid 5», or with the values left open. */
static void write_options(const typed *t, bool open, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t k = 0; k < OF_AN_AXIS && used < size; k++)
        if (is_doubtful(t, k))
            used += (size_t)snprintf(text + used, size - used, "%s--%s %s", used > 0 ? " " : "",
                                     of_an_axis[k], open ? "…" : t->text[k][SECOND]);
}

static int refuse_doubtful(const cli_arguments *a, const typed *t)
{
    int  status = CLI_OK;
    char closed[300], open[300];

    if (t->count < 2 || cli_has(a, "both")) return CLI_OK;
    write_options(t, false, closed, sizeof closed);
    write_options(t, true, open, sizeof open);
    CLI_WANT(closed[0] == '\0',
             "slice: %s after the last --along: of both directions? write %s --along %s --along %s, or add "
             "--both; of %s alone? write --along %s %s --along %s %s",
             closed, closed, t->along[0], t->along[1], t->along[1], t->along[0], open, t->along[1], closed);
done:
    return status;
}

static const char *choose(const typed *t, size_t option, size_t axis, bool both)
{
    const char *const *at = t->text[option];
    const char        *own = at[FIRST + axis];

    if (both && at[SECOND] != NULL) return at[SECOND];
    return own != NULL ? own : at[BEFORE];
}

/* ---------------------------------------------------------------------------------------------- values -- */

/* What is interpolated is cheap to have finer. */
static int judge_grid(const cli_arguments *a, const char *name, const char *grid, size_t *out)
{
    int             status = CLI_OK;
    const char     *own = cli_has(a, "tolerance") ? "101" : "51";
    const long long points = strtoll(grid != NULL ? grid : own, NULL, 10);

    CLI_CHECK(points >= 1, "%s: --grid must be at least 1, got %lld", name, points);
    *out = (size_t)points;
done:
    return status;
}

static int judge_range(const char *name, const char *range, size_t points, double *from, double *to)
{
    int status = CLI_OK;

    cli_range(range, from, to);
    CLI_CHECK(isfinite(*from) && isfinite(*to) && (*from < *to || (*from <= *to && points == 1)),
              "%s: --range %s: wanted FROM < TO, both finite", name, range);
done:
    return status;
}

static int judge_reach(const char *name, const char *range, const basin_reach *reach)
{
    int status = CLI_OK;

    CLI_WANT(reach->factor > 1 || reach->rise > 0,
             "slice: %s: --range %s: wanted a factor above 1, or + and a rise above 0", name, range);
done:
    return status;
}

static int judge(const cli_arguments *a, cli_axis *axis)
{
    int         status = CLI_OK;
    const char *bias = axis->bias != NULL ? axis->bias : "zero";
    const char *range = axis->range != NULL ? axis->range : "-1:1";

    if (basin_direction_parse(axis->along, &axis->spec) != BASIN_OK)
        return cli_usage("slice: %s", basin_error_message());
    CLI_TRY(judge_grid(a, axis->along, axis->grid, &axis->points));
    CLI_TRY(cli_reach_read(range, &axis->reach)
                ? judge_reach(axis->along, range, &axis->reach)
                : judge_range(axis->along, range, axis->points, &axis->from, &axis->to));
    axis->random.bias = strcmp(bias, "scaled") == 0   ? BASIN_BIAS_SCALED
                        : strcmp(bias, "random") == 0 ? BASIN_BIAS_RANDOM
                                                      : BASIN_BIAS_ZERO;
    if (axis->normalise != NULL)
        CLI_LIBRARY(basin_normalisation_find(axis->normalise, &axis->random.normalisation));
done:
    return status;
}

static int make_axis(const cli_arguments *a, const typed *t, size_t i, cli_axis *out)
{
    const bool both = cli_has(a, "both");

    *out = (cli_axis){.along = t->along[i],
                      .range = choose(t, 0, i, both),
                      .grid = choose(t, 1, i, both),
                      .scale = choose(t, 2, i, both),
                      .bias = choose(t, 3, i, both),
                      .normalise = choose(t, 4, i, both)};
    return judge(a, out);
}

int cli_axes_read(const cli_arguments *a, cli_axis axes[2], size_t *count)
{
    int   status = CLI_OK;
    typed t;

    CLI_TRY(collect(a, &t));
    CLI_WANT(t.count > 0,
             "slice: along what? --along momentum | gradient | eigen:I | random[:SEED] | to:OTHER.h5 "
             "and others (basin help slice), or --plane");
    CLI_WANT(t.count == 2 || !cli_has(a, "both"), "slice: --both is of two --along");
    CLI_WANT(t.count == 2 || !cli_has(a, "orthogonal"), "slice: --orthogonal is of two --along");
    for (size_t i = 0; i < t.count; i++) CLI_TRY(make_axis(a, &t, i, &axes[i]));
    CLI_TRY(refuse_doubtful(a, &t));
    for (size_t i = 0; i < t.count; i++)
        CLI_WANT(axes[i].spec.kind != BASIN_DIRECTION_PLANE || t.count == 1,
                 "slice: %s gives both directions: no other --along beside it", axes[i].along);
    if (axes[0].spec.kind == BASIN_DIRECTION_PLANE) axes[1] = axes[0], axes[1].spec.index = 2, t.count = 2;
    CLI_WANT(t.count == 2 || !cli_has(a, "equal-arc"), "slice: --equal-arc is of two directions");
    CLI_WANT(t.count < 2 || axes[1].scale == NULL || !cli_has(a, "equal-arc"),
             "slice: --equal-arc scales the second direction as the first: no --scale of its own");
    *count = t.count;
done:
    return status;
}

int cli_axes_of_plane(const cli_arguments *a, cli_axis *out)
{
    static const char *const foreign[] = {"along",      "scale",     "bias",     "normalise", "both",
                                          "orthogonal", "equal-arc", "operator", "params",    "layer"};
    int                      status = CLI_OK;
    cli_axis                 axis = {.along = "--plane", .from = NAN, .to = NAN};

    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        CLI_WANT(!cli_has(a, foreign[i]), "slice: --%s beside --plane, which chooses both directions",
                 foreign[i]);
    axis.range = cli_text(a, "range", NULL);
    axis.grid = cli_text(a, "grid", NULL);
    CLI_TRY(judge_grid(a, "--plane", axis.grid, &axis.points));
    CLI_WANT(axis.range == NULL || !cli_reach_read(axis.range, &axis.reach),
             "slice: --range %s beside --plane, whose range covers all projections, or is FROM:TO",
             axis.range);
    if (axis.range != NULL) CLI_TRY(judge_range("--plane", axis.range, axis.points, &axis.from, &axis.to));
    *out = axis;
done:
    return status;
}
