#include "cli/row_jobs.h"

#include <string.h>

#include "cli/monitor.h"
#include "cli/provenance.h"
#include "cli/shared_data.h"
#include "cli/state.h"

typedef struct walk { /* over all jobs */
    const cli_arguments *a;
    const cli_rows      *rows;
    basin_run *const    *runs;
    cli_row_jobs        *jobs;
    basin_checkpoint   **starts;         /* [operands] of runs that are being measured; NULL: not known */
    bool                *begun;          /* [operands] */
    size_t              *left;           /* [operands] jobs that are not finished */
    cli_row_job        **last, **before; /* [operands] of the run: its last checkpoint, the one before */
} walk;

int cli_row_jobs_add(cli_row_jobs *j, size_t run, const char *path, bool glance)
{
    int          status = CLI_OK;
    cli_row_job *jobs = NULL;
    size_t       room = j->room == 0 ? 16 : 2 * j->room;

    if (j->count == j->room) {
        CLI_ALLOC(jobs, room);
        if (j->count > 0) memcpy(jobs, j->jobs, j->count * sizeof *jobs);
        basin_free(j->jobs);
        j->jobs = jobs, j->room = room;
    }
    j->jobs[j->count++] = (cli_row_job){.run = run, .path = path, .glance = glance};
done:
    return status;
}

/* ----------------------------------------------------------------------------------------- one of them -- */

/* The start of its run, which the first of its checkpoints reads for all. */
static int begin_run(walk *w, cli_row_job *job)
{
    int                status = CLI_OK;
    basin_checkpoint **start = &w->starts[job->run];

    if (!w->begun[job->run]) CLI_LIBRARY(basin_run_start(w->runs[job->run], start));
    w->begun[job->run] = true;
    job->found.start = *start;
    if (*start != NULL)
        CLI_TRY(cli_provenance_input(job->found.provenance, BASIN_INPUT_CHECKPOINT, (*start)->path,
                                     (*start)->digest));
done:
    return status;
}

/* job->opened: there is something to measure. */
static int open_checkpoint(walk *w, cli_row_job *job)
{
    int         status = CLI_OK;
    const char *name = w->a->operands[job->run];

    CLI_TRY(cli_monitor_check());
    CLI_TRY(cli_state_check());
    CLI_TRY(cli_rows_like(w->a, w->rows, &job->found));
    if (basin_time_up())
        return cli_rows_add_missing(&job->found, name, job->path, "not reached: the time had ended");
    CLI_TRY(begin_run(w, job));
    job->gauge.turning = w->jobs->turning;
    status = job->glance ? cli_source_open(w->a, job->path, true, true, &job->gauge.source)
                         : cli_gauge_open(w->a, job->path, &job->gauge);
    job->opened = status == CLI_OK;
    if (job->opened) CLI_TRY(cli_state_inputs(job->gauge.source.provenance));
    if (status == CLI_FAILED) {
        cli_gauge_close(&job->gauge);
        CLI_TRY(cli_rows_add_missing(&job->found, name, job->path, cli_message()));
    }
    CLI_TRY(status);
done:
    return status;
}

static bool is_known(const cli_row_job *job)
{
    return job->known != NULL && job->opened && strcmp(job->gauge.source.ck->digest, job->digest) == 0;
}

static int measure(walk *w, cli_row_job *job)
{
    const char *name = w->a->operands[job->run];

    if (!job->opened) return CLI_OK;
    if (is_known(job)) return cli_rows_add_known(&job->found, &job->gauge, job->known, job->known_count);
    return job->glance ? cli_rows_glance(&job->found, &job->gauge.source, name, job->path)
                       : cli_rows_add(&job->found, &job->gauge, name, job->path);
}

/* ------------------------------------------------------------------------------------------- as a walk -- */

/* The line of this thread is kept with the job. */
static basin_status keep_status(cli_row_job *job, int status)
{
    job->status = status;
    if (status == CLI_OK) return BASIN_OK;
    job->message = basin_strdup(cli_message());
    return status == CLI_INTERRUPTED ? BASIN_ERR_INTERRUPTED : BASIN_ERR_ARG;
}

/* Vectors that wait for those before them are not in any share. Where they could take much, jobs are alone:
   then there are three of a run at a time. */
static void count_kept(const walk *w, const cli_row_job *job, basin_job_cost *cost)
{
    const size_t k = job->gauge.options.subspace > 0 ? job->gauge.options.subspace : BASIN_SUBSPACE;
    const size_t bytes = k * job->gauge.source.ck->params->size * sizeof(double);

    if (w->jobs->turning && bytes > basin_memory_limit() / 4 / w->jobs->count)
        cost->bytes = basin_memory_limit();
}

static basin_status open_job(void *payload, size_t i, basin_job_cost *cost)
{
    walk        *w = payload;
    cli_row_job *job = &w->jobs->jobs[i];
    basin_status st = keep_status(job, open_checkpoint(w, job));

    if (st == BASIN_OK && job->opened && !job->glance && !is_known(job)) {
        cli_rows_cost(&job->found, &job->gauge, cost);
        count_kept(w, job, cost);
    }
    if (st != BASIN_OK) cli_gauge_close(&job->gauge);
    return st;
}

static basin_status work_job(void *payload, size_t i)
{
    walk        *w = payload;
    cli_row_job *job = &w->jobs->jobs[i];
    basin_status st = keep_status(job, measure(w, job));

    job->space = job->gauge.space, job->gauge.space = NULL;
    job->layers = job->gauge.layers, job->gauge.layers = (basin_layers){0};
    cli_gauge_close(&job->gauge);
    return st;
}

static int64_t step_of(const cli_row_job *job)
{
    return job != NULL ? job->found.rows[0].step : -1;
}

static const basin_eigenspace *space_of(const cli_row_job *job)
{
    return job != NULL ? job->space : NULL;
}

static basin_status turn_row(cli_row_job *job, const cli_row_job *before, const cli_row_job *last)
{
    const size_t k = job->space->dimension;

    job->turns = basin_alloc(k, sizeof *job->turns);
    if (job->turns == NULL) return BASIN_ERR_NOMEM;
    job->turn_count = k;
    return basin_row_turn(&job->found.rows[0], job->space, space_of(before), step_of(before), space_of(last),
                          step_of(last), job->turns);
}

/* Holds the vectors of a checkpoint that is not the last against those before it and the last one's. */
static basin_status turn_one(walk *w, cli_row_job *job)
{
    cli_row_job **before = &w->before[job->run];
    basin_status  st = turn_row(job, *before, w->last[job->run]);

    if (*before != NULL) basin_eigenspace_destroy(&(*before)->space);
    *before = job;
    return st;
}

/* And the last one's against those before it, once all are there. The first row of a job is that of its raw
   point. */
static basin_status turn(walk *w, cli_row_job *job)
{
    basin_status  st = BASIN_OK;
    cli_row_job **before = &w->before[job->run], **last = &w->last[job->run];

    if (job->space != NULL && job->last) *last = job;
    if (job->space != NULL && !job->last) st = turn_one(w, job);
    if (st != BASIN_OK || w->left[job->run] > 0) return st;
    if (*last != NULL) st = turn_row(*last, *before, NULL);
    if (*before != NULL) basin_eigenspace_destroy(&(*before)->space);
    if (*last != NULL) basin_eigenspace_destroy(&(*last)->space);
    return st;
}

/* All jobs of a run come before this one, or have been taken. */
static basin_status take_job(void *payload, size_t i)
{
    walk        *w = payload;
    const size_t run = w->jobs->jobs[i].run;

    if (--w->left[run] == 0) basin_checkpoint_destroy(&w->starts[run]);
    return w->jobs->turning ? turn(w, &w->jobs->jobs[i]) : BASIN_OK;
}

/* In the words of the first job that failed, or was interrupted. */
static int outcome(const cli_row_jobs *jobs, basin_status st)
{
    for (size_t i = 0; st != BASIN_OK && i < jobs->count; i++) {
        const cli_row_job *job = &jobs->jobs[i];
        if (job->status == CLI_OK) continue;
        cli_fail("%s", job->message != NULL ? job->message : "out of memory for a row");
        return job->status;
    }
    return cli_library(st);
}

int cli_row_jobs_run(const cli_arguments *a, const cli_rows *rows, basin_run *const *runs, cli_row_jobs *jobs)
{
    int  status = CLI_OK;
    walk w = {.a = a, .rows = rows, .runs = runs, .jobs = jobs};

    CLI_ALLOC(w.starts, a->operand_count);
    CLI_ALLOC(w.begun, a->operand_count);
    CLI_ALLOC(w.left, a->operand_count);
    CLI_ALLOC(w.last, a->operand_count);
    CLI_ALLOC(w.before, a->operand_count);
    for (size_t i = 0; i < jobs->count; i++) w.left[jobs->jobs[i].run]++;
    if (jobs->count > 1) cli_data_prepare(a, jobs->jobs[0].path);
    cli_monitor_part("", 0, 0); /* jobs say themselves which they are */
    CLI_TRY(outcome(jobs, basin_jobs_run(&(basin_jobs){.name = "checkpoint",
                                                       .count = jobs->count,
                                                       .payload = &w,
                                                       .open = open_job,
                                                       .work = work_job,
                                                       .take = take_job})));
done:
    for (size_t i = 0; w.starts != NULL && i < a->operand_count; i++) basin_checkpoint_destroy(&w.starts[i]);
    basin_free(w.starts);
    basin_free(w.begun);
    basin_free(w.left);
    basin_free(w.last);
    basin_free(w.before);
    return status;
}

void cli_row_jobs_clear(cli_row_jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        cli_rows_clear(&jobs->jobs[i].found);
        basin_eigenspace_destroy(&jobs->jobs[i].space);
        basin_free(jobs->jobs[i].turns);
        basin_layers_clear(&jobs->jobs[i].layers);
        basin_free(jobs->jobs[i].message);
    }
    basin_free(jobs->jobs);
    *jobs = (cli_row_jobs){0};
}
