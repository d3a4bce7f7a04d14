#include "cli/report.h"

#include <math.h>
#include <string.h>

static const char *path_of(const basin_provenance *p, basin_input_role role)
{
    for (size_t i = 0; p != NULL && i < p->input_count; i++)
        if (p->inputs[i].role == (int)role) return p->inputs[i].path;
    return NULL;
}

/* A polish may have found no step that does not raise the loss. */
static bool is_polished(const basin_provenance *p)
{
    return p->polish.steps > 0 || p->polish.halvings > 0;
}

/* «runs/msam_0/step_000400.h5 (undone, averaged, polished)» */
static void print_checkpoint(const basin_provenance *p, FILE *out)
{
    const char *path = path_of(p, BASIN_INPUT_CHECKPOINT);

    if (path == NULL) return;
    fputs(cli_plain(path), out);
    if (p->weights >= 0)
        fprintf(out, " (%s%s%s)", basin_weights_text((basin_weights_kind)p->weights),
                p->averaged > 0 ? ", averaged" : "", is_polished(p) ? ", polished" : "");
    fputc('\n', out);
}

void cli_report_source(const basin_result *result, size_t samples, size_t parameters, FILE *out)
{
    const basin_provenance *p = result->provenance;
    const char             *data = path_of(p, BASIN_INPUT_DATA);
    char                    bn[40];

    print_checkpoint(p, out);
    fprintf(out, "  P = %s parameters, N = %s samples", cli_thousands(parameters),
            cli_samples(samples, p != NULL ? p->split_samples : 0));
    if (data != NULL) fprintf(out, " of %s", cli_plain(data));
    if (p != NULL && p->precision != BASIN_DOUBLE)
        fprintf(out, ", %s precision", basin_precision_text((basin_precision)p->precision));
    if (p != NULL && p->bn.kind >= 0)
        fprintf(out, ", BatchNorm statistics %s", basin_bn_mode_text(&p->bn, bn));
    if (p != NULL && p->weight_decay_included > 0)
        fprintf(out, ", with %g/2 |theta|^2 in the loss", p->weight_decay_included);
    if (p != NULL && isnan(p->weight_decay_included))
        fputs(", with the weight decay of each tensor in the loss", out);
    fputc('\n', out);
    if (p != NULL && p->loss != NULL && p->loss_settings) fprintf(out, "  loss function   %s\n", p->loss);
    cli_report_point(p, out);
    if (p != NULL && p->ended_by_time != NULL)
        fprintf(out, "  ended           by --time %s, before it was done\n", p->ended_by_time);
}

const char *cli_samples(size_t used, size_t there)
{
    char *text = cli_turn();

    if (there > used)
        snprintf(text, CLI_TURN, "%s of %s", cli_thousands(used), cli_thousands(there));
    else
        snprintf(text, CLI_TURN, "%s", cli_thousands(used));
    return text;
}

const char *cli_polish_text(const basin_polish *p)
{
    static char text[320];
    int         used = snprintf(text, sizeof text, "%zu step%s ", p->steps, p->steps == 1 ? "" : "s");

    if (p->halvings == 0)
        used += snprintf(text + used, sizeof text - (size_t)used, "of %.3g", p->step);
    else
        used += snprintf(text + used, sizeof text - (size_t)used,
                         "of at least %.3g (halved %zu times, where the loss would have risen)", p->step,
                         p->halvings);
    snprintf(text + used, sizeof text - (size_t)used,
             ": theta moved by %.3g, loss %.4g -> %.4g, |g| %.3g -> %.3g", p->moved, p->loss_before,
             p->loss_after, p->gradient_norm_before, p->gradient_norm_after);
    return text;
}

void cli_report_point(const basin_provenance *p, FILE *out)
{
    if (p == NULL) return;
    if (p->averaged > 0)
        fprintf(out, "  averaged        the weights of %zu checkpoints of consecutive steps\n", p->averaged);
    if (is_polished(p)) fprintf(out, "  polished        %s\n", cli_polish_text(&p->polish));
}

/* Each line claims what was found, not what the point is. */
void cli_report_descent(const basin_stationarity *s, FILE *out)
{
    const char *products = s->products == 1 ? "product" : "products";

    switch (s->verdict) {
    case BASIN_DESCENT_NEGATIVE:
        if (fabs(s->ritz_least) <= 1e-9 * s->ritz_most)
            fprintf(out, "a slope without curvature found within %zu %s: not a minimum", s->products,
                    products);
        else
            fprintf(out, "curvature %.3g found within %zu %s: not a minimum", s->ritz_least, s->products,
                    products);
        break;
    case BASIN_DESCENT_FOUND:
        if (s->decrement > 1)
            fprintf(out, "the quadratic model falls by more than the whole loss within %zu %s", s->products,
                    products);
        else
            fprintf(out, "the quadratic model falls by %.3g %% of the loss within %zu %s", 100 * s->decrement,
                    s->products, products);
        fprintf(out, ", the loss itself by %.3g %%: not stationary", 100 * s->tried);
        break;
    case BASIN_DESCENT_NOT_FOUND:
        fprintf(out, "none above %g %% of the loss found within %zu %s (%.2g %%)", 100 * s->threshold,
                s->products, products, 100 * s->decrement);
        break;
    case BASIN_DESCENT_AT_ROUNDING:
        fputs("the gradient is within 100 times what rounding the weights makes of it: nothing can be told",
              out);
        break;
    default: fputs("not looked for", out);
    }
}

void cli_report_stationarity(const basin_stationarity *s, FILE *out)
{
    fputs("  way down        ", out);
    cli_report_descent(s, out);
    fputc('\n', out);
    fprintf(out, "                  |g| = %.4g", s->gradient_norm);
    if (!isnan(s->decayed_gradient_norm)) fprintf(out, ", with weight decay %.4g", s->decayed_gradient_norm);
    if (s->products > 0)
        fprintf(out, ", curvature along g = %.4g, in its Krylov space %.3g to %.4g", s->curvature,
                s->ritz_least, s->ritz_most);
    fputc('\n', out);
    if (!isnan(s->fall_per_step))
        fprintf(out,
                "                  to first order a training step takes about %.2g %% off the loss, once its "
                "momentum lies along g\n",
                100 * s->fall_per_step);
}

void cli_report_statistics(const basin_provenance *p, bool ceiling, FILE *out)
{
    char bn[40];

    if (p == NULL || p->bn.kind < 0) return;
    fprintf(out, "BatchNorm statistics %s\n", basin_bn_mode_text(&p->bn, bn));
    if (ceiling && p->bn.kind != BASIN_BN_BATCH)
        fprintf(
            out,
            "  with BatchNorm the ceiling is that of training mode: --bn batch:SIZE gives its lambda max\n");
}

bool cli_is_open(double lower, double upper)
{
    return !(upper - lower <= 0.01 * lower);
}

const char *cli_interval(double value, double lower, double upper, int digits)
{
    char *text = cli_turn();

    /* an interval that these digits do not show is left out */
    if (isnan(lower) || isnan(upper) || strcmp(cli_number(lower, digits), cli_number(upper, digits)) == 0)
        snprintf(text, CLI_TURN, "%s", cli_number(value, digits));
    else
        snprintf(text, CLI_TURN, "%s [%s, %s]", cli_number(value, digits), cli_number(lower, digits),
                 cli_number(upper, digits));
    return text;
}

const char *cli_percent(double share)
{
    char *text = cli_turn();

    if (isnan(share))
        snprintf(text, CLI_TURN, "-");
    else
        snprintf(text, CLI_TURN, "%.1f %%", 100 * share);
    return text;
}
