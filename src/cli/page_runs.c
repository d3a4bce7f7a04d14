/* What was trained, of which a report tells: the settings that runs record, a row for each, and the networks
 * and data behind them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/page.h"
#include "cli/report.h"

enum { CELL = 240, COLUMNS = 9 };

typedef struct training { /* one row of the table */
    const basin_row *row; /* the first that was trained so */
    size_t           seed_count;
    int64_t         *seeds; /* [seed_count] distinct, in rising order */
    size_t           data_count;
    const char     **data; /* [data_count] distinct digests, borrowed */
} training;

typedef struct trainings {
    size_t    count, rows; /* rows: of all results, the most that there can be of anything */
    training *list;
} trainings;

/* --------------------------------------------------------------------------------------- collecting -- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_training(const basin_row *a, const basin_row *b)
{
    return same_text(a->method, b->method) && same_number(a->learning_rate, b->learning_rate) &&
           same_number(a->momentum, b->momentum) && same_number(a->rho, b->rho) &&
           same_number(a->weight_decay, b->weight_decay) && a->batch_size == b->batch_size &&
           same_text(a->network, b->network) && same_text(a->loss_function, b->loss_function) &&
           a->samples == b->samples;
}

static void add_seed(training *one, int64_t seed)
{
    size_t at = one->seed_count;

    for (size_t i = 0; i < one->seed_count; i++)
        if (one->seeds[i] == seed) return;
    for (; at > 0 && one->seeds[at - 1] > seed; at--) one->seeds[at] = one->seeds[at - 1];
    one->seeds[at] = seed;
    one->seed_count++;
}

static void add_data(training *one, const char *digest)
{
    for (size_t i = 0; i < one->data_count; i++)
        if (strcmp(one->data[i], digest) == 0) return;
    one->data[one->data_count++] = digest;
}

static int add_row(trainings *t, const basin_row *row)
{
    int       status = CLI_OK;
    training *one = t->list;

    while (one < t->list + t->count && !same_training(one->row, row)) one++;
    if (one == t->list + t->count) {
        one->row = row, t->count++;
        CLI_ALLOC(one->seeds, t->rows);
        CLI_ALLOC(one->data, t->rows);
    }
    if (row->seed >= 0) add_seed(one, row->seed);
    if (row->data_digest != NULL) add_data(one, row->data_digest);
done:
    return status;
}

/* A row that could not be measured has no samples, and may record nothing. */
static int collect(const cli_page *page, trainings *t)
{
    int              status = CLI_OK;
    const basin_row *rows;
    size_t           count;

    for (size_t i = 0; i < page->count; i++) cli_page_rows(page->results[i], &rows, &count), t->rows += count;
    if (t->rows == 0) return CLI_OK;
    CLI_ALLOC(t->list, t->rows);
    for (size_t i = 0; i < page->count; i++) {
        cli_page_rows(page->results[i], &rows, &count);
        for (size_t k = 0; k < count; k++)
            if (rows[k].missing == NULL && rows[k].part == 0) CLI_TRY(add_row(t, &rows[k]));
    }
done:
    return status;
}

static void clear(trainings *t)
{
    for (size_t i = 0; i < t->count; i++) basin_free(t->list[i].seeds), basin_free(t->list[i].data);
    basin_free(t->list);
}

/* ------------------------------------------------------------------------------------------- the table -- */

/* «0 to 7», «0, 2, 5» */
static void tell_seeds(const training *one, char out[CELL])
{
    const size_t n = one->seed_count;
    size_t       used = 0;

    if (n == 0)
        snprintf(out, CELL, "not recorded");
    else if (n > 2 && one->seeds[n - 1] - one->seeds[0] == (int64_t)n - 1)
        snprintf(out, CELL, "%lld to %lld", (long long)one->seeds[0], (long long)one->seeds[n - 1]);
    else
        for (size_t i = 0; i < n && used < CELL; i++)
            used += (size_t)snprintf(out + used, CELL - used, "%s%lld", i > 0 ? ", " : "",
                                     (long long)one->seeds[i]);
}

static void tell_number(double value, char out[CELL])
{
    if (isfinite(value)) snprintf(out, CELL, "%.6g", value);
}

static void fill_row(const training *one, char (*texts)[CELL])
{
    const basin_row *row = one->row;

    snprintf(texts[0], CELL, "%s", row->method != NULL ? row->method : "not recorded");
    tell_number(row->learning_rate, texts[1]);
    tell_number(row->momentum, texts[2]);
    tell_number(row->rho, texts[3]);
    tell_number(row->weight_decay, texts[4]);
    if (row->batch_size > 0) snprintf(texts[5], CELL, "%lld", (long long)row->batch_size);
    if (row->batch_size == 0) snprintf(texts[5], CELL, "full");
    tell_seeds(one, texts[6]);
    snprintf(texts[7], CELL, "%s", cli_thousands(row->parameters));
    if (one->data_count == 1)
        snprintf(texts[8], CELL, "%s samples (%.12s)", cli_samples(row->samples, row->split_samples),
                 one->data[0]);
    else if (one->data_count > 1)
        snprintf(texts[8], CELL, "%s samples of each of %zu data sets",
                 cli_samples(row->samples, row->split_samples), one->data_count);
}

static int put_trainings(const trainings *t, basin_document *out)
{
    static const char *const heads[COLUMNS] = {"method",       "learning rate η", "momentum β", "ρ",
                                               "weight decay", "batch",           "seeds",      "P",
                                               "data, digest"};
    int                      status = CLI_OK;
    char(*texts)[CELL] = NULL;
    basin_table_cell *cells = NULL;

    CLI_ALLOC(texts, COLUMNS * t->count);
    CLI_ALLOC(cells, COLUMNS * t->count);
    for (size_t i = 0; i < t->count; i++) fill_row(&t->list[i], texts + COLUMNS * i);
    for (size_t i = 0; i < COLUMNS * t->count; i++)
        cells[i] = (basin_table_cell){.text = texts[i], .key = NAN};
    basin_document_table(
        out, &(basin_table){.rows = t->count, .columns = COLUMNS, .heads = heads, .cells = cells});
done:
    basin_free(texts);
    basin_free(cells);
    return status;
}

/* Each network with its loss once, however many were trained with it. */
static int put_networks(const trainings *t, basin_document *out)
{
    int   status = CLI_OK;
    char *text = NULL;

    for (size_t i = 0; i < t->count; i++) {
        const basin_row *row = t->list[i].row;
        bool             told = row->network == NULL || row->loss_function == NULL;
        for (size_t k = 0; k < i && !told; k++)
            told = same_text(row->network, t->list[k].row->network) &&
                   same_text(row->loss_function, t->list[k].row->loss_function);
        if (told) continue;
        const size_t size = strlen(row->network) + strlen(row->loss_function) + 80;
        CLI_ALLOC(text, size);
        snprintf(text, size, "Network (P = %s), loss %s: %s.", cli_thousands(row->parameters),
                 row->loss_function, row->network);
        basin_document_paragraph(out, text);
        basin_free(text), text = NULL;
    }
done:
    basin_free(text);
    return status;
}

int cli_page_runs(const cli_page *page, basin_document *out)
{
    int       status = CLI_OK;
    trainings t = {0};

    CLI_TRY(collect(page, &t));
    if (t.count == 0) goto done;
    basin_document_heading(out, 2, "runs", "What was trained");
    CLI_TRY(put_trainings(&t, out));
    CLI_TRY(put_networks(&t, out));
done:
    clear(&t);
    return status;
}
