#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

const basin_input *basin_plan_input(const basin_plan *plan, size_t result, basin_input_role role)
{
    const basin_provenance *p = plan->results[result]->provenance;

    for (size_t i = 0; p != NULL && i < p->input_count; i++)
        if (p->inputs[i].role == (int)role) return &p->inputs[i];
    return NULL;
}

static const char *checkpoint_path(const basin_plan *plan, size_t i)
{
    const basin_input *input = basin_plan_input(plan, i, BASIN_INPUT_CHECKPOINT);

    return input != NULL ? input->path : NULL;
}

const char *basin_plan_origin(const basin_plan *plan, size_t result)
{
    const char *path = checkpoint_path(plan, result);

    return path != NULL ? path : "unknown";
}

/* «runs/sam_3/step_200.h5» is run sam_3. */
static const char *run_name(basin_plan *plan, size_t i)
{
    const char *path = checkpoint_path(plan, i);

    if (path == NULL) return basin_plan_text(plan, "result %zu", i + 1);
    const char *file = basin_name_file(path), *end = file - 1, *start = end;
    if (file == path) return file;
    while (start > path && start[-1] != '/') start--;
    return start == end ? file : basin_plan_text(plan, "%.*s", (int)(end - start), start);
}

/* Of its training, as the checkpoint records it; NULL where that is not known. */
static const char *method_of(const basin_plan *plan, size_t i)
{
    const basin_provenance *p = plan->results[i]->provenance;

    return p != NULL ? p->training.method : NULL;
}

static bool has_rival(const basin_plan *plan, size_t i)
{
    for (size_t j = 0; j < plan->count; j++)
        if (j != i && method_of(plan, i) != NULL && basin_same_text(method_of(plan, i), method_of(plan, j)))
            return true;
    return false;
}

/* The next look in the order of series whose colour no method wears in this figure. */
static basin_look free_look(const basin_plan *plan, size_t *next)
{
    for (;;) {
        basin_look look = basin_look_series((*next)++), worn;
        bool       taken = false;
        for (size_t i = 0; i < plan->count && !taken; i++)
            taken = basin_look_method(method_of(plan, i), &worn) &&
                    memcmp(&worn.color, &look.color, sizeof look.color) == 0;
        if (!taken || *next >= 2 * plan->count + BASIN_METHODS) return look;
    }
}

/* Where no two results are of one method, each wears the look of its own. Where two are, colours tell the
   results apart and stand for no method. A result of which no method is known is grey. */
static void choose_looks(const basin_plan *plan, bool repeated, basin_series *series)
{
    size_t next = 0, unknown = 0;

    for (size_t i = 0; i < plan->count; i++) {
        if (method_of(plan, i) == NULL)
            series[i].look = basin_look_unknown(unknown++);
        else if (repeated)
            series[i].look = basin_look_series(next++);
        else if (!basin_look_method(method_of(plan, i), &series[i].look))
            series[i].look = free_look(plan, &next);
    }
}

basin_status basin_plan_series(basin_plan *plan, basin_series **out)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    bool          repeated = false;

    BASIN_PLAN_ALLOC(plan, series, plan->count);
    if (plan->series != NULL) {
        memcpy(series, plan->series, plan->count * sizeof *series);
        *out = series;
        goto done;
    }
    for (size_t i = 0; i < plan->count; i++) repeated = repeated || has_rival(plan, i);
    for (size_t i = 0; i < plan->count; i++) {
        const char *label = plan->options->labels != NULL ? plan->options->labels[i] : NULL;
        const char *method = method_of(plan, i);
        series[i].label = label != NULL                 ? label
                          : method != NULL && !repeated ? basin_method_title(method)
                                                        : run_name(plan, i);
    }
    choose_looks(plan, repeated, series);
    *out = series;
done:
    return st;
}

basin_pen basin_look_pen(const basin_look *look, double width)
{
    return (basin_pen){.color = look->color, .width = width, .dash = look->dash};
}

static size_t checkpoint_count(const basin_provenance *p)
{
    size_t count = 0;

    for (size_t i = 0; p != NULL && i < p->input_count; i++)
        count += p->inputs[i].role == BASIN_INPUT_CHECKPOINT;
    return count;
}

/* Whether an earlier result is of the same checkpoint, or this one names none. */
static bool repeats(const basin_plan *plan, size_t i)
{
    const char *path = checkpoint_path(plan, i);

    for (size_t j = 0; j < i && path != NULL; j++) {
        const char *other = checkpoint_path(plan, j);
        if (basin_same_text(other, path)) return true;
    }
    return path == NULL;
}

/* Of one checkpoint, which the results are of alone; tables of rows say it of each row (rows.c). */
static void caption_weights(basin_plan *plan, const basin_provenance *p)
{
    bool rows =
        plan->results[0]->kind == BASIN_RESULT_TRACK || plan->results[0]->kind == BASIN_RESULT_COMPARISON;

    if (rows || p == NULL) return;
    if (p->weights == BASIN_WEIGHTS_UNPERTURBED || p->weights == BASIN_WEIGHTS_UNDONE)
        basin_plan_caption(plan, " Weights: %s.", basin_weights_text((basin_weights_kind)p->weights));
}

/* Whether an earlier result is of the same weights: of one checkpoint, polished and averaged alike. */
static bool repeats_point(const basin_plan *plan, size_t i)
{
    const basin_provenance *p = plan->results[i]->provenance;
    const char             *path = checkpoint_path(plan, i);

    for (size_t j = 0; j < i && path != NULL; j++) {
        const basin_provenance *q = plan->results[j]->provenance;
        const char             *other = checkpoint_path(plan, j);
        if (basin_same_text(other, path) && p->averaged == q->averaged &&
            p->polish.steps == q->polish.steps && p->polish.step == q->polish.step)
            return true;
    }
    return false;
}

/* Whom a sentence of the caption is of: « SAM:», or where all results are of one point « This point:». */
static const char *whose(basin_plan *plan, size_t result)
{
    basin_series *series = NULL;
    bool          several = false;

    for (size_t i = 1; i < plan->count; i++) several = several || !repeats_point(plan, i);
    return several && basin_plan_series(plan, &series) == BASIN_OK
               ? basin_plan_text(plan, " %s:", series[result].label)
               : " This point:";
}

/* How far from its checkpoint a result was computed. */
static void caption_point(basin_plan *plan, size_t result)
{
    const basin_provenance *p = plan->results[result]->provenance;

    if (p == NULL || repeats_point(plan, result)) return;
    if (p->averaged > 0)
        basin_plan_caption(plan,
                           "%s the mean weights of %zu consecutive checkpoints, of which the last is named.",
                           whose(plan, result), p->averaged);
    if (p->polish.steps == 0) return;
    basin_plan_caption(plan, "%s polished by %zu plain gradient step%s of size %s", whose(plan, result),
                       p->polish.steps, p->polish.steps == 1 ? "" : "s", BASIN_NUMBER(p->polish.step, 3));
    if (p->polish.halvings > 0)
        basin_plan_caption(plan, " in the end (halved %zu time%s)", p->polish.halvings,
                           p->polish.halvings == 1 ? "" : "s");
    basin_plan_caption(plan, ", which moved θ by %s, the training loss from %s to %s and ‖∇L‖ from %s to %s.",
                       BASIN_NUMBER(p->polish.moved, 2), BASIN_NUMBER(p->polish.loss_before, 3),
                       BASIN_NUMBER(p->polish.loss_after, 3), BASIN_NUMBER(p->polish.gradient_norm_before, 2),
                       BASIN_NUMBER(p->polish.gradient_norm_after, 2));
}

/* The checkpoint that a caption names: the first input, but of a comparison the one that its first group's
   first run is compared at, since the first input is the start of that run. */
static const char *named_checkpoint(basin_plan *plan, size_t i)
{
    if (plan->results[i]->kind != BASIN_RESULT_COMPARISON) return checkpoint_path(plan, i);
    const basin_comparison *c = plan->results[i]->value;
    if (c->group_count == 0 || c->groups[0].run_count == 0) return checkpoint_path(plan, i);
    const basin_row *row = &c->rows[c->groups[0].rows[0]];
    return basin_plan_text(plan, "%s/%s", row->run != NULL ? row->run : "?",
                           row->checkpoint != NULL ? row->checkpoint : "?");
}

static const char *data_digest(const basin_provenance *p, size_t i)
{
    return p->inputs[i].role == BASIN_INPUT_DATA ? p->inputs[i].digest : NULL;
}

/* Whether one of the results from `plan->results[0]` to that one has this data set before its input i. */
static bool repeats_data(const basin_plan *plan, size_t result, size_t i)
{
    const char *digest = data_digest(plan->results[result]->provenance, i);

    for (size_t r = 0; r <= result; r++) {
        const basin_provenance *p = plan->results[r]->provenance;
        for (size_t k = 0; p != NULL && k < (r < result ? p->input_count : i); k++)
            if (data_digest(p, k) != NULL && strcmp(data_digest(p, k), digest) == 0) return true;
    }
    return false;
}

/* Runs of several seeds may each have data of their own. */
static void caption_data(basin_plan *plan)
{
    const char *first = NULL;
    size_t      count = 0;

    for (size_t r = 0; r < plan->count; r++) {
        const basin_provenance *p = plan->results[r]->provenance;
        for (size_t i = 0; p != NULL && i < p->input_count; i++) {
            if (data_digest(p, i) == NULL || repeats_data(plan, r, i)) continue;
            if (count++ == 0) first = data_digest(p, i);
        }
    }
    if (count == 1) basin_plan_caption(plan, " Data: digest %.12s.", first);
    if (count > 1) basin_plan_caption(plan, " %zu data sets, the first of digest %.12s.", count, first);
}

static void caption_checkpoints(basin_plan *plan)
{
    size_t first = checkpoint_count(plan->results[0]->provenance), told = 0, distinct = 0;

    for (size_t i = 0; i < plan->count; i++) distinct += !repeats(plan, i);
    for (size_t i = 0; i < plan->count; i++) {
        const char *before = told > 0       ? ","
                             : first > 1    ? " The first of the checkpoints:"
                             : distinct > 1 ? " Checkpoints:"
                                            : " Checkpoint:";
        if (!repeats(plan, i)) basin_plan_caption(plan, "%s %s", before, named_checkpoint(plan, i)), told++;
    }
    if (told > 0) basin_plan_caption(plan, ".");
    caption_data(plan);
}

void basin_plan_sources(basin_plan *plan)
{
    const basin_provenance *p = plan->results[0]->provenance;
    char                    bn[40];

    for (size_t i = 0; i < plan->count; i++) caption_point(plan, i);
    caption_checkpoints(plan);
    caption_weights(plan, p);
    if (p == NULL) return;
    if (p->precision != BASIN_DOUBLE)
        basin_plan_caption(plan, " Precision: %s.", basin_precision_text((basin_precision)p->precision));
    if (p->bn.kind >= 0)
        basin_plan_caption(plan, " BatchNorm statistics %s.", basin_bn_mode_text(&p->bn, bn));
    if (p->loss != NULL && p->loss_settings) basin_plan_caption(plan, " Loss: %s.", p->loss);
    if (p->weight_decay_included > 0)
        basin_plan_caption(plan, " Weight decay %s is part of the loss.",
                           BASIN_NUMBER(p->weight_decay_included, 3));
    if (isnan(p->weight_decay_included))
        basin_plan_caption(plan, " The weight decay of each tensor is part of the loss.");
}

void basin_plan_ceiling_mode(basin_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const basin_provenance *p = plan->results[i]->provenance;
        char                    bn[40];
        if (p == NULL || p->bn.kind < 0 || p->bn.kind == BASIN_BN_BATCH) continue;
        basin_plan_caption(plan,
                           " With BatchNorm the ceiling is that of training mode (--bn batch:SIZE gives its "
                           "λ_max); here the statistics are %s.",
                           basin_bn_mode_text(&p->bn, bn));
        return;
    }
}

/* «12 % of the loss»; of what was trained on, where coupled weight decay is part of it. */
static const char *share_text(basin_plan *plan, const basin_stationarity *s, double share)
{
    const char *decay = isfinite(s->decayed_gradient_norm) ? " with its weight decay" : "";

    if (share > 1.0) return basin_plan_text(plan, "more than the whole loss%s", decay);
    return basin_plan_text(plan, "%s %% of the loss%s", BASIN_NUMBER(100.0 * share, 2), decay);
}

void basin_plan_stationarity(basin_plan *plan, size_t result, const basin_stationarity *s)
{
    const char *products = basin_plan_text(plan, "within %zu product%s from the gradient", s->products,
                                           s->products == 1 ? "" : "s");

    if (plan->apart || repeats_point(plan, result)) return;
    switch ((basin_descent)s->verdict) {
    case BASIN_DESCENT_FOUND:
        basin_plan_caption(plan, "%s not stationary, a quadratic model falls by %s %s.", whose(plan, result),
                           share_text(plan, s, s->decrement), products);
        break;
    case BASIN_DESCENT_NEGATIVE:
        basin_plan_caption(plan, "%s no minimum, along a direction %s the loss does not curve upwards (%s).",
                           whose(plan, result), products, BASIN_NUMBER(s->ritz_least, 2));
        break;
    case BASIN_DESCENT_NOT_FOUND:
        basin_plan_caption(plan, "%s no fall above %s found %s.", whose(plan, result),
                           share_text(plan, s, s->threshold), products);
        break;
    case BASIN_DESCENT_AT_ROUNDING:
        basin_plan_caption(plan,
                           "%s the gradient is zero but for rounding, which tells nothing of a way down.",
                           whose(plan, result));
        break;
    case BASIN_DESCENT_NOT_TESTED: break;
    }
}

const char *basin_plan_footer(basin_plan *plan)
{
    const basin_provenance *p = plan->results[0]->provenance;
    char                    text[900];
    size_t                  used;

    if (plan->options->no_footer || p == NULL) return NULL;
    const basin_input *data = basin_plan_input(plan, 0, BASIN_INPUT_DATA);
    used =
        (size_t)snprintf(text, sizeof text, "basin %.40s", p->version != NULL ? p->version : BASIN_VERSION);
    if (data != NULL && data->digest != NULL)
        used += (size_t)snprintf(text + used, sizeof text - used, " · data %.8s", data->digest);
    if (p->argument_count > 0) used += (size_t)snprintf(text + used, sizeof text - used, " · basin");
    for (size_t i = 0; i < p->argument_count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s", p->arguments[i]);
    if (plan->count + plan->beside > 1 && used < sizeof text)
        snprintf(text + used, sizeof text - used, " (and %zu more)", plan->count + plan->beside - 1);
    return basin_plan_text(plan, "%s", text);
}
