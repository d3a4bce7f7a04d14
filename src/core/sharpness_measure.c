/* The table of include/basin_sharpness_measures.h, and the words of its enums. */
#include <string.h>

#include "core/memory.h"
#include "core/schema.h"

/* clang-format off */
#define NO BASIN_SYMMETRIC_NO
#define YES BASIN_SYMMETRIC_YES
#define LAYERS BASIN_SYMMETRIC_LAYERS
#define PLAIN BASIN_SYMMETRIC_PLAIN
#define BASIN_SYMMETRIC(neuron, layer, norm, attention, permutation) \
    {neuron, layer, norm, attention, permutation}

const basin_sharpness_entry basin_sharpness_entries[BASIN_SHARPNESS_MEASURES] = {
#define BASIN_SHARPNESS_MEASURE(id, words, kind, radii, around, takes, symmetries, text, paper)  \
    {.name = #id, .title = words, .definition = text, .source = paper,                           \
     .number = BASIN_SHARPNESS_##kind, .radius = BASIN_RADIUS_##radii, .rho = around,            \
     .settings = takes, .symmetric = symmetries},
#include "basin_sharpness_measures.h"
};
/* clang-format on */

bool basin_sharpness_has_radius(const basin_sharpness_entry *entry)
{
    return entry->radius >= BASIN_RADIUS_ANY;
}

const char *basin_symmetry_text(basin_symmetry symmetry)
{
#define SYMMETRY_TEXT(name, word, text) text,
    static const char *const texts[] = {BASIN_SYMMETRY_LIST(SYMMETRY_TEXT)};

    return texts[symmetry];
}

const char *basin_symmetric_text(basin_symmetric symmetric)
{
    static const char *const texts[] = {[BASIN_SYMMETRIC_NO] = "no",
                                        [BASIN_SYMMETRIC_YES] = "yes",
                                        [BASIN_SYMMETRIC_LAYERS] = "whole layers only",
                                        [BASIN_SYMMETRIC_PLAIN] = "without attention"};

    return texts[symmetric];
}

basin_status basin_sharpness_measure_find(const char *name, basin_sharpness_measure *out)
{
    basin_status st = BASIN_OK;
    char        *list = NULL;

    for (size_t i = 0; i < BASIN_SHARPNESS_MEASURES; i++) {
        if (strcmp(basin_sharpness_entries[i].name, name) == 0) {
            *out = (basin_sharpness_measure)i;
            goto done;
        }
        char *longer = basin_format("%s%s%s", list != NULL ? list : "", list != NULL ? " | " : "",
                                    basin_sharpness_entries[i].name);
        basin_free(list);
        BASIN_CHECK((list = longer) != NULL, BASIN_ERR_NOMEM, "out of memory for a list of names");
    }
    st = basin_fail(BASIN_ERR_ARG, "measure of sharpness %s is none of %s", name, list);
done:
    basin_free(list);
    return st;
}
