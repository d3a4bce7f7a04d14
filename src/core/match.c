/* Parameters by name: shell patterns and layers, and the names that come nearest to one that matches none. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/params.h"

enum { NEAR = 5, LONGEST = 128 };

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements from one to the other (Levenshtein 1966); of a pattern's * none
   counts, so that «covn*» is near «conv1.weight». */
static size_t edits(const char *pattern, const char *name)
{
    size_t       row[LONGEST + 1], columns = strlen(name);
    const size_t rows = strlen(pattern);

    if (columns > LONGEST) columns = LONGEST;
    for (size_t j = 0; j <= columns; j++) row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        const bool star = pattern[i - 1] == '*';
        size_t     diagonal = row[0];
        if (!star) row[0]++;
        for (size_t j = 1; j <= columns; j++) {
            const size_t above = row[j];
            row[j] =
                star ? least_of(above, row[j - 1])
                     : least_of(least_of(above, row[j - 1]) + 1, diagonal + (pattern[i - 1] != name[j - 1]));
            diagonal = above;
        }
    }
    return row[columns];
}

/* The nearest names, at most NEAR, with commas between. */
static const char *near_names(const basin_params *params, const char *pattern, char *text, size_t size)
{
    size_t used = 0, shown = 0;

    text[0] = '\0';
    for (size_t distance = 0; distance <= LONGEST && shown < NEAR && shown < params->count; distance++)
        for (size_t i = 0; i < params->count && shown < NEAR && used < size; i++) {
            if (edits(pattern, params->blocks[i].name) != distance) continue;
            used += (size_t)snprintf(text + used, size - used, "%s%s", shown > 0 ? ", " : "",
                                     params->blocks[i].name);
            shown++;
        }
    return text;
}

typedef bool matcher(const char *wanted, const char *name);

static bool by_pattern(const char *wanted, const char *name)
{
    return fnmatch(wanted, name, 0) == 0;
}

static bool by_layer(const char *wanted, const char *name)
{
    const size_t length = strlen(wanted);

    return strncmp(wanted, name, length) == 0 && (name[length] == '.' || name[length] == '\0');
}

static basin_status match(const basin_params *params, const char *wanted, const char *what, matcher *matches,
                          size_t *count, size_t **out)
{
    basin_status st = BASIN_OK;
    size_t      *blocks = NULL, found = 0;
    char         text[512];

    BASIN_ALLOC(blocks, params->count, "blocks");
    for (size_t i = 0; i < params->count; i++)
        if (matches(wanted, params->blocks[i].name)) blocks[found++] = i;
    BASIN_CHECK(found > 0, BASIN_ERR_MISSING, "%s %s matches none of the %zu tensors; near: %s", what, wanted,
                params->count, near_names(params, wanted, text, sizeof text));
    *count = found;
    *out = blocks, blocks = NULL;
done:
    basin_free(blocks);
    return st;
}

basin_status basin_params_match(const basin_params *params, const char *pattern, size_t *count,
                                size_t **blocks)
{
    return match(params, pattern, "pattern", by_pattern, count, blocks);
}

basin_status basin_params_layer(const basin_params *params, const char *name, size_t *count, size_t **blocks)
{
    return match(params, name, "layer", by_layer, count, blocks);
}
