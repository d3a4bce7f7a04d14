/* The battery: every op, in graphs of op_cases_*.c, against central differences and identities, in both
   precisions. */
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "engine/op_list.h"
#include "op_cases.h"
#include "problem.h"
#include "support.h"

typedef struct checks {
    basin_objective *o;
    const double    *theta;
    size_t           size;
    double          *g, *v, *u, *hv, *hu, *point, *gp, *gm;
} checks;

static void checks_start(checks *c, basin_objective *o, const double *theta, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    double     **arrays[] = {&c->g, &c->v, &c->u, &c->hv, &c->hu, &c->point, &c->gp, &c->gm};

    c->o = o;
    c->theta = theta;
    c->size = basin_objective_size(o);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        assert_non_null(*arrays[i] = basin_alloc(c->size, sizeof(double)));
    basin_random_normals(&r, c->v, c->size);
    basin_random_normals(&r, c->u, c->size);
    basin_scale(1.0 / basin_norm(c->v, c->size), c->v, c->size);
    basin_scale(1.0 / basin_norm(c->u, c->size), c->u, c->size);
}

static void checks_end(checks *c)
{
    double *arrays[] = {c->g, c->v, c->u, c->hv, c->hu, c->point, c->gp, c->gm};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) basin_free(arrays[i]);
}

static void move(checks *c, double h)
{
    basin_copy(c->theta, c->point, c->size);
    basin_axpy(h, c->v, c->point, c->size);
}

static double loss_at(checks *c, double h)
{
    basin_loss l;

    move(c, h);
    assert_ok(basin_objective_loss(c->o, NULL, c->point, &l));
    return basin_loss_value(&l);
}

/* Gradient and product against central differences; symmetry; a block of vectors against single ones;
   linearity. */
static void check_derivatives(checks *c, double rtol)
{
    const double     h = 1e-5;
    basin_loss       l;
    basin_curvature *curvature = NULL;
    double           pair[2], *block = basin_alloc(2 * c->size, sizeof *block);
    double          *hblock = basin_alloc(2 * c->size, sizeof *block);

    assert_ok(basin_objective_gradient(c->o, NULL, c->theta, &l, c->g));
    assert_close(basin_dot(c->g, c->v, c->size), (loss_at(c, h) - loss_at(c, -h)) / (2 * h), rtol,
                 rtol * 1e-2);
    assert_ok(basin_curvature_create(c->o, NULL, c->theta, BASIN_HESSIAN, &curvature));
    assert_false(basin_curvature_approximate(curvature));
    assert_ok(basin_curvature_product(curvature, c->v, 1, c->hv));
    assert_ok(basin_curvature_product(curvature, c->u, 1, c->hu));
    move(c, h);
    assert_ok(basin_objective_gradient(c->o, NULL, c->point, &l, c->gp));
    move(c, -h);
    assert_ok(basin_objective_gradient(c->o, NULL, c->point, &l, c->gm));
    double norm = basin_norm(c->hv, c->size);
    for (size_t i = 0; i < c->size; i++)
        assert_close(c->hv[i], (c->gp[i] - c->gm[i]) / (2 * h), rtol, rtol * norm);
    pair[0] = basin_dot(c->u, c->hv, c->size), pair[1] = basin_dot(c->v, c->hu, c->size);
    assert_close(pair[0], pair[1], 1e-12, 1e-13 * norm);
    basin_copy(c->v, block, c->size);
    basin_copy(c->u, block + c->size, c->size);
    assert_ok(basin_curvature_product(curvature, block, 2, hblock));
    for (size_t i = 0; i < c->size; i++) {
        assert_close(hblock[i], c->hv[i], 1e-12, 1e-13 * norm);
        assert_close(hblock[c->size + i], c->hu[i], 1e-12, 1e-13 * norm);
    }
    basin_curvature_destroy(&curvature);
    basin_free(block);
    basin_free(hblock);
}

static void multiply(checks *c, basin_curvature_kind kind, const double *v, double *av)
{
    basin_curvature *curvature = NULL;

    assert_ok(basin_curvature_create(c->o, NULL, c->theta, kind, &curvature));
    assert_ok(basin_curvature_product(curvature, v, 1, av));
    basin_curvature_destroy(&curvature);
}

/* J d of all samples, by central differences of the outputs. */
static double *outputs_along(checks *c, const double *d, double h, size_t *count)
{
    double *ahead = NULL, *back = NULL;
    size_t  width;

    basin_copy(c->theta, c->point, c->size);
    basin_axpy(h, d, c->point, c->size);
    assert_ok(basin_network_output(c->o, c->point, &width, &ahead));
    basin_axpy(-2.0 * h, d, c->point, c->size);
    assert_ok(basin_network_output(c->o, c->point, &width, &back));
    *count = basin_objective_samples(c->o) * width;
    for (size_t i = 0; i < *count; i++) ahead[i] = (ahead[i] - back[i]) / (2.0 * h);
    basin_free(back);
    return ahead;
}

/* H v, which is known to be right, in its two parts; G is symmetric and, with a squared error, u·Gv = 2 Ju·Jv
   over the elements. */
static void check_operators(checks *c, basin_loss_kind kind, double rtol)
{
    double  norm = basin_norm(c->hv, c->size), along, across;
    double *jv, *ju;
    size_t  count;

    multiply(c, BASIN_GGN, c->v, c->gp);
    multiply(c, BASIN_RESIDUAL, c->v, c->gm);
    for (size_t i = 0; i < c->size; i++) assert_close(c->gp[i] + c->gm[i], c->hv[i], 1e-11, 1e-12 * norm);
    across = basin_dot(c->u, c->gp, c->size), along = basin_dot(c->v, c->gp, c->size);
    assert_true(along >= -1e-13 * norm);
    multiply(c, BASIN_GGN, c->u, c->gm);
    assert_close(basin_dot(c->v, c->gm, c->size), across, 1e-12, 1e-13 * norm);
    if (kind != BASIN_LOSS_MSE) return;
    jv = outputs_along(c, c->v, 1e-5, &count), ju = outputs_along(c, c->u, 1e-5, &count);
    assert_close(along, 2.0 * basin_dot(jv, jv, count) / (double)count, rtol, rtol * 1e-2);
    assert_close(across, 2.0 * basin_dot(ju, jv, count) / (double)count, rtol, rtol * along);
    basin_free(jv);
    basin_free(ju);
}

/* Points in one pass, whose affine part is shared, against each alone. */
static void check_subspace(checks *c)
{
    const double coef[6] = {0.0, 0.0, 0.3, -0.2, 1.0, 0.5};
    double      *dirs = basin_alloc(2 * c->size, sizeof *dirs);
    basin_loss   many[3], one;

    basin_copy(c->v, dirs, c->size);
    basin_copy(c->u, dirs + c->size, c->size);
    assert_ok(basin_objective_subspace(c->o, NULL, c->theta, dirs, 2, coef, 3, many));
    for (size_t i = 0; i < 3; i++) {
        basin_copy(c->theta, c->point, c->size);
        for (size_t j = 0; j < 2; j++) basin_axpy(coef[2 * i + j], dirs + j * c->size, c->point, c->size);
        assert_ok(basin_objective_loss(c->o, NULL, c->point, &one));
        assert_close(basin_loss_value(&many[i]), basin_loss_value(&one), 1e-12, 0.0);
    }
    basin_free(dirs);
}

/* What is kept at a frozen point is all that a product needs: computed again chunk by chunk it is the
   same. */
static void check_recomputed(checks *c)
{
    basin_curvature *curvature = NULL;

    basin_memory_limit_set(1000);
    assert_ok(basin_curvature_create(c->o, NULL, c->theta, BASIN_HESSIAN, &curvature));
    assert_ok(basin_curvature_product(curvature, c->v, 1, c->gp));
    basin_memory_limit_set(0);
    assert_memory_equal(c->gp, c->hv, c->size * sizeof *c->hv);
    basin_curvature_destroy(&curvature);
}

/* 19 samples: a whole group of lanes and a part of one. */
static void op_battery(void **state)
{
    const op_case *the = *state;

    for (int kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY; kind <= BASIN_LOSS_MSE; kind++) {
        const double     smoothing = kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY ? 0.1 : 0.0;
        problem          p = {.loss = {.kind = (basin_loss_kind)kind, .label_smoothing = smoothing}};
        basin_objective *o = NULL;
        checks           c;
        p.graph = the->make();
        problem_data(&p, 19, 3, the->tokens, 1);
        problem_theta(&p, 0.7, 2);
        assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
        checks_start(&c, o, p.theta, 3);
        check_derivatives(&c, 2e-8);
        check_recomputed(&c);
        check_operators(&c, (basin_loss_kind)kind, 1e-7);
        check_subspace(&c);
        checks_end(&c);
        basin_objective_destroy(&o);
        problem_release(&p);
    }
}

/* The single-precision engine against the double one: loss, gradient, product, to a few roundings. */
static void op_single(void **state)
{
    const op_case   *the = *state;
    problem          p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};
    basin_objective *o[2] = {NULL, NULL};
    basin_loss       l[2];
    double          *g[2], *hv[2];

    p.graph = the->make();
    problem_data(&p, 300, 3, the->tokens, 1);
    problem_theta(&p, 0.7, 2);
    for (int i = 0; i < 2; i++) {
        basin_curvature *curvature = NULL;
        g[i] = basin_alloc(p.size, sizeof(double));
        hv[i] = basin_alloc(p.size, sizeof(double));
        assert_ok(basin_network_objective(
            p.graph, &p.loss, &p.data, &(basin_network_options){.precision = i ? BASIN_SINGLE : BASIN_DOUBLE},
            &o[i]));
        assert_ok(basin_objective_gradient(o[i], NULL, p.theta, &l[i], g[i]));
        assert_ok(basin_curvature_create(o[i], NULL, p.theta, BASIN_HESSIAN, &curvature));
        assert_ok(basin_curvature_product(curvature, p.theta, 1, hv[i]));
        basin_curvature_destroy(&curvature);
    }
    assert_close(basin_loss_value(&l[1]), basin_loss_value(&l[0]), 1e-6, 0.0);
    for (size_t i = 0; i < p.size; i++) {
        assert_close(g[1][i], g[0][i], 1e-4, 1e-6);
        assert_close(hv[1][i], hv[0][i], 1e-4, 1e-5 * basin_norm(hv[0], p.size));
    }
    for (int i = 0; i < 2; i++) {
        basin_objective_destroy(&o[i]);
        basin_free(g[i]);
        basin_free(hv[i]);
    }
    problem_release(&p);
}

static const op_case *const tables[] = {op_cases_dense, op_cases_conv,      op_cases_elementwise,
                                        op_cases_shape, op_cases_attention, op_cases_norm};

/* An op without a case here is an op without a test. */
static void every_op_has_a_case(void **state)
{
    static const char *const ops[] = {
#define BASIN_OP_NAME(name) #name,
        BASIN_OP_LIST(BASIN_OP_NAME)};

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        bool found = false;
        for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
            for (const op_case *c = tables[t]; c->name != NULL && !found; c++) {
                basin_graph *g = c->make();
                for (size_t j = 0; j < g->node_count && !found; j++)
                    found = strcmp(g->nodes[j].op, ops[i]) == 0;
                basin_graph_destroy(&g);
            }
        if (!found) fail_msg("op %s stands in no case", ops[i]);
    }
}

enum { MOST = 400, LONG = 80 };

int main(void)
{
    static struct CMUnitTest tests[MOST] = {{"every op has a case", every_op_has_a_case, NULL, NULL, NULL}};
    static char              names[MOST][LONG];
    size_t                   count = 1;

    if (basin_initialise() != BASIN_OK) return 1;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const op_case *c = tables[t]; c->name != NULL && count + 2 <= MOST; c++) {
            snprintf(names[count], LONG, "%s", c->name);
            tests[count] = (struct CMUnitTest){names[count], op_battery, NULL, NULL, (void *)(uintptr_t)c};
            snprintf(names[count + 1], LONG, "%s, single", c->name);
            tests[count + 1] =
                (struct CMUnitTest){names[count + 1], op_single, NULL, NULL, (void *)(uintptr_t)c};
            count += 2;
        }
    return _cmocka_run_group_tests("ops", tests, count, NULL, NULL);
}
