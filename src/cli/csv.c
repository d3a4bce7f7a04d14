#include "cli/csv.h"

#include <string.h>

#include "cli/paths.h"

/* «FILE.csv» or «FILE.csv#TABLE»: the bytes of the file's name. */
static size_t csv_length(const char *path)
{
    const char *mark = strrchr(path, '#');

    return mark != NULL && mark - path > 4 && strncmp(mark - 4, ".csv", 4) == 0 ? (size_t)(mark - path)
                                                                                : strlen(path);
}

bool cli_csv_is_name(const char *path)
{
    const size_t length = csv_length(path);

    return length > 4 && strncmp(path + length - 4, ".csv", 4) == 0;
}

int cli_csv_check(const char *path)
{
    int          status = CLI_OK;
    const size_t length = csv_length(path);
    char        *file = NULL;

    CLI_WANT(cli_csv_is_name(path), "%s: the name of a table's file ends in .csv, or .csv#TABLE", path);
    CLI_CHECK((file = basin_strdup(path)) != NULL, "out of memory for a path");
    file[length] = '\0';
    CLI_TRY(cli_output_check(file));
done:
    basin_free(file);
    return status;
}

int cli_csv_write(const basin_result *result, const char *path)
{
    int          status = CLI_OK;
    const size_t length = csv_length(path);
    char        *file = NULL, *text = NULL;

    CLI_CHECK((file = basin_strdup(path)) != NULL, "out of memory for a path");
    file[length] = '\0';
    CLI_LIBRARY(basin_result_csv(result, path[length] == '#' ? path + length + 1 : NULL, &text));
    CLI_LIBRARY(basin_file_write(file, text, strlen(text)));
done:
    basin_free(text);
    basin_free(file);
    return status;
}
