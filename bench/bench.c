/* Times the engine against the machine's own sgemm peak, measured right before each job: absolute times drift on shared machines,
 * ratios hold. FLOP counts are those of docs/performance.md: F forward, f0 the first layer's share.
 *
 *   usage: bench [DATA.h5]    data for the large network: basin's format, or a plain file with /images and /labels;
 *                             without it, synthetic inputs of MNIST's shape
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/random.h"

enum { THREADS = 2, PEAK_SIZE = 2048, GRID = 51 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
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

/* One sgemm of PEAK_SIZE^3 a thread, side by side: FLOP/s. A single threaded GEMM gives the same on an idle machine, but leaves
   OpenBLAS's workers spinning for some 25 ms, which would disturb what is timed next. */
static double peak_rate(void)
{
    static float *a, *c;
    const size_t  n = PEAK_SIZE;

    if (a == NULL) {
        a = allocate(n * n, sizeof *a);
        c = allocate(THREADS * n * n, sizeof *c);
        for (size_t i = 0; i < n * n; i++) a[i] = (float)(i % 7) * 0.25f;
    }
    double start = now();
#pragma omp parallel for num_threads(THREADS)
    for (size_t t = 0; t < THREADS; t++) basin_gemm_f32(BASIN_N, BASIN_N, n, n, n, 1.0f, a, n, a, n, 0.0f, c + t * n * n, n);
    return THREADS * 2.0 * PEAK_SIZE * PEAK_SIZE * (double)PEAK_SIZE / (now() - start);
}

typedef struct subject {
    basin_dataset   *data;
    basin_graph     *graph;
    basin_objective *objective;
    size_t           size;
    double           forward, first; /* FLOPs */
    double          *theta, *block, *out;
    size_t           block_size;
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
    return data;
}

/* One split with every row. */
static void use_all_rows(basin_dataset *data)
{
    for (size_t i = 0; i < data->split_count; i++) {
        basin_free(data->splits[i].name);
        basin_free(data->splits[i].rows);
    }
    basin_free(data->splits);
    data->splits = allocate(1, sizeof *data->splits);
    data->split_count = 1;
    data->splits[0] = (basin_split){.name = basin_strdup("train"), .count = data->count, .rows = allocate(data->count, sizeof(size_t))};
    for (size_t i = 0; i < data->count; i++) data->splits[0].rows[i] = i;
}

static subject prepare(basin_dataset *data, const size_t *widths, size_t count, size_t block_size)
{
    subject      net = {.data = data, .block_size = block_size};
    basin_random r = basin_random_start(2, BASIN_STREAM_TEST);

    use_all_rows(data);
    require(basin_graph_mlp(widths, count, "Relu", &net.graph));
    require(basin_network_objective(net.graph, &(basin_loss_spec){.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}, data,
                                    &(basin_network_options){.precision = BASIN_SINGLE}, &net.objective));
    require(basin_network_flops(net.objective, &net.forward, &net.first));
    net.size = basin_objective_size(net.objective);
    net.theta = allocate(net.size, sizeof(double));
    net.block = allocate(block_size * net.size, sizeof(double));
    net.out = allocate(block_size * net.size, sizeof(double));
    require(basin_train_initialise(basin_objective_params(net.objective), 3, net.theta));
    basin_random_normals(&r, net.block, block_size * net.size);
    for (size_t j = 0; j < block_size; j++) basin_scale(1.0 / basin_norm(net.block + j * net.size, net.size), net.block + j * net.size, net.size);
    return net;
}

static void release(subject *net)
{
    basin_objective_destroy(&net->objective);
    basin_graph_destroy(&net->graph);
    basin_dataset_destroy(&net->data);
    basin_free(net->theta);
    basin_free(net->block);
    basin_free(net->out);
}

typedef struct job {
    subject         *net;
    basin_curvature *curvature;
    size_t           k, points;
    double          *coef;
    basin_loss      *losses;
} job;

static void run_gradient(job *j)
{
    basin_loss loss;
    require(basin_objective_gradient(j->net->objective, NULL, j->net->theta, &loss, j->net->out));
}

static void run_product(job *j)
{
    require(basin_curvature_product(j->curvature, j->net->block, j->k, j->net->out));
}

static void run_slice(job *j)
{
    require(basin_objective_subspace(j->net->objective, NULL, j->net->theta, j->net->block, 2, j->coef, j->points, j->losses));
}

static void run_loop(job *j)
{
    for (size_t i = 0; i < j->points; i++) require(basin_objective_loss(j->net->objective, NULL, j->net->theta, &j->losses[i]));
}

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *x, size_t count)
{
    qsort(x, count, sizeof *x, ascending);
    return x[count / 2];
}

enum { ROUNDS = 11 };

typedef struct timing {
    double seconds[ROUNDS], share[ROUNDS]; /* of one call; of the peak measured right before it */
} timing;

/* A job lasts milliseconds or less on the small network: repeated to a tenth of a second. */
static size_t repeats_of(void (*run)(job *), job *j)
{
    double start = now();

    run(j);
    double once = now() - start;
    return once > 0.1 ? 1 : (size_t)(0.1 / once) + 1;
}

static void time_round(timing *t, size_t round, void (*run)(job *), job *j, size_t repeats, double flops)
{
    double peak = peak_rate(), start = now();

    for (size_t i = 0; i < repeats; i++) run(j);
    t->seconds[round] = (now() - start) / (double)repeats;
    t->share[round] = flops / t->seconds[round] / peak;
}

static void report(const char *what, timing *t, double per, double flops)
{
    double seconds = median(t->seconds, ROUNDS) / per, share = median(t->share, ROUNDS);

    printf("  %-32s %11.6f s  %8.1f GFLOP/s  %5.2f of peak (%.2f to %.2f)\n", what, seconds, flops / seconds * 1e-9, share, t->share[0],
           t->share[ROUNDS - 1]);
}

static void measure_job(const char *what, void (*run)(job *), job *j, double per, double flops)
{
    timing t;
    size_t repeats;

    run(j);
    repeats = repeats_of(run, j);
    for (size_t r = 0; r < ROUNDS; r++) time_round(&t, r, run, j, repeats, per * flops);
    report(what, &t, per, flops);
}

/* The grid in passes of as many points as there are rounds into it, each beside some points of the plain loop. */
static void measure_slice(job *j, double f, double f0)
{
    const size_t total = (size_t)GRID * GRID, pass = total / ROUNDS + 1;
    timing       slice, loop;
    double       ratio[ROUNDS], whole = 0.0;
    size_t       loop_repeats;

    j->points = 4;
    loop_repeats = repeats_of(run_loop, j);
    for (size_t r = 0; r < ROUNDS; r++) {
        size_t first = r * pass, count = total - first < pass ? total - first : pass;
        j->points = 4;
        time_round(&loop, r, run_loop, j, loop_repeats, 4 * f);
        j->coef += 2 * first;
        j->points = count;
        time_round(&slice, r, run_slice, j, 1, (double)count * (f - f0));
        j->coef -= 2 * first;
        whole += slice.seconds[r];
        slice.seconds[r] /= (double)count;
        ratio[r] = loop.seconds[r] / 4 / slice.seconds[r];
    }
    report("51x51 slice, per point (F - f0)", &slice, 1, f - f0);
    report("plain loop, per point (F)", &loop, 4, f);
    qsort(ratio, ROUNDS, sizeof *ratio, ascending);
    printf("  %-32s %11.2f s, %.2f times the speed of the plain loop (%.2f to %.2f)\n\n", "51x51 slice, whole", whole, ratio[ROUNDS / 2], ratio[0],
           ratio[ROUNDS - 1]);
}

static void measure(subject *net, const char *title)
{
    const double f = net->forward, f0 = net->first;
    char         name[64];
    job          j = {.net = net, .k = 1};

    printf("%s: %zu parameters, %zu samples, F = %.3g, f0 = %.3g FLOP\n", title, net->size, basin_objective_samples(net->objective), f, f0);
    require(basin_curvature_create(net->objective, NULL, net->theta, BASIN_HESSIAN, &j.curvature));
    measure_job("gradient (3F - f0)", run_gradient, &j, 1, 3 * f - f0);
    measure_job("H.v, frozen point (6F - 4f0)", run_product, &j, 1, 6 * f - 4 * f0);
    j.k = net->block_size;
    snprintf(name, sizeof name, "block of %zu, per vector", j.k);
    measure_job(name, run_product, &j, (double)j.k, 6 * f - 4 * f0);
    basin_curvature_destroy(&j.curvature);

    j.coef = allocate(2 * (size_t)GRID * GRID, sizeof(double));
    j.losses = allocate((size_t)GRID * GRID, sizeof *j.losses);
    for (size_t i = 0; i < (size_t)GRID * GRID; i++) {
        j.coef[2 * i] = (double)(i % GRID) / 25.0 - 1.0;
        j.coef[2 * i + 1] = (double)(i / GRID) / 25.0 - 1.0;
    }
    measure_slice(&j, f, f0);
    basin_free(j.coef);
    basin_free(j.losses);
}

static basin_dataset *read_large(const char *path)
{
    basin_dataset *data = NULL;

    if (path == NULL) return synthetic(10000, 784, 10);
    if (basin_dataset_read(path, NULL, &data) == BASIN_OK) return data;
    require(basin_dataset_read(path, &(basin_dataset_source){.inputs = "/images", .targets = "/labels", .scale = 1.0 / 255.0}, &data));
    return data;
}

int main(int argc, char **argv)
{
    basin_dataset *digits = NULL;
    char           blas[160];

    require(basin_initialise());
    basin_threads_set(THREADS);
    basin_blas_describe(blas);
    subject large = prepare(read_large(argc > 1 ? argv[1] : NULL), (const size_t[]){784, 512, 256, 10}, 4, 8);
    if (basin_dataset_read("samples/digits.h5", NULL, &digits) != BASIN_OK) digits = synthetic(1797, 64, 10);
    subject small = prepare(digits, (const size_t[]){64, 32, 10}, 3, 16);
    peak_rate();
    printf("%s, %d threads, single precision; sgemm %d^3: %.1f GFLOP/s. Medians of %d rounds, lowest and highest share.\n\n", blas, THREADS, PEAK_SIZE,
           peak_rate() * 1e-9, ROUNDS);
    measure(&large, argc > 1 ? "784-512-256-10 ReLU on the data given" : "784-512-256-10 ReLU on synthetic inputs");
    measure(&small, "64-32-10 ReLU on all digits");
    release(&large);
    release(&small);
    return 0;
}
