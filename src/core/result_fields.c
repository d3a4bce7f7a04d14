/* The vocabulary of results: every field of every kind, once. docs/json.md explains the names. */
#include <stdio.h>
#include <string.h>

#include "core/loss.h"
#include "core/schema.h"

#define NO_EXTENTS                       \
    {                                    \
        BASIN_NO_EXTENT, BASIN_NO_EXTENT \
    }
#define EXTENT(a, b) \
    {                \
        a, b         \
    }
#define PLAIN(kind, member, key, bits, meaning)                                                       \
    {                                                                                                 \
        .name = key, .type = BASIN_FIELD_##kind, .offset = offsetof(S, member), .extent = NO_EXTENTS, \
        .flags = bits, .text = meaning                                                                \
    }
#define ARRAY(kind, member, key, extents, bits, meaning)                                           \
    {                                                                                              \
        .name = key, .type = BASIN_FIELD_##kind, .offset = offsetof(S, member), .extent = extents, \
        .flags = bits, .text = meaning                                                             \
    }
#define CHOICE(member, key, names, bits, meaning)                                                     \
    {                                                                                                 \
        .name = key, .type = BASIN_FIELD_CHOICE, .offset = offsetof(S, member), .extent = NO_EXTENTS, \
        .choices = names, .flags = bits, .text = meaning                                              \
    }
#define NESTED(kind, member, key, count, inner, meaning)                        \
    {                                                                           \
        .name = key, .type = BASIN_FIELD_##kind, .offset = offsetof(S, member), \
        .extent = {count, BASIN_NO_EXTENT}, .schema = &inner, .text = meaning   \
    }
#define SCHEMA(type, table)                                                                         \
    {                                                                                               \
        .name = #type, .size = sizeof(type), .fields = table, .count = sizeof table / sizeof *table \
    }

/* The texts of the enums: those of values that a result can hold, in their order. */
static const char *const check_verdicts[] = {"passed", "failed", "not_testable", "agrees", NULL};
#define OPERATOR_NAME(kind, name, title) name,
static const char *const operators[] = {BASIN_CURVATURE_LIST(OPERATOR_NAME) NULL};
static const char *const spectrum_methods[] = {"auto", "dense", "lanczos", "slq", "gram", NULL};
static const char *const blocks_by[] = {"layer", "tensor", NULL};
static const char *const sane_methods[] = {"whole", "truncated", "ritz", "estimated", NULL};
static const char *const trace_methods[] = {"xtrace", "hutch++", "hutchinson", NULL};
static const char *const alpha_sources[] = {"option", "weight_decay", "default", NULL};
static const char *const precisions[] = {"double", "single", NULL};
static const char *const weights_[] = {"unperturbed", "undone", "as_stored", "mixed", NULL};
static const char *const statistics[] = {"stored", "reestimate", "interpolate", "batch", NULL};
static const char *const roles[] = {"checkpoint", "data", "other",  "averaged", "rows",
                                    "result",     "path", "vector", NULL};
static const char *const perturbed_[] = {"no", "yes", "unknown", NULL};
#define DIRECTION_NAME(kind, name, argument) name,
static const char *const record_sources[] = {"training", "saving", "conversion", NULL};
static const char *const directions[] = {"other", BASIN_DIRECTION_LIST(DIRECTION_NAME) NULL};
static const char *const rise_directions[] = {"sam", "msam", "top", "random", NULL};
static const char *const descents[] = {"not_tested", "descent_found",        "negative_curvature",
                                       "none_found", "gradient_at_rounding", NULL};
static const char *const band_by[] = {"seed", "class", "batch", NULL};
static const char *const curves[] = {"linear", "bezier", "polygon", NULL};
static const char *const points[] = {"raw", "polished", "averaged", NULL};
static const char *const families[] = {"curvature", "dimension", "rise", "generalisation", "condition", NULL};
static const char *const phases[] = {"undecided", "descent", "sharpening", "edge", "catapult", NULL};
static const char *const intervals[] = {"none", "residual", "bounds", "standard_error", "calibrated", NULL};
static const char *const gate_ends[] = {"unknown",      "exact",      "proven", "lower_proven",
                                        "upper_proven", "confidence", NULL};
static const char *const gate_verdicts[] = {"undecided", "within", "violated", NULL};
static const char *const gate_reasons[] = {"decided", "complete", "products", "time", "memory", NULL};
static const char *const limit_origins[] = {"given", "baseline", "runs", NULL};
static const char *const sharpness_measures[] = {
#define BASIN_SHARPNESS_MEASURE(name, ...) #name,
#include "basin_sharpness_measures.h"
    NULL};
static const char *const sharpness_numbers[] = {"exact", "lower_bound", "sampled", "sampled_bound", NULL};
static const char *const conclusions[] = {
    "supported", "not_tied", "not_invariant", "disagree", "not_supported", "inconclusive", NULL};
#define SYMMETRY_NAME(NAME, word, text) word,
static const char *const symmetries[] = {BASIN_SYMMETRY_LIST(SYMMETRY_NAME) NULL};
static const char *const symmetrics[] = {"no", "yes", "layers", "plain", NULL};
static const char *const invariance_verdicts[] = {"invariant", "moves", "undecided", "not_measured", NULL};
static const char *const worth_units[] = {"none", "seconds", "evaluations", NULL};
static const char *const confoundings[] = {"equal",     "lower",         "higher",    "mixed",
                                           "undecided", "too_few_seeds", "not_known", NULL};
static const char *const payments[] = {"not_asked",    "pays", "does_not_pay", "undecided", "too_few_seeds",
                                       "not_recorded", NULL};
static const char *const verdicts[] = {"undecided",    "lower",      "higher",       "too_few_seeds",
                                       "not_measured", "not_paired", "continuation", NULL};

#define S basin_stationarity
static const basin_field stationarity_fields[] = {
    CHOICE(verdict, "verdict", descents, 0,
           "what was found of a way down: none_found is within these products and this threshold"),
    PLAIN(DOUBLE, loss, "loss", 0, "R: loss with coupled weight decay"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "norm of the gradient, without weight decay"),
    PLAIN(DOUBLE, decayed_gradient_norm, "decayed_gradient_norm", 0,
          "norm of gradient + w theta; null without coupled weight decay"),
    PLAIN(DOUBLE, decrement, "decrement", 0,
          "fall of the quadratic model over the Krylov space of the gradient, relative to R"),
    PLAIN(DOUBLE, tried, "tried", 0, "largest fall of R itself at shares of the model's step, relative to R"),
    PLAIN(DOUBLE, threshold, "threshold", 0, "of the decrement"),
    PLAIN(SIZE, products, "products", 0, "dimension of that Krylov space"),
    PLAIN(DOUBLE, ritz_least, "ritz_least", 0, "least curvature found in it"),
    PLAIN(DOUBLE, ritz_most, "ritz_most", 0, "largest curvature found in it"),
    PLAIN(DOUBLE, curvature, "curvature", 0, "g.Hg / g.g"),
    PLAIN(DOUBLE, fall_per_step, "fall_per_step", 0,
          "relative fall of R per training step, first order; null where eta is not recorded"),
};
#undef S

static const basin_schema stationarity_schema = SCHEMA(basin_stationarity, stationarity_fields);

#define S basin_polish
static const basin_field polish_fields[] = {
    PLAIN(SIZE, steps, "steps", 0, "plain gradient steps; 0 = not polished"),
    PLAIN(DOUBLE, step, "step", 0, "size of the last"),
    PLAIN(SIZE, halvings, "halvings", 0, "of the step size, where the loss would not have fallen"),
    PLAIN(DOUBLE, moved, "moved", 0, "distance from the weights it started at"),
    PLAIN(DOUBLE, loss_before, "loss_before", 0, "training loss"),
    PLAIN(DOUBLE, loss_after, "loss_after", 0, "training loss"),
    PLAIN(DOUBLE, gradient_norm_before, "gradient_norm_before", 0, "of the training loss"),
    PLAIN(DOUBLE, gradient_norm_after, "gradient_norm_after", 0, "of the training loss"),
};
#undef S

static const basin_schema polish_schema = SCHEMA(basin_polish, polish_fields);

#define S basin_recorded
static const basin_field recorded_fields[] = {
    PLAIN(STRING, quantity, "quantity", 0, "loss or accuracy"),
    PLAIN(STRING, split, "split", 0, "train, test, …"),
    PLAIN(STRING, point, "point", 0, "theta, theta_perturbed or unsaid"),
    PLAIN(STRING, mode, "mode", 0, "eval, train or unsaid"),
    PLAIN(STRING, coverage, "coverage", 0, "full, running, best or unsaid"),
    PLAIN(DOUBLE, value, "value", 0, "as recorded"),
    CHOICE(source, "source", record_sources, 0,
           "reported by the training, or computed by basin's Python package at saving or conversion"),
    PLAIN(STRING, stood, "stood", BASIN_FIELD_OPTIONAL, "where it stood in what the training saved"),
};
#undef S

static const basin_schema recorded_schema = SCHEMA(basin_recorded, recorded_fields);

#define S basin_tensor_info
static const basin_field tensor_info_fields[] = {
    PLAIN(STRING, name, "name", 0, "parameter name"),
    PLAIN(SIZE, rank, "rank", 0, "number of dimensions"),
    ARRAY(SIZES, shape, "shape", EXTENT(offsetof(S, rank), BASIN_NO_EXTENT), 0, "dimensions"),
    PLAIN(DOUBLE, norm, "norm", 0, "Euclidean norm"),
    PLAIN(DOUBLE, momentum_norm, "momentum_norm", 0, "of its momentum; null if not saved"),
    PLAIN(SIZE, not_finite, "not_finite", 0, "how many NaN or Inf"),
    PLAIN(DOUBLE, weight_decay, "weight_decay", 0, "where it is recorded tensor by tensor"),
};
#undef S

static const basin_schema tensor_info_schema = SCHEMA(basin_tensor_info, tensor_info_fields);

#define S basin_info
static const basin_field info_fields[] = {
    PLAIN(STRING, checkpoint, "checkpoint", BASIN_FIELD_OPTIONAL, "path"),
    PLAIN(STRING, digest, "digest", BASIN_FIELD_OPTIONAL, "SHA-256 of the file"),
    PLAIN(STRING, method, "method", BASIN_FIELD_OPTIONAL, "training method"),
    PLAIN(STRING, run, "run", BASIN_FIELD_OPTIONAL, "identity of the training, equal in all its checkpoints"),
    CHOICE(loss_kind, "loss_name", basin_loss_names, 0, "loss function"),
    PLAIN(STRING, loss, "loss", BASIN_FIELD_OPTIONAL,
          "loss function with label smoothing, ignore index and weights"),
    CHOICE(perturbed, "perturbed", perturbed_, 0, "are the stored weights perturbed"),
    PLAIN(DOUBLE, undo, "undo", 0, "theta = stored + undo * momentum"),
    PLAIN(STRING, data_path, "data_path", BASIN_FIELD_OPTIONAL, "as recorded"),
    PLAIN(STRING, data_digest, "data_digest", BASIN_FIELD_OPTIONAL, "as recorded"),
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, layers, "layers", 0, "layers with parameters"),
    PLAIN(INT, module_parameters, "module_parameters", BASIN_FIELD_UNKNOWN,
          "of the module that was trained, with frozen and unused ones"),
    PLAIN(INT, outside_parameters, "outside_parameters", BASIN_FIELD_UNKNOWN,
          "trained ones that the loss does not depend on: not among the P"),
    PLAIN(STRING, outside, "outside", BASIN_FIELD_OPTIONAL, "their tensors"),
    PLAIN(INT, step, "step", BASIN_FIELD_UNKNOWN, "training step"),
    PLAIN(DOUBLE, epoch, "epoch", 0, "training epoch"),
    PLAIN(INT, seed, "seed", BASIN_FIELD_UNKNOWN, "training seed"),
    PLAIN(INT, gradient_evaluations, "gradient_evaluations", BASIN_FIELD_UNKNOWN, "so far"),
    PLAIN(DOUBLE, seconds, "seconds", 0, "wall seconds of training so far"),
    PLAIN(DOUBLE, learning_rate, "hyperparameters.learning_rate", 0, "at this step"),
    PLAIN(DOUBLE, momentum, "hyperparameters.momentum", 0, "coefficient"),
    PLAIN(DOUBLE, rho, "hyperparameters.rho", 0, "perturbation radius"),
    PLAIN(DOUBLE, weight_decay, "hyperparameters.weight_decay", 0, "coefficient"),
    PLAIN(BOOL, weight_decay_coupled, "hyperparameters.weight_decay_coupled", 0, "added to the gradient"),
    PLAIN(INT, batch_size, "hyperparameters.batch_size", BASIN_FIELD_UNKNOWN, "0 = full batch"),
    PLAIN(BOOL, has_momentum, "has_momentum", 0, "is the momentum saved"),
    PLAIN(DOUBLE, theta_norm, "theta_norm", 0, "Euclidean norm"),
    PLAIN(DOUBLE, momentum_norm, "momentum_norm", 0, "Euclidean norm"),
    PLAIN(SIZE, not_finite, "not_finite", 0, "NaN or Inf among the weights"),
    PLAIN(SIZE, tensor_count, "tensor_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, tensors, "tensors", offsetof(S, tensor_count), tensor_info_schema, "parameters in order"),
    PLAIN(SIZE, node_count, "node_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(STRINGS, nodes, "nodes", EXTENT(offsetof(S, node_count), BASIN_NO_EXTENT), 0,
          "ops in order of evaluation"),
    PLAIN(SIZE, recorded_count, "recorded_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, recorded, "recorded", offsetof(S, recorded_count), recorded_schema,
           "values that were recorded, and by whom"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "with --gradient"),
    PLAIN(DOUBLE, momentum_gradient_cosine, "momentum_gradient_cosine", 0, "with --gradient"),
    NESTED(STRUCT, stationarity, "stationarity", BASIN_NO_EXTENT, stationarity_schema, "with --gradient"),
};
#undef S

#define S basin_check_item
static const basin_field check_item_fields[] = {
    PLAIN(STRING, name, "name", 0, "what was checked"),
    CHOICE(verdict, "verdict", check_verdicts, 0, "of this comparison"),
    PLAIN(DOUBLE, value, "value", 0, "found"),
    PLAIN(DOUBLE, expected, "expected", 0, "what value is held against"),
    PLAIN(DOUBLE, tolerance, "tolerance", 0, "allowed error"),
    PLAIN(DOUBLE, error, "error", 0, "of value against expected, as the detail says"),
    PLAIN(STRING, detail, "detail", BASIN_FIELD_OPTIONAL, "what the numbers are"),
};
#undef S

static const basin_schema check_item_schema = SCHEMA(basin_check_item, check_item_fields);

#define S basin_check
static const basin_field check_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(BOOL, failed, "failed", 0, "any item failed"),
    PLAIN(SIZE, item_count, "item_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, items, "items", offsetof(S, item_count), check_item_schema, "in order"),
};
#undef S

#define S basin_spectral_sum
static const basin_field sum_fields[] = {
    PLAIN(DOUBLE, value, "value", 0, "over all eigenvalues"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % interval"),
    PLAIN(DOUBLE, upper, "upper", 0, "95 % interval"),
    PLAIN(DOUBLE, sampling, "sampling", 0, "half-width: random probes"),
    PLAIN(DOUBLE, quadrature, "quadrature", 0, "half-width: finitely many Lanczos steps"),
    PLAIN(DOUBLE, pairs, "pairs", 0, "half-width: residuals of the pairs held"),
    PLAIN(DOUBLE, rounding, "rounding", 0, "half-width: precision of the products"),
};
#undef S

static const basin_schema sum_schema = SCHEMA(basin_spectral_sum, sum_fields);

#define S basin_quadrature
static const basin_field quadrature_fields[] = {
    PLAIN(SIZE, dimension, "dimension", 0, "of the space that probes are drawn from: P less the pairs held"),
    PLAIN(SIZE, probes, "probes", 0, "random unit vectors; 0: there is no quadrature"),
    PLAIN(SIZE, steps, "steps", 0, "Lanczos steps of each"),
    ARRAY(SIZES, taken, "taken", EXTENT(offsetof(S, probes), BASIN_NO_EXTENT), 0,
          "steps taken; fewer where the Krylov space was exhausted"),
    ARRAY(DOUBLES, alpha, "alpha", EXTENT(offsetof(S, probes), offsetof(S, steps)), 0,
          "diagonals of the Jacobi matrices"),
    ARRAY(DOUBLES, beta, "beta", EXTENT(offsetof(S, probes), offsetof(S, steps)), 0,
          "off-diagonals; the last couples the step that was not taken"),
};
#undef S

static const basin_schema quadrature_schema = SCHEMA(basin_quadrature, quadrature_fields);

#define PLACES EXTENT(offsetof(S, count), BASIN_NO_EXTENT)
#define LOG_PLACES EXTENT(offsetof(S, log_count), BASIN_NO_EXTENT)
#define S basin_density
static const basin_field density_fields[] = {
    NESTED(STRUCT, trace, "trace", BASIN_NO_EXTENT, sum_schema, "of H"),
    NESTED(STRUCT, frobenius, "frobenius", BASIN_NO_EXTENT, sum_schema, "Frobenius norm of H"),
    PLAIN(DOUBLE, threshold, "threshold", 0, "near zero is |l| at most this"),
    NESTED(STRUCT, negative, "negative", BASIN_NO_EXTENT, sum_schema, "share below it"),
    NESTED(STRUCT, near_zero, "near_zero", BASIN_NO_EXTENT, sum_schema, "share near zero"),
    NESTED(STRUCT, positive, "positive", BASIN_NO_EXTENT, sum_schema, "share above it"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, at, "cumulative.at", PLACES, 0, "l, ascending"),
    ARRAY(DOUBLES, below, "cumulative.share", PLACES, 0, "of eigenvalues up to there"),
    ARRAY(DOUBLES, lower, "cumulative.lower", PLACES, 0, "95 % band"),
    ARRAY(DOUBLES, upper, "cumulative.upper", PLACES, 0, "95 % band"),
    PLAIN(SIZE, log_count, "log_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, log_at, "logarithmic.at", LOG_PLACES, 0, "|l|, ascending"),
    ARRAY(DOUBLES, log_positive, "logarithmic.positive", LOG_PLACES, 0,
          "share of eigenvalues per decade of |l|, those above 0, smoothed"),
    ARRAY(DOUBLES, log_positive_lower, "logarithmic.positive_lower", LOG_PLACES, 0, "95 % interval"),
    ARRAY(DOUBLES, log_positive_upper, "logarithmic.positive_upper", LOG_PLACES, 0, "95 % interval"),
    ARRAY(DOUBLES, log_negative, "logarithmic.negative", LOG_PLACES, 0, "of those below 0"),
    ARRAY(DOUBLES, log_negative_lower, "logarithmic.negative_lower", LOG_PLACES, 0, "95 % interval"),
    ARRAY(DOUBLES, log_negative_upper, "logarithmic.negative_upper", LOG_PLACES, 0, "95 % interval"),
    PLAIN(DOUBLE, log_width, "logarithmic.width", 0, "standard deviation of the smoothing, in decades"),
};
#undef S
#undef PLACES
#undef LOG_PLACES

static const basin_schema density_schema = SCHEMA(basin_density, density_fields);

#define S basin_split_loss
static const basin_field split_loss_fields[] = {
    PLAIN(STRING, split, "split", 0, "train, test, …"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(DOUBLE, accuracy, "accuracy", 0, "null where undefined"),
};
#undef S

static const basin_schema split_loss_schema = SCHEMA(basin_split_loss, split_loss_fields);

#define S basin_losses
static const basin_field losses_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, splits, "splits", offsetof(S, count), split_loss_schema, "of the data"),
};
#undef S

#define S basin_left_out
static const basin_field left_out_fields[] = {
    PLAIN(STRING, part, "part", BASIN_FIELD_OPTIONAL,
          "parameters that were measured; null: all of the network"),
    PLAIN(SIZE, network, "network", 0, "P of the network; 0: all of it was measured"),
    PLAIN(DOUBLE, rows2, "rows2", 0, "squared Frobenius norm of the part's rows, its own block included"),
    PLAIN(DOUBLE, rows2_error, "rows2_error", 0, "standard error"),
    PLAIN(DOUBLE, whole2, "whole2", 0, "squared Frobenius norm of the network's operator"),
    PLAIN(DOUBLE, whole2_error, "whole2_error", 0, "standard error"),
    PLAIN(DOUBLE, share, "share", 0, "of whole2 that the part's block leaves out"),
    PLAIN(DOUBLE, rows_share, "rows_share", 0, "of rows2 that the part's block leaves out"),
};
#undef S

static const basin_schema left_out_schema = SCHEMA(basin_left_out, left_out_fields);

#define S basin_spectrum
static const basin_field spectrum_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(DOUBLE, accuracy, "accuracy", 0, "null where undefined"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "Euclidean norm of the gradient"),
    CHOICE(operator_kind, "operator", operators, 0, "whose eigenvalues these are"),
    PLAIN(BOOL, preconditioned, "preconditioned", 0,
          "scaled on both sides by the saved second moments to the power -1/4"),
    CHOICE(method, "method", spectrum_methods, 0, "by which they were found; never auto"),
    PLAIN(BOOL, approximate, "approximate", 0, "products by differences of the gradient"),
    PLAIN(SIZE, count, "count", 0, "eigenvalues held"),
    ARRAY(DOUBLES, eigenvalues, "eigenvalues", EXTENT(offsetof(S, count), BASIN_NO_EXTENT), 0, "descending"),
    ARRAY(DOUBLES, residuals, "residuals", EXTENT(offsetof(S, count), BASIN_NO_EXTENT), 0,
          "|Hq - lambda q|, dense: an upper bound"),
    ARRAY(DOUBLES, gaps, "gaps", EXTENT(offsetof(S, count), BASIN_NO_EXTENT), 0,
          "to the nearest other eigenvalue held"),
    ARRAY(SIZES, multiplicity, "multiplicity", EXTENT(offsetof(S, count), BASIN_NO_EXTENT), 0,
          "how many of those held are equal to it within their errors, itself included; where the innermost "
          "pair of a truncated end is among them, or it is not verified, as many at least"),
    PLAIN(SIZE, top, "top", 0, "truncated: how many of the largest"),
    PLAIN(SIZE, bottom, "bottom", 0, "truncated: how many of the smallest"),
    PLAIN(BOOL, converged, "converged", 0, "every residual within tolerance"),
    PLAIN(BOOL, verified, "verified", 0, "none is missing among those held, but for one chance in 10,000"),
    PLAIN(BOOL, no_proof, "no_proof", 0, "not verified, as was asked for by --no-proof"),
    PLAIN(DOUBLE, tolerance, "tolerance", 0, "relative to the norm of H"),
    PLAIN(SIZE, products, "products", 0, "products with H spent"),
    PLAIN(UINT, seed, "seed", 0, "of start vector and probes"),
    PLAIN(DOUBLE, frobenius2, "frobenius2", 0, "squared Frobenius norm of H"),
    PLAIN(DOUBLE, frobenius2_error, "frobenius2_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, frobenius2_upper, "frobenius2_upper", 0, "95 % upper confidence limit"),
    PLAIN(DOUBLE, trace, "trace", 0, "of H"),
    PLAIN(DOUBLE, trace_error, "trace_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, asymmetry, "asymmetry", 0, "|H - H^T|_F / |H|_F as computed; null if not dense"),
    PLAIN(DOUBLE, negative_mass, "negative_mass", 0,
          "sum of |negative eigenvalues| over sum of |eigenvalues|; null if not dense"),
    NESTED(STRUCT, stationarity, "stationarity", BASIN_NO_EXTENT, stationarity_schema,
           "what was found of a way down from this point"),
    PLAIN(DOUBLE, epsilon, "epsilon", 0, "relative rounding of a product"),
    NESTED(STRUCT, quadrature, "quadrature", BASIN_NO_EXTENT, quadrature_schema,
           "of what the pairs held leave over"),
    NESTED(STRUCT, density, "density", BASIN_NO_EXTENT, density_schema, "how all eigenvalues are spread"),
    PLAIN(SIZE, vector_count, "vector_count", BASIN_FIELD_HIDDEN, "eigenvectors held"),
    ARRAY(SIZES, vector_index, "vector_index", EXTENT(offsetof(S, vector_count), BASIN_NO_EXTENT),
          BASIN_FIELD_HIDDEN, "their eigenvalues"),
    ARRAY(DOUBLES, vectors, "vectors", EXTENT(offsetof(S, vector_count), offsetof(S, parameters)),
          BASIN_FIELD_HIDDEN, "unit eigenvectors"),
    NESTED(STRUCT, left_out, "left_out", BASIN_NO_EXTENT, left_out_schema,
           "what the block of a part of the network leaves out"),
    PLAIN(DOUBLE, ceiling, "ceiling", 0, "of Adam's stability, of a preconditioned Hessian; else null"),
};
#undef S

#define S basin_trace
static const basin_field trace_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    CHOICE(operator_kind, "operator", operators, 0, "whose trace this is"),
    PLAIN(BOOL, preconditioned, "preconditioned", 0,
          "scaled on both sides by the saved second moments to the power -1/4"),
    CHOICE(method, "method", trace_methods, 0, "of the estimate"),
    PLAIN(DOUBLE, value, "value", 0, "trace of H"),
    PLAIN(DOUBLE, error, "error", 0, "standard error"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % t-interval"),
    PLAIN(DOUBLE, upper, "upper", 0, "95 % t-interval"),
    PLAIN(SIZE, vectors, "vectors", 0, "random vectors averaged over"),
    PLAIN(SIZE, products, "products", 0, "products with H spent"),
    PLAIN(UINT, seed, "seed", 0, "of the random vectors"),
    PLAIN(SIZE, block_count, "block_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(STRINGS, blocks, "tensors.name", EXTENT(offsetof(S, block_count), BASIN_NO_EXTENT), 0,
          "of the parameters"),
    ARRAY(DOUBLES, block_trace, "tensors.trace", EXTENT(offsetof(S, block_count), BASIN_NO_EXTENT), 0,
          "sum of the diagonal of H over each"),
    ARRAY(DOUBLES, block_error, "tensors.error", EXTENT(offsetof(S, block_count), BASIN_NO_EXTENT), 0,
          "standard errors"),
};
#undef S

#define SWEEP EXTENT(offsetof(S, sweep_count), BASIN_NO_EXTENT)
#define RANKS EXTENT(offsetof(S, k_count), BASIN_NO_EXTENT)
#define S basin_sane
static const basin_field sane_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "Euclidean norm of the gradient"),
    CHOICE(operator_kind, "operator", operators, 0, "whose eigenvalues entered"),
    PLAIN(BOOL, preconditioned, "preconditioned", 0,
          "scaled on both sides by the saved second moments to the power -1/4"),
    CHOICE(method, "method", sane_methods, 0,
           "the eigenvalues that entered: all of them, the extreme ones, Ritz values of one Lanczos run, or "
           "pairs held and quadrature of the rest"),
    PLAIN(SIZE, eigenvalues, "eigenvalues", 0, "how many entered"),
    PLAIN(DOUBLE, value, "sane.value", 0, "sum of |l| / (|l| + kappa Lambda)"),
    PLAIN(DOUBLE, lower, "sane.lower", 0, "bound; estimated: calibrated 95 % interval"),
    PLAIN(DOUBLE, upper, "sane.upper", 0, "likewise"),
    PLAIN(DOUBLE, bound_lower, "sane.bound_lower", 0, "proven"),
    PLAIN(DOUBLE, bound_upper, "sane.bound_upper", 0, "proven"),
    NESTED(STRUCT, error, "sane.error", BASIN_NO_EXTENT, sum_schema, "of what the interval consists"),
    PLAIN(DOUBLE, kappa, "sane.kappa", 0, "cut-off as a fraction of Lambda"),
    PLAIN(SIZE, k, "sane.k", 0, "Lambda is the k-th largest |eigenvalue|"),
    PLAIN(DOUBLE, reference, "sane.reference", 0, "Lambda"),
    PLAIN(DOUBLE, n_eff, "n_eff.value", 0, "sum of |l| / (|l| + alpha)"),
    PLAIN(DOUBLE, n_eff_lower, "n_eff.lower", 0, "bound; estimated: calibrated 95 % interval"),
    PLAIN(DOUBLE, n_eff_upper, "n_eff.upper", 0, "likewise"),
    PLAIN(DOUBLE, n_eff_bound_lower, "n_eff.bound_lower", 0, "proven"),
    PLAIN(DOUBLE, n_eff_bound_upper, "n_eff.bound_upper", 0, "proven"),
    NESTED(STRUCT, n_eff_error, "n_eff.error", BASIN_NO_EXTENT, sum_schema, "of what the interval consists"),
    PLAIN(DOUBLE, alpha, "n_eff.alpha", 0, "cut-off of N_eff"),
    CHOICE(alpha_source, "n_eff.alpha_source", alpha_sources, 0, "where alpha comes from"),
    NESTED(STRUCT, llc, "llc", BASIN_NO_EXTENT, sum_schema,
           "quadratic local learning coefficient: half of N_eff at llc_alpha"),
    PLAIN(DOUBLE, llc_gamma, "llc_gamma", 0, "strength of its localisation"),
    PLAIN(DOUBLE, llc_alpha, "llc_alpha", 0, "gamma ln N / N"),
    PLAIN(SIZE, probes, "probes", 0, "of the quadrature; else 0"),
    PLAIN(SIZE, steps, "steps", 0, "of each probe"),
    PLAIN(SIZE, products, "products", 0, "products with H spent on the eigenvalues"),
    PLAIN(SIZE, sweep_count, "sweep_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, kappa_sweep, "sane.sweep.kappa", SWEEP, 0, "sensitivity: cut-offs"),
    ARRAY(DOUBLES, sane_sweep, "sane.sweep.value", SWEEP, 0, "SANE at each of them"),
    ARRAY(DOUBLES, sane_sweep_lower, "sane.sweep.lower", SWEEP, 0, "of its interval"),
    ARRAY(DOUBLES, sane_sweep_upper, "sane.sweep.upper", SWEEP, 0, "of its interval"),
    ARRAY(DOUBLES, alpha_sweep, "n_eff.sweep.alpha", SWEEP, 0, "sensitivity: cut-offs"),
    ARRAY(DOUBLES, n_eff_sweep, "n_eff.sweep.value", SWEEP, 0, "N_eff at each of them"),
    ARRAY(DOUBLES, n_eff_sweep_lower, "n_eff.sweep.lower", SWEEP, 0, "of its interval"),
    ARRAY(DOUBLES, n_eff_sweep_upper, "n_eff.sweep.upper", SWEEP, 0, "of its interval"),
    PLAIN(SIZE, k_count, "k_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(SIZES, k_sweep, "sane.ranks.k", RANKS, 0, "sensitivity: ranks of Lambda"),
    ARRAY(DOUBLES, sane_k_sweep, "sane.ranks.value", RANKS, 0, "SANE_k at each of them"),
    ARRAY(DOUBLES, sane_k_sweep_lower, "sane.ranks.lower", RANKS, 0, "of its interval"),
    ARRAY(DOUBLES, sane_k_sweep_upper, "sane.ranks.upper", RANKS, 0, "of its interval"),
    PLAIN(SIZE, ritz_steps, "ritz_steps", 0, "Lanczos steps of the ritz method; else 0"),
    PLAIN(UINT, seed, "seed", 0, "of the start vector"),
    NESTED(STRUCT, stationarity, "stationarity", BASIN_NO_EXTENT, stationarity_schema,
           "what was found of a way down from this point"),
    NESTED(STRUCT, left_out, "left_out", BASIN_NO_EXTENT, left_out_schema,
           "what the block of a part of the network leaves out"),
};
#undef S

#define S basin_diagonal_block
static const basin_field diagonal_block_fields[] = {
    PLAIN(STRING, name, "name", 0, "of the layer or tensor"),
    PLAIN(SIZE, parameters, "parameters", 0, "in it"),
    CHOICE(method, "method", spectrum_methods, 0, "by which its eigenvalues were found"),
    PLAIN(DOUBLE, trace, "trace", 0, "of the block"),
    PLAIN(DOUBLE, trace_error, "trace_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, frobenius2, "frobenius2", 0, "squared Frobenius norm of the block"),
    PLAIN(DOUBLE, frobenius2_error, "frobenius2_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, largest, "largest", 0, "eigenvalue"),
    PLAIN(DOUBLE, largest_residual, "largest_residual", 0, "its error at most"),
    PLAIN(DOUBLE, smallest, "smallest", 0, "eigenvalue"),
    PLAIN(DOUBLE, smallest_residual, "smallest_residual", 0, "its error at most"),
    PLAIN(DOUBLE, sane, "sane", 0, "of the block, by its own largest |eigenvalue|"),
    PLAIN(DOUBLE, sane_lower, "sane_lower", 0, "bound"),
    PLAIN(DOUBLE, sane_upper, "sane_upper", 0, "bound"),
    PLAIN(DOUBLE, rows2, "rows2", 0, "squared Frobenius norm of the block's rows through the whole operator"),
    PLAIN(DOUBLE, rows2_error, "rows2_error", 0, "standard error; 0 = exact"),
};
#undef S

static const basin_schema diagonal_block_schema = SCHEMA(basin_diagonal_block, diagonal_block_fields);

#define S basin_blocks
static const basin_field blocks_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "Euclidean norm of the gradient"),
    CHOICE(operator_kind, "operator", operators, 0, "whose diagonal blocks these are"),
    PLAIN(BOOL, preconditioned, "preconditioned", 0,
          "scaled on both sides by the saved second moments to the power -1/4"),
    CHOICE(by, "by", blocks_by, 0, "what a block is"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, blocks, "blocks", offsetof(S, count), diagonal_block_schema, "in order"),
    PLAIN(DOUBLE, trace, "trace", 0, "of all of the operator"),
    PLAIN(DOUBLE, trace_error, "trace_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, frobenius2, "frobenius2", 0, "squared Frobenius norm of all of the operator"),
    PLAIN(DOUBLE, frobenius2_error, "frobenius2_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, left_out, "left_out", 0, "share of that which the blocks leave out"),
    PLAIN(DOUBLE, left_out_error, "left_out_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, kappa, "kappa", 0, "of SANE"),
    PLAIN(SIZE, products, "products", 0, "spent"),
    PLAIN(UINT, seed, "seed", 0, "of start vectors and probes"),
};
#undef S

#define S basin_batch_row
static const basin_field batch_row_fields[] = {
    PLAIN(DOUBLE, loss, "loss", 0, "of the batch"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "of the batch"),
    PLAIN(DOUBLE, lambda_max, "lambda_max", 0, "of the batch"),
    PLAIN(DOUBLE, lambda_max_residual, "lambda_max_residual", 0, "its error at most"),
    PLAIN(BOOL, verified, "verified", 0, "that none is larger, but for one chance in 10,000"),
    PLAIN(DOUBLE, trace, "trace", 0, "of the batch; null if not asked for"),
    PLAIN(DOUBLE, trace_error, "trace_error", 0, "standard error; 0 = exact"),
    PLAIN(DOUBLE, sane, "sane", 0, "of the batch; null if not asked for"),
    PLAIN(DOUBLE, sane_lower, "sane_lower", 0, "bound"),
    PLAIN(DOUBLE, sane_upper, "sane_upper", 0, "bound"),
    PLAIN(DOUBLE, sharpness, "sharpness", 0,
          "g.Hg / g.g of the batch's own gradient and Hessian; null where g = 0"),
    PLAIN(DOUBLE, momentum, "momentum", 0, "s.Hs / s.g with s = beta v + g; null without a momentum"),
};
#undef S

static const basin_schema batch_row_schema = SCHEMA(basin_batch_row, batch_row_fields);

#define S basin_mean
static const basin_field mean_fields[] = {
    PLAIN(SIZE, count, "count", 0, "batches it is over"),
    PLAIN(DOUBLE, mean, "mean", 0, "over the batches"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % interval of the mean by Student's t"),
    PLAIN(DOUBLE, upper, "upper", 0, "95 % interval of the mean by Student's t"),
    PLAIN(DOUBLE, deviation, "deviation", 0, "standard deviation over the batches"),
    PLAIN(DOUBLE, least, "least", 0, "of the batches"),
    PLAIN(DOUBLE, median, "median", 0, "of the batches"),
    PLAIN(DOUBLE, most, "most", 0, "of the batches"),
};
#undef S

static const basin_schema mean_schema = SCHEMA(basin_mean, mean_fields);

#define S basin_batches
static const basin_field batches_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N that the batches are drawn from"),
    PLAIN(SIZE, batch_size, "batch_size", 0, "samples of a batch"),
    PLAIN(DOUBLE, loss, "loss", 0, "of all samples"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "of all samples"),
    CHOICE(operator_kind, "operator", operators, 0,
           "of lambda_max, trace and SANE; sharpness is the Hessian's"),
    PLAIN(BOOL, preconditioned, "preconditioned", 0,
          "scaled on both sides by the saved second moments to the power -1/4"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, rows, "rows", offsetof(S, count), batch_row_schema, "one for each batch"),
    NESTED(STRUCT, lambda_max, "lambda_max", BASIN_NO_EXTENT, mean_schema, "largest eigenvalue"),
    NESTED(STRUCT, trace, "trace", BASIN_NO_EXTENT, mean_schema, "trace"),
    NESTED(STRUCT, sane, "sane", BASIN_NO_EXTENT, mean_schema, "SANE"),
    NESTED(STRUCT, sharpness, "sharpness", BASIN_NO_EXTENT, mean_schema, "batch sharpness"),
    NESTED(STRUCT, momentum, "momentum", BASIN_NO_EXTENT, mean_schema, "batch sharpness along the step"),
    PLAIN(DOUBLE, ratio, "ratio.value", 0, "mean of g.Hg over mean of g.g"),
    PLAIN(DOUBLE, ratio_lower, "ratio.lower", 0, "95 % interval, by the jackknife"),
    PLAIN(DOUBLE, ratio_upper, "ratio.upper", 0, "95 % interval, by the jackknife"),
    PLAIN(DOUBLE, whole_lambda_max, "whole_lambda_max", 0, "of all samples"),
    PLAIN(DOUBLE, whole_residual, "whole_residual", 0, "its error at most"),
    PLAIN(BOOL, whole_verified, "whole_verified", 0, "that none is larger, but for one chance in 10,000"),
    PLAIN(SIZE, verified, "verified", 0, "batches whose largest eigenvalue is verified"),
    PLAIN(SIZE, without_gradient, "without_gradient", 0, "batches of gradient 0, which have no sharpness"),
    PLAIN(DOUBLE, learning_rate, "learning_rate", 0, "as recorded"),
    PLAIN(DOUBLE, beta, "beta", 0, "momentum as recorded"),
    PLAIN(DOUBLE, ceiling, "ceiling", 0, "2 / learning_rate"),
    PLAIN(DOUBLE, ceiling_small, "ceiling_small", 0, "2 (1 - beta) / learning_rate: small batches"),
    PLAIN(DOUBLE, ceiling_large, "ceiling_large", 0, "2 (1 + beta) / learning_rate: large batches"),
    PLAIN(DOUBLE, kappa, "kappa", 0, "of SANE"),
    PLAIN(UINT, seed, "seed", 0, "of the batches"),
};
#undef S

#undef SWEEP
#undef RANKS

#define S basin_axis
static const basin_field axis_fields[] = {
    CHOICE(kind, "kind", directions, 0, "of the direction; other: a vector of the caller's own"),
    PLAIN(STRING, direction, "direction", 0, "as asked for"),
    PLAIN(STRING, definition, "definition", BASIN_FIELD_OPTIONAL, "one line"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, coordinates, "coordinates", EXTENT(offsetof(S, count), BASIN_NO_EXTENT), 0,
          "multiples of the direction"),
    PLAIN(DOUBLE, norm, "norm", 0, "of the direction as used"),
    PLAIN(DOUBLE, natural_norm, "natural_norm", 0, "before scaling"),
    PLAIN(DOUBLE, slope, "slope", 0, "g.d at the centre"),
    PLAIN(DOUBLE, curvature, "curvature", 0, "d.Hd at the centre"),
    PLAIN(DOUBLE, eigenvalue, "eigenvalue", 0, "of eigen directions"),
    PLAIN(DOUBLE, residual, "residual", 0, "of eigen directions"),
    PLAIN(DOUBLE, explained, "explained", 0,
          "of pca directions: share of the checkpoints' squared distances"),
    PLAIN(DOUBLE, end_at, "end_at", 0, "of to:OTHER: the coordinate where OTHER's weights are"),
    PLAIN(DOUBLE, end_loss, "end_loss", 0, "the loss there, on the first split"),
    PLAIN(DOUBLE, end_own, "end_own", 0, "the loss of OTHER itself"),
    PLAIN(DOUBLE, start_own, "start_own", 0, "the loss of this checkpoint itself"),
    PLAIN(BOOL, reached, "reached", 0, "end_loss and end_own agree to rounding: OTHER itself is at end_at"),
};
#undef S

static const basin_schema axis_schema = SCHEMA(basin_axis, axis_fields);

#define S basin_surface
static const basin_field surface_fields[] = {
    PLAIN(STRING, split, "split", 0, "name of the split"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(SIZE, rows, "rows", BASIN_FIELD_HIDDEN, "second direction; 1 for a 1-D slice"),
    PLAIN(SIZE, columns, "columns", BASIN_FIELD_HIDDEN, "first direction"),
    ARRAY(DOUBLES, loss, "loss", EXTENT(offsetof(S, rows), offsetof(S, columns)), 0, "mean loss"),
    ARRAY(DOUBLES, accuracy, "accuracy", EXTENT(offsetof(S, rows), offsetof(S, columns)), 0,
          "in [0, 1]; null where undefined"),
    PLAIN(DOUBLE, centre_loss, "centre_loss", 0, "at coordinate 0"),
    PLAIN(DOUBLE, centre_accuracy, "centre_accuracy", 0, "at coordinate 0"),
};
#undef S

static const basin_schema surface_schema = SCHEMA(basin_surface, surface_fields);

#define S basin_path_point
static const basin_field path_point_fields[] = {
    PLAIN(STRING, file, "file", 0, "the checkpoint"),
    PLAIN(INT, step, "step", BASIN_FIELD_UNKNOWN, "of its training"),
    PLAIN(DOUBLE, across, "across", 0, "first coordinate of its projection on the plane"),
    PLAIN(DOUBLE, up, "up", 0, "second coordinate"),
    PLAIN(DOUBLE, distance, "distance", 0, "from the plane, in parameter space"),
    PLAIN(DOUBLE, loss, "loss", 0, "of the checkpoint itself, on the first split"),
    PLAIN(DOUBLE, projected, "projected", 0, "the loss on the plane where it falls"),
};
#undef S

static const basin_schema path_point_schema = SCHEMA(basin_path_point, path_point_fields);

#define S basin_path
static const basin_field path_fields[] = {
    PLAIN(STRING, name, "name", 0, "of the run, as typed"),
    PLAIN(STRING, method, "method", BASIN_FIELD_OPTIONAL, "of its training"),
    PLAIN(BOOL, joined, "joined", 0, "checkpoints of one training in its order; else single ones"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, points, "points", offsetof(S, count), path_point_schema, "its checkpoints"),
};
#undef S

static const basin_schema path_schema = SCHEMA(basin_path, path_fields);

#define S basin_adaptive_split
static const basin_field adaptive_split_fields[] = {
    PLAIN(DOUBLE, tolerance, "tolerance", 0, "in units of the loss"),
    PLAIN(DOUBLE, range, "range", 0, "largest less least finite loss at the points"),
    PLAIN(SIZE, points, "points", BASIN_FIELD_HIDDEN, ""),
    PLAIN(SIZE, cells, "cells", BASIN_FIELD_HIDDEN, ""),
    PLAIN(SIZE, rows, "rows", BASIN_FIELD_HIDDEN, ""),
    PLAIN(SIZE, columns, "columns", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, loss, "loss", EXTENT(offsetof(S, points), BASIN_NO_EXTENT), 0, "mean loss at the points"),
    ARRAY(DOUBLES, accuracy, "accuracy", EXTENT(offsetof(S, points), BASIN_NO_EXTENT), 0,
          "in [0, 1] at the points; null where undefined"),
    ARRAY(DOUBLES, cell_error, "cell_error", EXTENT(offsetof(S, cells), BASIN_NO_EXTENT), 0,
          "estimate of the largest error of the interpolation in each cell; 0 where the whole grid in it was "
          "evaluated, null where no loss is finite"),
    ARRAY(DOUBLES, error, "error", EXTENT(offsetof(S, rows), offsetof(S, columns)), 0,
          "the same at the points of the grid"),
    PLAIN(DOUBLE, largest_error, "largest_error", 0, "of those"),
    PLAIN(DOUBLE, held_out_error, "held_out_error", 0,
          "largest difference of interpolation and loss at the points held out"),
    PLAIN(SIZE, held_out_missed, "held_out_missed", 0,
          "points held out that lay beyond the estimate when they were first compared"),
};
#undef S

static const basin_schema adaptive_split_schema = SCHEMA(basin_adaptive_split, adaptive_split_fields);

#define S basin_adaptive
static const basin_field adaptive_fields[] = {
    PLAIN(DOUBLE, tolerance, "tolerance", 0, "as asked for"),
    PLAIN(BOOL, absolute, "absolute", 0, "in units of the loss; if not, a share of the range of the losses"),
    PLAIN(SIZE, most, "most", 0, "evaluations that it does not exceed"),
    PLAIN(SIZE, axes, "axes", BASIN_FIELD_HIDDEN, ""),
    PLAIN(SIZE, points, "points", 0, "points evaluated that the grid is interpolated from or has"),
    ARRAY(DOUBLES, coordinates, "coordinates", EXTENT(offsetof(S, points), offsetof(S, axes)), 0,
          "of the points, multiples of the directions"),
    PLAIN(SIZE, cells, "cells", 0, "cells with an interpolation of their own"),
    ARRAY(DOUBLES, from, "from", EXTENT(offsetof(S, cells), offsetof(S, axes)), 0,
          "where the cells begin, along each direction"),
    ARRAY(DOUBLES, to, "to", EXTENT(offsetof(S, cells), offsetof(S, axes)), 0, "where they end"),
    PLAIN(SIZE, held_out, "held_out", 0, "further points evaluated, which only test the estimate"),
    PLAIN(SIZE, split_count, "split_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, splits, "splits", offsetof(S, split_count), adaptive_split_schema,
           "one for each of the surfaces"),
};
#undef S

static const basin_schema adaptive_schema = SCHEMA(basin_adaptive, adaptive_fields);

#define S basin_convexity
#define PLACES EXTENT(offsetof(S, rows), offsetof(S, columns))
static const basin_field convexity_fields[] = {
    PLAIN(SIZE, rows, "rows", BASIN_FIELD_HIDDEN, ""),
    PLAIN(SIZE, columns, "columns", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, across, "across", EXTENT(offsetof(S, columns), BASIN_NO_EXTENT), 0,
          "coordinates along the first direction"),
    ARRAY(DOUBLES, up, "up", EXTENT(offsetof(S, rows), BASIN_NO_EXTENT), 0, "along the second; 0 on a line"),
    ARRAY(DOUBLES, largest, "largest", PLACES, 0, "largest eigenvalue"),
    ARRAY(DOUBLES, largest_residual, "largest_residual", PLACES, 0, "its residual"),
    ARRAY(DOUBLES, smallest, "smallest", PLACES, 0, "smallest eigenvalue"),
    ARRAY(DOUBLES, smallest_residual, "smallest_residual", PLACES, 0, "its residual"),
    ARRAY(DOUBLES, ratio, "ratio", PLACES, 0, "|smallest / largest|; null where largest is not above 0"),
    ARRAY(DOUBLES, ratio_error, "ratio_error", PLACES, 0, "by the residuals"),
    PLAIN(SIZE, verified, "verified", 0, "points where no eigenvalue lies beyond these, as far as is known"),
    PLAIN(SIZE, products, "products", 0, "products with H in all"),
};
#undef PLACES
#undef S

static const basin_schema convexity_schema = SCHEMA(basin_convexity, convexity_fields);

#define S basin_slice
static const basin_field slice_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, axis_count, "axis_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, axes, "axes", offsetof(S, axis_count), axis_schema, "one or two directions"),
    PLAIN(SIZE, surface_count, "surface_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, surfaces, "surfaces", offsetof(S, surface_count), surface_schema, "one for each split"),
    PLAIN(DOUBLE, cosine, "cosine", 0, "between the two directions"),
    ARRAY(DOUBLES, momentum_cosines, "momentum_cosines", EXTENT(offsetof(S, axis_count), BASIN_NO_EXTENT), 0,
          "with the momentum"),
    ARRAY(DOUBLES, gradient_cosines, "gradient_cosines", EXTENT(offsetof(S, axis_count), BASIN_NO_EXTENT), 0,
          "with the gradient"),
    PLAIN(SIZE, path_count, "path_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, paths, "paths", offsetof(S, path_count), path_schema, "runs beside the plane"),
    NESTED(STRUCT, stationarity, "stationarity", BASIN_NO_EXTENT, stationarity_schema,
           "what was found of a way down from this point"),
    PLAIN(SIZE, adaptive_count, "adaptive_count", BASIN_FIELD_HIDDEN | BASIN_FIELD_OPTIONAL, ""),
    NESTED(STRUCTS, adaptive, "adaptive", offsetof(S, adaptive_count), adaptive_schema,
           "with --tolerance: what the surfaces are interpolated from"),
    PLAIN(SIZE, convexity_count, "convexity_count", BASIN_FIELD_HIDDEN | BASIN_FIELD_OPTIONAL, ""),
    NESTED(STRUCTS, convexity, "convexity", offsetof(S, convexity_count), convexity_schema,
           "with --convexity: extreme eigenvalues over the range"),
};
#undef S

#define S basin_band_line
static const basin_field band_line_fields[] = {
    PLAIN(UINT, number, "number", 0, "seed, class, or number of the batch from 0"),
    PLAIN(SIZE, samples, "samples", 0, "that its losses are the mean of"),
    PLAIN(DOUBLE, norm, "norm", 0, "of its direction as used"),
    PLAIN(DOUBLE, centre_loss, "centre_loss", 0, "at coordinate 0"),
    PLAIN(DOUBLE, centre_accuracy, "centre_accuracy", 0, "at coordinate 0"),
};
#undef S

static const basin_schema band_line_schema = SCHEMA(basin_band_line, band_line_fields);

#define S basin_band
#define ALONG EXTENT(offsetof(S, count), BASIN_NO_EXTENT)
#define EACH EXTENT(offsetof(S, line_count), offsetof(S, count))
static const basin_field band_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N of the split"),
    PLAIN(STRING, split, "split", 0, "name of the split"),
    CHOICE(by, "by", band_by, 0, "what the lines differ in: random direction, or samples"),
    PLAIN(STRING, direction, "direction", 0, "as asked for"),
    PLAIN(STRING, definition, "definition", BASIN_FIELD_OPTIONAL, "one line"),
    PLAIN(SIZE, line_count, "line_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, lines, "lines", offsetof(S, line_count), band_line_schema,
           "one for each seed, class or batch"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, coordinates, "coordinates", ALONG, 0, "multiples of the direction"),
    ARRAY(DOUBLES, loss, "loss", EACH, 0, "mean loss of each line"),
    ARRAY(DOUBLES, accuracy, "accuracy", EACH, 0, "in [0, 1] of each line; null where undefined"),
    ARRAY(DOUBLES, mean, "mean", ALONG, 0, "of the losses over the lines"),
    ARRAY(DOUBLES, deviation, "deviation", ALONG, 0, "standard deviation over the lines"),
    ARRAY(DOUBLES, lower, "lower", ALONG, 0, "95 % of the mean, Student's t; null for classes"),
    ARRAY(DOUBLES, upper, "upper", ALONG, 0, "likewise"),
    ARRAY(DOUBLES, whole, "whole", ALONG, 0, "loss of all samples; null for seeds"),
    PLAIN(SIZE, batch_size, "batch_size", 0, "samples a batch; else 0"),
    PLAIN(UINT, seed, "seed", 0, "that batches are drawn with; else 0"),
};
#undef EACH
#undef ALONG
#undef S

#define S basin_connection_split
#define ALONG EXTENT(offsetof(S, points), BASIN_NO_EXTENT)
static const basin_field connection_split_fields[] = {
    PLAIN(STRING, split, "split", 0, "name of the split"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(SIZE, points, "points", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, loss, "loss", ALONG, 0, "mean loss along the path"),
    ARRAY(DOUBLES, accuracy, "accuracy", ALONG, 0, "in [0, 1]; null where undefined"),
    PLAIN(DOUBLE, barrier, "barrier", 0, "largest of L(t) - (1 - t) L(0) - t L(1) at the points"),
    PLAIN(DOUBLE, barrier_at, "barrier_at", 0, "t of it"),
    PLAIN(DOUBLE, barrier_error, "barrier_error", 0,
          "how much more may lie between the points: 1/8 of the largest second difference beside it"),
    PLAIN(DOUBLE, straight, "straight_barrier", 0,
          "barrier of the straight line from A to B at the same t, beside a trained curve; else null"),
    PLAIN(DOUBLE, straight_at, "straight_barrier_at", 0, "t of it"),
    PLAIN(DOUBLE, straight_error, "straight_barrier_error", 0,
          "how much more of it may lie between the points"),
};
#undef ALONG
#undef S

static const basin_schema connection_split_schema = SCHEMA(basin_connection_split, connection_split_fields);

#define S basin_alignment_group
static const basin_field alignment_group_fields[] = {
    PLAIN(STRING, name, "name", 0, "the layer or head"),
    PLAIN(SIZE, units, "units", 0, "that may change places"),
    PLAIN(SIZE, moved, "moved", 0, "that are elsewhere than they were"),
};
#undef S

static const basin_schema alignment_group_schema = SCHEMA(basin_alignment_group, alignment_group_fields);

#define S basin_alignment
static const basin_field alignment_fields[] = {
    PLAIN(UINT, seed, "seed", 0, "of the order of the groups"),
    PLAIN(SIZE, rounds, "rounds", 0, "over all groups; the last found nothing better"),
    PLAIN(DOUBLE, product_before, "product_before", 0, "inner product of A and B, which is maximised"),
    PLAIN(DOUBLE, product_after, "product_after", 0, "a local maximum"),
    PLAIN(DOUBLE, distance_before, "distance_before", 0, "norm of A - B"),
    PLAIN(DOUBLE, distance_after, "distance_after", 0, "of A and B aligned"),
    PLAIN(DOUBLE, difference, "difference", 0,
          "largest difference of an output of B and of B aligned, over the samples"),
    PLAIN(DOUBLE, magnitude, "magnitude", 0, "largest magnitude of an output of B"),
    PLAIN(SIZE, held, "held", 0, "hidden units that had to stay"),
    PLAIN(SIZE, group_count, "group_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, groups, "groups", offsetof(S, group_count), alignment_group_schema,
           "of units that may change places"),
};
#undef S

const basin_schema basin_alignment_schema = SCHEMA(basin_alignment, alignment_fields);

#define S basin_connection
#define ALONG EXTENT(offsetof(S, points), BASIN_NO_EXTENT)
static const basin_field connection_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    CHOICE(curve, "curve", curves, 0, "from A to B; bezier and polygon by a trained point C"),
    PLAIN(STRING, from, "from", 0, "A"),
    PLAIN(STRING, to, "to", 0, "B"),
    PLAIN(DOUBLE, distance, "distance", 0, "norm of B - A"),
    PLAIN(DOUBLE, length, "length", 0, "of the curve, by its points"),
    PLAIN(DOUBLE, end_own, "end_own", 0, "loss of B by a network of its own, on the first split"),
    PLAIN(SIZE, points, "points", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, t, "t", ALONG, 0, "evenly from 0 to 1"),
    ARRAY(DOUBLES, moved, "moved", ALONG, 0, "distance from A"),
    PLAIN(SIZE, split_count, "split_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, splits, "splits", offsetof(S, split_count), connection_split_schema,
           "one for each split"),
    PLAIN(SIZE, steps, "steps", 0, "of the training of C; 0 of a line"),
    PLAIN(DOUBLE, learning_rate, "learning_rate", 0, "of it"),
    PLAIN(DOUBLE, momentum, "momentum", 0, "of it"),
    PLAIN(UINT, seed, "seed", 0, "that its t are drawn with"),
    PLAIN(DOUBLE, trained_from, "trained_from", 0, "mean loss at the t of the first tenth of its steps"),
    PLAIN(DOUBLE, trained_to, "trained_to", 0, "of the last tenth"),
    PLAIN(SIZE, alignment_count, "alignment_count", BASIN_FIELD_HIDDEN | BASIN_FIELD_OPTIONAL, ""),
    NESTED(STRUCTS, alignment, "alignment", offsetof(S, alignment_count), basin_alignment_schema,
           "with --align: how B's units were given the places of A's"),
};
#undef ALONG
#undef S

#define S basin_rise
static const basin_field rise_fields[] = {
    CHOICE(direction, "name", rise_directions, 0, "the direction d"),
    PLAIN(UINT, seed, "seed", 0, "of a random direction; else 0"),
    PLAIN(STRING, definition, "definition", BASIN_FIELD_OPTIONAL, "one line"),
    PLAIN(STRING, split, "split", BASIN_FIELD_OPTIONAL, "on which the loss is taken"),
    PLAIN(DOUBLE, rho, "rho", 0, "signed radius"),
    PLAIN(DOUBLE, value, "value", 0, "L(theta + rho d) - L(theta) = slope + symmetric"),
    PLAIN(DOUBLE, slope, "slope", 0, "its odd part: half of L(theta + rho d) - L(theta - rho d)"),
    PLAIN(DOUBLE, symmetric, "symmetric", 0,
          "its even part, of curvature: half of L(theta + rho d) + L(theta - rho d), less L(theta)"),
    PLAIN(DOUBLE, loss, "loss", 0, "L(theta + rho d)"),
};
#undef S

static const basin_schema rise_schema = SCHEMA(basin_rise, rise_fields);

#define S basin_sharpness
static const basin_field sharpness_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "Euclidean norm of the gradient"),
    PLAIN(DOUBLE, momentum_norm, "momentum_norm", 0, "null if not saved"),
    PLAIN(DOUBLE, momentum_gradient_cosine, "momentum_gradient_cosine", 0, "cos(v, g)"),
    PLAIN(DOUBLE, momentum_top_cosine2, "momentum_top_cosine2", 0, "cos^2(v, top eigenvector)"),
    PLAIN(DOUBLE, gradient_top_cosine2, "gradient_top_cosine2", 0, "cos^2(g, top eigenvector)"),
    PLAIN(SIZE, rise_count, "rise_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, rises, "measures", offsetof(S, rise_count), rise_schema, "one for each name and radius"),
    NESTED(STRUCT, stationarity, "stationarity", BASIN_NO_EXTENT, stationarity_schema,
           "what was found of a way down from this point"),
};
#undef S

#define S basin_sharpness_row
static const basin_field sharpness_row_fields[] = {
    CHOICE(measure, "measure", sharpness_measures, 0, "docs/measures.md has its definition"),
    PLAIN(DOUBLE, rho, "rho", 0, "radius; null where the measure has none"),
    CHOICE(number, "number", sharpness_numbers, 0, "what kind of number the value is"),
    PLAIN(DOUBLE, value, "value", 0, "null where missing says why"),
    PLAIN(DOUBLE, error, "error", 0, "standard error of a sampled value; null of others"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % interval of a sampled value; null where there is no end"),
    PLAIN(DOUBLE, upper, "upper", 0, "likewise"),
    PLAIN(STRING, part, "part", BASIN_FIELD_OPTIONAL, "tensor of the layer that it is of"),
    PLAIN(STRING, missing, "missing", BASIN_FIELD_OPTIONAL, "why there is no value"),
    PLAIN(STRING, settings, "settings", BASIN_FIELD_OPTIONAL, "in words"),
    PLAIN(SIZE, steps, "steps", 0, "of an ascent; 0 where it takes none"),
    PLAIN(SIZE, batches, "batches", 0, "0: all samples together"),
    PLAIN(SIZE, batch_size, "batch_size", 0, "samples of a batch"),
    PLAIN(SIZE, draws, "draws", 0, "random perturbations; 0 where it takes none"),
    PLAIN(SIZE, not_finite, "not_finite", 0, "draws or batches without a finite value"),
    PLAIN(SIZE, gradients, "gradients", 0, "evaluations, over all samples or one batch"),
    PLAIN(SIZE, losses, "losses", 0, "likewise"),
    PLAIN(SIZE, products, "products", 0, "likewise"),
};
#undef S

static const basin_schema sharpness_row_schema = SCHEMA(basin_sharpness_row, sharpness_row_fields);

#define S basin_sharpness_table
static const basin_field sharpness_table_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(STRING, split, "split", BASIN_FIELD_OPTIONAL, "train, test, …"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(DOUBLE, accuracy, "accuracy", 0, "null where undefined"),
    PLAIN(DOUBLE, gradient_norm, "gradient_norm", 0, "Euclidean norm of the gradient, without weight decay"),
    PLAIN(UINT, seed, "seed", 0, "of batches, draws and restarts"),
    PLAIN(SIZE, row_count, "row_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, rows, "rows", offsetof(S, row_count), sharpness_row_schema,
           "one for each measure and radius"),
};
#undef S

#define S basin_change
static const basin_field change_fields[] = {
    CHOICE(symmetry, "symmetry", symmetries, 0, "which kind of change"),
    PLAIN(DOUBLE, factor, "factor", 0, "f, F of units, a of bases, or the number of a permutation"),
    PLAIN(DOUBLE, outputs, "outputs", 0,
          "largest difference of an output, over the largest magnitude of one"),
    PLAIN(DOUBLE, loss, "loss", 0, "after the change"),
    PLAIN(STRING, missing, "missing", BASIN_FIELD_OPTIONAL, "why it cannot be made"),
};
#undef S

static const basin_schema change_schema = SCHEMA(basin_change, change_fields);

#define S basin_invariance_row
#define EACH EXTENT(offsetof(S, count), BASIN_NO_EXTENT)
static const basin_field invariance_row_fields[] = {
    PLAIN(STRING, measure, "measure", 0, "of a row of track, or a measure of sharpness"),
    PLAIN(STRING, part, "part", BASIN_FIELD_OPTIONAL, "tensor that it is of"),
    PLAIN(DOUBLE, rho, "rho", 0, "radius; null where the measure has none"),
    CHOICE(symmetry, "symmetry", symmetries, 0, "the kind of change"),
    CHOICE(verdict, "verdict", invariance_verdicts, 0, "by this measurement"),
    CHOICE(known, "known", symmetrics, BASIN_FIELD_UNKNOWN,
           "as docs/measures.md has it; layers: where whole layers change alike; plain: without attention"),
    PLAIN(DOUBLE, value, "value", 0, "at the weights as they are"),
    PLAIN(DOUBLE, error, "error", 0, "half-width of its interval; 0 where it is exact or a lower bound"),
    PLAIN(DOUBLE, change, "change", 0, "largest relative change"),
    PLAIN(DOUBLE, at, "at", 0, "factor of it"),
    PLAIN(DOUBLE, noise, "noise", 0,
          "largest relative change under other seeds and, as a control, permutations"),
    PLAIN(DOUBLE, tolerance, "tolerance", 0, "relative change that counts as rounding"),
    PLAIN(STRING, missing, "missing", BASIN_FIELD_OPTIONAL, "why there is no value"),
    PLAIN(SIZE, count, "count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(DOUBLES, factors, "factors", EACH, 0, "of the changes"),
    ARRAY(DOUBLES, values, "values", EACH, 0, "after them; null where there is none"),
    ARRAY(DOUBLES, errors, "errors", EACH, 0, "half-widths of their intervals"),
};
#undef EACH
#undef S

static const basin_schema invariance_row_schema = SCHEMA(basin_invariance_row, invariance_row_fields);

#define S basin_invariances
static const basin_field invariances_fields[] = {
    PLAIN(STRING, network, "network", BASIN_FIELD_OPTIONAL | BASIN_FIELD_HIDDEN,
          "input, parameters and nodes with their attributes"),
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(STRING, split, "split", BASIN_FIELD_OPTIONAL, "train, test, …"),
    PLAIN(DOUBLE, loss, "loss", 0, "mean loss"),
    PLAIN(UINT, seed, "seed", 0, "of the changes and of every draw"),
    PLAIN(SIZE, held, "held", 0, "hidden units that had to stay"),
    PLAIN(SIZE, change_count, "change_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, changes, "changes", offsetof(S, change_count), change_schema,
           "of the weights, which leave the function alone"),
    PLAIN(SIZE, row_count, "row_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, rows, "rows", offsetof(S, row_count), invariance_row_schema,
           "one for each measure and kind of change"),
};
#undef S

#define S basin_value
static const basin_field value_fields[] = {
    PLAIN(DOUBLE, value, "value", 0, "null where it is unknown or undefined"),
    PLAIN(DOUBLE, lower, "lower", 0, "end of its interval; null where there is none"),
    PLAIN(DOUBLE, upper, "upper", 0, "end of its interval; null where there is none"),
    CHOICE(
        interval, "interval", intervals, 0,
        "what the ends are: value -+ the residual of an eigenvalue, bounds, or value -+ one standard error"),
};
#undef S

static const basin_schema value_schema = SCHEMA(basin_value, value_fields);

static const basin_field measure_fields[] = {
#define BASIN_MEASURE(id, axis, dimension, from, to, question, what, group, meaning, ...) \
    {.name = #id,                                                                         \
     .type = BASIN_FIELD_STRUCT,                                                          \
     .offset = BASIN_MEASURE_##id * sizeof(basin_value),                                  \
     .extent = NO_EXTENTS,                                                                \
     .schema = &value_schema,                                                             \
     .text = meaning},
#include "basin_measures.h"
};

static const basin_schema measures_schema = {.name = "measures",
                                             .size = BASIN_MEASURES * sizeof(basin_value),
                                             .fields = measure_fields,
                                             .count = BASIN_MEASURES};

#define S basin_turning
static const basin_field turning_fields[] = {
    PLAIN(INT, since, "since", BASIN_FIELD_UNKNOWN, "step of the measured checkpoint before this one"),
    PLAIN(INT, until, "until", BASIN_FIELD_UNKNOWN, "step of the last one of the run; null: this is it"),
    PLAIN(SIZE, dimension, "dimension", 0, "k; 0: not measured"),
    PLAIN(DOUBLE, top, "top", 0,
          "degrees from the first top eigenvector there to that here; null: not separated"),
    PLAIN(DOUBLE, whole, "whole", 0, "largest angle between the spans of the first k"),
    PLAIN(DOUBLE, last_top, "last_top", 0, "the same against the last one"),
    PLAIN(DOUBLE, last_whole, "last_whole", 0, "the same against the last one"),
};
#undef S

static const basin_schema turning_schema = SCHEMA(basin_turning, turning_fields);

#define S basin_turn
static const basin_field turn_fields[] = {
    PLAIN(SIZE, row, "row", 0, "index into rows"),
    PLAIN(SIZE, dimension, "dimension", 0, "d: of the span of the first d top eigenvectors"),
    PLAIN(DOUBLE, angle, "angle", 0,
          "degrees, largest between the span here and at the checkpoint before; null: not separated"),
    PLAIN(DOUBLE, error, "error", 0, "degrees by which it may be off, residual over gap"),
    PLAIN(DOUBLE, similarity, "similarity", 0, "cos(|angles| / sqrt d): 1 equal, 0 orthogonal"),
    PLAIN(DOUBLE, last_angle, "last_angle", 0, "the same against the last checkpoint of the run"),
    PLAIN(DOUBLE, last_error, "last_error", 0, "the same against the last checkpoint of the run"),
    PLAIN(DOUBLE, last_similarity, "last_similarity", 0, "the same against the last checkpoint of the run"),
};
#undef S

static const basin_schema turn_schema = SCHEMA(basin_turn, turn_fields);

#define S basin_layer
static const basin_field layer_fields[] = {
    PLAIN(SIZE, row, "row", 0, "index into rows"),
    PLAIN(STRING, name, "name", 0, "of the layer"),
    PLAIN(DOUBLE, gradient, "gradient", 0, "its share of the squared norm of the gradient"),
    PLAIN(DOUBLE, gradient_energy, "gradient_energy", 0,
          "what of gradient_top_energy is in it: over the layers they sum up to that"),
    PLAIN(DOUBLE, momentum, "momentum", 0, "its share of the squared norm of the momentum"),
    PLAIN(DOUBLE, momentum_energy, "momentum_energy", 0, "what of momentum_top_energy is in it"),
};
#undef S

static const basin_schema layer_schema = SCHEMA(basin_layer, layer_fields);

#define S basin_row
static const basin_field row_fields[] = {
    PLAIN(STRING, run, "run", BASIN_FIELD_OPTIONAL, "folder"),
    PLAIN(STRING, checkpoint, "checkpoint", BASIN_FIELD_OPTIONAL, "file"),
    PLAIN(STRING, method, "method", BASIN_FIELD_OPTIONAL, "training method"),
    PLAIN(STRING, missing, "missing", BASIN_FIELD_OPTIONAL, "why it could not be measured; null if it could"),
    CHOICE(point, "point", points, 0, "of the checkpoint, at which it was measured"),
    PLAIN(SIZE, part, "part", 0, "0: all training samples asked for; 1, 2: a random half of these"),
    PLAIN(DOUBLE, at_loss, "at_loss", 0,
          "interpolated to this training loss between two checkpoints; null: measured at one"),
    CHOICE(weights, "weights", weights_, BASIN_FIELD_UNKNOWN,
           "of the checkpoint, with its perturbation or without; never mixed"),
    PLAIN(INT, seed, "seed", BASIN_FIELD_UNKNOWN, "training seed"),
    PLAIN(INT, step, "step", BASIN_FIELD_UNKNOWN, "training step"),
    PLAIN(DOUBLE, epoch, "epoch", 0, "training epoch"),
    PLAIN(INT, gradient_evaluations, "gradient_evaluations", BASIN_FIELD_UNKNOWN, "so far"),
    PLAIN(DOUBLE, seconds, "seconds", 0, "wall seconds of training, as recorded"),
    PLAIN(DOUBLE, learning_rate, "learning_rate", 0, "at this step"),
    PLAIN(DOUBLE, momentum, "momentum", 0, "coefficient"),
    PLAIN(DOUBLE, rho, "rho", 0, "perturbation radius of the method"),
    PLAIN(DOUBLE, weight_decay, "weight_decay", 0, "coefficient"),
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(SIZE, split_samples, "split_samples", 0, "samples that the training split has"),
    PLAIN(SIZE, test_samples, "test_samples", 0, "samples of the test split used"),
    NESTED(STRUCT, measures, "measures", BASIN_NO_EXTENT, measures_schema,
           "each with the ends of its interval"),
    NESTED(STRUCT, stationarity, "stationarity", BASIN_NO_EXTENT, stationarity_schema,
           "what was found of a way down from this point"),
    PLAIN(DOUBLE, alpha, "alpha", 0, "of n_eff"),
    PLAIN(DOUBLE, sharpness_rho, "sharpness_rho", 0, "radius of all rises, the same for every row"),
    PLAIN(DOUBLE, subspace, "subspace", 0, "k of gradient_top_energy and momentum_top_energy"),
    PLAIN(DOUBLE, batch_samples, "batch_samples", 0, "of each mini-batch of batch_sharpness"),
    PLAIN(INT, batch_size, "batch_size", BASIN_FIELD_UNKNOWN,
          "of training; 0 = full batch, which the ceiling supposes"),
    PLAIN(STRING, network, "network", BASIN_FIELD_OPTIONAL | BASIN_FIELD_HIDDEN,
          "input, parameters and nodes with their attributes"),
    PLAIN(STRING, loss_function, "loss_function", BASIN_FIELD_OPTIONAL, "in full"),
    PLAIN(STRING, data_digest, "data_digest", BASIN_FIELD_OPTIONAL, "SHA-256 of the content of the data set"),
    CHOICE(spectrum_method, "spectrum_method", spectrum_methods, BASIN_FIELD_UNKNOWN,
           "of the eigenvalues; never auto"),
    NESTED(STRUCT, polish, "polish", BASIN_NO_EXTENT, polish_schema, "how a polished point was reached"),
    PLAIN(SIZE, averaged, "averaged", 0, "checkpoints whose weights were averaged; 0 = none"),
    NESTED(STRUCT, turning, "turning", BASIN_NO_EXTENT, turning_schema,
           "how the top eigenvectors lie to those of other checkpoints of the run"),
};
#undef S

const basin_schema basin_row_schema = SCHEMA(basin_row, row_fields);

#define S basin_phase
static const basin_field phase_fields[] = {
    PLAIN(STRING, run, "run", BASIN_FIELD_OPTIONAL, "folder"),
    CHOICE(kind, "phase", phases, 0, "undecided: the checkpoints do not tell"),
    PLAIN(INT, from, "from", BASIN_FIELD_UNKNOWN, "step of its first checkpoint"),
    PLAIN(INT, to, "to", BASIN_FIELD_UNKNOWN, "step of its last checkpoint"),
    PLAIN(SIZE, first, "first", 0, "index into rows of the first"),
    PLAIN(SIZE, last, "last", 0, "index into rows of the last"),
    PLAIN(DOUBLE, from_ratio, "from_ratio", 0, "lambda_max over the method's own ceiling there"),
    PLAIN(DOUBLE, to_ratio, "to_ratio", 0, "lambda_max over the method's own ceiling there"),
    PLAIN(DOUBLE, peak, "peak", 0, "catapult: largest training loss within, over that of its first"),
    PLAIN(BOOL, hovering, "hovering", 0, "edge: of a ceiling that follows lambda_max (sam, msam)"),
};
#undef S

static const basin_schema phase_schema = SCHEMA(basin_phase, phase_fields);

#define S basin_track
static const basin_field track_fields[] = {
    PLAIN(SIZE, row_count, "row_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, rows, "rows", offsetof(S, row_count), basin_row_schema, "by run, then by step"),
    PLAIN(SIZE, missing, "missing", 0, "how many rows are missing"),
    PLAIN(SIZE, phase_count, "phase_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, phases, "phases", offsetof(S, phase_count), phase_schema, "by run, then by step"),
    PLAIN(SIZE, turn_count, "turn_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, turns, "turns", offsetof(S, turn_count), turn_schema,
           "of rows whose top eigenvectors were asked for, by row, then by dimension"),
    PLAIN(SIZE, layer_count, "layer_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, layers, "layers", offsetof(S, layer_count), layer_schema,
           "of the same rows, in the order of the weights"),
    PLAIN(STRING, note, "note", BASIN_FIELD_OPTIONAL, "what holds the rows apart"),
};
#undef S

#define S basin_group
static const basin_field group_fields[] = {
    PLAIN(STRING, name, "name", 0,
          "method, with its value of a setting by which groups are made, and budget"),
    PLAIN(STRING, method, "method", 0, "of training; unknown where it is not recorded"),
    PLAIN(DOUBLE, value, "value", 0,
          "of the setting by which groups are made; null: not recorded, or by methods alone"),
    PLAIN(STRING, budget_of, "budget_of", BASIN_FIELD_OPTIONAL,
          "the method whose gradient evaluations this extra group has spent; null: no extra group"),
    PLAIN(SIZE, run_count, "run_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(SIZES, rows, "rows", EXTENT(offsetof(S, run_count), BASIN_NO_EXTENT), 0,
          "indices into rows, of raw points"),
    PLAIN(DOUBLE, gradient_evaluations, "gradient_evaluations", 0, "mean"),
    PLAIN(DOUBLE, seconds, "seconds", 0, "mean, as recorded"),
};
#undef S

static const basin_schema group_schema = SCHEMA(basin_group, group_fields);

#define S basin_estimate
static const basin_field estimate_fields[] = {
    PLAIN(STRING, measure, "measure", 0, "a field of the rows"),
    PLAIN(STRING, group, "group", 0, "name of the group"),
    CHOICE(point, "point", points, 0, "of the checkpoint, at which it was measured"),
    PLAIN(SIZE, n, "n", 0, "runs"),
    PLAIN(DOUBLE, mean, "mean", 0, "over the runs of the group"),
    PLAIN(DOUBLE, sd, "sd", 0, "standard deviation over runs"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % t-interval"),
    PLAIN(DOUBLE, upper, "upper", 0, "95 % t-interval"),
    PLAIN(DOUBLE, sampling_error, "sampling_error", 0,
          "standard error of the mean over the choice of training samples, as if all runs erred alike; null "
          "without halves"),
    PLAIN(DOUBLE, sampling_bias, "sampling_bias", 0,
          "mean of the two halves of the samples minus the whole; null likewise"),
};
#undef S

static const basin_schema estimate_schema = SCHEMA(basin_estimate, estimate_fields);

#define S basin_difference
static const basin_field difference_fields[] = {
    PLAIN(STRING, measure, "measure", 0, "a field of the rows"),
    PLAIN(STRING, group, "group", 0, "name of the group"),
    PLAIN(STRING, base, "base", 0, "name of the group it is held against"),
    CHOICE(family, "family", families, 0, "what it speaks to"),
    CHOICE(point, "point", points, 0, "of the checkpoint, at which it was measured"),
    PLAIN(BOOL, ratio, "ratio", 0,
          "mean, lower and upper are of group / base, by logarithms; else of group - base"),
    PLAIN(SIZE, pairs, "pairs", 0, "runs of equal seed in both"),
    PLAIN(DOUBLE, mean, "mean", 0, "over the pairs; geometric of ratios"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % t-interval"),
    PLAIN(DOUBLE, upper, "upper", 0, "95 % t-interval"),
    PLAIN(
        DOUBLE, rows_error, "rows_error", 0,
        "generalisation: standard error of the mean (of logarithms, if ratio) over the rows of the test set"),
    PLAIN(
        DOUBLE, interval_error, "interval_error", 0,
        "standard error of the mean (of logarithms, if ratio) by the intervals of its values; 0 without any"),
    PLAIN(DOUBLE, p, "p", 0, "exact sign-flip test, two-sided, under symmetry of the differences"),
    PLAIN(DOUBLE, p_family, "p_family", 0,
          "adjusted over the measures of its family at all points of this pair"),
    PLAIN(DOUBLE, p_report, "p_report", 0,
          "adjusted over all families but conditions and all pairs of the report; null for conditions and "
          "continuations"),
    PLAIN(DOUBLE, p_smallest, "p_smallest", 0, "attainable with the pairs that differ at all"),
    PLAIN(BOOL, paired, "paired", 0, "equal seed meant an equal start; false: p is null"),
    PLAIN(BOOL, losses_unequal, "losses_unequal", 0, "the training losses of the two groups differ"),
    CHOICE(verdict, "verdict", verdicts, 0, "of its family alone, by p_family"),
    CHOICE(report, "report", verdicts, 0, "of the whole report, by p_report"),
    PLAIN(SIZE, seeds_needed, "seeds_needed", 0,
          "that could decide the report, if all agreed in sign; 0 = these can"),
};
#undef S

static const basin_schema difference_schema = SCHEMA(basin_difference, difference_fields);

#define S basin_correlation
static const basin_field correlation_fields[] = {
    PLAIN(STRING, measure, "measure", 0, "a field of the rows"),
    PLAIN(STRING, against, "against", 0, "measure of generalisation: gap or test_loss"),
    PLAIN(STRING, over, "over", 0,
          "all runs at once, or the setting that alone differs in groups of runs, of which it is the mean"),
    PLAIN(SIZE, runs, "runs", 0, "that enter"),
    PLAIN(SIZE, groups, "groups", 0, "of runs"),
    PLAIN(SIZE, pairs, "pairs", 0, "of runs within a group that differ by both"),
    PLAIN(SIZE, units, "units", 0, "all: seeds, or runs, that bootstrap samples are drawn of"),
    PLAIN(BOOL, by_seed, "by_seed", 0, "all: are these seeds"),
    PLAIN(DOUBLE, tau, "tau", 0, "Kendall's tau-b; null: no pair differs by both"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % by the bootstrap over seeds or runs; null but for all"),
    PLAIN(DOUBLE, upper, "upper", 0, "likewise"),
    PLAIN(DOUBLE, sign_error, "sign_error", 0, "share of the pairs that it orders the other way"),
};
#undef S

static const basin_schema correlation_schema = SCHEMA(basin_correlation, correlation_fields);

#define S basin_conclusion
static const basin_field conclusion_fields[] = {
    PLAIN(STRING, group, "group", 0, "name of the group"),
    PLAIN(STRING, base, "base", 0, "name of the group it is held against"),
    CHOICE(kind, "verdict", conclusions, 0, "by the rules of docs/verdict.md"),
    PLAIN(STRING, reason, "reason", 0, "with the measures and numbers that it rests on"),
    PLAIN(STRING, change, "change", 0, "what would change the answer"),
    PLAIN(SIZE, flatter, "flatter", 0, "measures of flatness that the report decides so"),
    PLAIN(SIZE, sharper, "sharper", 0, "that it decides the other way"),
    PLAIN(SIZE, undecided, "undecided", 0, "that it does not decide"),
    PLAIN(SIZE, invariant_flatter, "invariant_flatter", 0, "the same of those that rescaling leaves alone"),
    PLAIN(SIZE, invariant_sharper, "invariant_sharper", 0, "the same of those that rescaling leaves alone"),
    PLAIN(SIZE, invariant_undecided, "invariant_undecided", 0,
          "the same of those that rescaling leaves alone"),
    CHOICE(invariant_kind, "invariant_verdict", conclusions, 0,
           "by the same rules over the measures alone that rescaling leaves alone"),
    PLAIN(STRING, invariant_reason, "invariant_reason", 0, "of that verdict"),
    PLAIN(SIZE, equivalent, "equivalent", 0, "measures of flatness within the margin"),
    PLAIN(SIZE, seeds_needed, "seeds_needed", 0,
          "about how many would decide what matters most, at the spread seen (power 0.8); 0: not told"),
};
#undef S

static const basin_schema conclusion_schema = SCHEMA(basin_conclusion, conclusion_fields);

#define S basin_invariant
static const basin_field invariant_fields[] = {
    PLAIN(STRING, measure, "measure", 0, "of flatness, a field of the rows"),
    PLAIN(BOOL, listed, "listed", 0, "by the list of measures, rescaling leaves it alone"),
    CHOICE(
        verdict, "verdict", invariance_verdicts, 0,
        "the worst over all kinds of change but permutations; it counts as invariant where it is invariant"),
    CHOICE(symmetry, "symmetry", symmetries, BASIN_FIELD_UNKNOWN,
           "the kind of change of the worst, and among these of the largest change; null: not measured"),
    PLAIN(DOUBLE, change, "change", 0, "largest relative change there"),
    PLAIN(DOUBLE, at, "at", 0, "factor of it"),
    PLAIN(STRING, file, "file", BASIN_FIELD_OPTIONAL, "the result of invariance"),
};
#undef S

static const basin_schema invariant_schema = SCHEMA(basin_invariant, invariant_fields);

#define S basin_worth
static const basin_field worth_fields[] = {
    CHOICE(unit, "unit", worth_units, 0, "of the cost; none: nothing was asked"),
    PLAIN(BOOL, accuracy, "accuracy", 0, "the gain is of test accuracy, else of test loss"),
    PLAIN(DOUBLE, gain, "gain", 0, "that pays for the cost"),
    PLAIN(DOUBLE, cost, "cost", 0, "in the unit"),
};
#undef S

static const basin_schema worth_schema = SCHEMA(basin_worth, worth_fields);

#define S basin_benefit
static const basin_field benefit_fields[] = {
    PLAIN(STRING, group, "group", 0, "name of the group"),
    PLAIN(STRING, base, "base", 0, "name of the group it is held against"),
    PLAIN(STRING, measure, "measure", 0, "test_accuracy or test_loss"),
    PLAIN(SIZE, pairs, "pairs", 0, "runs of equal seed in both"),
    PLAIN(DOUBLE, gain, "gain", 0, "how much better: of accuracy the difference, of loss the fall"),
    PLAIN(DOUBLE, gain_lower, "gain_lower", 0, "95 % interval over seeds and rows of the test set"),
    PLAIN(DOUBLE, gain_upper, "gain_upper", 0, "likewise"),
    PLAIN(BOOL, rows_known, "rows_known", 0, "false: the interval is over seeds alone"),
    PLAIN(DOUBLE, evaluations, "evaluations", 0, "extra gradient evaluations"),
    PLAIN(DOUBLE, evaluations_lower, "evaluations_lower", 0, "95 % t-interval"),
    PLAIN(DOUBLE, evaluations_upper, "evaluations_upper", 0, "95 % t-interval"),
    PLAIN(DOUBLE, seconds, "seconds", 0, "extra seconds of training, as recorded"),
    PLAIN(DOUBLE, seconds_lower, "seconds_lower", 0, "95 % t-interval"),
    PLAIN(DOUBLE, seconds_upper, "seconds_upper", 0, "95 % t-interval"),
    PLAIN(DOUBLE, rate, "rate", 0,
          "gain for each extra gradient evaluation; null unless every pair spent more"),
    PLAIN(DOUBLE, rate_lower, "rate_lower", 0, "95 % interval over seeds and rows of the test set"),
    PLAIN(DOUBLE, rate_upper, "rate_upper", 0, "likewise"),
    PLAIN(DOUBLE, net, "net", 0, "what the gain is of worth less the extra cost; null where not asked"),
    PLAIN(DOUBLE, net_lower, "net_lower", 0, "interval at the level, divided by the pairs of groups"),
    PLAIN(DOUBLE, net_upper, "net_upper", 0, "likewise"),
    PLAIN(DOUBLE, p, "p", 0, "exact sign-flip test of net = 0, times the pairs of groups"),
    CHOICE(answer, "answer", payments, 0, "does it pay?"),
};
#undef S

static const basin_schema benefit_schema = SCHEMA(basin_benefit, benefit_fields);

#define S basin_confounder
static const basin_field confounder_fields[] = {
    PLAIN(
        STRING, name, "name", 0,
        "a field of the rows, way_down (share of runs in which one was found) or batch_sharpness_over_plain"),
    PLAIN(STRING, group, "group", 0, "name of the group"),
    PLAIN(STRING, base, "base", 0, "name of the group it is held against"),
    PLAIN(BOOL, setting, "setting", 0, "exact, as recorded; else measured and tested"),
    PLAIN(SIZE, pairs, "pairs", 0, "runs of equal seed that know it"),
    PLAIN(DOUBLE, value, "value", 0, "mean over these, of the group"),
    PLAIN(DOUBLE, base_value, "base_value", 0, "likewise of the base"),
    PLAIN(BOOL, ratio, "ratio", 0, "mean, lower and upper are of group / base, by logarithms"),
    PLAIN(DOUBLE, mean, "mean", 0, "of the paired differences; geometric of ratios"),
    PLAIN(DOUBLE, lower, "lower", 0, "95 % t-interval"),
    PLAIN(DOUBLE, upper, "upper", 0, "95 % t-interval"),
    PLAIN(DOUBLE, p, "p", 0, "sign-flip test, step-down over the confounders of the pair of groups"),
    CHOICE(kind, "differs", confoundings, 0, "how it differs: of settings as recorded, else by p"),
    PLAIN(BOOL, same_way, "same_way", 0,
          "flatness is decided, and this difference by itself acts the same way"),
};
#undef S

static const basin_schema confounder_schema = SCHEMA(basin_confounder, confounder_fields);

#define S basin_comparison
static const basin_field comparison_fields[] = {
    PLAIN(SIZE, row_count, "row_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, rows, "rows", offsetof(S, row_count), basin_row_schema, "every checkpoint measured"),
    PLAIN(SIZE, group_count, "group_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, groups, "groups", offsetof(S, group_count), group_schema,
           "runs of one method, or of one value of its setting, one checkpoint each"),
    PLAIN(SIZE, estimate_count, "estimate_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, estimates, "estimates", offsetof(S, estimate_count), estimate_schema,
           "one measure in one group"),
    PLAIN(SIZE, difference_count, "difference_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, differences, "differences", offsetof(S, difference_count), difference_schema,
           "one measure, one group minus the base, paired by seed"),
    PLAIN(STRING, base, "base", BASIN_FIELD_OPTIONAL, "name of the group that the others are held against"),
    PLAIN(STRING, by, "by", BASIN_FIELD_OPTIONAL,
          "the setting whose values make groups of a method's runs; null: methods alone"),
    PLAIN(INT, step, "step", BASIN_FIELD_UNKNOWN, "at which the methods were compared"),
    PLAIN(DOUBLE, at_loss, "at_loss", 0, "training loss at which they were compared; null: at a step"),
    PLAIN(DOUBLE, level, "level", 0, "of significance"),
    PLAIN(SIZE, report_pairs, "report_pairs", 0, "pairs of groups that the report tests"),
    PLAIN(BOOL, losses_unequal, "losses_unequal", 0,
          "the mean training losses differ: flatness compares unlike with unlike"),
    PLAIN(STRING, losses_note, "losses_note", BASIN_FIELD_OPTIONAL, "which and how much"),
    PLAIN(SIZE, missing, "missing", 0, "how many rows are missing"),
    PLAIN(DOUBLE, margin, "margin", 0, "relative difference within which measures are equivalent"),
    PLAIN(SIZE, correlation_count, "correlation_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, correlations, "correlations", offsetof(S, correlation_count), correlation_schema,
           "how measures order the runs beside generalisation; none of fewer than 5 runs"),
    PLAIN(SIZE, conclusion_count, "conclusion_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, conclusions, "conclusions", offsetof(S, conclusion_count), conclusion_schema,
           "the verdict on each group against its base"),
    PLAIN(SIZE, invariant_count, "invariant_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, invariants, "invariants", offsetof(S, invariant_count), invariant_schema,
           "what the results of --invariance say of the measures; none: invariance is by the list"),
    NESTED(STRUCT, worth, "worth", BASIN_NO_EXTENT, worth_schema, "of a gain, to the reader"),
    PLAIN(SIZE, benefit_count, "benefit_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, benefits, "benefits", offsetof(S, benefit_count), benefit_schema,
           "what each group spent beyond its base, and what it got for it"),
    PLAIN(SIZE, confounder_count, "confounder_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, confounders, "confounders", offsetof(S, confounder_count), confounder_schema,
           "what else differs between each group and its base"),
    PLAIN(SIZE, note_count, "note_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(STRINGS, notes, "notes", EXTENT(offsetof(S, note_count), BASIN_NO_EXTENT), 0,
          "in plain words, by weight"),
    PLAIN(SIZE, test_part_count, "test_part_count", 0, "parts of the test set; 0 = not measured"),
    ARRAY(DOUBLES, test_part_loss, "test_part_loss",
          EXTENT(offsetof(S, row_count), offsetof(S, test_part_count)), 0,
          "mean loss of each row on each part"),
    ARRAY(DOUBLES, test_part_accuracy, "test_part_accuracy",
          EXTENT(offsetof(S, row_count), offsetof(S, test_part_count)), 0,
          "accuracy of each row on each part"),
};
#undef S

#define S basin_input
static const basin_field input_fields[] = {
    CHOICE(role, "role", roles, 0, "what it is to the result"),
    PLAIN(STRING, path, "path", 0, "as typed"),
    PLAIN(STRING, digest, "digest", BASIN_FIELD_OPTIONAL, "SHA-256"),
};
#undef S

static const basin_schema input_schema = SCHEMA(basin_input, input_fields);

#define S basin_training
static const basin_field training_fields[] = {
    PLAIN(STRING, method, "method", BASIN_FIELD_OPTIONAL, "of training"),
    PLAIN(INT, seed, "seed", BASIN_FIELD_UNKNOWN, "of training"),
    PLAIN(INT, step, "step", BASIN_FIELD_UNKNOWN, "that the checkpoint was saved at"),
    PLAIN(DOUBLE, weight_decay, "weight_decay", 0, "recorded coefficient"),
};
#undef S

const basin_schema basin_training_schema = SCHEMA(basin_training, training_fields);

#define S basin_provenance
static const basin_field provenance_fields[] = {
    PLAIN(STRING, version, "version", BASIN_FIELD_OPTIONAL, "of basin"),
    PLAIN(STRING, build, "build", BASIN_FIELD_OPTIONAL, "compiler and flags"),
    PLAIN(STRING, blas, "blas", BASIN_FIELD_OPTIONAL, "library and kernel"),
    PLAIN(SIZE, argument_count, "argument_count", BASIN_FIELD_HIDDEN, ""),
    ARRAY(STRINGS, arguments, "arguments", EXTENT(offsetof(S, argument_count), BASIN_NO_EXTENT), 0,
          "command line"),
    PLAIN(STRING, directory, "directory", BASIN_FIELD_HIDDEN | BASIN_FIELD_OPTIONAL,
          "where it was typed, relative to this file"),
    PLAIN(SIZE, input_count, "input_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, inputs, "inputs", offsetof(S, input_count), input_schema, "files read"),
    NESTED(STRUCT, training, "training", BASIN_NO_EXTENT, basin_training_schema, "of the checkpoint"),
    NESTED(STRUCT, polish, "polish", BASIN_NO_EXTENT, polish_schema,
           "how the point was reached, with --polish"),
    PLAIN(SIZE, averaged, "averaged", 0, "checkpoints whose weights were averaged, with --average; 0 = none"),
    CHOICE(precision, "precision", precisions, 0, "of the network's inside"),
    CHOICE(bn.kind, "bn", statistics, BASIN_FIELD_UNKNOWN, "statistics of BatchNorm; null without one"),
    PLAIN(SIZE, bn.batch, "bn_batch", 0, "samples a batch where bn is batch; else 0"),
    CHOICE(weights, "weights", weights_, BASIN_FIELD_UNKNOWN,
           "of the checkpoint, with its perturbation or without; mixed: the rows say which"),
    PLAIN(SIZE, split_samples, "split_samples", 0,
          "samples that the split measured has; 0 in tables of rows, which say it themselves"),
    PLAIN(STRING, loss, "loss", BASIN_FIELD_OPTIONAL,
          "loss function with label smoothing, ignore index, weights and normalised logits; several: they "
          "differ between rows"),
    CHOICE(loss_kind, "loss_name", basin_loss_names, BASIN_FIELD_UNKNOWN, "its name; null for several"),
    PLAIN(BOOL, loss_settings, "loss_settings", 0,
          "does it have label smoothing, an ignore index, weights or normalised logits"),
    PLAIN(DOUBLE, label_smoothing, "label_smoothing", 0, "of it; null for several"),
    PLAIN(DOUBLE, weight_decay_included, "weight_decay_included", 0,
          "w of w/2 |theta|^2 in the losses; 0 = none; null: it differs by tensor"),
    PLAIN(UINT, seed, "seed", 0, "of everything random"),
    PLAIN(STRING, ended_by_time, "ended_by_time", BASIN_FIELD_OPTIONAL,
          "--time that ended the work before it was done; null: nothing did"),
    PLAIN(SIZE, threads, "threads", BASIN_FIELD_HIDDEN, "processors used"),
    PLAIN(STRING, date, "date", BASIN_FIELD_HIDDEN | BASIN_FIELD_OPTIONAL, "UTC"),
    PLAIN(DOUBLE, seconds, "seconds", BASIN_FIELD_HIDDEN, "of computing"),
};
#undef S

const basin_schema basin_provenance_schema = SCHEMA(basin_provenance, provenance_fields);

#define S basin_work
static const basin_field work_fields[] = {
    PLAIN(STRING, name, "name", 0, "gradient, loss, freeze, product, block, points, basis or eigenvalues"),
    PLAIN(STRING, definition, "definition", 0, "one line"),
    PLAIN(SIZE, count, "count", 0, "times expected"),
    PLAIN(SIZE, most, "most", 0, "times at most; count where that is exact"),
    PLAIN(DOUBLE, flops, "flops", 0, "of one"),
    PLAIN(DOUBLE, seconds, "seconds", 0, "of one, measured"),
};
#undef S

static const basin_schema work_schema = SCHEMA(basin_work, work_fields);

#define S basin_provision
static const basin_field provision_fields[] = {
    PLAIN(SIZE, threads, "threads", 0, "that work at a time"),
    PLAIN(SIZE, block, "block", 0, "vectors multiplied together"),
    PLAIN(SIZE, parts, "parts", 0, "pieces that the samples are taken in"),
    PLAIN(SIZE, kept, "kept", 0, "of these, not recomputed for every product"),
    PLAIN(SIZE, kept_bytes, "kept_bytes", 0, "of what is kept"),
    PLAIN(SIZE, thread_bytes, "thread_bytes", 0, "scratch of each thread"),
    PLAIN(SIZE, shared_bytes, "shared_bytes", 0,
          "weights, a block of vectors, and parts of groups of samples that wait for their sum"),
};
#undef S

static const basin_schema provision_schema = SCHEMA(basin_provision, provision_fields);

#define S basin_forecast
static const basin_field forecast_fields[] = {
    PLAIN(STRING, analysis, "analysis", 0,
          "spectrum, trace, blocks, batches, sane, slice, sharpness or invariance"),
    PLAIN(STRING, method, "method", BASIN_FIELD_OPTIONAL, "of the analysis; null where there is only one"),
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(SIZE, work_count, "work_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, works, "works", offsetof(S, work_count), work_schema, "kinds of work"),
    PLAIN(SIZE, products, "products", 0, "products with H expected"),
    PLAIN(SIZE, products_most, "products_most", 0, "products with H at most"),
    PLAIN(SIZE, gradients, "gradients", 0, "gradients over the samples"),
    PLAIN(SIZE, losses, "losses", 0, "losses over the samples, points of a slice among them"),
    NESTED(STRUCT, provision, "provision", BASIN_NO_EXTENT, provision_schema,
           "memory of the point that products are taken at"),
    PLAIN(SIZE, limit_bytes, "memory.limit", 0, "--memory"),
    PLAIN(SIZE, program_bytes, "memory.program", 0, "program and libraries, about"),
    PLAIN(SIZE, held_bytes, "memory.held", 0, "checkpoint, data and network"),
    PLAIN(SIZE, beside_bytes, "memory.beside", 0, "vectors, a matrix or a basis, grids"),
    PLAIN(SIZE, total_bytes, "memory.total", 0, "at the peak"),
    PLAIN(DOUBLE, start_seconds, "start_seconds", 0, "before the work: reading, compiling"),
    PLAIN(DOUBLE, seconds, "seconds", 0, "of the work, expected"),
    PLAIN(DOUBLE, seconds_most, "seconds_most", 0, "of the work, at most"),
};
#undef S

#define S basin_answer
static const basin_field answer_fields[] = {
    PLAIN(DOUBLE, value, "value", 0, "null: it was not measured"),
    PLAIN(DOUBLE, lower, "lower", 0, "end of its interval"),
    PLAIN(DOUBLE, upper, "upper", 0, "end of its interval"),
    CHOICE(ends, "ends", gate_ends, 0,
           "exact; both proven; one proven and the other but for the chance alpha; or both but for that"),
    CHOICE(verdict, "verdict", gate_verdicts, 0, "of the interval against the limit"),
    PLAIN(BOOL, certain, "certain", 0, "does the verdict rest on a proven end and an exact limit"),
    CHOICE(ended, "ended", gate_reasons, 0,
           "why no more was spent: decided; complete: nothing more is measured; else what was lacking"),
    PLAIN(SIZE, looks, "looks", 0, "times that the interval was held against the limit"),
    PLAIN(SIZE, products, "products", 0, "with the Hessian spent until then"),
};
#undef S

static const basin_schema answer_schema = SCHEMA(basin_answer, answer_fields);

#define S basin_limit_of_runs
static const basin_field limit_of_runs_fields[] = {
    PLAIN(SIZE, runs, "runs", 0, "of the baseline set; 0: there is none"),
    PLAIN(DOUBLE, mean, "mean", 0, "over them"),
    PLAIN(DOUBLE, deviation, "deviation", 0, "standard deviation over them"),
    PLAIN(DOUBLE, sigma, "sigma", 0, "normal deviations whose chance the limit has"),
    PLAIN(DOUBLE, factor, "factor", 0,
          "standard deviations from the mean: Student's t times sqrt(1 + 1/runs)"),
    PLAIN(DOUBLE, limit, "limit", 0, "mean with factor deviations"),
    PLAIN(DOUBLE, low, "low", 0, "as far as the runs' own intervals leave it open"),
    PLAIN(DOUBLE, high, "high", 0, "likewise"),
};
#undef S

static const basin_schema limit_of_runs_schema = SCHEMA(basin_limit_of_runs, limit_of_runs_fields);

#define S basin_gated
static const basin_field gated_fields[] = {
    PLAIN(STRING, limit, "limit", 0, "as it was given"),
    PLAIN(STRING, measure, "measure", 0, "its name"),
    PLAIN(BOOL, at_most, "at_most", 0, "is it an upper limit"),
    CHOICE(origin, "origin", limit_origins, 0, "where it comes from"),
    PLAIN(DOUBLE, bound, "bound", 0, "the limit as a number"),
    PLAIN(DOUBLE, bound_low, "bound_low", 0, "it lies between these, which are it where it is exact"),
    PLAIN(DOUBLE, bound_high, "bound_high", 0, "likewise"),
    NESTED(STRUCT, answer, "answer", BASIN_NO_EXTENT, answer_schema, "what was found"),
    PLAIN(DOUBLE, increase, "increase", 0, "allowed over the baseline; null: it is no such limit"),
    PLAIN(BOOL, relative, "relative", 0, "is the increase a share of the baseline"),
    NESTED(STRUCT, baseline, "baseline", BASIN_NO_EXTENT, answer_schema, "the measure there"),
    PLAIN(DOUBLE, difference, "difference", 0, "value less the baseline's"),
    PLAIN(DOUBLE, difference_lower, "difference_lower", 0, "end of its interval"),
    PLAIN(DOUBLE, difference_upper, "difference_upper", 0, "end of its interval"),
    NESTED(STRUCT, spread, "spread", BASIN_NO_EXTENT, limit_of_runs_schema, "of the baseline set"),
};
#undef S

static const basin_schema gated_schema = SCHEMA(basin_gated, gated_fields);

#define S basin_gate
static const basin_field gate_fields[] = {
    PLAIN(SIZE, parameters, "parameters", 0, "P"),
    PLAIN(SIZE, samples, "samples", 0, "N used"),
    PLAIN(DOUBLE, alpha, "alpha", 0, "chance at most that any verdict is wrong"),
    PLAIN(BOOL, strict, "strict", 0, "does undecided count as violated"),
    CHOICE(verdict, "verdict", gate_verdicts, 0, "of all limits together"),
    PLAIN(SIZE, products, "products", 0, "with the Hessian, on the checkpoint"),
    PLAIN(SIZE, products_most, "products_most", 0, "that might have been spent on it"),
    PLAIN(SIZE, baseline_products, "baseline_products", 0, "on the baseline"),
    PLAIN(SIZE, runs_products, "runs_products", 0, "on the baseline set"),
    PLAIN(SIZE, limit_count, "limit_count", BASIN_FIELD_HIDDEN, ""),
    NESTED(STRUCTS, limits, "limits", offsetof(S, limit_count), gated_schema, "each limit"),
};
#undef S

static const basin_schema result_schemas[] = {
    [BASIN_RESULT_INFO] = SCHEMA(basin_info, info_fields),
    [BASIN_RESULT_CHECK] = SCHEMA(basin_check, check_fields),
    [BASIN_RESULT_SPECTRUM] = SCHEMA(basin_spectrum, spectrum_fields),
    [BASIN_RESULT_TRACE] = SCHEMA(basin_trace, trace_fields),
    [BASIN_RESULT_SANE] = SCHEMA(basin_sane, sane_fields),
    [BASIN_RESULT_SLICE] = SCHEMA(basin_slice, slice_fields),
    [BASIN_RESULT_SHARPNESS] = SCHEMA(basin_sharpness, sharpness_fields),
    [BASIN_RESULT_TRACK] = SCHEMA(basin_track, track_fields),
    [BASIN_RESULT_COMPARISON] = SCHEMA(basin_comparison, comparison_fields),
    [BASIN_RESULT_FORECAST] = SCHEMA(basin_forecast, forecast_fields),
    [BASIN_RESULT_BLOCKS] = SCHEMA(basin_blocks, blocks_fields),
    [BASIN_RESULT_BATCHES] = SCHEMA(basin_batches, batches_fields),
    [BASIN_RESULT_LOSSES] = SCHEMA(basin_losses, losses_fields),
    [BASIN_RESULT_BAND] = SCHEMA(basin_band, band_fields),
    [BASIN_RESULT_CONNECTION] = SCHEMA(basin_connection, connection_fields),
    [BASIN_RESULT_INVARIANCES] = SCHEMA(basin_invariances, invariances_fields),
    [BASIN_RESULT_SHARPNESS_TABLE] = SCHEMA(basin_sharpness_table, sharpness_table_fields),
    [BASIN_RESULT_GATE] = SCHEMA(basin_gate, gate_fields),
};

_Static_assert(sizeof result_schemas / sizeof *result_schemas == BASIN_RESULT_KINDS,
               "every result kind has its description");

const basin_schema *basin_result_schema(basin_result_kind kind)
{
    return &result_schemas[kind];
}

const char *basin_curvature_kind_text(basin_curvature_kind kind)
{
    return operators[kind];
}

const char *basin_curvature_kind_title(basin_curvature_kind kind)
{
#define OPERATOR_TITLE(kind, name, title) title,
    static const char *const titles[] = {BASIN_CURVATURE_LIST(OPERATOR_TITLE)};

    return titles[kind];
}

basin_status basin_curvature_kind_find(const char *name, basin_curvature_kind *out)
{
    for (size_t i = 0; i < BASIN_CURVATURES; i++)
        if (strcmp(name, operators[i]) == 0) {
            *out = (basin_curvature_kind)i;
            return BASIN_OK;
        }
#define OPERATOR_CHOICE(kind, name, title) " | " name
    return basin_fail(BASIN_ERR_ARG, "operator %s is none of%s", name,
                      &BASIN_CURVATURE_LIST(OPERATOR_CHOICE)[2]);
}

const char *basin_precision_text(basin_precision precision)
{
    return precisions[precision];
}

const char *basin_weights_text(basin_weights_kind weights)
{
    return weights_[weights];
}

const char *basin_bn_mode_text(const basin_bn_mode *mode, char out[40])
{
    if (mode->kind == BASIN_BN_BATCH)
        snprintf(out, 40, "%s:%zu", statistics[mode->kind], mode->batch);
    else
        snprintf(out, 40, "%s", mode->kind >= 0 ? statistics[mode->kind] : "none");
    return out;
}

const char *basin_record_source_text(basin_record_source source)
{
    return record_sources[source];
}

const char *basin_perturbed_text(basin_perturbed perturbed)
{
    return perturbed_[perturbed];
}

const char *basin_point_text(basin_point_kind point)
{
    return points[point];
}

const char *basin_rise_name(const basin_rise *rise, char out[40])
{
    if (rise->direction == BASIN_RISE_RANDOM)
        snprintf(out, 40, "%s:%llu", rise_directions[rise->direction], (unsigned long long)rise->seed);
    else
        snprintf(out, 40, "%s", rise_directions[rise->direction]);
    return out;
}

const char *basin_input_role_text(basin_input_role role)
{
    return roles[role];
}

const char *basin_spectrum_method_text(basin_spectrum_method method)
{
    return spectrum_methods[method];
}

const char *basin_sane_method_text(basin_sane_method method)
{
    return sane_methods[method];
}

const char *basin_trace_method_text(basin_trace_method method)
{
    return trace_methods[method];
}

const char *basin_alpha_source_text(basin_alpha_source source)
{
    return alpha_sources[source];
}

const char *basin_verdict_text(basin_verdict verdict)
{
    return verdicts[verdict];
}

const char *basin_conclusion_text(basin_conclusion_kind kind)
{
    return conclusions[kind];
}

const char *basin_confounding_text(basin_confounding confounding)
{
    return confoundings[confounding];
}

const char *basin_payment_text(basin_payment payment)
{
    return payments[payment];
}

const char *basin_family_text(basin_family family)
{
    return families[family];
}

const char *basin_phase_text(basin_phase_kind phase)
{
    return phases[phase];
}

const char *basin_sharpness_number_text(basin_sharpness_number number)
{
    return sharpness_numbers[number];
}

const char *basin_invariance_text(basin_invariance_verdict verdict)
{
    return invariance_verdicts[verdict];
}

const char *basin_symmetry_name(basin_symmetry symmetry)
{
    return symmetries[symmetry];
}

const char *basin_interval_text(basin_interval interval)
{
    return intervals[interval];
}

const char *basin_ends_text(basin_ends_kind ends)
{
    return gate_ends[ends];
}

const char *basin_gate_verdict_text(basin_gate_verdict verdict)
{
    return gate_verdicts[verdict];
}

const char *basin_gate_end_text(basin_gate_end end)
{
    return gate_reasons[end];
}

const char *basin_limit_origin_text(basin_limit_origin origin)
{
    return limit_origins[origin];
}
