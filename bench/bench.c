/* Times the engine against the machine's own sgemm peak, measured in the same run: absolute times drift on shared machines,
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

/* Best of several: one threaded GEMM, and one GEMM a thread side by side; the larger is the peak. */
static double measure_peak(void)
{
    const size_t n = PEAK_SIZE;
    const double flops = 2.0 * PEAK_SIZE * PEAK_SIZE * (double)PEAK_SIZE;
    float       *a = allocate(n * n, sizeof *a), *c = allocate(THREADS * n * n, sizeof *c);
    double       best = 0.0;

    for (size_t i = 0; i < n * n; i++) a[i] = (float)(i % 7) * 0.25f;
    for (int repeat = 0; repeat < 5; repeat++) {
        double start = now();
        basin_linalg_bench_threads(THREADS);
        basin_gemm_f32(BASIN_N, BASIN_N, n, n, n, 1.0f, a, n, a, n, 0.0f, c, n);
        double rate = flops / (now() - start);
        best = rate > best ? rate : best;
    }
    basin_linalg_bench_threads(1);
    for (double wait = now(); now() - wait < 0.1;) continue; /* OpenBLAS's workers spin for some 25 ms */
    for (int repeat = 0; repeat < 5; repeat++) {
        double start = now();
#pragma omp parallel for num_threads(THREADS)
        for (size_t t = 0; t < THREADS; t++) basin_gemm_f32(BASIN_N, BASIN_N, n, n, n, 1.0f, a, n, a, n, 0.0f, c + t * n * n, n);
        double rate = THREADS * flops / (now() - start);
        best = rate > best ? rate : best;
    }
    basin_free(a);
    basin_free(c);
    return best;
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

/* Median of at least five runs and half a second, after one that is not counted. */
static double median_seconds(void (*run)(job *), job *j)
{
    double times[400];
    size_t count = 0;

    run(j);
    for (double start = now(); count < 400 && (count < 5 || now() - start < 0.5); count++) {
        double from = now();
        run(j);
        times[count] = now() - from;
    }
    qsort(times, count, sizeof *times, ascending);
    return times[count / 2];
}

static void report(const char *what, double seconds, double flops, double peak)
{
    printf("  %-32s %11.6f s  %8.1f GFLOP/s  %5.2f of peak\n", what, seconds, flops / seconds * 1e-9, flops / seconds / peak);
}

static void measure(subject *net, const char *title, double peak)
{
    const double f = net->forward, f0 = net->first;
    char         name[64];
    job          j = {.net = net, .k = 1, .points = (size_t)GRID * GRID};

    printf("%s: %zu parameters, %zu samples, F = %.3g, f0 = %.3g FLOP\n", title, net->size, basin_objective_samples(net->objective), f, f0);
    require(basin_curvature_create(net->objective, NULL, net->theta, BASIN_HESSIAN, &j.curvature));
    report("gradient (3F - f0)", median_seconds(run_gradient, &j), 3 * f - f0, peak);
    report("H.v, frozen point (6F - 4f0)", median_seconds(run_product, &j), 6 * f - 4 * f0, peak);
    j.k = net->block_size;
    snprintf(name, sizeof name, "block of %zu, per vector", j.k);
    report(name, median_seconds(run_product, &j) / (double)j.k, 6 * f - 4 * f0, peak);
    basin_curvature_destroy(&j.curvature);

    j.coef = allocate(2 * j.points, sizeof(double));
    j.losses = allocate(j.points, sizeof *j.losses);
    for (size_t i = 0; i < j.points; i++) {
        j.coef[2 * i] = (double)(i % GRID) / 25.0 - 1.0;
        j.coef[2 * i + 1] = (double)(i / GRID) / 25.0 - 1.0;
    }
    double start = now();
    run_slice(&j);
    double each = (now() - start) / (double)j.points;
    report("51x51 slice, per point (F - f0)", each, f - f0, peak);
    j.points = 8;
    double loop = median_seconds(run_loop, &j) / (double)j.points;
    report("plain loop, per point (F)", loop, f, peak);
    printf("  %-32s %11.2f s, %.2f times the speed of the plain loop\n\n", "51x51 slice, whole", each * GRID * GRID, loop / each);
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
    double  peak = measure_peak();
    subject large = prepare(read_large(argc > 1 ? argv[1] : NULL), (const size_t[]){784, 512, 256, 10}, 4, 8);
    if (basin_dataset_read("samples/digits.h5", NULL, &digits) != BASIN_OK) digits = synthetic(1797, 64, 10);
    subject small = prepare(digits, (const size_t[]){64, 32, 10}, 3, 16);
    printf("%s, %d threads, single precision; sgemm %d^3: %.1f GFLOP/s\n\n", blas, THREADS, PEAK_SIZE, peak * 1e-9);
    measure(&large, argc > 1 ? "784-512-256-10 ReLU on the data given" : "784-512-256-10 ReLU on synthetic inputs", peak);
    measure(&small, "64-32-10 ReLU on all digits", peak);
    printf("sgemm peak at the end: %.2f of that at the start\n", measure_peak() / peak);
    release(&large);
    release(&small);
    return 0;
}
