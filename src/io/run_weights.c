/* Is a folder one training? What the weights tell, where no identity does.
 *
 *   1. Two files of one step that hold different weights are of two trainings.
 *   2. A step of SGD with momentum, of SAM and of MSAM moves θ by η‖v‖ + ηw‖θ‖ at most; one of Adam by
 *      3.2 η√P, since |m̂|/√v̂ is at most (1 − β₁)/√(1 − β₂) for its default β (D. Kingma, J. Ba,
 *      arXiv:1412.6980, section 2.1). Over n steps η, ‖v‖ and ‖θ‖ are not known in between; ten times n steps
 *      with the largest that any file of the training records is what is allowed. That bounds nothing where
 *      only two files far apart are there: a warm-up and a decayed rate at both ends say nothing of the rate
 *      between.
 *   3. A move ten times as far as both its neighbours', each taken over as many steps and at as large a rate,
 *      is only unlikely: an instability of the loss can do that too. It is a doubt, in words, and divides
 *      nothing.
 */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "io/checkpoint.h"

#define SAME_WEIGHTS 1e-5 /* relative: a copy that went through another precision */
#define SLACK 10.0
#define ADAM_STEP 3.2

typedef struct spot { /* one checkpoint of a training */
    size_t  entry;
    int64_t step;
    double  rate, decay, speed; /* η, w, and ‖v‖ or what stands for it; NAN unknown */
    double  norm;
    double  moved; /* from the spot before; NAN for the first */
} spot;

typedef struct path { /* of one training, by step */
    size_t count;
    spot  *spots;
} path;

/* ------------------------------------------------------------------------------------------- reading -- */

static bool is_any_of(const char *method, const char *const *names)
{
    for (; method != NULL && *names != NULL; names++)
        if (strcmp(method, *names) == 0) return true;
    return false;
}

static double speed_of(const basin_checkpoint *ck)
{
    static const char *const        velocity[] = {"gd", "sgd", "nag", "sam", "usam", "asam", "msam", NULL},
                             *const adam[] = {"adam", "adamw", NULL};
    const double *v = is_any_of(ck->method, velocity) ? basin_checkpoint_momentum(ck) : NULL;
    const double  norm = v != NULL ? basin_norm(v, ck->params->size) : 0.0;

    if (is_any_of(ck->method, adam)) return ADAM_STEP * sqrt((double)ck->params->size);
    return norm > 0.0 ? norm : (double)NAN; /* none gathered yet says nothing of those to come */
}

/* At weights that are finite and known to be unperturbed; *out = NULL for what is neither, or cannot be read.
 */
static basin_status read_weights(const char *file, basin_checkpoint **out)
{
    basin_checkpoint *ck = NULL;
    basin_status      st = basin_checkpoint_read(file, &ck);

    if (st == BASIN_OK) st = basin_checkpoint_finite(ck);
    if (st == BASIN_OK && ck->perturbed != BASIN_PERTURBED_UNKNOWN) st = basin_checkpoint_undo(ck);
    if (st == BASIN_OK && ck->perturbed == BASIN_PERTURBED_NO && ck->step >= 0) *out = ck, ck = NULL;
    basin_checkpoint_destroy(&ck);
    return st == BASIN_ERR_NOMEM || st == BASIN_ERR_INTERRUPTED ? st : BASIN_OK;
}

static double distance(const basin_checkpoint *a, const basin_checkpoint *b, double *room)
{
    for (size_t i = 0; i < a->params->size; i++) room[i] = a->theta[i] - b->theta[i];
    return basin_norm(room, a->params->size);
}

static double largest_decay(const basin_checkpoint *ck)
{
    const basin_decay decay = basin_checkpoint_decay(ck);
    double            largest = decay.value;

    for (size_t i = 0; decay.each != NULL && i < ck->params->size; i++)
        largest = fmax(largest, decay.each[i]);
    return largest;
}

/* `before` is the checkpoint of the last spot. */
static basin_status add_spot(path *p, size_t entry, const basin_checkpoint *ck,
                             const basin_checkpoint *before)
{
    basin_status st = BASIN_OK;
    double      *room = NULL;
    spot        *s = &p->spots[p->count];

    *s = (spot){.entry = entry,
                .step = ck->step,
                .rate = ck->hyper.learning_rate,
                .speed = speed_of(ck),
                .moved = NAN};
    s->decay = largest_decay(ck);
    s->norm = basin_norm(ck->theta, ck->params->size);
    if (before != NULL && before->params->size == ck->params->size) {
        BASIN_ALLOC(room, ck->params->size, "a difference of weights");
        s->moved = distance(ck, before, room);
    }
    p->count++;
done:
    basin_free(room);
    return st;
}

static basin_status read_path(const basin_run *run, size_t training, path *out)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *before = NULL, *ck = NULL;
    path              p = {.count = 0};

    BASIN_ALLOC(p.spots, run->count, "a run");
    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].training != training || run->entries[i].step < 0) continue;
        BASIN_TRY(read_weights(run->entries[i].path, &ck));
        if (ck == NULL) continue;
        BASIN_TRY(add_spot(&p, i, ck, before));
        basin_checkpoint_destroy(&before);
        before = ck, ck = NULL;
    }
    *out = p, p.spots = NULL;
done:
    basin_free(p.spots);
    basin_checkpoint_destroy(&before);
    basin_checkpoint_destroy(&ck);
    return st;
}

/* ------------------------------------------------------------------------------------------- judging -- */

/* The largest move in one step that the records of the whole path allow; NAN if they do not say. */
static double largest_step(const path *p)
{
    double rate = NAN, speed = NAN, decay = 0.0, norm = 0.0;

    for (size_t i = 0; i < p->count; i++) {
        rate = fmax(rate, p->spots[i].rate), speed = fmax(speed, p->spots[i].speed);
        decay = fmax(decay, p->spots[i].decay), norm = fmax(norm, p->spots[i].norm);
    }
    return rate > 0.0 ? rate * (speed + decay * norm) : (double)NAN;
}

/* Why spot i cannot follow the one before it; NULL if it can. */
static basin_status judge(const basin_run *run, const path *p, size_t i, char **out)
{
    basin_status st = BASIN_OK;
    const spot  *a = &p->spots[i - 1], *b = &p->spots[i];
    const char  *from = basin_file_name(run->entries[a->entry].path),
               *to = basin_file_name(run->entries[b->entry].path);
    const double steps = (double)(b->step - a->step), allowed = SLACK * steps * largest_step(p);
    char        *reason = NULL;

    *out = NULL;
    if (isnan(b->moved)) return BASIN_OK;
    if (steps == 0.0 && b->moved > SAME_WEIGHTS * fmax(a->norm, b->norm))
        reason = basin_format("%s and %s: two weights at step %lld", from, to, (long long)b->step);
    else if ((steps == 1.0 || p->count > 2) && steps > 0.0 && b->moved > allowed)
        reason = basin_format("%s and %s: theta moves by %.4g in %.0f step%s, ten times what their learning "
                              "rates allow would be %.4g",
                              from, to, b->moved, steps, steps == 1.0 ? "" : "s", allowed);
    else
        return BASIN_OK;
    BASIN_CHECK(reason != NULL, BASIN_ERR_NOMEM, "out of memory for the trainings of %s", run->path);
    *out = reason;
done:
    return st;
}

/* How far spot i would have moved at the pace of spot k. */
static double at_pace_of(const path *p, size_t i, size_t k)
{
    const spot  *own = &p->spots[i], *other = &p->spots[k];
    const double steps = (double)(own->step - p->spots[i - 1].step),
                 others = (double)(other->step - p->spots[k - 1].step);
    const double rates = own->rate > other->rate && other->rate > 0.0 ? own->rate / other->rate : 1.0;

    return others > 0.0 ? other->moved * fmax(1.0, steps / others) * rates : (double)NAN;
}

static basin_status doubt_moves(const basin_run *run, const path *p, char **doubt)
{
    basin_status st = BASIN_OK;

    for (size_t i = 2; i + 1 < p->count && *doubt == NULL; i++) {
        const double before = at_pace_of(p, i, i - 1), after = at_pace_of(p, i, i + 1),
                     moved = p->spots[i].moved;
        if (!(before > 0.0 && after > 0.0 && moved > SLACK * fmax(before, after))) continue;
        *doubt = basin_format("%s: from %s to %s theta moves by %.4g, %.3g times as far as at the pace "
                              "before and after: are these two trainings?",
                              run->path, basin_file_name(run->entries[p->spots[i - 1].entry].path),
                              basin_file_name(run->entries[p->spots[i].entry].path), moved,
                              moved / fmax(before, after));
        BASIN_CHECK(*doubt != NULL, BASIN_ERR_NOMEM, "out of memory for the trainings of %s", run->path);
    }
done:
    return st;
}

/* Divides one training at the first move that cannot be; the rest is another, and is looked at in its turn.
 */
static basin_status examine_training(basin_run *run, size_t training, char **doubt)
{
    basin_status st = BASIN_OK;
    path         p = {.count = 0};
    char        *reason = NULL;

    BASIN_TRY(read_path(run, training, &p));
    for (size_t i = 1; i < p.count && reason == NULL; i++) {
        BASIN_TRY(judge(run, &p, i, &reason));
        if (reason != NULL) BASIN_TRY(basin_run_split(run, p.spots[i].entry, reason));
    }
    if (reason == NULL) BASIN_TRY(doubt_moves(run, &p, doubt));
done:
    basin_free(reason);
    basin_free(p.spots);
    return st;
}

basin_status basin_run_examine(basin_run *run, char **doubt)
{
    basin_status st = BASIN_OK;
    char        *found = NULL;

    *doubt = NULL;
    for (size_t t = 0; t < run->training_count; t++)
        if (run->trainings[t].count > 1 && !basin_identity_decides(run->trainings[t].identity))
            BASIN_TRY(examine_training(run, t, &found));
    *doubt = found, found = NULL;
done:
    basin_free(found);
    return st;
}
