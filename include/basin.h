/*
 * basin.h: from a saved training checkpoint to statements about the loss landscape around it.
 *
 * The sections follow the data:
 *
 *     status -> params, graph -> checkpoint, run, dataset -> objective, curvature -> network ->
 *            point -> spectrum, SANE, direction, slice, sharpness, measures, comparison -> result
 *            -> figure
 *
 * The whole program (samples/01_slice.c is this, complete):
 *
 *     basin_checkpoint_read("msam.h5", &ck);
 *     basin_checkpoint_dataset(ck, NULL, &data);
 *     basin_network_objective(ck->graph, &ck->loss, data, NULL, &objective);
 *     basin_direction_momentum(ck, &d[0]);
 *     basin_direction_random(basin_objective_params(objective), ck->theta, NULL, 1, &d[1]);
 *     basin_point_create(objective, ck->theta, NULL, &point);
 *     basin_slice_compute(&(basin_slice_request){.point = point, ...}, &slice);
 *     basin_result_create(BASIN_RESULT_SLICE, slice, NULL, &result);
 *     basin_result_write(result, "slice.h5");
 *     basin_figure_create(&result, 1, NULL, &figure);
 *     basin_figure_write(figure, "slice.pdf");
 *
 * Conventions
 *   - Every fallible function returns a basin_status; basin_error_message() has the one line that
 *     explains it. On failure outputs are untouched. The single output is last and called `out`.
 *   - «caller destroys»: what came through `out` is released by basin_NOUN_destroy(&x), which is
 *     NULL-safe and clears x. «borrowed»: the callee keeps the pointer; it must outlive the object
 *     named. Nothing else is kept: it is copied.
 *   - Plain structs are results and descriptions, free to read; opaque ones are machinery.
 *   - An options pointer may be NULL: defaults. A zeroed options struct means the defaults too.
 *   - Letters: P parameters, N samples, k vectors in a block, d directions. Arrays are row-major:
 *     `v [k, P]`.
 *   - theta is one flat double[P]; gradients, momenta, eigenvectors and directions are other
 *     double[P].
 *   - A double that is unknown or undefined is NAN (JSON null); counts that are unknown are 0 or -1
 *     as documented.
 *   - The library never prints, never exits and never leaves an output half-written.
 */
#ifndef BASIN_H
#define BASIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BASIN_VERSION "0.1.0"
#define BASIN_FORMAT_VERSION 1 /* of checkpoints and datasets */
/* Version of results files; older ones are not read any more. In 1, stationarity went by one step
   along −g and families of measures were mixed. In 2, methods and points were told in words, and a
   measure had no interval. In 3, recorded values did not say who says them, a line not what stands
   at its end, nor spectra and SANE of which operator and part they are. In 4, there was no
   quadrature. In 5, a slice had no paths, no cosines with the gradient and nothing interpolated. In
   6, rows had no sharpness by name, and a comparison no conclusions. In 7, invariances did not say
   of which network they are, and a comparison had one group a method, no costs against benefits and
   no table of confounders. */
#define BASIN_RESULTS_VERSION 8

/* ------------------------------------------------------------------------------------ status -- */

/* Codes and their texts, one list. */
#define BASIN_STATUS_LIST(X)                                 \
    X(BASIN_OK, "ok")                                        \
    X(BASIN_ERR_ARG, "invalid argument")                     \
    X(BASIN_ERR_NOMEM, "out of memory")                      \
    X(BASIN_ERR_BUDGET, "does not fit the memory budget")    \
    X(BASIN_ERR_IO, "file cannot be read or written")        \
    X(BASIN_ERR_FORMAT, "file does not hold what it should") \
    X(BASIN_ERR_MISSING, "not present")                      \
    X(BASIN_ERR_SHAPE, "shapes disagree")                    \
    X(BASIN_ERR_VALUE, "value out of range or not finite")   \
    X(BASIN_ERR_UNSUPPORTED, "not supported")                \
    X(BASIN_ERR_NUMERIC, "numerical failure")                \
    X(BASIN_ERR_INTERRUPTED, "interrupted")

#define BASIN_STATUS_ENUM(code, text) code,
typedef enum basin_status { BASIN_STATUS_LIST(BASIN_STATUS_ENUM) } basin_status;
#undef BASIN_STATUS_ENUM

const char *basin_status_text(basin_status status); /* the fixed text of the code; never NULL */
/* one line about the calling thread's last failure; "" before any */
const char *basin_error_message(void);
/* `text` as a terminal may show it, cut to the room: control bytes, line ends and marks that turn
   the direction of writing become \n, \x1b, \u202e. Returns `out`. */
char *basin_printable(const char *text, char *out, size_t room);

/* ----------------------------------------------------------------------------------- library -- */

/* Checks the BLAS against plain loops (some builds compute wrongly on newer processors) and sets
   one BLAS thread: basin's parallelism is its own. Call once before anything else;
   BASIN_ERR_NUMERIC when the BLAS is wrong. */
basin_status basin_initialise(void);

/* 0: all processors; at most 1024. Results are the same bits for any number. */
void   basin_threads_set(size_t threads);
size_t basin_threads(void);
/* 0: 3/4 of the physical memory. Large work is refused or split to fit. */
void   basin_memory_limit_set(size_t bytes);
size_t basin_memory_limit(void);

/* The kernel of OpenBLAS that suits this processor better than the one in use, NULL if there is
   none: OpenBLAS chooses by a list of processors and falls back to SSE on those that are newer than
   itself. It is chosen before main by the environment variable OPENBLAS_CORETYPE, which a program
   sets and executes itself again, as the command line does (twice as fast for a dense spectrum
   where it matters). */
const char *basin_blas_better(void);

/* One line each: «OpenBLAS 0.3.21, kernel Haswell», «HDF5 1.10.8, jansson 2.14», «cairo 1.16.0,
   Pango 1.50.12». */
void        basin_blas_describe(char out[160]);
void        basin_engine_describe(char out[160]); /* «engine for avx512» */
void        basin_io_describe(char out[160]);
void        basin_render_describe(char out[160]);
const char *basin_build(void); /* compiler and flags */

/* Progress of long work and the way to stop it: process-wide. `report` is called from the thread
   that called the library with work done and total in arbitrary units; returning false stops the
   work with BASIN_ERR_INTERRUPTED. `stage` is valid during the call; with stage NULL it is only
   asked whether to go on. NULL: silent. */
typedef struct basin_progress {
    bool (*report)(void *payload, const char *stage, double done, double total);
    void *payload;
} basin_progress;
void basin_progress_set(const basin_progress *progress); /* copied */
/* For a signal handler that is about to end the process: removes the output being written, if
   any. */
void   basin_file_emergency(void);
double basin_seconds(void); /* on a clock that never goes back, from an arbitrary start */

/* A bound on the time of what is computed from now on, in seconds; 0 or less: none. Work that goes
   on from step to step (extreme eigenpairs, quadrature, traces, batches, rows) ends within it with
   the best that it has and the interval of that; what cannot (a dense spectrum) fails with
   BASIN_ERR_BUDGET. When it ends depends on the machine, so the results are not the same bits. */
void basin_time_limit_set(double seconds);
/* Has it passed? Who asks and is told so ends because of it. */
bool basin_time_up(void);
/* Has any work ended because of it, before it was done? */
bool basin_time_ended(void);

/* SHA-256 of a file's bytes, hexadecimal */
basin_status basin_file_digest(const char *path, char out[65]);
/* A file of these bytes, whole or not at all. BASIN_ERR_IO names it. */
basin_status basin_file_write(const char *path, const void *bytes, size_t size);

/* -------------------------------------------------------------------------------------- jobs -- */

/* Independent jobs, such as the checkpoints of a table of rows, several at the same time within
   basin_threads() and basin_memory_limit(). What a job computes has the same bits as alone. */

/* About what one job takes; zeros: not known. basin_row_cost tells it of rows. */
typedef struct basin_job_cost {
    double flops;        /* that its threads can share */
    double lone_flops;   /* that are one thread's, however many it has: LAPACK's */
    double passes;       /* over its samples, in each of which its threads wait for each other */
    size_t parts;        /* threads that can share its work */
    size_t bytes;        /* at its height with one thread, beside what `open` has allocated */
    size_t thread_bytes; /* for each further thread */
} basin_job_cost;

/* open(i) and work(i) are called one after the other in a thread of the library's; what they
   compute there is computed by the job's share of the threads, and basin_memory_limit() still
   tells of the whole. Neither may call what sets something of the process (basin_…_set). */
typedef struct basin_jobs {
    const char *name;    /* of one, for the progress, such as «checkpoint» */
    size_t      count;   /* of jobs, numbered from 0 */
    size_t      abreast; /* at most so many at the same time; 0: as many as pay */
    void       *payload; /* of all functions */
    /* In the order of i, one at a time: what must not run beside another, such as reading and
       telling what was read. *cost is zero before. The first job that says what it costs decides
       for all; those before it work one after the other, each with all that there is. */
    basin_status (*open)(void *payload, size_t i, basin_job_cost *cost);
    /* After its `open`, if that succeeded, beside others; interrupted or not, it releases what
       `open` has made. */
    basin_status (*work)(void *payload, size_t i);
    /* In the order of i, in the calling thread, after its `work` has succeeded; NULL: nothing. */
    basin_status (*take)(void *payload, size_t i);
} basin_jobs;

/* How many are at work at the same time, and with how many threads each, is what is thought to end
   soonest: jobs whose products take microseconds, or whose time is LAPACK's, have one thread each,
   and fewer are at work where each would not have room for its `bytes` or where there are few.
   Returns the failure of the first job in order that fails; jobs after it are stopped, those before
   it finish. The monitor (basin_progress) is told of all from the calling thread;
   BASIN_ERR_INTERRUPTED if it stops them; BASIN_ERR_NOMEM where the system gives no thread;
   BASIN_ERR_ARG within a job. Reading files from several threads at the same time is safe in jobs
   as elsewhere, but one file is read at a time. */
basin_status basin_jobs_run(const basin_jobs *jobs);

/* ------------------------------------------------------------------------------------ params -- */

#define BASIN_MAX_RANK 8

/* of a parameter in its op; decides filter normalisation and initialisation */
typedef enum basin_role {
    BASIN_ROLE_UNKNOWN,
    BASIN_ROLE_WEIGHT,
    BASIN_ROLE_BIAS,
    BASIN_ROLE_NORM_SCALE,
    BASIN_ROLE_NORM_SHIFT,
    BASIN_ROLE_EMBEDDING
} basin_role;

typedef struct basin_block { /* one named tensor inside the flat vector theta */
    char      *name;
    size_t     rank, shape[BASIN_MAX_RANK];
    size_t     offset, size; /* in elements; row-major */
    size_t     layer;        /* in order of use, from 0; set by the compiled network */
    basin_role role;         /* set by the compiled network */
    /* axis that indexes outputs (a filter is what feeds one output); set by the network */
    size_t output_axis;
    size_t fan_in; /* inputs to one output; set by the network, 0 before */
} basin_block;

/* Two matrices inside theta that a network reads only as their product G Hᵀ, because attention
   multiplies what they make: (G A⁻¹, H Aᵀ) is the same function for every regular A. Of a head they
   are the projections of queries and of keys, [in, width] and a last row of biases; or that of the
   values likewise and the output's, [out, width]. */
typedef struct basin_factor_pair {
    char   *name;     /* «attn, head 1: queries and keys» */
    size_t  width;    /* columns of both */
    size_t  rows[2];  /* of G, of H */
    size_t *place[2]; /* [rows, width] where in theta each element lies */
    /* The attention: pairs of one number are of heads that may change places. SIZE_MAX where
       something tells its heads apart. */
    size_t attention;
    size_t head;   /* of the attention, from 0 */
    bool   values; /* values and output; else queries and keys */
} basin_factor_pair;

/* what undoes a common factor of some parameters, up to the ε in its denominator */
typedef enum basin_normaliser {
    BASIN_NORMALISER_BATCH, /* BatchNorm, where its statistics follow the weights */
    BASIN_NORMALISER_SAMPLE /* layer or group normalisation: always */
} basin_normaliser;

/* Parameters that may be multiplied by one f > 0 together, and the network stays: those of a dense
   or convolutional layer, which a normalisation reads, perhaps behind what is itself homogeneous,
   as a rectifier or a pooling. */
typedef struct basin_scale_group {
    int    normaliser; /* basin_normaliser */
    size_t weight;     /* its block */
    size_t bias;       /* its block, or SIZE_MAX */
} basin_scale_group;

typedef struct basin_params {
    size_t       count;  /* blocks */
    basin_block *blocks; /* [count], offsets ascending, no holes */
    size_t       size;   /* P */
    /* Symmetries, set by basin_network_objective: */
    size_t             pair_count;
    basin_factor_pair *pairs; /* [pair_count] */
    size_t unpaired; /* products of attention that are no pair: something else reads a side */
    size_t scale_group_count;
    basin_scale_group *scale_groups; /* [scale_group_count] */
} basin_params;

/* caller destroys */
basin_status basin_params_copy(const basin_params *params, basin_params **out);
void         basin_params_destroy(basin_params **params);
/* NULL if absent */
const basin_block *basin_params_find(const basin_params *params, const char *name);
/* The same names and shapes in the same order: theta of one means what it means in the other. */
bool basin_params_equal(const basin_params *a, const basin_params *b);

/* ------------------------------------------------------------------------------------- graph -- */

typedef enum basin_attribute_kind {
    BASIN_ATTRIBUTE_INT,
    BASIN_ATTRIBUTE_FLOAT,
    BASIN_ATTRIBUTE_STRING,
    BASIN_ATTRIBUTE_INTS
} basin_attribute_kind;

typedef struct basin_attribute {
    char                *name;
    basin_attribute_kind kind;
    int64_t              i; /* INT */
    double               f; /* FLOAT; also set for INT */
    char                *s; /* STRING */
    size_t               count;
    int64_t             *ints; /* INTS [count] */
} basin_attribute;

typedef struct basin_node_spec { /* one op as plain data; ONNX names and semantics */
    char            *name, *op;
    char            *origin; /* the module it came from, or NULL */
    size_t           input_count, output_count, attribute_count;
    char           **inputs, **outputs; /* names of tensors; "" = optional input left out */
    basin_attribute *attributes;
} basin_node_spec;

/* a named tensor that is not trained: running statistics, constants, masks, frozen weights */
typedef struct basin_buffer {
    char   *name;
    size_t  rank, shape[BASIN_MAX_RANK], size;
    double *values; /* [size]; may hold infinities (masks) */
} basin_buffer;

/* One network: a DAG of ops over named tensors. Any tensor is the input, a parameter, a buffer, or
   one node's output. */
typedef struct basin_graph {
    char  *input;      /* name of the input tensor */
    size_t input_rank; /* of one sample */
    size_t input_shape[BASIN_MAX_RANK];
    char  *output; /* name of the tensor that the loss reads */
    size_t node_count;
    /* [node_count], in any order; basin_graph_order sorts */
    basin_node_spec *nodes;
    /* names and shapes in the order of theta; roles unknown */
    basin_params *params;
    size_t        buffer_count;
    /* [buffer_count] with their values; nodes need not read all of them */
    basin_buffer *buffers;
} basin_graph;

basin_status basin_graph_copy(const basin_graph *graph, basin_graph **out); /* caller destroys */
void         basin_graph_destroy(basin_graph **graph);

/* A multilayer perceptron from its widths: Gemm nodes (transB = 1, weights [out, in]) named fc1,
   fc2, … with `activation` (an ONNX op name, NULL = "Relu") between them. BASIN_ERR_ARG for fewer
   than 2 widths or a zero width. */
basin_status basin_graph_mlp(const size_t *widths, size_t count, const char *activation,
                             basin_graph **out);

bool basin_graph_uses(const basin_graph *graph, const char *op); /* is there a node of that op? */

/* Topological order [node_count] of the nodes. BASIN_ERR_FORMAT names the node for a cycle, a
   tensor without a producer or a tensor with two. */
basin_status basin_graph_order(const basin_graph *graph, size_t *order);

/* JSON as in docs/checkpoint-format.md. `file` names the origin in messages. */
basin_status basin_graph_read(const char *path, basin_graph **out);
basin_status basin_graph_parse(const char *file, const char *json, basin_graph **out);
/* caller frees with basin_free */
basin_status basin_graph_format(const basin_graph *graph, char **out);

/* The network in one line, to be held against another: items with «; » between them, one for the
   input («input [1, 8, 8]»), for each parameter («conv1.weight [4, 1, 3, 3]»), for each buffer
   that is read («scale [] = 0.125, not trained»; only a single number has its value), for each
   node in topological order («%1 = Conv(input, conv1.weight)», %1 its output), each followed by
   one for each of its attributes by name («Conv %1: strides [2, 2]»), and for the output. Graphs
   of equal text are the same function of the values of these tensors, whatever their nodes are
   called and wherever they came from. BASIN_ERR_FORMAT as basin_graph_order. Caller frees with
   basin_free. */
basin_status basin_graph_describe(const basin_graph *graph, char **out);

/* Memory that may be handed to the library to own (rows of a track, a provenance): count * size
   zeroed bytes, or NULL. */
void *basin_alloc(size_t count, size_t size);
char *basin_strdup(const char *text); /* NULL gives NULL */
void  basin_free(void *memory);       /* NULL-safe */

/* -------------------------------------------------------------------------------------- loss -- */

typedef enum basin_loss_kind {
    /* class targets, one for each sample or token: weighted mean over those that count; label
       smoothing as in PyTorch: (1-e) nll + e mean over classes */
    BASIN_LOSS_SOFTMAX_CROSS_ENTROPY,
    BASIN_LOSS_BCE_WITH_LOGITS, /* targets in [0, 1], mean over all elements */
    BASIN_LOSS_MSE              /* mean over all elements of (y - t)^2 */
} basin_loss_kind;

/* Zeroed: cross-entropy in which every target counts alike. A checkpoint owns the weights of its
   loss; who borrows a spec copies. */
typedef struct basin_loss_spec {
    basin_loss_kind kind;
    double          label_smoothing; /* [0, 1), cross-entropy only */
    /* cross-entropy: targets equal to ignore_index, which may be negative, do not count */
    bool    ignores;
    int64_t ignore_index;
    size_t  weight_count; /* classes C, or 0: all are 1 */
    /* [C], or NULL; cross-entropy: of each target by its class; binary: of the term with t
       (PyTorch's pos_weight) by the output's last axis */
    double *weights;
    /* cross-entropy: of outputs that are moved to mean 0 and then divided by their 2-norm over the
       classes, or by 1e-10 where that is less (Andriushchenko et al., arXiv:2302.07011). A question
       about a network, which no checkpoint records: one that was trained so has it in its graph */
    bool normalizes;
} basin_loss_spec;

/* softmax_cross_entropy | bce_with_logits | mse */
const char  *basin_loss_name(basin_loss_kind kind);
basin_status basin_loss_find(const char *name, basin_loss_kind *out);
/* caller clears */
basin_status basin_loss_spec_copy(const basin_loss_spec *spec, basin_loss_spec *out);
void         basin_loss_spec_clear(basin_loss_spec *spec); /* frees the weights, zeroes the spec */
/* One line: «softmax_cross_entropy, label smoothing 0.1, ignore index -100, weights 1 2 0.5».
   Caller frees with basin_free. */
basin_status basin_loss_spec_describe(const basin_loss_spec *spec, char **out);

/* A sum over samples (or tokens) with its one normaliser: loss = sum / weight. Accuracy = correct /
   count over the targets that count, undefined for count = 0. */
typedef struct basin_loss {
    double   sum, weight;
    uint64_t correct, count;
} basin_loss;
double basin_loss_value(const basin_loss *loss);
/* in [0, 1]; NAN where undefined: mean squared error of values, or a loss that is not finite, as
   where outputs are not */
double basin_loss_accuracy(const basin_loss *loss);

/* ----------------------------------------------------------------------------------- dataset -- */

typedef struct basin_split {
    char   *name; /* "train", "test", … */
    size_t  count;
    size_t *rows; /* [count] rows of inputs and targets */
} basin_split;

typedef struct basin_dataset {
    char *path; /* as opened; NULL if made in memory */
    /* SHA-256 of the content, hexadecimal (docs/checkpoint-format.md) */
    char    digest[65];
    size_t  count;                       /* N rows */
    size_t  rank, shape[BASIN_MAX_RANK]; /* of one input */
    double *inputs;                      /* [N, product of shape] */
    /* [N] class targets, or [N, class_count]; or NULL. Negative: only as a loss's ignore_index */
    int64_t     *classes;
    size_t       class_count; /* T class targets a sample, one a token; 0: one a sample, [N] */
    double      *values;      /* [N, value_count] real targets, or NULL */
    size_t       value_count;
    size_t       split_count;
    basin_split *splits;
    char        *attribution; /* source and licence, or NULL */
    /* the library's: the file as it was when it was read, and who else holds the data; NULL if made
       in memory */
    struct basin_origin *origin;
} basin_dataset;

/* How to read an HDF5 file that is not in basin's own format; all NULL / 0 for one that is. */
typedef struct basin_dataset_source {
    const char *inputs, *targets; /* object names; NULL = /inputs, /targets */
    /* inputs are multiplied by this; 0 = the file's own attribute, or 1 */
    double scale;
} basin_dataset_source;

/* caller destroys */
basin_status basin_dataset_read(const char *path, const basin_dataset_source *source,
                                basin_dataset **out);
/* atomic: written aside, then renamed */
basin_status basin_dataset_write(const basin_dataset *data, const char *path);
/* Content digest of data in memory; also what basin_dataset_read checks and stores. */
basin_status basin_dataset_digest(const basin_dataset *data, char out[65]);
/* Data that were read, once more for somebody else: each holder destroys them, in any thread, and
   the last one releases them. Nobody changes them meanwhile. */
basin_dataset *basin_dataset_hold(basin_dataset *data);
void           basin_dataset_destroy(basin_dataset **data);
/* NULL if absent */
const basin_split *basin_dataset_split(const basin_dataset *data, const char *name);

/* -------------------------------------------------------------------------------- checkpoint -- */

typedef enum basin_perturbed {
    BASIN_PERTURBED_NO,
    BASIN_PERTURBED_YES,
    BASIN_PERTURBED_UNKNOWN
} basin_perturbed;
const char *basin_perturbed_text(basin_perturbed perturbed); /* no | yes | unknown */

/* Which weights of a checkpoint a result is of. */
typedef enum basin_weights_kind {
    BASIN_WEIGHTS_UNPERTURBED, /* those stored, which are not perturbed */
    BASIN_WEIGHTS_UNDONE,      /* those stored were perturbed: the perturbation was undone */
    BASIN_WEIGHTS_AS_STORED,   /* those stored, perturbed or not */
    BASIN_WEIGHTS_MIXED        /* of a table of rows: not the same for all, each row says its own */
} basin_weights_kind;
/* unperturbed | undone | as_stored | mixed */
const char *basin_weights_text(basin_weights_kind weights);

/* Recorded by the training program; NAN (or -1 for seed and batch_size) where it did not say. */
typedef struct basin_hyperparameters {
    double  learning_rate; /* at this step */
    double  momentum;      /* coefficient beta */
    double  rho;           /* SAM, MSAM: perturbation radius; USAM: multiplies the gradient */
    double  weight_decay;
    bool    weight_decay_coupled; /* true: added to the gradient (L2); false: decoupled (AdamW) */
    int64_t batch_size;           /* 0 = full batch; -1 unknown */
    int64_t seed;                 /* -1 unknown */
} basin_hyperparameters;

/* Who says a recorded value. */
typedef enum basin_record_source {
    BASIN_REPORTED,              /* the training program */
    BASIN_COMPUTED_AT_SAVING,    /* basin's Python package, with PyTorch, beside the training */
    BASIN_COMPUTED_AT_CONVERSION /* the same, from what the training had saved */
} basin_record_source;
/* training | saving | conversion */
const char *basin_record_source_text(basin_record_source source);

/* A recorded value, with everything needed to compare like with like. */
typedef struct basin_recorded {
    char *quantity; /* loss | accuracy */
    char *split;    /* train | test | … */
    char *point;    /* theta | theta_perturbed | unsaid */
    char *mode;     /* eval | train | unsaid */
    /* full | running: the whole split at this point, or a running mean over batches; unsaid: one of
       these; best: the best of the training so far */
    char  *coverage;
    double value;
    int    source; /* basin_record_source */
    char  *stood;  /* where it stood in what the training saved: train_loss; NULL if not recorded */
} basin_recorded;

typedef struct basin_state { /* optimizer state of the shape of theta */
    /* "momentum": accumulated +gradient, uphill, without learning rate; "second_moment"; … */
    char   *name;
    double *values; /* [P] */
} basin_state;

typedef struct basin_checkpoint {
    char        *path;       /* as opened; NULL if made in memory */
    char         digest[65]; /* SHA-256 of the file's bytes; "" if made in memory */
    basin_graph *graph;
    /* graph->params: same names, shapes, order; borrowed from graph */
    basin_params *params;
    double       *theta; /* [P] as stored */
    size_t        state_count;
    basin_state  *states;
    /* where the statistics in graph->buffers were gathered: theta | theta_perturbed | sam (both, in
       its two passes) | NULL unknown */
    char *buffers_point;
    /* gd | sgd | nag | sam | asam | msam | adamw | … ; NULL if unknown */
    char                 *method;
    char                 *run; /* of its training, see basin_run_identity; NULL if unknown */
    basin_hyperparameters hyper;
    basin_perturbed       perturbed;
    double                undo;  /* theta_true = theta_stored + undo * momentum; NAN if unknown */
    double                epoch; /* NAN if unknown */
    int64_t               step;  /* -1 if unknown */
    int64_t               gradient_evaluations; /* so far; -1 if unknown */
    double                seconds; /* wall seconds of training so far; NAN if unknown */
    /* [P] weight decay of each parameter where the file records it tensor by tensor; NULL: that of
       all is hyper.weight_decay */
    double         *decay;
    basin_loss_spec loss;
    char           *data_path;       /* relative to the checkpoint, as recorded; NULL if none */
    char            data_digest[65]; /* "" if none */
    /* of the module that was trained: all its parameters, frozen and unused ones too, and how many
       of the trained ones the loss does not depend on, which are not in theta; -1 unknown */
    int64_t         module_parameters, outside_parameters;
    char           *outside; /* their tensors, for people; NULL if none */
    size_t          recorded_count;
    basin_recorded *recorded;
} basin_checkpoint;

/* Reads and checks everything but the values' finiteness (basin_checkpoint_finite). Errors name
   file, object and numbers. */
basin_status basin_checkpoint_read(const char *path, basin_checkpoint **out); /* caller destroys */
/* atomic: written aside, then renamed */
basin_status basin_checkpoint_write(const basin_checkpoint *ck, const char *path);
/* zero theta, nothing recorded; caller destroys */
basin_status basin_checkpoint_create(const basin_graph *graph, basin_checkpoint **out);
void         basin_checkpoint_destroy(basin_checkpoint **ck);

const double *basin_checkpoint_momentum(const basin_checkpoint *ck); /* [P]; NULL if not saved */
/* Why one that saved no momentum has none, as far as its step, coefficients and method tell. */
const char *basin_checkpoint_no_momentum(const basin_checkpoint *ck);
/* BASIN_ERR_VALUE naming the first tensor that holds a NaN or Inf, with how many and where. */
basin_status basin_checkpoint_finite(const basin_checkpoint *ck);
/* Known to be the start of its training: step 0, nothing spent, no epoch gone, no momentum
   gathered. */
bool basin_checkpoint_starts(const basin_checkpoint *ck);
/* theta <- theta + undo * momentum; perturbed becomes no. BASIN_ERR_MISSING without momentum or
   scalar, BASIN_ERR_VALUE as basin_checkpoint_undo_check. No-op when `no`. */
basin_status basin_checkpoint_undo(basin_checkpoint *ck);
/* The same by another scalar than the recorded one, unchecked; `undo` becomes that. */
basin_status basin_checkpoint_undo_by(basin_checkpoint *ck, double scalar);
/* MSAM perturbs by rho, so that |undo|·‖v‖ = rho (Becker et al. arXiv:2401.12033, algorithm 1),
   to a thousandth. BASIN_ERR_VALUE names both where it is not so: a recorded 1/‖v‖ would move
   1/rho times too far. BASIN_OK where one of them is not known. */
basin_status basin_checkpoint_undo_check(const basin_checkpoint *ck);
/* The scalar s of theta_true = theta_perturbed + s * momentum, whichever of the two is stored:
   `undo` where it is recorded and not 0 (what is saved unperturbed records 0), else of MSAM
   rho/‖v‖ (Becker et al. arXiv:2401.12033), 0 for v = 0, where there is no direction to perturb
   along. NAN if unknown. */
double basin_checkpoint_undo_scalar(const basin_checkpoint *ck);

/* what is done about weights that may be perturbed */
typedef enum basin_unperturb {
    BASIN_UNPERTURB_RECORDED, /* undone where the checkpoint says that they are; else left */
    BASIN_UNPERTURB_UNDO,     /* and also where it does not say, by basin_checkpoint_undo_scalar */
    BASIN_UNPERTURB_RHO,      /* the same by rho/‖v‖, whatever scalar is recorded */
    BASIN_UNPERTURB_NEVER     /* kept as they are stored */
} basin_unperturb;

/* Undoes the perturbation as `policy` says. Where it is undone, ck->undo is the scalar that did
   it. BASIN_ERR_MISSING where it would have to be, without a momentum or a scalar,
   BASIN_ERR_VALUE as basin_checkpoint_undo_check; ck is unchanged then. *weights says what theta
   holds: basin_weights_kind, or -1 where it is as stored and not known to be perturbed or not. */
basin_status basin_checkpoint_unperturb(basin_checkpoint *ck, basin_unperturb policy, int *weights);
/* Weight decay adds ½ Σ_i w_i theta_i², w_i >= 0, to a loss: W theta to its gradient and W v to a
   product with its Hessian, W = diag(w). Zeroed: none. */
typedef struct basin_decay {
    double        value; /* w of every parameter; not read where `each` is given */
    const double *each;  /* [P] w of each parameter (one value a tensor, as a rule), or NULL */
} basin_decay;
/* Adam's step sizes from its saved second moments v at step t: scale_i = (√(v_i / (1 - beta2^t)) +
   epsilon)^-1/2, so that with S = diag(scale) its steps see S H S; with unknown t, v as it is.
   *ceiling = 2 (1 + β) / ((1 - β) η), 38/η for β = 0.9, the largest λ_max(S H S) at which its
   full-batch recursion with S held fixed is stable (J. Cohen et al., arXiv:2207.14484); NAN where η
   or β is not recorded. BASIN_ERR_MISSING without second moments, BASIN_ERR_VALUE where one is
   negative. */
basin_status basin_checkpoint_adam(const basin_checkpoint *ck, double beta2, double epsilon,
                                   double *scale /* [P] */, double *ceiling);
/* What the checkpoint records, coupled or not: none where nothing is recorded. `each` is borrowed
   from it. */
basin_decay basin_checkpoint_decay(const basin_checkpoint *ck);
/* ½ Σ_i w_i theta_i² */
double basin_decay_term(const basin_decay *decay, const double *theta, size_t size);

/* The data set it refers to, or `override` if not NULL (whose digest may differ: then *out has the
   override's digest). BASIN_ERR_VALUE when the file referred to has another content than recorded.
   Caller destroys. */
basin_status basin_checkpoint_dataset(const basin_checkpoint *ck, const char *override,
                                      basin_dataset **out);
/* The file that it reads; caller frees with basin_free. BASIN_ERR_MISSING where none is named. */
basin_status basin_checkpoint_data_file(const basin_checkpoint *ck, const char *override,
                                        char **out);
/* Would basin_checkpoint_dataset read what `data` holds: are they of the same file, unchanged
   since, with the digest that the checkpoint records? Then they need not be read again
   (basin_dataset_hold). */
basin_status basin_checkpoint_same_dataset(const basin_checkpoint *ck, const char *override,
                                           const basin_dataset *data, bool *out);

#define BASIN_RUN_IDENTITY 40      /* room for one that basin makes */
#define BASIN_RUN_IDENTITY_MOST 64 /* bytes of one that another program made */
/* A new identity of a training: «20261130T062945.123Z-3f9ac01b2d4e», the UTC time and 48 random
   bits. Made once, when a training starts, and recorded in all its checkpoints. */
basin_status basin_run_identity(char out[BASIN_RUN_IDENTITY]);

/* Only what a listing needs, read in milliseconds. */
typedef struct basin_run_entry {
    char   *path;
    int64_t step;                 /* -1 if unknown */
    double  epoch;                /* NAN if unknown */
    bool    momentum;             /* has the optimizer's momentum */
    int64_t gradient_evaluations; /* so far; -1 if unknown */
    size_t  training;             /* which of the trainings of the folder it is of */
} basin_run_entry;

typedef struct basin_run_training { /* those checkpoints of a folder that can be of one training */
    char   *identity;               /* as recorded; NULL: its checkpoints record none */
    char   *reason; /* what sets it apart from those before it; NULL for the first */
    int64_t since;  /* ns since 1970: its start by its identity, else of its oldest file */
    size_t  count;  /* of its checkpoints */
} basin_run_training;

/* Checkpoints are by the step recorded inside; where some know none but all know their epoch, by
   that; ties, and those that know neither (which come first), by name, numbers in it by their
   value. Files that are not checkpoints are passed over. Checkpoints that are not whole are
   listed first, with step -1: reading them says why. */
typedef struct basin_run {
    char               *path; /* the folder, or the one file */
    size_t              count;
    basin_run_entry    *entries;
    size_t              training_count; /* more than 1: the folder is not one run */
    basin_run_training *trainings;
} basin_run;

/* A folder, or one checkpoint file. Identities tell trainings apart. Files that record none, or
   only the folder that they were converted from («folder-…»), are told apart by what no training
   changes: network, data, seed, method, batch size, weight decay, rho, momentum at one learning
   rate; and by steps that go back in epochs or gradient evaluations. Caller destroys. */
basin_status basin_run_open(const char *path, basin_run **out);
/* Tells trainings apart by weights too, where no identity does: two weights at one step, and
   moves between checkpoints that no learning rate of the folder allows
   (docs/checkpoint-format.md). *doubt is a sentence about a move that is only unlikely, or NULL;
   freed with basin_free. What cannot be read proves nothing. */
basin_status basin_run_examine(basin_run *run, char **doubt);
/* «2 trainings: ID (2 checkpoints: a.h5, b.h5) and ID (1 checkpoint: c.h5), since a.h5 and c.h5:
   seed 0 against 5». Caller frees with basin_free. */
basin_status basin_run_describe(const basin_run *run, char **out);
/* Leaves one training: OLDEST, NEWEST, an identity or the beginning of one, or the name of a file
   of it; ALL makes one of all, on the caller's word. BASIN_ERR_ARG names those that there are. */
basin_status basin_run_choose(basin_run *run, const char *which);
void         basin_run_destroy(basin_run **run);
/* Where the run started: its checkpoint at step 0 that basin_checkpoint_starts, a perturbation
   undone. *out = NULL where it has none, or where that does not read, is not finite, or may be
   perturbed by what is not known. Caller destroys. */
basin_status basin_run_start(const basin_run *run, basin_checkpoint **out);
/* The checkpoints of the `count` steps before that of ck and of its training, which ck's folder
   must hold, by step. BASIN_ERR_MISSING names the steps that it does not hold, BASIN_ERR_VALUE
   two files of one step, or a step with fewer before it. Caller destroys. */
basin_status basin_run_before(const basin_checkpoint *ck, size_t count, basin_run **out);
/* ck->theta becomes the mean of itself and the weights of `others`, of which each is first
   unperturbed as `policy` says; theta itself must be by then. Momentum, record and the
   statistics of BatchNorm stay its own. BASIN_ERR_SHAPE for other parameters, BASIN_ERR_ARG
   where a checkpoint does not know whether it is perturbed and the policy leaves that open;
   theta is unchanged on failure. */
basin_status basin_checkpoint_average(basin_checkpoint *ck, const basin_run *others,
                                      basin_unperturb policy);

/* --------------------------------------------------------------------------------- objective -- */

typedef struct basin_samples { /* a subset of an objective's samples; NULL stands for all */
    const size_t *index;       /* [count], each < basin_objective_samples() */
    size_t        count;
} basin_samples;

/* Symmetric operators at one theta. y the network's output, J = ∂y/∂theta, S = ∂²L/∂y², and g_i the
   gradient of sample i's loss, of which L is the mean: N times what the sample adds to L, so that a
   sequence is one sample with all its tokens. docs/measures.md has formulas and sources. */
#define BASIN_CURVATURE_LIST(X)                                                           \
    /* H = ∇²L */                                                                      \
    X(HESSIAN, "hessian", "Hessian")                                                      \
    /* G = JᵀSJ, positive semidefinite for the losses that there are */                 \
    X(GGN, "ggn", "generalised Gauss-Newton matrix")                                      \
    /* H - G, what curves in the network itself; made without the two */                  \
    X(RESIDUAL, "residual", "Hessian less its Gauss-Newton part")                         \
    /* expected over labels that the model draws; equals G, see basin_curvature_create */ \
    X(FISHER, "fisher", "Fisher matrix")                                                  \
    /* the same with one draw of every label */                                           \
    X(FISHER_SAMPLED, "fisher-sampled", "Fisher matrix by one draw of the labels")        \
    /* Σ g_i g_iᵀ / N over the labels that there are */                                \
    X(FISHER_EMPIRICAL, "fisher-empirical", "empirical Fisher matrix")                    \
    /* of the g_i: Σ g_i g_iᵀ / N - g gᵀ */                                          \
    X(COVARIANCE, "covariance", "covariance of the samples' gradients")

#define BASIN_CURVATURE_ENUM(kind, name, title) BASIN_##kind,
typedef enum basin_curvature_kind {
    BASIN_CURVATURE_LIST(BASIN_CURVATURE_ENUM) BASIN_CURVATURES
} basin_curvature_kind;
#undef BASIN_CURVATURE_ENUM
const char  *basin_curvature_kind_text(basin_curvature_kind kind);  /* hessian | ggn | … */
const char  *basin_curvature_kind_title(basin_curvature_kind kind); /* for people */
basin_status basin_curvature_kind_find(const char *name, basin_curvature_kind *out);

/* The memory plan of a frozen point. As many chunks of samples as fit below basin_memory_limit()
   keep what products need; the others are recomputed for every product, with the same bits. It
   always succeeds: the minimum is one thread that keeps nothing. */
typedef struct basin_provision {
    size_t threads;      /* that work at the same time */
    size_t block;        /* vectors that are multiplied together */
    size_t parts;        /* chunks that the samples are divided into */
    size_t kept;         /* chunks that are not recomputed */
    size_t kept_bytes;   /* of what these keep */
    size_t thread_bytes; /* scratch of each thread */
    /* weights and a block of vectors, read by all threads, and the parts of groups of samples that
       wait for their sum */
    size_t shared_bytes;
} basin_provision;

/* Floating-point operations over all samples, additions and multiplications counted as one each;
   NAN: nobody counts them. docs/performance.md has a network's: F for a forward pass, f0 of it for
   the first layer. */
typedef struct basin_flops {
    double loss;     /* F */
    double gradient; /* loss and gradient: 3F - f0 */
    double freeze;   /* forward and backward, kept for products: 2F - f0 */
    double product;  /* with one vector at a frozen theta: 6F - 4f0 */
    double straight; /* with G, or a Fisher matrix, instead of H: 4F - 2f0 */
    double subspace; /* the loss at one point of many on a line or plane: F - f0 */
} basin_flops;

/* What the last dense layer reads, of every sample or token whose target counts, and the class that
   it is of. */
typedef struct basin_features {
    size_t  count, width;
    double *values; /* [count, width] */
    size_t  class_count;
    size_t *classes; /* [count] below class_count */
} basin_features;
void basin_features_clear(basin_features *features);

/* L(theta), its gradient and curvature over any subset of samples: a network, a quadratic in a
   test, a user's callbacks. `loss` and `gradient` are required; rows left NULL get the defaults
   described. */
typedef struct basin_objective_type {
    const char *name;
    basin_status (*loss)(void *ctx, const basin_samples *s, const double *theta, basin_loss *out);
    basin_status (*gradient)(void *ctx, const basin_samples *s, const double *theta,
                             basin_loss *out, double *g /* [P] */);
    /* Losses at n points theta + sum_j coef[i, j] dirs[j] in one pass over the data. Default: loops
       over `loss`. */
    basin_status (*subspace)(void *ctx, const basin_samples *s, const double *theta,
                             const double *dirs /* [d, P] */, size_t d,
                             const double *coef /* [n, d] */, size_t n, basin_loss *out /* [n] */);
    /* Freezes theta: keeps what every product there shares. BASIN_ERR_UNSUPPORTED for a kind that
       the type does not have; it is never asked for BASIN_COVARIANCE. Default: of the Hessian
       central differences of the gradient, reported as approximate; no other kind. `product`,
       `thaw` are required with `freeze`. */
    basin_status (*freeze)(void *ctx, const basin_samples *s, const double *theta,
                           basin_curvature_kind kind, void **point);
    basin_status (*product)(void *point, const double *v /* [k, P] */, size_t k,
                            double *hv /* [k, P] */);
    void (*thaw)(void *point);
    /* Of a kind that is RᵀR with R [rows, P]: how many rows, and products with R and Rᵀ. Default:
       no such root. The three come together. */
    size_t (*rows)(const void *ctx, const basin_samples *s, basin_curvature_kind kind);
    basin_status (*root)(void *point, const double *v /* [k, P] */, size_t k,
                         double *r /* [k, rows] */);
    basin_status (*back)(void *point, const double *r /* [k, rows] */, size_t k,
                         double *v /* [k, P] */);
    /* What that point takes. Default: all zero. */
    void (*provision)(const void *point, basin_provision *out);
    /* What a point of all samples would take that nothing limits, with at most so many threads.
       Default: all zero. */
    void (*requirement)(const void *ctx, size_t threads, basin_provision *out);
    /* How many piecewise-linear units change branch between two points (ReLU signs), over all
       samples; such a step says nothing about derivatives. Default: none. */
    basin_status (*crossings)(void *ctx, const basin_samples *s, const double *a, const double *b,
                              uint64_t *out);
    /* Features at theta, of all samples. BASIN_ERR_UNSUPPORTED says why there are none. Default:
       none. */
    basin_status (*features)(void *ctx, const double *theta, basin_features *out);
    /* What one evaluation over all samples takes. Default: all NAN. */
    void (*flops)(const void *ctx, basin_flops *out);
    void (*destroy)(void *ctx);
} basin_objective_type;

typedef struct basin_objective basin_objective;

typedef struct basin_objective_facts { /* what a type tells about one objective; zeros = unknown */
    size_t              size;          /* P, required */
    size_t              samples;       /* N */
    const basin_params *params; /* borrowed until the objective is destroyed; NULL = no blocks */
    /* relative rounding of gradient and product: 2.2e-16 double (default), 1.2e-7 single */
    double epsilon;
} basin_objective_facts;

/* Whole-subset evaluations so far; a product is one with one vector, a freeze what the products of
   one theta share. */
typedef struct basin_cost {
    uint64_t losses, gradients, freezes, products;
} basin_cost;

/* Arrays that the caller passes to be filled (g, hv) may be part-written when a call is interrupted
   or fails. */

/* ctx is owned by the objective from success on (`destroy`). Caller destroys. */
basin_status basin_objective_create(const basin_objective_type *type, void *ctx,
                                    const basin_objective_facts *facts, basin_objective **out);

void                basin_objective_destroy(basin_objective **objective);
size_t              basin_objective_size(const basin_objective *objective);
size_t              basin_objective_samples(const basin_objective *objective);
double              basin_objective_epsilon(const basin_objective *objective);
const basin_params *basin_objective_params(const basin_objective *objective);
basin_cost          basin_objective_cost(const basin_objective *objective);
basin_flops         basin_objective_flops(const basin_objective *objective);
/* The memory of a frozen point that keeps everything, for at most so many threads. */
void basin_objective_requirement(const basin_objective *objective, size_t threads,
                                 basin_provision *out);

basin_status basin_objective_loss(basin_objective *o, const basin_samples *s, const double *theta,
                                  basin_loss *out);
basin_status basin_objective_gradient(basin_objective *o, const basin_samples *s,
                                      const double *theta, basin_loss *out, double *g);
basin_status basin_objective_subspace(basin_objective *o, const basin_samples *s,
                                      const double *theta, const double *dirs, size_t d,
                                      const double *coef, size_t n, basin_loss *out);
basin_status basin_objective_crossings(basin_objective *o, const basin_samples *s, const double *a,
                                       const double *b, uint64_t *out);

/* Caller clears. BASIN_ERR_UNSUPPORTED where there are none. */
basin_status basin_objective_features(basin_objective *o, const double *theta, basin_features *out);

/* An operator of that kind, the second derivative or its like, frozen at one theta. The objective
   is borrowed until the curvature is destroyed. BASIN_ERR_UNSUPPORTED says why the objective has
   none of that kind. A network has all of them, except that a Fisher matrix is of a distribution of
   labels: softmax's, Bernoulli's, or a Gaussian of variance 1/2 around y, of which the losses are
   -log p; with weights of classes or of positive targets the loss is none. */
typedef struct basin_curvature basin_curvature;
basin_status basin_curvature_create(basin_objective *o, const basin_samples *s, const double *theta,
                                    basin_curvature_kind kind, basin_curvature **out);
basin_status basin_curvature_product(basin_curvature *c, const double *v /* [k, P] */, size_t k,
                                     double *hv /* [k, P] */);
/* Of A = RᵀR, R [rows, P]: 0 for an operator that has no such root. Outputs of the network times
   samples for G and the Fisher matrix, samples for those that are sums over samples' gradients. */
size_t basin_objective_rows(const basin_objective *o, const basin_samples *s,
                            basin_curvature_kind kind);
/* R v, and Rᵀ r. */
basin_status basin_curvature_root(basin_curvature *c, const double *v /* [k, P] */, size_t k,
                                  double *r /* [k, rows] */);
basin_status basin_curvature_back(basin_curvature *c, const double *r /* [k, rows] */, size_t k,
                                  double *v /* [k, P] */);
/* products by differences of the gradient */
bool   basin_curvature_approximate(const basin_curvature *c);
size_t basin_curvature_size(const basin_curvature *c);
void   basin_curvature_provision(const basin_curvature *c, basin_provision *out);
void   basin_curvature_destroy(basin_curvature **c);

/* ----------------------------------------------------------------------------------- journal -- */

/* Results of an objective in a file, as they are computed: the state that work goes on from after
   it was interrupted, or killed. Whoever runs the same program again gets what is there without
   computing it, to the same bits, and goes on from there. */
typedef struct basin_journal basin_journal;

/* Opens or begins the file; nobody else can until it is closed. `about` says whose state it is, in
   lines «name: value», which a file that is there must hold. A record that was not written to its
   end is cut off. BASIN_ERR_VALUE names the first line that differs; BASIN_ERR_FORMAT a file that
   is no journal or has been changed, with the place; BASIN_ERR_IO one that another process has
   opened or that cannot be written. Caller closes. */
basin_status basin_journal_open(const char *path, const char *about, basin_journal **out);
void         basin_journal_close(basin_journal **journal); /* the file stays */
basin_status basin_journal_remove(basin_journal **journal);
/* `what`, an input say, is `value` (fewer than 128 bytes): BASIN_ERR_VALUE where the file holds
   another. */
basin_status basin_journal_claim(basin_journal *journal, const char *what, const char *value);

typedef struct basin_journal_facts {
    size_t      records;
    uint64_t    bytes, free; /* of the file, and left on its disk */
    uint64_t    cut;         /* bytes of a record that were cut off when it was opened */
    const char *failure;     /* why something could not be written, or NULL; the journal's */
} basin_journal_facts;
basin_journal_facts basin_journal_tell(basin_journal *journal);

/* From now on losses, gradients and products of the objective are taken from the journal where it
   has them, and written into it where it has not. `identity` tells the objective from every other
   in the journal: the digests of checkpoint and data, and how the one was bound to the other. The
   journal is borrowed until the objective is destroyed. Counts of evaluations
   (basin_objective_cost) are the same. */
basin_status basin_objective_remember(basin_objective *o, basin_journal *journal,
                                      const char *identity);

/* ------------------------------------------------------------------------------------- parts -- */

/* Some of the blocks of parameters, and some of the samples. */
typedef struct basin_part {
    const size_t        *blocks; /* [count] ascending; NULL: all parameters */
    size_t               count;
    const basin_samples *samples; /* NULL: all of them */
} basin_part;

/* `o` as a function of these parameters alone, the others held at theta [P], over these samples:
   its Hessian is the principal block of that of `o`, its other operators likewise, its weights [p]
   lie one after the other in the order of the blocks. `o` is borrowed until *out is destroyed; all
   else is copied. BASIN_ERR_ARG for blocks that do not ascend or a subset without samples. Caller
   destroys. */
basin_status basin_objective_restrict(basin_objective *o, const double *theta,
                                      const basin_part *part, basin_objective **out);
/* whole [P] to part [p] of such an objective, and back into the whole, of which the rest stays. */
void basin_part_take(const basin_objective *restricted, const double *whole, double *part);
void basin_part_put(const basin_objective *restricted, const double *part, double *whole);

/* The blocks of these parameters that a shell pattern matches («conv*», «*.weight», «fc[12].bias»),
   ascending. BASIN_ERR_MISSING, with the nearest names, where it matches none. Caller frees. */
basin_status basin_params_match(const basin_params *params, const char *pattern, size_t *count,
                                size_t **blocks);
/* Those of one layer or module: named NAME.…, or NAME itself. Likewise. */
basin_status basin_params_layer(const basin_params *params, const char *name, size_t *count,
                                size_t **blocks);

/* ----------------------------------------------------------------------------------- network -- */

typedef enum basin_precision { BASIN_DOUBLE, BASIN_SINGLE } basin_precision;
const char *basin_precision_text(basin_precision precision); /* double | single */

/* Which statistics BatchNormalization normalises with. All but batch are constant for gradient and
   products. */
typedef enum basin_bn {
    BASIN_BN_STORED, /* those of the checkpoint */
    /* at every theta evaluated anew, layer by layer: mean and biased variance over the training
       samples */
    BASIN_BN_REESTIMATE,
    /* stored, and moving linearly along directions of basin_objective_subspace:
       basin_network_interpolate */
    BASIN_BN_INTERPOLATE,
    /* of consecutive batches of bn_batch samples; one mean over all samples, derivatives go
       through */
    BASIN_BN_BATCH
} basin_bn;

/* The statistics that a result was computed with. */
typedef struct basin_bn_mode {
    int    kind;  /* basin_bn; -1: there is no BatchNormalization */
    size_t batch; /* BASIN_BN_BATCH: samples a batch; else 0 */
} basin_bn_mode;
/* As --bn takes it: stored | reestimate | interpolate | batch:SIZE; «none» for -1. Returns
   `out`. */
const char *basin_bn_mode_text(const basin_bn_mode *mode, char out[40]);

typedef struct basin_network_options {
    const char     *split;     /* NULL = "train" */
    basin_precision precision; /* of the network's inside; sums and theta are double in both */
    /* use this many of the split, drawn without replacement with `seed`; 0 = all */
    size_t        samples;
    uint64_t      seed;      /* also of the labels that BASIN_FISHER_SAMPLED draws */
    size_t        row_count; /* instead: these rows of the split, in this order; 0 = not given */
    const size_t *rows;      /* [row_count] each below the split's count, none twice */
    /* leave out, of the samples chosen, those that are in this split too; NULL = none.
       BASIN_ERR_MISSING if there is no such split, BASIN_ERR_VALUE if nothing is left */
    const char *without;
    /* 1, 2: one of two halves of the samples chosen, drawn with `seed`; 0 = all of them */
    size_t part;
    /* other than stored: BASIN_ERR_ARG without a BatchNormalization. Re-estimation is from all
       samples of the split train, whatever subset the loss is taken on */
    basin_bn bn;
    /* BASIN_BN_BATCH: samples a batch, in the order of the split; the last may be smaller, but a
       channel must have two numbers */
    size_t bn_batch;
} basin_network_options;

/* Compiles the graph (shapes, roles, layers) and binds it to a split of the data (copied). Exact
   gradient and products. BASIN_ERR_UNSUPPORTED names an unknown op and its node; BASIN_ERR_SHAPE
   names node, tensor and both shapes; BASIN_ERR_VALUE a class index out of range; BASIN_ERR_MISSING
   a split or parameter that is absent. Caller destroys. */
basin_status basin_network_objective(const basin_graph *graph, const basin_loss_spec *loss,
                                     const basin_dataset         *data,
                                     const basin_network_options *options, basin_objective **out);

/* The network's output [N, width] for every sample of the objective (made by
   basin_network_objective) at theta; row-major where a sample's output has more than one axis. */
basin_status basin_network_output(basin_objective *objective, const double *theta, size_t *width,
                                  double **out /* caller frees */);

/* An objective made with BASIN_BN_INTERPOLATE: along direction j of d, statistics move linearly
   from its own at coordinate 0 to those of ends[j] at coordinate at[j]; where ends[j] is NULL they
   stay. Copied. From then on basin_objective_subspace takes d directions; BASIN_ERR_VALUE names
   node and point where a variance would be negative. */
basin_status basin_network_interpolate(basin_objective *objective, size_t d,
                                       const basin_graph *const *ends, const double *at);

/* Compiles only: checks ops and shapes, and gives the params with layer, role, output axis and
   fan-in. Caller destroys. */
basin_status basin_network_params(const basin_graph *graph, basin_params **out);

/* -------------------------------------------------------------------------------- symmetries -- */

/* Changes of theta, and of BatchNorm's statistics, that leave a network's function alone; read off
   its graph. A unit is a hidden feature: a neuron, a channel, a feature of a residual stream. */
typedef enum basin_group_kind {
    BASIN_GROUP_UNITS, /* units that may change places */
    BASIN_GROUP_HEADS, /* heads of an attention that may change places */
    /* columns of a basin_factor_pair that may: a change of basis that only orders it */
    BASIN_GROUP_COLUMNS,
    /* f > 0 times what makes a unit is 1/f times what reads it: nothing but functions with
       h(f x) = f h(x) lies between */
    BASIN_GROUP_LAYER,
    /* the same of what a normalisation's scale and shift make */
    BASIN_GROUP_NORM_SCALE,
    /* f > 0 times what makes a unit is undone by a normalisation: by BatchNorm's stored statistics
       to rounding, which change with it, else up to the ε under its root */
    BASIN_GROUP_NORMALISED
} basin_group_kind;

/* Where the units of a group stand in a tensor. */
typedef struct basin_unit_axis {
    bool    buffer; /* one of the graph's buffers (BatchNorm's statistics), else a parameter */
    size_t  tensor; /* its number */
    size_t  axis;
    size_t  each;  /* indices of the axis that belong to one unit */
    size_t  part;  /* of a head: 0 its queries and keys, 1 its values and output; else 0 */
    size_t *index; /* [units, each] in an order that is the same for all units */
    /* what scaling a unit by f multiplies: +1 by f, -1 by 1/f; 2 a variance v, which becomes
       f² (v + epsilon) - epsilon; 0: nothing, as for permutations */
    int    power;
    double epsilon;
} basin_unit_axis;

typedef struct basin_unit_group {
    char            *name;  /* «fc1», the first of its tensors' layers */
    int              kind;  /* basin_group_kind */
    size_t           units; /* that may change places, or have a factor each */
    size_t           axis_count;
    basin_unit_axis *axes; /* [axis_count] */
} basin_unit_group;

typedef struct basin_symmetries {
    size_t            permutation_count;
    basin_unit_group *permutations;
    size_t            scaling_count;
    basin_unit_group *scalings;
    basin_params     *params; /* as basin_network_params has them, with the pairs of attention */
    /* hidden units that have to stay where they are because an op does more with them than is
       known here, and the first such node: «node mix (MatMul)»; NULL: none */
    size_t held;
    char  *held_by;
} basin_symmetries;

/* BASIN_ERR_UNSUPPORTED, naming the node that is in the way, where a network has none at all.
   Caller destroys. */
basin_status basin_network_symmetries(const basin_graph *graph, basin_symmetries **out);
void         basin_symmetries_destroy(basin_symmetries **symmetries);

/* Each changes theta [P] and, where it says so, the buffers of the graph in place. */

/* Unit u becomes what unit order[u] was; `order` [units] is a permutation. */
basin_status basin_symmetry_permute(const basin_unit_group *group, const size_t *order,
                                    basin_graph *graph, double *theta);
/* Unit u by factor[u] > 0. BASIN_ERR_VALUE where a stored variance would be below 0. */
basin_status basin_symmetry_scale(const basin_unit_group *group, const double *factor,
                                  basin_graph *graph, double *theta);
/* (G, H) of a pair becomes (G A⁻¹, H Aᵀ), a [width, width]. BASIN_ERR_NUMERIC where a is
   singular. */
basin_status basin_symmetry_rotate(const basin_factor_pair *pair, const double *a, double *theta);
/* Outputs of two objectives of basin_network_objective over the same samples: the largest
   difference, and the largest magnitude of the first's. BASIN_ERR_SHAPE where they differ in
   number. */
basin_status basin_network_difference(basin_objective *a, const double *theta_a, basin_objective *b,
                                      const double *theta_b, double *difference, double *magnitude);

/* ------------------------------------------------------------------------------------- point -- */

/* An objective L at one theta. Loss, gradient, stationarity and the frozen Hessian are computed
   when they are first asked for, once, and kept: everything that is measured at a point shares
   them. (Where memory is short the frozen Hessian may go and come again, with the same bits.)
   Weight decay is no part of the objective; the point adds it where it is linear. */
typedef struct basin_point basin_point;

typedef struct basin_point_options {
    /* recorded and coupled: stationarity is of R = L + ½ Σ w_i theta_i², which training made
       small */
    basin_decay decay;
    /* what is measured is F = L + ½ Σ w_i theta_i² with these w; zeroed: F = L */
    basin_decay included;
    size_t      products; /* m, of stationarity; 0 = 5 */
    /* η and β as recorded; η = 0 or NAN: fall_per_step is unknown; β = NAN counts as 0 */
    double learning_rate;
    double momentum;
    /* whose products and spectrum are taken at the point; zeroed: the Hessian's. Weight decay that
       is included adds W to the Hessian and to G, and cancels in the residual and the covariance;
       with a Fisher matrix it is refused: it is no part of a sample's loss */
    int operator_kind; /* basin_curvature_kind */
    /* [P] s_i > 0: of S A S instead of the operator A, S = diag(s); NULL: of A. Copied */
    const double *scale;
} basin_point_options;

/* What a checkpoint records; `included` and `products` are left zero. `decay.each` is borrowed from
   it. */
basin_point_options basin_point_recorded(const basin_checkpoint *ck);

/* The objective is borrowed until the point is destroyed; theta [P] and decays are copied.
   BASIN_ERR_VALUE where theta is not finite, BASIN_ERR_ARG where a weight decay is negative or not
   finite. Caller destroys. */
basin_status       basin_point_create(basin_objective *o, const double *theta,
                                      const basin_point_options *options, basin_point **out);
void               basin_point_destroy(basin_point **point);
basin_objective   *basin_point_objective(const basin_point *point);
const double      *basin_point_theta(const basin_point *point); /* [P] */
size_t             basin_point_size(const basin_point *point);  /* P */
const basin_decay *basin_point_included(const basin_point *point);

/* Loss and gradient [P] of F, of L alone, and of R. `loss` and `g` may be NULL; *g is the point's.
   BASIN_ERR_NUMERIC where the loss or the gradient overflows. */
basin_status basin_point_gradient(basin_point *point, basin_loss *loss, const double **g);
basin_status basin_point_bare_gradient(basin_point *point, basin_loss *loss, const double **g);
basin_status basin_point_decayed_gradient(basin_point *point, basin_loss *loss, const double **g);
/* The point's operator, ∇²F if nothing else was asked for, times k vectors. BASIN_ERR_NUMERIC where
   a product is not finite, with the first sample whose own is not, where there is one. */
basin_status basin_point_product(basin_point *point, const double *v /* [k, P] */, size_t k,
                                 double *hv /* [k, P] */);
/* F at n points theta + Σ_j coef[i, j] dirs[j], as basin_objective_subspace; nothing of it is
   kept. */
basin_status basin_point_subspace(basin_point *point, const double *dirs /* [d, P] */, size_t d,
                                  const double *coef /* [n, d] */, size_t n,
                                  basin_loss *out /* [n] */);

/* ------------------------------------------------------------------------------ stationarity -- */

/* What was found of a way down from a point (docs/measures.md, «Stationarity»). No verdict says
   that a point is a minimum: each says what was found in a Krylov space of m products. */
typedef enum basin_descent {
    BASIN_DESCENT_NOT_TESTED,
    /* the quadratic model falls by more than the threshold: not stationary */
    BASIN_DESCENT_FOUND,
    BASIN_DESCENT_NEGATIVE,  /* a direction without positive curvature: not a minimum */
    BASIN_DESCENT_NOT_FOUND, /* none above the threshold within these products */
    /* the gradient is what rounding theta makes of it: nothing further can be told */
    BASIN_DESCENT_AT_ROUNDING
} basin_descent;

/* Decrement of the quadratic model over the Krylov space of m products started at g = ∇R, R = L + ½
   Σ w_i theta_i² with the point's coupled weight decay: ‖g‖² Σ_j s_j² / (2 ξ_j) relative to |R|,
   ξ_j the eigenvalues of the m x m Lanczos matrix, s_j the first components of its eigenvectors. It
   grows with m as long as all ξ_j > 0. */
typedef struct basin_stationarity {
    int    verdict;               /* basin_descent */
    double loss;                  /* R; NAN if not tested */
    double gradient_norm;         /* ‖∇L‖, without decay */
    double decayed_gradient_norm; /* ‖∇L + W theta‖; NAN without coupled decay */
    double decrement;             /* relative to |R|; NAN where some ξ_j is not positive */
    /* largest fall of R itself, relative to |R|, at 1, 1/2, 1/4 and 1/8 of the model's step, which
       is taken over the ξ_j > 0; 0 where none of these falls */
    double tried;
    double threshold;             /* of the decrement: 0.01 */
    size_t products;              /* m; fewer than asked for where the Krylov space is exhausted */
    double ritz_least, ritz_most; /* least and largest ξ_j */
    double curvature;             /* gᵀHg / ‖g‖², H = ∇²R */
    /* η‖g‖² / ((1 − β) |R|): relative fall of R per training step, to first order; NAN unless η is
       recorded */
    double fall_per_step;
} basin_stationarity;

/* One gradient, m products at the frozen Hessian and five losses, the first time it is asked for;
   kept by the point. */
basin_status basin_stationarity_compute(basin_point *point, basin_stationarity *out);

/* ------------------------------------------------------------------------------------ polish -- */

/* SAM and MSAM with constant radius do not settle: their iterates bounce, and a checkpoint catches
   a phase of the bounce. Polishing takes K plain gradient steps theta <- theta − s ∇R from there,
   down to the floor of the valley (docs/measures.md, «Hovering»). */
typedef struct basin_polish {
    size_t steps;                   /* K; 0 = not polished */
    double step;                    /* s of the last step */
    size_t halvings;                /* how often s was halved, because R would not have fallen */
    double moved;                   /* ‖theta_K − theta_0‖ */
    double loss_before, loss_after; /* L, without decay */
    double gradient_norm_before, gradient_norm_after; /* ‖∇L‖ */
} basin_polish;

typedef struct basin_polish_options {
    size_t      steps; /* K > 0 */
    double      step;  /* s > 0 */
    basin_decay decay; /* recorded and coupled, as in basin_point_options */
} basin_polish_options;

/* theta [P] is moved in place. R never rises: a step that would raise it is halved, at most 60
   times in all, then the rest is left out (`steps` says how many were taken). BASIN_ERR_VALUE where
   theta is not finite, BASIN_ERR_NUMERIC where loss or gradient are not. */
basin_status basin_polish_compute(basin_objective *o, double *theta,
                                  const basin_polish_options *options, basin_polish *out);
/* Whether a method perturbs by a radius, so that with a constant one its iterates hover: sam, asam,
   msam with rho > 0. */
bool basin_hovers(const char *method /* or NULL */, double rho);
/* Whether a recorded rho is a length: false for usam and its like (adamw_usam), whose perturbation
   is rho times the gradient itself; true for all else, and for NULL. */
bool basin_rho_is_radius(const char *method);

/* ---------------------------------------------------------------------------------- spectrum -- */

typedef enum basin_spectrum_method {
    /* gram where the operator has a root of fewer rows than P, and at most 6,000; else dense if
       P <= 6,000; if that fits the memory limit. Otherwise Lanczos; never of a result */
    BASIN_SPECTRUM_AUTO,
    BASIN_SPECTRUM_DENSE,   /* all of them: H column block by column block, then LAPACK */
    BASIN_SPECTRUM_LANCZOS, /* extreme pairs: thick restart, full reorthogonalisation */
    /* the density of all eigenvalues by stochastic Lanczos quadrature, beside the pairs that one
       plain Lanczos run has found */
    BASIN_SPECTRUM_SLQ,
    /* all of A = RᵀR: the eigenvalues of RRᵀ [rows, rows], and P - rows zeros */
    BASIN_SPECTRUM_GRAM
} basin_spectrum_method;
/* auto | dense | lanczos | slq | gram */
const char *basin_spectrum_method_text(basin_spectrum_method method);

/* What a principal block leaves out: B the block's parameters, A the operator of the network.
   Random probes with their standard errors. All zero where the whole network was measured. */
typedef struct basin_left_out {
    char  *part;    /* «conv*», «layer fc1»; NULL: the whole network */
    size_t network; /* P of the network */
    /* ‖A_BB‖_F² + ‖A_B,rest‖_F²: of the block's rows */
    double rows2, rows2_error;
    double whole2, whole2_error; /* ‖A‖_F² */
    double share;                /* 1 - ‖A_BB‖_F² / ‖A‖_F², in [0, 1] */
    double rows_share;           /* 1 - ‖A_BB‖_F² / rows2, likewise */
} basin_left_out;

typedef struct basin_spectrum_options {
    basin_spectrum_method method;
    /* Lanczos: how many of each; both 0 = 10 and none, since the lower end is the dearer one and
       seldom verified (docs/design.md). Dense with vectors: which to keep. BASIN_ERR_ARG where
       they are more than P */
    size_t top, bottom;
    /* both 0 = 10 and the smallest instead, which bounds what SANE and N_eff leave over; of fewer
       parameters as many as there are */
    bool both_ends;
    bool vectors; /* keep eigenvectors of the top and bottom pairs */
    /* Lanczos: residual <= tolerance * ‖H‖; 0 = 1e-8 double, 1e-6 by differences, 1e-4 single */
    double   tolerance;
    size_t   max_products; /* Lanczos: 0 = 100 (top + bottom) + 200 */
    bool     no_proof;     /* Lanczos: make no products to prove that no pair is missing */
    uint64_t seed;         /* of the start vector and the probes */
    /* random probes of what the pairs held leave over; 0 = 16, of quadrature 4 */
    size_t probes;
    /* Lanczos steps of each probe: 1, for ‖H‖_F² and the trace alone, or at least 4, for the
       quadrature of any tr f(H); 0 = 1, slq: 40 */
    size_t steps;
    size_t deflation; /* slq: steps of the run that finds the pairs; 0 = 40 */
    /* slq: choose steps and probes so that the density is within accuracy * (λ_max − λ_min) in
       Wasserstein distance, but for one chance in 20 (docs/measures.md); 0 = as above */
    double accuracy;
} basin_spectrum_options;

/* Stochastic Lanczos quadrature of H' = (I − QQᵀ) H (I − QQᵀ), Q the pairs held: m probes, unit
   vectors drawn uniformly from the complement of Q, and of each the Jacobi matrix of s Lanczos
   steps. Every tr f(H) follows from these without a further product. */
typedef struct basin_quadrature {
    size_t  dimension; /* P − pairs held */
    size_t  probes;    /* m; 0: there is none */
    size_t  steps;     /* s */
    size_t *taken;     /* [m] steps taken: fewer where the Krylov space was exhausted */
    double *alpha;     /* [m, s] diagonal */
    double *beta;      /* [m, s] beta[j, i] couples steps i and i + 1 of probe j */
} basin_quadrature;

/* A sum over all eigenvalues with its error bar. From quadrature the interval is calibrated: over
   seeds and exact spectra it holds the truth in about 95 % of cases (docs/measures.md). The parts
   are half-widths; the first three add up in squares, rounding is added to that. */
typedef struct basin_spectral_sum {
    double value, lower, upper;
    double sampling;   /* of random probes */
    double quadrature; /* of finitely many Lanczos steps */
    double pairs;      /* of the residuals of the pairs held */
    double rounding;   /* of the products: P ε ‖H‖ times the slope of the summand */
} basin_spectral_sum;

/* How the eigenvalues are spread. Shares are of all P. */
typedef struct basin_density {
    size_t  count;     /* of places; 0: not computed */
    double *at;        /* [count] λ, ascending */
    double *below;     /* [count] share of eigenvalues <= at */
    double *lower;     /* [count] 95 % band of it */
    double *upper;     /* [count] */
    double  threshold; /* |λ| <= threshold is near zero: 1e-3 Λ */
    /* shares below −threshold, within, and above; each with a 95 % interval */
    basin_spectral_sum negative, near_zero, positive;
    basin_spectral_sum trace, frobenius; /* tr H and ‖H‖_F with calibrated intervals */
    size_t             log_count;        /* of places on the logarithmic axis */
    double            *log_at;           /* [log_count] |λ|, ascending */
    /* [log_count] share of eigenvalues > 0, and of those < 0, per decade of |λ|, smoothed by a
       Gaussian of standard deviation log_width decades, and the 95 % intervals of these */
    double *log_positive, *log_positive_lower, *log_positive_upper;
    double *log_negative, *log_negative_lower, *log_negative_upper;
    double  log_width;
} basin_density;

typedef struct basin_spectrum {
    size_t             parameters, samples;
    double             loss, accuracy;
    double             gradient_norm;
    basin_stationarity stationarity;
    int                operator_kind;  /* basin_curvature_kind */
    bool               preconditioned; /* S A S, see basin_point_options */
    int                method;         /* basin_spectrum_method, not AUTO */
    bool               approximate;    /* products by differences */
    size_t             count;          /* eigenvalues held: P, or top + bottom */
    double            *eigenvalues;    /* [count] descending */
    double *residuals; /* [count] ‖Hq - λq‖; dense: the bound P eps ‖H‖_F + ‖H - Hᵀ‖_F / 2 */
    /* [count] distance to the nearest other eigenvalue held (vector angle <= residual/gap) */
    double *gaps;
    /* [count] how many of those held are equal to it within their errors, itself included: their
       intervals λ ± residual overlap, or are joined by others that do (docs/measures.md). Where the
       innermost pair of a truncated end is among them, as many at least */
    size_t *multiplicity;
    /* truncated: how many of the first and the last are held; dense: P and 0 */
    size_t top, bottom;
    bool   converged; /* every pair below tolerance */
    /* none is missing among those held, but for one chance in 10,000; dense: true */
    bool     verified;
    bool     no_proof; /* not verified, as it was asked for: options.no_proof */
    double   tolerance;
    size_t   products; /* H·v spent */
    uint64_t seed;
    double   frobenius2;       /* ‖H‖_F²: exact (dense) or estimated */
    double   frobenius2_error; /* its standard error; 0 if exact */
    double   frobenius2_upper; /* 95 % upper confidence limit; equals frobenius2 if exact */
    double   trace, trace_error;
    double   asymmetry;     /* dense: ‖H - Hᵀ‖_F / ‖H‖_F before symmetrising; else NAN */
    double   negative_mass; /* Σ|λ<0| / Σ|λ| ; dense only, else NAN */
    /* of one product; what single precision does to the zeros among the eigenvalues */
    double           epsilon;
    basin_quadrature quadrature; /* of what the pairs held leave over; probes = 0: none */
    basin_density    density;    /* from it */
    size_t           vector_count;
    size_t          *vector_index; /* [vector_count] which eigenvalue each belongs to */
    double          *vectors;      /* [vector_count, P], entry of largest magnitude positive */
    /* P above is of the part, where it is of one: filled by basin_left_out_measure's caller */
    basin_left_out left_out;
    double         ceiling; /* preconditioned: of basin_checkpoint_adam; else NAN. The caller's */
} basin_spectrum;

/* What the options come to at one point. */
typedef struct basin_spectrum_plan {
    basin_spectrum_method method; /* never AUTO */
    size_t top, bottom;           /* pairs of each end; dense: of those whose vectors are kept */
    double tolerance;             /* of the residuals, where products are exact */
    size_t probes, steps;         /* of what is left over; steps > 1: quadrature */
    size_t products;              /* H·v at most, those of the probes included */
    size_t bytes;                 /* at most: matrix or basis and work space, no frozen point */
} basin_spectrum_plan;
/* What basin_spectrum_compute would do. BASIN_ERR_ARG and BASIN_ERR_BUDGET as there. */
basin_status basin_spectrum_choose(const basin_point *point, const basin_spectrum_options *options,
                                   basin_spectrum_plan *out);

/* Of the point's operator; what is told of a way down is the Hessian's. BASIN_ERR_BUDGET prints the
   bytes a dense spectrum would need. */
basin_status basin_spectrum_compute(basin_point *point, const basin_spectrum_options *options,
                                    basin_spectrum **out);
void         basin_spectrum_destroy(basin_spectrum **spectrum);

/* Of a restricted objective's block, whose ‖A_BB‖_F² is `block2`: columns of the network's
   operator, of which `whole` is a point, or where they are more than 6,000 n random probes.
   BASIN_ERR_ARG where the objective is no part of the point's. The name is copied; caller clears
   what it is put into. */
basin_status basin_left_out_measure(basin_point *whole, const basin_objective *restricted,
                                    const char *name, double block2, size_t n, uint64_t seed,
                                    basin_left_out *out);

/* A function that is summed over the eigenvalues. */
typedef struct basin_summand {
    double (*f)(double x, const void *ctx);
    const void *ctx;
    double      slope; /* f changes by at most slope |dx| */
} basin_summand;
/* tr f(H), of a spectrum that holds all eigenvalues or a quadrature of those it leaves out; costs
   no product. BASIN_ERR_ARG for one that has neither. */
basin_status basin_spectrum_sum(const basin_spectrum *spectrum, const basin_summand *summand,
                                basin_spectral_sum *out);
/* The share of eigenvalues <= x with a 95 % band, likewise. */
basin_status basin_spectrum_share(const basin_spectrum *spectrum, double x,
                                  basin_spectral_sum *out);

/* -------------------------------------------------------------------------------- eigenspace -- */

/* The spans of the first d = 1 … k eigenvectors of largest eigenvalue. */
typedef struct basin_eigenspace {
    size_t  size, dimension; /* P, k */
    double *vectors;         /* [k, P] orthonormal, by descending eigenvalue */
    /* [k] by how much at most the span of the first d is off: the sine of the largest angle between
       it and the true one, residual over gap (C. Davis & W. Kahan, SIAM J. Numer. Anal. 7, 1970),
       the gap being that to the next eigenvalue held. INFINITY where that is not one */
    double *sine;
} basin_eigenspace;
/* a span counts as separated from what lies below up to this sine: 6 degrees */
#define BASIN_SEPARATED 0.1

/* From a spectrum that holds at least one vector of the top; k is cut to how many it holds.
   BASIN_ERR_ARG for one without. Caller destroys. */
basin_status basin_eigenspace_create(const basin_spectrum *spectrum, size_t k,
                                     basin_eigenspace **out);
void         basin_eigenspace_destroy(basin_eigenspace **space);
/* How b lies to a: for d = 1 … k, k the smaller dimension, of the spans of the first d of both the
   largest principal angle in degrees, by how much it may be off, and the similarity
   cos(|angles|/√d), 1 for equal and 0 for orthogonal spans. NAN where a span is not separated: then
   there is no angle to speak of. BASIN_ERR_SHAPE where P differs. */
basin_status basin_eigenspace_turn(const basin_eigenspace *a, const basin_eigenspace *b,
                                   double *angle /* [k] */, double *error /* [k] */,
                                   double *similarity /* [k] */);
/* ‖A_kᵀ B_k‖_F² / k of the first k vectors of both: the mean cos² of the principal angles, 1 for
   equal and 0 for orthogonal spans (G. Gur-Ari et al., arXiv:1812.04754); and by how much it may be
   off, the sum of both sines. NAN where a span is not separated. BASIN_ERR_SHAPE where P differs,
   BASIN_ERR_ARG where one holds fewer than k > 0. */
basin_status basin_eigenspace_overlap(const basin_eigenspace *a, const basin_eigenspace *b,
                                      size_t k, double *overlap, double *error);
/* ‖P x‖²/‖x‖² for the projection P onto the whole of it, with the ends that its sine leaves; NAN
   for x = 0. p [P] = P x, or NULL: not wanted. */
void basin_eigenspace_energy(const basin_eigenspace *space, const double *x, double *p,
                             double *energy, double *lower, double *upper);

/* ------------------------------------------------------------------------------------- trace -- */

typedef enum basin_trace_method {
    /* leave-one-out with resphering (Epperly, Tropp & Webber, arXiv:2301.07825) */
    BASIN_TRACE_XTRACE,
    BASIN_TRACE_HUTCHPP,   /* Meyer, Musco, Musco & Woodruff, arXiv:2010.09649 */
    BASIN_TRACE_HUTCHINSON /* Commun. Statist. Simulation 19(2), 1990; spherical probes */
} basin_trace_method;
/* xtrace | hutch++ | hutchinson */
const char *basin_trace_method_text(basin_trace_method method);

typedef struct basin_trace_options {
    basin_trace_method method;
    size_t             products; /* at most; 0 = 60 */
    uint64_t           seed;
} basin_trace_options;

/* tr H by random vectors, as a whole and tensor by tensor: the sums of H's diagonal over each. */
typedef struct basin_trace {
    size_t parameters, samples;
    double loss;
    int    operator_kind;  /* basin_curvature_kind */
    bool   preconditioned; /* S A S, see basin_point_options */
    int    method;         /* basin_trace_method */
    /* its standard error, from `vectors` estimates; of xtrace 1.3 times their spread, since they
       share vectors (docs/measures.md) */
    double   value, error;
    double   lower, upper; /* 95 %, Student's t over these */
    size_t   vectors;      /* random vectors that were averaged over */
    size_t   products;     /* H·v spent */
    uint64_t seed;
    size_t   block_count; /* tensors of parameters; 0 where the objective does not tell them */
    char   **blocks;      /* [block_count] their names */
    /* [block_count] sums of the diagonal over each, and their standard errors */
    double *block_trace, *block_error;
} basin_trace;

/* BASIN_ERR_ARG for fewer products than the method needs: xtrace 4, hutch++ 6, hutchinson 2.
   Caller destroys. */
basin_status basin_trace_compute(basin_point *point, const basin_trace_options *options,
                                 basin_trace **out);
void         basin_trace_destroy(basin_trace **trace);

/* -------------------------------------------------------------------------------------- SANE -- */

typedef enum basin_sane_method {
    BASIN_SANE_WHOLE,     /* of all P eigenvalues, by whichever method they were found */
    BASIN_SANE_TRUNCATED, /* of the extreme eigenvalues held; a bound on the rest */
    BASIN_SANE_RITZ,      /* of the Ritz values of one Lanczos run; no bound */
    BASIN_SANE_ESTIMATED  /* of the pairs held and quadrature of the rest; calibrated interval */
} basin_sane_method;
/* whole | truncated | ritz | estimated */
const char *basin_sane_method_text(basin_sane_method method);

/* Where alpha of N_eff comes from. */
typedef enum basin_alpha_source {
    BASIN_ALPHA_OPTION,
    BASIN_ALPHA_WEIGHT_DECAY,
    BASIN_ALPHA_DEFAULT
} basin_alpha_source;
/* option | weight_decay | default */
const char *basin_alpha_source_text(basin_alpha_source source);

typedef struct basin_sane_options {
    double kappa;                 /* 0 = 0.5 */
    size_t k;                     /* SANE_k: the k-th largest |λ| stands for Λ; 0 = 1 */
    double alpha;                 /* of N_eff; 0 = recorded weight decay if > 0, else 0.5 */
    double recorded_weight_decay; /* NAN or 0 = none */
    /* > 0: the author's variant, every Ritz value of one run of this many Lanczos steps
       (basin_sane_ritz) */
    size_t ritz;
    double gamma; /* of the quadratic local learning coefficient; 0 = 1 */
    /* basin_sane_estimate: half-width of SANE's interval, relative to SANE, at which it stops; 0 =
       when the products are spent */
    double tolerance;
    size_t products; /* basin_sane_estimate: at most; 0 = 200, with a tolerance 2,000 */
} basin_sane_options;

/* Wang & Roberts, arXiv:2305.18490; N_eff: Maddox et al. arXiv:2003.02139. Whole and truncated:
   value is the sum over the eigenvalues held; lower and upper leave room for their errors (with all
   of them held in double precision that is rounding) and upper for a bound on the rest.
   Estimated: value is of all eigenvalues, lower and upper a calibrated 95 % interval
   (docs/measures.md). The quadratic local learning coefficient (Lau et al., arXiv:2308.12108) is
   ½ N_eff at alpha = gamma ln n / n, n samples: that of a minimum whose Hessian is |H|. */
typedef struct basin_sane {
    size_t             parameters, samples;
    double             loss, gradient_norm;
    basin_stationarity stationarity;
    int                operator_kind;  /* basin_curvature_kind */
    bool               preconditioned; /* S A S, see basin_point_options */
    int                method;         /* basin_sane_method */
    size_t             eigenvalues;    /* how many entered */
    double             value, lower, upper, kappa;
    size_t             k;
    double             reference; /* Λ: the |λ| of rank k */
    double             n_eff, n_eff_lower, n_eff_upper, alpha;
    int                alpha_source; /* basin_alpha_source */
    /* what is proven: whole and truncated: lower and upper again; estimated: what the pairs held
       and the 95 % limit of ‖H‖_F² leave; ritz: NAN */
    double             bound_lower, bound_upper, n_eff_bound_lower, n_eff_bound_upper;
    basin_spectral_sum error, n_eff_error; /* estimated: of what the intervals consist; else NAN */
    basin_spectral_sum llc;                /* quadratic local learning coefficient */
    double             llc_gamma, llc_alpha;     /* its gamma; gamma ln n / n */
    size_t             probes, steps;            /* estimated: of the quadrature; else 0 */
    size_t             products;                 /* H·v spent on the spectrum that it is from */
    size_t             sweep_count;              /* sensitivity */
    double            *kappa_sweep, *sane_sweep; /* [sweep_count] */
    double            *sane_sweep_lower, *sane_sweep_upper;   /* [sweep_count] */
    double            *alpha_sweep, *n_eff_sweep;             /* [sweep_count] */
    double            *n_eff_sweep_lower, *n_eff_sweep_upper; /* [sweep_count] */
    size_t             k_count; /* ranks that the magnitudes held make certain */
    size_t            *k_sweep; /* [k_count] */
    double            *sane_k_sweep, *sane_k_sweep_lower, *sane_k_sweep_upper; /* [k_count] */
    size_t             ritz_steps;
    uint64_t           seed;
    basin_left_out     left_out; /* as the spectrum's */
} basin_sane;

/* BASIN_ERR_NUMERIC for H = 0, where SANE is undefined. */
basin_status basin_sane_compute(const basin_spectrum *spectrum, const basin_sane_options *options,
                                basin_sane **out);
basin_status basin_sane_ritz(basin_point *point, uint64_t seed, const basin_sane_options *options,
                             basin_sane **out);
/* SANE at any size: a spectrum by quadrature whose probes and steps grow, where the width of SANE's
   interval falls most per product, until it is within the tolerance or the products are spent.
   `spectrum` [NULL: not wanted] is what basin_sane_compute gives any other kappa, k and alpha
   from. BASIN_ERR_VALUE for a tolerance that the precision of the products cannot give. */
basin_status basin_sane_estimate(basin_point *point, const basin_spectrum_options *spectral,
                                 const basin_sane_options *options, basin_sane **out,
                                 basin_spectrum **spectrum);
void         basin_sane_destroy(basin_sane **sane);

/* ------------------------------------------------------------------------------------ blocks -- */

typedef enum basin_blocks_by { BASIN_BLOCKS_LAYER, BASIN_BLOCKS_TENSOR } basin_blocks_by;

typedef struct basin_diagonal_block { /* A_BB of one layer or tensor */
    char  *name;
    size_t parameters;
    int    method;             /* basin_spectrum_method by which its eigenvalues were found */
    double trace, trace_error; /* standard error; 0: exact */
    double frobenius2, frobenius2_error; /* likewise */
    double largest, largest_residual;    /* eigenvalues, with ‖Aq − λq‖ or its bound */
    double smallest, smallest_residual;
    double sane, sane_lower, sane_upper; /* of the block's own Λ; NAN for A_BB = 0 */
    double rows2, rows2_error; /* ‖A_B,·‖_F²: the block and what couples it to the rest */
} basin_diagonal_block;

/* All diagonal blocks of the operator at a point. Their traces sum up to that of the whole; their
   spectra say nothing of what couples them, of which left_out is the share. */
typedef struct basin_blocks {
    size_t parameters, samples;
    double loss, gradient_norm;
    int    operator_kind; /* basin_curvature_kind */
    bool   preconditioned;
    int    by; /* basin_blocks_by */
    size_t count;
    basin_diagonal_block
            *blocks; /* [count] in the order of theta; of layers in that of their first */
    double   trace, trace_error;           /* Σ of the blocks */
    double   frobenius2, frobenius2_error; /* ‖A‖_F² */
    double   left_out, left_out_error;     /* 1 - Σ ‖A_BB‖_F² / ‖A‖_F² */
    double   kappa;                        /* of SANE */
    size_t   products;
    uint64_t seed;
} basin_blocks;

typedef struct basin_blocks_options {
    basin_blocks_by by;
    double          kappa; /* 0 = 0.5 */
    size_t   probes; /* of ‖A‖_F² and of each block's rows, where it is not exact; 0 = 16 */
    uint64_t seed;
} basin_blocks_options;

/* A block of at most 6,000 parameters is exact, by as many products and its matrix alone in memory;
   of a larger one the spectrum is as basin_spectrum_compute finds it, and norms are probed, as that
   of the whole is where P > 6,000. BASIN_ERR_BUDGET as there. Caller destroys. */
basin_status basin_blocks_compute(basin_point *point, const basin_blocks_options *options,
                                  basin_blocks **out);
void         basin_blocks_destroy(basin_blocks **blocks);

/* --------------------------------------------------------------------------------- direction -- */

/* The kinds of directions: the name that a user types and files hold, and what follows the name.
   What each is made from stands in src/analysis/slice/direction_kinds.c. */
#define BASIN_DIRECTION_LIST(X)                          \
    X(MOMENTUM, "momentum", "")                          \
    X(GRADIENT, "gradient", "[:SPLIT]")                  \
    X(EIGEN, "eigen", ":I (1 = largest, -1 = smallest)") \
    X(RANDOM, "random", "[:SEED]")                       \
    X(TO, "to", ":FILE")                                 \
    X(ADAM, "adam", "")                                  \
    X(UPDATE, "update", "")                              \
    X(SAM, "sam", "[:RHO]")                              \
    X(USAM, "usam", "[:RHO]")                            \
    X(MSAM, "msam", "[:RHO]")                            \
    X(PCA, "pca", ":I")                                  \
    X(BETWEEN, "between", ":A,B")                        \
    X(PLANE, "plane", ":A,B,C")                          \
    X(STORED, "file", ":FILE#NAME")

#define BASIN_DIRECTION_ENUM(kind, name, argument) BASIN_DIRECTION_##kind,
typedef enum basin_direction_kind {
    BASIN_DIRECTION_OTHER, /* a vector of the caller's own */
    BASIN_DIRECTION_LIST(BASIN_DIRECTION_ENUM) BASIN_DIRECTIONS
} basin_direction_kind;
#undef BASIN_DIRECTION_ENUM

typedef struct basin_direction {
    int   kind;  /* basin_direction_kind */
    char *label; /* as asked for: momentum, eigen:1, random:3, … */
    /* one line for captions: «accumulated gradient v (uphill), scaled to norm 1» */
    char   *definition;
    size_t  size;
    double *values;       /* [P], as used: coordinate 1 moves by this vector */
    double  norm;         /* ‖values‖ */
    double  natural_norm; /* before scaling, e.g. ‖v‖ of the momentum, ‖other - theta‖ */
    double  eigenvalue;   /* eigen:i: λ_i, else NAN */
    double  residual;     /* eigen:i: its residual, else NAN */
    /* pca:i: its share of the checkpoints' squared distances from the point; else NAN */
    double explained;
    /* one line for the user, e.g. a momentum at rounding level; NULL if none */
    char *warning;
} basin_direction;

/* biases and norm parameters */
typedef enum basin_bias_rule {
    BASIN_BIAS_ZERO,
    BASIN_BIAS_SCALED,
    BASIN_BIAS_RANDOM
} basin_bias_rule;

/* d <- d ‖theta_s‖ / ‖d_s‖ over sets s of parameters: the weights into one output, one tensor, all
   that the direction moves; or d as drawn */
typedef enum basin_normalisation {
    BASIN_NORMALISE_FILTER,
    BASIN_NORMALISE_LAYER,
    BASIN_NORMALISE_MODEL,
    BASIN_NORMALISE_NONE
} basin_normalisation;
const char  *basin_normalisation_text(basin_normalisation n); /* filter | layer | model | none */
basin_status basin_normalisation_find(const char *name, basin_normalisation *out);

typedef struct basin_random_options {  /* Li et al., arXiv:1712.09913 */
    basin_normalisation normalisation; /* default by filters */
    basin_bias_rule     bias;          /* default zero */
    /* [P] another direction: made orthogonal to it set by set before normalising (by filters where
       nothing is normalised) */
    const double *orthogonal_to;
} basin_random_options;

/* BASIN_ERR_MISSING if not saved */
basin_status basin_direction_momentum(const basin_checkpoint *ck, basin_direction **out);
basin_status basin_direction_gradient(basin_point *point, basin_direction **out); /* of F */
/* At the point, of F on the samples of `other`, the split of that name: uphill, norm 1.
   BASIN_ERR_VALUE where it is zero. */
basin_status basin_direction_gradient_on(const basin_point *point, basin_objective *other,
                                         const char *split, basin_direction **out);
/* Adam's momentum, uphill: m / (√(v / (1 - beta2^t)) + epsilon), m and v the saved moments, as
   basin_checkpoint_adam has them; scaled to norm 1. BASIN_ERR_MISSING without one of them. */
basin_status basin_direction_adam(const basin_checkpoint *ck, double beta2, double epsilon,
                                  basin_direction **out);
/* theta_{t+1} - theta_t: what the recorded method does next from the point, with the gradient over
   all samples of its objective and the recorded learning rate, momentum, radius and weight decay
   (docs/measures.md, «Training recursions»; adam and adamw by Kingma & Ba, arXiv:1412.6980, and
   Loshchilov & Hutter, arXiv:1711.05101, with this beta2 and epsilon). It keeps its length:
   coordinate 1 is the next step. BASIN_ERR_MISSING names what is not recorded,
   BASIN_ERR_UNSUPPORTED the method, BASIN_ERR_VALUE a step of length zero. */
basin_status basin_direction_update(basin_point *point, const basin_checkpoint *ck, double beta2,
                                    double epsilon, basin_direction **out);
/* SAM's perturbation rho ∇L/‖∇L‖ (Foret et al., arXiv:2010.01412), without weight decay, and
   MSAM's, -rho v/‖v‖ (Becker et al., arXiv:2401.12033): coordinate 1 is the perturbed point. rho =
   NAN takes the recorded one. BASIN_ERR_MISSING without rho or momentum, and where the recorded rho
   is that of usam and no radius; BASIN_ERR_VALUE for rho <= 0, a zero gradient or momentum. */
basin_status basin_direction_sam(basin_point *point, const basin_checkpoint *ck, double rho,
                                 basin_direction **out);
basin_status basin_direction_msam(const basin_checkpoint *ck, double rho, basin_direction **out);
/* Un-normalised SAM's perturbation rho ∇L (arXiv:2206.06232), without weight decay; rho = NAN takes
   that of a checkpoint of usam, BASIN_ERR_MISSING for one of another method. Else as sam. */
basin_status basin_direction_usam(basin_point *point, const basin_checkpoint *ck, double rho,
                                  basin_direction **out);
/* i > 0: i-th largest; i < 0: |i|-th smallest. From `spectrum` if it holds that vector, else
   computed. Caller destroys. */
basin_status basin_direction_eigen(basin_point *point, long i, const basin_spectrum *spectrum,
                                   basin_direction **out);
basin_status basin_direction_random(const basin_params *params, const double *theta,
                                    const basin_random_options *options, uint64_t seed,
                                    basin_direction **out);
basin_status basin_direction_to(const char *name, const double *theta, const double *other,
                                size_t size, basin_direction **out);
/* theta_b - theta_a, keeping its length. BASIN_ERR_VALUE where the two are equal. */
basin_status basin_direction_between(const char *const names[2], const double *a, const double *b,
                                     size_t size, basin_direction **out);
/* One axis of the plane through three points a, b, c: which = 1 from a towards b, 2 what of c - a
   is orthogonal to that; norm 1 both, so that equal coordinates are equal distances.
   BASIN_ERR_VALUE where two of the points are equal or the three lie on one line (to a sine of
   1e-7). */
basin_status basin_direction_plane(const char *const names[3], const double *const points[3],
                                   size_t size, int which, basin_direction **out);
/* A vector of the caller's own, e.g. one that a file stores, scaled to norm 1. */
basin_status basin_direction_stored(const char *label, const double *values, size_t size,
                                    basin_direction **out);
/* The i-th principal axis, i from 1, of `count` points [P] about an origin [P], norm 1: what
   basin_principal_axes finds. */
basin_status basin_direction_pca(const double *origin, const double *const *points, size_t count,
                                 size_t size, size_t i, basin_direction **out);

/* Principal axes of n points about an origin (not about their mean, so that the plane of the first
   two through the origin is the one nearest to all points): axes [count, P], orthonormal, shares
   [count] of Σ ‖point - origin‖² that each explains, falling. By the Gram matrix [n, n], so that P
   does not matter. The point that lies farthest along an axis lies on its positive side.
   BASIN_ERR_VALUE where fewer than `count` points differ from the origin, or the points span no
   more than count - 1 directions (to 1e-7 of the first). */
basin_status basin_principal_axes(const double *origin, const double *const *points, size_t n,
                                  size_t size, size_t count, double *axes, double *shares);

/* The eigenvector [P] of eigenvalue number i, counted as basin_direction_eigen does, and its
   *position in the spectrum (or NULL); NULL where the spectrum does not hold it. Borrowed. */
const double *basin_spectrum_vector(const basin_spectrum *spectrum, long i, size_t *position);
/* A vector [size] of «FILE#NAME»: NAME is the path of a data set of `size` reals, or of rows of
   them, NAME[ROW]; or eigen:I of a stored spectrum. Caller frees with basin_free. BASIN_ERR_ARG for
   a reference without # or NAME, BASIN_ERR_MISSING where the file lacks it, BASIN_ERR_SHAPE names
   both sizes, BASIN_ERR_VALUE where it is not finite. */
basin_status basin_vector_read(const char *reference, size_t size, double **out);

/* scale: multiplies `values` so that the norm is as asked (> 0); 0 keeps the kind's own rule. */
basin_status basin_direction_rescale(basin_direction *direction, double norm);
/* d <- d - (d·b / b·b) b, restored to its norm; label says «⟂». BASIN_ERR_VALUE when parallel. */
basin_status basin_direction_orthogonalise(basin_direction       *direction,
                                           const basin_direction *against);
void         basin_direction_destroy(basin_direction **direction);

/* what a user writes, as the list above has it; texts point into the one parsed */
typedef struct basin_direction_spec {
    basin_direction_kind kind;
    long                 index; /* eigen, pca; plane: which of its two axes, 1 */
    uint64_t             seed;  /* random; default 0 */
    const char          *path;  /* to; file: with #NAME; gradient: the split, NULL the point's */
    double               rho;   /* sam, usam, msam: NAN the recorded one */
    size_t               file_count; /* between: 2, plane: 3 */
    struct {
        const char *text;
        int         length;
    } files[3];
} basin_direction_spec;
/* BASIN_ERR_ARG lists the choices */
basin_status basin_direction_parse(const char *text, basin_direction_spec *out);

/* what directions are made from; what a kind does not use may be NULL */
typedef struct basin_direction_source {
    basin_point                *point;
    const basin_checkpoint     *ck;     /* whose weights these are: momentum */
    const basin_checkpoint     *other;  /* to: an unperturbed checkpoint of the same parameters */
    const basin_random_options *random; /* random; NULL = defaults */
    basin_objective            *split;  /* gradient:SPLIT: that of its samples */
    double                      beta2, epsilon; /* adam, update; 0 = 0.999 and 1e-8 */
    /* pca: unperturbed weights [P] of a run's checkpoints; between and plane: of theirs */
    size_t               count;
    const double *const *weights;
    const double        *vector; /* file: [P] */
    /* eigen: where its operator is another than the point's, or of a part of the parameters
       (basin_objective_restrict of the point's objective), that point, and words for both as
       «, ggn, layer fc1»; else NULL */
    basin_point *eigen;
    const char  *eigen_of;
} basin_direction_source;
/* The direction that a spec asks for, by the function above that makes its kind, whose errors are
   this one's. Caller destroys. */
basin_status basin_direction_make(const basin_direction_source *source,
                                  const basin_direction_spec *spec, basin_direction **out);
/* Does it take passes over the samples, beyond what the point itself does? */
bool basin_direction_takes_passes(basin_direction_kind kind);

/* ------------------------------------------------------------------------------------- slice -- */

typedef struct basin_axis {
    int     kind;                   /* basin_direction_kind */
    char   *direction, *definition; /* label and definition of the direction */
    size_t  count;
    double *coordinates;        /* [count], multiples of the direction */
    double  norm, natural_norm; /* of the direction */
    /* gᵀd at the centre, point's objective; NAN where BatchNorm's statistics move */
    double slope;
    double curvature;            /* dᵀHd likewise: prediction L + slope s + curvature s²/2 */
    double eigenvalue, residual; /* eigen directions, else NAN */
    double explained;            /* pca directions: share of the squared distances; else NAN */
    /* of a direction that leads to another checkpoint, else NAN: the coordinate where its weights
       are, the loss there, and those of the two ends by networks of their own, on the point's
       samples */
    double end_at, end_loss, end_own, start_own;
    /* both losses at its end agree to rounding, so what stands there is that checkpoint; if not,
       its weights are there without its statistics of BatchNorm, frozen tensors or graph, and
       `direction` is BASIN_WEIGHTS_OF and its path */
    bool reached;
} basin_axis;
#define BASIN_WEIGHTS_OF "weights of "

typedef struct basin_surface { /* one split's values on the grid */
    char   *split;
    size_t  samples, rows, columns; /* 1-D: rows = 1; 2-D: rows are the second direction */
    double *loss;                   /* [rows, columns]; NAN or Inf where not finite */
    double *accuracy;               /* [rows, columns]; NAN where undefined */
    double  centre_loss, centre_accuracy;
} basin_surface;

typedef struct basin_path_point { /* a checkpoint beside a plane */
    char   *file;
    int64_t step;       /* -1 unknown */
    double  across, up; /* coordinates of its projection */
    double  distance;   /* ‖theta - its projection‖ */
    double  loss;       /* of the checkpoint itself, by its own network */
    double  projected;  /* on the plane, where it falls */
} basin_path_point;

typedef struct basin_path {   /* a run beside a plane */
    char             *name;   /* as typed */
    char             *method; /* as recorded; NULL unknown */
    bool              joined; /* one training in its order; else single checkpoints */
    size_t            count;
    basin_path_point *points;
} basin_path;

/* What a slice with a tolerance knows of one split. */
typedef struct basin_adaptive_split {
    double  tolerance; /* in units of the loss: as asked for, or that times the range */
    double  range;     /* largest less least finite loss at the points */
    size_t  points, cells, rows, columns; /* as those of the slice */
    double *loss;                         /* [points] NAN or Inf where not finite */
    double *accuracy;                     /* [points] NAN where undefined */
    /* [cells] estimate of the largest error of the interpolation in each; 0 where every point of
       the grid was evaluated, NAN where no loss is finite */
    double *cell_error;
    double *error; /* [rows, columns] the same at the points of the grid */
    double  largest_error;
    double  held_out_error; /* largest |interpolated - loss| at the points held out */
    /* of these, further from the interpolation than the estimate when they were first compared */
    size_t held_out_missed;
} basin_adaptive_split;

/* Of a slice that is interpolated from points chosen where the loss needs them
   (src/analysis/slice/adaptive.c). */
typedef struct basin_adaptive {
    double  tolerance; /* as asked for: of the range of the losses, or in their units */
    bool    absolute;
    size_t  most; /* evaluations that it does not exceed, whatever the loss does */
    size_t  axes;
    size_t  points;      /* that the grid is interpolated from, or that are points of it */
    double *coordinates; /* [points, axes] */
    size_t  cells;
    double *from, *to; /* [cells, axes] their bounds */
    size_t  held_out;  /* further points, drawn uniformly, that only test the estimate */
    size_t  split_count;
    basin_adaptive_split *splits; /* [split_count] as the slice's surfaces */
} basin_adaptive;

/* Extreme eigenvalues of the point's operator over the range of a slice, on a grid of their own:
   where |λ_min/λ_max| is small, the surface is convex about (H. Li et al., arXiv:1712.09913,
   section 6). Residuals bound what an eigenvalue found is off by, not that none lies beyond it. */
typedef struct basin_convexity {
    size_t  rows, columns;                /* rows: along the second direction; 1 on a line */
    double *across, *up;                  /* [columns], [rows] coordinates; up = 0 on a line */
    double *largest, *largest_residual;   /* [rows, columns] NAN where the loss is not finite */
    double *smallest, *smallest_residual; /* [rows, columns] likewise */
    double *ratio;       /* [rows, columns] |λ_min/λ_max|; NAN also where λ_max is not above 0 */
    double *ratio_error; /* [rows, columns] by the residuals; NAN where these reach λ_max */
    size_t  verified;    /* points where no eigenvalue lies beyond the two, as far as is known */
    size_t  products;    /* in all */
} basin_convexity;

typedef struct basin_slice {
    size_t         parameters;
    size_t         axis_count; /* 1 or 2 */
    basin_axis    *axes;
    size_t         surface_count;
    basin_surface *surfaces;
    double         cosine; /* between the two directions; NAN for one */
    size_t         cosine_count;
    double        *momentum_cosines; /* [axis_count] with the momentum; NAN where there is none */
    double        *gradient_cosines; /* likewise with the gradient of F */
    size_t         path_count;       /* of a plane: runs and checkpoints beside it */
    basin_path    *paths;
    basin_stationarity stationarity;   /* of the point */
    size_t             adaptive_count; /* 1 where a tolerance was asked for, else 0 */
    basin_adaptive    *adaptive;
    size_t             convexity_count; /* 1 where it was asked for, else 0 */
    basin_convexity   *convexity;
} basin_slice;

typedef struct basin_slice_end { /* the checkpoint that a direction leads to */
    const char      *name;
    basin_objective *objective; /* its network, on the samples of the point's objective */
    const double    *theta;     /* [P] its weights */
    double           at;        /* their coordinate */
    bool             foreign;   /* of another training than the point, as their identities say */
} basin_slice_end;

/* A run to be projected on a plane. Names are borrowed. */
typedef struct basin_path_request {
    const char *name, *method; /* method NULL: unknown */
    bool        joined;
    size_t      count;
    struct basin_path_checkpoint {
        const char   *file;
        int64_t       step;
        const double *theta; /* [P], unperturbed */
        double        loss;  /* basin_point_own_loss */
    } * checkpoints;
} basin_path_request;
/* The loss at theta [P] of a checkpoint by a network of its own, with the weight decay that is
   included at the point. */
basin_status basin_point_own_loss(const basin_point *point, basin_objective *own,
                                  const double *theta, double *out);
/* Where theta falls on the plane through the origin along two directions: coordinates in multiples
   of them by least squares, so that they need not be orthogonal nor of norm 1, and how far off it
   lies. BASIN_ERR_VALUE where the two are parallel. */
basin_status basin_project(const double *origin, const basin_direction *const directions[2],
                           const double *theta, double at[2], double *distance);

/* A range by how far the loss rises along it: to a factor above 1 of that at the centre, or by a
   rise; the other is 0. Both 0: none. */
typedef struct basin_reach {
    double factor, rise;
} basin_reach;

typedef struct basin_slice_request {
    basin_point *point; /* the centre */
    /* of the first surface where BatchNorm's statistics are interpolated along the directions (the
       point's hold them), or NULL: the point's */
    basin_objective *line;
    /* of a second surface, e.g. on the test split, or NULL; what is included at the point is in its
       losses too */
    basin_objective       *other;
    const char            *splits[2];  /* names of the point's objective and of the other */
    const double          *momentum;   /* [P] for the cosines, or NULL */
    size_t                 axis_count; /* 1 or 2 */
    const basin_direction *directions[2];
    /* of each direction; objective = NULL where it leads to none */
    basin_slice_end ends[2];
    double          from[2], to[2]; /* range, from < to (from == to only with grid 1) */
    /* in place of a range: from the centre down and up to where the loss of the first surface is
       first seen that high, or not finite; outwards to two digits (src/analysis/slice/reach.c) */
    basin_reach reach[2];
    size_t      grid[2]; /* points, >= 1 */
    /* of two directions; a forecast reads their counts alone */
    size_t                    path_count;
    const basin_path_request *paths;
    /* of the parameters that eigen directions are of, NULL: all; read by a forecast */
    const basin_objective *eigen;
    /* BatchNorm's, with the point: derivatives hold them constant and predict nothing of the curve;
       slope and curvature are left NAN */
    bool statistics_move;
    /* > 0: the grid is interpolated, from points chosen so that no loss on it is further off than
       this, as a share of the range of the losses found (below 1), or in their units; of every
       split. 0: every point of the grid is evaluated */
    double tolerance;
    bool   tolerance_absolute;
    size_t convexity; /* points along each direction of a map of extreme eigenvalues; 0: none */
} basin_slice_request;

/* BASIN_ERR_VALUE for a zero direction, parallel directions, a reversed, empty or not finite range,
   grid < 1; for a tolerance that is negative, 1 of the range or more, or below the rounding of the
   losses, and for one with a grid of one point; where the loss does not rise as far as a range
   should reach within 64 times the norm of theta. With a tolerance the accuracy on the grid is NAN
   unless every point of it was evaluated: it has steps, which nothing interpolates.
   BASIN_ERR_UNSUPPORTED for a map of convexity where BatchNorm's statistics move. */
basin_status basin_slice_compute(const basin_slice_request *request, basin_slice **out);
void         basin_slice_destroy(basin_slice **slice);

/* A component of the sublevel sets {value <= level} of a grid, as the level rises. */
typedef struct basin_merge_branch {
    size_t minimum; /* where it is born: a point of the grid, row by row */
    size_t saddle;  /* where it meets a deeper one and ends; SIZE_MAX: it does not */
    size_t parent;  /* the branch that it meets there; SIZE_MAX likewise */
    double birth, death, persistence; /* values there, and death - birth; INFINITY: does not end */
} basin_merge_branch;

typedef struct basin_merge_tree {
    size_t              points; /* finite ones */
    size_t              branch_count;
    basin_merge_branch *branches; /* by descending persistence */
} basin_merge_tree;

/* Of values [rows, columns], each point with its 8 neighbours; what is not finite is no part of
   them. One branch a minimum: of equal neighbours the first is it. BASIN_ERR_VALUE where no value
   is finite. Caller destroys. */
basin_status basin_merge_tree_compute(const double *values, size_t rows, size_t columns,
                                      basin_merge_tree **out);
void         basin_merge_tree_destroy(basin_merge_tree **tree);

/* -------------------------------------------------------------------------------------- band -- */

/* What the lines of a band differ in. */
typedef enum basin_band_by {
    BASIN_BAND_SEED,  /* random directions */
    BASIN_BAND_CLASS, /* samples: those of one class each */
    BASIN_BAND_BATCH  /* samples: random mini-batches */
} basin_band_by;

typedef struct basin_band_line {
    uint64_t number;  /* seed, class, or number of the batch from 0 */
    size_t   samples; /* that its losses are the mean of */
    double   norm;    /* of its direction */
    double   centre_loss, centre_accuracy;
} basin_band_line;

/* The same line through the parameters several times: along other directions, or on other samples.
   Mean, deviation and Student's interval of the mean are over the lines, at each coordinate. */
typedef struct basin_band {
    size_t           parameters, samples; /* P, and N of the split */
    char            *split;
    int              by;                     /* basin_band_by */
    char            *direction, *definition; /* of a band of seeds: «random:1..8» */
    size_t           line_count;
    basin_band_line *lines; /* [line_count] */
    size_t           count;
    double          *coordinates;      /* [count] multiples of the direction */
    double          *loss;             /* [line_count, count] NAN or Inf where not finite */
    double          *accuracy;         /* [line_count, count] NAN where undefined */
    double          *mean, *deviation; /* [count] NAN where a loss is not finite */
    /* [count] 95 %; NAN for classes, which nobody draws, as is where the mean is NAN */
    double  *lower, *upper;
    double  *whole;      /* [count] of all samples; NAN for seeds, whose lines all are */
    size_t   batch_size; /* of batches; else 0 */
    uint64_t seed;       /* that batches are drawn with; else 0 */
} basin_band;

typedef struct basin_band_request {
    basin_point  *point; /* the centre; included weight decay is in every loss */
    const char   *split; /* name of its objective */
    basin_band_by by;
    /* of seeds: [direction_count] with their seeds; else one direction, and seeds are not read */
    size_t                        direction_count;
    const basin_direction *const *directions;
    const uint64_t               *seeds;
    double                        from, to; /* from < to */
    size_t                        grid;     /* points, >= 2 */
    const int64_t *classes;    /* of classes: [N] of the objective's samples; negative: of none */
    size_t         batches;    /* of batches: how many; 0 = 50 */
    size_t         batch_size; /* at most N; 0 = 128, or N where that is less */
    uint64_t       seed;       /* of batches: each is drawn without replacement, by itself, as by
                            basin_batches_compute */
} basin_band_request;

/* BASIN_ERR_ARG for fewer than two lines or a batch beyond the samples, BASIN_ERR_VALUE for a range
   or a direction that makes no line. Caller destroys. */
basin_status basin_band_compute(const basin_band_request *request, basin_band **out);
void         basin_band_destroy(basin_band **band);

/* --------------------------------------------------------------------------------- alignment -- */

/* Two trainings number their hidden units differently. Weight matching gives those of B the places
   at which the weights of both agree best: S. Ainsworth, J. Hayase, S. Srinivasa, «Git Re-Basin»,
   arXiv:2209.04836, section 3.2. One group of units after the other, in a random order, is given
   the assignment that maximises the inner product of A and B, until no group improves it; a local
   optimum. A change of basis within attention beyond the order of its columns is left out, and so
   is every factor. */
typedef struct basin_alignment_group {
    char  *name;
    size_t units, moved; /* moved: units that are elsewhere than they were */
} basin_alignment_group;

typedef struct basin_alignment {
    uint64_t seed;   /* of the order of the groups */
    size_t   rounds; /* over all groups, with the last, which found nothing */
    /* ⟨A, B⟩ over all parameters, and ‖A - B‖ */
    double product_before, product_after;
    double distance_before, distance_after;
    /* largest difference of an output of B and of B aligned over the samples, and largest magnitude
       of an output of B; NAN: not compared */
    double                 difference, magnitude;
    size_t                 held; /* hidden units that had to stay (basin_symmetries) */
    size_t                 group_count;
    basin_alignment_group *groups;
} basin_alignment;

/* b [P] and the buffers of its graph are changed in place, also where the call is interrupted: then
   to a state on the way, of the same function. BASIN_ERR_VALUE where weights are not finite;
   BASIN_ERR_UNSUPPORTED where no unit may change places. `difference` and `magnitude` are NAN: the
   caller fills them in by basin_network_difference. Caller destroys. */
basin_status basin_alignment_compute(const basin_symmetries *symmetries, const double *a,
                                     basin_graph *graph, double *b, uint64_t seed,
                                     basin_alignment **out);
void         basin_alignment_destroy(basin_alignment **alignment);

/* The assignment of n rows to n columns of the largest sum: column[i] of row i. By shortest
   augmenting paths in O(n³): R. Jonker, A. Volgenant, Computing 38, 1987. BASIN_ERR_VALUE where a
   value is not finite. */
basin_status basin_assign(const double *value /* [n, n] */, size_t n, size_t *column);

/* ---------------------------------------------------------------------------- connection -- */

/* Curves from A to B; C is a point that is trained. phi(t) for t in [0, 1]:
   linear (1 - t) A + t B; bezier (1 - t)² A + 2 t (1 - t) C + t² B; polygon straight from A to C at
   t = 1/2, then to B. T. Garipov et al., arXiv:1802.10026. */
typedef enum basin_connection_curve {
    BASIN_CURVE_LINEAR,
    BASIN_CURVE_BEZIER,
    BASIN_CURVE_POLYGON
} basin_connection_curve;

typedef struct basin_connection_split {
    char   *split;
    size_t  samples, points; /* points: those of the path */
    double *loss, *accuracy; /* [points] at t; NAN or Inf where not finite, NAN where undefined */
    /* the largest of L(t) - (1 - t) L(0) - t L(1) at the points, where it is (0 and t = 0 where
       all are below), and how much more may lie between the points beside it: 1/8 of the largest
       second difference there. NAN where a loss is not finite */
    double barrier, barrier_at, barrier_error;
    /* of a trained curve: the same of the straight line from A to B, at the same t; else NAN */
    double straight, straight_at, straight_error;
} basin_connection_split;

typedef struct basin_connection {
    size_t  parameters;
    int     curve;     /* basin_connection_curve */
    char   *from, *to; /* names of A and B */
    double  distance;  /* ‖B - A‖ */
    double  length;    /* of the curve, by its points; not below the distance */
    double  end_own;   /* loss of B by a network of its own, on the first split; NAN */
    size_t  points;
    double *t;     /* [points] evenly from 0 to 1 */
    double *moved; /* [points] ‖phi(t) - A‖ */
    size_t  split_count;
    basin_connection_split *splits;
    /* of a trained curve: steps of heavy ball on C by the gradient at phi(t), t uniform; 0 of a
       line */
    size_t   steps;
    double   learning_rate, momentum;
    uint64_t seed; /* of t */
    /* mean training loss at the t of the first and of the last tenth of the steps; NAN of a line */
    double           trained_from, trained_to;
    size_t           alignment_count; /* 1 where B's units were given the places of A's; else 0 */
    basin_alignment *alignment;
} basin_connection;

typedef struct basin_connection_request {
    basin_objective       *objective; /* of A, on the samples that the curve is trained on */
    basin_objective       *other;     /* of A, on a second split, or NULL */
    basin_objective       *end;       /* of B, on the samples of the first, for end_own; or NULL */
    const char            *splits[2];
    const char            *from_name, *to_name;
    const double          *from, *to; /* [P] A and B */
    basin_connection_curve curve;
    size_t                 points;        /* >= 3; 0 = 51 */
    size_t                 steps;         /* of training; 0 = 200 */
    double                 learning_rate; /* > 0 */
    double                 momentum;      /* in [0, 1) */
    uint64_t               seed;
    /* how B was aligned, or NULL; copied. B may then be A */
    const basin_alignment *alignment;
} basin_connection_request;

/* BASIN_ERR_VALUE where A is B, for fewer than 3 points, or rates outside their ranges;
   BASIN_ERR_NUMERIC where the curve's training is not finite. Caller destroys. */
basin_status basin_connection_compute(const basin_connection_request *request,
                                      basin_connection              **out);
void         basin_connection_destroy(basin_connection **path);

/* --------------------------------------------------------------------------------- sharpness -- */

typedef enum basin_rise_direction {
    BASIN_RISE_SAM,   /* the gradient */
    BASIN_RISE_MSAM,  /* against the momentum */
    BASIN_RISE_TOP,   /* the eigenvector of the largest eigenvalue */
    BASIN_RISE_RANDOM /* filter-normalised, then scaled to norm 1 */
} basin_rise_direction;

/* of the loss along one direction at one radius; NAN where the direction is zero */
typedef struct basin_rise {
    int      direction; /* basin_rise_direction */
    uint64_t seed;      /* of a random direction; else 0 */
    char    *definition;
    char    *split;
    double   rho;   /* signed */
    double   value; /* L(theta + rho d) - L(theta) = slope + symmetric */
    double   slope; /* its part that is odd in rho: ½ [L(theta + rho d) - L(theta - rho d)] */
    /* its part that is even in rho, of curvature: ½ [L(theta + rho d) + L(theta - rho d)] -
       L(theta) */
    double symmetric;
    double loss; /* L(theta + rho d) */
} basin_rise;
/* sam | msam | top | random:SEED; returns `out` */
const char *basin_rise_name(const basin_rise *rise, char out[40]);

typedef struct basin_sharpness {
    size_t parameters, samples;
    double loss, gradient_norm;
    double momentum_norm; /* NAN if none */
    double momentum_gradient_cosine;
    /* cos² with `top`: how much of its direction a one-step rise looks along */
    double             momentum_top_cosine2, gradient_top_cosine2;
    basin_stationarity stationarity;
    size_t             rise_count;
    basin_rise        *rises;
} basin_sharpness;

typedef struct basin_sharpness_options {
    /* [rho_count] radii, signed; NULL: recorded rho or 0.05, times ±{1/4, 1/2, 1, 2, 4} and 0 */
    const double *rho;
    size_t        rho_count;
    double        recorded_rho;
    const double *momentum; /* [P], or NULL: MSAM sharpness left out */
    /* how many filter-normalised random directions as well (scaled to norm 1) */
    size_t   random;
    uint64_t seed;
    /* [P] unit eigenvector of the largest eigenvalue, a direction common to all methods; NULL: left
       out, */
    const double *top;
    bool find_top; /* or, if this is set, computed by Lanczos to a residual of 1e-4 ‖H‖ */
    const char *split;
} basin_sharpness_options;

/* One-step SAM: L(theta + rho g/‖g‖) - L(theta), Foret et al. arXiv:2010.01412; MSAM: L(theta - rho
   v/‖v‖) - L(theta), Becker et al. arXiv:2401.12033, the published sign; negative rho is the other
   sign. */
basin_status basin_sharpness_compute(basin_point *point, const basin_sharpness_options *options,
                                     basin_sharpness **out);
void         basin_sharpness_destroy(basin_sharpness **sharpness);

/* --------------------------------------------------------------------- measures of sharpness -- */

/* What kind of number a value is, and so what its error is. */
typedef enum basin_sharpness_number {
    BASIN_SHARPNESS_EXACT,       /* what the definition says, up to rounding */
    BASIN_SHARPNESS_LOWER_BOUND, /* the largest value that was found: the maximum is no smaller */
    BASIN_SHARPNESS_SAMPLED,     /* a mean over random draws or batches, with its standard error */
    BASIN_SHARPNESS_SAMPLED_BOUND, /* a mean over batches of the largest values found */
    BASIN_SHARPNESS_NUMBERS
} basin_sharpness_number;
/* exact | lower_bound | sampled | sampled_bound */
const char *basin_sharpness_number_text(basin_sharpness_number number);

typedef enum basin_sharpness_radius {
    BASIN_RADIUS_NONE,    /* it takes no radius: one row, with rho = NAN */
    BASIN_RADIUS_LAYERS,  /* none: one row for each layer with a matrix of weights */
    BASIN_RADIUS_SCALES,  /* none: one row for each basin_scale_group */
    BASIN_RADIUS_ANY,     /* any finite one; positive ones by default */
    BASIN_RADIUS_SIGNED,  /* any finite one; of both signs by default */
    BASIN_RADIUS_POSITIVE /* > 0 */
} basin_sharpness_radius;

/* What a measure takes beside weights, samples and radius: name, bit, text. */
#define BASIN_SHARPNESS_SETTING_LIST(X)                                     \
    X(STEPS, 1, "--steps")                                                  \
    X(BATCHES, 2, "--batch-size, --batches") /* without them all samples */ \
    X(DRAWS, 4, "--draws")                                                  \
    X(SEED, 8, "--seed")                                                    \
    X(MOMENTUM, 16, "the momentum saved")                                   \
    X(ACCURACY, 32, "an accuracy")                                          \
    X(RESTARTS, 64, "--restarts")                                           \
    X(UPDATE, 128, "the next update")                                       \
    X(START, 256, "the start of the run")

#define BASIN_SHARPNESS_SETTING_ENUM(name, bit, text) BASIN_TAKES_##name = bit,
typedef enum basin_sharpness_setting {
    BASIN_TAKES_NOTHING = 0,
    BASIN_SHARPNESS_SETTING_LIST(BASIN_SHARPNESS_SETTING_ENUM)
} basin_sharpness_setting;
#undef BASIN_SHARPNESS_SETTING_ENUM

/* Changes of the weights that leave the network's function alone: name, word, text. */
#define BASIN_SYMMETRY_LIST(X)                                                                \
    X(NEURON, "neuron", "rescaled neurons") /* what goes into one times a, what leaves / a */ \
    X(LAYER, "layer", "rescaled layers")    /* the same of whole layers */                    \
    X(NORM, "norm",                                                                           \
      "scale before normalisation") /* weights, and the statistics that belong to them */     \
    X(ATTENTION, "attention", "attention's GL") /* of a head, W_Q A⁻¹ and W_K Aᵀ */      \
    X(PERMUTATION, "permutation", "permuted neurons")

#define BASIN_SYMMETRY_ENUM(name, word, text) BASIN_SYMMETRY_##name,
typedef enum basin_symmetry {
    BASIN_SYMMETRY_LIST(BASIN_SYMMETRY_ENUM) BASIN_SYMMETRIES
} basin_symmetry;
#undef BASIN_SYMMETRY_ENUM
const char *basin_symmetry_text(basin_symmetry symmetry);
/* neuron | layer | norm | attention | permutation */
const char *basin_symmetry_name(basin_symmetry symmetry);

typedef enum basin_symmetric {
    BASIN_SYMMETRIC_NO,
    BASIN_SYMMETRIC_YES,    /* of a sampled measure: its expectation */
    BASIN_SYMMETRIC_LAYERS, /* where whole layers change alike */
    BASIN_SYMMETRIC_PLAIN   /* in networks without attention */
} basin_symmetric;
const char *basin_symmetric_text(basin_symmetric symmetric); /* no | yes | whole layers only | … */

/* The number of a measure: BASIN_SHARPNESS_sam, …, and how many there are. */
typedef enum basin_sharpness_measure {
#define BASIN_SHARPNESS_MEASURE(name, ...) BASIN_SHARPNESS_##name,
#include "basin_sharpness_measures.h"
    BASIN_SHARPNESS_MEASURES
} basin_sharpness_measure;

typedef struct basin_sharpness_entry { /* of the list of basin_sharpness_measures.h */
    const char            *name, *title, *definition, *source;
    basin_sharpness_number number;
    basin_sharpness_radius radius;
    double                 rho;      /* of its default radii; 0 without a radius */
    unsigned               settings; /* of basin_sharpness_setting */
    basin_symmetric        symmetric[BASIN_SYMMETRIES];
} basin_sharpness_entry;
extern const basin_sharpness_entry basin_sharpness_entries[BASIN_SHARPNESS_MEASURES];
/* Are its rows of radii, and not one, or one for each part of the network? */
bool basin_sharpness_has_radius(const basin_sharpness_entry *entry);
/* BASIN_ERR_ARG lists the names that there are. */
basin_status basin_sharpness_measure_find(const char *name, basin_sharpness_measure *out);

typedef struct basin_sharpness_row { /* one measure at one radius */
    int    measure;                  /* basin_sharpness_measure */
    double rho;                      /* NAN: the measure has no radius */
    int    number; /* basin_sharpness_number: batches make a lower bound a mean of such */
    double value;  /* NAN: see `missing` */
    double error;  /* standard error of a sampled value; NAN of others */
    /* of a sampled value: 95 %, by Student's t where nothing else is said in docs/measures.md; else
       NAN, where an end is not known too */
    double lower, upper;
    char  *part;    /* the tensor of the layer that it is of; NULL: the whole network */
    char  *missing; /* why there is no value («3 of 100 draws: …»), or NULL */
    char *settings; /* in words: «20 steps», «12 batches of 128, 44 samples left out»; or NULL */
    size_t steps;   /* 0: it takes none */
    size_t batches;    /* 0: all samples together */
    size_t batch_size; /* m */
    size_t draws;      /* 0: none */
    size_t not_finite; /* draws or batches without a finite value: then the value is missing */
    /* evaluations spent, over all samples or, of batches, over those of one; what several radii
       share stands at the first of them */
    size_t gradients, losses, products;
} basin_sharpness_row;

typedef struct basin_sharpness_table {
    size_t               parameters, samples;
    char                *split;
    double               loss;          /* F, with the weight decay that is included */
    double               accuracy;      /* NAN where undefined */
    double               gradient_norm; /* ‖∇L‖ */
    uint64_t             seed;
    size_t               row_count;
    basin_sharpness_row *rows; /* by measure as asked for, then by radius as asked for */
} basin_sharpness_table;

typedef struct basin_sharpness_table_options {
    const basin_sharpness_measure *measures; /* [measure_count]; NULL: all */
    size_t                         measure_count;
    /* [rho_count] of every measure that has a radius; NULL: each its own default radii */
    const double *rho;
    size_t        rho_count;
    size_t        steps; /* 0 = 10 of an ascent and a box, 20 of a worst case */
    /* m: maxima are then of each batch by itself, and their mean is the value; 0 = all samples, but
       of m_sharpness `recorded_batch` or 128, and at most a quarter of the samples */
    size_t        batch_size;
    size_t        batches; /* 0 = as many as the samples give */
    size_t        recorded_batch;
    size_t        draws;    /* 0 = 100 */
    size_t        restarts; /* of a worst case, from random points in its ball */
    uint64_t      seed;     /* of batches, draws and restarts */
    const double *momentum; /* [P], or NULL: msam is missing */
    /* what records the next update, and the momentum's coefficient; NULL: what takes them is
       missing */
    const basin_checkpoint *checkpoint;
    /* why no step of training leads on from the point («it is polished»); NULL: one does */
    const char   *no_step;
    const double *start; /* [P] where the run began, or NULL: theta_norm_rel is missing */
    const char   *split; /* name, or NULL */
} basin_sharpness_table_options;

/* Named measures of sharpness (docs/measures.md, «Measures of sharpness») at one point, each over a
   grid of radii. What a measure needs and the point has not makes a row that says so (`missing`);
   so does a loss that is not finite, which is in no mean. Weight decay that is included is part of
   the losses, and of what a worst case climbs; the directions of sam, asam, msam and their like are
   without. BASIN_ERR_ARG for a radius that has no sense for a measure, fewer than two draws, or
   batches beyond the samples. Caller destroys. */
basin_status basin_sharpness_table_compute(basin_point                         *point,
                                           const basin_sharpness_table_options *options,
                                           basin_sharpness_table              **out);
void         basin_sharpness_table_destroy(basin_sharpness_table **table);

/* ----------------------------------------------------------------------------------- batches -- */

typedef struct basin_batch_row { /* one mini-batch B */
    double loss, gradient_norm;
    double lambda_max, lambda_max_residual; /* of ∇²L_B */
    bool   verified;                        /* that it is the largest, as basin_spectrum.verified */
    double trace, trace_error; /* NAN where it was not asked for, as those that follow */
    double sane, sane_lower, sane_upper;
    double sharpness; /* gᵀHg / ‖g‖² with g = ∇L_B, H = ∇²L_B; NAN where g = 0 */
    /* sᵀHs / sᵀg with s = βv + g, v the saved buffer; NAN without, and where sᵀg = 0 */
    double momentum;
} basin_batch_row;

typedef struct basin_mean { /* over batches, with its 95 % interval by Student's t */
    size_t count;           /* batches it is over: those that have a value */
    double mean, lower, upper, deviation;
    double least, median, most;
} basin_mean;

/* Curvature of mini-batches: how it is distributed over them, and the batch sharpness of the edge
   of stochastic stability, which under SGD settles at 2/η while λ_max of all samples stays below
   (A. Andreyev & P. Beneventano, arXiv:2412.20553); with momentum at 2(1-β)/η for small and at
   2(1+β)/η for large batches (arXiv:2604.14108). */
typedef struct basin_batches {
    size_t parameters, samples, batch_size, count;
    double loss;           /* of all samples */
    double gradient_norm;  /* likewise */
    int    operator_kind;  /* of the rows' λ_max, trace and SANE; sharpness is the Hessian's */
    bool   preconditioned; /* likewise */
    basin_batch_row *rows; /* [count] */
    basin_mean       lambda_max, trace, sane, sharpness, momentum;
    /* E[gᵀHg] / E[‖g‖²]: batches count by their gradient, with a jackknife's interval */
    double   ratio, ratio_lower, ratio_upper;
    double   whole_lambda_max, whole_residual; /* of all samples */
    bool     whole_verified;                   /* that it is the largest */
    size_t   verified;                         /* batches of which it is */
    size_t   without_gradient;                 /* batches with g = 0, which have no sharpness */
    double   learning_rate, beta;              /* recorded; NAN */
    double   ceiling, ceiling_small, ceiling_large; /* 2/η, 2(1-β)/η, 2(1+β)/η; NAN */
    double   kappa;
    uint64_t seed;
} basin_batches;

typedef struct basin_batches_options {
    size_t        count;               /* 0 = 50 */
    size_t        batch_size;          /* 0 = recorded, else 128; at most N */
    bool          whole_spectrum;      /* trace and SANE of each batch as well */
    bool          sharpness_only;      /* no largest eigenvalues: they are NAN */
    const double *momentum;            /* [P] v, or NULL */
    double        beta, learning_rate; /* recorded; NAN */
    double        kappa;               /* 0 = 0.5 */
    uint64_t      seed; /* of the batches: each is drawn without replacement, by itself */
} basin_batches_options;

/* BASIN_ERR_ARG for fewer than two batches or a batch beyond the samples. Caller destroys. */
basin_status basin_batches_compute(basin_point *point, const basin_batches_options *options,
                                   basin_batches **out);
void         basin_batches_destroy(basin_batches **batches);

/* ---------------------------------------------------------------------------------- forecast -- */

typedef struct basin_work { /* one kind of work, done several times */
    /* gradient | loss | freeze | product | block | points | basis | eigenvalues */
    char  *name;
    char  *definition;  /* one line */
    size_t count, most; /* times: expected, and at most; equal where it is exact */
    double flops;       /* of one (docs/performance.md); NAN where nobody counts them */
    double seconds;     /* of one, as measured */
} basin_work;

/* What an analysis is going to do, and what that takes: counted by the code that does it, timed by
   doing each kind of work once after a warm-up, on fewer samples where all take long (and a smaller
   eigenvalue problem for a large one). That takes seconds and a frozen point. */
typedef struct basin_forecast {
    /* spectrum | trace | blocks | batches | sane | slice | sharpness */
    char       *analysis;
    char       *method; /* dense | lanczos | ritz; NULL where there is only one */
    size_t      parameters, samples;
    size_t      work_count;
    basin_work *works;
    size_t      products, products_most; /* H·v in all, as in basin_cost */
    size_t      gradients, losses;       /* passes over samples; points of a slice are losses */
    /* of the products' frozen point; all zero where there is none */
    basin_provision provision;
    size_t          limit_bytes;   /* basin_memory_limit() */
    size_t          program_bytes; /* program and libraries, about */
    size_t          held_bytes;    /* in use already: checkpoint, data, network */
    size_t          beside_bytes;  /* vectors, a matrix or a basis, grids */
    size_t          total_bytes;   /* at the peak */
    /* before the work: reading, compiling; set by the caller, 0 otherwise */
    double start_seconds;
    double seconds, seconds_most; /* of the work */
} basin_forecast;

/* Each counts what is left to do at a point that has not been asked for anything yet. */
basin_status basin_spectrum_forecast(basin_point *point, const basin_spectrum_options *options,
                                     basin_forecast **out);
basin_status basin_trace_forecast(basin_point *point, const basin_trace_options *options,
                                  basin_forecast **out);
/* Of blocks of more than 6,000 parameters and of batches products are told as those of the whole
   network on all samples, times their share of these. */
basin_status basin_blocks_forecast(basin_point *point, const basin_blocks_options *options,
                                   basin_forecast **out);
basin_status basin_batches_forecast(basin_point *point, const basin_batches_options *options,
                                    basin_forecast **out);
basin_status basin_sane_ritz_forecast(basin_point *point, const basin_sane_options *options,
                                      basin_forecast **out);
basin_status basin_sane_estimate_forecast(basin_point                  *point,
                                          const basin_spectrum_options *spectral,
                                          const basin_sane_options *options, basin_forecast **out);
/* The request's directions are not read: `specs` [axis_count] says what it takes to make them. */
basin_status basin_slice_forecast(const basin_slice_request  *request,
                                  const basin_direction_spec *specs, basin_forecast **out);
/* Likewise; of seeds `spec` is not read, else it is the direction. */
basin_status basin_band_forecast(const basin_band_request   *request,
                                 const basin_direction_spec *spec, basin_forecast **out);
basin_status basin_connection_forecast(const basin_connection_request *request,
                                       basin_forecast                **out);
basin_status basin_sharpness_forecast(basin_point *point, const basin_sharpness_options *options,
                                      basin_forecast **out);
basin_status basin_sharpness_table_forecast(basin_point                         *point,
                                            const basin_sharpness_table_options *options,
                                            basin_forecast                     **out);
void         basin_forecast_destroy(basin_forecast **forecast);

/* ---------------------------------------------------------------- measures of one checkpoint -- */

/* What a measure speaks to. A claim is about one family: curvature is «flatter» or «sharper»,
   effective dimension «lower» or «higher» (a lower λ_max alone raises SANE), the rise of the loss
   «smaller» or «larger». Of basin_measures.h, which says of each measure what it speaks to, a
   comparison takes those with `compared`. */
typedef enum basin_family {
    BASIN_FAMILY_CURVATURE,
    BASIN_FAMILY_DIMENSION,
    BASIN_FAMILY_RISE, /* of the loss: one-step, symmetrised, along common directions */
    BASIN_FAMILY_GENERALISATION,
    BASIN_FAMILY_CONDITION, /* is not claimed, but must be looked at; not part of the report */
    BASIN_FAMILIES
} basin_family;

/* What a measure needs beside the weights and the training samples: name, bit, text. */
#define BASIN_NEED_LIST(X)                                                  \
    X(RECORD, 1, "record") /* of the method and its settings */             \
    X(GRADIENT, 2, "gradient")                                              \
    X(SPECTRUM, 4, "spectrum")                                              \
    X(RISES, 8, "losses along directions")                                  \
    X(MOMENTUM, 16, "momentum")                                             \
    X(RAW, 32, "raw point") /* the weights that training had */             \
    X(TEST, 64, "test split")                                               \
    X(CLEAN, 128, "split noisy") /* to leave out of the training samples */ \
    X(START, 256, "start of the run")                                       \
    /* these cost more, and are there only where they are asked for */      \
    X(SUBSPACE, 512, "top eigenvectors, on request")                        \
    X(STEP, 1024, "the next step, on request")                              \
    X(BATCHES, 2048, "mini-batches, on request")                            \
    X(SHARPNESS, 4096, "sharpness by name, on request")

#define BASIN_NEED_ENUM(name, bit, text) BASIN_NEEDS_##name = bit,
typedef enum basin_need { BASIN_NEEDS_NOTHING = 0, BASIN_NEED_LIST(BASIN_NEED_ENUM) } basin_need;
#undef BASIN_NEED_ENUM
/* what basin_row_options.request may ask for */
#define BASIN_NEEDS_ON_REQUEST \
    (BASIN_NEEDS_SUBSPACE | BASIN_NEEDS_STEP | BASIN_NEEDS_BATCHES | BASIN_NEEDS_SHARPNESS)

/* What leaves a measure alone: name, bit, text. */
#define BASIN_INVARIANCE_LIST(X)                                                          \
    X(RESCALING, 1, "rescaled layers") /* of a network that computes the same function */ \
    X(LOSS_SCALE, 2, "L → cL")

#define BASIN_INVARIANCE_ENUM(name, bit, text) BASIN_INVARIANT_TO_##name = bit,
typedef enum basin_invariance {
    BASIN_INVARIANT_TO_NOTHING = 0, /* of these */
    BASIN_INVARIANCE_LIST(BASIN_INVARIANCE_ENUM)
} basin_invariance;
#undef BASIN_INVARIANCE_ENUM

/* What the ends beside a number are. */
typedef enum basin_interval {
    BASIN_INTERVAL_NONE,           /* there are none */
    BASIN_INTERVAL_RESIDUAL,       /* an eigenvalue lies between them: value ∓ ‖Hq − λq‖ */
    BASIN_INTERVAL_BOUNDS,         /* the quantity lies between them: docs/measures.md says why */
    BASIN_INTERVAL_STANDARD_ERROR, /* value ∓ one standard error */
    BASIN_INTERVAL_CALIBRATED,     /* 95 %, calibrated on exact spectra: basin_spectral_sum */
    BASIN_INTERVALS
} basin_interval;
/* none | residual | bounds | standard_error | calibrated */
const char *basin_interval_text(basin_interval interval);

typedef struct basin_value {
    double value;        /* NAN: unknown or undefined */
    double lower, upper; /* NAN where there is no interval */
    int    interval;     /* basin_interval */
} basin_value;

/* The number of a measure: BASIN_MEASURE_lambda_max, …, and how many there are. */
typedef enum basin_measure {
#define BASIN_MEASURE(name, ...) BASIN_MEASURE_##name,
#include "basin_measures.h"
    BASIN_MEASURES
} basin_measure;

/* Where of a checkpoint a row was measured. */
typedef enum basin_point_kind {
    BASIN_POINT_RAW,      /* at its weights (unperturbed) */
    BASIN_POINT_POLISHED, /* after K plain gradient steps from there (basin_polish) */
    /* at the mean of the weights of consecutive checkpoints that end with it */
    BASIN_POINT_AVERAGED,
    BASIN_POINTS
} basin_point_kind;
const char *basin_point_text(basin_point_kind point); /* raw | polished | averaged */

/* How the top eigenvectors of a checkpoint lie to those of others of its run: largest angles in
   degrees, as basin_eigenspace_turn gives them; NAN: not measured, not separated. */
typedef struct basin_turning {
    int64_t since;      /* step of the measured checkpoint before; -1: there is none */
    int64_t until;      /* step of the last one of the run; -1: this is it */
    size_t  dimension;  /* k; 0: not measured */
    double  top, whole; /* of the first vector, and of the span of all k, to that before */
    double  last_top, last_whole; /* and to the last one */
} basin_turning;

/* The same of the span of the first d, with by how much an angle may be off and the similarity. */
typedef struct basin_turn {
    size_t row, dimension; /* of the track; d */
    double angle, error, similarity;
    double last_angle, last_error, last_similarity;
} basin_turn;

/* Where in the network the squared norms of gradient and momentum lie: the share of one layer, and
   what of the energy in the top eigenspace is in it. The latter sum up to gradient_top_energy and
   momentum_top_energy; NAN where the vector is not there. */
typedef struct basin_layer {
    size_t row; /* of the track */
    char  *name;
    double gradient, gradient_energy, momentum, momentum_energy;
} basin_layer;

typedef struct basin_layers { /* of one row, in the order of theta */
    size_t       count;       /* 0: no layers are known */
    basin_layer *layers;
} basin_layers;
void basin_layers_clear(basin_layers *layers);

/* One row of `track` and `compare`: everything measured at one point of one checkpoint. */
typedef struct basin_row {
    char *run, *checkpoint; /* folder and file name */
    char *method;
    /* why it could not be measured («diverged: NaN in fc1.weight»), or NULL; then the rest is
       NAN */
    char *missing;
    int   point; /* basin_point_kind */
    /* 0: on all the training samples asked for; 1, 2: on a random half of these */
    size_t part;
    /* interpolated to this training loss between two checkpoints; NAN: measured at one */
    double  at_loss;
    int     weights; /* basin_weights_kind, not MIXED; -1 unknown */
    int64_t seed, step;
    double  epoch;
    int64_t gradient_evaluations;
    double  seconds;
    double  learning_rate, momentum, rho, weight_decay;
    size_t  parameters, samples;
    /* that the training split has: more than `samples` where a subset was used */
    size_t split_samples;
    size_t test_samples; /* 0 without a test split */
    /* every measure of basin_measures.h, by its number or by its name */
    union {
        basin_value measures[BASIN_MEASURES];
        struct {
#define BASIN_MEASURE(name, ...) basin_value name;
#include "basin_measures.h"
        };
    };
    basin_stationarity stationarity;
    /* of n_eff: the option, else 0.5 in every row; never a run's own decay */
    double        alpha;
    double        sharpness_rho;   /* radius of all rises: the same for every row compared */
    double        subspace;        /* k of the energies in the top eigenspace; NAN: none measured */
    double        batch_samples;   /* of each batch of batch_sharpness; NAN: not measured */
    int64_t       batch_size;      /* 0 = full batch, which the ceiling supposes; -1 unknown */
    int           spectrum_method; /* basin_spectrum_method, not AUTO; -1 unknown */
    char         *network;         /* as basin_graph_describe; not in JSON; NULL unknown */
    char         *loss_function;   /* in full, as basin_loss_spec_describe; NULL unknown */
    char         *data_digest;     /* of the data set, SHA-256 of its content; NULL unknown */
    basin_polish  polish;          /* how a polished point was reached; steps = 0: it was not */
    size_t        averaged;        /* checkpoints averaged; 0 = none */
    basin_turning turning; /* of raw points of `track`, where the top eigenspace was asked for */
} basin_row;

/* A column of a table of rows: a measure, as basin_measures.h lists it, or a number of the record
   that figures have on an axis. */
typedef struct basin_column {
    const char *name;        /* as in JSON, but for what it stands in there */
    const char *label;       /* on axes; \1…\2 is a subscript */
    size_t      offset;      /* in basin_row: of a measure's basin_value, else of the number */
    double      least, most; /* what it can be */
    bool        integer;     /* of the record: an int64_t, -1 unknown; else a double */
    /* of the record: at a row between two others as at the later of them */
    bool fixed;
    /* of measures */
    const char  *unit;       /* of L, the loss, and θ, the parameters; 1: a pure number */
    const char  *definition; /* one line */
    basin_family family;
    unsigned     needs;      /* of basin_need: where one is not there, it is NAN */
    unsigned     invariance; /* of basin_invariance */
    bool         compared;   /* methods are held against each other by it */
    int          better;     /* generalisation: +1 higher, −1 lower is better; else 0 */
    bool         ratio;      /* held against another by their ratio, where both are positive */
    /* a sum over the whole spectrum, of which a truncated one gives a part */
    bool whole;
    bool at_raw_only; /* compared at raw points only: others do not measure it anew */
    /* looks along a direction of each run's own, by which methods differ, too */
    bool own_direction;
    /* offset of the double that is part of its definition: rows where that differs are not compared
       by it; 0: none */
    size_t setting;
    /* over its column in what `track` prints; NULL: it is not printed */
    const char *title;
    /* likewise in its second table, of what was asked for in addition */
    const char *aside;
    int         digits; /* printed; 0: in per cent */
} basin_column;

/* The measures, in the order of their numbers, then the record. */
extern const basin_column basin_columns[];
extern const size_t       basin_column_count;

const basin_column *basin_column_find(const char *name); /* NULL if there is none */
/* Which measure of `sharpness` by name it is, at one radius; BASIN_SHARPNESS_MEASURES: none. */
basin_sharpness_measure basin_column_sharpness(const basin_column *column);
/* NAN: unknown */
double basin_column_value(const basin_row *row, const basin_column *column);
/* The ends of its interval; both are the value where there is none. */
void basin_column_bounds(const basin_row *row, const basin_column *column, double *low,
                         double *high);
/* SANE or N_eff of a truncated spectrum that leaves it open by more than 1 %, and without a
   calibrated interval. */
bool basin_column_partial(const basin_row *row, const basin_column *column);

enum { BASIN_SUBSPACE = 5 }; /* top eigenvectors of an eigenspace where no number is given */

typedef struct basin_row_options {
    basin_spectrum_options spectrum; /* with both_ends */
    basin_sane_options     sane;
    /* of the row: the method's own ceiling and fall_per_step are those of raw points only */
    basin_point_kind        point;
    double                  rho;     /* of the one-step rises; 0 = 0.05 */
    size_t                  random;  /* random directions of rise_random; 0 = 4 */
    uint64_t                seed;    /* of the first of them, and of the mini-batches */
    const basin_checkpoint *start;   /* of the run (basin_run_start); NULL = not known. Borrowed */
    unsigned                request; /* of BASIN_NEEDS_ON_REQUEST: what to measure in addition */
    size_t subspace;   /* k of the top eigenspace; 0 = BASIN_SUBSPACE; at most P - 1 */
    size_t batches;    /* 0 = 20 */
    size_t batch_size; /* 0 = recorded, else 128; at most the samples */
    /* of the measures that need BASIN_NEEDS_SHARPNESS, those to compute; none chosen = all */
    bool chosen[BASIN_MEASURES];
    /* where the top eigenspace goes; NULL: nowhere. Caller destroys it */
    basin_eigenspace **eigenspace;
    /* where its energies go layer by layer, with row = 0; NULL: nowhere. Caller clears */
    basin_layers *layers;
} basin_row_options;

/* Measures a point of the training objective with the checkpoint's record; test and clean,
   objectives of as many parameters, may be NULL. One gradient and one frozen Hessian. Fills the
   numbers; the caller sets run, checkpoint, part, weights, split_samples, polish and averaged, and
   data_digest where the data are not those that the checkpoint records. The point's theta is the
   checkpoint's after any undoing, polishing or averaging. Caller clears with basin_row_clear. */
basin_status basin_row_compute(basin_point *point, basin_objective *test, basin_objective *clean,
                               const basin_checkpoint *ck, const basin_row_options *options,
                               basin_row *out);
/* Fills row->turning and turns [own->dimension]: how the top eigenspace of the row lies to that of
   the checkpoint measured before it and to that of the last one of the run, at the steps `since`
   and `until`; NULL: there is none. Nothing is said of those of another P or dimension. */
basin_status basin_row_turn(basin_row *row, const basin_eigenspace *own,
                            const basin_eigenspace *before, int64_t since,
                            const basin_eigenspace *last, int64_t until, basin_turn *turns);
/* About what `points` rows on such an objective cost as one job (basin_jobs_run), of which
   `gradients` are evaluations beside those of basin_row_compute, as of a polish. */
basin_status basin_row_cost(const basin_objective *train, const basin_row_options *options,
                            size_t points, size_t gradients, basin_job_cost *out);
/* The record of a checkpoint alone (method to weight_decay, parameters, batch_size to
   data_digest); every measure is NAN. Caller clears. */
basin_status basin_row_record(const basin_checkpoint *ck /* NULL: nothing is known */,
                              basin_row              *out);
/* The record, loss (with the weight decay that is included) and accuracy on the training objective
   and ‖theta‖ alone, at the cost of one loss: enough to tell whether two runs started at the same
   weights on the same data, and how far one came down. Caller clears. */
basin_status basin_row_glance(basin_objective *train, const basin_checkpoint *ck,
                              const basin_decay *included /* NULL: none */, basin_row *out);
/* The row between `before` and `after`, two consecutive checkpoints of a run with
   before->train_loss > loss >= after->train_loss > 0: each measure linear in ln(train loss). Caller
   clears. */
basin_status basin_row_interpolate(const basin_row *before, const basin_row *after, double loss,
                                   basin_row *out);
/* Rows of two consecutive checkpoints of a run, each at several kinds of points and on parts of
   the samples: `out` [after_count] has for each of `after` its row where the raw rows of all
   samples (part 0) have that training loss, all at the place between the two that these give; or
   a copy of it, where there is nothing to interpolate. *standing counts such copies of measured
   rows of part 0. Caller clears each. */
basin_status basin_rows_interpolate(const basin_row *before, size_t before_count,
                                    const basin_row *after, size_t after_count, double loss,
                                    basin_row *out, size_t *standing);
void         basin_row_clear(basin_row *row); /* frees the strings; zeroes */

/* Largest stable λ_max of a method at full batch (docs/measures.md): gd, sgd 2(1+β)/η, nag, sam,
   usam, msam; NAN for others and for η = 0. gradient_norm and momentum_norm enter for sam and
   msam, with rho/‖·‖ held fixed: since these norms follow λ_max, the ratio λ_max/ceiling tends to
   1 on a fixed quadratic whatever λ_max is. It is an index of hovering there, not of stability.
   Coupled weight decay is taken off: it is curvature too; decoupled decay w shrinks the ceiling of
   heavy ball to (1+β)(2/η − w). */
double basin_ceiling(const char *method, const basin_hyperparameters *hyper, double gradient_norm,
                     double momentum_norm);
/* The ceiling of the same learning rate, momentum and decay without the perturbation; NAN for
   methods that basin_ceiling does not know. */
double basin_ceiling_plain(const char *method, const basin_hyperparameters *hyper);

/* What a run was doing between its checkpoints (docs/measures.md, «Phases»). */
typedef enum basin_phase_kind {
    /* the checkpoints do not tell: too few, too far apart, or within their errors */
    BASIN_PHASE_UNDECIDED,
    BASIN_PHASE_DESCENT,    /* the loss falls, λ_max stays below the ceiling and does not rise */
    BASIN_PHASE_SHARPENING, /* λ_max rises from checkpoint to checkpoint, below the ceiling */
    BASIN_PHASE_EDGE,       /* λ_max stays at the ceiling */
    BASIN_PHASE_CATAPULT,   /* beyond the ceiling the loss peaks, and λ_max comes down below it */
    BASIN_PHASES
} basin_phase_kind;
/* undecided | descent | sharpening | edge | catapult */
const char *basin_phase_text(basin_phase_kind phase);

typedef struct basin_phase {
    char   *run;
    int     kind;        /* basin_phase_kind */
    int64_t from, to;    /* steps of its first and its last checkpoint; -1 unknown */
    size_t  first, last; /* rows of these, by their numbers */
    /* λ_max over the ceiling at both; NAN where the ceiling is unknown */
    double from_ratio, to_ratio;
    double peak;     /* catapult: the largest loss within, over that at `from`; else NAN */
    bool   hovering; /* edge: of a ceiling that follows λ_max (sam, msam) */
} basin_phase;

/* The phases of one run from its rows by step, of which those at raw points on all samples count;
   `out` [*out_count] cover them from the first to the last. BASIN_ERR_ARG for rows of two runs.
   Caller frees with basin_phases_free. */
basin_status basin_phases_find(const basin_row *rows, size_t count, basin_phase **out,
                               size_t *out_count);
void         basin_phases_free(basin_phase **phases, size_t count);

typedef struct basin_track {
    size_t       row_count;
    basin_row   *rows;    /* by run, then by step */
    size_t       missing; /* how many rows are missing */
    size_t       phase_count;
    basin_phase *phases; /* by run, then by step */
    /* of the rows whose top eigenspace was asked for */
    size_t       turn_count;
    basin_turn  *turns; /* by row, then by dimension */
    size_t       layer_count;
    basin_layer *layers; /* by row, then in the order of theta */
    /* what holds the rows apart («their losses differ: …»), whose statistics are not theirs; NULL =
       nothing */
    char *note;
} basin_track;
void basin_track_destroy(basin_track **track);

/* -------------------------------------------------------------------------------- invariance -- */

/* Which measures stay under changes of the weights that leave the function alone, told by making
   these changes and measuring again (docs/measures.md, «Invariance»). */
typedef enum basin_invariance_verdict {
    BASIN_STAYS,          /* no value moved by more than rounding, with the same seed */
    BASIN_MOVES,          /* some value moved by more than its error */
    BASIN_STAYS_OR_MOVES, /* values moved, but not beyond their errors: undecided */
    BASIN_NOT_JUDGED      /* it has no value here */
} basin_invariance_verdict;
/* invariant | moves | undecided | not_measured */
const char *basin_invariance_text(basin_invariance_verdict verdict);

/* A change by which outputs move more than this, relatively, as by the ε of a LayerNorm before
   which weights became small, is no such change: it is measured, but does not count. */
#define BASIN_SAME_OUTPUTS 1e-4

typedef struct basin_change { /* one change of the weights */
    int symmetry;             /* basin_symmetry */
    /* f of layers and of what a normalisation undoes; of units F, each its own f = F^z, z uniform
       in [-1, 1]; a of bases a · Gaussian; of a permutation its number */
    double factor;
    double outputs; /* largest difference of an output, over the largest magnitude of one */
    double loss;
    char  *missing; /* why it cannot be made («… would make the variance negative»), or NULL */
} basin_change;

typedef struct basin_invariance_row { /* one measure under one kind of changes */
    char  *measure;                   /* of basin_measures.h or basin_sharpness_measures.h */
    char  *part;                      /* the tensor that it is of; NULL: the whole network */
    double rho;                       /* NAN: it has no radius */
    int    symmetry;                  /* basin_symmetry */
    int    verdict;                   /* basin_invariance_verdict */
    int    known;                     /* basin_symmetric, as the list has it; -1: it does not say */
    double value;                     /* at the weights as they are */
    double error;                     /* half-width of its interval; 0: exact, or a lower bound */
    double change;                    /* the largest |m' - m| / max(|m|, |m'|) over the changes */
    double at;                        /* the factor of it */
    /* likewise under other seeds and, of other kinds of changes, under permutations: what measuring
       itself does */
    double  noise;
    double  tolerance; /* a change that counts as rounding: 1e-6, or 100 times that of outputs */
    char   *missing;   /* why there is no value, or NULL */
    size_t  count;     /* changes of this kind */
    double *factors;   /* [count] */
    double *values;    /* [count] NAN where there is none */
    double *errors;    /* [count] half-widths */
} basin_invariance_row;

typedef struct basin_invariances {
    char                 *network; /* as basin_graph_describe; not in JSON */
    size_t                parameters, samples;
    char                 *split;
    double                loss;
    uint64_t              seed;
    size_t                held; /* hidden units that stayed (basin_symmetries) */
    size_t                change_count;
    basin_change         *changes;
    size_t                row_count;
    basin_invariance_row *rows; /* by measure, then by kind of change */
} basin_invariances;

typedef struct basin_invariance_request {
    basin_objective           *objective; /* of the checkpoint's network, at ck->theta */
    const basin_checkpoint    *ck;
    const basin_symmetries    *symmetries;
    const basin_point_options *record; /* of every point */
    /* an objective of another graph of the same network on the same samples; caller destroys */
    basin_status (*bind)(void *payload, const basin_graph *graph, basin_objective **out);
    /* basin_network_difference */
    basin_status (*difference)(basin_objective *a, const double *theta_a, basin_objective *b,
                               const double *theta_b, double *difference, double *magnitude);
    void *payload;
    bool  tried[BASIN_SYMMETRIES]; /* all false: all */
    /* [factor_count] f; NULL: 1/25, 1/5, 5, 25; of bases 1/100, 1/10, 1, 10, 100 */
    const double *factors;
    size_t        factor_count;
    /* of basin_measures.h; of the others each at the first of its default radii */
    bool                          measures[BASIN_MEASURES];
    bool                          sharpness[BASIN_SHARPNESS_MEASURES];
    basin_row_options             row;   /* of the former */
    basin_sharpness_table_options table; /* of the latter, but for measures and radii */
    uint64_t                      seed;
} basin_invariance_request;

/* BASIN_ERR_UNSUPPORTED where the network has none of the symmetries; BASIN_ERR_VALUE for a factor
   that is not positive. With basin_time_limit_set it ends after the kinds of change that there was
   time for. Caller destroys. */
basin_status basin_invariances_compute(const basin_invariance_request *request,
                                       basin_invariances             **out);
void         basin_invariances_destroy(basin_invariances **invariances);
/* How often everything asked for would be measured: 1, 2 with other seeds, and once a change. */
size_t basin_invariances_points(const basin_invariance_request *request);

/* -------------------------------------------------------------------------------- comparison -- */

/* The runs of one method, with `by` of one value of a setting, at one checkpoint each. */
typedef struct basin_group {
    /* of the method; with `by` and its value, «sam, rho 0.1»; «gd, budget of sam» of the extra
       group at equal gradient evaluations */
    char *name;
    char *method; /* gd | sam | msam | … | unknown */
    /* of the setting that groups are made by; NAN: not recorded, or by none */
    double value;
    /* the method whose gradient evaluations the extra group has spent; NULL: a method at the common
       step or loss */
    char   *budget_of;
    size_t  run_count;
    size_t *rows; /* [run_count] indices into the comparison's rows, of the raw points */
    double  gradient_evaluations, seconds; /* mean */
} basin_group;

typedef struct basin_estimate { /* one measure in one group, at one kind of point */
    char  *measure, *group;
    int    point; /* basin_point_kind */
    size_t n;
    /* 95 % t-interval, cut to what the measure can be (accuracy: [0, 1]); NAN below 2 runs */
    double mean, sd, lower, upper;
    /* standard error of the mean over the choice of training samples, from halves of a subset, as
       if all runs erred alike, for they share the choice; NAN where there are no halves */
    double sampling_error;
    /* mean of the halves minus the whole: how the measure moves from N/2 to N samples; NAN
       likewise */
    double sampling_bias;
} basin_estimate;

typedef enum basin_verdict {
    BASIN_VERDICT_UNDECIDED,
    BASIN_VERDICT_LOWER,
    BASIN_VERDICT_HIGHER,
    BASIN_VERDICT_TOO_FEW_SEEDS, /* even all signs alike would not decide; seeds_needed could */
    BASIN_VERDICT_NOT_MEASURED,
    BASIN_VERDICT_NOT_PAIRED,
    /* a run against its own continuation: listed, no comparison of methods */
    BASIN_VERDICT_CONTINUATION
} basin_verdict;

/* one measure at one kind of point, one group against the base group, paired by seed */
typedef struct basin_difference {
    char *measure, *group, *base;
    int   family, point; /* basin_family, basin_point_kind */
    /* a measure that is positive in every pair: mean, lower and upper are of group / base, by
       logarithms; otherwise of group - base */
    bool   ratio;
    size_t pairs;
    /* mean (geometric of ratios) and 95 % t-interval of the paired differences */
    double mean, lower, upper;
    /* generalisation: standard error of the mean difference (of logarithms, if ratio) over the rows
       of the test set, from its parts; NAN where it is unknown. A report must stand out against it,
       too: see measures.md */
    double rows_error;
    /* standard error of the mean difference (of logarithms, if ratio) by the errors of its values,
       calibrated intervals and standard errors, as if all seeds erred alike; 0 without any. What it
       explains together with the seeds is not decided: see measures.md */
    double interval_error;
    /* exact two-sided sign-flip test, under symmetry of the differences (of logarithms, if
       ratio) */
    double p;
    /* adjusted over the measures of its family at all points of this pair: step-down, signs flipped
       jointly by seed */
    double p_family;
    /* adjusted over all families but conditions, and over all pairs that the report tests; NAN for
       conditions and continuations. p_report >= p_family >= p */
    double p_report;
    /* attainable: 2/2^n, n the pairs that differ at all (above 24 1/100,001: sampled) */
    double p_smallest;
    /* same seed gave the same start (as recorded); false: only listed, p = NAN */
    bool paired;
    bool losses_unequal; /* the training losses of these two groups differ: see losses_note */
    int  verdict;        /* basin_verdict by p_family: what holds of this family alone */
    int  report;         /* basin_verdict by p_report: what the report says */
    /* that could decide by p_report, if all agreed in sign; 0 = these can */
    size_t seeds_needed;
} basin_difference;

/* The answer to «is this group flatter than its base, and does that go with generalisation here?»
   by the rules of docs/verdict.md. */
typedef enum basin_conclusion_kind {
    BASIN_CONCLUSION_SUPPORTED,     /* flatter also where rescaling changes nothing, and better */
    BASIN_CONCLUSION_NOT_TIED,      /* that flat, but generalisation does not go with it */
    BASIN_CONCLUSION_NOT_INVARIANT, /* flatter only by measures that rescaling moves */
    BASIN_CONCLUSION_DISAGREE,      /* some measures say flatter, others sharper */
    BASIN_CONCLUSION_NOT_SUPPORTED, /* sharper, or equivalent within the margin */
    BASIN_CONCLUSION_INCONCLUSIVE,  /* unequal losses, no pairs, too few seeds, nothing decides */
    BASIN_CONCLUSIONS
} basin_conclusion_kind;
/* supported | not_tied | not_invariant | disagree | not_supported | inconclusive */
const char *basin_conclusion_text(basin_conclusion_kind kind);
/* in words, e.g. «flatter, but not tied to generalisation here» */
const char *basin_conclusion_words(basin_conclusion_kind kind);

typedef struct basin_conclusion { /* of one group against one base */
    char *group, *base;
    int   kind;   /* basin_conclusion_kind */
    char *reason; /* one sentence, with the measures and numbers that it rests on */
    char *change; /* what would change the answer, in one sentence */
    /* measures of flatness at each kind of point that the report decides, by direction, and those
       it does not; of them those that rescaling leaves alone */
    size_t flatter, sharper, undecided;
    size_t invariant_flatter, invariant_sharper, invariant_undecided;
    /* basin_conclusion_kind and its reason by the same rules over those measures alone that
       rescaling leaves alone */
    int    invariant_kind;
    char  *invariant_reason;
    size_t equivalent; /* within the margin, by two one-sided tests at the level */
    /* about how many seeds would decide what is not decided and matters most, at the spread seen
       (power 0.8); 0: nothing is asked for, or it cannot be told */
    size_t seeds_needed;
} basin_conclusion;

/* How the order of runs by one measure goes with their order by a measure of generalisation:
   Kendall's τ-b (M. Kendall, Biometrika 33, 1945) over the raw points compared. */
typedef struct basin_correlation {
    char *measure, *against; /* gap or test_loss */
    /* «all»: over all runs at once. Else a setting that differs while all others are equal (method,
       seed, learning_rate, momentum, rho, weight_decay, batch_size): the mean of τ over such groups
       of runs (granulated: Jiang et al., arXiv:1912.02178) */
    char  *over;
    size_t runs, groups, pairs; /* that enter; all: 1 group */
    size_t units;   /* all: seeds, or runs, that bootstrap samples are drawn of; else 0 */
    bool   by_seed; /* all: seeds */
    double tau;     /* NAN: no pair that differs by both */
    /* all: 95 % by the bootstrap over seeds, or over runs where there are fewer than 5 seeds; else
       NAN */
    double lower, upper;
    /* share of the pairs that the measure orders the other way than `against` does
       (Dziugaite et al., arXiv:2010.11924): of worth as the largest over settings */
    double sign_error;
} basin_correlation;

enum { BASIN_CORRELATION_RUNS = 5 /* fewer are not correlated */ };

/* What results of `invariance` on the same network say of a measure of flatness that is compared,
   over all kinds of change but permutations, which are the control. It counts as invariant where it
   was measured and stayed under all of them. */
typedef struct basin_invariant {
    char *measure;
    bool  listed;  /* by the list, rescaling leaves it alone */
    int   verdict; /* basin_invariance_verdict: the worst of them */
    /* of the worst, and among these of the largest change: basin_symmetry (-1: not measured), the
       largest relative change, its factor, and the file of the result */
    int    symmetry;
    double change, at;
    char  *file;
} basin_invariant;

/* What an extra cost is of worth to the reader: a gain of `gain` in test accuracy (or of so much
   less test loss) pays for `cost` seconds or gradient evaluations. */
typedef enum basin_worth_unit {
    BASIN_WORTH_NONE, /* nothing was said */
    BASIN_WORTH_SECONDS,
    BASIN_WORTH_EVALUATIONS,
    BASIN_WORTH_UNITS
} basin_worth_unit;

typedef struct basin_worth {
    int    unit;     /* basin_worth_unit, of the cost */
    bool   accuracy; /* the gain is of test accuracy; else of test loss */
    double gain, cost;
} basin_worth;

/* A worth as it is typed: «0.1%=30s» (test accuracy), «0.01=2h» (test loss), «0.1%=500evaluations»;
   units s, min, h and evaluations. BASIN_ERR_ARG for anything else. */
basin_status basin_worth_parse(const char *text, basin_worth *out);

typedef enum basin_payment {
    BASIN_PAYMENT_NOT_ASKED,
    BASIN_PAYMENT_PAYS,         /* the net value is above 0 */
    BASIN_PAYMENT_DOES_NOT_PAY, /* it is below 0 */
    BASIN_PAYMENT_UNDECIDED,
    BASIN_PAYMENT_TOO_FEW_SEEDS, /* even all signs alike would not decide */
    BASIN_PAYMENT_NOT_RECORDED,  /* the cost is not recorded, or the gain not measured */
    BASIN_PAYMENTS
} basin_payment;
/* not_asked | pays | does_not_pay | undecided | too_few_seeds | not_recorded */
const char *basin_payment_text(basin_payment payment);

/* What a group spent beyond its base, and what it got for it, paired by seed: means and 95 %
   intervals; NAN where something is not recorded. */
typedef struct basin_benefit {
    char  *group, *base;
    char  *measure; /* test_accuracy | test_loss */
    size_t pairs;
    /* how much better: of accuracy the difference, of loss the fall. The interval holds seeds and,
       where the parts of the test set are known, its rows together */
    double gain, gain_lower, gain_upper;
    bool   rows_known;
    /* gradient evaluations and recorded seconds of the group less those of its base */
    double evaluations, evaluations_lower, evaluations_upper;
    double seconds, seconds_lower, seconds_upper;
    /* gain for each extra evaluation; NAN unless every pair has spent more */
    double rate, rate_lower, rate_upper;
    /* with a worth in that measure: gain · cost / gain of the worth, less the extra cost, in its
       unit. Interval at the level, divided by the pairs of groups */
    double net, net_lower, net_upper;
    double p;      /* exact sign-flip test of net = 0, times the pairs of groups */
    int    answer; /* basin_payment */
} basin_benefit;

/* How something beside the measures of flatness, which may be behind them, differs between a group
   and its base, pair by pair. */
typedef enum basin_confounding {
    BASIN_CONFOUNDING_EQUAL, /* a setting: the same in every pair, as recorded */
    BASIN_CONFOUNDING_LOWER, /* in every pair, or by the test */
    BASIN_CONFOUNDING_HIGHER,
    BASIN_CONFOUNDING_MIXED,     /* a setting: lower in some pairs and not in others */
    BASIN_CONFOUNDING_UNDECIDED, /* the test does not tell; nothing is shown to be equal */
    BASIN_CONFOUNDING_TOO_FEW_SEEDS,
    BASIN_CONFOUNDING_NOT_KNOWN, /* not recorded or not measured */
    BASIN_CONFOUNDINGS
} basin_confounding;
/* equal | lower | higher | mixed | undecided | too_few_seeds | not_known */
const char *basin_confounding_text(basin_confounding confounding);

typedef struct basin_confounder {
    char  *name; /* a setting, a measure, way_down or batch_sharpness_over_plain */
    char  *group, *base;
    bool   setting;           /* exact, as recorded: nothing is tested */
    size_t pairs;             /* that know it */
    double value, base_value; /* means over these */
    /* as of basin_difference */
    bool   ratio;
    double mean, lower, upper;
    double p;    /* sign-flip test, step-down over the confounders of the pair of groups */
    int    kind; /* basin_confounding */
    /* flatness is decided for this pair, and this difference by itself would act the same way */
    bool same_way;
} basin_confounder;

typedef struct basin_comparison {
    size_t            row_count;
    basin_row        *rows;
    size_t            group_count;
    basin_group      *groups;
    size_t            estimate_count;
    basin_estimate   *estimates;
    size_t            difference_count;
    basin_difference *differences;
    char             *base; /* the group that the others are held against */
    char             *by;   /* the setting that groups are made by; NULL: methods alone */
    /* at which the methods were compared; -1 if each at its own last, or at equal loss */
    int64_t step;
    /* the training loss at which they were compared; NAN = at a step */
    double at_loss;
    double level;        /* of significance */
    size_t report_pairs; /* pairs of groups that the report tests */
    /* training losses of some pair of groups differ: see losses_note */
    bool               losses_unequal;
    char              *losses_note;
    size_t             missing;
    double             margin; /* relative, within which measures are equivalent */
    size_t             correlation_count;
    basin_correlation *correlations; /* by `against`, measure, then what it is over */
    size_t             conclusion_count;
    basin_conclusion  *conclusions; /* of each pair of groups that is a comparison of methods */
    /* of the measures of flatness compared, where results of `invariance` were given; 0: invariance
       is by the list */
    size_t            invariant_count;
    basin_invariant  *invariants;
    basin_worth       worth;
    size_t            benefit_count;
    basin_benefit    *benefits; /* of each such pair, by its measure */
    size_t            confounder_count;
    basin_confounder *confounders; /* of each such pair */
    size_t            note_count;
    char            **notes;           /* in plain words, in order of weight */
    size_t            test_part_count; /* J: parts of the test set; 0 where none were measured */
    /* [row_count, J] mean loss on each part; NAN where not measured */
    double *test_part_loss;
    double *test_part_accuracy; /* [row_count, J] */
} basin_comparison;

typedef struct basin_comparison_options {
    const char *base;  /* group name; NULL = gd, else sgd, else the first */
    double      level; /* of significance; 0 = 0.05 */
    /* relative difference of mean training losses that counts as unequal; 0 = 0.1 */
    double loss_tolerance;
    double margin; /* relative difference that is none: of equivalence; 0 = 0.1 */
    /* > 0: compare at this training loss instead of at a step, each run interpolated between the
       consecutive checkpoints that bracket it, or else at its first checkpoint at or below; 0 = at
       a step */
    double at_loss;
    /* of the rows: with BatchNorm's statistics other than of batches λ_max is not training's; NULL
       = no BatchNormalization */
    const basin_bn_mode *bn;
    const char          *note; /* what was met while measuring and rows do not say, e.g. that the
                             statistics of BatchNorm are of other weights; NULL = nothing */
    /* J equal parts of one test set, the same for all rows; 0 = none */
    size_t test_part_count;
    /* [count, J], as basin_test_parts gives them; NAN where not measured */
    const double *test_part_loss;
    const double *test_part_accuracy; /* [count, J] */
    /* results of `invariance` by which measures count as invariant, in place of the list, and their
       files for words; 0 = the list. BASIN_ERR_VALUE for one of another network, or by which no
       change of some kind left the outputs equal */
    size_t                          invariance_count;
    const basin_invariances *const *invariances;
    const char *const              *invariance_files;
    /* rho | learning_rate | momentum | weight_decay | batch_size: groups are those of a method with
       one value of it; NULL = methods alone */
    const char *by;
    basin_worth worth; /* unit 0 = not asked */
} basin_comparison_options;

/* Loss and accuracy of each of J parts of the objective's samples, which are drawn by `seed` and
   alike in every objective of as many samples: the sampling error over the rows of a test set. The
   losses have the weight decay that is included (NULL: none). BASIN_ERR_ARG unless 2 <= J <=
   samples. */
basin_status basin_test_parts(basin_objective *test, const double *theta,
                              const basin_decay *included, size_t parts, uint64_t seed,
                              double *loss /* [J] */, double *accuracy /* [J] */);

/* what a comparison wants of one saved checkpoint */
typedef enum basin_choice {
    BASIN_CHOICE_NONE,
    BASIN_CHOICE_START,  /* of step 0, by basin_row_glance: do equal seeds start alike? */
    BASIN_CHOICE_BEFORE, /* at a loss: the last above it, to interpolate from */
    BASIN_CHOICE_AT,     /* at the common step; at a loss: the first at or below it */
    BASIN_CHOICE_BUDGET, /* of a run that goes on: the last within the largest budget */
    BASIN_CHOICE_LOWEST, /* by basin_row_glance: how far a run got that stays above the loss */
    BASIN_CHOICE_BROKEN  /* missing: nothing to measure, but to be listed */
} basin_choice;

/* Which checkpoints basin_comparison_compute would compare, before any is measured: `records`
   are rows of all that are saved, by run and step, of which run, method, seed, step,
   gradient_evaluations and missing count; a run with a missing one is broken and does not decide
   about the step. Without options->at_loss:

     1. The common step S is the largest that every unbroken run has; if there is none, that some
        unbroken run of every method has.
     2. Each run stands at S; without an S at its last checkpoint.
     3. Let B be the largest mean number of gradient evaluations that a method has spent there. A
        run that has spent less also enters at its last checkpoint within B: gradient descent at
        SAM's budget.
     4. The checkpoint at step 0, where S > 0.

   With it the records' train_loss counts as well (NAN: not looked at), and each run stands at
   the first at or below the loss. */
basin_status basin_comparison_choose(const basin_row *records, size_t count,
                                     const basin_comparison_options *options,
                                     basin_choice                   *out /* [count] */);

/* Whether rows may be held against each other, by network, loss_function and data_digest, where
   they know these: BASIN_ERR_VALUE names the first two runs of another network or loss, or of
   other data at an equal seed (these would be paired), and what differs. */
basin_status basin_rows_demand_alike(const basin_row *rows, size_t count);
/* The same in a sentence for a table of rows, and data that differ between runs whose seeds do
   not explain it (runs of other seeds may have other subsets or label noise, where their
   partners of the same seed share them). *out = NULL if all is well; caller frees with
   basin_free. */
basin_status basin_rows_unlike(const basin_row *rows, size_t count, char **out);

/* Does a result of `invariance`, of `file`, speak of the network of these rows? BASIN_ERR_VALUE
   where P or the network differ, or no change of some kind left the outputs equal. */
basin_status basin_invariances_demand(const basin_invariances *found, const char *file,
                                      const basin_row *rows, size_t count);

/* rows: one or several checkpoints a run (by step), at one or several kinds of points; copied.
   Compares those that basin_comparison_choose names, the base's at the budget as a group of
   their own. BASIN_ERR_VALUE as basin_rows_demand_alike. With at_loss: BASIN_ERR_VALUE names the
   runs that do not reach it and how far they got, where fewer than two methods do. */
basin_status basin_comparison_compute(const basin_row *rows, size_t count,
                                      const basin_comparison_options *options,
                                      basin_comparison              **out);
void         basin_comparison_destroy(basin_comparison **comparison);
/* Curvature and rises that look the same way in every run: what a claim of flatness rests on. */
bool basin_is_flatness(const basin_column *column);
/* Whether rescaling leaves the measure alone, as it was measured on the network, or else by the
   list. */
bool basin_is_invariant(const basin_comparison *comparison, const basin_column *column);
/* Whether the verdict on a flat-minima claim counts it as evidence on flatness: a measured
   curvature or rise of the loss that looks the same way in every run, not at a polished or averaged
   point where the training losses are unequal (docs/verdict.md). */
bool basin_difference_is_evidence(const basin_difference *d);
/* By their names; NULL if absent. Borrowed from the comparison. */
const basin_estimate   *basin_comparison_estimate(const basin_comparison *comparison,
                                                  const char *measure, const char *group,
                                                  basin_point_kind point);
const basin_difference *basin_comparison_difference(const basin_comparison *comparison,
                                                    const char *measure, const char *group,
                                                    const char *base, basin_point_kind point);
/* Standard error of a measure over the choice of its training samples, from its values on two
   random halves of them: |one - two|/2, less what a finite split leaves of it. One degree of
   freedom. */
double basin_sampling_error(const basin_row *whole, double one, double two);
/* lower | higher | undecided | … ; never NULL */
const char *basin_verdict_text(basin_verdict verdict);
const char *basin_family_text(basin_family family);

/* Two-sided 97.5 % quantile of Student's t with `dof` degrees of freedom. */
double basin_student_t975(size_t dof);
/* Exact two-sided sign-flip p-value of the mean of n differences (n <= 24 enumerated, above: seeded
   sampling with +1 correction). */
double basin_sign_flip_p(const double *differences, size_t n);

/* ------------------------------------------------------------------------------------- gate -- */

/* The measures of a gate are those of a row, by their basin_measure, and of the named measures of
   sharpness those that are one number and take no products, by BASIN_MEASURES + their
   basin_sharpness_measure. BASIN_ERR_ARG says of another name why it is none. */
basin_status basin_gate_measure_find(const char *name, size_t *out);
const char  *basin_gate_measure_name(size_t measure);

/* What a measure of a checkpoint may be at most, or must be at least. */
typedef struct basin_limit {
    char  *text;    /* as it was given, «lambda_max<=2/lr» */
    char  *bound;   /* the expression in it, «2/lr» */
    size_t measure; /* of a gate */
    bool   at_most; /* else at least */
} basin_limit;

/* From «NAME=X», or «NAME<=X» with at_most and «NAME>=X» without. X is an expression of numbers,
   + - * /, parentheses and what a checkpoint records: lr (or learning_rate), momentum, rho,
   weight_decay, batch_size (of full batch the samples), step, epoch, seed, P (parameters) and N
   (samples measured). BASIN_ERR_ARG for anything else, with the place. Caller clears. */
basin_status basin_limit_parse(const char *text, bool at_most, basin_limit *out);
void         basin_limit_clear(basin_limit *limit);
/* Its number, for what `record` says of a checkpoint. BASIN_ERR_MISSING names what it does not say,
   BASIN_ERR_VALUE an expression without a finite value. */
basin_status basin_limit_bound(const basin_limit *limit, const basin_row *record, double *out);

/* What is known of a value's ends. */
typedef enum basin_ends_kind {
    BASIN_ENDS_UNKNOWN, /* nothing: it was not measured */
    BASIN_ENDS_EXACT,   /* they are the value, which is off by rounding only */
    BASIN_ENDS_PROVEN,  /* it lies between them */
    BASIN_ENDS_LOWER,   /* the lower end is proven, the upper one holds but for the chance told */
    BASIN_ENDS_UPPER,   /* the other way round */
    BASIN_ENDS_CONFIDENCE, /* it lies between them but for the chance told */
    BASIN_ENDS_KINDS
} basin_ends_kind;
/* unknown | exact | proven | lower_proven | upper_proven | confidence */
const char *basin_ends_text(basin_ends_kind ends);

typedef enum basin_gate_verdict {
    BASIN_GATE_UNDECIDED, /* the interval and the limit overlap */
    BASIN_GATE_WITHIN,    /* the whole interval is within the limit */
    BASIN_GATE_VIOLATED   /* the whole interval is beyond it */
} basin_gate_verdict;
/* undecided | within | violated */
const char *basin_gate_verdict_text(basin_gate_verdict verdict);

/* Why no more was spent on a question. */
typedef enum basin_gate_end {
    BASIN_GATE_DECIDED,
    BASIN_GATE_COMPLETE, /* nothing more is measured of it */
    BASIN_GATE_PRODUCTS, /* they are spent */
    BASIN_GATE_TIME,     /* basin_time_limit_set */
    BASIN_GATE_MEMORY    /* no room for what would tell more */
} basin_gate_end;
/* decided | complete | products | time | memory */
const char *basin_gate_end_text(basin_gate_end end);

typedef struct basin_question {
    size_t measure;   /* of a gate */
    bool   at_most;   /* the limit is an upper one */
    double low, high; /* the limit lies between these: equal where it is a number; NAN: there is
                         none, and the measure is to be known to `width` */
    double width;     /* half of the interval, relative to the value; 0 with a limit */
} basin_question;

typedef struct basin_answer {
    double value, lower, upper; /* NAN: not measured */
    int    ends;                /* basin_ends_kind */
    int    verdict;             /* basin_gate_verdict; UNDECIDED without a limit */
    bool   certain;             /* the verdict rests on a proven end */
    int    ended;               /* basin_gate_end */
    size_t looks;               /* times that the interval was held against the limit */
    size_t products;            /* H·v spent until then, on whatever was asked for before it too */
} basin_answer;

typedef struct basin_gate_options {
    basin_row_options row;      /* what the measures are taken by; of its spectrum the seed */
    double            alpha;    /* chance that any answer is wrong; 0 = 0.05 */
    size_t            products; /* H·v at most; 0 = 2,000 */
} basin_gate_options;

/* Measures at a point until each question is answered, or what may be spent is (docs/measures.md,
   «Gate»). λ_max and λ_min by Lanczos, whose bounds hold at every step together; trace, SANE and
   N_eff by quadrature, at products that double from look to look, of which each has its share of
   alpha; what follows from loss, gradient and record at once; other measures as basin_row_compute
   and basin_sharpness_table_compute take them, once. `test` and `clean` as in the first. alpha is
   shared by the questions equally. BASIN_ERR_MISSING names what a measure needs that is not there.
   `out` [count]. */
basin_status basin_gate_ask(basin_point *point, basin_objective *test, basin_objective *clean,
                            const basin_checkpoint *ck, const basin_question *questions,
                            size_t count, const basin_gate_options *options, basin_answer *out);
/* What a row says that was measured with these options: ends as its interval has them, at the
   chance `alpha`; a measure that the row does not have, of sharpness say, is undecided. */
void basin_gate_answer_row(const basin_row *row, const basin_row_options *options,
                           const basin_question *question, double alpha, basin_answer *out);

/* The limit that a baseline of that value gives: `increase` more, times |value| if relative. The
   question's low and high. */
void basin_limit_of_baseline(const basin_answer *baseline, double increase, bool relative,
                             bool at_most, basin_question *question);

/* The limit that n runs of a baseline set give, as a prediction for one more of them: mean ±
   factor s, s their standard deviation, factor = t √(1 + 1/n) with the quantile of Student's t that
   has the chance of `sigma` normal deviations to one side. */
typedef struct basin_limit_of_runs {
    size_t runs;
    double mean, deviation, sigma, factor;
    double limit, low, high; /* low, high: as far as the runs' own intervals leave it open */
} basin_limit_of_runs;
enum { BASIN_GATE_RUNS_LEAST = 3 };
/* BASIN_ERR_VALUE for fewer than BASIN_GATE_RUNS_LEAST runs, for sigma outside of (0, 6], and for
   runs that were not measured. */
basin_status basin_limit_from_runs(const basin_answer *runs, size_t count, double sigma,
                                   bool at_most, basin_limit_of_runs *out);

/* Where a limit comes from. */
typedef enum basin_limit_origin {
    BASIN_LIMIT_GIVEN,
    BASIN_LIMIT_BASELINE, /* the value of another checkpoint */
    BASIN_LIMIT_RUNS      /* the spread of a baseline set */
} basin_limit_origin;
/* given | baseline | runs */
const char *basin_limit_origin_text(basin_limit_origin origin);

typedef struct basin_gated {                          /* one limit, and what was found */
    char               *limit;                        /* for people, «lambda_max<=2/lr» */
    char               *measure;                      /* its name */
    bool                at_most;                      /* else at least */
    int                 origin;                       /* basin_limit_origin */
    double              bound, bound_low, bound_high; /* of the question: its limit */
    basin_answer        answer;
    double              increase;   /* over the baseline; NAN: none */
    bool                relative;   /* as a share of it */
    basin_answer        baseline;   /* of the same measure there */
    double              difference; /* value less the baseline's, with its interval */
    double              difference_lower, difference_upper;
    basin_limit_of_runs spread; /* runs = 0: no baseline set */
} basin_gated;

typedef struct basin_gate {
    size_t       parameters, samples;
    double       alpha;             /* chance that any verdict is wrong */
    bool         strict;            /* undecided counts as violated */
    int          verdict;           /* basin_gate_verdict, of all limits together */
    size_t       products;          /* H·v spent on the checkpoint */
    size_t       products_most;     /* that might have been */
    size_t       baseline_products; /* on the baseline */
    size_t       runs_products;     /* on the baseline set */
    size_t       limit_count;
    basin_gated *limits;
} basin_gate;
void basin_gate_destroy(basin_gate **gate);
/* Of limits: violated where one is, or with `strict` one is undecided; else undecided where one is;
   else within. */
basin_gate_verdict basin_gate_sum_up(const basin_gated *limits, size_t count, bool strict);
/* One test case a limit, in the XML that build servers read: violated is a failure, undecided an
   error, with strict a failure too. `name` is the suite's. Atomic. */
basin_status basin_gate_junit(const basin_gate *gate, const char *name, const char *path);

/* ------------------------------------------------------------------------------------- check -- */

typedef enum basin_check_verdict {
    BASIN_CHECK_PASSED,
    BASIN_CHECK_FAILED,
    BASIN_CHECK_NOT_TESTABLE,
    /* two programs of basin's own give the same: says nothing of the training */
    BASIN_CHECK_AGREES
} basin_check_verdict;

typedef struct basin_check_item {
    /* gradient | product | symmetry | taylor:1 | taylor:2 | recorded:train.loss:theta:eval:full |
       computed:… of basin's own | reported:train_loss … */
    char  *name;
    int    verdict;                           /* basin_check_verdict */
    double value, expected, tolerance, error; /* what they are is said in `detail` */
    char  *detail;
} basin_check_item;

typedef struct basin_check {
    size_t            parameters, samples;
    size_t            item_count;
    basin_check_item *items;
    bool              failed;
} basin_check;

typedef struct basin_check_options {
    uint64_t                seed;
    const basin_checkpoint *ck;   /* for recorded values, or NULL */
    basin_objective        *test; /* for recorded test values, or NULL */
    /* the objectives hold some samples of their splits only: recorded values are not testable */
    bool partial;
} basin_check_options;

/* Derivatives in double against differences with tiny steps, symmetry, Taylor orders (slopes 2 and
   3), recorded values against recomputed ones of the same split, point, mode and coverage. Steps
   across activation kinks do not count. Of 512 samples or more, directions of single tensors and
   most products take 256, drawn by `seed`: a fault that shows on a share p of the samples alone,
   and not in the directions that take all, is missed with probability (1 - p)^256 at most. */
basin_status basin_check_compute(basin_objective *o, const double *theta,
                                 const basin_check_options *options, basin_check **out);
void         basin_check_destroy(basin_check **check);
/* About what it costs as one job (basin_jobs_run). */
void basin_check_cost(const basin_objective *o, basin_job_cost *out);

/* ------------------------------------------------------------------------------------ losses -- */

typedef struct basin_split_loss {
    char  *split;
    size_t samples;  /* N used */
    double loss;     /* mean, with the weight decay that is included */
    double accuracy; /* NAN where undefined */
} basin_split_loss;

typedef struct basin_losses { /* at one point */
    size_t            parameters;
    size_t            count;
    basin_split_loss *splits;
} basin_losses;

/* One pass over the samples of each objective; `splits` [count] are their names. Caller
   destroys. */
basin_status basin_losses_compute(basin_objective *const *objectives, const char *const *splits,
                                  size_t count, const double *theta,
                                  const basin_decay *included /* NULL: none */, basin_losses **out);
void         basin_losses_destroy(basin_losses **losses);
/* About what it costs as one job (basin_jobs_run). */
void basin_losses_cost(basin_objective *const *objectives, size_t count, basin_job_cost *out);

/* -------------------------------------------------------------------------------------- info -- */

typedef struct basin_tensor_info {
    char   *name;
    size_t  rank;
    size_t *shape;               /* [rank] */
    double  norm, momentum_norm; /* NAN where absent */
    size_t  not_finite;
    double  weight_decay; /* where it is recorded tensor by tensor; else NAN */
} basin_tensor_info;

typedef struct basin_info { /* what one checkpoint says of itself, from the file alone */
    char  *checkpoint, *method, *data_path, *data_digest, *digest;
    char  *run;       /* identity of its training */
    int    loss_kind; /* basin_loss_kind */
    int    perturbed; /* basin_perturbed */
    char  *loss;      /* in full, as basin_loss_spec_describe */
    size_t parameters, layers;
    /* of the module, as in basin_checkpoint */
    int64_t            module_parameters, outside_parameters;
    char              *outside;
    int64_t            step, seed, batch_size, gradient_evaluations;
    double             epoch, seconds, learning_rate, momentum, rho, weight_decay;
    bool               weight_decay_coupled;
    bool               has_momentum;
    double             theta_norm, momentum_norm, undo;
    size_t             not_finite;
    size_t             tensor_count;
    basin_tensor_info *tensors;
    size_t             node_count;
    char             **nodes; /* «fc1: Gemm(input, fc1.weight, fc1.bias)» */
    size_t             recorded_count;
    basin_recorded    *recorded;
    double gradient_norm, momentum_gradient_cosine; /* by basin_info_gradient; NAN otherwise */
    basin_stationarity stationarity;                /* loss = NAN if not computed */
} basin_info;
/* from the file alone */
basin_status basin_info_compute(const basin_checkpoint *ck, basin_info **out);
/* With the data: fills gradient_norm, momentum_gradient_cosine (of the loss without decay; NAN
   where there is no momentum or one of them is zero) and stationarity, at a point of ck->theta.
   `info` is unchanged on failure. */
basin_status basin_info_gradient(basin_point *point, const basin_checkpoint *ck, basin_info *info);
void         basin_info_destroy(basin_info **info);

/* ----------------------------------------------------------------------------------- trainer -- */

/* The recursions are those of docs/measures.md. Weight decay is coupled, taken where the method's
   paper takes it. */
typedef enum basin_update {
    BASIN_GD,
    BASIN_SGD,
    BASIN_NAG,
    BASIN_SAM,
    BASIN_USAM, /* un-normalised SAM: perturbs by rho times the gradient itself */
    BASIN_MSAM
} basin_update;

/* gd | sgd | nag | sam | usam | msam */
basin_status basin_update_find(const char *name, basin_update *out);

typedef struct basin_train_state { /* handed to the callback: everything a checkpoint saves */
    const double *theta;           /* [P] unperturbed */
    /* [P] what the optimizer holds between steps: perturbed for MSAM, else theta */
    const double *stored;
    /* [P]; NULL when the coefficient is 0 (never for MSAM, which is undone with it) */
    const double *momentum;
    double        undo; /* theta = stored + undo * momentum (MSAM), 0 otherwise */
    int64_t       step;
    double        epoch;
    /* one is one gradient over one batch: SAM and USAM spend two a step, the others one */
    int64_t gradient_evaluations;
    double  seconds;       /* spent in gradients and updates */
    double  learning_rate; /* of the update that led here; at step 0 of the first one */
    double  running_loss;  /* mean of the batch losses since the last call; NAN at step 0 */
    /* theta or the loss is not finite: training stops after this call, with BASIN_OK */
    bool diverged;
} basin_train_state;

typedef enum basin_schedule {
    BASIN_SCHEDULE_CONSTANT,
    BASIN_SCHEDULE_COSINE,
    BASIN_SCHEDULE_STEP
} basin_schedule;

typedef struct basin_train_options {
    basin_update   method;
    double         learning_rate; /* > 0, required */
    double         momentum;      /* [0, 1); NAN = 0.9 */
    double         rho;           /* SAM, MSAM: NAN = 0.05; USAM: required */
    double         weight_decay;  /* coupled */
    size_t         batch_size;    /* 0 = full batch (required 0 for gd) */
    size_t         steps;         /* > 0 */
    basin_schedule schedule;
    size_t         schedule_period; /* STEP: steps between decays */
    double         schedule_factor; /* STEP: factor; COSINE: final fraction */
    uint64_t       seed;            /* of the batch order */
    /* [save_count] ascending steps at which to call back (0 = before the first) */
    const size_t *save;
    size_t        save_count;
    basin_status (*callback)(void *payload, const basin_train_state *state);
    void *payload;
} basin_train_options;

/* theta [P] is moved in place to the final, unperturbed point. Same seed: same bits, on any number
   of threads. A callback's failure stops training with its status. */
basin_status basin_train(basin_objective *o, double *theta, const basin_train_options *options);
/* PyTorch's default for linear and convolution layers: U(-1/√fan_in, 1/√fan_in) for weights and
   biases; norm scale 1, shift 0. */
basin_status basin_train_initialise(const basin_params *params, uint64_t seed, double *theta);
/* Subset and label noise, as a data set of its own: `train_count` rows of the split (0 = all), of
   whose class labels the fraction `noise` is replaced by another class, uniformly (these rows are
   also the split «noisy»); other splits keep their clean rows; the rows left over join `test` if
   asked. Caller destroys. */
typedef struct basin_subset_options {
    size_t   train_count; /* 0 = all */
    double   noise;       /* [0, 1] */
    uint64_t seed;
    bool     rest_to_test; /* training rows not drawn are added to the test split */
} basin_subset_options;
basin_status basin_dataset_subset(const basin_dataset *data, const basin_subset_options *options,
                                  basin_dataset **out);

/* ------------------------------------------------------------------------------------ result -- */

typedef enum basin_input_role {
    BASIN_INPUT_CHECKPOINT,
    BASIN_INPUT_DATA,
    BASIN_INPUT_OTHER,    /* a checkpoint that a direction leads to */
    BASIN_INPUT_AVERAGED, /* a checkpoint before it, whose weights entered the mean */
    BASIN_INPUT_ROWS,     /* the numbers of the rows to use */
    BASIN_INPUT_RESULT,   /* a stored result that was gone on from */
    BASIN_INPUT_PATH,     /* a checkpoint of a run whose principal axes or path are taken */
    BASIN_INPUT_VECTOR    /* a file that stores a direction */
} basin_input_role;
/* checkpoint | data | other | averaged | rows | result | path | vector */
const char *basin_input_role_text(basin_input_role role);

typedef struct basin_input { /* a file that a result was computed from */
    int   role;              /* basin_input_role */
    char *path;              /* relative to `directory` or absolute, as typed */
    char *digest;            /* SHA-256: of the content (data), else of the bytes */
} basin_input;

typedef struct basin_training { /* where the checkpoint of a result comes from, as it records it */
    char   *method;             /* NULL unknown */
    int64_t seed, step;         /* -1 unknown */
    double  weight_decay;       /* NAN unknown */
} basin_training;

typedef struct basin_provenance {
    char  *version, *build, *blas;
    size_t argument_count;
    char **arguments; /* the command line after «basin» */
    /* where it was typed, relative to the results file (so that a moved tree still verifies) */
    char        *directory;
    size_t       input_count;
    basin_input *inputs;
    /* of a result of one checkpoint; all unknown in tables of rows, which say it themselves */
    basin_training training;
    int            precision; /* basin_precision */
    /* with --polish: how the point measured was reached; steps = 0 otherwise, and in tables of
       rows */
    basin_polish polish;
    /* with --average: checkpoints whose weights were averaged; 0 otherwise */
    size_t        averaged;
    basin_bn_mode bn;
    int           weights; /* basin_weights_kind; -1 unknown */
    /* that the split measured has: more than the result's samples where a subset was used; 0 in
       tables of rows */
    size_t split_samples;
    /* in full, as basin_loss_spec_describe; «several» in a table of rows where they differ; NULL
       where none was computed */
    char *loss;
    int   loss_kind; /* basin_loss_kind; -1 none or several */
    /* it has label smoothing, an ignored class or weights; false for several */
    bool   loss_settings;
    double label_smoothing; /* of it; NAN none or several */
    /* w of w/2‖theta‖² in the losses; 0 = none; NAN = ½ Σ w_i theta_i², w by tensor */
    double   weight_decay_included;
    uint64_t seed;
    /* --time that ended the work before it was done, as it was typed; NULL: nothing did */
    char  *ended_by_time;
    size_t threads; /* HDF5 only, not in JSON */
    char  *date;    /* UTC, ISO 8601; HDF5 only */
    double seconds; /* HDF5 only */
} basin_provenance;
basin_status basin_provenance_create(basin_provenance **out); /* nothing known; caller destroys */
void         basin_provenance_destroy(basin_provenance **provenance);
/* The checkpoint that the result is of: method, seed and step. */
basin_status basin_provenance_record(basin_provenance *provenance, const basin_checkpoint *ck);

/* kind, name, struct behind it */
#define BASIN_RESULT_LIST(X)                                                  \
    X(BASIN_RESULT_INFO, "info", basin_info)                                  \
    X(BASIN_RESULT_CHECK, "check", basin_check)                               \
    X(BASIN_RESULT_SPECTRUM, "spectrum", basin_spectrum)                      \
    X(BASIN_RESULT_TRACE, "trace", basin_trace)                               \
    X(BASIN_RESULT_SANE, "sane", basin_sane)                                  \
    X(BASIN_RESULT_SLICE, "slice", basin_slice)                               \
    X(BASIN_RESULT_SHARPNESS, "sharpness", basin_sharpness)                   \
    X(BASIN_RESULT_TRACK, "track", basin_track)                               \
    X(BASIN_RESULT_COMPARISON, "comparison", basin_comparison)                \
    X(BASIN_RESULT_FORECAST, "forecast", basin_forecast)                      \
    X(BASIN_RESULT_BLOCKS, "blocks", basin_blocks)                            \
    X(BASIN_RESULT_BATCHES, "batches", basin_batches)                         \
    X(BASIN_RESULT_LOSSES, "losses", basin_losses)                            \
    X(BASIN_RESULT_BAND, "band", basin_band)                                  \
    X(BASIN_RESULT_CONNECTION, "connection", basin_connection)                \
    X(BASIN_RESULT_SHARPNESS_TABLE, "sharpness_table", basin_sharpness_table) \
    X(BASIN_RESULT_GATE, "gate", basin_gate)                                  \
    X(BASIN_RESULT_INVARIANCES, "invariance", basin_invariances)

#define BASIN_RESULT_ENUM(kind, name, type) kind,
typedef enum basin_result_kind {
    BASIN_RESULT_LIST(BASIN_RESULT_ENUM) BASIN_RESULT_KINDS
} basin_result_kind;
#undef BASIN_RESULT_ENUM

typedef struct basin_result { /* an envelope: what was computed, and from what */
    basin_result_kind kind;
    void             *value;      /* the struct of that kind, owned */
    basin_provenance *provenance; /* owned; may be NULL */
} basin_result;

/* Takes ownership of value and provenance on success. Caller destroys. */
basin_status basin_result_create(basin_result_kind kind, void *value, basin_provenance *provenance,
                                 basin_result **out);
void         basin_result_destroy(basin_result **result);
const char  *basin_result_name(basin_result_kind kind);
basin_status basin_result_write(const basin_result *result, const char *path); /* HDF5, atomic */
/* distrusts the file; caller destroys */
basin_status basin_result_read(const char *path, basin_result **out);
/* Does the file say that it is a result of basin? It may still be damaged, or of another
   version. */
bool basin_result_is(const char *path);
/* one document; caller frees with basin_free */
basin_status basin_result_json(const basin_result *const *results, size_t count, char **out);
/* One of its tables as comma-separated values, a line of names first; NULL: the one that the kind
   is about. BASIN_ERR_ARG lists them. Caller frees with basin_free. */
basin_status basin_result_csv(const basin_result *result, const char *table, char **out);
/* The largest relative disagreement of any number in two results of the same kind, and which
   («eigenvalues[3]»); strings and sizes must agree exactly (then *difference = INFINITY). Vectors
   are left out, and of the provenance everything but the training of the checkpoint, which must
   agree where both have one. */
basin_status basin_result_compare(const basin_result *a, const basin_result *b, double *difference,
                                  char where[128]);

/* ------------------------------------------------------------------------------------- style -- */

/* A flat JSON object, as a style of figures is: keys with a truth, a number, numbers or a text
   each. */
typedef enum basin_setting_type {
    BASIN_SETTING_TRUE,
    BASIN_SETTING_FALSE,
    BASIN_SETTING_NUMBER,
    BASIN_SETTING_NUMBERS, /* text: with commas between */
    BASIN_SETTING_TEXT,
    BASIN_SETTING_OTHER /* null, an object, a list of anything else; text: "" */
} basin_setting_type;

typedef struct basin_setting {
    basin_setting_type type;
    char              *key, *text; /* owned; numbers so that they read back as the same double */
} basin_setting;

typedef struct basin_style {
    size_t         count;
    basin_setting *list; /* in the order of the file */
} basin_style;

/* Of `text`, or of the file `name` where that is NULL; BASIN_ERR_FORMAT where it is no such object.
   On success the caller clears. */
basin_status basin_style_read(const char *name, const char *text, basin_style *out);
void         basin_style_clear(basin_style *style);

/* ------------------------------------------------------------------------------------ figure -- */

/* drawing never fails half-way: the first error is kept and told by _write */
typedef struct basin_figure basin_figure;

/* What of a plane is drawn between its points, too, by the rule that tells left-out points best. */
typedef enum basin_smoothing {
    BASIN_SMOOTH_LINES, /* contour lines */
    BASIN_SMOOTH_NONE,
    BASIN_SMOOTH_ALL /* heat maps as well */
} basin_smoothing;

/* Where legends stand. */
typedef enum basin_legend_place {
    BASIN_LEGEND_AUTO,  /* inside a plot where it is empty, else above it */
    BASIN_LEGEND_ABOVE, /* above each plot */
    BASIN_LEGEND_NONE
} basin_legend_place;

typedef struct basin_figure_options {
    /* of the result's figures (basin_figure_kind); NULL = the first that suits. A plane's kinds
       take a split after a colon, «contour:test»; without one they draw the first. «strip» takes
       slices, spectra and one comparison together, a column for each label, else method */
    const char *kind;
    const char *title; /* NULL = none */
    /* [count] one for each result in legends; NULL = the method of its checkpoint where no other
       result is of that method, else its run's folder */
    const char *const *labels;
    double             width;     /* inches; 0 = 3.25 (column), of a comparison 6.75 (page) */
    double             height;    /* inches; 0 = by the figure */
    const char        *font;      /* NULL = DejaVu Sans */
    double             font_size; /* points at final size; 0 = 8 */
    /* track, comparison, strip: fields of basin_row, e.g. "learning_rate"; y: several with commas
       between, a panel or line of a table each, "lambda_max,sane"; of a line y is loss or
       loss,accuracy; NULL = the figure's own */
    const char *x, *y;
    const char *x_label, *y_label; /* in place of the figure's own, where it has one; NULL = none */
    const char *scale; /* of the value axis: linear | log | symlog; NULL = the figure's own */
    double      cap;   /* clip values above and mark them; 0 = none */
    /* of a surface: where it is seen from, degrees: from the first direction towards the second,
       and above the floor, 5 to 70; elevation 0 = the figure's own */
    double azimuth, elevation;
    /* [2] low, high of the value axis or the colour scale: what is beyond is marked as clipped;
       NULL = by the data. In place of cap, of figures of lines, points or colours */
    const double *range;
    const char   *palette; /* of values over a plane (basin_figure_palette); NULL = viridis */
    /* [level_count] of contour lines, ascending; NULL = round ones, about level_count, 0 = by the
       width */
    const double *levels;
    size_t        level_count;
    int           legend; /* basin_legend_place */
    bool          dark;   /* a dark ground, painted in every format */
    /* text, lines, marks and gaps so many times as large, on a page of the same width; 0 = 1 */
    double magnify;
    bool   points;    /* mark where a slice with a tolerance was evaluated */
    int    smooth;    /* basin_smoothing */
    bool   no_footer; /* leave the line of provenance out */
    bool   values;    /* keep the numbers of planes, which a document of HTML shows when asked */
    double dpi;       /* PNG; 0 = 300 */
} basin_figure_options;

/* BASIN_ERR_ARG for options that no such results could be drawn with: sizes, a kind that they do
   not have; and for results of several kinds. What depends on their numbers is told by
   basin_figure_create. */
basin_status basin_figure_check(const basin_result *const *results, size_t count,
                                const basin_figure_options *options);
/* A figure of one result, or of several of one kind together (overlaid or side by side); «strip»
   of several kinds. Borrows nothing. Caller destroys. */
basin_status basin_figure_create(const basin_result *const *results, size_t count,
                                 const basin_figure_options *options, basin_figure **out);
/* One of several figures on a page; borrowed while it is made. */
typedef struct basin_figure_cell {
    const basin_result *const *results; /* [count], of one kind */
    size_t                     count;
    const char                *kind;   /* as of the options */
    const char *const         *labels; /* [count]; as of the options */
} basin_figure_cell;

/* Figures of any kinds as the cells of one, row by row, lettered a, b, c …; the plots of a row and
   those of a column line up. The options hold for all, but for kind and labels; width is that of
   the page (0 = 6.75, of one column 3.25), height likewise. Caller destroys. */
basin_status basin_figure_arrange(const basin_figure_cell *cells, size_t count, size_t rows,
                                  size_t columns, const basin_figure_options *options,
                                  basin_figure **out);
/* by extension: .pdf .svg .png; atomic */
basin_status basin_figure_write(const basin_figure *figure, const char *path);
/* The bytes of that file; `name` ends likewise. Caller frees. */
basin_status basin_figure_encode(const basin_figure *figure, const char *name, unsigned char **out,
                                 size_t *size);
/* How many of the figure's texts touch another one or leave the page, 0 where all can be read;
   `where`, unless NULL, names the first. */
enum { BASIN_COLLISION_ROOM = 200 };
size_t basin_figure_collisions(const basin_figure *figure, char where[BASIN_COLLISION_ROOM]);
/* A plane as a surface for programs that turn it: by the end of `name` legacy VTK (.vtk: ParaView,
   PyVista) or glTF 2.0 (.glb, .gltf: Blender, browsers). Its points are those of the grid as they
   are, in the shape that the figure «surface» draws; what is not finite is a hole. Of the options:
   kind (surface:SPLIT), scale, cap. BASIN_ERR_ARG for another ending or kind, or no plane,
   BASIN_ERR_MISSING for a split that is not there, BASIN_ERR_VALUE where no loss is finite. Caller
   frees. */
basin_status basin_mesh_encode(const basin_result *result, const basin_figure_options *options,
                               const char *name, unsigned char **out, size_t *size);
bool         basin_mesh_is_name(const char *name); /* whether it ends so */
/* what, which data, which settings; borrowed */
const char *basin_figure_caption(const basin_figure *figure);
/* How many colours a terminal shows. */
typedef enum basin_sketch_colors {
    BASIN_SKETCH_NO_COLOR,
    BASIN_SKETCH_256_COLORS,
    BASIN_SKETCH_TRUE_COLOR
} basin_sketch_colors;

typedef struct basin_sketch_options {
    size_t columns; /* width; 0 = 80, at least 32 */
    bool   plain;   /* ASCII; otherwise UTF-8 with Braille dots and half blocks */
    int    colors;  /* basin_sketch_colors */
    size_t panels;  /* at most so many, the first ones; 0 = all */
} basin_sketch_options;

/* The figure that basin_figure_create would draw as lines of characters, colours by escapes:
   curves in dots, planes in shades, missing and clipped values marked as in the figure. NULL
   options are the defaults. Caller frees. */
basin_status basin_figure_sketch(const basin_result *const *results, size_t count,
                                 const basin_figure_options *options,
                                 const basin_sketch_options *sketch, char **out);
/* the i-th of its figures by name; NULL beyond the last */
const char *basin_figure_kind(basin_result_kind kind, size_t i);
/* the i-th choice of options->palette; NULL beyond the last */
const char *basin_figure_palette(size_t i);
/* The family that stands in for the font that was asked for and is not installed here; NULL where
   it is. Borrowed. */
const char *basin_figure_stand_in(const basin_figure *figure);
void        basin_figure_destroy(basin_figure **figure);

/* ---------------------------------------------------------------------------------- document -- */

/* Text, tables and figures to be read from start to end: written as one page of HTML that needs
   nothing beside it, or as PDF on A4 pages with contents, bookmarks and links. Texts are copied;
   control characters, marks that turn the direction of writing and bytes that are no UTF-8 become
   U+FFFD. The first failure is kept and told by _encode. */
typedef struct basin_document basin_document;

typedef struct basin_table_cell {
    const char *text;
    double      key;   /* by which its column sorts; NAN: by the text */
    bool        label; /* as of basin_columns: \1…\2 is a subscript */
} basin_table_cell;

typedef struct basin_table {
    const char             *caption; /* NULL = none */
    size_t                  rows, columns;
    const char *const      *heads; /* [columns] */
    const basin_table_cell *cells; /* [rows, columns]; the first of a row names it */
    bool                    sorts; /* in HTML, by the column whose head is pressed */
} basin_table;

/* `about` is a paragraph below the title, or NULL. Caller destroys. */
basin_status basin_document_create(const char *title, const char *about, basin_document **out);
void         basin_document_destroy(basin_document **document);
/* Level 2 or 3. One with an anchor (letters and digits) stands in the contents; NULL: it does
   not. */
void basin_document_heading(basin_document *document, int level, const char *anchor,
                            const char *text);
void basin_document_paragraph(basin_document *document, const char *text);
/* Of a list; link: the anchor of a heading that is named behind it, or NULL. */
void basin_document_item(basin_document *document, const char *text, const char *link);
/* As it stands, in letters of one width. */
void basin_document_lines(basin_document *document, const char *text);
void basin_document_table(basin_document *document, const basin_table *table);
/* With its caption; takes the figure. `name` is for who cannot see it. */
void basin_document_figure(basin_document *document, const char *name, basin_figure **figure);
/* What is shown when asked for, up to _unfold: on paper, where it stands, or with `appendix` at the
   end. */
void basin_document_fold(basin_document *document, const char *summary, bool appendix);
void basin_document_unfold(basin_document *document);
/* Where the headings with anchors are listed, on paper with their pages. */
void basin_document_contents(basin_document *document);
/* The bytes of a file whose `name` ends in .html or .pdf; the same bytes for the same document.
   Caller frees. */
basin_status basin_document_encode(const basin_document *document, const char *name,
                                   unsigned char **out, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
