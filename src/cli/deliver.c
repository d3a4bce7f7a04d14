/* Where results go: files that -o, --plot, --csv and --latex name, and standard output. */
#include "cli/deliver.h"

#include <stdlib.h>
#include <string.h>

#include "cli/csv.h"
#include "cli/drawing.h"
#include "cli/figure_file.h"
#include "cli/forecast.h"
#include "cli/latex.h"
#include "cli/look.h"
#include "cli/paths.h"

/* ------------------------------------------------------------------------------------ before the work -- */

/* info has none but its line of losses. */
static bool has_drawing(const cli_command *command)
{
    return command->kind == BASIN_RESULT_INFO || basin_figure_kind(command->kind, 0) != NULL;
}

int cli_deliver_check(const cli_arguments *a)
{
    int         status = CLI_OK;
    const char *stored = cli_text(a, "o", NULL), *figure = cli_text(a, "plot", NULL);
    const char *latex = cli_text(a, "latex", NULL), *csv = cli_text(a, "csv", NULL);
    cli_look    look = {0};

    CLI_WANT((stored == NULL && csv == NULL) || a->command->measure == NULL || cli_measured_count(a) == 1,
             "%s: %s stores the result of one checkpoint, %zu were named", a->command->name,
             stored != NULL ? "-o" : "--csv", a->operand_count);
    if (latex != NULL) CLI_TRY(cli_latex_check(latex));
    if (csv != NULL) CLI_TRY(cli_csv_check(csv));
    if (stored != NULL) CLI_TRY(cli_result_check(stored));
    if (strcmp(cli_text(a, "draw", "auto"), "always") == 0 ||
        strcmp(cli_text(a, "draw", "auto"), "image") == 0)
        CLI_WANT(has_drawing(a->command), "%s: there is no figure of this; --draw does not apply",
                 a->command->name);
    if (figure != NULL) {
        CLI_WANT(basin_figure_kind(a->command->kind, 0) != NULL,
                 "%s: there is no figure of this; --plot does not apply", a->command->name);
        CLI_TRY(cli_figure_check(figure));
    }
    CLI_WANT(figure != NULL || !cli_has(a, "style"), "%s: --style is of a figure: --plot FILE says where to",
             a->command->name);
    CLI_TRY(cli_look_styles(a, &look));
done:
    cli_look_clear(&look);
    return status;
}

static int draw(const cli_arguments *a, const cli_batch *batch, const char *path)
{
    int           status = CLI_OK;
    basin_figure *figure = NULL;
    cli_look      look = {0};

    CLI_TRY(cli_look_styles(a, &look));
    CLI_LIBRARY(basin_figure_create((const basin_result *const *)batch->results, batch->count, &look.options,
                                    &figure));
    cli_look_tell(&look, figure);
    CLI_TRY(cli_figure_write(figure, path));
done:
    cli_look_clear(&look);
    basin_figure_destroy(&figure);
    return status;
}

/* What was printed for people, line by line, without anything that a terminal would obey. */
static int show(const char *text)
{
    int    status = CLI_OK;
    char  *line = NULL;
    size_t room = 0;

    for (const char *end; *text != '\0'; text = *end == '\0' ? end : end + 1) {
        const size_t length = (end = strchr(text, '\n')) != NULL ? (size_t)(end - text) : strlen(text);
        if (end == NULL) end = text + length;
        if (room < 9 * length + 2) {
            basin_free(line);
            CLI_ALLOC(line, room = 9 * length + 2);
        }
        memcpy(line, text, length), line[length] = '\0';
        char *plain = line + length + 1;
        fputs(basin_printable(line, plain, room - length - 1), stdout);
        if (*end == '\n') fputc('\n', stdout);
    }
done:
    basin_free(line);
    return status;
}

/* What is printed for people; caller frees with free. */
static int compose(const cli_arguments *a, const cli_batch *batch, char **text)
{
    int    status = CLI_OK;
    size_t size = 0;
    FILE  *out = open_memstream(text, &size);

    CLI_CHECK(out != NULL, "out of memory for what is printed");
    for (size_t i = 0; i < batch->count; i++) {
        if (i > 0) fputc('\n', out);
        if (cli_forecast_wanted(a))
            cli_forecast_print(a, batch->results[i], out);
        else
            a->command->print(batch->results[i], out);
    }
done:
    if (out != NULL && fclose(out) != 0 && status == CLI_OK)
        status = cli_fail("out of memory for what is printed");
    return status;
}

static int print_for_people(const cli_arguments *a, const cli_batch *batch)
{
    int   status = CLI_OK;
    char *text = NULL;

    CLI_TRY(compose(a, batch, &text));
    CLI_TRY(show(text));
done:
    free(text);
    return status;
}

static int write_latex(const cli_arguments *a, const cli_batch *batch, const char *path)
{
    int             status = CLI_OK;
    char           *text = NULL;
    cli_kept_tables tables = {0};

    cli_tables_keep(&tables);
    status = compose(a, batch, &text);
    cli_tables_keep(NULL);
    CLI_TRY(status);
    CLI_TRY(cli_latex_tables(path, a, text, &tables));
done:
    cli_kept_tables_clear(&tables);
    free(text);
    return status;
}

int cli_deliver_print(const cli_arguments *a, const cli_batch *batch)
{
    int   status = CLI_OK;
    char *json = NULL;

    if (cli_has(a, "json")) {
        CLI_LIBRARY(basin_result_json((const basin_result *const *)batch->results, batch->count, &json));
        fputs(json, stdout);
        if (json[0] != '\0' && json[strlen(json) - 1] != '\n') fputc('\n', stdout);
    } else {
        CLI_TRY(print_for_people(a, batch));
        if (!cli_forecast_wanted(a)) CLI_TRY(cli_drawing_print(a, batch));
    }
done:
    basin_free(json);
    return status;
}

/* ---------------------------------------------------------------------------------------------- files -- */

/* The first failure of two, with both lines; that of the first is `line`. */
static int both(int status, int next, const char *line)
{
    if (status == CLI_OK) return next;
    if (next != CLI_OK) cli_fail("%s; %s", line, cli_message());
    return status;
}

int cli_deliver(const cli_arguments *a, const cli_batch *batch)
{
    const char *stored = cli_text(a, "o", NULL), *figure = cli_text(a, "plot", NULL);
    const char *latex = cli_text(a, "latex", NULL), *csv = cli_text(a, "csv", NULL);
    char        line[1200];
    int         status = stored != NULL ? cli_library(basin_result_write(batch->results[0], stored)) : CLI_OK;

    snprintf(line, sizeof line, "%s", cli_message());
    status = both(status, figure != NULL ? draw(a, batch, figure) : CLI_OK, line);
    snprintf(line, sizeof line, "%s", cli_message());
    status = both(status, csv != NULL ? cli_csv_write(batch->results[0], csv) : CLI_OK, line);
    snprintf(line, sizeof line, "%s", cli_message());
    return both(status, latex != NULL ? write_latex(a, batch, latex) : CLI_OK, line);
}
