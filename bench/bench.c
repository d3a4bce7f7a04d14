/* One job on one network, timed against the machine's own GEMM peak, measured right before it: absolute times
 * drift on shared machines, ratios hold. FLOP counts are those that the objective tells
 * (docs/performance.md).
 *
 *   usage: bench JOB NETWORK [BLOCK [SAMPLES [MEMORY]]]
 *
 *     JOB       gradient | product | slice | worst | hessian | top | memory | scale
 *     NETWORK   a checkpoint with its data; or mlp:784-512-256-10, made here, on synthetic inputs
 *     BLOCK     vectors in a block of products (8)
 *     SAMPLES   of the training split (0: all; of synthetic inputs, 10,000)
 *     MEMORY    limit in bytes (0: the library's own)
 *
 * `scale` prints one line and ends: what bench/scaling.py needs of a network, from one thread. Every other
 * job prints what it has prepared as one line of JSON, then measures one round for every line that it reads,
 * and prints that: whoever writes the lines can let a peer take its turns in between (bench/run.py does).
 * Seconds are of one call (of one vector, one point), `cpu` is the processor time of all threads for it;
 * `peak` is in FLOP/s, `peak_cpu` too, by processor time. Numbers that a peer can check: loss, gradient norm,
 * Hessian product with v_i = sin(i + 1), normalised.
 */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"

enum {
    THREADS = 2,
    PEAK_SIZE = 2048,
    GRID = 51,
    HESSIAN_BLOCK = 64,
    TOP = 10,
    WIDTHS = 8,
    /* the worst case of Andriushchenko et al. (arXiv:2302.07011): batches of so many samples, and steps */
    WORST_BATCH = 128,
    WORST_STEPS = 20,
    SYNTHETIC_SAMPLES = 10000
};

static const double WORST_RADIUS = 0.5; /* of δ / |θ| */

static const double PASS_SECONDS = 2.0, ROUND_SECONDS = 0.1;

static double clock_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(basin_status st)
{
    if (st == BASIN_OK) return;
    fprintf(stderr, "bench: %s\n", basin_error_message());
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = basin_alloc(count, size);
    if (memory == NULL) require(BASIN_ERR_NOMEM);
    return memory;
}

/* ------------------------------------------------------------------------------------------------ peak -- */

typedef struct peak { /* of one precision: a [n, n] and one c [n, n] a thread */
    basin_precision precision;
    void           *a, *c;
} peak;

static peak peak_prepare(basin_precision precision)
{
    const size_t n = (size_t)PEAK_SIZE * PEAK_SIZE;
    const size_t width = precision == BASIN_SINGLE ? sizeof(float) : sizeof(double);
    peak         p = {precision, allocate(n, width), allocate(THREADS * n, width)};

    for (size_t i = 0; i < n; i++) {
        double x = (double)(i % 7) * 0.25;
        if (precision == BASIN_SINGLE)
            ((float *)p.a)[i] = (float)x;
        else
            ((double *)p.a)[i] = x;
    }
    return p;
}

typedef struct rate { /* FLOP/s by wall time, and by processor time as if no other process had been running */
    double wall, cpu;
} rate;

/* One GEMM of PEAK_SIZE^3 a thread, side by side. A single threaded GEMM gives the same on an idle machine,
   but leaves OpenBLAS's workers spinning for some 25 ms, which would disturb what is timed next. */
static rate peak_rate(const peak *p)
{
    const size_t n = PEAK_SIZE;
    const double flops = THREADS * 2.0 * PEAK_SIZE * PEAK_SIZE * (double)PEAK_SIZE;
    double       wall = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);

#pragma omp parallel for num_threads(THREADS)
    for (size_t t = 0; t < THREADS; t++) {
        if (p->precision == BASIN_SINGLE)
            basin_gemm_f32(BASIN_N, BASIN_N, n, n, n, 1.0f, p->a, n, p->a, n, 0.0f, (float *)p->c + t * n * n,
                           n);
        else
            basin_gemm_f64(BASIN_N, BASIN_N, n, n, n, 1.0, p->a, n, p->a, n, 0.0, (double *)p->c + t * n * n,
                           n);
    }
    return (rate){flops / (clock_seconds(CLOCK_MONOTONIC) - wall),
                  THREADS * flops / (clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)};
}

/* --------------------------------------------------------------------------------------------- network -- */

typedef struct subject {
    basin_checkpoint *checkpoint;
    basin_dataset    *data;
    basin_objective  *objective;
    size_t            size;
    basin_flops       flops;
    double           *theta;
} subject;

static basin_dataset *synthetic(size_t n, size_t width, size_t classes)
{
    basin_dataset *data = allocate(1, sizeof *data);
    basin_random   r = basin_random_start(1, BASIN_STREAM_TEST);

    data->count = n;
    data->rank = 1;
    data->shape[0] = width;
    data->inputs = allocate(n * width, sizeof(double));
    data->classes = allocate(n, sizeof(int64_t));
    for (size_t i = 0; i < n * width; i++) data->inputs[i] = basin_random_uniform(&r);
    for (size_t i = 0; i < n; i++) data->classes[i] = (int64_t)basin_random_below(&r, classes);
    data->splits = allocate(1, sizeof *data->splits);
    data->split_count = 1;
    data->splits[0] =
        (basin_split){.name = basin_strdup("train"), .count = n, .rows = allocate(n, sizeof(size_t))};
    for (size_t i = 0; i < n; i++) data->splits[0].rows[i] = i;
    return data;
}

/* «784-512-256-10» at PyTorch's default initialisation. */
static void make_mlp(subject *net, const char *text, size_t samples)
{
    basin_graph *graph = NULL;
    size_t       widths[WIDTHS], count = 0;

    for (const char *at = text; count < WIDTHS; at++) {
        char *end;
        widths[count++] = (size_t)strtoul(at, &end, 10);
        at = end;
        if (*at != '-') break;
    }
    require(basin_graph_mlp(widths, count, "Relu", &graph));
    require(basin_checkpoint_create(graph, &net->checkpoint));
    basin_graph_destroy(&graph);
    net->data =
        synthetic(samples > SYNTHETIC_SAMPLES ? samples : SYNTHETIC_SAMPLES, widths[0], widths[count - 1]);
}

static subject prepare(const char *source, const basin_network_options *options)
{
    subject net = {0};
    bool    made = strncmp(source, "mlp:", 4) == 0;

    if (made) {
        make_mlp(&net, source + 4, options->samples);
    } else {
        require(basin_checkpoint_read(source, &net.checkpoint));
        require(basin_checkpoint_dataset(net.checkpoint, NULL, &net.data));
    }
    require(basin_network_objective(net.checkpoint->graph, &net.checkpoint->loss, net.data, options,
                                    &net.objective));
    /* the objective has its own copy: resident memory is then a command's */
    basin_dataset_destroy(&net.data);
    net.flops = basin_objective_flops(net.objective);
    net.size = basin_objective_size(net.objective);
    net.theta = net.checkpoint->theta;
    if (made) require(basin_train_initialise(basin_objective_params(net.objective), 3, net.theta));
    return net;
}

/* Unit vectors of many frequencies, v_j = sin((j + 1) (i + 1)): a peer makes the same. */
static double *directions(size_t count, size_t size)
{
    double *v = allocate(count * size, sizeof *v);

    for (size_t j = 0; j < count; j++) {
        for (size_t i = 0; i < size; i++) v[j * size + i] = sin((double)(j + 1) * (double)(i + 1));
        basin_scale(1.0 / basin_norm(v + j * size, size), v + j * size, size);
    }
    return v;
}

/* ------------------------------------------------------------------------------------------------ jobs -- */

typedef struct job {
    subject         *net;
    basin_curvature *curvature;
    double          *vectors, *out; /* [block, P] */
    size_t           block, k, points;
    double          *coef; /* [GRID * GRID, 2] */
    basin_loss      *losses;
    basin_spectrum  *spectrum;
    double           worst; /* the mean over batches of the largest rise found */
} job;

static void run_gradient(job *j)
{
    basin_loss loss;
    require(basin_objective_gradient(j->net->objective, NULL, j->net->theta, &loss, j->out));
}

static void run_product(job *j)
{
    require(basin_curvature_product(j->curvature, j->vectors, j->k, j->out));
}

static void run_slice(job *j)
{
    require(basin_objective_subspace(j->net->objective, NULL, j->net->theta, j->vectors, 2, j->coef,
                                     j->points, j->losses));
}

static void run_loop(job *j)
{
    require(basin_objective_loss(j->net->objective, NULL, j->net->theta, j->losses));
}

/* All columns, block by block, the frozen point made anew as a command would. */
static void run_hessian(job *j)
{
    const size_t size = j->net->size;

    require(basin_curvature_create(j->net->objective, NULL, j->net->theta, BASIN_HESSIAN, &j->curvature));
    for (size_t start = 0; start < size; start += j->block) {
        size_t k = size - start < j->block ? size - start : j->block;
        memset(j->vectors, 0, k * size * sizeof *j->vectors);
        for (size_t i = 0; i < k; i++) j->vectors[i * size + start + i] = 1.0;
        require(basin_curvature_product(j->curvature, j->vectors, k, j->out));
    }
    basin_curvature_destroy(&j->curvature);
}

static void run_top(job *j)
{
    basin_point                 *point = NULL;
    const basin_spectrum_options options = {
        .method = BASIN_SPECTRUM_LANCZOS, .top = TOP, .tolerance = 1e-4, .probes = 1};

    basin_spectrum_destroy(&j->spectrum);
    require(basin_point_create(j->net->objective, j->net->theta, NULL, &point));
    require(basin_spectrum_compute(point, &options, &j->spectrum));
    basin_point_destroy(&point);
}

static void run_worst(job *j)
{
    const basin_sharpness_measure       measure = BASIN_SHARPNESS_adaptive_worst_l2;
    const basin_sharpness_table_options options = {.measures = &measure,
                                                   .measure_count = 1,
                                                   .rho = &WORST_RADIUS,
                                                   .rho_count = 1,
                                                   .steps = WORST_STEPS,
                                                   .batch_size = WORST_BATCH};
    basin_sharpness_table              *table = NULL;
    basin_point                        *point = NULL;

    require(basin_point_create(j->net->objective, j->net->theta, NULL, &point));
    require(basin_sharpness_table_compute(point, &options, &table));
    j->worst = table->rows[0].value;
    basin_sharpness_table_destroy(&table);
    basin_point_destroy(&point);
}

/* ---------------------------------------------------------------------------------------------- rounds -- */

typedef struct measured {
    const char *name;
    void (*run)(job *);
    double per, flops; /* calls count for so many vectors or points; FLOPs of one of them */
    size_t k, repeats;
} measured;

static double one_call(const measured *m, job *j)
{
    double start = clock_seconds(CLOCK_MONOTONIC);

    j->k = m->k;
    m->run(j);
    return clock_seconds(CLOCK_MONOTONIC) - start;
}

/* A job lasts milliseconds or less on small networks: repeated to a tenth of a second. The first call also
   warms up. */
static void count_repeats(measured *m, job *j)
{
    double once = one_call(m, j);

    if (once < ROUND_SECONDS) once = one_call(m, j);
    m->repeats = once > ROUND_SECONDS ? 1 : (size_t)(ROUND_SECONDS / once) + 1;
}

static void print_round(const measured *m, job *j, const peak *p, const char *separator)
{
    rate   best = peak_rate(p);
    double start = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    double calls = m->per * (double)m->repeats;

    for (size_t i = 0; i < m->repeats; i++) one_call(m, j);
    printf(
        "%s\"%s\": {\"seconds\": %.9g, \"cpu\": %.9g, \"peak\": %.6g, \"peak_cpu\": %.6g, \"flops\": %.9g}",
        separator, m->name, (clock_seconds(CLOCK_MONOTONIC) - start) / calls,
        (clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / calls, best.wall, best.cpu, m->flops);
}

static size_t resident_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024; /* Linux: KiB */
}

static void serve(measured *m, size_t count, job *j, basin_precision precision)
{
    char line[16];
    peak p = peak_prepare(precision);

    peak_rate(&p);
    for (size_t i = 0; i < count; i++) count_repeats(&m[i], j);
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("{");
        for (size_t i = 0; i < count; i++) print_round(&m[i], j, &p, i == 0 ? "" : ", ");
        if (j->spectrum != NULL)
            printf(
                ", \"products\": %zu, \"eigenvalues\": [%.9g, %.9g], \"residual\": %.3g, \"converged\": %s",
                j->spectrum->products, j->spectrum->eigenvalues[0], j->spectrum->eigenvalues[TOP - 1],
                j->spectrum->residuals[TOP - 1], j->spectrum->converged ? "true" : "false");
        if (j->worst > 0.0) printf(", \"maximum\": %.9g", j->worst);
        printf("}\n");
        fflush(stdout);
    }
}

/* Without any measuring of the peak, whose matrices would count. */
static void serve_memory(job *j)
{
    char     line[16];
    measured m = {.name = "memory", .run = run_product, .per = 1, .k = 1};

    count_repeats(&m, j);
    while (fgets(line, sizeof line, stdin) != NULL) {
        double cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID), seconds = one_call(&m, j);
        printf("{\"memory\": {\"seconds\": %.9g, \"cpu\": %.9g}, \"resident\": %zu}\n", seconds,
               clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, resident_bytes());
        fflush(stdout);
    }
}

/* The middle of the grid, line by line, for about PASS_SECONDS, but at least 8 points: what points share,
   they share as in the whole. */
static void prepare_slice(job *j)
{
    const size_t total = (size_t)GRID * GRID;
    measured     loop = {.run = run_loop};
    double       pass;

    j->coef = allocate(2 * total, sizeof(double));
    j->losses = allocate(total, sizeof *j->losses);
    one_call(&loop, j);
    pass = PASS_SECONDS / one_call(&loop, j);
    j->points = pass < 8.0 ? 8 : pass > (double)total / 11 ? total / 11 : (size_t)pass;
    for (size_t i = 0; i < j->points; i++) {
        size_t at = (total - j->points) / 2 + i;
        j->coef[2 * i] = (double)(at % GRID) / 25.0 - 1.0;
        j->coef[2 * i + 1] = (double)(at / GRID) / 25.0 - 1.0;
    }
}

static void describe(job *j, const char *name, double seconds)
{
    char       blas[160];
    basin_loss loss;
    subject   *net = j->net;

    basin_blas_describe(blas);
    printf("{\"job\": \"%s\", \"blas\": \"%s\", \"threads\": %d, \"parameters\": %zu, \"samples\": %zu, "
           "\"forward\": %.9g, \"first\": %.9g, "
           "\"block\": %zu, \"freeze_seconds\": %.6g, \"points\": %zu",
           name, blas, THREADS, net->size, basin_objective_samples(net->objective), net->flops.loss,
           net->flops.loss - net->flops.subspace, j->block, seconds, j->points);
    require(basin_objective_gradient(net->objective, NULL, net->theta, &loss, j->out));
    printf(", \"loss\": %.9g, \"gradient_norm\": %.9g", basin_loss_value(&loss),
           basin_norm(j->out, net->size));
    if (j->curvature != NULL) {
        require(basin_curvature_product(j->curvature, j->vectors, 1, j->out));
        printf(", \"vHv\": %.9g, \"product_norm\": %.9g", basin_dot(j->vectors, j->out, net->size),
               basin_norm(j->out, net->size));
    }
    printf("}\n");
    fflush(stdout);
}

/* Seconds of processor time of the fastest of some calls. */
static double fastest(measured m, job *j)
{
    double least = INFINITY, start = clock_seconds(CLOCK_MONOTONIC);

    do {
        double before = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        one_call(&m, j);
        before = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
        if (before < least) least = before;
    } while (clock_seconds(CLOCK_MONOTONIC) - start < PASS_SECONDS);
    return least;
}

static void print_scale(job *j)
{
    basin_provision provision;

    basin_threads_set(1);
    require(basin_curvature_create(j->net->objective, NULL, j->net->theta, BASIN_HESSIAN, &j->curvature));
    basin_curvature_provision(j->curvature, &provision);
    /* larger blocks are several passes */
    const size_t block = provision.block < j->block ? provision.block : j->block;
    printf("{\"parameters\": %zu, \"samples\": %zu, \"parts\": %zu, \"kept_bytes\": %zu, ", j->net->size,
           basin_objective_samples(j->net->objective), provision.parts, provision.kept_bytes);
    printf("\"block_size\": %zu, \"gradient\": %.6g, ", block, fastest((measured){.run = run_gradient}, j));
    printf("\"product\": %.6g, ", fastest((measured){.run = run_product, .k = 1}, j));
    printf("\"block\": %.6g}\n", fastest((measured){.run = run_product, .k = block}, j));
    basin_curvature_destroy(&j->curvature);
}

/* A round is of one or two measurements. */
static void serve_job(const char *name, job *j, basin_precision precision)
{
    const basin_flops flops = j->net->flops;
    const double      columns = (double)j->net->size, k = (double)j->block, points = (double)j->points;

    if (strcmp(name, "memory") == 0)
        serve_memory(j);
    else if (strcmp(name, "product") == 0)
        serve((measured[]){{"product", run_product, 1, flops.product, 1, 1},
                           {"block", run_product, k, flops.product, j->block, 1}},
              2, j, precision);
    else if (strcmp(name, "slice") == 0)
        serve((measured[]){{"slice", run_slice, points, flops.subspace, 0, 1},
                           {"loop", run_loop, 1, flops.loss, 0, 1}},
              2, j, precision);
    else if (strcmp(name, "worst") == 0)
        serve((measured[]){{"worst", run_worst, 1, WORST_STEPS * flops.gradient, 0, 1}}, 1, j, precision);
    else if (strcmp(name, "hessian") == 0)
        serve((measured[]){{"hessian", run_hessian, 1, columns * flops.product, 0, 1}}, 1, j, precision);
    else if (strcmp(name, "top") == 0)
        serve((measured[]){{"top", run_top, 1, 0, 0, 1}}, 1, j, precision);
    else
        serve((measured[]){{"gradient", run_gradient, 1, flops.gradient, 0, 1}}, 1, j, precision);
}

static size_t argument(int argc, char **argv, int at, size_t otherwise)
{
    return argc > at ? (size_t)strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench gradient|product|slice|worst|hessian|top|memory|scale "
                        "CHECKPOINT|mlp:WIDTH-WIDTH… [BLOCK [SAMPLES [MEMORY]]]\n");
        return 2;
    }
    const char *name = argv[1];
    bool        hessian = strcmp(name, "hessian") == 0, memory = strcmp(name, "memory") == 0;
    bool        slice = strcmp(name, "slice") == 0;
    bool        product = strcmp(name, "product") == 0;

    basin_precision precision = hessian ? BASIN_DOUBLE : BASIN_SINGLE;
    job    j = {.block = hessian ? HESSIAN_BLOCK : memory ? 1 : slice ? 2 : argument(argc, argv, 3, 8)};
    double seconds = 0.0;

    require(basin_initialise());
    basin_threads_set(THREADS);
    basin_memory_limit_set(argument(argc, argv, 5, 0));
    subject net = prepare(
        argv[2], &(basin_network_options){.precision = precision, .samples = argument(argc, argv, 4, 0)});
    j.net = &net;
    j.vectors = directions(j.block, net.size);
    j.out = allocate(j.block * net.size, sizeof(double));
    if (strcmp(name, "scale") == 0) {
        print_scale(&j);
        goto done;
    }
    if (product || memory) {
        seconds = clock_seconds(CLOCK_MONOTONIC);
        require(basin_curvature_create(net.objective, NULL, net.theta, BASIN_HESSIAN, &j.curvature));
        seconds = clock_seconds(CLOCK_MONOTONIC) - seconds;
    }
    if (slice) prepare_slice(&j);
    describe(&j, name, seconds);

    serve_job(name, &j, precision);

done:
    basin_spectrum_destroy(&j.spectrum);
    basin_curvature_destroy(&j.curvature);
    basin_objective_destroy(&net.objective);
    basin_checkpoint_destroy(&net.checkpoint);
    return 0;
}
