/* What single precision does to products with random vectors, and to the sums over eigenvalues by them. */
#include "support.h"

#include <float.h>
#include <math.h>

#include "core/linalg.h"
#include "core/random.h"

static const char *const networks[] = {"oracle.h5",          "oracle_gpt.h5",      "oracle_lenet.h5",
                                       "oracle_resnet.h5",   "oracle_vit.h5",      "oracle_bn.h5",
                                       "oracle_gelu_bce.h5", "oracle_elu_mse.h5",  "oracle_conv1d.h5",
                                       "oracle_tokens.h5",   "oracle_weighted.h5", "oracle_sigmoid_tanh.h5"};
enum { NETWORKS = sizeof networks / sizeof *networks };

typedef struct place { /* a network's point in one precision */
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_objective  *o;
    basin_point      *point;
} place;

static void open_place(const char *file, basin_precision precision, place *p)
{
    *p = (place){0};
    assert_ok(basin_checkpoint_read(basin_test_data(file), &p->ck));
    assert_ok(basin_checkpoint_dataset(p->ck, NULL, &p->data));
    assert_ok(basin_network_objective(p->ck->graph, &p->ck->loss, p->data,
                                      &(basin_network_options){.precision = precision}, &p->o));
    assert_ok(basin_point_create(p->o, p->ck->theta, NULL, &p->point));
}

static void close_place(place *p)
{
    basin_point_destroy(&p->point);
    basin_objective_destroy(&p->o);
    basin_dataset_destroy(&p->data);
    basin_checkpoint_destroy(&p->ck);
}

/* The rms over random unit vectors u of ‖Hu in single − Hu in double‖ in units of ε‖H‖_F/√P, which is ε
   times the rms of ‖Hu‖. */
static double rounding_of(const char *file)
{
    enum { VECTORS = 8 };
    place        one, two;
    double       error = 0.0, norm = 0.0;
    basin_random random = basin_random_start(3, BASIN_STREAM_TEST);

    open_place(file, BASIN_SINGLE, &one);
    open_place(file, BASIN_DOUBLE, &two);
    size_t  size = basin_point_size(one.point);
    double *u = basin_alloc(size, sizeof *u), *a = basin_alloc(size, sizeof *a);
    double *b = basin_alloc(size, sizeof *b);
    for (size_t i = 0; i < VECTORS; i++) {
        basin_random_normals(&random, u, size);
        basin_scale(1.0 / basin_norm(u, size), u, size);
        assert_ok(basin_point_product(one.point, u, 1, a));
        assert_ok(basin_point_product(two.point, u, 1, b));
        norm += basin_dot(b, b, size);
        basin_axpy(-1.0, b, a, size);
        error += basin_dot(a, a, size);
    }
    basin_free(u), basin_free(a), basin_free(b);
    close_place(&one), close_place(&two);
    return sqrt(error / norm) / FLT_EPSILON;
}

static void products_with_random_vectors_round_as_their_norm_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS; i++) {
        double rounding = rounding_of(networks[i]);
        if (basin_test_long()) print_message("    %s: %.2f\n", networks[i], rounding);
        assert_true(rounding > 1e-3 && rounding <= 4.0);
    }
}

/* Exact eigenvalues are those of the same Hessian in double. */
static void intervals_in_single_hold_what_double_says(void **state)
{
    const size_t seeds = basin_test_long() ? 60 : 6;
    size_t       held = 0, all = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        place           p;
        basin_spectrum *s = NULL;
        basin_sane     *exact = NULL, *sane = NULL;
        size_t          here = 0;
        open_place(networks[i], BASIN_DOUBLE, &p);
        assert_ok(
            basin_spectrum_compute(p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &s));
        assert_ok(basin_sane_compute(s, NULL, &exact));
        basin_spectrum_destroy(&s);
        close_place(&p);
        open_place(networks[i], BASIN_SINGLE, &p);
        for (size_t seed = 0; seed < seeds; seed++) {
            assert_ok(basin_sane_estimate(p.point, &(basin_spectrum_options){.seed = 100 * i + seed},
                                          &(basin_sane_options){.products = 120}, &sane, NULL));
            here += sane->lower <= exact->value && exact->value <= sane->upper;
            assert_true(sane->error.rounding < 1e-4 * sane->value);
            basin_sane_destroy(&sane);
        }
        if (basin_test_long())
            print_message("    %s: SANE %.3f, held by %zu of %zu intervals\n", networks[i], exact->value,
                          here, seeds);
        held += here, all += seeds;
        basin_sane_destroy(&exact);
        close_place(&p);
    }
    assert_true((double)held >= 0.93 * (double)all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_with_random_vectors_round_as_their_norm_does),
        cmocka_unit_test(intervals_in_single_hold_what_double_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
