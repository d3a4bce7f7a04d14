#include "cli/runs.h"

#include <string.h>

#include "cli/paths.h"

static int refuse(const basin_run *run)
{
    int   status = CLI_OK;
    char *text = NULL;

    CLI_LIBRARY(basin_run_describe(run, &text));
    CLI_CHECK(false,
              "%s: holds %s: choose by --run OLDEST, NEWEST, an identity or a file, or say --run ALL if they "
              "are one",
              run->path, text);
done:
    basin_free(text);
    return status;
}

/* An identity is looked for only where there is a choice, so that one command can take several folders. */
static int choose(const cli_arguments *a, basin_run *run)
{
    int         status = CLI_OK;
    const char *which = cli_text(a, "run", NULL);

    if (run->training_count == 1 && (which == NULL || a->operand_count > 1)) return CLI_OK;
    if (which == NULL) return refuse(run);
    CLI_LIBRARY(basin_run_choose(run, which));
done:
    return status;
}

int cli_run_open(const cli_arguments *a, const char *path, basin_run **out, char **doubt)
{
    int        status = CLI_OK;
    basin_run *run = NULL;
    char      *found = NULL;

    CLI_LIBRARY(basin_run_open(path, &run));
    CLI_CHECK(run->count > 0, "%s: holds no checkpoint", path);
    if (run->training_count == 1) CLI_LIBRARY(basin_run_examine(run, &found));
    CLI_TRY(choose(a, run));
    *out = run, run = NULL;
    *doubt = cli_has(a, "run") ? NULL : found;
    if (*doubt != NULL) found = NULL;
done:
    basin_free(found);
    basin_run_destroy(&run);
    return status;
}

/* ------------------------------------------------------------------------------ the folder of a file -- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int open_folder(const char *path, basin_run **out)
{
    int    status = CLI_OK;
    size_t length = (size_t)(name_of(path) - path);
    char  *folder = NULL;

    CLI_ALLOC(folder, length + 2);
    memcpy(folder, length > 0 ? path : ".", length > 0 ? length : 1);
    CLI_LIBRARY(basin_run_open(folder, out));
done:
    basin_free(folder);
    return status;
}

int cli_run_beside(const char *path, basin_run **out)
{
    int        status = CLI_OK;
    basin_run *run = NULL;

    CLI_TRY(open_folder(path, &run));
    CLI_LIBRARY(basin_run_choose(run, name_of(path)));
    *out = run, run = NULL;
done:
    basin_run_destroy(&run);
    return status;
}

int cli_warn_of_folder(const char *path)
{
    static char warned[PATH_MAX + 1] = ""; /* «:» and the folder that was looked at last */
    int         status = CLI_OK;
    size_t      length = (size_t)(name_of(path) - path);
    basin_run  *run = NULL;

    if (length >= sizeof warned ||
        (warned[0] != '\0' && strncmp(path, warned + 1, length) == 0 && warned[length + 1] == '\0'))
        return CLI_OK;
    if (open_folder(path, &run) != CLI_OK)
        return CLI_OK; /* the file itself has been read: what is wrong beside it is none of its */
    snprintf(warned, sizeof warned, ":%.*s", (int)length, path);
    if (run->training_count < 2) goto done;
    cli_warn("%s: its folder holds %zu trainings; basin track %.*s names their files", path,
             run->training_count, length > 0 ? (int)length : 1, length > 0 ? path : ".");
done:
    basin_run_destroy(&run);
    return status;
}

static const basin_run_entry *find_file(const basin_run *run, const char *path)
{
    for (size_t i = 0; i < run->count; i++)
        if (cli_same_file(run->entries[i].path, path)) return &run->entries[i];
    return NULL;
}

int cli_warn_of_other(const char *path, const char *other)
{
    int        status = CLI_OK;
    basin_run *run = NULL;

    if (open_folder(path, &run) != CLI_OK) return CLI_OK;
    const basin_run_entry *own = find_file(run, path), *far = find_file(run, other);
    if (own != NULL && far != NULL && own->training != far->training &&
        (run->trainings[own->training].identity == NULL || run->trainings[far->training].identity == NULL)) {
        const char *reason =
            run->trainings[own->training > far->training ? own->training : far->training].reason;
        cli_warn("%s is of another training than %s, though in its folder%s%s", other, path,
                 reason != NULL ? ": " : "", reason != NULL ? reason : "");
    }
    basin_run_destroy(&run);
    return status;
}
