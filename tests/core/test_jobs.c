/* Jobs side by side: how many, what each has, what they compute, and how they end. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/jobs.h"
#include "core/linalg.h"
#include "core/progress.h"
#include "problem.h"
#include "support.h"

/* ------------------------------------------------------------------------------------------ the plan -- */

static void check_plan(basin_job_cost cost, size_t count, size_t threads, size_t room, size_t abreast,
                       size_t each)
{
    const basin_jobs_plan plan = basin_jobs_choose(&cost, 1000, count, threads, threads, room);

    assert_int_equal(plan.abreast, abreast);
    assert_int_equal(plan.threads, each);
}

static void the_plan_is_the_one_that_ends_soonest(void **state)
{
    const basin_job_cost lapack = {.flops = 1e10, .lone_flops = 2e10, .passes = 150, .parts = 4},
                         shared = {.flops = 1e12, .passes = 100, .parts = 64},
                         short_passes = {.flops = 1e6, .passes = 100, .parts = 4},
                         one_part = {.flops = 1e12, .passes = 100, .parts = 1};

    (void)state;
    check_plan(lapack, 24, 2, SIZE_MAX, 2, 1);
    check_plan(lapack, 24, 8, SIZE_MAX, 8, 1);
    check_plan(lapack, 2, 8, SIZE_MAX, 2, 4); /* as many as there are, the other threads help */
    check_plan(lapack, 1, 8, SIZE_MAX, 1, 8);
    check_plan(lapack, 24, 1, SIZE_MAX, 1, 1);
    check_plan(shared, 16, 8, SIZE_MAX, 8, 1); /* nobody waits */
    check_plan(shared, 3, 2, SIZE_MAX, 1, 2);  /* in two rounds of one thread the last would be alone */
    check_plan(short_passes, 3, 2, SIZE_MAX, 2, 1);
    check_plan(one_part, 9, 4, SIZE_MAX, 4, 1);
}

static void the_plan_keeps_within_the_memory(void **state)
{
    const basin_job_cost cost = {.lone_flops = 1e10, .parts = 64, .bytes = 9000, .thread_bytes = 500};

    (void)state;
    check_plan(cost, 24, 8, 80000, 8, 1); /* 9000 and the 1000 that are held */
    check_plan(cost, 24, 8, 79999, 7, 1);
    check_plan(cost, 4, 8, 42000, 4, 2); /* and 500 for the second thread */
    check_plan(cost, 4, 8, 41999, 3, 2);
    check_plan(cost, 24, 8, 19999, 1, 8);
    check_plan(cost, 24, 8, 0, 1, 8); /* one in any case */
}

/* ----------------------------------------------------------------------------------- jobs of this test -- */

enum { MOST = 40, ORDER = 60, MIB = 1 << 20 };

typedef struct trial {
    basin_job_cost cost;                         /* of each, but for */
    size_t         big, big_bytes;               /* one that needs more */
    size_t         held;                         /* bytes that `open` allocates */
    size_t         bad_open, bad_work, bad_take; /* the numbers of those that fail */
    size_t         known;                        /* jobs before this one do not say what they cost */
    int            milliseconds;                 /* that the i-th takes: so many, times MOST - i */
    void (*compute)(struct trial *trial, size_t i);
    /* what is seen */
    size_t        open_count, take_count;
    char         *blocks[MOST];
    atomic_size_t working, highest, worked, threads, most_threads;
    atomic_bool   beside_big, other_thread;
    atomic_size_t released;
    pthread_t     caller;
    double        values[MOST][ORDER];
} trial;

static trial trial_start(void)
{
    return (trial){.cost = {.lone_flops = 1e10, .parts = 1},
                   .big = BASIN_NONE,
                   .bad_open = BASIN_NONE,
                   .bad_work = BASIN_NONE,
                   .bad_take = BASIN_NONE,
                   .caller = pthread_self()};
}

static void raise_to(atomic_size_t *most, size_t value)
{
    size_t now = atomic_load(most);

    while (value > now && !atomic_compare_exchange_weak(most, &now, value)) continue;
}

static basin_status open_one(void *payload, size_t i, basin_job_cost *cost)
{
    trial *t = payload;

    if (i != t->open_count++)
        return basin_fail(BASIN_ERR_ARG, "job %zu is opened as number %zu", i, t->open_count - 1);
    if (i == t->bad_open) return basin_fail(BASIN_ERR_VALUE, "job %zu does not open", i);
    if (t->held > 0 && (t->blocks[i] = basin_alloc(t->held, 1)) == NULL)
        return basin_fail(BASIN_ERR_NOMEM, "no memory for job %zu", i);
    if (i >= t->known) *cost = t->cost;
    if (i == t->big) cost->bytes = t->big_bytes;
    return BASIN_OK;
}

/* In steps of a millisecond, at each of which the job can be stopped. */
static basin_status spend(size_t milliseconds)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < milliseconds; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        BASIN_TRY(basin_progress_report("spending", (double)i, (double)milliseconds));
    }
done:
    return st;
}

static basin_status work_on(trial *t, size_t i)
{
    basin_status st = BASIN_OK;

    if (i == t->bad_work) return basin_fail(BASIN_ERR_NUMERIC, "job %zu fails", i);
    BASIN_TRY(spend((size_t)t->milliseconds * (MOST - i)));
    if (t->compute != NULL) t->compute(t, i);
    atomic_fetch_add(&t->worked, 1);
done:
    return st;
}

static basin_status work_one(void *payload, size_t i)
{
    trial       *t = payload;
    const size_t beside = atomic_fetch_add(&t->working, 1);
    basin_status st;

    raise_to(&t->highest, beside + 1);
    raise_to(&t->most_threads, atomic_fetch_add(&t->threads, basin_threads()) + basin_threads());
    st = work_on(t, i);
    if (i == t->big && (beside > 0 || atomic_load(&t->working) > 1)) atomic_store(&t->beside_big, true);
    if (t->blocks[i] != NULL) atomic_fetch_add(&t->released, 1);
    basin_free(t->blocks[i]);
    t->blocks[i] = NULL;
    atomic_fetch_sub(&t->threads, basin_threads());
    atomic_fetch_sub(&t->working, 1);
    return st;
}

static basin_status take_one(void *payload, size_t i)
{
    trial *t = payload;

    if (!pthread_equal(pthread_self(), t->caller)) atomic_store(&t->other_thread, true);
    if (i != t->take_count++) return basin_fail(BASIN_ERR_ARG, "job %zu is taken out of order", i);
    return i == t->bad_take ? basin_fail(BASIN_ERR_IO, "job %zu is not taken", i) : BASIN_OK;
}

static basin_status run(trial *t, size_t count, size_t threads, size_t abreast)
{
    basin_status st;

    basin_threads_set(threads);
    st = basin_jobs_run(&(basin_jobs){.name = "trial",
                                      .count = count,
                                      .abreast = abreast,
                                      .payload = t,
                                      .open = open_one,
                                      .work = work_one,
                                      .take = take_one});
    basin_threads_set(0);
    for (size_t i = 0; i < MOST; i++) assert_null(t->blocks[i]);
    assert_false(atomic_load(&t->other_thread));
    return st;
}

/* ---------------------------------------------------------------------------------- what is computed -- */

/* Eigenvalues by LAPACK, a product by the engine, a number of random bits: unequal work. */
static void compute_values(trial *t, size_t i)
{
    problem          p = problem_relu(i);
    basin_objective *o = NULL;
    basin_curvature *c = NULL;
    double          *lambda = t->values[i], *a = basin_alloc(ORDER * ORDER, sizeof *a);
    double          *hv = basin_alloc(p.size, sizeof *hv);

    for (size_t j = 0; j < ORDER; j++) lambda[j] = (double)((i + 3) * (j + 1) % 17);
    basin_test_planted(lambda, ORDER, i, a);
    assert_ok(basin_symmetric_eigen(a, ORDER, lambda));
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    assert_ok(basin_curvature_product(c, p.theta, 1, hv));
    for (size_t j = 0; j < ORDER; j++) lambda[j] += hv[j % p.size];
    basin_curvature_destroy(&c);
    basin_objective_destroy(&o);
    basin_free(hv);
    basin_free(a);
    problem_release(&p);
}

static void any_plan_gives_the_same_bits(void **state)
{
    static trial alone, t;
    const size_t threads[] = {2, 3, 8, 64};

    (void)state;
    alone = trial_start();
    alone.compute = compute_values;
    assert_ok(run(&alone, MOST, 1, 0));
    assert_int_equal(atomic_load(&alone.highest), 1);
    assert_true(alone.values[1][ORDER - 1] != alone.values[2][ORDER - 1]);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
        for (size_t abreast = 0; abreast <= 2; abreast += 2) {
            t = trial_start();
            t.compute = compute_values;
            t.cost.parts = 64;
            assert_ok(run(&t, MOST, threads[i], abreast));
            assert_memory_equal(t.values, alone.values, sizeof t.values);
            assert_int_equal(t.take_count, MOST);
            assert_int_equal(atomic_load(&t.worked), MOST);
        }
}

static void jobs_share_the_threads(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 5; threads++)
        for (size_t abreast = 0; abreast <= 3; abreast++) {
            trial t = trial_start();
            t.milliseconds = 1;
            t.cost.flops = 1e9;
            t.cost.parts = 8;
            assert_ok(run(&t, 10, threads, abreast));
            assert_int_equal(t.take_count, 10);
            assert_in_range(atomic_load(&t.most_threads), 1, threads);
            assert_in_range(atomic_load(&t.highest), 1, abreast > 0 && abreast < threads ? abreast : threads);
            if (threads > 1 && abreast != 1) assert_in_range(atomic_load(&t.highest), 2, threads);
        }
}

static void jobs_that_do_not_say_what_they_cost_have_everything(void **state)
{
    trial t = trial_start();

    (void)state;
    t.milliseconds = 1, t.known = 10;
    assert_ok(run(&t, 10, 4, 0));
    assert_int_equal(atomic_load(&t.highest), 1);
    assert_int_equal(atomic_load(&t.most_threads), 4);
    t = trial_start();
    t.milliseconds = 1, t.known = 3; /* the fourth does */
    assert_ok(run(&t, 20, 4, 0));
    assert_in_range(atomic_load(&t.highest), 2, 4);
}

static void no_jobs_are_none(void **state)
{
    trial t = trial_start();

    (void)state;
    assert_ok(run(&t, 0, 2, 0));
    assert_int_equal(t.open_count, 0);
    assert_ok(run(&t, 1, 2, 0));
    assert_int_equal(t.take_count, 1);
}

static basin_status run_within(void *payload, size_t i)
{
    (void)i;
    return basin_jobs_run(payload);
}

static basin_status open_nothing(void *payload, size_t i, basin_job_cost *cost)
{
    (void)payload, (void)i, (void)cost;
    return BASIN_OK;
}

static void jobs_within_a_job_are_refused(void **state)
{
    trial      t = trial_start();
    basin_jobs inner = {.name = "trial", .count = 2, .payload = &t, .open = open_one, .work = work_one};
    basin_jobs outer = {
        .name = "outer", .count = 1, .payload = &inner, .open = open_nothing, .work = run_within};

    (void)state;
    assert_status(basin_jobs_run(&outer), BASIN_ERR_ARG);
    assert_message("trials within a job");
}

/* ------------------------------------------------------------------------------------------- memory -- */

static void one_that_does_not_fit_its_share_works_alone(void **state)
{
    (void)state;
    for (size_t big = 0; big < 8; big++) {
        trial t = trial_start();
        t.milliseconds = 1, t.cost.bytes = MIB;
        t.big = big, t.big_bytes = 5 * MIB; /* of 8: a share of two has 4 */
        basin_memory_limit_set(basin_memory_used() + BASIN_MEMORY_PROGRAM + 8 * MIB);
        assert_ok(run(&t, 8, 2, 0));
        basin_memory_limit_set(0);
        assert_false(atomic_load(&t.beside_big));
        assert_int_equal(t.take_count, 8);
        if (big > 0)
            assert_int_equal(atomic_load(&t.highest), 2); /* it decides the plan, if it is the first */
    }
}

static void what_is_held_counts(void **state)
{
    trial t = trial_start();

    (void)state;
    t.milliseconds = 1, t.held = 3 * MIB, t.cost.bytes = MIB / 2;
    basin_memory_limit_set(basin_memory_used() + BASIN_MEMORY_PROGRAM + 11 * MIB);
    basin_memory_watch();
    const size_t before = basin_memory_used();
    assert_ok(run(&t, 20, 8, 0)); /* three of 3.5 MiB */
    basin_memory_limit_set(0);
    assert_int_equal(atomic_load(&t.highest), 3);
    assert_in_range(basin_memory_peak() - before, 0, 11 * MIB);
    assert_int_equal(basin_memory_used(), before);
}

static void note_share(trial *t, size_t i)
{
    t->values[i][0] = (double)basin_memory_left();
    t->values[i][1] = (double)basin_memory_limit();
}

static void a_job_sizes_itself_by_its_share(void **state)
{
    trial        t = trial_start();
    const size_t limit = basin_memory_used() + BASIN_MEMORY_PROGRAM + 8 * MIB;

    (void)state;
    t.held = MIB, t.compute = note_share, t.cost.bytes = MIB;
    basin_memory_limit_set(limit);
    assert_ok(run(&t, 4, 2, 0));
    basin_memory_limit_set(0);
    for (size_t i = 0; i < 4; i++) { /* 4 MiB, without what it holds, and headers */
        assert_in_range((size_t)t.values[i][0], 3 * MIB - 8192, 3 * MIB);
        assert_true(t.values[i][1] == (double)limit);
    }
}

static basin_status run_some(void *payload)
{
    trial        t = trial_start();
    basin_status st;

    (void)payload;
    t.held = 1000;
    basin_threads_set(3);
    st = basin_jobs_run(
        &(basin_jobs){.name = "trial", .count = 6, .payload = &t, .open = open_one, .work = work_one});
    basin_threads_set(0);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    basin_test_every_allocation(run_some, NULL);
}

/* ------------------------------------------------------------------------------------ how they end -- */

static void the_first_failure_in_order_is_the_one_told(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 4; threads++) {
        trial t = trial_start();
        /* the 30th fails at once, the 2nd would be done long after it */
        t.milliseconds = 1, t.bad_work = 6, t.held = 100;
        assert_status(run(&t, MOST, threads, 0), BASIN_ERR_NUMERIC);
        assert_message("job 6 fails");
        assert_int_equal(t.take_count, 6);
        assert_int_equal(atomic_load(&t.worked), 6); /* those before it, and none after */
        assert_true(atomic_load(&t.released) == t.open_count);
    }
}

/* Later in order, sooner in time. */
static void a_failure_after_it_does_not_hide_the_first(void **state)
{
    trial t = trial_start();

    (void)state;
    t.milliseconds = 2, t.bad_work = 1, t.bad_take = 0; /* work on 1 fails while 0 still works */
    assert_status(run(&t, MOST, 2, 0), BASIN_ERR_IO);
    assert_message("job 0 is not taken");
    assert_int_equal(t.take_count, 1);
    assert_int_equal(atomic_load(&t.worked), 1);
}

static void what_does_not_open_or_is_not_taken_has_failed(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        trial t = trial_start();
        t.bad_open = 5, t.milliseconds = 1;
        assert_status(run(&t, 12, threads, 0), BASIN_ERR_VALUE);
        assert_message("job 5 does not open");
        assert_int_equal(t.take_count, 5);
        assert_int_equal(t.open_count, 6);
        t = trial_start();
        t.bad_take = 5, t.milliseconds = 1;
        assert_status(run(&t, 12, threads, 0), BASIN_ERR_IO);
        assert_message("job 5 is not taken");
        assert_int_equal(t.take_count, 6);
    }
}

typedef struct watcher {
    pthread_t caller;
    double    from, after; /* seconds until it stops the work */
    size_t    asked, elsewhere, stages, wholes;
    double    last; /* of what is done of the whole */
    bool      backwards, beyond;
} watcher;

static bool watch(void *payload, const char *stage, double done, double total)
{
    watcher *w = payload;

    w->asked++;
    w->elsewhere += !pthread_equal(pthread_self(), w->caller);
    if (stage != NULL && strstr(stage, "spending") != NULL) {
        w->stages += strncmp(stage, "trial ", 6) == 0;
    } else if (stage != NULL) {
        w->wholes += strcmp(stage, "12 trials, 2 at a time") == 0;
        w->backwards = w->backwards || done < w->last - 0.5; /* it is an estimate */
        w->beyond = w->beyond || done > total || total != 12.0;
        w->last = done;
    }
    return basin_seconds() - w->from < w->after;
}

static basin_status run_watched(trial *t, watcher *w, double after, size_t threads)
{
    basin_status st;

    *w = (watcher){.caller = pthread_self(), .from = basin_seconds(), .after = after};
    basin_progress_set(&(basin_progress){watch, w});
    st = run(t, 12, threads, 0);
    basin_progress_set(NULL);
    assert_int_equal(w->elsewhere, 0);
    return st;
}

static void the_monitor_is_told_from_the_calling_thread(void **state)
{
    trial   t = trial_start();
    watcher w;

    (void)state;
    t.milliseconds = 5; /* 200 ms and less */
    assert_ok(run_watched(&t, &w, 1e9, 2));
    assert_true(w.stages > 0 && w.wholes > 3);
    assert_false(w.backwards || w.beyond);
    t = trial_start(), t.milliseconds = 2;
    assert_ok(run_watched(&t, &w, 1e9, 1)); /* stages of one after the other */
    assert_true(w.stages > 3 && w.wholes == 0);
}

static void the_monitor_stops_them(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        trial   t = trial_start();
        watcher w;
        double  from = basin_seconds();
        t.milliseconds = 100, t.held = 100; /* seconds each */
        assert_status(run_watched(&t, &w, 0.15, threads), BASIN_ERR_INTERRUPTED);
        assert_message("interrupted");
        assert_true(basin_seconds() - from < 3.0);
        assert_int_equal(t.take_count, 0);
        assert_int_equal(atomic_load(&t.worked), 0);
        assert_true(atomic_load(&t.released) == t.open_count);
    }
}

/* -------------------------------------------------------------------------------- threads that fail -- */

static size_t creatable = SIZE_MAX; /* threads that the system still gives */

/* In place of the C library's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *payload)
{
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create"); /* as POSIX writes it */
    if (creatable == 0) return EAGAIN;
    if (creatable != SIZE_MAX) creatable--;
    return create(thread, attributes, start, payload);
}

static void one_thread_does_all_where_the_system_gives_no_more(void **state)
{
    trial t = trial_start();

    (void)state;
    t.milliseconds = 1, creatable = 1;
    assert_ok(run(&t, 12, 4, 0));
    assert_int_equal(creatable, 0);
    assert_int_equal(t.take_count, 12);
    assert_int_equal(atomic_load(&t.highest), 1);
    t = trial_start();
    assert_status(run(&t, 12, 4, 0), BASIN_ERR_NOMEM);
    assert_message("no thread for a trial: ");
    assert_int_equal(t.open_count, 0);
    creatable = SIZE_MAX;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_is_the_one_that_ends_soonest),
        cmocka_unit_test(the_plan_keeps_within_the_memory),
        cmocka_unit_test(any_plan_gives_the_same_bits),
        cmocka_unit_test(jobs_share_the_threads),
        cmocka_unit_test(jobs_that_do_not_say_what_they_cost_have_everything),
        cmocka_unit_test(no_jobs_are_none),
        cmocka_unit_test(jobs_within_a_job_are_refused),
        cmocka_unit_test(one_that_does_not_fit_its_share_works_alone),
        cmocka_unit_test(what_is_held_counts),
        cmocka_unit_test(a_job_sizes_itself_by_its_share),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_first_failure_in_order_is_the_one_told),
        cmocka_unit_test(a_failure_after_it_does_not_hide_the_first),
        cmocka_unit_test(what_does_not_open_or_is_not_taken_has_failed),
        cmocka_unit_test(the_monitor_is_told_from_the_calling_thread),
        cmocka_unit_test(the_monitor_stops_them),
        cmocka_unit_test(one_thread_does_all_where_the_system_gives_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
