#include "cli/stored.h"

#include <stdlib.h>
#include <string.h>

#include "cli/paths.h"
#include "cli/provenance.h"

static bool is_among(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

static int check_options(const cli_arguments *a)
{
    int status = CLI_OK;

    for (size_t i = 0; i < a->given_count; i++) {
        const cli_option *option = a->given[i].option;
        CLI_CHECK(option->outward || is_among(option->name, a->command->derive_options),
                  "a stored result cannot answer --%s: name the checkpoint", option->name);
    }
done:
    return status;
}

/* A path that was typed in the folder that the stored result names, as seen from here. */
static int move_path(const char *path, const char *result, const char *directory, char **out)
{
    int  status = CLI_OK;
    char typed_in[PATH_MAX], folder[PATH_MAX], there[PATH_MAX], here[PATH_MAX], moved[2 * PATH_MAX];

    if (path[0] == '/') {
        strcpy(moved, path);
    } else {
        CLI_TRY(cli_folder_of(result, folder));
        CLI_CHECK(snprintf(there, sizeof there, "%s/%s/.", folder, directory) < (int)sizeof there,
                  "the path to where it was computed is too long");
        CLI_TRY(cli_folder_of(there, typed_in));
        CLI_TRY(cli_folder_of("here", here));
        CLI_CHECK(snprintf(there, sizeof there, "%s/%s", typed_in, path) < (int)sizeof there,
                  "the path to an input is too long");
        CLI_TRY(cli_relative(here, there, moved, sizeof moved));
    }
    CLI_CHECK((*out = basin_strdup(moved)) != NULL, "out of memory for a path");
done:
    return status;
}

/* What the stored result was measured from and how, and the file itself. */
static int inherit(const char *path, basin_provenance *stored, basin_provenance *p)
{
    int   status = CLI_OK;
    char  digest[65];
    char *moved = NULL;

    for (size_t i = 0; i < stored->input_count; i++) {
        CLI_TRY(move_path(stored->inputs[i].path, path, stored->directory, &moved));
        CLI_TRY(cli_provenance_input(p, (basin_input_role)stored->inputs[i].role, moved,
                                     stored->inputs[i].digest));
        basin_free(moved);
        moved = NULL;
    }
    CLI_LIBRARY(basin_file_digest(path, digest));
    CLI_TRY(cli_provenance_input(p, BASIN_INPUT_RESULT, path, digest));
    CLI_TRY(cli_provenance_take_settings(p, stored));
    p->training = stored->training, stored->training.method = NULL;
    p->precision = stored->precision;
    p->polish = stored->polish;
    p->averaged = stored->averaged;
    p->weights = stored->weights;
    p->split_samples = stored->split_samples;
    p->seed = stored->seed;
done:
    basin_free(moved);
    return status;
}

int cli_stored_derive(const cli_arguments *a, const char *path, bool *derived, cli_batch *batch)
{
    int               status = CLI_OK;
    basin_result     *stored = NULL;
    basin_provenance *p = NULL;
    void             *value = NULL;

    *derived = a->command->derive != NULL && basin_result_is(path);
    if (!*derived) return CLI_OK;
    CLI_LIBRARY(basin_result_read(path, &stored));
    CLI_TRY(cli_name_file(check_options(a), path));
    CLI_TRY(cli_name_file(a->command->derive(a, stored, &value), path));
    CLI_TRY(cli_provenance_create(a, &p));
    if (stored->provenance != NULL) CLI_TRY(cli_name_file(inherit(path, stored->provenance, p), path));
    CLI_TRY(cli_batch_add(batch, a->command->kind, value, p));
    p = NULL;
done:
    basin_provenance_destroy(&p);
    basin_result_destroy(&stored);
    return status;
}
