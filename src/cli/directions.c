#include "cli/directions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/runs.h"

/* -------------------------------------------------------------------------------------------- momentum -- */

/* The last checkpoint of the run before this one whose parameters are the same; NULL if there is none. */
static const char *previous_of(const basin_run *run, const basin_checkpoint *ck)
{
    size_t own = 0;

    while (own < run->count && !cli_same_file(run->entries[own].path, ck->path)) own++;
    for (size_t i = own; i-- > 0;) {
        basin_checkpoint *other = NULL;
        bool              same = basin_checkpoint_read(run->entries[i].path, &other) == BASIN_OK &&
                    basin_params_equal(ck->params, other->params);
        basin_checkpoint_destroy(&other);
        if (same) return run->entries[i].path;
    }
    return NULL;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Why it has none, what else points along the last steps, and which checkpoints beside it have saved one, in
   one line. */
static int momentum_missing(const basin_checkpoint *ck)
{
    basin_run *run = NULL;
    char       line[2400] = "";
    const int  prefix = (int)(name_of(ck->path) - ck->path);
    size_t     found = 0;

    if (cli_run_beside(ck->path, &run) != CLI_OK) goto done;
    const char *previous = previous_of(run, ck);
    if (previous != NULL)
        snprintf(line, sizeof line,
                 "; --along to:%.*s%s leads back to the checkpoint before it, uphill as the momentum does",
                 prefix, ck->path, name_of(previous));
    for (size_t i = run->count; i-- > 0;) {
        size_t used = strlen(line);
        if (!run->entries[i].momentum || found++ >= 3) continue;
        snprintf(line + used, sizeof line - used, "%s%s",
                 found == 1 ? "; in the same folder a momentum is in " : ", ", name_of(run->entries[i].path));
    }
    if (found > 3) snprintf(line + strlen(line), sizeof line - strlen(line), " and %zu others", found - 3);
done:
    basin_run_destroy(&run);
    return cli_fail("%s: --along momentum: it saved no momentum: %s%s", ck->path,
                    basin_checkpoint_no_momentum(ck), line);
}

/* ----------------------------------------------------------------------------------- other checkpoints -- */

/* Weights and network are all that is asked of it. */
static void drop_states(basin_checkpoint *ck)
{
    for (size_t i = 0; i < ck->state_count; i++) {
        basin_free(ck->states[i].name);
        basin_free(ck->states[i].values);
    }
    basin_free(ck->states);
    ck->states = NULL, ck->state_count = 0;
}

int cli_checkpoint_beside(const cli_arguments *a, cli_source *s, const char *path, basin_input_role role,
                          basin_checkpoint **out)
{
    int               status = CLI_OK;
    basin_checkpoint *other = NULL;
    int               weights;

    CLI_TRY(cli_checkpoint_open(a, path, role == BASIN_INPUT_PATH, &other, &weights));
    CLI_CHECK(weights >= 0, "%s: perturbed or not? choose --as-stored or --undo" CLI_CONVERT_AGAIN, path);
    CLI_CHECK(basin_params_equal(s->ck->params, other->params),
              "%s: its parameters (%zu in %zu tensors) are not those of %s (%zu in %zu tensors)", path,
              other->params->size, other->params->count, s->ck->path, s->ck->params->size,
              s->ck->params->count);
    CLI_TRY(cli_provenance_input(s->provenance, role, path, other->digest));
    drop_states(other);
    *out = other, other = NULL;
done:
    basin_checkpoint_destroy(&other);
    return status;
}

static int read_end(const cli_arguments *a, cli_source *s, const char *path, basin_checkpoint **out)
{
    int status = CLI_OK;

    CLI_TRY(cli_checkpoint_beside(a, s, path, BASIN_INPUT_OTHER, out));
    CLI_TRY(cli_warn_of_other(s->ck->path, path));
done:
    return status;
}

/* The weights of several checkpoints, while a direction is made of them. */
typedef struct several {
    size_t             count;
    basin_checkpoint **checkpoints;
    const double     **weights;
} several;

static void several_clear(several *w)
{
    for (size_t i = 0; w->checkpoints != NULL && i < w->count; i++)
        basin_checkpoint_destroy(&w->checkpoints[i]);
    basin_free(w->checkpoints);
    basin_free(w->weights);
}

static int read_several(const cli_arguments *a, cli_source *s, const char *const *paths, size_t count,
                        basin_input_role role, several *out)
{
    int status = CLI_OK;

    CLI_ALLOC(out->checkpoints, count);
    out->count = count;
    CLI_ALLOC(out->weights, count);
    for (size_t i = 0; i < count; i++) {
        CLI_TRY(cli_checkpoint_beside(a, s, paths[i], role, &out->checkpoints[i]));
        out->weights[i] = out->checkpoints[i]->theta;
    }
done:
    return status;
}

/* The run in the checkpoint's folder, but for itself. */
static int read_run(const cli_arguments *a, cli_source *s, const char *along, several *out)
{
    int          status = CLI_OK;
    basin_run   *run = NULL;
    const char **paths = NULL;
    size_t       count = 0;

    CLI_TRY(cli_run_beside(s->ck->path, &run));
    CLI_CHECK(run->count > 1, "%s: --along %s: its folder holds no other checkpoint of its training",
              s->ck->path, along);
    CLI_ALLOC(paths, run->count);
    for (size_t i = 0; i < run->count; i++)
        if (!cli_same_file(run->entries[i].path, s->ck->path)) paths[count++] = run->entries[i].path;
    CLI_TRY(read_several(a, s, paths, count, BASIN_INPUT_PATH, out));
done:
    basin_free(paths);
    basin_run_destroy(&run);
    return status;
}

static int read_files(const cli_arguments *a, cli_source *s, const basin_direction_spec *spec, several *out)
{
    int   status = CLI_OK;
    char *paths[3] = {NULL, NULL, NULL};

    for (size_t i = 0; i < spec->file_count; i++) {
        CLI_ALLOC(paths[i], (size_t)spec->files[i].length + 1);
        memcpy(paths[i], spec->files[i].text, (size_t)spec->files[i].length);
    }
    CLI_TRY(read_several(a, s, (const char *const *)paths, spec->file_count, BASIN_INPUT_OTHER, out));
done:
    for (size_t i = 0; i < 3; i++) basin_free(paths[i]);
    return status;
}

/* file:FILE#NAME; the file joins the inputs. */
static int read_vector(cli_source *s, const char *reference, double **out)
{
    int          status = CLI_OK;
    char        *path = NULL, digest[65];
    const size_t length = (size_t)(strrchr(reference, '#') - reference);

    CLI_ALLOC(path, length + 1);
    memcpy(path, reference, length);
    CLI_LIBRARY(basin_vector_read(reference, s->ck->params->size, out));
    CLI_LIBRARY(basin_file_digest(path, digest));
    CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_VECTOR, path, digest));
done:
    basin_free(path);
    return status;
}

/* ---------------------------------------------------------------------------------------- eigenvectors -- */

/* «, generalised Gauss-Newton matrix, layer fc1» */
static void describe_eigen(const cli_source *s, bool scaled, cli_eigen *e)
{
    const int kind = s->record.operator_kind;

    snprintf(e->words, sizeof e->words, "%s%s%s%s%s", scaled ? ", preconditioned" : "",
             kind != BASIN_HESSIAN || scaled ? scaled ? " " : ", " : "",
             kind != BASIN_HESSIAN || scaled ? basin_curvature_kind_text((basin_curvature_kind)kind) : "",
             e->part.own != NULL ? ", " : "", e->part.own != NULL ? e->part.name : "");
}

/* The slice itself is of the loss and its Hessian whatever these are: the source's point is made before. */
int cli_eigen_open(const cli_arguments *a, cli_source *s, cli_eigen *out)
{
    int                       status = CLI_OK;
    const basin_point_options record = s->record;
    cli_eigen                 e = {0};
    basin_point              *point;
    const bool                other = cli_has(a, "operator") || cli_has(a, "preconditioned");

    CLI_TRY(cli_source_point(s, &point));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &e.part));
    if (e.part.own != NULL) {
        e.point = e.part.own;
    } else if (other) {
        CLI_LIBRARY(basin_point_create(s->objectives[0], s->ck->theta, &s->record, &e.own));
        e.point = e.own;
    }
    describe_eigen(s, s->record.scale != NULL, &e);
    *out = e, e = (cli_eigen){0};
done:
    s->record = record;
    cli_eigen_close(&e);
    return status;
}

void cli_eigen_close(cli_eigen *e)
{
    cli_part_close(&e->part);
    basin_point_destroy(&e->own);
    *e = (cli_eigen){0};
}

/* ---------------------------------------------------------------------------------------------- making -- */

static int read_random(const cli_arguments *a, const char *text, size_t number, const basin_direction *first,
                       basin_random_options *o, basin_direction_spec *spec)
{
    int    status = CLI_OK;
    size_t base;

    CLI_TRY(cli_size(a, "seed", 0, &base));
    if (strcmp(text, "random") == 0) spec->seed = base + number; /* two plain `random` are two directions */
    if (first != NULL && first->kind == BASIN_DIRECTION_RANDOM) o->orthogonal_to = first->values;
done:
    return status;
}

static int rescale(basin_direction *d, const char *scale)
{
    if (scale == NULL) return CLI_OK;
    double norm = strcmp(scale, "unit") == 0      ? 1
                  : strcmp(scale, "natural") == 0 ? d->natural_norm
                                                  : strtod(scale, NULL);
    if (!(norm > 0) || !isfinite(norm)) return cli_fail("--scale must be positive, got %g", norm);
    return cli_library(basin_direction_rescale(d, norm));
}

/* The objective of gradient:SPLIT; *own where it had to be made. */
static int find_split(cli_source *s, const char *split, basin_objective **own, basin_objective **out)
{
    int status = CLI_OK;

    for (size_t i = 0; i < s->count; i++)
        if (strcmp(split, s->splits[i]) == 0) *out = s->objectives[i];
    if (*out != NULL) return CLI_OK;
    CLI_TRY(cli_source_objective(s, split, 0, own));
    *out = *own;
done:
    return status;
}

static int read_adam(const cli_arguments *a, basin_direction_source *source)
{
    int status = CLI_OK;

    source->beta2 = cli_real(a, "beta2", 0.999), source->epsilon = cli_real(a, "epsilon", 1e-8);
    CLI_CHECK(source->beta2 > 0 && source->beta2 <= 1, "--beta2 must lie in (0, 1], got %g", source->beta2);
    CLI_CHECK(source->epsilon > 0, "--epsilon must be positive, got %g", source->epsilon);
done:
    return status;
}

typedef struct materials { /* what a direction is made of, while it is made */
    several          several;
    double          *vector;
    basin_objective *split; /* made for it */
} materials;

static int gather(const cli_arguments *a, cli_source *s, const cli_axis *axis, basin_checkpoint **end,
                  materials *m, basin_direction_source *source)
{
    int                         status = CLI_OK;
    const basin_direction_spec *spec = &axis->spec;

    switch (spec->kind) {
    case BASIN_DIRECTION_MOMENTUM:
        if (basin_checkpoint_momentum(s->ck) == NULL) CLI_TRY(momentum_missing(s->ck));
        break;
    case BASIN_DIRECTION_UPDATE:
        CLI_CHECK(s->weights != BASIN_WEIGHTS_AS_STORED || s->ck->perturbed == BASIN_PERTURBED_NO,
                  "%s: --along update beside --as-stored: the next step is taken from unperturbed weights",
                  s->ck->path);
        break;
    case BASIN_DIRECTION_TO: CLI_TRY(read_end(a, s, spec->path, end)); break;
    case BASIN_DIRECTION_GRADIENT:
        if (spec->path != NULL) CLI_TRY(find_split(s, spec->path, &m->split, &source->split));
        break;
    case BASIN_DIRECTION_PCA: CLI_TRY(read_run(a, s, axis->along, &m->several)); break;
    case BASIN_DIRECTION_BETWEEN:
    case BASIN_DIRECTION_PLANE: CLI_TRY(read_files(a, s, spec, &m->several)); break;
    case BASIN_DIRECTION_STORED: CLI_TRY(read_vector(s, spec->path, &m->vector)); break;
    default: break;
    }
    source->other = *end;
    source->count = m->several.count, source->weights = m->several.weights;
    source->vector = m->vector;
done:
    return status;
}

int cli_direction_make(const cli_arguments *a, cli_source *s, const cli_axis *axis, size_t number,
                       const basin_direction *first, const cli_eigen *eigen, basin_checkpoint **end,
                       basin_direction **out)
{
    int                    status = CLI_OK;
    basin_direction       *d = NULL;
    basin_direction_spec   spec = axis->spec;
    basin_random_options   random = axis->random;
    materials              m = {0};
    basin_direction_source source = {
        .ck = s->ck, .random = &random, .eigen = eigen->point, .eigen_of = eigen->words};

    CLI_TRY(cli_source_point(s, &source.point));
    CLI_TRY(read_adam(a, &source));
    CLI_TRY(gather(a, s, axis, end, &m, &source));
    if (spec.kind == BASIN_DIRECTION_RANDOM)
        CLI_TRY(read_random(a, axis->along, number, first, &random, &spec));
    CLI_LIBRARY(basin_direction_make(&source, &spec, &d));
    if (d->warning != NULL) cli_warn("%s: %s", s->ck->path, d->warning);
    if (first != NULL && cli_has(a, "orthogonal")) CLI_LIBRARY(basin_direction_orthogonalise(d, first));
    CLI_TRY(rescale(d, axis->scale));
    if (first != NULL && cli_has(a, "equal-arc")) CLI_LIBRARY(basin_direction_rescale(d, first->norm));
    *out = d, d = NULL;
done:
    several_clear(&m.several);
    basin_free(m.vector);
    basin_objective_destroy(&m.split);
    basin_direction_destroy(&d);
    return status;
}
