/* Parts of an objective, what their blocks leave out, all diagonal blocks, and the spectrum by a root. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "problem.h"
#include "support.h"

static problem mlp(const size_t *widths, size_t count, const char *activation, basin_loss_kind kind, size_t n)
{
    problem p = {.loss = {.kind = kind}};

    assert_ok(basin_graph_mlp(widths, count, activation, &p.graph));
    problem_data(&p, n, widths[count - 1], 0, 11);
    problem_theta(&p, 0.4, 12);
    return p;
}

static basin_objective *network(const problem *p)
{
    basin_objective *o = NULL;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    return o;
}

/* The operator at theta, column by column; caller frees. */
static double *matrix(basin_objective *o, const double *theta, basin_curvature_kind kind)
{
    const size_t     n = basin_objective_size(o);
    basin_curvature *c = NULL;
    double          *a = basin_alloc(n * n, sizeof *a), *unit = basin_alloc(n, sizeof *unit);

    assert_ok(basin_curvature_create(o, NULL, theta, kind, &c));
    for (size_t i = 0; i < n; i++) {
        unit[i] = 1.0;
        assert_ok(basin_curvature_product(c, unit, 1, a + i * n));
        unit[i] = 0.0;
    }
    basin_curvature_destroy(&c);
    basin_free(unit);
    return a;
}

/* ----------------------------------------------------------------------------------------- restriction -- */

/* fc1.weight and fc2.bias of a 3-5-4 network: parameters 0 to 14 and 40 to 43. */
static const size_t chosen[] = {0, 3};
enum { ALL = 44, PART = 19 };

static size_t place(size_t i)
{
    return i < 15 ? i : 40 + i - 15;
}

static void a_part_is_the_principal_block(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 41);
    basin_objective *o = network(&p), *part = NULL;
    double           theta[PART], g[ALL], gp[PART];
    basin_loss       l[2];

    (void)state;
    assert_int_equal(p.size, ALL);
    assert_ok(basin_objective_restrict(o, p.theta, &(basin_part){.blocks = chosen, .count = 2}, &part));
    assert_int_equal(basin_objective_size(part), PART);
    assert_int_equal(basin_objective_samples(part), 41);
    assert_string_equal(basin_objective_params(part)->blocks[1].name, "fc2.bias");
    assert_int_equal(basin_objective_params(part)->blocks[1].offset, 15);
    basin_part_take(part, p.theta, theta);
    for (size_t i = 0; i < PART; i++) assert_close(theta[i], p.theta[place(i)], 0.0, 0.0);
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &l[0], g));
    assert_ok(basin_objective_gradient(part, NULL, theta, &l[1], gp));
    assert_close(l[1].sum, l[0].sum, 0.0, 0.0);
    for (size_t i = 0; i < PART; i++) assert_close(gp[i], g[place(i)], 0.0, 0.0);
    for (int kind = 0; kind < BASIN_CURVATURES; kind++) {
        double *whole = matrix(o, p.theta, (basin_curvature_kind)kind);
        double *block = matrix(part, theta, (basin_curvature_kind)kind);
        for (size_t i = 0; i < PART; i++)
            for (size_t j = 0; j < PART; j++)
                assert_close(block[i * PART + j], whole[place(i) * ALL + place(j)], 1e-12, 1e-15);
        basin_free(whole);
        basin_free(block);
    }
    basin_objective_destroy(&part);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* At another theta of the part the others stay where they were; lines and crossings go the same way. */
static void what_is_not_of_the_part_is_held(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Relu", BASIN_LOSS_MSE, 41);
    basin_objective *o = network(&p), *part = NULL;
    double           theta[PART], moved[PART], whole[ALL], coef[] = {0.0, 1.0}, d[PART];
    basin_loss       l[2], line[2];
    uint64_t         crossed[2];

    (void)state;
    assert_ok(basin_objective_restrict(o, p.theta, &(basin_part){.blocks = chosen, .count = 2}, &part));
    basin_part_take(part, p.theta, theta);
    basin_copy(p.theta, whole, ALL);
    for (size_t i = 0; i < PART; i++) moved[i] = theta[i] + (d[i] = 0.05 * (double)i);
    for (size_t i = 0; i < PART; i++) whole[place(i)] = moved[i];
    assert_ok(basin_objective_loss(o, NULL, whole, &l[0]));
    assert_ok(basin_objective_loss(part, NULL, moved, &l[1]));
    assert_close(l[1].sum, l[0].sum, 0.0, 0.0);
    assert_ok(basin_objective_subspace(part, NULL, theta, d, 1, coef, 2, line));
    assert_close(line[1].sum, l[0].sum, 1e-13, 0.0);
    assert_ok(basin_objective_crossings(o, NULL, p.theta, whole, &crossed[0]));
    assert_ok(basin_objective_crossings(part, NULL, theta, moved, &crossed[1]));
    assert_true(crossed[0] > 0);
    assert_int_equal(crossed[1], crossed[0]);
    basin_objective_destroy(&part);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Samples of a batch, and of a batch of the batch. */
static void samples_of_a_part_are_those_of_the_whole(void **state)
{
    problem             p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE, 41);
    basin_objective    *o = network(&p), *part = NULL;
    const size_t        batch[] = {3, 8, 9, 30}, of_it[] = {1, 3}, both[] = {8, 30};
    const basin_samples samples = {batch, 4}, inner = {of_it, 2}, outer = {both, 2};
    double              g[2][ALL];
    basin_loss          l[2];

    (void)state;
    assert_ok(basin_objective_restrict(o, p.theta, &(basin_part){.samples = &samples}, &part));
    assert_int_equal(basin_objective_samples(part), 4);
    assert_int_equal(basin_objective_size(part), ALL);
    assert_ok(basin_objective_gradient(o, &samples, p.theta, &l[0], g[0]));
    assert_ok(basin_objective_gradient(part, NULL, p.theta, &l[1], g[1]));
    assert_close(l[1].sum, l[0].sum, 0.0, 0.0);
    assert_memory_equal(g[0], g[1], sizeof g[0]);
    assert_ok(basin_objective_gradient(o, &outer, p.theta, &l[0], g[0]));
    assert_ok(basin_objective_gradient(part, &inner, p.theta, &l[1], g[1]));
    assert_memory_equal(g[0], g[1], sizeof g[0]);
    assert_int_equal(basin_objective_rows(part, NULL, BASIN_GGN), 16);
    assert_int_equal(basin_objective_rows(part, &inner, BASIN_FISHER_EMPIRICAL), 2);
    assert_status(basin_objective_loss(part, &(basin_samples){(size_t[]){4}, 1}, p.theta, &l[0]),
                  BASIN_ERR_ARG);
    assert_message("sample 4 of 4");
    basin_objective_destroy(&part);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void parts_that_are_none_are_refused(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE, 41);
    basin_objective *o = network(&p), *quadratic = basin_test_planted_objective((double[]){2.0, 1.0}, 2, 3);
    basin_objective *part = NULL;
    basin_point     *point = NULL;
    basin_left_out   left;

    (void)state;
    assert_status(
        basin_objective_restrict(o, p.theta, &(basin_part){.blocks = (size_t[]){2, 1}, .count = 2}, &part),
        BASIN_ERR_ARG);
    assert_message("blocks of a part ascend");
    assert_status(
        basin_objective_restrict(o, p.theta, &(basin_part){.blocks = (size_t[]){4}, .count = 1}, &part),
        BASIN_ERR_ARG);
    assert_status(basin_objective_restrict(quadratic, p.theta,
                                           &(basin_part){.blocks = (size_t[]){0}, .count = 1}, &part),
                  BASIN_ERR_ARG);
    assert_message("without blocks");
    assert_status(
        basin_objective_restrict(o, p.theta, &(basin_part){.samples = &(basin_samples){NULL, 0}}, &part),
        BASIN_ERR_ARG);
    assert_null(part);
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_status(basin_left_out_measure(point, quadratic, "x", 1.0, 4, 0, &left), BASIN_ERR_ARG);
    assert_message("x is no part of this point's objective");
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_objective_destroy(&quadratic);
    problem_release(&p);
}

/* ----------------------------------------------------------------------------------------------- names -- */

static void tensors_are_found_by_pattern_and_layer(void **state)
{
    problem             p = mlp((size_t[]){3, 5, 5, 4}, 4, "Tanh", BASIN_LOSS_MSE, 5);
    basin_objective    *o = network(&p);
    const basin_params *params = basin_objective_params(o);
    size_t              count, *blocks = NULL;

    (void)state;
    assert_ok(basin_params_match(params, "*.weight", &count, &blocks));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(blocks[i], 2 * i);
    basin_free(blocks), blocks = NULL;
    assert_ok(basin_params_match(params, "fc[13].bias", &count, &blocks));
    assert_int_equal(count, 2);
    assert_int_equal(blocks[1], 5);
    basin_free(blocks), blocks = NULL;
    assert_ok(basin_params_layer(params, "fc2", &count, &blocks));
    assert_int_equal(count, 2);
    assert_int_equal(blocks[0], 2);
    basin_free(blocks), blocks = NULL;
    assert_ok(basin_params_layer(params, "fc2.bias", &count, &blocks));
    assert_int_equal(count, 1);
    basin_free(blocks), blocks = NULL;
    assert_status(basin_params_layer(params, "fc", &count, &blocks), BASIN_ERR_MISSING);
    assert_message("layer fc matches none of the 6 tensors");
    assert_status(basin_params_match(params, "fc4.b*", &count, &blocks), BASIN_ERR_MISSING);
    assert_message("near: fc1.bias, fc2.bias, fc3.bias, ");
    assert_null(blocks);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* ---------------------------------------------------------------------------------------- what is left -- */

static double squares(const double *a, size_t n)
{
    return basin_dot(a, a, n);
}

static void what_a_block_leaves_out_is_the_rest_of_the_matrix(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE, 41);
    basin_objective *o = network(&p), *part = NULL;
    basin_point     *point = NULL;
    basin_left_out   left;
    double          *whole = matrix(o, p.theta, BASIN_HESSIAN), rows = 0.0, block = 0.0;

    (void)state;
    for (size_t i = 0; i < PART; i++) {
        rows += squares(whole + place(i) * ALL, ALL);
        for (size_t j = 0; j < PART; j++) block += pow(whole[place(i) * ALL + place(j)], 2.0);
    }
    assert_ok(basin_objective_restrict(o, p.theta, &(basin_part){.blocks = chosen, .count = 2}, &part));
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_ok(basin_left_out_measure(point, part, "some", block, 16, 1, &left));
    assert_string_equal(left.part, "some");
    assert_int_equal(left.network, ALL);
    assert_close(left.whole2, squares(whole, ALL * ALL), 1e-12, 0.0);
    assert_close(left.rows2, rows, 1e-12, 0.0);
    assert_close(left.rows2_error + left.whole2_error, 0.0, 0.0, 0.0);
    assert_close(left.share, 1.0 - block / squares(whole, ALL * ALL), 1e-12, 0.0);
    assert_close(left.rows_share, 1.0 - block / rows, 1e-12, 0.0);
    basin_free(left.part);
    basin_free(whole);
    basin_point_destroy(&point);
    basin_objective_destroy(&part);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* ---------------------------------------------------------------------------------------------- blocks -- */

static basin_blocks *blocks_of(basin_objective *o, const double *theta, const basin_point_options *at,
                               const basin_blocks_options *options)
{
    basin_point  *point = NULL;
    basin_blocks *b = NULL;

    assert_ok(basin_point_create(o, theta, at, &point));
    assert_ok(basin_blocks_compute(point, options, &b));
    basin_point_destroy(&point);
    return b;
}

/* By tensor, each against the spectrum of the objective restricted to it; traces add up; norms are complete.
   */
static void blocks_are_the_parts_and_sum_up_to_the_whole(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 41);
    basin_objective *o = network(&p);

    (void)state;
    for (int kind = BASIN_HESSIAN; kind <= BASIN_GGN; kind++) {
        const basin_point_options at = {.operator_kind = kind, .included = {.value = 0.01}};
        double       *whole = matrix(o, p.theta, (basin_curvature_kind)kind), trace = 0.0, within = 0.0;
        basin_blocks *b = blocks_of(o, p.theta, &at, &(basin_blocks_options){.by = BASIN_BLOCKS_TENSOR});
        for (size_t i = 0; i < ALL; i++) trace += whole[i * ALL + i] += 0.01;
        assert_int_equal(b->count, 4);
        assert_int_equal(b->products, ALL);
        assert_int_equal(b->operator_kind, kind);
        assert_close(b->trace, trace, 1e-12, 0.0);
        assert_close(b->frobenius2, squares(whole, ALL * ALL), 1e-12, 0.0);
        for (size_t i = 0; i < 4; i++) {
            basin_objective *part = NULL;
            double           theta[ALL];
            basin_spectrum  *s = NULL;
            basin_point     *point = NULL;
            basin_sane      *sane = NULL;
            assert_ok(basin_objective_restrict(o, p.theta, &(basin_part){.blocks = &i, .count = 1}, &part));
            basin_part_take(part, p.theta, theta);
            assert_ok(basin_point_create(part, theta, &at, &point));
            assert_ok(
                basin_spectrum_compute(point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &s));
            assert_ok(basin_sane_compute(s, NULL, &sane));
            assert_close(b->blocks[i].trace, s->trace, 1e-12, 0.0);
            assert_close(b->blocks[i].largest, s->eigenvalues[0], 1e-12, 1e-14);
            assert_close(b->blocks[i].smallest, s->eigenvalues[s->count - 1], 1e-12, 1e-14);
            assert_close(b->blocks[i].frobenius2, s->frobenius2, 1e-12, 0.0);
            assert_close(b->blocks[i].sane, sane->value, 1e-10, 0.0);
            assert_true(b->blocks[i].rows2 > b->blocks[i].frobenius2);
            within += s->frobenius2;
            basin_sane_destroy(&sane);
            basin_spectrum_destroy(&s);
            basin_point_destroy(&point);
            basin_objective_destroy(&part);
        }
        assert_close(b->left_out, 1.0 - within / b->frobenius2, 1e-12, 0.0);
        assert_close(b->left_out_error, 0.0, 0.0, 0.0);
        basin_blocks_destroy(&b);
        basin_free(whole);
    }
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void layers_hold_their_tensors(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, "Tanh", BASIN_LOSS_MSE, 41);
    basin_objective *o = network(&p);
    basin_blocks    *layers = blocks_of(o, p.theta, NULL, NULL);
    basin_blocks *tensors = blocks_of(o, p.theta, NULL, &(basin_blocks_options){.by = BASIN_BLOCKS_TENSOR});

    (void)state;
    assert_int_equal(layers->count, 2);
    assert_string_equal(layers->blocks[0].name, "fc1");
    assert_string_equal(layers->blocks[1].name, "fc2");
    assert_int_equal(layers->blocks[0].parameters, 20);
    assert_close(layers->blocks[0].trace, tensors->blocks[0].trace + tensors->blocks[1].trace, 1e-12, 0.0);
    assert_true(layers->left_out < tensors->left_out);
    assert_true(layers->blocks[1].largest >= tensors->blocks[2].largest); /* interlacing */
    basin_blocks_destroy(&layers);
    basin_blocks_destroy(&tensors);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Beyond 6,000 parameters: 100-60-10, 6,670. Estimates hold the sums of the spectrum by the root. */
static void blocks_of_a_large_network_are_estimated(void **state)
{
    problem          p = mlp((size_t[]){100, 60, 10}, 3, "Tanh", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 30);
    basin_objective *o = network(&p);
    basin_point     *point = NULL;
    basin_spectrum  *s = NULL;
    const basin_point_options at = {.operator_kind = BASIN_GGN};
    basin_blocks *b = blocks_of(o, p.theta, &at, &(basin_blocks_options){.probes = 200, .seed = 4});

    (void)state;
    assert_ok(basin_point_create(o, p.theta, &at, &point));
    assert_ok(basin_spectrum_compute(point, NULL, &s));
    assert_int_equal(s->method, BASIN_SPECTRUM_GRAM);
    assert_int_equal(b->blocks[0].method, BASIN_SPECTRUM_GRAM);
    assert_close(b->trace, s->trace, 1e-10, 4.0 * b->trace_error);
    assert_true(b->frobenius2_error > 0.0);
    assert_close(b->frobenius2, s->frobenius2, 0.0, 4.0 * b->frobenius2_error);
    assert_close(b->blocks[0].rows2 + b->blocks[1].rows2, s->frobenius2, 0.0,
                 4.0 * hypot(b->blocks[0].rows2_error, b->blocks[1].rows2_error));
    basin_spectrum_destroy(&s);
    basin_point_destroy(&point);
    basin_blocks_destroy(&b);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* ------------------------------------------------------------------------------------------- by a root -- */

static basin_spectrum *spectrum_of(basin_objective *o, const double *theta, const basin_point_options *at,
                                   basin_spectrum_method method, bool vectors)
{
    basin_point    *point = NULL;
    basin_spectrum *s = NULL;

    assert_ok(basin_point_create(o, theta, at, &point));
    assert_ok(basin_spectrum_compute(
        point, &(basin_spectrum_options){.method = method, .vectors = vectors, .top = 5}, &s));
    basin_point_destroy(&point);
    return s;
}

static void gram_agrees_with_dense(basin_objective *o, const double *theta, const basin_point_options *at,
                                   size_t rows)
{
    basin_spectrum *dense = spectrum_of(o, theta, at, BASIN_SPECTRUM_DENSE, true);
    basin_spectrum *gram = spectrum_of(o, theta, at, BASIN_SPECTRUM_GRAM, true);
    const double    most = dense->eigenvalues[0];
    const size_t    n = dense->count;

    assert_int_equal(gram->count, n);
    assert_int_equal(gram->products, rows);
    assert_int_equal(gram->method, BASIN_SPECTRUM_GRAM);
    for (size_t i = 0; i < n; i++)
        assert_close(gram->eigenvalues[i], dense->eigenvalues[i], 0.0, 1e-13 * most);
    assert_close(gram->trace, dense->trace, 1e-12, 0.0);
    assert_close(gram->frobenius2, dense->frobenius2, 1e-12, 0.0);
    assert_int_equal(gram->vector_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(gram->vector_index[i], i);
        assert_close(fabs(basin_dot(gram->vectors + i * n, dense->vectors + i * n, n)), 1.0, 0.0, 1e-10);
    }
    basin_spectrum_destroy(&dense);
    basin_spectrum_destroy(&gram);
}

static void the_root_gives_the_whole_spectrum(void **state)
{
    static const int kinds[] = {BASIN_GGN, BASIN_FISHER, BASIN_FISHER_SAMPLED, BASIN_FISHER_EMPIRICAL,
                                BASIN_COVARIANCE};
    double           scale[200];

    (void)state;
    for (size_t i = 0; i < 200; i++) scale[i] = 1.0 + 0.01 * (double)i;
    for (int loss = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY; loss <= BASIN_LOSS_MSE; loss++) {
        problem          p = mlp((size_t[]){6, 12, 4}, 3, "Tanh", (basin_loss_kind)loss, 21);
        basin_objective *o = network(&p);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            const size_t rows = k < 2 ? 84 : 21;
            assert_int_equal(basin_objective_rows(o, NULL, (basin_curvature_kind)kinds[k]), rows);
            gram_agrees_with_dense(o, p.theta, &(basin_point_options){.operator_kind = kinds[k]}, rows);
            gram_agrees_with_dense(o, p.theta,
                                   &(basin_point_options){.operator_kind = kinds[k], .scale = scale}, rows);
        }
        gram_agrees_with_dense(
            o, p.theta, &(basin_point_options){.operator_kind = BASIN_GGN, .included = {.value = 0.02}}, 84);
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* R v and Rᵀ r are each other's transpose, and RᵀR is the operator. */
static void root_and_back_are_transposed(void **state)
{
    problem          p = mlp((size_t[]){6, 12, 4}, 3, "Tanh", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 21);
    basin_objective *o = network(&p);
    basin_curvature *c = NULL;
    double r[84], rv[84], *v = basin_alloc(p.size, sizeof *v), *av = basin_alloc(p.size, sizeof *av);

    (void)state;
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_GGN, &c));
    for (size_t i = 0; i < 84; i++) r[i] = cos((double)i);
    assert_ok(basin_curvature_root(c, p.theta, 1, rv));
    assert_ok(basin_curvature_back(c, r, 1, v));
    assert_close(basin_dot(r, rv, 84), basin_dot(v, p.theta, p.size), 1e-12, 0.0);
    assert_ok(basin_curvature_back(c, rv, 1, v));
    assert_ok(basin_curvature_product(c, p.theta, 1, av));
    for (size_t i = 0; i < p.size; i++) assert_close(v[i], av[i], 1e-11, 1e-14);
    basin_curvature_destroy(&c);
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    assert_status(basin_curvature_root(c, p.theta, 1, rv), BASIN_ERR_UNSUPPORTED);
    assert_message("its hessian is not given as RᵀR");
    basin_curvature_destroy(&c);
    basin_free(v);
    basin_free(av);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void gram_is_refused_where_there_is_no_use_for_it(void **state)
{
    problem                      p = mlp((size_t[]){6, 12, 4}, 3, "Tanh", BASIN_LOSS_MSE, 60);
    basin_objective             *o = network(&p);
    const basin_spectrum_options gram = {.method = BASIN_SPECTRUM_GRAM};
    basin_point                 *point = NULL;
    basin_spectrum              *s = NULL;

    (void)state;
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_status(basin_spectrum_compute(point, &gram, &s), BASIN_ERR_UNSUPPORTED);
    assert_message("this operator is not given as RᵀR");
    basin_point_destroy(&point);
    assert_ok(basin_point_create(o, p.theta, &(basin_point_options){.operator_kind = BASIN_GGN}, &point));
    assert_status(basin_spectrum_compute(point, &gram, &s), BASIN_ERR_ARG);
    assert_message("240 rows of R are no fewer than the 136 parameters");
    basin_point_destroy(&point);
    assert_null(s);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static basin_status whole_life(void *payload)
{
    basin_status     st = BASIN_OK;
    problem         *p = payload;
    basin_objective *o = NULL, *part = NULL;
    basin_point     *point = NULL;
    basin_spectrum  *s = NULL;
    basin_blocks    *b = NULL;
    basin_left_out   left = {0};

    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(basin_objective_restrict(
        o, p->theta,
        &(basin_part){.blocks = chosen, .count = 2, .samples = &(basin_samples){(size_t[]){1, 2}, 2}},
        &part));
    BASIN_TRY(basin_point_create(part, p->theta, &(basin_point_options){.operator_kind = BASIN_COVARIANCE},
                                 &point));
    BASIN_TRY(basin_spectrum_compute(
        point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_GRAM, .vectors = true, .top = 1}, &s));
    basin_point_destroy(&point);
    BASIN_TRY(basin_point_create(o, p->theta, NULL, &point));
    BASIN_TRY(basin_blocks_compute(point, NULL, &b));
    BASIN_TRY(basin_left_out_measure(point, part, "part", 1.0, 4, 0, &left));
done:
    basin_free(left.part);
    basin_blocks_destroy(&b);
    basin_spectrum_destroy(&s);
    basin_point_destroy(&point);
    basin_objective_destroy(&part);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = mlp((size_t[]){3, 5, 4}, 3, "Relu", BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 10);

    (void)state;
    basin_threads_set(1);
    basin_test_every_allocation(whole_life, &p);
    basin_threads_set(0);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_the_principal_block),
        cmocka_unit_test(what_is_not_of_the_part_is_held),
        cmocka_unit_test(samples_of_a_part_are_those_of_the_whole),
        cmocka_unit_test(parts_that_are_none_are_refused),
        cmocka_unit_test(tensors_are_found_by_pattern_and_layer),
        cmocka_unit_test(what_a_block_leaves_out_is_the_rest_of_the_matrix),
        cmocka_unit_test(blocks_are_the_parts_and_sum_up_to_the_whole),
        cmocka_unit_test(layers_hold_their_tensors),
        cmocka_unit_test(blocks_of_a_large_network_are_estimated),
        cmocka_unit_test(the_root_gives_the_whole_spectrum),
        cmocka_unit_test(root_and_back_are_transposed),
        cmocka_unit_test(gram_is_refused_where_there_is_no_use_for_it),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("parts", tests, NULL, NULL) : 1;
}
