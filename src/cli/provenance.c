#include "cli/provenance.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/paths.h"

static int add_argument(basin_provenance *p, const char *prefix, const char *text)
{
    int    status = CLI_OK;
    size_t length = strlen(prefix) + strlen(text) + 1;

    CLI_ALLOC(p->arguments[p->argument_count], length);
    snprintf(p->arguments[p->argument_count++], length, "%s%s", prefix, text);
done:
    return status;
}

static int add_arguments(basin_provenance *p, const cli_arguments *a)
{
    int status = CLI_OK;

    CLI_ALLOC(p->arguments, 2 * a->given_count + a->operand_count + 2);
    CLI_TRY(add_argument(p, "", a->command->name));
    for (size_t i = 0; i < a->given_count; i++) {
        const cli_option *option = a->given[i].option;
        if (option->outward) continue;
        CLI_TRY(add_argument(p, option->name[1] == '\0' ? "-" : "--", option->name));
        if (a->given[i].text != NULL) CLI_TRY(add_argument(p, "", a->given[i].text));
    }
    for (size_t i = 0; i < a->operand_count; i++) { /* a file called -x must not read as an option */
        bool dash = a->operands[i][0] == '-';
        CLI_TRY(add_argument(p, dash ? "./" : "", a->operands[i]));
    }
done:
    return status;
}

int cli_provenance_create(const cli_arguments *a, basin_provenance **out)
{
    int               status = CLI_OK;
    basin_provenance *p = NULL;
    char              blas[160];
    bool              data = a->command->common & CLI_COMMON_DATA;

    CLI_LIBRARY(basin_provenance_create(&p));
    basin_blas_describe(blas);
    CLI_CHECK((p->version = basin_strdup(BASIN_VERSION)) != NULL &&
                  (p->build = basin_strdup(basin_build())) != NULL && (p->blas = basin_strdup(blas)) != NULL,
              "out of memory for the provenance");
    p->precision =
        data && strcmp(cli_text(a, "precision", "double"), "single") == 0 ? BASIN_SINGLE : BASIN_DOUBLE;
    p->seed = data ? strtoull(cli_text(a, "seed", "0"), NULL, 10) : 0;
    CLI_TRY(add_arguments(p, a));
    *out = p, p = NULL;
done:
    basin_provenance_destroy(&p);
    return status;
}

int cli_provenance_input(basin_provenance *p, basin_input_role role, const char *path, const char *digest)
{
    int          status = CLI_OK;
    basin_input *inputs = NULL;

    for (size_t i = 0; i < p->input_count; i++)
        if (p->inputs[i].role == (int)role && strcmp(p->inputs[i].path, path) == 0) return CLI_OK;
    CLI_ALLOC(inputs, p->input_count + 1);
    if (p->input_count > 0) memcpy(inputs, p->inputs, p->input_count * sizeof *inputs);
    basin_free(p->inputs);
    p->inputs = inputs;
    basin_input *input = &inputs[p->input_count++];
    input->role = (int)role;
    CLI_CHECK((input->path = basin_strdup(path)) != NULL && (input->digest = basin_strdup(digest)) != NULL,
              "out of memory for the provenance");
done:
    return status;
}

int cli_provenance_loss(basin_provenance *p, const basin_loss_spec *loss)
{
    int status = CLI_OK;

    CLI_LIBRARY(basin_loss_spec_describe(loss, &p->loss));
    p->loss_kind = (int)loss->kind;
    p->loss_settings =
        loss->label_smoothing > 0 || loss->ignores || loss->weight_count > 0 || loss->normalizes;
    p->label_smoothing = loss->label_smoothing;
done:
    return status;
}

int cli_provenance_take_inputs(basin_provenance *rows, const basin_provenance *one)
{
    int status = CLI_OK;

    for (size_t i = 0; i < one->input_count; i++)
        CLI_TRY(cli_provenance_input(rows, (basin_input_role)one->inputs[i].role, one->inputs[i].path,
                                     one->inputs[i].digest));
done:
    return status;
}

int cli_provenance_take_settings(basin_provenance *rows, const basin_provenance *one)
{
    int  status = CLI_OK;
    bool first = rows->loss == NULL, differs = !first && strcmp(rows->loss, one->loss) != 0;

    rows->weight_decay_included = one->weight_decay_included;
    if (rows->bn.kind < 0) rows->bn = one->bn;
    if (!first && !differs) return CLI_OK;
    basin_free(rows->loss);
    CLI_CHECK((rows->loss = basin_strdup(differs ? "several" : one->loss)) != NULL,
              "out of memory for the provenance");
    rows->loss_kind = differs ? -1 : one->loss_kind;
    rows->loss_settings = !differs && one->loss_settings;
    rows->label_smoothing = differs ? (double)NAN : one->label_smoothing;
done:
    return status;
}

int cli_provenance_finish(basin_provenance *p, const char *path, double seconds)
{
    int       status = CLI_OK;
    char      here[PATH_MAX], there[PATH_MAX], relative[2 * PATH_MAX], date[32];
    time_t    now = time(NULL);
    struct tm utc;

    CLI_CHECK(realpath(".", here) != NULL, "this folder: %s", strerror(errno));
    CLI_TRY(cli_folder_of(path != NULL ? path : "result", there));
    CLI_TRY(cli_relative(there, here, relative, sizeof relative));
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    basin_free(p->directory), basin_free(p->date);
    CLI_CHECK((p->directory = basin_strdup(relative)) != NULL && (p->date = basin_strdup(date)) != NULL,
              "out of memory for the provenance");
    p->threads = basin_threads();
    p->seconds = seconds;
done:
    return status;
}
