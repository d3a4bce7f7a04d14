/* The kinds of directions (BASIN_DIRECTION_LIST), a row each: how what follows the name is read, what making
 * one takes, and how it is made. Everything that is asked of a kind by its name or number goes through this
 * table.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/point.h"
#include "analysis/slice/direction.h"

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
    (void)spec;
    return basin_direction_gradient(from->point, out);
}

static basin_status make_eigen(const basin_direction_source *from, const basin_direction_spec *spec,
                               basin_direction **out)
{
    return basin_direction_eigen(from->point, spec->index, NULL, out);
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
    [BASIN_DIRECTION_GRADIENT] = {.demand = demand_gradient, .make = make_gradient},
    [BASIN_DIRECTION_EIGEN] = {.parse = parse_eigen,
                               .argument = true,
                               .demand = demand_eigen,
                               .make = make_eigen},
    [BASIN_DIRECTION_RANDOM] = {.parse = parse_random, .make = make_random},
    [BASIN_DIRECTION_TO] = {.parse = parse_to, .argument = true, .make = make_to},
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
    basin_direction_spec spec = {.kind = find(text, &argument)};

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
