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

static int add_run(const cli_arguments *a, const char *name, const basin_run *run, cli_records *r)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    basin_row         record = {0}, *rows = r->rows + r->count;
    size_t            last;
    bool              broken;

    read_last(run, &ck, &last, &broken);
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
    size_t      entries = 0;

    for (size_t i = 0; i < count; i++) entries += runs[i]->count;
    CLI_ALLOC(r.first, count + 1);
    CLI_ALLOC(r.rows, entries);
    CLI_ALLOC(r.paths, entries);
    CLI_ALLOC(r.choices, entries);
    for (size_t i = 0; i < count; i++) {
        r.first[i] = r.count;
        CLI_TRY(add_run(a, names[i], runs[i], &r));
    }
    r.first[count] = r.count;
    *out = r, r = (cli_records){0};
done:
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
