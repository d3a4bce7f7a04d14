/* basin verify: are the inputs still those that a stored result was computed from, and does computing it
 * again agree?
 *
 *   1. Go to where the command was typed (recorded relative to the result, so a moved tree still verifies).
 *   2. Every input's digest must be the recorded one.
 *   3. Run the recorded command again, in this process, and compare every number.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/monitor.h"
#include "cli/options.h"

static const cli_option options[] = {
    {"tolerance", CLI_REAL, "T", "largest relative disagreement that passes (default: 1e-9)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int go_to(const char *result, const char *directory)
{
    char        path[PATH_MAX];
    const char *slash = strrchr(result, '/');
    int length = snprintf(path, sizeof path, "%.*s%s", slash != NULL ? (int)(slash - result + 1) : 0, result,
                          directory);

    if (length >= (int)sizeof path)
        return cli_fail("%s: the path to where it was computed is too long", result);
    if (chdir(path) != 0) return cli_fail("%s: it was computed in %s: %s", result, path, strerror(errno));
    return CLI_OK;
}

static int digest_of(const basin_input *input, char out[65])
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;

    if (input->role == BASIN_INPUT_DATA) {
        CLI_LIBRARY(basin_dataset_read(input->path, NULL, &data));
        memcpy(out, data->digest, 65);
    } else if (input->role == BASIN_INPUT_ROWS || input->role == BASIN_INPUT_RESULT ||
               input->role == BASIN_INPUT_VECTOR) {
        CLI_LIBRARY(basin_file_digest(input->path, out));
    } else {
        CLI_LIBRARY(basin_checkpoint_read(input->path, &ck));
        memcpy(out, ck->digest, 65);
    }
done:
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
    return status;
}

static int check_inputs(const basin_provenance *p)
{
    size_t changed = 0;
    char   digest[65];

    for (size_t i = 0; i < p->input_count; i++) {
        const basin_input *input = &p->inputs[i];
        if (digest_of(input, digest) != CLI_OK) {
            printf("  %s %s: cannot be read: %s\n", basin_input_role_text((basin_input_role)input->role),
                   input->path, cli_message());
            changed++;
        } else if (strcmp(digest, input->digest) != 0) {
            printf("  %s %s: changed: SHA-256 was %.16s…, is %.16s…\n",
                   basin_input_role_text((basin_input_role)input->role), input->path, input->digest, digest);
            changed++;
        }
    }
    if (changed == 0) {
        printf("  inputs       %zu, unchanged\n", p->input_count);
        return CLI_OK;
    }
    return cli_fail("%zu of %zu inputs are not what they were", changed, p->input_count);
}

static int recompute(const basin_provenance *p, cli_batch *out)
{
    int                status = CLI_OK;
    const cli_command *command = p->argument_count > 0 ? cli_command_find(p->arguments[0]) : NULL;
    char             **arguments = NULL; /* getopt moves them about */
    cli_arguments      parsed = {0};

    CLI_CHECK(command != NULL && command->run == NULL && p->argument_count < INT_MAX,
              "the command recorded is not one that computes");
    CLI_ALLOC(arguments, p->argument_count + 1);
    memcpy(arguments, p->arguments, p->argument_count * sizeof *arguments);
    status = cli_arguments_parse(command, (int)p->argument_count, arguments, &parsed);
    if (status == CLI_USAGE) status = cli_fail("the command recorded is not understood: %s", cli_message());
    CLI_TRY(status);
    const char *memory = cli_text(&parsed, "memory", NULL);
    if (memory != NULL) basin_memory_limit_set(cli_bytes(memory));
    CLI_TRY(cli_compute(&parsed, out));
    CLI_CHECK(out->count == 1, "the command recorded gives %zu results", out->count);
done:
    cli_arguments_clear(&parsed);
    basin_free(arguments);
    return status;
}

static int run(const cli_arguments *a)
{
    int           status = CLI_OK;
    const char   *path = a->operands[0];
    double        tolerance = cli_real(a, "tolerance", 1e-9), difference;
    basin_result *stored = NULL;
    cli_batch     batch = {0};
    char          where[128] = "";

    CLI_CHECK(tolerance >= 0, "--tolerance must not be negative, got %g", tolerance);
    CLI_LIBRARY(basin_result_read(path, &stored));
    const basin_provenance *p = stored->provenance;
    CLI_CHECK(p != NULL && p->directory != NULL && p->argument_count > 0, "%s: holds no provenance to verify",
              path);
    cli_monitor_clear();
    CLI_CHECK(p->ended_by_time == NULL,
              "%s: --time %s ended it before it was done: its command gives more than it holds", path,
              p->ended_by_time);
    printf("%s\n  computed by  basin", path);
    for (size_t i = 0; i < p->argument_count; i++) printf(" %s", p->arguments[i]);
    printf("\n               version %s, %s, %s\n", p->version, p->blas,
           p->date != NULL ? p->date : "no date");
    CLI_TRY(go_to(path, p->directory));
    CLI_TRY(check_inputs(p));
    CLI_TRY(recompute(p, &batch));
    CLI_CHECK(batch.results[0]->kind == stored->kind, "%s: holds a %s, its command gives a %s", path,
              basin_result_name(stored->kind), basin_result_name(batch.results[0]->kind));
    CLI_LIBRARY(basin_result_compare(stored, batch.results[0], &difference, where));
    printf("  recomputed   largest relative disagreement %.3g%s%s (allowed %g)\n", difference,
           where[0] != '\0' ? " at " : "", where, tolerance);
    CLI_CHECK(difference <= tolerance, "%s: recomputed values disagree by %.3g at %s, allowed %g", path,
              difference, where, tolerance);
    printf("  verified\n");
done:
    cli_batch_clear(&batch);
    basin_result_destroy(&stored);
    return status;
}

const cli_command cli_command_verify = {
    .name = "verify",
    .usage = "verify RESULT.h5 [--tolerance T]",
    .about = "Checks the digests of the inputs that a stored result names, runs its recorded command again "
             "and compares every number.\n"
             "Exit status 1 if an input changed or a number disagrees.",
    .examples = "  basin verify results/spectrum_gd_0.h5\n"
                "  basin verify results/compare.h5 --tolerance 1e-6\n",
    .options = options,
    .common = CLI_COMMON_WORK,
    .least = 1,
    .most = 1,
    .run = run,
};
