#include "cli/abreast.h"

#include "cli/monitor.h"
#include "cli/shared_data.h"
#include "cli/source.h"

typedef struct job {      /* one checkpoint */
    cli_source    source; /* while it is being measured */
    basin_result *result;
    int           status; /* and its line: of this job alone */
    char         *message;
} job;

typedef struct walk { /* over all of them */
    const cli_arguments *a;
    job                 *jobs; /* [operands] */
    cli_batch           *out;
} walk;

/* The line of this thread is kept with the job. */
static basin_status keep_status(job *j, int status)
{
    j->status = status;
    if (status == CLI_OK) return BASIN_OK;
    j->message = basin_strdup(cli_message());
    return status == CLI_INTERRUPTED ? BASIN_ERR_INTERRUPTED : BASIN_ERR_ARG;
}

static basin_status open_job(void *payload, size_t i, basin_job_cost *cost)
{
    walk      *w = payload;
    job       *j = &w->jobs[i];
    const bool test_too = w->a->command->test_too;
    int        status = cli_monitor_check();

    if (status == CLI_OK) status = cli_source_open(w->a, w->a->operands[i], test_too, false, &j->source);
    if (status == CLI_OK) w->a->command->cost(&j->source, cost);
    return keep_status(j, status);
}

static int measure(const walk *w, job *j, const char *path)
{
    int   status = CLI_OK;
    void *value = NULL;

    CLI_TRY(cli_name_file(w->a->command->measure(w->a, &j->source, &value), path));
    CLI_LIBRARY(basin_result_create(w->a->command->kind, value, j->source.provenance, &j->result));
    j->source.provenance = NULL;
done:
    return status;
}

static basin_status work_job(void *payload, size_t i)
{
    walk        *w = payload;
    job         *j = &w->jobs[i];
    basin_status st = keep_status(j, measure(w, j, w->a->operands[i]));

    cli_source_close(&j->source);
    return st;
}

static basin_status take_job(void *payload, size_t i)
{
    walk *w = payload;
    job  *j = &w->jobs[i];

    return keep_status(j, cli_batch_take(w->out, &j->result));
}

/* In the words of the first job that failed, or was interrupted. */
static int outcome(const walk *w, basin_status st)
{
    for (size_t i = 0; st != BASIN_OK && i < w->a->operand_count; i++) {
        const job *j = &w->jobs[i];
        if (j->status == CLI_OK) continue;
        cli_fail("%s", j->message != NULL ? j->message : "out of memory for a result");
        return j->status;
    }
    return cli_library(st);
}

int cli_abreast_measure(const cli_arguments *a, cli_batch *out)
{
    int  status = CLI_OK;
    walk w = {.a = a, .out = out};

    CLI_ALLOC(w.jobs, a->operand_count);
    cli_data_prepare(a, a->operands[0]);
    cli_monitor_part("", 0, 0); /* jobs say themselves which they are */
    CLI_TRY(outcome(&w, basin_jobs_run(&(basin_jobs){.name = "checkpoint",
                                                     .count = a->operand_count,
                                                     .payload = &w,
                                                     .open = open_job,
                                                     .work = work_job,
                                                     .take = take_job})));
done:
    for (size_t i = 0; w.jobs != NULL && i < a->operand_count; i++) {
        basin_result_destroy(&w.jobs[i].result);
        basin_free(w.jobs[i].message);
    }
    basin_free(w.jobs);
    return status;
}
