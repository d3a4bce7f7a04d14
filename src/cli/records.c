#include "cli/records.h"

#include <string.h>

/* The last that can be read, and which it is; NULL if none can. *broken: the very last cannot, or holds
   NaN or Inf. */
static void read_last(const basin_run *run, basin_checkpoint **out, size_t *entry, bool *broken)
{
    *out = NULL, *entry = run->count, *broken = false;
    while (*out == NULL && *entry > 0)
        if (basin_checkpoint_read(run->entries[--*entry].path, out) != BASIN_OK) *out = NULL;
    *broken = *out == NULL || *entry + 1 < run->count || basin_checkpoint_finite(*out) != BASIN_OK;
}

/* Of a checkpoint that is only listed: its own step and cost, and whose it is. */
static int record_listed(const basin_run_entry *entry, const basin_row *last, basin_row *row)
{
    int status = CLI_OK;

    CLI_LIBRARY(basin_row_record(NULL, row));
    CLI_CHECK((row->method = basin_strdup(last->method)) != NULL || last->method == NULL,
              "out of memory for a run");
    row->seed = last->seed;
    row->step = entry->step, row->epoch = entry->epoch,
    row->gradient_evaluations = entry->gradient_evaluations;
done:
    return status;
}

/* --data stands for the data of all, whatever they record. */
static int record_last(const cli_arguments *a, const basin_checkpoint *ck, basin_row *row)
{
    int status = CLI_OK;

    CLI_LIBRARY(basin_row_record(ck, row));
    if (!cli_has(a, "data")) return CLI_OK;
    basin_free(row->data_digest);
    row->data_digest = NULL;
done:
    return status;
}

/* Where a run ends, to tell its copies. */
typedef struct end {
    char    digest[65]; /* of its last checkpoint that can be read; "" if none can */
    char   *identity;   /* of its training; NULL if unknown */
    int64_t step;
} end;

static int note_end(const basin_checkpoint *ck, end *out)
{
    int status = CLI_OK;

    if (ck == NULL) return CLI_OK;
    snprintf(out->digest, sizeof out->digest, "%s", ck->digest);
    out->step = ck->step;
    CLI_CHECK((out->identity = basin_strdup(ck->run)) != NULL || ck->run == NULL, "out of memory for a run");
done:
    return status;
}

static bool known_alike(const char *a, const char *b)
{
    return a != NULL && b != NULL && a[0] != '\0' && strcmp(a, b) == 0;
}

/* One training, counted twice, would make a spread of 0 and a seed that is none, also where the folders hold
   different parts of it. */
static int refuse_copies(char *const *names, const end *ends, size_t count)
{
    int status = CLI_OK;

    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            const bool bytes = known_alike(ends[i].digest, ends[j].digest);
            const bool training = known_alike(ends[i].identity, ends[j].identity);
            CLI_CHECK(!training || ends[i].step == ends[j].step,
                      "%s and %s are parts of one training (%s): put their checkpoints into one folder, or "
                      "leave one out",
                      names[j], names[i], ends[i].identity);
            CLI_CHECK(!bytes && !training, "%s and %s are copies of one run (%s%s): leave one out", names[j],
                      names[i], training ? "training " : "the same bytes",
                      training ? ends[i].identity : " in the last checkpoint");
        }
done:
    return status;
}

static int add_run(const cli_arguments *a, const char *name, const basin_run *run, cli_records *r, end *stop)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    basin_row         record = {0}, *rows = r->rows + r->count;
    size_t            last;
    bool              broken;

    read_last(run, &ck, &last, &broken);
    CLI_TRY(note_end(ck, stop));
    CLI_TRY(record_last(a, ck, &record));
    for (size_t i = 0; i < run->count; i++) {
        r->paths[r->count++] = run->entries[i].path;
        CLI_TRY(record_listed(&run->entries[i], &record, &rows[i]));
    }
    if (ck != NULL) {
        basin_row_clear(&rows[last]);
        rows[last] = record, record = (basin_row){0};
    }
    for (size_t i = 0; i < run->count; i++)
        CLI_CHECK((rows[i].run = basin_strdup(name)) != NULL, "out of memory for a run");
    if (broken)
        CLI_CHECK((rows[run->count - 1].missing = basin_strdup("cannot be read, or is not finite")) != NULL,
                  "out of memory for a run");
done:
    basin_row_clear(&record);
    basin_checkpoint_destroy(&ck);
    return status;
}

int cli_records_read(const cli_arguments *a, char *const *names, basin_run *const *runs, size_t count,
                     cli_records *out)
{
    int         status = CLI_OK;
    cli_records r = {.run_count = count};
    end        *ends = NULL;
    size_t      entries = 0;

    for (size_t i = 0; i < count; i++) entries += runs[i]->count;
    CLI_ALLOC(r.first, count + 1);
    CLI_ALLOC(r.rows, entries);
    CLI_ALLOC(r.paths, entries);
    CLI_ALLOC(r.choices, entries);
    CLI_ALLOC(ends, count);
    for (size_t i = 0; i < count; i++) {
        r.first[i] = r.count;
        CLI_TRY(add_run(a, names[i], runs[i], &r, &ends[i]));
    }
    CLI_TRY(refuse_copies(names, ends, count));
    r.first[count] = r.count;
    *out = r, r = (cli_records){0};
done:
    for (size_t i = 0; ends != NULL && i < count; i++) basin_free(ends[i].identity);
    basin_free(ends);
    cli_records_clear(&r);
    return status;
}

void cli_records_clear(cli_records *r)
{
    for (size_t i = 0; i < r->count; i++) basin_row_clear(&r->rows[i]);
    basin_free(r->first);
    basin_free(r->rows);
    basin_free(r->paths);
    basin_free(r->choices);
    *r = (cli_records){0};
}
