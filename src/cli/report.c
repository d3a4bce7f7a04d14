#include "cli/report.h"

#include <math.h>
#include <string.h>

void cli_report_source(const basin_result *result, size_t samples, size_t parameters, FILE *out)
{
    const basin_provenance *p = result->provenance;
    const char             *checkpoint = NULL, *data = NULL;

    for (size_t i = 0; p != NULL && i < p->input_count; i++) {
        if (checkpoint == NULL && strcmp(p->inputs[i].role, "checkpoint") == 0) checkpoint = p->inputs[i].path;
        if (data == NULL && strcmp(p->inputs[i].role, "data") == 0) data = p->inputs[i].path;
    }
    if (checkpoint != NULL) fprintf(out, "%s%s%s%s\n", checkpoint, p->point != NULL ? " (" : "", p->point != NULL ? p->point : "", p->point != NULL ? ")" : "");
    fprintf(out, "  P = %s parameters, N = %s samples", cli_thousands(parameters), cli_thousands(samples));
    if (data != NULL) fprintf(out, " of %s", data);
    if (p != NULL && strcmp(p->precision, "double") != 0) fprintf(out, ", %s precision", p->precision);
    if (p != NULL && p->bn != NULL) fprintf(out, ", BatchNorm statistics %s", p->bn);
    if (p != NULL && p->weight_decay_included > 0) fprintf(out, ", with %g/2 |theta|^2 in the loss", p->weight_decay_included);
    fputc('\n', out);
    if (p != NULL && p->loss != NULL && strchr(p->loss, ',') != NULL) fprintf(out, "  loss function   %s\n", p->loss); /* a loss with settings */
}

void cli_report_stationarity(const basin_stationarity *s, FILE *out)
{
    if (s->curvature < 0) fprintf(out, "  stationary      no: the curvature along g is negative, so this is not a minimum\n");
    else if (isinf(s->decrease)) fprintf(out, "  stationary      no: the loss has a slope but no curvature along g\n");
    else
        fprintf(out, "  stationary      %s: best step along -g would lower the loss by %.2g of it (threshold %g)\n", s->stationary ? "yes" : "no",
                s->decrease, s->threshold);
    fprintf(out, "                  |g| = %.4g", s->gradient_norm);
    if (!isnan(s->decayed_gradient_norm)) fprintf(out, ", with weight decay %.4g", s->decayed_gradient_norm);
    fprintf(out, ", curvature along g = %.4g\n", s->curvature);
}

void cli_report_statistics(const basin_provenance *p, bool ceiling, FILE *out)
{
    if (p == NULL || p->bn == NULL) return;
    fprintf(out, "BatchNorm statistics %s\n", p->bn);
    if (ceiling && strncmp(p->bn, "batch:", 6) != 0)
        fprintf(out, "  with BatchNorm the ceiling is that of training mode: --bn batch:SIZE gives its lambda max\n");
}

const char *cli_interval(double value, double lower, double upper, int digits)
{
    static char texts[8][96];
    static int  next;
    char       *text = texts[next++ % 8];

    /* an interval that these digits do not show is left out */
    if (isnan(lower) || isnan(upper) || strcmp(cli_number(lower, digits), cli_number(upper, digits)) == 0)
        snprintf(text, sizeof texts[0], "%s", cli_number(value, digits));
    else snprintf(text, sizeof texts[0], "%s [%s, %s]", cli_number(value, digits), cli_number(lower, digits), cli_number(upper, digits));
    return text;
}

const char *cli_percent(double share)
{
    static char texts[8][24];
    static int  next;
    char       *text = texts[next++ % 8];

    if (isnan(share)) snprintf(text, sizeof texts[0], "-");
    else snprintf(text, sizeof texts[0], "%.1f %%", 100 * share);
    return text;
}
