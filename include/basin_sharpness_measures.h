/* Every measure of sharpness that `basin sharpness --measure` knows, once. The numbers of the enum,
 * the choices of the command line, titles of figures, the definitions that are printed, and the
 * tables of docs/measures.md follow from this list. The functions basin_sharpness_by_NAME and
 * basin_sharpness_cost_NAME, in a file of src/analysis/sharpness, compute it and say what that
 * takes. CONTRIBUTING.md says how to add one.
 *
 *     BASIN_SHARPNESS_MEASURE(name, title, number, radius, rho, settings, symmetries, definition,
 *                             source)
 *
 *     name        as in C, in JSON and on the command line
 *     title       of its panel in figures
 *     number      basin_sharpness_number: what kind of number its value is
 *     radius      basin_sharpness_radius: which radii have a sense
 *     rho         around which its default radii lie: times 1/4, 1/2, 1, 2, 4; 0 without a radius
 *     settings    basin_sharpness_setting, several joined by |: what else enters
 *     symmetries  BASIN_SYMMETRIC(neuron, layer, norm, attention, permutation), each NO, YES,
 *                 LAYERS or PLAIN: which reparametrisations that leave the network's function alone
 *                 are known to leave the measure alone (basin_symmetry)
 *     definition  one line; L the loss, theta the weights, g the gradient of L without weight decay
 *     source      paper, or «basin's own»
 *
 * It has no guard: whoever includes it defines BASIN_SHARPNESS_MEASURE before, and it takes the
 * definition back.
 */
/* clang-format off */
BASIN_SHARPNESS_MEASURE(sam, "SAM, one step", EXACT, ANY, 0.05, BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "L(theta + rho g/|g|) - L(theta)",
    "Foret et al., arXiv:2010.01412")

BASIN_SHARPNESS_MEASURE(ascent, "ascent in n steps", EXACT, POSITIVE, 0.05, BASIN_TAKES_STEPS,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "L(x_n) - L(theta), x_0 = theta, x_k+1 = x_k + (rho/n) g(x_k)/|g(x_k)|: n steps of SAM's ascent",
    "Kim et al., arXiv:2302.10181")

BASIN_SHARPNESS_MEASURE(m_sharpness, "m-sharpness", SAMPLED, ANY, 0.05,
    BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "mean over batches B of m samples of L_B(theta + rho g_B/|g_B|) - L_B(theta)",
    "Foret et al., arXiv:2010.01412")

BASIN_SHARPNESS_MEASURE(asam, "ASAM", EXACT, ANY, 0.5, BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "L(theta + rho T^2 g/|T g|) - L(theta), T = |theta| + 0.01 of weights and norm scales, 1 of "
    "biases and shifts",
    "Kwon et al., arXiv:2102.11600, as their code has it")

BASIN_SHARPNESS_MEASURE(asam_all, "ASAM, biases too", EXACT, ANY, 0.5, BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(YES, YES, YES, NO, YES),
    "L(theta + rho T^2 g/|T g|) - L(theta), T = |theta| of all parameters",
    "Kwon et al., arXiv:2102.11600, eq. 4 with T of every parameter")

BASIN_SHARPNESS_MEASURE(msam, "MSAM", EXACT, SIGNED, 0.05, BASIN_TAKES_MOMENTUM,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "L(theta - rho v/|v|) - L(theta), v the momentum",
    "Becker, Altrock & Risse, arXiv:2401.12033")

BASIN_SHARPNESS_MEASURE(average, "average", SAMPLED, POSITIVE, 0.05,
    BASIN_TAKES_DRAWS | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "E L(theta + delta) - L(theta), delta ~ N(0, rho^2 I)",
    "Andriushchenko et al., arXiv:2302.07011")

BASIN_SHARPNESS_MEASURE(adaptive_average, "average, adaptive", SAMPLED, POSITIVE, 0.1,
    BASIN_TAKES_DRAWS | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(YES, YES, YES, NO, YES),
    "E L(theta + delta) - L(theta), delta ~ N(0, rho^2 diag(theta^2))",
    "Andriushchenko et al., arXiv:2302.07011")

BASIN_SHARPNESS_MEASURE(worst_l2, "worst case, ℓ₂", LOWER_BOUND, POSITIVE, 0.05,
    BASIN_TAKES_STEPS | BASIN_TAKES_RESTARTS | BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "max L(theta + delta) - L(theta), |delta|_2 <= rho, by Auto-PGD",
    "Andriushchenko et al., arXiv:2302.07011; Croce & Hein, arXiv:2003.01690")

BASIN_SHARPNESS_MEASURE(worst_linf, "worst case, ℓ∞", LOWER_BOUND, POSITIVE, 0.001,
    BASIN_TAKES_STEPS | BASIN_TAKES_RESTARTS | BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "max L(theta + delta) - L(theta), |delta|_inf <= rho, by Auto-PGD",
    "Andriushchenko et al., arXiv:2302.07011; Croce & Hein, arXiv:2003.01690")

BASIN_SHARPNESS_MEASURE(adaptive_worst_l2, "worst case, adaptive ℓ₂", LOWER_BOUND, POSITIVE, 0.5,
    BASIN_TAKES_STEPS | BASIN_TAKES_RESTARTS | BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(YES, YES, YES, NO, YES),
    "max L(theta + delta) - L(theta), |delta / |theta||_2 <= rho, by Auto-PGD in delta / |theta|",
    "Andriushchenko et al., arXiv:2302.07011; Croce & Hein, arXiv:2003.01690")

BASIN_SHARPNESS_MEASURE(adaptive_worst_linf, "worst case, adaptive ℓ∞", LOWER_BOUND, POSITIVE, 0.005,
    BASIN_TAKES_STEPS | BASIN_TAKES_RESTARTS | BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(YES, YES, YES, NO, YES),
    "max L(theta + delta) - L(theta), |delta_i| <= rho |theta_i|, by Auto-PGD in delta / |theta|",
    "Andriushchenko et al., arXiv:2302.07011; Croce & Hein, arXiv:2003.01690")

BASIN_SHARPNESS_MEASURE(box, "ε-box", LOWER_BOUND, POSITIVE, 0.001,
    BASIN_TAKES_STEPS | BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "100 (max L(theta + z) - L(theta)) / (1 + L(theta)), |z_i| <= rho (|theta_i| + 1), by L-BFGS-B",
    "Keskar et al., arXiv:1609.04836")

BASIN_SHARPNESS_MEASURE(pac_bayes, "PAC-Bayes σ", SAMPLED, NONE, 0,
    BASIN_TAKES_DRAWS | BASIN_TAKES_SEED | BASIN_TAKES_ACCURACY,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "largest standard deviation sigma of theta + N(0, sigma^2 I) at which the accuracy falls by at most "
    "0.1 on average",
    "Jiang et al., arXiv:1912.02178")

BASIN_SHARPNESS_MEASURE(adaptive_pac_bayes, "PAC-Bayes σ, relative", SAMPLED, NONE, 0,
    BASIN_TAKES_DRAWS | BASIN_TAKES_SEED | BASIN_TAKES_ACCURACY,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "largest sigma of theta_i + N(0, (sigma theta_i)^2 + 0.001^2) at which the accuracy falls by at most "
    "0.1 on average",
    "Jiang et al., arXiv:1912.02178")

BASIN_SHARPNESS_MEASURE(geodesic, "geodesic, attention by its products", LOWER_BOUND, POSITIVE, 0.1,
    BASIN_TAKES_STEPS | BASIN_TAKES_BATCHES | BASIN_TAKES_RESTARTS | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(PLAIN, PLAIN, PLAIN, YES, YES),
    "max L(theta + x - Gamma(x, x)/2) - L(theta), x horizontal, |x| <= rho: of attention's G H' in the metric mix, of all else by |theta|",
    "da Silva, Dangel & Oore, ICML 2025, without a regulariser")

BASIN_SHARPNESS_MEASURE(relative_flatness, "relative flatness of layers", EXACT, LAYERS, 0,
    BASIN_TAKES_DRAWS | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, YES, YES, NO, YES),
    "sum over neurons s, s' of <w_s, w_s'> tr H_ss' of a layer's matrix, w_s its row of neuron s",
    "Petzka et al., arXiv:2001.00939")

BASIN_SHARPNESS_MEASURE(scaled_lambda_max, "largest eigenvalue without scale", EXACT, SCALES, 0,
    BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, YES, NO, YES),
    "lambda_max |w|^2 of the block of the Hessian of weights w whose scale a normalisation undoes",
    "basin's own")

BASIN_SHARPNESS_MEASURE(scaled_trace, "trace without scale", EXACT, SCALES, 0,
    BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, YES, NO, YES),
    "tr H |w|^2 of the block of the Hessian of weights w whose scale a normalisation undoes",
    "basin's own")

BASIN_SHARPNESS_MEASURE(worst_direction, "worst direction", EXACT, NONE, 0, BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "lambda_1 / 2: the rise over rho^2 in the worst direction, rho to 0; full-batch SAM lowers it",
    "Wen, Ma & Li, arXiv:2211.05729")

BASIN_SHARPNESS_MEASURE(ascent_direction, "ascent direction", EXACT, NONE, 0, BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "the least eigenvalue above 1e-4 lambda_1, / 2: the rise over rho^2 where the gradient may point, rho to 0",
    "Wen, Ma & Li, arXiv:2211.05729")

BASIN_SHARPNESS_MEASURE(average_direction, "average direction", EXACT, NONE, 0, BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "tr H / 2P: the mean rise over rho^2 over directions, rho to 0; SAM on single samples lowers it",
    "Wen, Ma & Li, arXiv:2211.05729")

BASIN_SHARPNESS_MEASURE(fisher_relative, "relative to the Fisher matrix", EXACT, NONE, 0,
    BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "largest mu of H x = mu (G + delta I) x, G the Gauss-Newton matrix, delta 1 % of its mean eigenvalue",
    "Kristiadi et al., arXiv:2302.07384")

BASIN_SHARPNESS_MEASURE(critical_sharpness, "critical sharpness", EXACT, NONE, 0,
    BASIN_TAKES_UPDATE | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "2 / eta_c, eta_c the least eta with L(theta - eta u) > L(theta), u the next update",
    "arXiv:2601.16979")

BASIN_SHARPNESS_MEASURE(critical_quadratic, "critical sharpness, quadratic", EXACT, NONE, 0,
    BASIN_TAKES_UPDATE,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "u'Hu / u'g, u the next update: what critical sharpness is of the quadratic model",
    "arXiv:2601.16979")

BASIN_SHARPNESS_MEASURE(batch_sharpness, "batch sharpness", SAMPLED, NONE, 0,
    BASIN_TAKES_BATCHES | BASIN_TAKES_SEED,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "mean over batches B of g'Hg / |g|^2, g and H of L_B",
    "Andreyev & Beneventano, arXiv:2412.20553")

BASIN_SHARPNESS_MEASURE(batch_sharpness_momentum, "batch sharpness along the step", SAMPLED, NONE, 0,
    BASIN_TAKES_BATCHES | BASIN_TAKES_SEED | BASIN_TAKES_MOMENTUM,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "mean over batches B of s'Hs / s'g, s = beta v + g, v the momentum, g and H of L_B",
    "Andreyev et al., arXiv:2604.14108")

BASIN_SHARPNESS_MEASURE(feature_rank, "feature rank", EXACT, NONE, 0, BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(NO, YES, YES, YES, YES),
    "principal components that hold 99 % of the variance of what the last dense layer reads: a confounder",
    "Andriushchenko et al., arXiv:2305.16292")

BASIN_SHARPNESS_MEASURE(neural_collapse, "neural collapse, NC1", EXACT, NONE, 0, BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(NO, YES, YES, YES, YES),
    "tr(S_W S_B^+) / C of what the last dense layer reads, within and between C classes: a confounder",
    "Papyan, Han & Donoho, PNAS 117(40), 2020")

BASIN_SHARPNESS_MEASURE(theta_norm, "norm of the parameters", EXACT, NONE, 0, BASIN_TAKES_NOTHING,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "|theta|: a confounder",
    "basin's own")

BASIN_SHARPNESS_MEASURE(theta_norm_rel, "distance from the start", EXACT, NONE, 0, BASIN_TAKES_START,
    BASIN_SYMMETRIC(NO, NO, NO, NO, YES),
    "|theta - theta_0| / |theta_0|, theta_0 where the run began: a confounder",
    "Nagarajan & Kolter, arXiv:1901.01672")
#undef BASIN_SHARPNESS_MEASURE
