/* Options that every command with a spectrum inside shares: which method, how many pairs, and those
   of SANE. */
#ifndef BASIN_CLI_SPECTRAL_H
#define BASIN_CLI_SPECTRAL_H

#include "cli/options.h"

/* `fewest`: how many of the bottom are found where none are asked for, as a text */
#define CLI_SPECTRAL_OPTIONS(fewest)                                                             \
    {"method", CLI_CHOICE, "auto|dense|lanczos",                                                 \
     "all eigenvalues, or the extreme ones (default: auto)", false},                             \
        {"top", CLI_WHOLE, "N",                                                                  \
         "largest eigenvalues to find (default: 10; dense: all, N with --vectors)", false},      \
        {"bottom", CLI_WHOLE, "N", "smallest eigenvalues to find (default: " fewest ")", false}, \
    {                                                                                            \
        "tolerance", CLI_REAL, "T",                                                              \
            "lanczos: residual at most T |H| (default: 1e-8, single precision 1e-4)", false      \
    }
#define CLI_SANE_OPTIONS                                                                          \
    {"kappa", CLI_REAL, "K",                                                                      \
     "regulariser of SANE, relative to the largest |lambda| (default: 0.5)", false},              \
        {"k", CLI_WHOLE, "K", "the K-th largest |lambda| instead of the largest (default: 1)",    \
         false},                                                                                  \
    {                                                                                             \
        "alpha", CLI_REAL, "A",                                                                   \
            "of N_eff (default: recorded weight decay if > 0, else 0.5; track and compare: 0.5)", \
            false                                                                                 \
    }

int cli_spectral_options(const cli_arguments *arguments, basin_spectrum_options *out);
int cli_sane_options(const cli_arguments *arguments, double recorded_weight_decay,
                     basin_sane_options *out);
/* On a terminal: what is about to be done, in products and bytes beside the frozen point. */
int cli_spectral_announce(const basin_objective *objective, const basin_spectrum_options *options);

#endif
