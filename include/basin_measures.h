/* Every measure of a row of `track` and `compare`, once. The members of a row, its columns in files
 * and in JSON, the row of a checkpoint that cannot be measured and the row between two others, axes
 * of figures, comparisons, what `track` prints and the tables of docs/json.md and docs/measures.md
 * follow from this list. The function basin_measure_NAME, in a file of
 * src/analysis/measure, measures it. CONTRIBUTING.md says how to add one.
 *
 *     BASIN_MEASURE(name, label, unit, least, most, family, needs, invariance, definition, more)
 *
 *     name         as in C, in JSON and on the command line
 *     label        on axes; \1…\2 is a subscript
 *     unit         of L, the loss, and θ, the parameters; 1 is a pure number
 *     least, most  what it can be
 *     family       basin_family: the question that it answers
 *     needs        basin_need, several joined by |; where one is not there, the measure is NAN
 *     invariance   basin_invariance, several joined by |: what leaves it alone, and nothing else
 *                  does; tests/analysis/test_measures.c holds every measure to it
 *     definition   one line, for the tables of the documents
 *     more         initialisers of further members of basin_column, where their meanings stand
 *
 * It has no guard: whoever includes it defines BASIN_MEASURE before, and it takes the definition
 * back.
 */
/* clang-format off */
BASIN_MEASURE(train_loss, "train loss", "L", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_NOTHING, BASIN_INVARIANT_TO_RESCALING,
              "mean loss over the training samples",
              .compared = true, .ratio = true, .title = "train loss", .digits = 4)

BASIN_MEASURE(train_accuracy, "train accuracy", "1", 0.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_NOTHING,
              BASIN_INVARIANT_TO_RESCALING | BASIN_INVARIANT_TO_LOSS_SCALE,
              "share of the training targets predicted right; null where undefined",
              .title = "acc.")

BASIN_MEASURE(test_loss, "test loss", "L", 0.0, INFINITY,
              BASIN_FAMILY_GENERALISATION, BASIN_NEEDS_TEST, BASIN_INVARIANT_TO_RESCALING,
              "mean loss over the test samples",
              .compared = true, .better = -1, .ratio = true, .at_raw_only = true,
              .title = "test loss", .digits = 4)

BASIN_MEASURE(test_accuracy, "test accuracy", "1", 0.0, 1.0,
              BASIN_FAMILY_GENERALISATION, BASIN_NEEDS_TEST,
              BASIN_INVARIANT_TO_RESCALING | BASIN_INVARIANT_TO_LOSS_SCALE,
              "share of the test targets predicted right; null where undefined",
              .compared = true, .better = +1, .at_raw_only = true, .title = "acc.")

BASIN_MEASURE(gap, "test − train loss", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_GENERALISATION, BASIN_NEEDS_TEST, BASIN_INVARIANT_TO_RESCALING,
              "test_loss - train_loss",
              .compared = true, .better = -1, .at_raw_only = true)

BASIN_MEASURE(clean_train_loss, "train loss, clean labels", "L", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_CLEAN, BASIN_INVARIANT_TO_RESCALING,
              "mean loss over the training samples outside the split noisy; null without one",
              .compared = false)

BASIN_MEASURE(clean_gap, "test − train loss, clean labels", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_GENERALISATION, BASIN_NEEDS_TEST | BASIN_NEEDS_CLEAN,
              BASIN_INVARIANT_TO_RESCALING,
              "test_loss - clean_train_loss",
              .compared = true, .better = -1, .at_raw_only = true)

BASIN_MEASURE(lambda_max, "λ\1max\2", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_NOTHING,
              "largest eigenvalue of the Hessian",
              .compared = true, .ratio = true, .title = "lambda max", .digits = 5)

BASIN_MEASURE(lambda_min, "λ\1min\2", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_NOTHING,
              "smallest eigenvalue of the Hessian",
              .title = "lambda min", .digits = 3)

BASIN_MEASURE(ceiling, "ceiling of λ\1max\2", "L/θ²", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_RECORD | BASIN_NEEDS_GRADIENT | BASIN_NEEDS_RAW,
              BASIN_INVARIANT_TO_NOTHING,
              "largest lambda_max at which its own method is stable; of sam and msam it follows "
              "lambda_max",
              .title = "ceiling", .digits = 4)

BASIN_MEASURE(ceiling_plain, "ceiling of λ\1max\2 without perturbation", "L/θ²", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_RECORD,
              BASIN_INVARIANT_TO_RESCALING | BASIN_INVARIANT_TO_LOSS_SCALE,
              "the ceiling without the perturbation of sam, usam and msam",
              .title = "plain", .digits = 4)

BASIN_MEASURE(lambda_max_over_ceiling, "λ\1max\2 / own ceiling", "1", -INFINITY, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_RECORD | BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_RAW,
              BASIN_INVARIANT_TO_NOTHING,
              "lambda_max over ceiling, of sam and msam an index of hovering; null where the "
              "ceiling is unknown or infinite",
              .compared = true, .ratio = true)

BASIN_MEASURE(lambda_max_over_plain, "λ\1max\2 / ceiling without perturbation", "1", -INFINITY,
              INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_RECORD | BASIN_NEEDS_SPECTRUM,
              BASIN_INVARIANT_TO_NOTHING,
              "lambda_max over ceiling_plain",
              .compared = true, .ratio = true)

BASIN_MEASURE(trace, "tr H", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_NOTHING,
              "trace of the Hessian, exact or estimated",
              .compared = true, .ratio = true)

BASIN_MEASURE(negative_mass, "negative mass", "1", 0.0, 1.0,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_LOSS_SCALE,
              "sum of |negative eigenvalues| over sum of |eigenvalues|; null if not dense",
              .compared = false)

BASIN_MEASURE(sane, "SANE", "1", 0.0, INFINITY,
              BASIN_FAMILY_DIMENSION, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_LOSS_SCALE,
              "SANE: sum of |l| / (|l| + kappa max |l|) over the eigenvalues l",
              .compared = true, .ratio = true, .whole = true, .title = "SANE", .digits = 4)

BASIN_MEASURE(n_eff, "N\1eff\2", "1", 0.0, INFINITY,
              BASIN_FAMILY_DIMENSION, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_NOTHING,
              "effective dimensionality: sum of |l| / (|l| + alpha) over the eigenvalues l",
              .compared = true, .ratio = true, .whole = true,
              .setting = offsetof(basin_row, alpha), .title = "N_eff", .digits = 4)

BASIN_MEASURE(sharpness_sam, "SAM sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_RISES, BASIN_INVARIANT_TO_NOTHING,
              "one-sided rise of the loss along the gradient, at sharpness_rho",
              .compared = true, .own_direction = true,
              .setting = offsetof(basin_row, sharpness_rho))

BASIN_MEASURE(sharpness_msam, "MSAM sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_RISES | BASIN_NEEDS_MOMENTUM,
              BASIN_INVARIANT_TO_NOTHING,
              "one-sided rise along minus the momentum, at sharpness_rho",
              .compared = true, .own_direction = true,
              .setting = offsetof(basin_row, sharpness_rho))

BASIN_MEASURE(sharpness_sam_symmetric, "SAM sharpness, symmetrised", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_RISES, BASIN_INVARIANT_TO_NOTHING,
              "symmetrised rise along the gradient, at sharpness_rho",
              .compared = true, .ratio = true, .own_direction = true,
              .setting = offsetof(basin_row, sharpness_rho))

BASIN_MEASURE(sharpness_msam_symmetric, "MSAM sharpness, symmetrised", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_RISES | BASIN_NEEDS_MOMENTUM,
              BASIN_INVARIANT_TO_NOTHING,
              "symmetrised rise along the momentum, at sharpness_rho",
              .compared = true, .ratio = true, .own_direction = true,
              .setting = offsetof(basin_row, sharpness_rho))

BASIN_MEASURE(rise_top, "rise along top eigenvector", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_RISES | BASIN_NEEDS_SPECTRUM,
              BASIN_INVARIANT_TO_NOTHING,
              "symmetrised rise along the top eigenvector, at sharpness_rho",
              .compared = true, .ratio = true, .setting = offsetof(basin_row, sharpness_rho))

BASIN_MEASURE(rise_random, "rise along random directions", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_RISES, BASIN_INVARIANT_TO_NOTHING,
              "mean symmetrised rise along filter-normalised random directions, at sharpness_rho",
              .compared = true, .ratio = true, .setting = offsetof(basin_row, sharpness_rho))

BASIN_MEASURE(momentum_gradient_cosine, "cos(v, ∇L)", "1", -1.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_GRADIENT | BASIN_NEEDS_MOMENTUM,
              BASIN_INVARIANT_TO_LOSS_SCALE,
              "cosine between momentum and gradient",
              .compared = false)

BASIN_MEASURE(momentum_top_cosine2, "cos²(v, e\0011\2)", "1", 0.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_MOMENTUM,
              BASIN_INVARIANT_TO_LOSS_SCALE,
              "squared cosine between momentum and top eigenvector",
              .compared = false)

BASIN_MEASURE(gradient_top_cosine2, "cos²(∇L, e\0011\2)", "1", 0.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_GRADIENT,
              BASIN_INVARIANT_TO_LOSS_SCALE,
              "squared cosine between gradient and top eigenvector",
              .compared = false)

BASIN_MEASURE(gradient_norm, "‖∇L‖", "L/θ", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_GRADIENT, BASIN_INVARIANT_TO_NOTHING,
              "Euclidean norm of the gradient of the training loss",
              .compared = true, .ratio = true, .title = "grad. norm", .digits = 3)

BASIN_MEASURE(theta_norm, "‖θ‖", "θ", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_NOTHING, BASIN_INVARIANT_TO_LOSS_SCALE,
              "Euclidean norm of the parameters",
              .compared = true, .ratio = true)

BASIN_MEASURE(theta_norm_rel, "‖θ − θ\0010\2‖ / ‖θ\0010\2‖", "1", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_START, BASIN_INVARIANT_TO_LOSS_SCALE,
              "distance from the start of the run, over the norm of the parameters there",
              .compared = false)

BASIN_MEASURE(curvature_gradient, "∇LᵀH∇L / ‖∇L‖²", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_GRADIENT,
              BASIN_INVARIANT_TO_NOTHING,
              "curvature along the gradient",
              .compared = false, .own_direction = true, .aside = "gHg/|g|^2", .digits = 4)

BASIN_MEASURE(curvature_momentum, "vᵀHv / ‖v‖²", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_MOMENTUM,
              BASIN_INVARIANT_TO_NOTHING,
              "curvature along the momentum",
              .compared = false, .own_direction = true, .aside = "vHv/|v|^2", .digits = 4)

BASIN_MEASURE(curvature_random, "tr H / P", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SPECTRUM, BASIN_INVARIANT_TO_NOTHING,
              "mean curvature along uniformly random directions: trace / P",
              .compared = false, .aside = "random dHd", .digits = 4)

BASIN_MEASURE(gradient_top_energy, "‖Pk∇L‖² / ‖∇L‖²", "1", 0.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_SUBSPACE | BASIN_NEEDS_GRADIENT,
              BASIN_INVARIANT_TO_LOSS_SCALE,
              "share of the squared norm of the gradient in the span of the top `subspace` "
              "eigenvectors",
              .compared = false, .setting = offsetof(basin_row, subspace),
              .aside = "g in top k", .digits = 4)

BASIN_MEASURE(momentum_top_energy, "‖Pkv‖² / ‖v‖²", "1", 0.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_SUBSPACE | BASIN_NEEDS_MOMENTUM,
              BASIN_INVARIANT_TO_LOSS_SCALE,
              "share of the squared norm of the momentum in the span of the top `subspace` "
              "eigenvectors",
              .compared = false, .setting = offsetof(basin_row, subspace),
              .aside = "v in top k", .digits = 4)

BASIN_MEASURE(step_gradient_cosine, "cos(u, ∇L)", "1", -1.0, 1.0,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_STEP | BASIN_NEEDS_RECORD | BASIN_NEEDS_RAW,
              BASIN_INVARIANT_TO_NOTHING,
              "cosine between the method's next step u at full batch, uphill, and the gradient",
              .compared = false, .aside = "cos(u, g)", .digits = 3)

BASIN_MEASURE(critical_sharpness, "critical sharpness", "L/θ²", 0.0, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_STEP | BASIN_NEEDS_RECORD | BASIN_NEEDS_RAW,
              BASIN_INVARIANT_TO_NOTHING,
              "2 / eta_c, eta_c the least step size along the next step at which the loss is above "
              "where it began; null where that step leads uphill",
              .compared = true, .ratio = true, .own_direction = true,
              .aside = "critical", .digits = 4)

BASIN_MEASURE(critical_quadratic, "uᵀHu / uᵀ∇L", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_STEP | BASIN_NEEDS_RECORD | BASIN_NEEDS_RAW,
              BASIN_INVARIANT_TO_NOTHING,
              "critical_sharpness of the quadratic model: uHu / ug of the next step u",
              .compared = false, .own_direction = true, .aside = "uHu/ug", .digits = 4)

BASIN_MEASURE(batch_sharpness, "batch sharpness", "L/θ²", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_BATCHES, BASIN_INVARIANT_TO_NOTHING,
              "mean over mini-batches of gHg / |g|^2, gradient and Hessian those of the batch",
              .compared = true, .ratio = true, .own_direction = true,
              .setting = offsetof(basin_row, batch_samples), .aside = "batch sharp.", .digits = 4)

BASIN_MEASURE(batch_sharpness_momentum, "batch sharpness along the step", "L/θ²", -INFINITY,
              INFINITY,
              BASIN_FAMILY_CURVATURE,
              BASIN_NEEDS_BATCHES | BASIN_NEEDS_MOMENTUM | BASIN_NEEDS_RECORD,
              BASIN_INVARIANT_TO_NOTHING,
              "mean over mini-batches of sHs / sg, s = beta v + g the step of heavy ball on the "
              "batch",
              .compared = false, .own_direction = true,
              .setting = offsetof(basin_row, batch_samples), .aside = "sHs/sg", .digits = 4)
/* Measures of `sharpness --measure` by their names there, at one radius each; of worst cases the
 * most that was found. */
BASIN_MEASURE(ascent, "ascent in 10 steps", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "rise of the loss by 10 steps of SAM's ascent, rho = 0.05",
              .compared = true, .ratio = true, .own_direction = true, .aside = "ascent", .digits = 4)

BASIN_MEASURE(m_sharpness, "m-sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "mean over batches of the rise of their loss by SAM's step on them, rho = 0.05",
              .compared = true, .ratio = true, .own_direction = true, .aside = "m-sharp.", .digits = 4)

BASIN_MEASURE(asam, "ASAM sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "rise of the loss by ASAM's step, biases not scaled, rho = 0.5",
              .compared = true, .ratio = true, .own_direction = true, .aside = "asam", .digits = 4)

BASIN_MEASURE(asam_all, "ASAM sharpness, biases too", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_RESCALING,
              "rise of the loss by ASAM's step, biases scaled too, rho = 0.5",
              .compared = true, .ratio = true, .own_direction = true, .aside = "asam_all", .digits = 4)

BASIN_MEASURE(average, "average sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "mean rise of the loss under N(0, rho^2 I), rho = 0.05, 100 draws",
              .compared = true, .ratio = true, .aside = "average", .digits = 4)

BASIN_MEASURE(adaptive_average, "average adaptive sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_RESCALING,
              "mean rise of the loss under N(0, rho^2 diag(theta^2)), rho = 0.1, 100 draws",
              .compared = true, .ratio = true, .aside = "adaptive av.", .digits = 4)

BASIN_MEASURE(worst_l2, "worst-case sharpness, ℓ2", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "largest rise of the loss found within |delta|_2 <= 0.05 by Auto-PGD",
              .compared = true, .ratio = true, .aside = "worst_l2", .digits = 4)

BASIN_MEASURE(worst_linf, "worst-case sharpness, ℓ∞", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "largest rise of the loss found within |delta|_inf <= 0.001 by Auto-PGD",
              .compared = true, .ratio = true, .aside = "worst_linf", .digits = 4)

BASIN_MEASURE(adaptive_worst_l2, "worst-case adaptive sharpness, ℓ2", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_RESCALING,
              "largest rise of the loss found within |delta / |theta||_2 <= 0.5 by Auto-PGD",
              .compared = true, .ratio = true, .aside = "adaptive l2", .digits = 4)

BASIN_MEASURE(adaptive_worst_linf, "worst-case adaptive sharpness, ℓ∞", "L", -INFINITY,
              INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_RESCALING,
              "largest rise of the loss found within |delta_i| <= 0.005 |theta_i| by Auto-PGD",
              .compared = true, .ratio = true, .aside = "adaptive linf", .digits = 4)

BASIN_MEASURE(box, "ε-box sharpness", "1", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_NOTHING,
              "100 times the largest rise found within |z_i| <= 0.001 (|theta_i| + 1), over 1 + the "
              "loss",
              .compared = true, .ratio = true, .aside = "box", .digits = 4)

BASIN_MEASURE(geodesic, "geodesic sharpness", "L", -INFINITY, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_RESCALING,
              "largest rise of the loss found within a geodesic ball of radius 0.1",
              .compared = true, .ratio = true, .aside = "geodesic", .digits = 4)

BASIN_MEASURE(pac_bayes_precision, "1/σ² of PAC-Bayes", "1/θ²", 0.0, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_LOSS_SCALE,
              "1 / sigma^2 of pac_bayes: of the noise at which the accuracy falls by 0.1",
              .compared = true, .ratio = true, .aside = "1/sigma^2", .digits = 4)

BASIN_MEASURE(adaptive_pac_bayes_precision, "1/σ² of relative PAC-Bayes", "1", 0.0, INFINITY,
              BASIN_FAMILY_RISE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_LOSS_SCALE,
              "1 / sigma^2 of adaptive_pac_bayes: of the relative noise at which the accuracy falls "
              "by 0.1",
              .compared = true, .ratio = true, .aside = "rel. 1/sigma^2", .digits = 4)

BASIN_MEASURE(fisher_relative, "curvature relative to Fisher's", "1", -INFINITY, INFINITY,
              BASIN_FAMILY_CURVATURE, BASIN_NEEDS_SHARPNESS, BASIN_INVARIANT_TO_LOSS_SCALE,
              "largest mu of H x = mu (G + delta I) x, G the Gauss-Newton matrix",
              .compared = true, .ratio = true, .aside = "to Fisher's", .digits = 4)

BASIN_MEASURE(feature_rank, "feature rank", "1", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_SHARPNESS,
              BASIN_INVARIANT_TO_RESCALING | BASIN_INVARIANT_TO_LOSS_SCALE,
              "principal components that hold 99 % of the variance of what the last dense layer "
              "reads",
              .compared = true, .aside = "features", .digits = 4)

BASIN_MEASURE(neural_collapse, "NC1", "1", 0.0, INFINITY,
              BASIN_FAMILY_CONDITION, BASIN_NEEDS_SHARPNESS,
              BASIN_INVARIANT_TO_RESCALING | BASIN_INVARIANT_TO_LOSS_SCALE,
              "tr(S_W S_B^+) / C of what the last dense layer reads: within and between classes",
              .compared = true, .ratio = true, .aside = "NC1", .digits = 4)
/* clang-format on */
#undef BASIN_MEASURE
