#include "cli/spectral.h"

#include <math.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/table.h"

int cli_spectral_options(const cli_arguments *a, basin_spectrum_options *out)
{
    int                    status = CLI_OK;
    basin_spectrum_options o = {0};
    const char            *method = cli_text(a, "method", "auto");
    size_t                 seed;

    o.method = strcmp(method, "dense") == 0     ? BASIN_SPECTRUM_DENSE
               : strcmp(method, "lanczos") == 0 ? BASIN_SPECTRUM_LANCZOS
                                                : BASIN_SPECTRUM_AUTO;
    CLI_TRY(cli_size(a, "top", 0, &o.top));
    CLI_TRY(cli_size(a, "bottom", 0, &o.bottom));
    CLI_CHECK(o.top + o.bottom > 0 || !cli_has(a, "top") || !cli_has(a, "bottom"),
              "--top and --bottom are both 0");
    o.tolerance = cli_real(a, "tolerance", 0);
    CLI_CHECK(o.tolerance >= 0 && o.tolerance < 1, "--tolerance must lie in [0, 1), got %g", o.tolerance);
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    o.seed = seed;
    *out = o;
done:
    return status;
}

int cli_sane_options(const cli_arguments *a, double recorded_weight_decay, basin_sane_options *out)
{
    int                status = CLI_OK;
    basin_sane_options o = {.kappa = cli_real(a, "kappa", 0),
                            .alpha = cli_real(a, "alpha", 0),
                            .recorded_weight_decay = recorded_weight_decay};

    CLI_CHECK(!cli_has(a, "kappa") || (o.kappa > 0 && isfinite(o.kappa)), "--kappa must be positive, got %g",
              o.kappa);
    CLI_CHECK(!cli_has(a, "alpha") || (o.alpha > 0 && isfinite(o.alpha)), "--alpha must be positive, got %g",
              o.alpha);
    CLI_TRY(cli_size(a, "k", 0, &o.k));
    CLI_CHECK(!cli_has(a, "k") || o.k > 0, "--k must be at least 1");
    *out = o;
done:
    return status;
}

int cli_spectral_announce(const basin_objective *o, const basin_spectrum_options *options)
{
    int                 status = CLI_OK;
    const size_t        samples = basin_objective_samples(o);
    basin_spectrum_plan plan;

    if (!cli_monitor_terminal()) return CLI_OK;
    CLI_LIBRARY(basin_spectrum_choose(o, options, &plan));
    if (plan.method == BASIN_SPECTRUM_DENSE)
        cli_note("dense: %s products over %s samples, %.3g MB", cli_thousands(plan.products),
                 cli_thousands(samples), 1e-6 * (double)plan.bytes);
    else
        cli_note("lanczos: %zu pairs, at most %s products over %s samples, at most %.3g MB",
                 plan.top + plan.bottom, cli_thousands(plan.products), cli_thousands(samples),
                 1e-6 * (double)plan.bytes);
done:
    return status;
}
