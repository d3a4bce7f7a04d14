/* Options that every command with a spectrum inside shares: which method, how many pairs, and those
   of SANE. */
#ifndef BASIN_CLI_SPECTRAL_H
#define BASIN_CLI_SPECTRAL_H

#include "cli/source.h"

/* `fewest`: how many of the bottom are found where none are asked for, as a text */
#define CLI_SPECTRAL_OPTIONS(fewest)                                                             \
    {"method", CLI_CHOICE, "auto|dense|lanczos|slq|gram",                                        \
     "all eigenvalues, the extreme ones, or the density of all (default: auto)", false},         \
        {"top", CLI_WHOLE, "N",                                                                  \
         "largest eigenvalues to find (default: 10; dense: all, N with --vectors)", false},      \
        {"bottom", CLI_WHOLE, "N", "smallest eigenvalues to find (default: " fewest ")", false}, \
        {"probes", CLI_WHOLE, "M",                                                               \
         "random probes of what the pairs leave over (default: 16; quadrature 4)", false},       \
        {"no-proof", CLI_FLAG, NULL,                                                             \
         "lanczos: without the products that prove that no pair is missing", false},             \
        {"steps", CLI_WHOLE, "S",                                                                \
         "Lanczos steps of each: quadrature from 4 on (default: slq 40, else 1)", false},        \
    {                                                                                            \
        "tolerance", CLI_REAL, "T",                                                              \
            "residual at most T |H| (default: 1e-8, single precision 1e-4, slq 3e-3)", false     \
    }
/* Whose spectrum: an operator, of which parameters. */
#define CLI_OPERATOR_OPTIONS                                                                       \
    {"operator", CLI_TEXT, "NAME",                                                                 \
     "hessian | ggn | residual | fisher | fisher-sampled | fisher-empirical | covariance", false}, \
        {"preconditioned", CLI_FLAG, NULL,                                                         \
         "between the roots of Adam's step sizes, from the second moments saved", false},          \
        {"beta2", CLI_REAL, "B", "of those second moments (default: 0.999)", false},               \
    {                                                                                              \
        "epsilon", CLI_REAL, "E", "that Adam adds to their root (default: 1e-8)", false            \
    }
#define CLI_PART_OPTIONS                                                                         \
    {"params", CLI_TEXT, "PATTERN", "only the tensors whose name matches, e.g. 'conv*'", false}, \
    {                                                                                            \
        "layer", CLI_TEXT, "NAME", "only the tensors of this layer or module", false             \
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
/* Are there as many eigenvalues as --top and --bottom ask for? `of`: whose `size` parameters. */
int cli_spectral_fits(const basin_spectrum_options *options, const char *of, size_t size);
int cli_sane_options(const cli_arguments *arguments, double recorded_weight_decay,
                     basin_sane_options *out);
/* Of --operator and --preconditioned: the source's points are of that operator from then on. */
int cli_operator_choose(const cli_arguments *arguments, cli_source *source);

/* The point that is measured: the source's, or that of some of its parameters. */
typedef struct cli_part {
    basin_point     *point; /* borrowed from the source, or `own` */
    basin_objective *objective;
    basin_point     *own;
    double          *theta, *scale; /* of the part */
    char             name[160];
} cli_part;
/* By --params or --layer; without them the whole. Close with cli_part_close. */
int  cli_part_open(const cli_arguments *arguments, cli_source *source, cli_part *out);
void cli_part_close(cli_part *part);
/* What the part's block, of squared norm `block2`, leaves out of the whole; nothing for the whole.
   */
int cli_part_left_out(cli_source *source, const cli_part *part, double block2, uint64_t seed,
                      basin_left_out *out);
/* « of the generalised Gauss-Newton matrix», its part, and what that leaves out, as lines of a
   report. */
void        cli_left_out_report(const basin_left_out *left_out, FILE *out);
const char *cli_operator_title(int kind, bool preconditioned);

/* On a terminal: what is about to be done, in products and bytes beside the frozen point. */
int cli_spectral_announce(const basin_point *point, const basin_spectrum_options *options);

#endif
