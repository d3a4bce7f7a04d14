/* The kinds of directions (BASIN_DIRECTION_LIST), a row each: how what follows the name is read, what making
 * one takes, and how it is made. Everything that is asked of a kind by its name or number goes through this
 * table.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/point.h"
#include "analysis/slice/direction.h"
#include "core/memory.h"

/* ------------------------------------------------------------------------------- what follows the name -- */

static basin_status parse_eigen(const char *text, const char *digits, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;
    char        *end = NULL;
    const char  *first = digits[0] == '-' ? digits + 1 : digits;

    BASIN_CHECK(isdigit((unsigned char)*first), BASIN_ERR_ARG,
                "direction «%s»: eigen wants a whole number, 1 = largest, -1 = smallest", text);
    errno = 0;
    out->index = strtol(digits, &end, 10);
    BASIN_CHECK(*end == '\0' && errno == 0, BASIN_ERR_ARG,
                "direction «%s»: eigen wants a whole number, 1 = largest, -1 = smallest", text);
    BASIN_CHECK(out->index != 0, BASIN_ERR_ARG,
                "direction «%s»: eigenvalues are counted from 1 (largest) or -1 (smallest)", text);
done:
    return st;
}

static basin_status parse_random(const char *text, const char *digits, basin_direction_spec *out)
{
    basin_status       st = BASIN_OK;
    char              *end = NULL;
    unsigned long long seed;

    if (digits == NULL) return BASIN_OK; /* random: the seed is 0 */
    errno = 0;
    seed = strtoull(digits, &end, 10);
    BASIN_CHECK(isdigit((unsigned char)digits[0]) && *end == '\0' && errno == 0, BASIN_ERR_ARG,
                "direction «%s»: a seed is a whole number from 0 to 18446744073709551615", text);
    out->seed = seed;
done:
    return st;
}

static basin_status parse_to(const char *text, const char *path, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(path[0] != '\0', BASIN_ERR_ARG, "direction «%s» lacks a file", text);
    out->path = path;
done:
    return st;
}

static basin_status parse_gradient(const char *text, const char *split, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(split == NULL || split[0] != '\0', BASIN_ERR_ARG, "direction «%s» lacks a split", text);
    out->path = split;
done:
    return st;
}

static basin_status parse_rho(const char *text, const char *digits, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;
    char        *end = NULL;

    if (digits == NULL) return BASIN_OK; /* the recorded one */
    out->rho = strtod(digits, &end);
    BASIN_CHECK(end != digits && *end == '\0' && out->rho > 0.0 && isfinite(out->rho), BASIN_ERR_ARG,
                "direction «%s»: a radius is a number above 0", text);
done:
    return st;
}

static basin_status parse_pca(const char *text, const char *digits, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;
    char        *end = NULL;

    errno = 0;
    out->index = strtol(digits, &end, 10);
    BASIN_CHECK(isdigit((unsigned char)digits[0]) && *end == '\0' && errno == 0 && out->index > 0,
                BASIN_ERR_ARG,
                "direction «%s»: pca wants a whole number, 1 = the axis of most of the distances", text);
done:
    return st;
}

static basin_status parse_files(const char *text, const char *list, size_t count, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;
    size_t       commas = 0;

    for (const char *c = list; *c != '\0'; c++) commas += *c == ',';
    BASIN_CHECK(commas == count - 1, BASIN_ERR_ARG,
                "direction «%s» wants %zu files with commas between, got %zu", text, count, commas + 1);
    for (size_t i = 0; i < count; i++) {
        const size_t length = strcspn(list, ",");
        BASIN_CHECK(length > 0, BASIN_ERR_ARG, "direction «%s» lacks file %zu", text, i + 1);
        out->files[i].text = list, out->files[i].length = (int)length;
        list += length + 1;
    }
    out->file_count = count;
done:
    return st;
}

static basin_status parse_between(const char *text, const char *list, basin_direction_spec *out)
{
    return parse_files(text, list, 2, out);
}

static basin_status parse_plane(const char *text, const char *list, basin_direction_spec *out)
{
    out->index = 1;
    return parse_files(text, list, 3, out);
}

static basin_status parse_stored(const char *text, const char *reference, basin_direction_spec *out)
{
    basin_status st = BASIN_OK;
    const char  *sharp = strrchr(reference, '#');

    BASIN_CHECK(sharp != NULL && sharp > reference && sharp[1] != '\0', BASIN_ERR_ARG,
                "direction «%s»: file wants FILE#NAME, NAME a data set or eigen:I", text);
    out->path = reference;
done:
    return st;
}

/* --------------------------------------------------------------------------------------- what it takes -- */

static basin_status demand_gradient(const basin_objective *o, const basin_direction_spec *spec,
                                    basin_demand *demand)
{
    (void)o, (void)spec;
    demand->gradients = 1;
    return BASIN_OK;
}

static basin_status demand_eigen(const basin_objective *o, const basin_direction_spec *spec,
                                 basin_demand *demand)
{
    return basin_direction_eigen_demand(o, spec->index, demand);
}

size_t basin_direction_gradients(const basin_direction_spec *spec)
{
    return spec->kind == BASIN_DIRECTION_UPDATE ||
           (spec->kind == BASIN_DIRECTION_GRADIENT && spec->path != NULL);
}

/* ---------------------------------------------------------------------------------------------- making -- */

static basin_status make_momentum(const basin_direction_source *from, const basin_direction_spec *spec,
                                  basin_direction **out)
{
    (void)spec;
    return basin_direction_momentum(from->ck, out);
}

static basin_status make_gradient(const basin_direction_source *from, const basin_direction_spec *spec,
                                  basin_direction **out)
{
    if (spec->path == NULL) return basin_direction_gradient(from->point, out);
    return basin_direction_gradient_on(from->point, from->split, spec->path, out);
}

static basin_status make_eigen(const basin_direction_source *from, const basin_direction_spec *spec,
                               basin_direction **out)
{
    return from->eigen == NULL
               ? basin_direction_eigen(from->point, spec->index, NULL, out)
               : basin_direction_eigen_of(from->point, from->eigen, from->eigen_of, spec->index, out);
}

static basin_status make_random(const basin_direction_source *from, const basin_direction_spec *spec,
                                basin_direction **out)
{
    return basin_direction_random(basin_objective_params(from->point->objective), from->point->theta,
                                  from->random, spec->seed, out);
}

static basin_status make_to(const basin_direction_source *from, const basin_direction_spec *spec,
                            basin_direction **out)
{
    return basin_direction_to(spec->path, from->point->theta, from->other->theta, from->point->size, out);
}

static double beta2_of(const basin_direction_source *from)
{
    return from->beta2 > 0.0 ? from->beta2 : 0.999;
}

static double epsilon_of(const basin_direction_source *from)
{
    return from->epsilon > 0.0 ? from->epsilon : 1e-8;
}

static basin_status make_adam(const basin_direction_source *from, const basin_direction_spec *spec,
                              basin_direction **out)
{
    (void)spec;
    return basin_direction_adam(from->ck, beta2_of(from), epsilon_of(from), out);
}

static basin_status make_update(const basin_direction_source *from, const basin_direction_spec *spec,
                                basin_direction **out)
{
    (void)spec;
    return basin_direction_update(from->point, from->ck, beta2_of(from), epsilon_of(from), out);
}

static basin_status make_sam(const basin_direction_source *from, const basin_direction_spec *spec,
                             basin_direction **out)
{
    return basin_direction_sam(from->point, from->ck, spec->rho, out);
}

static basin_status make_usam(const basin_direction_source *from, const basin_direction_spec *spec,
                              basin_direction **out)
{
    return basin_direction_usam(from->point, from->ck, spec->rho, out);
}

static basin_status make_msam(const basin_direction_source *from, const basin_direction_spec *spec,
                              basin_direction **out)
{
    return basin_direction_msam(from->ck, spec->rho, out);
}

static basin_status make_pca(const basin_direction_source *from, const basin_direction_spec *spec,
                             basin_direction **out)
{
    return basin_direction_pca(from->point->theta, from->weights, from->count, from->point->size,
                               (size_t)spec->index, out);
}

/* The texts of a spec's files, each its own. */
static basin_status copy_names(const basin_direction_spec *spec, char *names[3])
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < spec->file_count; i++) {
        names[i] = basin_format("%.*s", spec->files[i].length, spec->files[i].text);
        BASIN_CHECK(names[i] != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    }
done:
    return st;
}

static basin_status make_of_files(const basin_direction_source *from, const basin_direction_spec *spec,
                                  basin_direction **out)
{
    basin_status st = BASIN_OK;
    char        *names[3] = {NULL, NULL, NULL};

    BASIN_TRY(copy_names(spec, names));
    if (spec->kind == BASIN_DIRECTION_BETWEEN)
        BASIN_TRY(basin_direction_between((const char *const *)names, from->weights[0], from->weights[1],
                                          from->point->size, out));
    else
        BASIN_TRY(basin_direction_plane((const char *const *)names, from->weights, from->point->size,
                                        (int)spec->index, out));
done:
    for (size_t i = 0; i < 3; i++) basin_free(names[i]);
    return st;
}

static basin_status make_stored(const basin_direction_source *from, const basin_direction_spec *spec,
                                basin_direction **out)
{
    return basin_direction_stored(spec->path, from->vector, from->point->size, out);
}

/* ----------------------------------------------------------------------------------------------- table -- */

static const struct direction_row {
    /* `argument` stands behind the colon; NULL: there is none. A kind without this row takes none. */
    basin_status (*parse)(const char *text, const char *argument, basin_direction_spec *out);
    bool argument; /* required */
    /* NULL: no passes */
    basin_status (*demand)(const basin_objective *o, const basin_direction_spec *spec, basin_demand *demand);
    basin_status (*make)(const basin_direction_source *from, const basin_direction_spec *spec,
                         basin_direction **out);
} rows[BASIN_DIRECTIONS] = {
    [BASIN_DIRECTION_MOMENTUM] = {.make = make_momentum},
    [BASIN_DIRECTION_GRADIENT] = {.parse = parse_gradient, .demand = demand_gradient, .make = make_gradient},
    [BASIN_DIRECTION_EIGEN] = {.parse = parse_eigen,
                               .argument = true,
                               .demand = demand_eigen,
                               .make = make_eigen},
    [BASIN_DIRECTION_RANDOM] = {.parse = parse_random, .make = make_random},
    [BASIN_DIRECTION_TO] = {.parse = parse_to, .argument = true, .make = make_to},
    [BASIN_DIRECTION_ADAM] = {.make = make_adam},
    [BASIN_DIRECTION_UPDATE] = {.demand = demand_gradient, .make = make_update},
    [BASIN_DIRECTION_SAM] = {.parse = parse_rho, .demand = demand_gradient, .make = make_sam},
    [BASIN_DIRECTION_USAM] = {.parse = parse_rho, .demand = demand_gradient, .make = make_usam},
    [BASIN_DIRECTION_MSAM] = {.parse = parse_rho, .make = make_msam},
    [BASIN_DIRECTION_PCA] = {.parse = parse_pca, .argument = true, .make = make_pca},
    [BASIN_DIRECTION_BETWEEN] = {.parse = parse_between, .argument = true, .make = make_of_files},
    [BASIN_DIRECTION_PLANE] = {.parse = parse_plane, .argument = true, .make = make_of_files},
    [BASIN_DIRECTION_STORED] = {.parse = parse_stored, .argument = true, .make = make_stored},
};

static const char *const names[BASIN_DIRECTIONS] = {
#define NAME(kind, name, argument) [BASIN_DIRECTION_##kind] = name,
    BASIN_DIRECTION_LIST(NAME)};

#define CHOICE(kind, name, argument) ", " name argument
static const char choices[] = BASIN_DIRECTION_LIST(CHOICE); /* begins with «, » */

/* The kind of that name, and what follows it; OTHER if there is none. */
static basin_direction_kind find(const char *text, const char **argument)
{
    for (int kind = 1; kind < BASIN_DIRECTIONS; kind++) {
        const size_t length = strlen(names[kind]);
        if (strncmp(text, names[kind], length) != 0 || (text[length] != '\0' && text[length] != ':'))
            continue;
        *argument = text[length] == ':' ? text + length + 1 : NULL;
        if (*argument == NULL ? !rows[kind].argument : rows[kind].parse != NULL)
            return (basin_direction_kind)kind;
    }
    return BASIN_DIRECTION_OTHER;
}

basin_status basin_direction_parse(const char *text, basin_direction_spec *out)
{
    basin_status         st = BASIN_OK;
    const char          *argument = NULL;
    basin_direction_spec spec = {.kind = find(text, &argument), .rho = NAN};

    BASIN_CHECK(spec.kind != BASIN_DIRECTION_OTHER, BASIN_ERR_ARG, "direction «%s» is none of %s", text,
                choices + 2);
    if (rows[spec.kind].parse != NULL) BASIN_TRY(rows[spec.kind].parse(text, argument, &spec));
    *out = spec;
done:
    return st;
}

bool basin_direction_takes_passes(basin_direction_kind kind)
{
    return rows[kind].demand != NULL;
}

basin_status basin_direction_demand(const basin_objective *o, const basin_direction_spec *spec,
                                    basin_demand *demand)
{
    return rows[spec->kind].demand != NULL ? rows[spec->kind].demand(o, spec, demand) : BASIN_OK;
}

basin_status basin_direction_make(const basin_direction_source *source, const basin_direction_spec *spec,
                                  basin_direction **out)
{
    if (spec->kind == BASIN_DIRECTION_OTHER)
        return basin_fail(BASIN_ERR_ARG, "a direction of the caller's own is not made by its kind");
    return rows[spec->kind].make(source, spec, out);
}
