#include "core/method.h"

#include <string.h>

const basin_method basin_methods[BASIN_METHODS] = {
    [BASIN_METHOD_GD] = {"gd", "GD", .never_perturbed = true, .stability = BASIN_STABILITY_HEAVY_BALL},
    [BASIN_METHOD_SGD] = {"sgd", "SGD", .never_perturbed = true, .stability = BASIN_STABILITY_HEAVY_BALL},
    [BASIN_METHOD_NAG] = {"nag", "NAG", .never_perturbed = true, .stability = BASIN_STABILITY_NESTEROV},
    [BASIN_METHOD_SAM] = {"sam", "SAM", .perturbs = true, .stability = BASIN_STABILITY_SAM},
    [BASIN_METHOD_USAM] = {"usam", "USAM", .perturbs = true, .raw = true, .stability = BASIN_STABILITY_USAM},
    [BASIN_METHOD_ASAM] = {"asam", "ASAM", .perturbs = true},
    [BASIN_METHOD_MSAM] = {"msam", "MSAM", .perturbs = true, .stability = BASIN_STABILITY_MSAM},
    [BASIN_METHOD_ADAM] = {"adam", "Adam", .never_perturbed = true},
    [BASIN_METHOD_ADAMW] = {"adamw", "AdamW", .never_perturbed = true},
};

const basin_method *basin_method_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < BASIN_METHODS; i++)
        if (strcmp(basin_methods[i].name, name) == 0) return &basin_methods[i];
    return NULL;
}

const basin_method *basin_method_perturbs(const char *name)
{
    const char         *base = name != NULL ? strrchr(name, '_') : NULL;
    const basin_method *method = basin_method_find(base != NULL ? base + 1 : name);

    return method != NULL && method->perturbs ? method : NULL;
}

const char *basin_method_title(const char *name)
{
    const basin_method *method = basin_method_find(name);

    return method != NULL ? method->title : name;
}

bool basin_rho_is_radius(const char *name)
{
    const basin_method *method = basin_method_perturbs(name);

    return method == NULL || !method->raw;
}

bool basin_hovers(const char *name, double rho)
{
    const basin_method *method = basin_method_find(name);

    return method != NULL && method->perturbs && !method->raw && rho > 0.0;
}
