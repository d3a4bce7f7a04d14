/* basin COMMAND …: finds the command, parses its arguments, runs it, writes and prints its results, and
   prints the one line when it fails. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/drawing.h"
#include "cli/forecast.h"
#include "cli/kernel.h"
#include "cli/latex.h"
#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/shared_data.h"
#include "cli/state.h"

/* ---------------------------------------------------------------------------------------------- output -- */

/* info has none but its line of losses. */
static bool has_drawing(const cli_command *command)
{
    return command->kind == BASIN_RESULT_INFO || basin_figure_kind(command->kind, 0) != NULL;
}

/* Everything about the outputs that can be known before the work. */
static int check_outputs(const cli_arguments *a)
{
    int         status = CLI_OK;
    const char *stored = cli_text(a, "o", NULL), *figure = cli_text(a, "plot", NULL);
    const char *latex = cli_text(a, "latex", NULL);

    if (latex != NULL) CLI_TRY(cli_latex_check(latex));
    if (stored != NULL) {
        CLI_WANT(a->command->measure == NULL || cli_measured_count(a) == 1,
                 "%s: -o stores the result of one checkpoint, %zu were named", a->command->name,
                 a->operand_count);
        CLI_TRY(cli_result_check(stored));
    }
    if (strcmp(cli_text(a, "draw", "auto"), "always") == 0 ||
        strcmp(cli_text(a, "draw", "auto"), "image") == 0)
        CLI_WANT(has_drawing(a->command), "%s: there is no figure of this; --draw does not apply",
                 a->command->name);
    if (figure != NULL) {
        CLI_WANT(basin_figure_kind(a->command->kind, 0) != NULL,
                 "%s: there is no figure of this; --plot does not apply", a->command->name);
        CLI_TRY(cli_figure_check(figure));
    }
done:
    return status;
}

static int draw(const cli_batch *batch, const char *path)
{
    int           status = CLI_OK;
    basin_figure *figure = NULL;

    CLI_LIBRARY(
        basin_figure_create((const basin_result *const *)batch->results, batch->count, NULL, &figure));
    CLI_LIBRARY(basin_figure_write(figure, path));
done:
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

static int print(const cli_arguments *a, const cli_batch *batch)
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

static int run_forecast(const cli_arguments *a)
{
    int       status = CLI_OK;
    cli_batch batch = {0};

    CLI_TRY(cli_forecast_compute(a, &batch));
    for (size_t i = 0; i < batch.count; i++)
        CLI_TRY(cli_provenance_finish(batch.results[i]->provenance, NULL, 0));
    CLI_TRY(print(a, &batch));
done:
    cli_batch_clear(&batch);
    return status;
}

/* The first failure of two, with both lines; that of the first is `line`. */
static int both(int status, int next, const char *line)
{
    if (status == CLI_OK) return next;
    if (next != CLI_OK) cli_fail("%s; %s", line, cli_message());
    return status;
}

/* Stores, draws and writes what is asked for; a failure of one leaves the others their chance. Returns the
   first failure, whose line is kept. */
static int deliver(const cli_arguments *a, const cli_batch *batch)
{
    const char *stored = cli_text(a, "o", NULL), *figure = cli_text(a, "plot", NULL);
    const char *latex = cli_text(a, "latex", NULL);
    char        line[1200];
    int         status = stored != NULL ? cli_library(basin_result_write(batch->results[0], stored)) : CLI_OK;

    snprintf(line, sizeof line, "%s", cli_message());
    status = both(status, figure != NULL ? draw(batch, figure) : CLI_OK, line);
    snprintf(line, sizeof line, "%s", cli_message());
    return both(status, latex != NULL ? write_latex(a, batch, latex) : CLI_OK, line);
}

static int compute_and_deliver(const cli_arguments *a)
{
    int         status = CLI_OK, delivered;
    cli_batch   batch = {0};
    const char *stored = cli_text(a, "o", NULL);
    double      start = basin_seconds();

    CLI_TRY(cli_compute(a, &batch));
    for (size_t i = 0; i < batch.count; i++)
        CLI_TRY(cli_provenance_finish(batch.results[i]->provenance, stored, basin_seconds() - start));
    delivered = deliver(a, &batch);
    CLI_TRY(print(a, &batch)); /* the work is done: it is told even where it could not be stored */
    CLI_TRY(delivered);
    for (size_t i = 0; i < batch.count && a->command->verdict != NULL; i++)
        CLI_TRY(a->command->verdict(batch.results[i]));
    CLI_CHECK(a->command->measure == NULL || batch.count == cli_measured_count(a),
              "--time %s ended the work before all was measured", cli_text(a, "time", ""));
done:
    cli_batch_clear(&batch);
    return status;
}

static int run_computing(const cli_arguments *a)
{
    int status = CLI_OK;

    CLI_TRY(check_outputs(a));
    CLI_TRY(cli_state_open(a));
    status = cli_state_end(compute_and_deliver(a));
done:
    return status;
}

/* ------------------------------------------------------------------------------------------------ main -- */

/* argv is the process's: it may be executed again in another environment. */
static int set_up(const cli_arguments *a, char **argv)
{
    int    status = CLI_OK;
    size_t threads;

    cli_kernel_choose(argv);
    if (a->command->common & CLI_COMMON_WORK) {
        const char *memory = cli_text(a, "memory", NULL);
        CLI_TRY(cli_size(a, "threads", 0, &threads));
        CLI_CHECK(threads <= 1024, "--threads must be at most 1024, got %zu", threads);
        basin_threads_set(threads);
        CLI_CHECK(threads == 0 || basin_threads() == threads, "--threads: at most %zu, got %zu",
                  basin_threads(), threads);
        if (memory != NULL) basin_memory_limit_set(cli_bytes(memory));
        if (a->command->common & CLI_COMMON_TIME && cli_has(a, "time"))
            basin_time_limit_set(cli_seconds(cli_text(a, "time", NULL)));
    }
    status = cli_library(basin_initialise());
    if (status != CLI_OK) cli_kernel_withdraw(argv);
    CLI_TRY(status);
    cli_monitor_start();
done:
    return status;
}

static void list_commands(FILE *out)
{
    fputs("basin: from saved training checkpoints to trustworthy statements about the loss "
          "landscape\n\nusage: basin COMMAND …\n\n",
          out);
    cli_commands_list(out);
    fputs("\n  basin help COMMAND    options and examples of one command\n"
          "  basin --version       with --verbose: libraries and the BLAS kernel\n"
          "  python3 -m basin convert --help    folders of PyTorch's .pt files as checkpoints (pip install "
          "./python)\n\n"
          "exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted; of gate and watch 3 a limit is "
          "violated, 4 undecided\n",
          out);
}

static int print_version(bool verbose, char **argv)
{
    char        text[160];
    const char *waiting, *value;

    if (verbose) cli_kernel_choose(argv);
    printf("basin %s\n", BASIN_VERSION);
    if (!verbose) return CLI_OK;
    printf("file format %d, of results %d\n%s\n", BASIN_FORMAT_VERSION, BASIN_RESULTS_VERSION, basin_build());
    basin_blas_describe(text);
    printf("%s%s%s%s\n", text, cli_kernel_replaced() != NULL ? " (OpenBLAS itself chose " : "",
           cli_kernel_replaced() != NULL ? cli_kernel_replaced() : "",
           cli_kernel_replaced() != NULL ? ")" : "");
    if ((waiting = cli_kernel_waiting(&value)) != NULL)
        printf("OpenMP, threads wait by %s=%s\n", waiting, value);
    basin_io_describe(text);
    puts(text);
    basin_render_describe(text);
    puts(text);
    return cli_library(basin_initialise());
}

static int no_command(const char *name)
{
    const char *nearest = cli_command_nearest(name);

    if (strcmp(name, "convert") == 0)
        return cli_usage("convert is a command of the Python package: python3 -m basin convert --help");
    return nearest != NULL
               ? cli_usage("no command «%s»; did you mean %s? (basin help lists them)", name, nearest)
               : cli_usage("no command «%s»; basin help lists them", name);
}

static int print_help(int argc, char **argv)
{
    const cli_command *command = argc > 2 ? cli_command_find(argv[2]) : NULL;

    if (argc <= 2)
        list_commands(stdout);
    else if (command == NULL)
        return no_command(argv[2]);
    else
        cli_help(command, stdout);
    return CLI_OK;
}

static int run_command(int argc, char **argv)
{
    int                status = CLI_OK;
    const cli_command *command = cli_command_find(argv[1]);
    cli_arguments      arguments = {0};

    if (command == NULL) return no_command(argv[1]);
    CLI_TRY(cli_arguments_parse(command, argc - 1, argv + 1, &arguments));
    if (cli_has(&arguments, "help")) {
        cli_help(command, stdout);
        goto done;
    }
    CLI_TRY(set_up(&arguments, argv));
    CLI_TRY(command->run != NULL              ? command->run(&arguments)
            : cli_forecast_wanted(&arguments) ? run_forecast(&arguments)
                                              : run_computing(&arguments));
done:
    cli_data_release();
    cli_arguments_clear(&arguments);
    return status;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        list_commands(stderr);
        return cli_usage("which command?");
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help(argc, argv);
    if (strcmp(argv[1], "--version") == 0)
        return print_version(argc > 2 && strcmp(argv[2], "--verbose") == 0, argv);
    return run_command(argc, argv);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);

    cli_monitor_clear();
    if (fflush(stdout) != 0 && status == CLI_OK) status = cli_fail("standard output: %s", strerror(errno));
    if (status != CLI_OK && cli_message()[0] != '\0') fprintf(stderr, "basin: %s\n", cli_message());
#ifndef __SANITIZE_ADDRESS__ /* whose report on leaks comes at the exit */
    /* Everything is written and closed by now. After a damaged file HDF5 may not manage to close down
       («infinite loop closing library») and would say so beside our line, and a thread of OpenBLAS that found
       no memory would be waited for without end. */
    _Exit(status);
#endif
    return status;
}
