/* Which engine answers: of those whose every feature, as the Makefile lists them for the compiler, the
   processor has, the best. */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(set) extern const basin_engine basin_engine_f64_##set, basin_engine_f32_##set;
BASIN_INSTRUCTION_SETS(DECLARE)

static const struct {
    const char         *name;
    const basin_engine *of[2]; /* double, single */
} engines[] = {
#define ROW(set) {#set, {&basin_engine_f64_##set, &basin_engine_f32_##set}},
    BASIN_INSTRUCTION_SETS(ROW)};

enum { SETS = sizeof engines / sizeof *engines };

bool basin_instructions_run(const char *name)
{
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");

    if (strcmp(name, "avx2") == 0) return avx2;
    if (strcmp(name, "avx512") == 0)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return strcmp(name, "base") == 0;
}

basin_status basin_engine_choose(basin_precision precision, const basin_engine **out)
{
    basin_status st = BASIN_OK;
    const char  *asked = getenv("BASIN_INSTRUCTIONS");

    if (asked != NULL && *asked == '\0') asked = NULL;
    BASIN_CHECK(asked == NULL || basin_instructions_run(asked), BASIN_ERR_ARG,
                "BASIN_INSTRUCTIONS=%s: this processor does not have them, or this build is not for them; it "
                "is for" BASIN_INSTRUCTION_SETS(BASIN_INSTRUCTION_NAME),
                asked);
    for (size_t i = SETS; i-- > 0;)
        if (asked == NULL ? basin_instructions_run(engines[i].name) : strcmp(asked, engines[i].name) == 0) {
            *out = engines[i].of[precision == BASIN_SINGLE];
            break;
        }
done:
    return st;
}

void basin_engine_describe(char out[160])
{
    const basin_engine *engine = NULL;

    if (basin_engine_choose(BASIN_DOUBLE, &engine) != BASIN_OK) engine = NULL;
    snprintf(out, 160, "no engine");
    for (size_t i = 0; i < SETS; i++)
        if (engine != NULL && engines[i].of[0] == engine)
            snprintf(out, 160, "engine for %s", engines[i].name);
}

basin_status basin_engine_facts(const basin_objective *objective, basin_network_facts *out)
{
    for (size_t i = 0; i < SETS; i++)
        for (size_t j = 0; j < 2; j++)
            if (engines[i].of[j]->facts(objective, out)) return BASIN_OK;
    return basin_fail(BASIN_ERR_ARG, "this objective is not a network");
}
