/* basin COMMAND …: finds the command, parses its arguments, runs it, and prints the one line when it
   fails. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/deliver.h"
#include "cli/forecast.h"
#include "cli/kernel.h"
#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/provenance.h"
#include "cli/shared_data.h"
#include "cli/state.h"

/* ------------------------------------------------------------------------------------------ computing -- */

static int run_forecast(const cli_arguments *a)
{
    int       status = CLI_OK;
    cli_batch batch = {0};

    CLI_TRY(cli_forecast_compute(a, &batch));
    for (size_t i = 0; i < batch.count; i++)
        CLI_TRY(cli_provenance_finish(batch.results[i]->provenance, NULL, 0));
    CLI_TRY(cli_deliver_print(a, &batch));
done:
    cli_batch_clear(&batch);
    return status;
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
    delivered = cli_deliver(a, &batch);
    CLI_TRY(
        cli_deliver_print(a, &batch)); /* the work is done: it is told even where it could not be stored */
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

    CLI_TRY(cli_deliver_check(a));
    CLI_TRY(cli_state_open(a));
    status = cli_state_end(compute_and_deliver(a));
done:
    return status;
}

/* ----------------------------------------------------------------------------------------------- main -- */

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
