#include "cli/state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cli/paths.h"
#include "cli/table.h"

static basin_journal *journal;
static const char    *file;
static size_t         began;   /* records that were there when it was opened */
static bool           told;    /* what is there when it goes on */
static bool           refused; /* it is the state of other files */

/* Products for which a disk must have room where a state begins. */
#define PRODUCTS 100
/* Bytes of a record beside its numbers, and of one loss. */
enum { HEAD = 64, LOSS = HEAD + (int)sizeof(basin_loss) };

/* ---------------------------------------------------------------------------------------- whose it is -- */

/* What the bits of a result follow from, beside the files read: those are claimed when they are. */
static void describe(const cli_arguments *a, FILE *out)
{
    char text[160];

    fprintf(out, "basin: %s\nbuild: %s\n", BASIN_VERSION, basin_build());
    basin_engine_describe(text);
    fprintf(out, "instructions: %s\n", text);
    basin_blas_describe(text);
    fprintf(out, "BLAS: %s\ncommand: %s\n", text, a->command->name);
    for (size_t i = 0; i < a->given_count; i++) {
        const cli_option *option = a->given[i].option;
        if (option->outward || strcmp(option->name, "memory") == 0) continue;
        fprintf(out, "option: --%s%s%s\n", option->name, a->given[i].text != NULL ? " " : "",
                a->given[i].text != NULL ? a->given[i].text : "");
    }
    for (size_t i = 0; i < a->operand_count; i++) fprintf(out, "operand: %s\n", a->operands[i]);
}

static const char *bytes_text(uint64_t bytes)
{
    char *text = cli_turn();

    if (bytes < 1000000)
        snprintf(text, CLI_TURN, "%.3g kB", 1e-3 * (double)bytes);
    else if (bytes < 1000000000)
        snprintf(text, CLI_TURN, "%.3g MB", 1e-6 * (double)bytes);
    else
        snprintf(text, CLI_TURN, "%.3g GB", 1e-9 * (double)bytes);
    return text;
}

/* Once, before the first work. */
static void tell_opening(void)
{
    const basin_journal_facts facts = basin_journal_tell(journal);

    if (told) return;
    told = true;
    if (facts.cut > 0)
        cli_note("%s: %s at its end were not written whole and are cut off", file, bytes_text(facts.cut));
    if (began > 0) cli_note("%s: goes on after %s results", file, cli_thousands(began));
}

int cli_state_open(const cli_arguments *a)
{
    int    status = CLI_OK;
    char  *about = NULL;
    size_t size = 0;
    FILE  *out = NULL;

    if (!(a->command->common & CLI_COMMON_STATE) || cli_text(a, "state", NULL) == NULL) return CLI_OK;
    file = cli_text(a, "state", NULL);
    CLI_CHECK((out = open_memstream(&about, &size)) != NULL, "out of memory for a state");
    describe(a, out);
    CLI_CHECK(fclose(out) == 0, "out of memory for a state");
    CLI_LIBRARY(basin_journal_open(file, about, &journal));
    began = basin_journal_tell(journal).records;
done:
    free(about);
    return status;
}

/* ------------------------------------------------------------------------------------ while it is used -- */

static int demand_room(size_t parameters)
{
    const uint64_t left = basin_journal_tell(journal).free,
                   need = PRODUCTS * (8 * (uint64_t)parameters + HEAD);

    if (left >= need) return CLI_OK;
    return cli_fail("%s: its disk has %s left; %d products of %s parameters take %s", file, bytes_text(left),
                    PRODUCTS, cli_thousands(parameters), bytes_text(need));
}

int cli_state_attach(basin_objective *objective, const char *identity)
{
    int status = CLI_OK;

    if (journal == NULL) return CLI_OK;
    CLI_TRY(demand_room(basin_objective_size(objective)));
    CLI_LIBRARY(basin_objective_remember(objective, journal, identity));
done:
    return status;
}

int cli_state_inputs(const basin_provenance *p)
{
    int  status = CLI_OK;
    char what[1200];

    if (journal == NULL) return CLI_OK;
    refused = true;
    for (size_t i = 0; i < p->input_count; i++) {
        const basin_input *input = &p->inputs[i];
        snprintf(what, sizeof what, "the SHA-256 of %s %s",
                 basin_input_role_text((basin_input_role)input->role), input->path);
        CLI_LIBRARY(basin_journal_claim(journal, what, input->digest));
    }
    refused = false;
    tell_opening();
done:
    return status;
}

int cli_state_check(void)
{
    const char *failure = journal != NULL ? basin_journal_tell(journal).failure : NULL;

    return failure != NULL ? cli_fail("%s", failure) : CLI_OK;
}

/* Of work that is not done. */
static void tell_end(int status)
{
    const basin_journal_facts facts = basin_journal_tell(journal);
    char                      line[1000];

    snprintf(line, sizeof line, "%s", cli_message());
    if (status == CLI_OK)
        cli_note("the time has ended; the same command goes on: %s results are in %s",
                 cli_thousands(facts.records), file);
    else
        cli_fail("%s; the same command goes on: %s results are in %s", line, cli_thousands(facts.records),
                 file);
}

int cli_state_end(int status)
{
    if (journal == NULL) return status;
    if (status == CLI_OK) status = cli_state_check();
    if ((status == CLI_OK && !basin_time_ended()) || basin_journal_tell(journal).records == 0) {
        basin_status removed = basin_journal_remove(&journal);
        return status == CLI_OK ? cli_library(removed) : status;
    }
    if (!refused) tell_end(status);
    basin_journal_close(&journal);
    return status;
}

/* -------------------------------------------------------------------------------------------- forecast -- */

void cli_state_forecast(const cli_arguments *a, const basin_forecast *f, FILE *out)
{
    const char    *path = cli_text(a, "state", NULL);
    const uint64_t vector = 8 * (uint64_t)f->parameters + HEAD;
    const uint64_t most = (f->products_most + f->gradients) * vector + f->losses * LOSS;
    struct statvfs disk;
    char           folder[PATH_MAX];

    if (path == NULL) return;
    if (cli_folder_of(path, folder) != CLI_OK || statvfs(folder, &disk) != 0) return;
    const uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    fprintf(out, "  state           at most %s in %s%s, %s are free\n", bytes_text(most), cli_plain(path),
            most > left ? ": THE DISK IS TOO SMALL" : "", bytes_text(left));
}
