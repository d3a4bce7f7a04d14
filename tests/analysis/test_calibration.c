/* Do 95 % intervals of sums over eigenvalues hold the truth in 95 % of cases? On spectra that are known.
 * BASIN_LONG=1 prints the table of docs/measures.md: 400 seeds each. */
#include "spectra.h"

#include <math.h>
#include <stdlib.h>

/* SANE's cut-offs follow the largest |θ| found, those of N_eff are given. */
static void estimates(const basin_spectrum *s, double largest, basin_spectral_sum *out)
{
    basin_sane *sane = NULL;

    for (size_t c = 0; c < 3; c++) {
        assert_ok(basin_sane_compute(
            s, &(basin_sane_options){.kappa = cut_offs[c], .alpha = cut_offs[3 + c] * largest}, &sane));
        out[c] = sane->error, out[3 + c] = sane->n_eff_error;
        basin_sane_destroy(&sane);
    }
    out[6] = s->density.trace;
    out[7] = s->density.frobenius;
    out[8] = s->density.negative;
    out[9] = s->density.near_zero;
}

typedef struct tally {
    size_t  seeds, held[QUANTITIES];
    double *width[QUANTITIES]; /* [seeds] half-widths relative to the truth; shares: absolute */
    double  products;
} tally;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Each spectrum has seeds of its own: the same ones would draw nearly the same probes for all. */
static void run_seeds(exact *e, uint64_t first, size_t seeds, size_t products, tally *t)
{
    double             truth[QUANTITIES], largest = largest_of(e);
    basin_spectral_sum found[QUANTITIES];

    *t = (tally){.seeds = seeds};
    true_values(e, truth);
    for (size_t i = 0; i < QUANTITIES; i++) t->width[i] = basin_alloc(seeds, sizeof *t->width[i]);
    for (size_t seed = 0; seed < seeds; seed++) {
        problem_of      p;
        basin_spectrum *s = NULL;
        basin_sane     *sane = NULL;
        open_problem(&p, e->x, e->n, 0.0);
        assert_ok(basin_sane_estimate(p.point, &(basin_spectrum_options){.seed = first + seed},
                                      &(basin_sane_options){.products = products}, &sane, &s));
        assert_true(s->products <= products);
        estimates(s, largest, found);
        for (size_t i = 0; i < QUANTITIES; i++) {
            double scale = i < 8 ? fabs(truth[i]) : 1.0, rounding = 1e-10 * scale;
            if (found[i].lower - rounding <= truth[i] && truth[i] <= found[i].upper + rounding) t->held[i]++;
            t->width[i][seed] = 0.5 * (found[i].upper - found[i].lower) / scale;
        }
        t->products += (double)s->products / (double)seeds;
        basin_sane_destroy(&sane);
        basin_spectrum_destroy(&s);
        close_problem(&p);
    }
    for (size_t i = 0; i < QUANTITIES; i++) qsort(t->width[i], seeds, sizeof *t->width[i], ascending);
}

static double median_width(const tally *t, size_t quantity)
{
    return t->width[quantity][t->seeds / 2];
}

static void clear(tally *t)
{
    for (size_t i = 0; i < QUANTITIES; i++) basin_free(t->width[i]);
}

static void print_tally(const exact *e, const tally *t)
{
    print_message("| %s | %zu | %.0f |", e->name, e->n, t->products);
    for (size_t i = 0; i < QUANTITIES; i++)
        print_message(" %.1f, %.2g |", 100.0 * (double)t->held[i] / (double)t->seeds,
                      100.0 * median_width(t, i));
    print_message("\n");
}

enum { SPECTRA = 15, SEEDS = 400 };

static const size_t budgets[] = {100, 200, 500};

static void all_spectra(exact *out)
{
    size_t i = 0;

    out[i++] = of_network("perceptron, PyTorch's", "oracle.h5", "/oracle/eigenvalues");
    out[i++] = of_network("GPT, PyTorch's", "oracle_gpt.h5", "/oracle/eigenvalues");
    out[i++] = of_network("LeNet, PyTorch's", "oracle_lenet.h5", "/oracle/eigenvalues");
    out[i++] = of_network("ResNet, PyTorch's", "oracle_resnet.h5", "/oracle/eigenvalues");
    out[i++] = of_network("ViT, PyTorch's", "oracle_vit.h5", "/oracle/eigenvalues");
    out[i++] = of_network("ReLU, at the start", "spectra.h5", "/relu_start");
    out[i++] = of_network("ReLU, GD", "spectra.h5", "/relu_gd");
    out[i++] = of_network("ReLU, SAM", "spectra.h5", "/relu_sam");
    out[i++] = of_network("tanh, SAM", "spectra.h5", "/tanh_sam");
    out[i++] = of_network("GELU, squares", "spectra.h5", "/gelu_mse");
    out[i++] = of_power("power law i^-0.7", 10000, 0.7);
    out[i++] = of_bulk("normal bulk, two outliers", 3000);
    out[i++] = of_zeros("90 values, else 0", 2590);
    out[i++] = of_ties("five values");
    out[i++] = of_outliers("ten outliers, tail 1/i", 50000);
    assert_int_equal(i, SPECTRA);
}

/* ---------------------------------------------------------------------------------------------- tests -- */

/* Short: a few seeds, all quantities together, on small spectra. */
static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    exact  spectra[] = {of_zeros("zeros", 600), of_bulk("bulk", 500), of_power("power", 800, 1.0)};
    size_t held = 0, all = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tally t;
        run_seeds(&spectra[i], 1000 * i, 12, 200, &t);
        if (basin_test_long()) print_tally(&spectra[i], &t);
        for (size_t q = 0; q < QUANTITIES; q++) held += t.held[q], all += t.seeds;
        clear(&t);
        basin_free(spectra[i].x);
    }
    assert_true((double)held >= 0.93 * (double)all);
}

/* Long: the table, at 200 products, 400 seeds; the networks of 2,000 to 4,000 parameters at 500 too. */
static void intervals_hold_the_truth_on_fifteen_exact_spectra(void **state)
{
    exact  spectra[SPECTRA];
    size_t failures = 0;

    (void)state;
    if (!basin_test_long()) basin_test_skip("make test-long");
    all_spectra(spectra);
    print_message(
        "| spectrum | P | products | SANE .1 | SANE .5 | SANE 2 | N_eff 1e-3 | N_eff .02 | N_eff .5 | trace |"
        " norm | below -1e-3 | near 0 |\n");
    for (size_t b = 0; b < 3; b++)
        for (size_t i = 0; i < SPECTRA; i++) {
            tally        t;
            const size_t products = budgets[b];
            bool         network = spectra[i].n >= 2000 && spectra[i].n <= 4000 && i < 10;
            if (products == 500 && !network) continue;
            run_seeds(&spectra[i], 10000 * i, SEEDS, products, &t);
            print_tally(&spectra[i], &t);
            for (size_t q = 0; q < QUANTITIES; q++)
                if (!((double)t.held[q] >= 0.93 * (double)t.seeds)) failures++;
            if (network && products > 100 && !(median_width(&t, 1) <= (products == 200 ? 0.10 : 0.05)))
                failures++;
            if (spectra[i].n == 50000 && products == 200 && !(median_width(&t, 1) <= 0.01)) failures++;
            clear(&t);
        }
    assert_int_equal(failures, 0);
    for (size_t i = 0; i < SPECTRA; i++) basin_free(spectra[i].x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
        cmocka_unit_test(intervals_hold_the_truth_on_fifteen_exact_spectra),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
