#include "cli/limits.h"

#include <string.h>

#include "cli/nearest.h"
#include "cli/table.h"

static int read_one(const cli_arguments *a, const cli_given *given, basin_limit *out)
{
    const bool at_most = strcmp(given->option->name, "max") == 0;

    if (basin_limit_parse(given->text, at_most, out) == BASIN_OK) return CLI_OK;
    return cli_usage("%s: --%s: %s", a->command->name, given->option->name, basin_error_message());
}

int cli_limits_read(const cli_arguments *a, cli_limits *out)
{
    int        status = CLI_OK;
    cli_limits l = {0};

    CLI_ALLOC(l.limits, a->given_count + 1);
    for (size_t i = 0; i < a->given_count; i++) {
        const char *name = a->given[i].option->name;
        if (strcmp(name, "max") != 0 && strcmp(name, "min") != 0) continue;
        CLI_TRY(read_one(a, &a->given[i], &l.limits[l.count]));
        l.count++;
    }
    *out = l, l = (cli_limits){0};
done:
    cli_limits_clear(&l);
    return status;
}

void cli_limits_clear(cli_limits *l)
{
    for (size_t i = 0; i < l->count; i++) basin_limit_clear(&l->limits[i]);
    basin_free(l->limits);
    *l = (cli_limits){0};
}

static int unknown_measure(const cli_arguments *a, const char *name)
{
    const char *best = NULL;
    size_t      least = SIZE_MAX;

    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        const size_t edits = cli_edits(name, basin_columns[i].name);
        if (edits < least && edits <= cli_edits_allowed(basin_columns[i].name))
            least = edits, best = basin_columns[i].name;
    }
    if (best != NULL)
        return cli_usage("%s: --measures: no measure «%s»; is %s meant?", a->command->name, name, best);
    return cli_usage("%s: --measures: %s", a->command->name, basin_error_message());
}

int cli_measures_read(const cli_arguments *a, size_t **out, size_t *count)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, "measures", "");
    size_t     *measures = NULL, n = 0;
    char        name[64];

    CLI_ALLOC(measures, strlen(text) / 2 + 1);
    for (;; text++) {
        const size_t length = strcspn(text, ",");
        snprintf(name, sizeof name, "%.*s", (int)(length < 60 ? length : 60), text);
        if (basin_gate_measure_find(name, &measures[n++]) != BASIN_OK) {
            status = unknown_measure(a, name);
            goto done;
        }
        text += length;
        if (*text == '\0') break;
    }
    *out = measures, *count = n, measures = NULL;
done:
    basin_free(measures);
    return status;
}

const char *cli_answer_ends(const basin_answer *a)
{
    static const char *const words[] = {[BASIN_ENDS_PROVEN] = " proven",
                                        [BASIN_ENDS_LOWER] = " lower end proven",
                                        [BASIN_ENDS_UPPER] = " upper end proven",
                                        [BASIN_ENDS_CONFIDENCE] = ""};
    char                    *text = cli_turn();

    if (a->ends == BASIN_ENDS_UNKNOWN || a->ends == BASIN_ENDS_EXACT)
        return a->ends == BASIN_ENDS_EXACT ? "exact" : "not measured";
    snprintf(text, CLI_TURN, "[%s, %s]%s", cli_number(a->lower, 5), cli_number(a->upper, 5), words[a->ends]);
    return text;
}
