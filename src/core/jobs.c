/* Independent jobs side by side.
 *
 *   1. A worker, which is a thread with a share of the process's threads and memory (share.h), takes jobs in
 *      their order. Jobs are opened one after the other; the first one that then says what it costs decides
 *      how many workers there are, and with how many threads each.
 *   2. The calling thread computes nothing. It starts the workers, tells the monitor how far they are, passes
 *      its «stop» on, and takes the finished jobs over in their order.
 *   3. Where a job fails, those after it are stopped and those before it finish, so that the failure told is
 *      the first in order, whoever was faster.
 *   4. A job that needs more than its worker's share of the memory waits until nobody else works, and has
 *      all of it.
 *
 * Threads within a job are OpenMP's. Workers are not: each is to OpenMP a first thread with a team of its
 * own, nothing is nested, and a worker with one thread meets no barrier. Where the user binds threads to
 * processors (OMP_PROC_BIND), OpenMP binds every first thread to the same one, so there is one worker.
 *
 * The plan. Of `count` jobs, W at a time with t = T / W threads each, the last ends after about
 *
 *     ceil(count / W) (lone / r + shared / (t r) + passes b [t > 1])
 *
 * with the FLOPs that are one thread's (LAPACK's) and those that threads share, r FLOP/s of a thread, and b
 * seconds that a pass over the samples costs where threads wait for each other. r and b are of no particular
 * machine: what they decide is whether products of some 50 µs or of some milliseconds are computed.
 */
#include "core/jobs.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/share.h"

#define RATE 1e10         /* r: FLOP/s of a thread */
#define BARRIER 2e-5      /* b: seconds */
#define LOOK 0.1          /* seconds between two reports of progress */
#define NEARLY 0.95       /* the most that is said of a job that is not finished */
#define STACK (8ul << 20) /* bytes of a worker's */

/* ------------------------------------------------------------------------------------------- the plan -- */

static double seconds_of(const basin_job_cost *cost, size_t count, size_t abreast, size_t threads)
{
    const double rounds = (double)((count + abreast - 1) / abreast);
    const size_t useful = cost->parts > 0 && cost->parts < threads ? cost->parts : threads;
    const double barriers = useful > 1 ? cost->passes * BARRIER : 0.0;

    return rounds * (cost->lone_flops / RATE + cost->flops / RATE / (double)useful + barriers);
}

static bool fits(const basin_job_cost *cost, size_t held, size_t abreast, size_t threads, size_t room)
{
    size_t each, more;

    return basin_mul(cost->thread_bytes, threads - 1, &more) && basin_add(cost->bytes, more, &each) &&
           basin_add(each, held, &each) && each <= room / abreast;
}

basin_jobs_plan basin_jobs_choose(const basin_job_cost *cost, size_t held, size_t count, size_t most,
                                  size_t threads, size_t room)
{
    basin_jobs_plan best = {.abreast = 1, .threads = threads};
    double          least = seconds_of(cost, count, 1, threads);

    for (size_t abreast = 2; abreast <= count && abreast <= most && abreast <= threads; abreast++) {
        const size_t each = threads / abreast;
        const double seconds = seconds_of(cost, count, abreast, each);
        if (!fits(cost, held, abreast, each, room)) break;
        /* of equal plans, of an unknown cost too, that with the fewest threads that wait for each other */
        if (seconds <= least) least = seconds, best = (basin_jobs_plan){abreast, each};
    }
    return best;
}

/* -------------------------------------------------------------------------------------------- the pool -- */

typedef struct pool   pool;
typedef struct worker worker;

struct worker {
    pool       *pool;
    pthread_t   thread;
    size_t      job; /* at work on; BASIN_NONE: on none */
    double      start;
    basin_share share;
};

struct pool {
    const basin_jobs *jobs;
    size_t            threads, room;
    pthread_mutex_t   opening; /* who holds it opens the next job, and may go on to work alone */
    pthread_mutex_t   lock;    /* of all that follows */
    pthread_cond_t    news;    /* for the calling thread */
    pthread_cond_t    fewer;   /* for a job that waits to be alone: another one has finished */
    basin_jobs_plan   plan;    /* abreast = 0: no job has said yet what it costs */
    size_t            next;    /* job to be opened */
    size_t            working; /* jobs that are open and not finished */
    size_t            finished;
    size_t            taken;
    double            seconds; /* that the finished took in all */
    bool             *done;    /* [count] */
    size_t            worker_count, ended;
    worker           *workers; /* [threads] */
    bool              stopped; /* by the monitor */
    size_t            failed;  /* the first job in order that did; BASIN_NONE: none */
    basin_status      status;
    char              message[1024];
};

static bool goes_on(const pool *p)
{
    return !p->stopped && p->failed == BASIN_NONE;
}

/* Those at work on jobs after `after`; BASIN_NONE: all. The lock is held. */
static void stop_workers(pool *p, size_t after)
{
    for (size_t i = 0; i < p->worker_count; i++)
        if (p->workers[i].job != BASIN_NONE && (after == BASIN_NONE || p->workers[i].job > after))
            atomic_store(&p->workers[i].share.stop, true);
    pthread_cond_broadcast(&p->fewer);
}

/* The lock is held; the message is this thread's last. */
static void note_failure(pool *p, size_t job, basin_status status)
{
    if (p->stopped || job > p->failed) return; /* BASIN_NONE is the largest number */
    p->failed = job;
    p->status = status;
    snprintf(p->message, sizeof p->message, "%s", basin_error_message());
    stop_workers(p, job);
}

/* --------------------------------------------------------------------------------------------- workers -- */

/* The next job, which this worker is on from now; false: there is none. */
static bool begin(pool *p, worker *w)
{
    bool begun;

    pthread_mutex_lock(&p->lock);
    begun = goes_on(p) && p->next < p->jobs->count;
    if (begun) {
        w->job = p->next++;
        w->start = basin_seconds();
        w->share.before = basin_memory_own();
        atomic_store(&w->share.stage, NULL);
        p->working++;
    }
    pthread_mutex_unlock(&p->lock);
    return begun;
}

/* The i-th worker's threads of the plan's. */
static size_t threads_of(const pool *p, const worker *w)
{
    const size_t over = p->threads - p->plan.abreast * p->plan.threads;

    return p->plan.threads + ((size_t)(w - p->workers) < over);
}

static bool is_known(const basin_job_cost *cost)
{
    return cost->flops > 0.0 || cost->lone_flops > 0.0 || cost->bytes > 0;
}

/* Of threads and memory; without a plan there is one worker, and it has everything. The lock is held. */
static void take_share(const pool *p, worker *w)
{
    w->share.threads = p->plan.abreast > 0 ? threads_of(p, w) : p->threads;
    w->share.bytes = p->plan.abreast > 0 ? p->room / p->plan.abreast : p->room;
}

/* By what the first job that says what it costs says. The lock is held. */
static void make_plan(pool *p, const basin_job_cost *cost, size_t held)
{
    const size_t abreast = p->jobs->abreast;
    size_t       most = basin_linalg_callers(p->threads);

    if (abreast > 0 && abreast < most) most = abreast;
    if (omp_get_proc_bind() != omp_proc_bind_false) most = 1;
    p->plan = basin_jobs_choose(cost, held, p->jobs->count, most, p->threads, p->room);
    pthread_cond_signal(&p->news);
}

/* The job is open: the worker's share of threads and memory for it. *alone: it needs more than that, so that
   it waited for the others to finish, and keeps `opening`. */
static void admit(pool *p, worker *w, const basin_job_cost *cost, bool *alone)
{
    const size_t held = basin_memory_own() - w->share.before;
    size_t       need = SIZE_MAX;

    pthread_mutex_lock(&p->lock);
    if (p->plan.abreast == 0 && is_known(cost)) make_plan(p, cost, held);
    take_share(p, w);
    *alone = p->plan.abreast > 1 && (!basin_add(cost->bytes, held, &need) || need > w->share.bytes);
    while (*alone && p->working > 1 && !atomic_load(&w->share.stop)) pthread_cond_wait(&p->fewer, &p->lock);
    if (*alone) w->share.threads = p->threads, w->share.bytes = p->room;
    pthread_mutex_unlock(&p->lock);
}

static void finish(pool *p, worker *w, basin_status status)
{
    pthread_mutex_lock(&p->lock);
    if (status == BASIN_OK) {
        p->done[w->job] = true;
        p->finished++;
        p->seconds += basin_seconds() - w->start;
    } else {
        note_failure(p, w->job, status);
    }
    w->job = BASIN_NONE;
    p->working--;
    pthread_cond_signal(&p->fewer);
    pthread_cond_signal(&p->news);
    pthread_mutex_unlock(&p->lock);
}

/* False: there is no job left. */
static bool work_once(pool *p, worker *w)
{
    basin_status   status;
    basin_job_cost cost = {0};
    bool           alone = false;

    pthread_mutex_lock(&p->opening);
    if (!begin(p, w)) {
        pthread_mutex_unlock(&p->opening);
        return false;
    }
    status = p->jobs->open(p->jobs->payload, w->job, &cost);
    if (status == BASIN_OK) admit(p, w, &cost, &alone);
    if (!alone) pthread_mutex_unlock(&p->opening);
    if (status == BASIN_OK) status = p->jobs->work(p->jobs->payload, w->job);
    finish(p, w, status);
    if (alone) pthread_mutex_unlock(&p->opening);
    return true;
}

static void *run_worker(void *payload)
{
    worker *w = payload;
    pool   *p = w->pool;

    basin_share_set(&w->share);
    while (work_once(p, w)) continue;
    basin_share_set(NULL);
    pthread_mutex_lock(&p->lock);
    p->ended++;
    pthread_cond_signal(&p->news);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals are for the threads that the program has made. */
static int start_worker(pool *p)
{
    worker        *w = &p->workers[p->worker_count];
    pthread_attr_t attributes;
    sigset_t       all, before;
    int            error;

    w->pool = p, w->job = BASIN_NONE;
    take_share(p, w);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&w->thread, &attributes, run_worker, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0) p->worker_count++;
    return error;
}

/* --------------------------------------------------------------------------------- the calling thread -- */

/* The worker on the first job of those at work; NULL: none is. */
static const worker *first_worker(const pool *p)
{
    const worker *first = NULL;

    for (size_t i = 0; i < p->worker_count; i++)
        if (p->workers[i].job != BASIN_NONE && (first == NULL || p->workers[i].job < first->job))
            first = &p->workers[i];
    return first;
}

/* Finished jobs, and of those at work the shares that the mean time of the finished lets expect. */
static double jobs_done(const pool *p)
{
    const double mean = p->seconds / (double)p->finished, now = basin_seconds();
    double       done = (double)p->finished;

    for (size_t i = 0; i < p->worker_count; i++)
        if (p->workers[i].job != BASIN_NONE) done += fmin((now - p->workers[i].start) / mean, NEARLY);
    return done;
}

/* Of the whole, once jobs that took time are finished while others work; before, and where one works at a
   time, the stage of the first. The lock is held, and is released for the monitor. */
static void report(pool *p)
{
    const worker *first = first_worker(p);
    const char   *stage = first != NULL ? atomic_load(&first->share.stage) : NULL, *name = p->jobs->name;
    double        done = 0.0, total = 1.0;
    char          text[120] = "";
    basin_status  st;

    if (p->worker_count > 1 && p->finished > 0 && p->seconds > 0.0) {
        snprintf(text, sizeof text, "%zu %ss, %zu at a time", p->jobs->count, name, p->worker_count);
        done = jobs_done(p), total = (double)p->jobs->count;
    } else if (stage != NULL) {
        if (p->jobs->count > 1)
            snprintf(text, sizeof text, "%s %zu of %zu: %s", name, first->job + 1, p->jobs->count, stage);
        else
            snprintf(text, sizeof text, "%s", stage);
        done = atomic_load(&first->share.done), total = atomic_load(&first->share.total);
    }
    pthread_mutex_unlock(&p->lock);
    st = text[0] != '\0' ? basin_progress_report(text, done, total) : basin_progress_poll();
    pthread_mutex_lock(&p->lock);
    if (st == BASIN_OK || p->stopped) return;
    p->stopped = true;
    p->status = st;
    snprintf(p->message, sizeof p->message, "%s", basin_error_message());
    stop_workers(p, BASIN_NONE);
}

/* In order; of the jobs before one that failed too. The lock is held, and is released for the caller's
   function. */
static void take_over(pool *p)
{
    basin_status status = BASIN_OK;

    while (!p->stopped && p->taken < p->jobs->count && p->taken < p->failed && p->done[p->taken]) {
        pthread_mutex_unlock(&p->lock);
        if (p->jobs->take != NULL) status = p->jobs->take(p->jobs->payload, p->taken);
        pthread_mutex_lock(&p->lock);
        if (status != BASIN_OK) note_failure(p, p->taken, status);
        p->taken++;
    }
}

static void wait_for_news(pool *p, double seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(seconds * 1e9);
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&p->news, &p->lock, &until);
}

/* As many as the plan has; where the system gives none but the first, that one does everything. */
static void start_workers(pool *p)
{
    while (goes_on(p) && p->worker_count < p->plan.abreast && p->next < p->jobs->count &&
           start_worker(p) == 0)
        continue;
}

static basin_status supervise(pool *p)
{
    basin_status st = BASIN_OK;
    double       last = basin_seconds();
    int          error;

    pthread_mutex_lock(&p->lock);
    if ((error = start_worker(p)) != 0)
        st = basin_fail(BASIN_ERR_NOMEM, "no thread for a %s: %s", p->jobs->name, strerror(error));
    while (p->ended < p->worker_count) {
        take_over(p);
        start_workers(p);
        if (p->ended < p->worker_count) wait_for_news(p, fmax(last + LOOK - basin_seconds(), 0.0));
        if (basin_seconds() - last >= LOOK) last = basin_seconds(), report(p);
    }
    take_over(p);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->worker_count; i++) pthread_join(p->workers[i].thread, NULL);
    if (st == BASIN_OK && !goes_on(p)) st = basin_fail(p->status, "%s", p->message);
    return st;
}

basin_status basin_jobs_run(const basin_jobs *jobs)
{
    basin_status st = BASIN_OK;
    pool         p = {.jobs = jobs,
                      .threads = basin_threads(),
                      .room = basin_memory_left(),
                      .failed = BASIN_NONE,
                      .opening = PTHREAD_MUTEX_INITIALIZER,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .news = PTHREAD_COND_INITIALIZER,
                      .fewer = PTHREAD_COND_INITIALIZER};

    if (jobs->count == 0) return BASIN_OK;
    BASIN_CHECK(basin_share_mine() == NULL, BASIN_ERR_ARG, "%ss within a job", jobs->name);
    BASIN_ALLOC(p.done, jobs->count, "jobs");
    BASIN_ALLOC(p.workers, p.threads, "workers");
    BASIN_TRY(supervise(&p));
done:
    basin_free(p.done);
    basin_free(p.workers);
    return st;
}
