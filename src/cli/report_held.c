/* Whether a stored result is what a command would compute. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/report_inputs.h"

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool same_command(const basin_provenance *a, const basin_provenance *b)
{
    bool same = same_text(a->version, b->version) && same_text(a->directory, b->directory) &&
                a->argument_count == b->argument_count;

    for (size_t i = 0; same && i < a->argument_count; i++)
        same = strcmp(a->arguments[i], b->arguments[i]) == 0;
    return same;
}

/* Of a data set's content; the one read last is not read again, since all results are of it mostly. */
static const char *data_digest(const char *path)
{
    static char    read[PATH_MAX] = "", digest[65];
    basin_dataset *data = NULL;

    if (strcmp(path, read) == 0) return digest;
    read[0] = digest[0] = '\0';
    if (strlen(path) < sizeof read && basin_dataset_read(path, NULL, &data) == BASIN_OK) {
        strcpy(read, path);
        memcpy(digest, data->digest, sizeof digest);
    }
    basin_dataset_destroy(&data);
    return digest;
}

static bool input_holds(const basin_input *input)
{
    char digest[65];

    if (input->role == BASIN_INPUT_DATA) return strcmp(data_digest(input->path), input->digest) == 0;
    return basin_file_digest(input->path, digest) == BASIN_OK && strcmp(digest, input->digest) == 0;
}

/* A checkpoint that came into a run's folder since may change what the command gives. */
static bool is_newer(const struct stat *facts, const struct stat *than)
{
    return facts->st_mtim.tv_sec > than->st_mtim.tv_sec ||
           (facts->st_mtim.tv_sec == than->st_mtim.tv_sec && facts->st_mtim.tv_nsec > than->st_mtim.tv_nsec);
}

static bool folder_is_older(const char *path, const struct stat *than)
{
    DIR           *folder = opendir(path);
    struct dirent *entry;
    struct stat    facts;
    char           name[PATH_MAX];
    bool           older = true;

    if (folder == NULL) return true; /* a file: its digest tells */
    while (older && (entry = readdir(folder)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".h5") != 0) continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        older = stat(name, &facts) == 0 && !is_newer(&facts, than);
    }
    closedir(folder);
    return older;
}

static bool holds(const cli_arguments *a, const char *path, const basin_provenance *p,
                  const basin_provenance *wanted)
{
    struct stat facts;

    if (stat(path, &facts) != 0 || p == NULL || !same_command(p, wanted)) return false;
    for (size_t i = 0; i < a->operand_count; i++)
        if (!folder_is_older(a->operands[i], &facts)) return false;
    for (size_t i = 0; i < p->input_count; i++)
        if (!input_holds(&p->inputs[i])) return false;
    return true;
}

int cli_report_held(const cli_arguments *a, const char *path, basin_result **out)
{
    int               status = CLI_OK;
    basin_result     *stored = NULL;
    basin_provenance *wanted = NULL;

    *out = NULL;
    if (!basin_result_is(path) || basin_result_read(path, &stored) != BASIN_OK) return CLI_OK;
    CLI_TRY(cli_provenance_create(a, &wanted));
    CLI_TRY(cli_provenance_finish(wanted, path, 0));
    if (holds(a, path, stored->provenance, wanted)) *out = stored, stored = NULL;
done:
    basin_provenance_destroy(&wanted);
    basin_result_destroy(&stored);
    return status;
}
