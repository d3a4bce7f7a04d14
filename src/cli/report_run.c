#include "cli/report_run.h"

#include <string.h>

#include "cli/paths.h"

/* The last part of its path; of a checkpoint also that of its folder, «gd_0_step_000400». */
static void name_run(const char *operand, bool folder, char out[CLI_RUN_NAME])
{
    char   path[PATH_MAX];
    size_t length = (size_t)snprintf(path, sizeof path, "%s", operand);

    if (length >= sizeof path) length = sizeof path - 1;
    while (length > 1 && path[length - 1] == '/') path[--length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL && !folder) {
        *slash = '_';
        char *dot = strrchr(path, '.');
        if (dot != NULL) *dot = '\0';
        slash = strrchr(path, '/');
    }
    snprintf(out, CLI_RUN_NAME, "%.120s", slash != NULL ? slash + 1 : path);
}

static void tell_apart(cli_report_run *runs, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(runs[k].name, runs[i].name) != 0) continue;
        const size_t length = strlen(runs[i].name);
        snprintf(runs[i].name + length, CLI_RUN_NAME - length, "_%zu", i + 1);
        return;
    }
}

int cli_report_run_open(char *const *operands, size_t i, cli_report_run *runs)
{
    int             status = CLI_OK;
    cli_report_run *one = &runs[i];
    char           *text = NULL;
    const char     *operand = operands[i];

    for (size_t k = 0; k < i; k++)
        CLI_CHECK(!cli_same_file(operands[k], operand), "%s and %s are one run, named twice", operands[k],
                  operand);
    CLI_LIBRARY(basin_run_open(operand, &one->run));
    CLI_CHECK(one->run->count > 0, "%s: holds no checkpoint and no stored result", operand);
    if (one->run->training_count != 1) {
        CLI_LIBRARY(basin_run_describe(one->run, &text));
        CLI_CHECK(false, "%s: holds %s: a report is of runs, one a folder", operand, text);
    }
    one->folder = strcmp(one->run->entries[0].path, operand) != 0;
    name_run(operand, one->folder, one->name);
    tell_apart(runs, i);
done:
    basin_free(text);
    return status;
}

void cli_report_run_choose(cli_report_run *one, int64_t step)
{
    basin_checkpoint *ck = NULL;

    for (size_t i = one->run->count; i-- > 0 && one->path == NULL;)
        if (one->run->entries[i].step == step && step >= 0) one->path = one->run->entries[i].path;
    for (size_t i = one->run->count; i-- > 0 && ck == NULL;) {
        if (one->path == NULL && basin_checkpoint_read(one->run->entries[i].path, &ck) == BASIN_OK)
            one->path = one->run->entries[i].path;
        else if (one->path == one->run->entries[i].path)
            if (basin_checkpoint_read(one->path, &ck) != BASIN_OK) break;
    }
    if (ck == NULL) return;
    one->momentum = basin_checkpoint_momentum(ck) != NULL;
    if (ck->method != NULL) snprintf(one->method, sizeof one->method, "%s", ck->method);
    basin_checkpoint_destroy(&ck);
}
