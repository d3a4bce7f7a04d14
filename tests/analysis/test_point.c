/* A point: what it keeps, weight decay where it is linear, and the memory of its frozen Hessian. */
#include <math.h>
#include <string.h>

#include "analysis/point.h"
#include "core/linalg.h"
#include "problem.h"
#include "support.h"

enum { P = 3 };

static const double a3[P * P] = {4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0}, theta3[P] = {1.0, -2.0, 0.5},
                           weights[P] = {0.5, 0.5, 0.0};

static basin_objective *quadratic(void)
{
    basin_objective *o = NULL;

    assert_ok(basin_test_quadratic(a3, NULL, 1.0, P, &o));
    return o;
}

/* L = 1 + ½ thetaᵀA theta and ½ thetaᵀW theta of theta3: 6.75 and 1.25. */
static void weight_decay_is_added_to_loss_gradient_products_and_lines(void **state)
{
    const double        v[] = {1.0, 2.0, 3.0, 0.0, 0.0, 1.0}, d[] = {0.0, 1.0, 1.0}, t[] = {0.0, 2.0};
    basin_point_options options = {.decay = {.value = 0.1}, .included = {.each = weights}};
    basin_objective    *o = quadratic();
    basin_point        *point = NULL;
    basin_loss          loss, lines[2];
    const double       *bare, *g, *decayed;
    double              h[2 * P], hv[2 * P];

    (void)state;
    assert_ok(basin_point_create(o, theta3, &options, &point));
    assert_ok(basin_point_bare_gradient(point, &loss, &bare));
    assert_close(basin_loss_value(&loss), 6.75, 1e-15, 0.0);
    assert_ok(basin_point_gradient(point, &loss, &g));
    assert_close(basin_loss_value(&loss), 6.75 + 1.25, 1e-15, 0.0);
    assert_ok(basin_point_decayed_gradient(point, &loss, &decayed));
    assert_close(basin_loss_value(&loss), 6.75 + 0.05 * 5.25, 1e-15, 0.0);
    for (size_t i = 0; i < P; i++) {
        assert_close(bare[i], basin_dot(a3 + i * P, theta3, P), 1e-15, 0.0);
        assert_close(g[i], bare[i] + weights[i] * theta3[i], 1e-15, 0.0);
        assert_close(decayed[i], bare[i] + 0.1 * theta3[i], 1e-15, 0.0);
    }
    assert_ok(basin_point_product(point, v, 2, hv));
    for (size_t j = 0; j < 2; j++)
        for (size_t i = 0; i < P; i++)
            h[j * P + i] = basin_dot(a3 + i * P, v + j * P, P) + weights[i] * v[j * P + i];
    for (size_t i = 0; i < 2 * P; i++) assert_close(hv[i], h[i], 1e-15, 0.0);
    assert_ok(basin_point_subspace(point, d, 1, t, 2, lines));
    assert_close(basin_loss_value(&lines[0]), 8.0, 1e-15, 0.0);
    /* at (1, 0, 2.5): 1 + ½ (4 + 12.5) + ½ 0.5 */
    assert_close(basin_loss_value(&lines[1]), 9.25 + 0.25, 1e-15, 0.0);
    basin_cost cost = basin_objective_cost(o);
    assert_int_equal(cost.gradients, 1);
    assert_int_equal(cost.freezes, 1);
    basin_point_destroy(&point);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

/* One value for all and the same value for each are the same numbers. */
static void decay_by_parameter_is_decay_of_all_where_its_values_are_one(void **state)
{
    const double       each[P] = {0.3, 0.3, 0.3};
    basin_objective   *o = quadratic();
    basin_stationarity s[2];
    basin_spectrum    *spectra[2] = {NULL, NULL};

    (void)state;
    for (int i = 0; i < 2; i++) {
        basin_decay         decay = i == 0 ? (basin_decay){.value = 0.3} : (basin_decay){.each = each};
        basin_point_options options = {.decay = decay, .included = decay};
        basin_point        *point = NULL;
        assert_ok(basin_point_create(o, theta3, &options, &point));
        assert_ok(basin_spectrum_compute(point, NULL, &spectra[i]));
        assert_ok(basin_stationarity_compute(point, &s[i]));
        assert_close(basin_decay_term(&decay, theta3, P), 0.15 * 5.25, 1e-15, 0.0);
        basin_point_destroy(&point);
    }
    assert_close(s[1].loss, s[0].loss, 1e-15, 0.0);
    assert_close(s[1].decayed_gradient_norm, s[0].decayed_gradient_norm, 1e-15, 0.0);
    assert_close(s[1].decrement, s[0].decrement, 1e-13, 0.0);
    assert_close(s[1].tried, s[0].tried, 1e-13, 0.0);
    for (size_t i = 0; i < P; i++)
        assert_close(spectra[1]->eigenvalues[i], spectra[0]->eigenvalues[i], 1e-14, 0.0);
    assert_close(spectra[1]->loss, s[1].loss, 1e-15, 0.0); /* R and F are one here */
    for (int i = 0; i < 2; i++) basin_spectrum_destroy(&spectra[i]);
    basin_objective_destroy(&o);
}

/* R = L + ½ thetaᵀWtheta of a quadratic is one again, of A + W: with P products its whole fall is found. */
static void stationarity_takes_decay_by_parameter(void **state)
{
    basin_objective    *o = quadratic();
    basin_stationarity  s;
    basin_point_options options = {.decay = {.each = weights}, .learning_rate = NAN};

    (void)state;
    assert_ok(basin_test_stationarity_at(o, theta3, &options, &s));
    assert_close(s.loss, 8.0, 1e-15, 0.0);
    assert_close(s.decrement, 7.0 / 8.0, 1e-13, 0.0);
    assert_close(s.tried, 7.0 / 8.0, 1e-13, 0.0);
    assert_int_equal(s.verdict, BASIN_DESCENT_FOUND);
    basin_objective_destroy(&o);
}

static void what_is_kept_is_not_computed_again(void **state)
{
    basin_objective   *o = quadratic();
    basin_point       *point = NULL;
    basin_stationarity first, second;
    const double      *g, *again;
    double             v[P] = {1.0, 0.0, 0.0}, hv[P], theta[P];

    (void)state;
    basin_copy(theta3, theta, P);
    assert_ok(basin_point_create(o, theta, NULL, &point));
    memset(theta, 0, sizeof theta); /* the point has a copy */
    assert_memory_equal(basin_point_theta(point), theta3, sizeof theta3);
    assert_ptr_equal(basin_point_objective(point), o);
    assert_int_equal(basin_point_size(point), P);
    assert_ok(basin_point_gradient(point, NULL, &g));
    assert_ok(basin_stationarity_compute(point, &first));
    basin_cost before = basin_objective_cost(o);
    assert_ok(basin_stationarity_compute(point, &second));
    assert_ok(basin_point_decayed_gradient(point, NULL, &again));
    assert_ptr_equal(again, g); /* no decay: one gradient for all three */
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(basin_objective_cost(o).products, before.products);
    assert_int_equal(basin_objective_cost(o).losses, before.losses);
    assert_ok(basin_point_product(point, v, 1, hv));
    assert_int_equal(basin_objective_cost(o).gradients, 1);
    assert_int_equal(basin_objective_cost(o).freezes, 1);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

static void what_makes_no_point_is_refused(void **state)
{
    const double     lost[P] = {1.0, NAN, 0.0}, negative[P] = {0.0, -1.0, 0.0}, far[P] = {1e200, 0.0, 0.0};
    basin_objective *o = quadratic();
    basin_point     *point = NULL;

    (void)state;
    assert_status(basin_point_create(o, lost, NULL, &point), BASIN_ERR_VALUE);
    assert_message("the point holds a NaN or Inf among its 3 parameters");
    assert_status(basin_point_create(o, theta3, &(basin_point_options){.decay = {.value = -0.1}}, &point),
                  BASIN_ERR_ARG);
    assert_message("weight decay -0.1 is not a finite number >= 0");
    assert_status(basin_point_create(o, theta3, &(basin_point_options){.included = {.value = NAN}}, &point),
                  BASIN_ERR_ARG);
    assert_status(
        basin_point_create(o, theta3, &(basin_point_options){.included = {.each = negative}}, &point),
        BASIN_ERR_ARG);
    assert_message("weight decay -1 is not a finite number >= 0");
    assert_null(point);
    assert_ok(basin_point_create(o, far, NULL, &point));
    assert_status(basin_point_gradient(point, NULL, NULL), BASIN_ERR_NUMERIC);
    assert_message("the loss at this point is inf");
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

static void a_checkpoint_says_what_is_recorded(void **state)
{
    basin_graph        *graph = NULL;
    basin_checkpoint   *ck = NULL;
    basin_point_options record;

    (void)state;
    assert_ok(basin_graph_mlp((size_t[]){2, 1}, 2, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, &ck));
    assert_close(basin_point_recorded(ck).decay.value, 0.0, 0.0, 0.0); /* nothing recorded */
    ck->method = basin_strdup("sgd");
    ck->hyper.weight_decay = 0.2, ck->hyper.learning_rate = 0.1, ck->hyper.momentum = 0.9;
    record = basin_point_recorded(ck);
    assert_close(record.decay.value, 0.0, 0.0, 0.0); /* decoupled is no part of a loss */
    assert_close(basin_checkpoint_decay(ck).value, 0.2, 0.0, 0.0);
    assert_close(record.learning_rate, 0.1, 0.0, 0.0);
    ck->hyper.weight_decay_coupled = true;
    assert_close(basin_point_recorded(ck).decay.value, 0.2, 0.0, 0.0);
    ck->decay = basin_alloc(ck->params->size, sizeof *ck->decay);
    assert_ptr_equal(basin_point_recorded(ck).decay.each, ck->decay);
    basin_checkpoint_destroy(&ck);
    basin_graph_destroy(&graph);
}

/* ---------------------------------------------------------------------------------------------- memory -- */

static problem network(void)
{
    problem p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    assert_ok(basin_graph_mlp((size_t[]){12, 30, 20, 5}, 4, "Softplus", &p.graph));
    problem_data(&p, 2700, 5, 0, 21);
    problem_theta(&p, 0.4, 22);
    return p;
}

static basin_provision provision_of(basin_point *point)
{
    basin_curvature *c = NULL;
    basin_provision  provision;

    assert_ok(basin_point_curvature(point, &c));
    basin_curvature_provision(c, &provision);
    return provision;
}

/* Room for a part of the samples: what is set aside stays free; who needs more gets it, at the price of
   freezing again, with the same bits. */
static void the_frozen_hessian_leaves_what_is_reserved(void **state)
{
    problem          p = network();
    basin_objective *o = NULL;
    double          *v = basin_alloc(p.size, sizeof *v), *hv = basin_alloc(2 * p.size, sizeof *hv);
    size_t           partly = 0;

    (void)state;
    for (size_t i = 0; i < p.size; i++) v[i] = (double)(i % 7) - 3.0;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    for (size_t room = 4000000; room < 10000000; room += 500000) {
        uint64_t     before = basin_objective_cost(o).freezes;
        basin_point *point = NULL;
        assert_ok(basin_point_create(o, p.theta, NULL, &point));
        basin_memory_limit_set(basin_memory_used() + BASIN_MEMORY_PROGRAM + room);
        basin_point_reserve(point, room / 4);
        basin_provision provision = provision_of(point);
        if (provision.kept > 0 && provision.kept < provision.parts) {
            partly++;
            assert_ok(basin_point_product(point, v, 1, hv));
            assert_true(basin_memory_left() >= room / 4);
            basin_point_reserve(point, room / 8); /* there is room for that */
            assert_int_equal(basin_objective_cost(o).freezes - before, 1);
            basin_point_reserve(point, room / 2);
            assert_ok(basin_point_product(point, v, 1, hv + p.size));
            assert_int_equal(basin_objective_cost(o).freezes - before, 2);
            if (provision_of(point).kept > 0) assert_true(basin_memory_left() >= room / 2);
            assert_memory_equal(hv, hv + p.size, p.size * sizeof *hv);
        }
        basin_memory_limit_set(0);
        basin_point_destroy(&point);
    }
    assert_true(partly > 2);
    basin_objective_destroy(&o);
    basin_free(v);
    basin_free(hv);
    problem_release(&p);
}

/* Losses along a line, after the frozen Hessian has taken all that there was: it goes; with room enough it
   stays. */
static void the_frozen_hessian_makes_room_for_passes(void **state)
{
    problem          p = network();
    const double     t[] = {0.0, 1.0};
    basin_loss       losses[2];
    double          *v = basin_alloc(p.size, sizeof *v), *hv = basin_alloc(p.size, sizeof *hv);
    basin_objective *o = NULL;
    size_t           partly = 0, whole = 0;

    (void)state;
    for (size_t i = 0; i < p.size; i++) v[i] = (double)(i % 7) - 3.0;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    for (size_t room = 1000000; room < (size_t)1 << 28; room += room < 5000000 ? 500000 : 1 << 27) {
        uint64_t     before = basin_objective_cost(o).freezes;
        basin_point *point = NULL;
        assert_ok(basin_point_create(o, p.theta, NULL, &point));
        basin_memory_limit_set(basin_memory_used() + BASIN_MEMORY_PROGRAM + room);
        basin_provision provision = provision_of(point);
        bool            part = provision.kept < provision.parts;
        assert_ok(basin_point_subspace(point, v, 1, t, 2, losses));
        assert_ok(basin_point_product(point, v, 1, hv));
        if (part) assert_int_equal(basin_objective_cost(o).freezes - before, 2);
        if (room > 100000000) assert_int_equal(basin_objective_cost(o).freezes - before, 1);
        partly += part, whole += !part;
        basin_memory_limit_set(0);
        basin_point_destroy(&point);
    }
    assert_true(partly > 2 && whole > 0);
    basin_objective_destroy(&o);
    basin_free(v);
    basin_free(hv);
    problem_release(&p);
}

/* -------------------------------------------------------------------------------------------- failures -- */

static basin_status use_once(void *payload)
{
    basin_status        st = BASIN_OK;
    basin_point        *point = NULL;
    basin_point_options options = {.decay = {.each = weights}, .included = {.each = weights}};
    basin_stationarity  s;
    const double        d[P] = {0.0, 1.0, 1.0}, t[] = {2.0};
    basin_loss          loss;
    const double       *g;
    double              hv[P];

    BASIN_TRY(basin_point_create(payload, theta3, &options, &point));
    BASIN_TRY(basin_point_gradient(point, NULL, &g));
    BASIN_TRY(basin_point_product(point, d, 1, hv));
    BASIN_TRY(basin_stationarity_compute(point, &s));
    BASIN_TRY(basin_point_subspace(point, d, 1, t, 1, &loss));
done:
    basin_point_destroy(&point);
    return st;
}

/* A regression through 0, whose loss and gradient vanish at weights of 0 however large an input is; products
   with its Hessian, the mean of x xᵀ, do not exist where x is 1e160. Every analysis multiplies here. */
static void a_product_that_is_not_finite_names_the_first_sample_at_fault(void **state)
{
    enum { SAMPLES = 37, LARGE = 23 };
    const double     v[] = {0.0, 1.0, 0.0, 1.0, 1.0, 0.0}; /* the first is well */
    problem          p = {.loss = {.kind = BASIN_LOSS_MSE}};
    basin_objective *o = NULL;
    basin_point     *point = NULL;
    basin_loss       loss;
    const double    *g;
    double           hv[6];

    (void)state;
    assert_ok(basin_graph_mlp((size_t[]){2, 1}, 2, "Relu", &p.graph));
    problem_data(&p, SAMPLES, 1, 0, 3);
    problem_theta(&p, 0.0, 3);
    assert_int_equal(p.size, 3);
    for (size_t i = 0; i < SAMPLES; i++) p.data.values[i] = 0.0;
    p.data.inputs[2 * LARGE] = 1e160;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_ok(basin_point_gradient(point, &loss, &g));
    assert_true(basin_loss_value(&loss) == 0.0 && g[0] == 0.0);
    assert_ok(basin_point_product(point, v, 1, hv));
    assert_status(basin_point_product(point, v, 2, hv), BASIN_ERR_NUMERIC);
    assert_message(
        "product 3 with the Hessian is not finite: the first sample whose own is not is number 24 of 37");
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_objective *o = quadratic();

    (void)state;
    basin_test_every_allocation(use_once, o);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weight_decay_is_added_to_loss_gradient_products_and_lines),
        cmocka_unit_test(decay_by_parameter_is_decay_of_all_where_its_values_are_one),
        cmocka_unit_test(stationarity_takes_decay_by_parameter),
        cmocka_unit_test(what_is_kept_is_not_computed_again),
        cmocka_unit_test(what_makes_no_point_is_refused),
        cmocka_unit_test(a_checkpoint_says_what_is_recorded),
        cmocka_unit_test(the_frozen_hessian_leaves_what_is_reserved),
        cmocka_unit_test(the_frozen_hessian_makes_room_for_passes),
        cmocka_unit_test(a_product_that_is_not_finite_names_the_first_sample_at_fault),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
