/* Is a folder one training? What its files record tells, without their weights.
 *
 *   1. Files of different identities are of different trainings, files of one identity of one. An identity
 *      «folder-…», which conversion gives, names the folder that the files came from, and so can only tell
 *      apart.
 *   2. Where identities do not decide, two files contradict each other if they differ in what no training
 *      changes (network, data, seed, method, batch size, weight decay, rho), in the momentum coefficient at
 *      one learning rate (schedules that change the coefficient, such as one-cycle, change both), in anything
 *      at one step, or if the later step has the smaller epoch or fewer gradient evaluations, or if no number
 *      of steps an epoch agrees with both.
 *   3. In the order of the run each file goes to the first training of which no file contradicts it.
 *
 * What is not recorded contradicts nothing. Learning rates are left out, since schedules change them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "io/checkpoint.h"

typedef struct difference {
    char text[240]; /* «seed 0 against 5»; "" if there is none */
} difference;

/* ----------------------------------------------------------------------------------- two checkpoints -- */

bool basin_identity_decides(const char *identity)
{
    return identity != NULL && strncmp(identity, "folder-", 7) != 0;
}

static void counts_differ(difference *d, const char *what, int64_t a, int64_t b)
{
    if (a >= 0 && b >= 0 && a != b)
        snprintf(d->text, sizeof d->text, "%s %lld against %lld", what, (long long)a, (long long)b);
}

static void reals_differ(difference *d, const char *what, double a, double b)
{
    if (!isnan(a) && !isnan(b) && a != b)
        snprintf(d->text, sizeof d->text, "%s %.9g against %.9g", what, a, b);
}

static void texts_differ(difference *d, const char *what, const char *a, const char *b)
{
    if (a != NULL && b != NULL && a[0] != '\0' && b[0] != '\0' && strcmp(a, b) != 0)
        snprintf(d->text, sizeof d->text, "%s %.64s against %.64s", what, a, b);
}

static void digests_differ(difference *d, const char *what, const char *a, const char *b)
{
    if (a[0] != '\0' && b[0] != '\0' && strcmp(a, b) != 0)
        snprintf(d->text, sizeof d->text, "%s %.12s… against %.12s…", what, a, b);
}

/* What no training changes. */
static void constants_differ(difference *d, const basin_checkpoint_heading *a,
                             const basin_checkpoint_heading *b)
{
    reals_differ(d, "weight decay", a->hyper.weight_decay, b->hyper.weight_decay);
    if (a->hyper.weight_decay > 0.0 && a->hyper.weight_decay == b->hyper.weight_decay)
        counts_differ(d, "coupled weight decay", a->hyper.weight_decay_coupled,
                      b->hyper.weight_decay_coupled);
    reals_differ(d, "rho", a->hyper.rho, b->hyper.rho);
    if (a->hyper.learning_rate == b->hyper.learning_rate)
        reals_differ(d, "momentum", a->hyper.momentum, b->hyper.momentum);
    counts_differ(d, "batch size", a->hyper.batch_size, b->hyper.batch_size);
    texts_differ(d, "method", a->method, b->method);
    digests_differ(d, "data", a->data, b->data);
    counts_differ(d, "seed", a->hyper.seed, b->hyper.seed);
    if (a->network[0] != '\0' && b->network[0] != '\0' && strcmp(a->network, b->network) != 0)
        snprintf(d->text, sizeof d->text, "another network");
}

static void places_differ(difference *d, const basin_checkpoint_heading *a, const basin_checkpoint_heading *b)
{
    char what[64];

    snprintf(what, sizeof what, "at step %lld: learning rate", (long long)a->step);
    reals_differ(d, what, a->hyper.learning_rate, b->hyper.learning_rate);
    snprintf(what, sizeof what, "at step %lld: epoch", (long long)a->step);
    reals_differ(d, what, a->epoch, b->epoch);
    snprintf(what, sizeof what, "at step %lld: gradient evaluations", (long long)a->step);
    counts_differ(d, what, a->gradient_evaluations, b->gradient_evaluations);
}

/* Steps in an epoch, k, obey s in [k (e - 1), k (e + 1)], whether epochs are counted from 0 or 1, and while
 * one lasts. */
static double most_in_an_epoch(const basin_checkpoint_heading *h)
{
    return h->epoch > 1.0 ? (double)h->step / (h->epoch - 1.0) : INFINITY;
}

static double least_in_an_epoch(const basin_checkpoint_heading *h)
{
    return (double)h->step / (h->epoch + 1.0);
}

/* The steps of both are known, that of a is the smaller. */
static void order_differs(difference *d, const basin_checkpoint_heading *a, const basin_checkpoint_heading *b)
{
    const long long s = a->step, t = b->step;

    if (a->gradient_evaluations > b->gradient_evaluations && b->gradient_evaluations >= 0)
        snprintf(d->text, sizeof d->text,
                 "step %lld after %lld gradient evaluations against step %lld after %lld", s,
                 (long long)a->gradient_evaluations, t, (long long)b->gradient_evaluations);
    else if (a->epoch > b->epoch || (a->step > 0 && (most_in_an_epoch(a) < least_in_an_epoch(b) ||
                                                     most_in_an_epoch(b) < least_in_an_epoch(a))))
        snprintf(d->text, sizeof d->text, "step %lld in epoch %g against step %lld in epoch %g", s, a->epoch,
                 t, b->epoch);
}

/* Why two checkpoints cannot be of one training; the weightiest reason is found last and stays. */
static void contradict(difference *d, const basin_checkpoint_heading *a, const basin_checkpoint_heading *b)
{
    d->text[0] = '\0';
    if (a->run != NULL && b->run != NULL) {
        texts_differ(d, "identity", a->run, b->run);
        if (d->text[0] != '\0' || basin_identity_decides(a->run)) return;
    }
    if (a->step >= 0 && a->step == b->step)
        places_differ(d, a, b);
    else if (a->step >= 0 && b->step >= 0)
        a->step < b->step ? order_differs(d, a, b) : order_differs(d, b, a);
    constants_differ(d, a, b);
}

/* ---------------------------------------------------------------------------------------- their ages -- */

/* Days from 1970-01-01 to a date of the Gregorian calendar; a year begins in March here. */
static int64_t days_to(int year, int month, int day)
{
    const int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool start_of(const char *identity, int64_t *out)
{
    int year, month, day, hour, minute, second, milli;

    if (identity == NULL) return false;
    if (sscanf(identity, "%4d%2d%2dT%2d%2d%2d.%3dZ-", &year, &month, &day, &hour, &minute, &second, &milli) !=
        7)
        return false;
    *out = ((((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli) * 1000000;
    return true;
}

static int64_t written(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec
                                  : INT64_MAX;
}

/* Counts and ages anew, after entries have found their trainings. */
static void take_stock(basin_run *run)
{
    for (size_t t = 0; t < run->training_count; t++) {
        basin_run_training *training = &run->trainings[t];
        const bool          dated = start_of(training->identity, &training->since);
        training->count = 0;
        if (!dated) training->since = INT64_MAX;
        for (size_t i = 0; i < run->count; i++) {
            if (run->entries[i].training != t) continue;
            training->count++;
            int64_t time = dated ? training->since : written(run->entries[i].path);
            if (time < training->since) training->since = time;
        }
    }
}

/* ----------------------------------------------------------------------------------- all of a folder -- */

/* Takes the reason in any case. */
static basin_status add_training(basin_run *run, char *reason)
{
    basin_status        st = BASIN_OK;
    basin_run_training *trainings =
        basin_grow(run->trainings, run->training_count, run->training_count + 1, sizeof *trainings);

    BASIN_CHECK(trainings != NULL, BASIN_ERR_NOMEM, "out of memory for the trainings of %s", run->path);
    run->trainings = trainings;
    trainings[run->training_count++].reason = reason, reason = NULL;
done:
    basin_free(reason);
    return st;
}

/* The first entry of a training that contradicts entry i, with the reason; run->count if none does. */
static size_t find_contradiction(const basin_run *run, const basin_checkpoint_heading *headings,
                                 size_t training, size_t i, difference *d)
{
    for (size_t j = 0; j < i; j++) {
        if (run->entries[j].training != training) continue;
        contradict(d, &headings[j], &headings[i]);
        if (d->text[0] != '\0') return j;
    }
    return run->count;
}

static basin_status place(basin_run *run, const basin_checkpoint_heading *headings, size_t i)
{
    basin_status st = BASIN_OK;
    size_t       training = 0, against = run->count;
    char        *reason = NULL;
    difference   d;

    for (; training < run->training_count; training++) {
        size_t found = find_contradiction(run, headings, training, i, &d);
        if (found == run->count) break;
        if (training == 0)
            against = found, reason = basin_format("%s and %s: %s", basin_file_name(run->entries[found].path),
                                                   basin_file_name(run->entries[i].path), d.text);
    }
    BASIN_CHECK(against == run->count || reason != NULL, BASIN_ERR_NOMEM,
                "out of memory for the trainings of %s", run->path);
    if (training == run->training_count) {
        char *own = reason;
        reason = NULL;
        BASIN_TRY(add_training(run, own));
    }
    run->entries[i].training = training;
    if (run->trainings[training].identity == NULL)
        BASIN_STRDUP(run->trainings[training].identity, headings[i].run);
done:
    basin_free(reason);
    return st;
}

basin_status basin_run_divide(basin_run *run, const basin_checkpoint_heading *headings)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < run->count; i++) BASIN_TRY(place(run, headings, i));
    take_stock(run);
done:
    return st;
}

basin_status basin_run_split(basin_run *run, size_t first, const char *reason)
{
    basin_status st = BASIN_OK;
    const size_t whole = run->entries[first].training;
    char        *copy = NULL;

    BASIN_STRDUP(copy, reason);
    BASIN_TRY(add_training(run, copy));
    BASIN_STRDUP(run->trainings[run->training_count - 1].identity, run->trainings[whole].identity);
    for (size_t i = first; i < run->count; i++)
        if (run->entries[i].training == whole) run->entries[i].training = run->training_count - 1;
    take_stock(run);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ in words -- */

enum { NAMES = 6 }; /* files of a training that are named */

/* «ID (3 checkpoints: a.h5, b.h5, c.h5)» */
static char *name_training(const basin_run *run, size_t training)
{
    const basin_run_training *t = &run->trainings[training];
    char                      text[1400];
    size_t                    used, named = 0;

    used =
        (size_t)snprintf(text, sizeof text,
                         "%s (%zu checkpoint%s: ", t->identity != NULL ? t->identity : "one without identity",
                         t->count, t->count == 1 ? "" : "s");
    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].training != training || (++named > NAMES && named < t->count)) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.120s",
                                 named == 1                               ? ""
                                 : named == t->count && named > NAMES + 1 ? ", …, "
                                                                          : ", ",
                                 basin_file_name(run->entries[i].path));
    }
    snprintf(text + used, sizeof text - used, ")");
    return basin_strdup(text);
}

static bool told_apart_by_name(const basin_run *run, size_t training)
{
    const char *own = run->trainings[training].identity, *first = run->trainings[0].identity;

    return own != NULL && first != NULL && strcmp(own, first) != 0;
}

basin_status basin_run_describe(const basin_run *run, char **out)
{
    basin_status st = BASIN_OK;
    char *text = basin_format("%zu training%s: ", run->training_count, run->training_count == 1 ? "" : "s"),
         *one = NULL, *joined = NULL;

    for (size_t t = 0; t < run->training_count; t++) {
        basin_free(one);
        one = name_training(run, t);
        const char *reason = told_apart_by_name(run, t) ? NULL : run->trainings[t].reason;
        if (text != NULL && one != NULL)
            joined = basin_format("%s%s%s%s%s", text,
                                  t == 0                         ? ""
                                  : t + 1 == run->training_count ? " and "
                                                                 : ", ",
                                  one, reason != NULL ? ", since " : "", reason != NULL ? reason : "");
        BASIN_CHECK(joined != NULL, BASIN_ERR_NOMEM, "out of memory for the trainings of %s", run->path);
        basin_free(text);
        text = joined, joined = NULL;
    }
    *out = text, text = NULL;
done:
    basin_free(text);
    basin_free(one);
    return st;
}

/* ------------------------------------------------------------------------------------------ choosing -- */

static size_t oldest_or_newest(const basin_run *run, bool newest)
{
    size_t best = 0;

    for (size_t t = 1; t < run->training_count; t++)
        if (newest ? run->trainings[t].since >= run->trainings[best].since
                   : run->trainings[t].since < run->trainings[best].since)
            best = t;
    return best;
}

/* By the whole identity, a beginning of one alone, or a file. */
static size_t find_training(const basin_run *run, const char *which)
{
    size_t begin = run->training_count, beginnings = 0;

    if (strcmp(which, "OLDEST") == 0) return oldest_or_newest(run, false);
    if (strcmp(which, "NEWEST") == 0) return oldest_or_newest(run, true);
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(basin_file_name(run->entries[i].path), which) == 0) return run->entries[i].training;
    for (size_t t = 0; t < run->training_count; t++) {
        const char *identity = run->trainings[t].identity;
        if (identity == NULL || which[0] == '\0' || strncmp(identity, which, strlen(which)) != 0) continue;
        if (strcmp(identity, which) == 0) return t;
        begin = t, beginnings++;
    }
    return beginnings == 1 ? begin : run->training_count;
}

static void keep(basin_run *run, size_t training)
{
    size_t kept = 0;

    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].training == training)
            run->entries[kept++] = run->entries[i];
        else
            basin_free(run->entries[i].path);
    }
    run->count = kept;
    for (size_t i = 0; i < kept; i++) run->entries[i].training = 0;
    for (size_t t = 0; t < run->training_count; t++) {
        if (t == training) continue;
        basin_free(run->trainings[t].identity);
        basin_free(run->trainings[t].reason);
    }
    run->trainings[0] = run->trainings[training];
    run->training_count = 1;
}

/* On the caller's word. */
static void unite(basin_run *run)
{
    for (size_t i = 0; i < run->count; i++) run->entries[i].training = 0;
    for (size_t t = 1; t < run->training_count; t++) {
        basin_free(run->trainings[t].identity);
        basin_free(run->trainings[t].reason);
    }
    run->training_count = 1;
    take_stock(run);
}

basin_status basin_run_choose(basin_run *run, const char *which)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;

    if (strcmp(which, "ALL") == 0) {
        unite(run);
        return BASIN_OK;
    }
    const size_t training = find_training(run, which);
    if (training == run->training_count) {
        BASIN_TRY(basin_run_describe(run, &text));
        BASIN_CHECK(false, BASIN_ERR_ARG, "%s: no training %s; it holds %s", run->path, which, text);
    }
    keep(run, training);
done:
    basin_free(text);
    return st;
}
