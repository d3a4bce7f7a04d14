#include "cli/plane.h"

#include <math.h>
#include <string.h>

#include "cli/directions.h"
#include "cli/runs.h"

#define MARGIN 0.15 /* of the range of the projections, on each side */
#define LEAST 0.75  /* of the larger range: a plane that is drawn is no strip */

bool cli_plane_wanted(const cli_arguments *a)
{
    return cli_text(a, "plane", NULL) != NULL;
}

static bool is_pca(const cli_arguments *a)
{
    return strcmp(cli_text(a, "plane", ""), "pca") == 0;
}

/* The three files of --plane as a direction has them. */
static int read_spec(const cli_arguments *a, char **text, basin_direction_spec *out)
{
    int         status = CLI_OK;
    const char *files = cli_text(a, "plane", "");

    CLI_ALLOC(*text, strlen(files) + 7);
    strcat(strcpy(*text, "plane:"), files);
    CLI_WANT(basin_direction_parse(*text, out) == BASIN_OK,
             "slice: --plane wants pca or three files A.h5,B.h5,C.h5, got «%s»", files);
done:
    return status;
}

int cli_plane_check(const cli_arguments *a)
{
    int                  status = CLI_OK;
    cli_axis             axis;
    char                *text = NULL;
    basin_direction_spec spec;

    CLI_TRY(cli_axes_of_plane(a, &axis));
    if (!is_pca(a)) CLI_TRY(read_spec(a, &text, &spec));
    CLI_WANT(strcmp(cli_text(a, "bn", "stored"), "interpolate") != 0,
             "slice: --bn interpolate beside --plane, whose directions lead to no checkpoint");
    CLI_WANT(
        !cli_has(a, "undo-scalar") || strcmp(cli_text(a, "undo-scalar", ""), "rho") == 0,
        "slice: --plane beside --undo-scalar X: one number does not undo several checkpoints; --undo-scalar "
        "rho does");
done:
    basin_free(text);
    return status;
}

/* The run of an operand, whose doubts are told once. */
static int open_run(const cli_arguments *a, const char *path, bool tell, basin_run **out)
{
    int   status = CLI_OK;
    char *doubt = NULL;

    CLI_TRY(cli_run_open(a, path, out, &doubt));
    if (doubt != NULL && tell) cli_warn("%s", doubt);
done:
    basin_free(doubt);
    return status;
}

int cli_plane_centre(const cli_arguments *a, char **out)
{
    int                  status = CLI_OK;
    basin_run           *run = NULL;
    char                *text = NULL;
    basin_direction_spec spec;

    if (is_pca(a)) {
        CLI_TRY(open_run(a, a->operands[0], false, &run));
        CLI_CHECK((*out = basin_strdup(run->entries[run->count - 1].path)) != NULL,
                  "out of memory for a path");
    } else {
        CLI_TRY(read_spec(a, &text, &spec));
        CLI_ALLOC(*out, (size_t)spec.files[0].length + 1);
        memcpy(*out, spec.files[0].text, (size_t)spec.files[0].length);
    }
done:
    basin_run_destroy(&run);
    basin_free(text);
    return status;
}

/* --------------------------------------------------------------------------------------------- reading -- */

/* One loss is computed on the plane: that of the centre's network. */
static int demand_network(const cli_source *s, const basin_checkpoint *ck)
{
    int   status = CLI_OK;
    char *own = NULL, *centre = NULL;

    CLI_LIBRARY(basin_graph_describe(ck->graph, &own));
    CLI_LIBRARY(basin_graph_describe(s->ck->graph, &centre));
    CLI_CHECK(strcmp(own, centre) == 0, "%s: its network is another than that of %s: no plane holds both",
              ck->path, s->ck->path);
done:
    basin_free(own);
    basin_free(centre);
    return status;
}

static int read_trail(const cli_arguments *a, cli_source *s, const char *const *paths, size_t count,
                      cli_trail *out)
{
    int status = CLI_OK;

    CLI_ALLOC(out->checkpoints, count);
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        CLI_TRY(cli_checkpoint_beside(a, s, paths[i], BASIN_INPUT_PATH, &out->checkpoints[i]));
        CLI_TRY(demand_network(s, out->checkpoints[i]));
    }
done:
    return status;
}

static int read_run(const cli_arguments *a, cli_source *s, const char *operand, cli_trail *out)
{
    int          status = CLI_OK;
    basin_run   *run = NULL;
    const char **paths = NULL;

    CLI_TRY(open_run(a, operand, true, &run));
    CLI_ALLOC(paths, run->count);
    for (size_t i = 0; i < run->count; i++) paths[i] = run->entries[i].path;
    *out = (cli_trail){.name = operand, .joined = true};
    CLI_TRY(read_trail(a, s, paths, run->count, out));
done:
    basin_free(paths);
    basin_run_destroy(&run);
    return status;
}

static int read_corners(const cli_arguments *a, cli_source *s, cli_trail *out)
{
    int                  status = CLI_OK;
    char                *text = NULL, *paths[3] = {NULL, NULL, NULL};
    basin_direction_spec spec;

    CLI_TRY(read_spec(a, &text, &spec));
    for (size_t i = 0; i < 3; i++) {
        CLI_ALLOC(paths[i], (size_t)spec.files[i].length + 1);
        memcpy(paths[i], spec.files[i].text, (size_t)spec.files[i].length);
    }
    *out = (cli_trail){.name = cli_text(a, "plane", "")};
    CLI_TRY(read_trail(a, s, (const char *const *)paths, 3, out));
done:
    for (size_t i = 0; i < 3; i++) basin_free(paths[i]);
    basin_free(text);
    return status;
}

static int read_all(const cli_arguments *a, cli_source *s, cli_plane *p)
{
    int          status = CLI_OK;
    const size_t count = a->operand_count + (is_pca(a) ? 0 : 1);

    CLI_ALLOC(p->trails, count);
    p->count = count;
    for (size_t i = 0; i < a->operand_count; i++) CLI_TRY(read_run(a, s, a->operands[i], &p->trails[i]));
    if (!is_pca(a)) CLI_TRY(read_corners(a, s, &p->trails[count - 1]));
done:
    return status;
}

/* ------------------------------------------------------------------------------------------ directions -- */

static int make_principal(const cli_arguments *a, const cli_source *s, cli_plane *p)
{
    int            status = CLI_OK;
    const double **weights = NULL;
    size_t         total = 0, used = 0;

    for (size_t i = 0; i < p->count; i++) total += p->trails[i].count;
    CLI_CHECK(total >= 3, "%s: --plane pca takes three checkpoints at least, here %s %zu", a->operands[0],
              total == 1 ? "is" : "are", total);
    CLI_ALLOC(weights, total);
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->trails[i].count; k++) weights[used++] = p->trails[i].checkpoints[k]->theta;
    for (size_t k = 0; k < 2; k++)
        CLI_LIBRARY(
            basin_direction_pca(s->ck->theta, weights, total, s->ck->params->size, k + 1, &p->directions[k]));
done:
    basin_free(weights);
    return status;
}

static int make_through_corners(const cli_source *s, cli_plane *p)
{
    int              status = CLI_OK;
    const cli_trail *corners = &p->trails[p->count - 1];
    const char      *names[3];
    const double    *points[3];

    for (size_t i = 0; i < 3; i++) {
        names[i] = corners->checkpoints[i]->path;
        points[i] = corners->checkpoints[i]->theta;
    }
    for (int k = 0; k < 2; k++)
        CLI_LIBRARY(basin_direction_plane(names, points, s->ck->params->size, k + 1, &p->directions[k]));
done:
    return status;
}

/* ----------------------------------------------------------------------------------------------- range -- */

static void widen(double *low, double *high, double least)
{
    const double span = fmax(*high - *low, least), middle = 0.5 * (*low + *high);

    *low = middle - (0.5 + MARGIN) * span, *high = middle + (0.5 + MARGIN) * span;
}

/* What covers the centre and all projections, with a margin. */
static int cover(const cli_source *s, cli_plane *p)
{
    int    status = CLI_OK;
    double at[2], distance;

    p->from[0] = p->from[1] = p->to[0] = p->to[1] = 0;
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->trails[i].count; k++) {
            CLI_LIBRARY(basin_project(s->ck->theta, (const basin_direction *const *)p->directions,
                                      p->trails[i].checkpoints[k]->theta, at, &distance));
            for (size_t j = 0; j < 2; j++)
                p->from[j] = fmin(p->from[j], at[j]), p->to[j] = fmax(p->to[j], at[j]);
        }
    const double larger = fmax(p->to[0] - p->from[0], p->to[1] - p->from[1]);
    for (size_t j = 0; j < 2; j++) widen(&p->from[j], &p->to[j], LEAST * larger);
done:
    return status;
}

/* -------------------------------------------------------------------------------------------- requests -- */

static int request_trail(const cli_trail *t, basin_path_request *out)
{
    int status = CLI_OK;

    *out = (basin_path_request){.name = t->name, .joined = t->joined, .count = t->count};
    if (t->joined) out->method = t->checkpoints[t->count - 1]->method;
    CLI_ALLOC(out->checkpoints, t->count);
    for (size_t i = 0; i < t->count; i++) {
        out->checkpoints[i].file = t->checkpoints[i]->path;
        out->checkpoints[i].step = t->checkpoints[i]->step;
        out->checkpoints[i].theta = t->checkpoints[i]->theta;
        out->checkpoints[i].loss = NAN;
    }
done:
    return status;
}

int cli_plane_open(const cli_arguments *a, cli_source *s, cli_plane *out)
{
    int       status = CLI_OK;
    cli_plane p = {0};
    cli_axis  axis;

    CLI_TRY(cli_axes_of_plane(a, &axis));
    CLI_TRY(read_all(a, s, &p));
    CLI_TRY(is_pca(a) ? make_principal(a, s, &p) : make_through_corners(s, &p));
    CLI_TRY(cover(s, &p));
    for (size_t j = 0; j < 2 && axis.range != NULL; j++) p.from[j] = axis.from, p.to[j] = axis.to;
    CLI_ALLOC(p.requests, p.count);
    for (size_t i = 0; i < p.count; i++) CLI_TRY(request_trail(&p.trails[i], &p.requests[i]));
    *out = p, p = (cli_plane){0};
done:
    cli_plane_close(&p);
    return status;
}

void cli_plane_close(cli_plane *p)
{
    for (size_t i = 0; p->trails != NULL && i < p->count; i++) {
        if (p->requests != NULL) basin_free(p->requests[i].checkpoints);
        for (size_t k = 0; p->trails[i].checkpoints != NULL && k < p->trails[i].count; k++)
            basin_checkpoint_destroy(&p->trails[i].checkpoints[k]);
        basin_free(p->trails[i].checkpoints);
    }
    basin_free(p->trails);
    basin_free(p->requests);
    for (size_t k = 0; k < 2; k++) basin_direction_destroy(&p->directions[k]);
    *p = (cli_plane){0};
}

static int measure_own(const cli_source *s, const basin_checkpoint *ck, double *out)
{
    int              status = CLI_OK;
    basin_objective *own = NULL;

    CLI_TRY(cli_source_own(s, ck, &own));
    CLI_LIBRARY(basin_point_own_loss(s->measured, own, ck->theta, out));
done:
    basin_objective_destroy(&own);
    return status;
}

int cli_plane_measure(const cli_source *s, cli_plane *p)
{
    int status = CLI_OK;

    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->trails[i].count; k++)
            CLI_TRY(measure_own(s, p->trails[i].checkpoints[k], &p->requests[i].checkpoints[k].loss));
done:
    return status;
}
