/* Named measures of sharpness: closed forms on quadratics, what each is left alone by, and what is said where
   there is no value. tests/analysis/test_sharpness_oracle.c holds them to PyTorch. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/params.h"
#include "problem.h"

typedef basin_sharpness_table_options options;

static basin_sharpness_table *table_at(basin_objective *o, const double *theta, const options *how)
{
    basin_point           *point = NULL;
    basin_sharpness_table *t = NULL;

    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(basin_sharpness_table_compute(point, how, &t));
    basin_point_destroy(&point);
    return t;
}

/* One measure at some radii. */
static basin_sharpness_table *one(basin_objective *o, const double *theta, basin_sharpness_measure m,
                                  const double *rho, size_t count, options how)
{
    how.measures = &m, how.measure_count = 1;
    how.rho = rho, how.rho_count = count;
    return table_at(o, theta, &how);
}

static basin_status attempt(basin_objective *o, const double *theta, const options *how)
{
    basin_point           *point = NULL;
    basin_sharpness_table *t = NULL;
    basin_status           st;

    assert_ok(basin_point_create(o, theta, NULL, &point));
    st = basin_sharpness_table_compute(point, how, &t);
    assert_true((st == BASIN_OK) == (t != NULL));
    basin_sharpness_table_destroy(&t);
    basin_point_destroy(&point);
    return st;
}

/* L = ½ theta' diag(4, 1, 0.25) theta − b' theta. */
enum { SIZE = 3 };
static const double curvature[SIZE] = {4.0, 1.0, 0.25}, slope[SIZE] = {0.5, -1.0, 2.0};
static const double start[SIZE] = {1.0, -0.5, 3.0};

static basin_objective *quadratic(void)
{
    double           a[SIZE * SIZE] = {0};
    basin_objective *o = NULL;

    for (size_t i = 0; i < SIZE; i++) a[i * SIZE + i] = curvature[i];
    assert_ok(basin_test_quadratic(a, slope, 1.0, SIZE, &o));
    return o;
}

static double loss_of(const double *x)
{
    double sum = 1.0;

    for (size_t i = 0; i < SIZE; i++) sum += 0.5 * curvature[i] * x[i] * x[i] - slope[i] * x[i];
    return sum;
}

static void gradient_of(const double *x, double *g)
{
    for (size_t i = 0; i < SIZE; i++) g[i] = curvature[i] * x[i] - slope[i];
}

static double rise_along(const double *d, double rho)
{
    double x[SIZE];

    for (size_t i = 0; i < SIZE; i++) x[i] = start[i] + rho * d[i];
    return loss_of(x) - loss_of(start);
}

/* ---------------------------------------------------------------------------------------- closed forms -- */

static void one_step_follows_its_definition(void **state)
{
    const double     rho[] = {0.3, -0.2, 0.0}, v[SIZE] = {0.0, 3.0, 4.0}, down[SIZE] = {0.0, -0.6, -0.8};
    double           g[SIZE], up[SIZE], adapted[SIZE], norm = 0.0, scaled = 0.0;
    basin_objective *o = quadratic();

    (void)state;
    gradient_of(start, g);
    for (size_t i = 0; i < SIZE; i++) norm += g[i] * g[i], scaled += pow(start[i] * g[i], 2.0);
    for (size_t i = 0; i < SIZE; i++) {
        up[i] = g[i] / sqrt(norm);
        adapted[i] = start[i] * start[i] * g[i] / sqrt(scaled);
    }
    basin_sharpness_table *sam = one(o, start, BASIN_SHARPNESS_sam, rho, 3, (options){.split = "train"});
    basin_sharpness_table *msam = one(o, start, BASIN_SHARPNESS_msam, rho, 3, (options){.momentum = v});
    basin_sharpness_table *asam = one(o, start, BASIN_SHARPNESS_asam_all, rho, 3, (options){0});
    assert_int_equal(sam->row_count, 3);
    assert_string_equal(sam->split, "train");
    assert_close(sam->loss, loss_of(start), 1e-14, 0.0);
    assert_close(sam->gradient_norm, sqrt(norm), 1e-14, 0.0);
    for (size_t i = 0; i < 3; i++) {
        assert_close(sam->rows[i].value, rise_along(up, rho[i]), 1e-12, 1e-14);
        assert_close(msam->rows[i].value, rise_along(down, rho[i]), 1e-12, 1e-14);
        assert_close(asam->rows[i].value, rise_along(adapted, rho[i]), 1e-12, 1e-14);
        assert_int_equal(sam->rows[i].number, BASIN_SHARPNESS_EXACT);
        assert_true(isnan(sam->rows[i].error) && sam->rows[i].missing == NULL);
    }
    basin_sharpness_table_destroy(&sam);
    basin_sharpness_table_destroy(&msam);
    basin_sharpness_table_destroy(&asam);
    basin_objective_destroy(&o);
}

static void an_ascent_takes_its_steps_one_after_the_other(void **state)
{
    const double     rho[] = {0.6};
    double           x[SIZE], g[SIZE];
    basin_objective *o = quadratic();

    (void)state;
    memcpy(x, start, sizeof x);
    for (int k = 0; k < 4; k++) {
        gradient_of(x, g);
        const double norm = basin_norm(g, SIZE);
        for (size_t i = 0; i < SIZE; i++) x[i] += 0.15 * g[i] / norm;
    }
    basin_sharpness_table *t = one(o, start, BASIN_SHARPNESS_ascent, rho, 1, (options){.steps = 4});
    assert_close(t->rows[0].value, loss_of(x) - loss_of(start), 1e-13, 0.0);
    assert_int_equal(t->rows[0].steps, 4);
    assert_int_equal(t->rows[0].gradients, 4);
    basin_sharpness_table_destroy(&t);
    t = one(o, start, BASIN_SHARPNESS_ascent, rho, 1, (options){0});
    assert_int_equal(t->rows[0].steps, 10);
    basin_sharpness_table_destroy(&t);
    basin_objective_destroy(&o);
}

/* T = |theta| + 0.01 of weights, 1 of biases: against the gradient of the network and the names of its
   tensors. */
static void asam_leaves_biases_as_they_are(void **state)
{
    problem          p = problem_relu(3);
    basin_objective *o = NULL;
    basin_loss       here, there;
    double          *g = basin_alloc(p.size, sizeof *g), *x = basin_alloc(p.size, sizeof *x), norm = 0.0;
    const double     rho[] = {0.4};

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &here, g));
    for (int pass = 0; pass < 2; pass++)
        for (size_t b = 0; b < p.graph->params->count; b++) {
            const basin_block *block = &p.graph->params->blocks[b];
            for (size_t i = block->offset; i < block->offset + block->size; i++) {
                const double t = strstr(block->name, "bias") != NULL ? 1.0 : fabs(p.theta[i]) + 0.01;
                if (pass == 0)
                    norm += t * g[i] * t * g[i];
                else
                    x[i] = p.theta[i] + rho[0] * t * t * g[i] / sqrt(norm);
            }
        }
    assert_ok(basin_objective_loss(o, NULL, x, &there));
    basin_sharpness_table *t = one(o, p.theta, BASIN_SHARPNESS_asam, rho, 1, (options){0});
    assert_close(t->rows[0].value, basin_loss_value(&there) - basin_loss_value(&here), 1e-11, 0.0);
    basin_sharpness_table_destroy(&t);
    basin_free(g);
    basin_free(x);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* With w = 2 the losses hold ‖theta‖², while the step stays along the gradient without it. */
static void weight_decay_is_in_the_losses_but_not_in_the_step(void **state)
{
    const double            rho[] = {0.5};
    double                  g[SIZE], x[SIZE];
    basin_objective        *o = quadratic();
    basin_point            *point = NULL;
    basin_sharpness_table  *t = NULL;
    basin_sharpness_measure m = BASIN_SHARPNESS_sam;

    (void)state;
    gradient_of(start, g);
    const double norm = basin_norm(g, SIZE);
    for (size_t i = 0; i < SIZE; i++) x[i] = start[i] + rho[0] * g[i] / norm;
    assert_ok(basin_point_create(o, start, &(basin_point_options){.included = {.value = 2.0}}, &point));
    assert_ok(basin_sharpness_table_compute(
        point, &(options){.measures = &m, .measure_count = 1, .rho = rho, .rho_count = 1}, &t));
    assert_close(t->rows[0].value,
                 loss_of(x) - loss_of(start) + basin_dot(x, x, SIZE) - basin_dot(start, start, SIZE), 1e-12,
                 0.0);
    basin_sharpness_table_destroy(&t);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

/* --------------------------------------------------------------------------------------------- batches -- */

/* Its labels become what it answers, but for each seventh: then noise has an accuracy to take away. */
static void know_its_labels(problem *p)
{
    basin_objective *o = NULL;
    double          *y = NULL;
    size_t           width;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    assert_ok(basin_network_output(o, p->theta, &width, &y));
    for (size_t i = 0; i < p->data.count; i++) {
        size_t best = 0;
        for (size_t k = 1; k < width; k++)
            if (y[i * width + k] > y[i * width + best]) best = k;
        if (i % 7 != 0) p->data.classes[i] = (int64_t)best;
    }
    basin_free(y);
    basin_objective_destroy(&o);
}

static basin_objective *network(problem *p)
{
    basin_objective *o = NULL;

    *p = problem_relu(5);
    know_its_labels(p);
    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    return o;
}

/* One batch of all samples is the network's own step: sums over batches are averaged, not added up. */
static void a_batch_of_all_samples_is_the_whole(void **state)
{
    problem                p;
    basin_objective       *o = network(&p);
    const double           rho[] = {0.05, 0.2};
    basin_sharpness_table *sam = one(o, p.theta, BASIN_SHARPNESS_sam, rho, 2, (options){0});
    basin_sharpness_table *m =
        one(o, p.theta, BASIN_SHARPNESS_m_sharpness, rho, 2, (options){.batch_size = 60});

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_close(m->rows[i].value, sam->rows[i].value, 1e-12, 0.0);
        assert_true(isnan(m->rows[i].error) && isnan(m->rows[i].lower));
        assert_int_equal(m->rows[i].batches, 1);
        assert_int_equal(m->rows[i].number, BASIN_SHARPNESS_SAMPLED);
    }
    basin_sharpness_table_destroy(&sam);
    basin_sharpness_table_destroy(&m);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Batches of one sample in any order: mean and error are those of the samples one by one. */
static void batches_of_one_sample_are_the_samples(void **state)
{
    problem                p;
    basin_objective       *o = network(&p);
    const double           rho[] = {0.1};
    double                 sum = 0.0, squares = 0.0;
    basin_sharpness_table *m =
        one(o, p.theta, BASIN_SHARPNESS_m_sharpness, rho, 1, (options){.batch_size = 1, .seed = 4});

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        basin_objective *sample = NULL;
        assert_ok(
            basin_objective_restrict(o, p.theta, &(basin_part){.samples = &(basin_samples){&i, 1}}, &sample));
        basin_sharpness_table *t = one(sample, p.theta, BASIN_SHARPNESS_sam, rho, 1, (options){0});
        sum += t->rows[0].value, squares += t->rows[0].value * t->rows[0].value;
        basin_sharpness_table_destroy(&t);
        basin_objective_destroy(&sample);
    }
    const double mean = sum / 60.0, error = sqrt((squares / 60.0 - mean * mean) / 59.0);
    assert_close(m->rows[0].value, mean, 1e-12, 0.0);
    assert_close(m->rows[0].error, error, 1e-9, 0.0);
    assert_close(m->rows[0].upper - mean, basin_student_t975(59) * error, 1e-9, 0.0);
    assert_close(mean - m->rows[0].lower, basin_student_t975(59) * error, 1e-9, 0.0);
    assert_int_equal(m->rows[0].gradients, 60);
    basin_sharpness_table_destroy(&m);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void batches_are_said_and_seeded(void **state)
{
    problem                p;
    basin_objective       *o = network(&p);
    const double           rho[] = {0.1};
    basin_sharpness_table *a = one(o, p.theta, BASIN_SHARPNESS_m_sharpness, rho, 1,
                                   (options){.batch_size = 8, .batches = 3, .seed = 1});
    basin_sharpness_table *b = one(o, p.theta, BASIN_SHARPNESS_m_sharpness, rho, 1,
                                   (options){.batch_size = 8, .batches = 3, .seed = 2});
    basin_sharpness_table *c = one(o, p.theta, BASIN_SHARPNESS_m_sharpness, rho, 1, (options){0});

    (void)state;
    assert_string_equal(a->rows[0].settings, "3 batches of 8, 36 samples left out");
    assert_true(a->rows[0].value != b->rows[0].value);
    assert_int_equal(c->rows[0].batch_size, 15); /* 128, at most a quarter of 60 */
    assert_int_equal(c->rows[0].batches, 4);
    basin_sharpness_table_destroy(&a);
    basin_sharpness_table_destroy(&b);
    basin_sharpness_table_destroy(&c);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* ------------------------------------------------------------------------------------------ symmetries -- */

/* A training by gradient descent that is here, with that momentum: good until the next call. */
static const basin_checkpoint *recorded(const double *momentum)
{
    static basin_checkpoint ck;
    static basin_state      state;

    state = (basin_state){.name = (char *)"momentum", .values = (double *)momentum};
    ck = (basin_checkpoint){.method = (char *)"gd",
                            .step = 3,
                            .state_count = 1,
                            .states = &state,
                            .hyper = {.learning_rate = 0.1, .momentum = 0.01, .rho = NAN}};
    return &ck;
}

static options of_all(const double *momentum)
{
    return (options){.momentum = momentum,
                     .checkpoint = recorded(momentum),
                     .start = momentum,
                     .draws = 20,
                     .steps = 5,
                     .batch_size = 0,
                     .seed = 3};
}

/* The measures that the symmetry leaves alone by the list have not moved, the others have. A sampled measure
   is left alone in expectation where neurons have changed their places, and its draws with them. */
static void assert_left_alone(const basin_sharpness_table *a, const basin_sharpness_table *b,
                              basin_symmetry symmetry)
{
    assert_int_equal(a->row_count, b->row_count);
    for (size_t i = 0; i < a->row_count; i++) {
        const basin_sharpness_row   *x = &a->rows[i], *y = &b->rows[i];
        const basin_sharpness_entry *entry = &basin_sharpness_entries[x->measure];
        const basin_symmetric        known = entry->symmetric[symmetry]; /* nothing here has attention */
        const bool                   alone = known == BASIN_SYMMETRIC_YES || known == BASIN_SYMMETRIC_PLAIN;
        const bool                   drawn =
            symmetry == BASIN_SYMMETRY_PERMUTATION && (entry->settings & BASIN_TAKES_DRAWS) != 0;
        /* those of parts: test_structure.c */
        if (x->part != NULL || (entry->radius == BASIN_RADIUS_SCALES && x->missing != NULL)) continue;
        if (x->missing != NULL || y->missing != NULL) fail_msg("%s: %s", entry->name, x->missing);
        const double moved = fabs(x->value - y->value), size = fmax(fabs(x->value), fabs(y->value));
        const double within = drawn ? fmax(x->upper - x->lower, y->upper - y->lower) : 1e-9 * size;
        /* a whole number may stay, and a sigma where what is added to relative noise is small beside it */
        const bool coarse =
            x->measure == BASIN_SHARPNESS_feature_rank || x->measure == BASIN_SHARPNESS_adaptive_pac_bayes;
        if (!alone && coarse) continue;
        if (alone ? !(moved <= within) : !(moved > 1e-6 * size))
            fail_msg("%s at %g under %s: %.17g becomes %.17g", entry->name, x->rho,
                     basin_symmetry_text(symmetry), x->value, y->value);
    }
}

static void assert_moved_only(basin_objective *o, const double *before, const double *after, const double *v,
                              const double *v_after, basin_symmetry symmetry)
{
    const options          how = of_all(v);
    basin_sharpness_table *a = table_at(o, before, &how);
    const options          then = of_all(v_after);
    basin_sharpness_table *b = table_at(o, after, &then);

    assert_close(b->loss, a->loss, 1e-10, 0.0);
    assert_left_alone(a, b, symmetry);
    basin_sharpness_table_destroy(&a);
    basin_sharpness_table_destroy(&b);
}

/* Powers of two, which do not round. */
static void rescaled_neurons_and_layers_leave_alone_what_the_list_says(void **state)
{
    problem          p;
    basin_objective *o = network(&p);
    double           f[RELU_FIRST], h[RELU_SECOND], *moved = basin_alloc(p.size, sizeof *moved);
    double          *v = basin_alloc(p.size, sizeof *v);

    (void)state;
    for (size_t i = 0; i < p.size; i++) v[i] = sin((double)i);
    for (size_t i = 0; i < RELU_FIRST; i++) f[i] = i % 2 ? 4.0 : 0.5;
    for (size_t i = 0; i < RELU_SECOND; i++) h[i] = i % 3 ? 0.25 : 2.0;
    basin_copy(p.theta, moved, p.size);
    problem_rescale(f, h, moved);
    assert_moved_only(o, p.theta, moved, v, v, BASIN_SYMMETRY_NEURON);
    for (size_t i = 0; i < RELU_FIRST; i++) f[i] = 4.0;
    for (size_t i = 0; i < RELU_SECOND; i++) h[i] = 0.5;
    basin_copy(p.theta, moved, p.size);
    problem_rescale(f, h, moved);
    assert_moved_only(o, p.theta, moved, v, v, BASIN_SYMMETRY_LAYER);
    basin_free(v);
    basin_free(moved);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void swap_neurons(double *theta)
{
    double *w1 = theta, *b1 = w1 + RELU_FIRST * RELU_IN, *w2 = b1 + RELU_FIRST, swap;

    for (size_t j = 0; j < RELU_IN; j++) swap = w1[j], w1[j] = w1[RELU_IN + j], w1[RELU_IN + j] = swap;
    swap = b1[0], b1[0] = b1[1], b1[1] = swap;
    for (size_t i = 0; i < RELU_SECOND; i++) {
        double *row = w2 + i * RELU_FIRST;
        swap = row[0], row[0] = row[1], row[1] = swap;
    }
}

static void permuted_neurons_leave_alone_what_the_list_says(void **state)
{
    problem          p;
    basin_objective *o = network(&p);
    double          *moved = basin_alloc(p.size, sizeof *moved), *v = basin_alloc(p.size, sizeof *v);
    double          *v_moved = basin_alloc(p.size, sizeof *v_moved);

    (void)state;
    for (size_t i = 0; i < p.size; i++) v[i] = v_moved[i] = sin((double)i);
    basin_copy(p.theta, moved, p.size);
    swap_neurons(moved);
    swap_neurons(v_moved);
    assert_moved_only(o, p.theta, moved, v, v_moved, BASIN_SYMMETRY_PERMUTATION);
    basin_free(v);
    basin_free(v_moved);
    basin_free(moved);
    basin_objective_destroy(&o);
    problem_release(&p);
}

typedef struct stored { /* a checkpoint of tests/data */
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_objective  *o;
} stored;

static void bind(stored *s)
{
    basin_objective_destroy(&s->o);
    assert_ok(basin_network_objective(s->ck->graph, &s->ck->loss, s->data, NULL, &s->o));
}

static stored load(const char *file)
{
    stored s = {NULL, NULL, NULL};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &s.ck));
    assert_ok(basin_checkpoint_dataset(s.ck, NULL, &s.data));
    bind(&s);
    return s;
}

static void unload(stored *s)
{
    basin_objective_destroy(&s->o);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
}

static double *tensor(stored *s, const char *name, size_t *size)
{
    const basin_block *block = basin_params_find(s->ck->params, name);

    if (block == NULL) fail_msg("no tensor %s", name);
    *size = block->size;
    return s->ck->theta + block->offset;
}

static double *buffer(stored *s, const char *name)
{
    for (size_t i = 0; i < s->ck->graph->buffer_count; i++)
        if (strcmp(s->ck->graph->buffers[i].name, name) == 0) return s->ck->graph->buffers[i].values;
    fail_msg("no buffer %s", name);
    return NULL;
}

/* Output channels of the first convolution by powers of two, and with them the statistics that are theirs,
   such that variance + ε scales exactly. */
static void a_scale_before_batch_norm_leaves_alone_what_the_list_says(void **state)
{
    stored       s = load("oracle_resnet.h5");
    const double epsilon = 1e-5;
    size_t       size;
    double      *w = tensor(&s, "conv1.weight", &size), *mean = buffer(&s, "bn1.running_mean");
    double      *variance = buffer(&s, "bn1.running_var");

    (void)state;
    const options          how = of_all(basin_checkpoint_momentum(s.ck));
    basin_sharpness_table *a = table_at(s.o, s.ck->theta, &how);
    for (size_t c = 0; c < 4; c++) {
        const double factor = c % 2 ? 4.0 : 0.5;
        for (size_t i = 0; i < size / 4; i++) w[c * (size / 4) + i] *= factor;
        mean[c] *= factor;
        variance[c] = factor * factor * (variance[c] + epsilon) - epsilon;
    }
    bind(&s);
    basin_sharpness_table *b = table_at(s.o, s.ck->theta, &how);
    assert_close(b->loss, a->loss, 1e-12, 0.0);
    assert_left_alone(a, b, BASIN_SYMMETRY_NORM);
    basin_sharpness_table_destroy(&a);
    basin_sharpness_table_destroy(&b);
    unload(&s);
}

/* Of the first head q -> A q, k -> A⁻ᵀ k with a shear A = I + ½ e₀e₁ᵀ: qᵀk stays. */
static void shear(double *in_projection, size_t width, size_t d)
{
    double *q = in_projection, *k = in_projection + d * width;

    for (size_t j = 0; j < width; j++) {
        q[j] += 0.5 * q[width + j];
        k[width + j] -= 0.5 * k[j];
    }
}

static void attention_has_a_symmetry_that_none_but_the_listed_are_left_alone_by(void **state)
{
    stored       s = load("oracle_vit.h5");
    const size_t d = 12;
    size_t       size;
    double      *before = basin_alloc(s.ck->params->size, sizeof *before);

    (void)state;
    basin_copy(s.ck->theta, before, s.ck->params->size);
    shear(tensor(&s, "encoder.self_attn.in_proj_weight", &size), d, d);
    shear(tensor(&s, "encoder.self_attn.in_proj_bias", &size), 1, d);
    assert_moved_only(s.o, before, s.ck->theta, basin_checkpoint_momentum(s.ck),
                      basin_checkpoint_momentum(s.ck), BASIN_SYMMETRY_ATTENTION);
    basin_free(before);
    unload(&s);
}

/* ----------------------------------------------------------------------------------- what is not there -- */

static void what_a_measure_needs_and_has_not_is_said(void **state)
{
    const double     rho[] = {0.1}, zero[SIZE] = {0};
    double           bottom[SIZE];
    basin_objective *o = quadratic();

    (void)state;
    basin_sharpness_table *t = one(o, start, BASIN_SHARPNESS_msam, rho, 1, (options){0});
    assert_string_equal(t->rows[0].missing, "no momentum is saved");
    assert_true(isnan(t->rows[0].value) && isnan(t->rows[0].error));
    basin_sharpness_table_destroy(&t);
    t = one(o, start, BASIN_SHARPNESS_msam, rho, 1, (options){.momentum = zero});
    assert_string_equal(t->rows[0].missing, "the momentum is zero: it has no direction");
    basin_sharpness_table_destroy(&t);
    for (size_t i = 0; i < SIZE; i++) bottom[i] = slope[i] / curvature[i];
    t = one(o, bottom, BASIN_SHARPNESS_sam, rho, 1, (options){0});
    assert_string_equal(t->rows[0].missing, "the gradient is zero: it has no direction");
    basin_sharpness_table_destroy(&t);
    t = one(o, bottom, BASIN_SHARPNESS_ascent, rho, 1, (options){0});
    assert_string_equal(t->rows[0].missing, "after 0 of 10 steps the gradient is zero");
    basin_sharpness_table_destroy(&t);
    basin_objective_destroy(&o);
}

/* L = Σ_samples exp(theta_0) / 4 below theta_0 = 1.2, and not finite beyond: a step that leaves is told. */
static basin_status cliff_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                   double *g)
{
    const double *edge = ctx;

    (void)s;
    *out = (basin_loss){.sum = theta[0] <= *edge ? exp(theta[0]) : (double)NAN, .weight = 1.0};
    g[0] = out->sum, g[1] = 0.0;
    return BASIN_OK;
}

static basin_status cliff_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    double g[2];

    return cliff_gradient(ctx, s, theta, out, g);
}

static const basin_objective_type cliff = {.name = "cliff", .loss = cliff_loss, .gradient = cliff_gradient};

static basin_objective *cliff_at(double *edge)
{
    basin_objective *o = NULL;

    assert_ok(basin_objective_create(&cliff, edge, &(basin_objective_facts){.size = 2, .samples = 8}, &o));
    return o;
}

static void a_loss_that_is_not_finite_is_said_and_in_no_mean(void **state)
{
    double           edge = 1.2;
    const double     rho[] = {0.1, 0.5}, theta[] = {1.0, 0.0};
    basin_objective *o = cliff_at(&edge);

    (void)state;
    basin_sharpness_table *t = one(o, theta, BASIN_SHARPNESS_sam, rho, 2, (options){0});
    assert_close(t->rows[0].value, exp(1.1) - exp(1.0), 1e-12, 0.0);
    assert_string_equal(t->rows[1].missing, "the loss there is NaN");
    assert_true(isnan(t->rows[1].value));
    basin_sharpness_table_destroy(&t);
    t = one(o, theta, BASIN_SHARPNESS_ascent, rho, 2, (options){.steps = 2});
    assert_true(t->rows[0].missing == NULL);
    assert_string_equal(t->rows[1].missing, "after 1 of 2 steps the loss is not finite");
    basin_sharpness_table_destroy(&t);
    t = one(o, theta, BASIN_SHARPNESS_m_sharpness, rho, 2, (options){.batch_size = 2});
    assert_true(t->rows[0].missing == NULL);
    assert_string_equal(t->rows[1].missing, "4 of 4 batches have no finite value");
    assert_int_equal(t->rows[1].not_finite, 4);
    basin_sharpness_table_destroy(&t);
    basin_objective_destroy(&o);
}

/* ----------------------------------------------------------------------------------------------- draws -- */

/* E L(theta + rho z) − L(theta) = ½ rho² tr A whatever the slope is. With rho² for rho it were rho⁴, with
   entries uniform in [0, 1) the slope would enter, with a sum over draws for a mean it were n times as
   much. */
static void an_average_rise_is_half_the_trace(void **state)
{
    const double     rho[] = {0.5, 0.1};
    double           g[SIZE], squares = 0.0;
    basin_objective *o = quadratic();

    (void)state;
    gradient_of(start, g);
    for (size_t i = 0; i < SIZE; i++) squares += curvature[i] * curvature[i];
    basin_sharpness_table *t = one(o, start, BASIN_SHARPNESS_average, rho, 2, (options){.draws = 4000});
    basin_sharpness_table *a =
        one(o, start, BASIN_SHARPNESS_adaptive_average, rho, 2, (options){.draws = 4000});
    for (size_t i = 0; i < 2; i++) {
        double trace = 0.0, scaled = 0.0;
        for (size_t k = 0; k < SIZE; k++) trace += curvature[k], scaled += curvature[k] * start[k] * start[k];
        assert_close(t->rows[i].value, 0.5 * rho[i] * rho[i] * trace, 0.0, 3.0 * t->rows[i].error);
        assert_close(a->rows[i].value, 0.5 * rho[i] * rho[i] * scaled, 0.0, 3.0 * a->rows[i].error);
        assert_close(
            t->rows[i].error,
            sqrt((pow(rho[i] * basin_norm(g, SIZE), 2.0) + 0.5 * pow(rho[i], 4.0) * squares) / 4000.0), 0.1,
            0.0);
        assert_int_equal(t->rows[i].losses, 4000);
    }
    basin_sharpness_table_destroy(&t);
    basin_sharpness_table_destroy(&a);
    basin_objective_destroy(&o);
}

/* Accuracy 1 − |theta_0/s − 1| with s in ctx: of s = 1 its mean fall is sigma √(2/π), so that 0.1 is reached
   at sigma = 0.1253. */
static basin_status tent_loss(void *ctx, const basin_samples *samples, const double *theta, basin_loss *out)
{
    const double fall = fmin(fabs(theta[0] / *(const double *)ctx - 1.0), 1.0);

    (void)samples;
    *out =
        (basin_loss){.sum = 1.0, .weight = 1.0, .correct = (uint64_t)(1e6 * (1.0 - fall)), .count = 1000000};
    return BASIN_OK;
}

static basin_status tent_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                  double *g)
{
    g[0] = g[1] = 0.0;
    return tent_loss(ctx, s, theta, out);
}

static const basin_objective_type tent = {.name = "tent", .loss = tent_loss, .gradient = tent_gradient};

static void sigma_is_a_standard_deviation(void **state)
{
    const double     theta[] = {1.0, 2.0}, truth = 0.1 * sqrt(0.5 * acos(-1.0));
    double           unit = 1.0;
    basin_objective *o = NULL;

    (void)state;
    assert_ok(basin_objective_create(&tent, &unit, &(basin_objective_facts){.size = 2, .samples = 1}, &o));
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        basin_sharpness_table *t =
            one(o, theta, adaptive ? BASIN_SHARPNESS_adaptive_pac_bayes : BASIN_SHARPNESS_pac_bayes, NULL, 0,
                (options){.draws = 1000, .seed = 2});
        const basin_sharpness_row *row = &t->rows[0];
        assert_true(isnan(row->rho) && row->missing == NULL);
        assert_true(row->lower < truth && truth < row->upper);
        assert_true(row->lower < row->value && row->value < row->upper);
        /* two half-widths of a mean of 1,000 half-normal numbers */
        assert_close(row->upper - row->lower,
                     truth * 2.0 * 1.96 * sqrt(0.5 * acos(-1.0) - 1.0) / sqrt(1000.0), 0.15, 0.0);
        basin_sharpness_table_destroy(&t);
    }
    basin_objective_destroy(&o);
}

/* The same function of weights a hundred times as small: of relative noise √((sigma s)² + ε²)/s the ε has
   gained a hundredfold, and sigma² has lost what that takes, (ε/s)². */
static void relative_noise_knows_the_scale_of_weights_by_what_is_added(void **state)
{
    const double     crossing = 0.1 * sqrt(0.5 * acos(-1.0));
    const double     truth = sqrt(crossing * crossing - pow(1e-3 / 0.01, 2.0));
    double           s = 0.01, theta[] = {0.01, 2.0};
    basin_objective *o = NULL;

    (void)state;
    assert_ok(basin_objective_create(&tent, &s, &(basin_objective_facts){.size = 2, .samples = 1}, &o));
    basin_sharpness_table *t =
        one(o, theta, BASIN_SHARPNESS_adaptive_pac_bayes, NULL, 0, (options){.draws = 1000, .seed = 2});
    assert_true(t->rows[0].lower < truth && truth < t->rows[0].upper);
    assert_true(t->rows[0].upper < 0.8 * crossing);
    basin_sharpness_table_destroy(&t);
    basin_objective_destroy(&o);
}

static void a_loss_without_an_accuracy_has_no_sigma(void **state)
{
    basin_objective *o = quadratic();

    (void)state;
    basin_sharpness_table *t = one(o, start, BASIN_SHARPNESS_pac_bayes, NULL, 0, (options){0});
    assert_string_equal(t->rows[0].missing, "this loss has no accuracy");
    basin_sharpness_table_destroy(&t);
    basin_objective_destroy(&o);
}

/* ----------------------------------------------------------------------------------------- worst cases -- */

/* max g'u + ½ u'Du over ‖u‖ <= rho, D diagonal: u = (mu − D)⁻¹ g with mu > max D where ‖u‖ = rho. */
static double largest_in_ball(const double *g, const double *d, double rho)
{
    double low = 0.0, high = 1e6, value = 0.0;

    for (size_t i = 0; i < SIZE; i++) low = fmax(low, d[i]);
    for (int k = 0; k < 200; k++) {
        const double mu = 0.5 * (low + high);
        double       norm = 0.0;
        for (size_t i = 0; i < SIZE; i++) norm += pow(g[i] / (mu - d[i]), 2.0);
        *(norm > rho * rho ? &low : &high) = mu;
    }
    for (size_t i = 0; i < SIZE; i++) {
        const double u = g[i] / (high - d[i]);
        value += g[i] * u + 0.5 * d[i] * u * u;
    }
    return value;
}

/* The same over |u_i| <= h_i: each to the bound that its slope points to. */
static double largest_in_box(const double *g, const double *d, const double *h)
{
    double value = 0.0;

    for (size_t i = 0; i < SIZE; i++) value += fabs(g[i]) * h[i] + 0.5 * d[i] * h[i] * h[i];
    return value;
}

static void worst_cases_of_a_quadratic_are_found(void **state)
{
    const double     rho[] = {0.1, 0.7};
    double           g[SIZE], scaled[SIZE], bent[SIZE], h[SIZE];
    basin_objective *o = quadratic();

    (void)state;
    gradient_of(start, g);
    for (size_t i = 0; i < SIZE; i++)
        scaled[i] = fabs(start[i]) * g[i], bent[i] = curvature[i] * start[i] * start[i];
    basin_sharpness_table *l2 = one(o, start, BASIN_SHARPNESS_worst_l2, rho, 2, (options){0});
    basin_sharpness_table *a2 = one(o, start, BASIN_SHARPNESS_adaptive_worst_l2, rho, 2, (options){0});
    basin_sharpness_table *linf = one(o, start, BASIN_SHARPNESS_worst_linf, rho, 2, (options){0});
    basin_sharpness_table *ainf = one(o, start, BASIN_SHARPNESS_adaptive_worst_linf, rho, 2, (options){0});
    basin_sharpness_table *box = one(o, start, BASIN_SHARPNESS_box, rho, 2, (options){0});
    for (size_t i = 0; i < 2; i++) {
        const double ball = largest_in_ball(g, curvature, rho[i]),
                     ellipsoid = largest_in_ball(scaled, bent, rho[i]);
        assert_close(l2->rows[i].value, ball, 1e-6, 0.0);
        assert_close(a2->rows[i].value, ellipsoid, 1e-6, 0.0);
        assert_true(l2->rows[i].value <= ball * (1.0 + 1e-12) &&
                    a2->rows[i].value <= ellipsoid * (1.0 + 1e-12));
        for (size_t k = 0; k < SIZE; k++) h[k] = rho[i];
        assert_close(linf->rows[i].value, largest_in_box(g, curvature, h), 1e-12, 0.0);
        for (size_t k = 0; k < SIZE; k++) h[k] = rho[i] * fabs(start[k]);
        assert_close(ainf->rows[i].value, largest_in_box(g, curvature, h), 1e-12, 0.0);
        for (size_t k = 0; k < SIZE; k++) h[k] = rho[i] * (fabs(start[k]) + 1.0);
        assert_close(box->rows[i].value, 100.0 * largest_in_box(g, curvature, h) / (1.0 + loss_of(start)),
                     1e-12, 0.0);
        assert_int_equal(l2->rows[i].number, BASIN_SHARPNESS_LOWER_BOUND);
        assert_int_equal(l2->rows[i].gradients, 21);
        assert_true(isnan(l2->rows[i].error) && isnan(l2->rows[i].upper));
    }
    basin_sharpness_table_destroy(&l2);
    basin_sharpness_table_destroy(&a2);
    basin_sharpness_table_destroy(&linf);
    basin_sharpness_table_destroy(&ainf);
    basin_sharpness_table_destroy(&box);
    basin_objective_destroy(&o);
}

/* At the bottom there is no gradient to climb by: a random point is the start, and the maximum ½ rho² max
   A. */
static void a_bottom_is_climbed_from_a_random_point(void **state)
{
    const double     rho[] = {0.3};
    double           bottom[SIZE], g[SIZE];
    basin_objective *o = quadratic();

    (void)state;
    for (size_t i = 0; i < SIZE; i++) bottom[i] = slope[i] / curvature[i];
    gradient_of(bottom, g);
    assert_close(basin_norm(g, SIZE), 0.0, 0.0, 0.0);
    basin_sharpness_table *t =
        one(o, bottom, BASIN_SHARPNESS_worst_l2, rho, 1, (options){.restarts = 2, .steps = 40});
    assert_close(t->rows[0].value, 0.5 * rho[0] * rho[0] * curvature[0], 1e-6, 0.0);
    assert_string_equal(t->rows[0].settings, "40 steps from each of 3 starts");
    basin_sharpness_table_destroy(&t);
    t = one(o, bottom, BASIN_SHARPNESS_worst_l2, rho, 1, (options){.steps = 40});
    assert_close(t->rows[0].value, 0.5 * rho[0] * rho[0] * curvature[0], 1e-6, 0.0);
    basin_sharpness_table_destroy(&t);
    basin_objective_destroy(&o);
}

/* On a ReLU network a small ball has the slope of the exact gradient: rho ‖g‖_2, and rho ‖g‖_1 of the box.
   Differences with a step across kinks would not. */
static void a_small_ball_has_the_slope_of_the_gradient(void **state)
{
    problem          p;
    basin_objective *o = network(&p);
    const double     rho[] = {1e-7};
    basin_loss       loss;
    double          *g = basin_alloc(p.size, sizeof *g), sum = 0.0;

    (void)state;
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &loss, g));
    for (size_t i = 0; i < p.size; i++) sum += fabs(g[i]);
    basin_sharpness_table *l2 = one(o, p.theta, BASIN_SHARPNESS_worst_l2, rho, 1, (options){0});
    basin_sharpness_table *linf = one(o, p.theta, BASIN_SHARPNESS_worst_linf, rho, 1, (options){0});
    assert_close(l2->rows[0].value, rho[0] * basin_norm(g, p.size), 1e-5, 0.0);
    assert_close(linf->rows[0].value, rho[0] * sum, 1e-5, 0.0);
    basin_sharpness_table_destroy(&l2);
    basin_sharpness_table_destroy(&linf);
    basin_free(g);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Each batch has a maximum of its own, and their mean is no smaller than that of all samples together. */
static void maxima_of_batches_are_larger(void **state)
{
    problem                p;
    basin_objective       *o = network(&p);
    const double           rho[] = {0.2};
    basin_sharpness_table *whole = one(o, p.theta, BASIN_SHARPNESS_worst_l2, rho, 1, (options){0});
    basin_sharpness_table *batches =
        one(o, p.theta, BASIN_SHARPNESS_worst_l2, rho, 1, (options){.batch_size = 10});

    (void)state;
    assert_int_equal(batches->rows[0].number, BASIN_SHARPNESS_SAMPLED_BOUND);
    assert_string_equal(batches->rows[0].settings, "20 steps, 6 batches of 10, 0 samples left out");
    assert_true(batches->rows[0].value > whole->rows[0].value);
    assert_true(batches->rows[0].lower < batches->rows[0].value);
    basin_sharpness_table_destroy(&whole);
    basin_sharpness_table_destroy(&batches);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void a_cliff_within_the_ball_is_said(void **state)
{
    double           edge = 1.2;
    const double     rho[] = {0.5}, theta[] = {1.0, 0.0};
    basin_objective *o = cliff_at(&edge);

    (void)state;
    for (int m = BASIN_SHARPNESS_average; m <= BASIN_SHARPNESS_box; m++) {
        basin_sharpness_table *t = one(o, theta, (basin_sharpness_measure)m, rho, 1, (options){.draws = 40});
        if (t->rows[0].missing == NULL || !isnan(t->rows[0].value))
            fail_msg("%s: %g", basin_sharpness_entries[m].name, t->rows[0].value);
        assert_non_null(strstr(t->rows[0].missing, "finite"));
        basin_sharpness_table_destroy(&t);
    }
    basin_objective_destroy(&o);
}

static void what_has_no_sense_is_refused(void **state)
{
    basin_objective              *o = quadratic();
    const basin_sharpness_measure ascent[] = {BASIN_SHARPNESS_ascent}, sam[] = {BASIN_SHARPNESS_m_sharpness};
    const double                  zero[] = {0.1, 0.0}, infinite[] = {INFINITY};
    basin_sharpness_measure       found;

    (void)state;
    assert_status(
        attempt(o, start, &(options){.measures = ascent, .measure_count = 1, .rho = zero, .rho_count = 2}),
        BASIN_ERR_ARG);
    assert_message("radius 0 of ascent must be positive");
    assert_status(
        attempt(o, start, &(options){.measures = sam, .measure_count = 1, .rho = infinite, .rho_count = 1}),
        BASIN_ERR_ARG);
    assert_message("radius 1 of m_sharpness is inf, not finite");
    assert_status(attempt(o, start, &(options){.measures = sam, .measure_count = 1, .batch_size = 2}),
                  BASIN_ERR_ARG);
    assert_message("batches of 2 of 1 samples");
    assert_status(attempt(o, start, &(options){.measures = sam, .measure_count = 0}), BASIN_ERR_ARG);
    assert_message("no measure of sharpness is named");
    assert_status(attempt(o, start, &(options){.draws = 1}), BASIN_ERR_ARG);
    assert_message("one draw has no error: two at least");
    assert_status(basin_sharpness_measure_find("flatness", &found), BASIN_ERR_ARG);
    assert_message("measure of sharpness flatness is none of sam | ascent | m_sharpness");
    assert_ok(basin_sharpness_measure_find("msam", &found));
    assert_int_equal(found, BASIN_SHARPNESS_msam);
    basin_objective_destroy(&o);
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static void every_measure_is_said_in_full(void **state)
{
    problem                p;
    basin_objective       *o = network(&p);
    const options          how = of_all(p.theta);
    basin_sharpness_table *a = table_at(o, p.theta, &how), *b = table_at(o, p.theta, &how);

    (void)state;
    for (size_t i = 0; i < a->row_count; i++) {
        const basin_sharpness_row   *row = &a->rows[i];
        const basin_sharpness_entry *entry = &basin_sharpness_entries[row->measure];
        /* nothing is normalised here */
        if (entry->radius == BASIN_RADIUS_SCALES) {
            assert_non_null(row->missing);
            continue;
        }
        if (!isfinite(row->value)) fail_msg("%s at %g: %s", entry->name, row->rho, row->missing);
        assert_true(row->value == b->rows[i].value);
        assert_true(isnan(row->rho) == !basin_sharpness_has_radius(entry));
        if (entry->number == BASIN_SHARPNESS_SAMPLED) {
            assert_true(row->lower <= row->value && row->value <= row->upper);
            assert_true(row->settings != NULL);
        }
        if (entry->settings & BASIN_TAKES_STEPS) assert_int_equal(row->steps, 5);
        if ((entry->settings & BASIN_TAKES_DRAWS) && row->number >= BASIN_SHARPNESS_SAMPLED)
            assert_int_equal(row->draws, 20);
        assert_true(row->gradients + row->losses > 0 || i > 0);
    }
    basin_sharpness_table_destroy(&a);
    basin_sharpness_table_destroy(&b);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static problem shared;

static basin_status compute_all(void *payload)
{
    basin_objective       *o = payload;
    basin_point           *point = NULL;
    basin_sharpness_table *t = NULL;
    options                how = of_all(shared.theta);
    basin_status           st = basin_point_create(o, shared.theta, NULL, &point);

    how.draws = 2, how.steps = 2, how.split = "train";
    if (st == BASIN_OK) st = basin_sharpness_table_compute(point, &how, &t);
    basin_sharpness_table_destroy(&t);
    basin_point_destroy(&point);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    double           a[] = {4.0, 1.0, 1.0, 3.0};
    basin_objective *o = NULL;
    double           theta[] = {1.0, -2.0};

    (void)state;
    assert_ok(basin_test_quadratic(a, NULL, 0.5, 2, &o));
    shared.theta = theta;
    basin_test_every_allocation(compute_all, o);
    shared.theta = NULL;
    basin_objective_destroy(&o);
}

static void a_forecast_counts_what_is_spent(void **state)
{
    problem                 p;
    basin_objective        *o = network(&p);
    basin_point            *point = NULL;
    basin_forecast         *forecast = NULL;
    basin_sharpness_measure m[] = {BASIN_SHARPNESS_sam, BASIN_SHARPNESS_ascent, BASIN_SHARPNESS_asam};
    const options           how = {.measures = m, .measure_count = 3, .steps = 7};

    (void)state;
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_ok(basin_sharpness_table_forecast(point, &how, &forecast));
    basin_sharpness_table *t = table_at(o, p.theta, &how);
    size_t                 gradients = 1, losses = 0;
    for (size_t i = 0; i < t->row_count; i++) gradients += t->rows[i].gradients, losses += t->rows[i].losses;
    assert_string_equal(forecast->analysis, "sharpness");
    assert_int_equal(forecast->gradients, gradients);
    assert_int_equal(forecast->losses, losses);
    basin_sharpness_table_destroy(&t);
    basin_forecast_destroy(&forecast);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_step_follows_its_definition),
        cmocka_unit_test(an_ascent_takes_its_steps_one_after_the_other),
        cmocka_unit_test(asam_leaves_biases_as_they_are),
        cmocka_unit_test(weight_decay_is_in_the_losses_but_not_in_the_step),
        cmocka_unit_test(a_batch_of_all_samples_is_the_whole),
        cmocka_unit_test(batches_of_one_sample_are_the_samples),
        cmocka_unit_test(batches_are_said_and_seeded),
        cmocka_unit_test(rescaled_neurons_and_layers_leave_alone_what_the_list_says),
        cmocka_unit_test(permuted_neurons_leave_alone_what_the_list_says),
        cmocka_unit_test(a_scale_before_batch_norm_leaves_alone_what_the_list_says),
        cmocka_unit_test(attention_has_a_symmetry_that_none_but_the_listed_are_left_alone_by),
        cmocka_unit_test(what_a_measure_needs_and_has_not_is_said),
        cmocka_unit_test(a_loss_that_is_not_finite_is_said_and_in_no_mean),
        cmocka_unit_test(an_average_rise_is_half_the_trace),
        cmocka_unit_test(sigma_is_a_standard_deviation),
        cmocka_unit_test(relative_noise_knows_the_scale_of_weights_by_what_is_added),
        cmocka_unit_test(a_loss_without_an_accuracy_has_no_sigma),
        cmocka_unit_test(worst_cases_of_a_quadratic_are_found),
        cmocka_unit_test(a_bottom_is_climbed_from_a_random_point),
        cmocka_unit_test(a_small_ball_has_the_slope_of_the_gradient),
        cmocka_unit_test(maxima_of_batches_are_larger),
        cmocka_unit_test(a_cliff_within_the_ball_is_said),
        cmocka_unit_test(what_has_no_sense_is_refused),
        cmocka_unit_test(every_measure_is_said_in_full),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(a_forecast_counts_what_is_spent),
    };
    return cmocka_run_group_tests_name("sharpness_table", tests, NULL, NULL);
}
