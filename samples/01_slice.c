/* Shows: the whole way from a checkpoint to a figure, the program at the top of basin.h. A small network is
 * trained first, so that there is a checkpoint to look at; then its loss is drawn over the plane of the
 * momentum and a random direction. Build: make build/samples/01_slice Run: build/samples/01_slice FOLDER
 * (writes 01_run.h5, 01_slice.h5 and 01_slice.pdf there; reads samples/digits.h5)
 */
#include <math.h>
#include <stdio.h>

#include "basin.h"

#define TRY(call)                                                     \
    do {                                                              \
        if ((call) != BASIN_OK) {                                     \
            fprintf(stderr, "01_slice: %s\n", basin_error_message()); \
            goto done;                                                \
        }                                                             \
    } while (0)

/* What a training program does when it saves: here after the last step. */
static basin_status save(void *payload, const basin_train_state *state)
{
    basin_checkpoint *ck = payload;

    for (size_t i = 0; i < ck->params->size; i++)
        ck->theta[i] = state->theta[i], ck->states[0].values[i] = state->momentum[i];
    ck->perturbed = BASIN_PERTURBED_NO; /* state->theta, not state->stored */
    ck->step = state->step, ck->epoch = state->epoch, ck->hyper.learning_rate = state->learning_rate;
    return BASIN_OK;
}

static int train(const char *path)
{
    int               status = 1;
    basin_graph      *graph = NULL;
    basin_dataset    *data = NULL;
    basin_objective  *objective = NULL;
    basin_checkpoint *ck = NULL;
    const size_t      steps = 100;

    TRY(basin_graph_mlp((const size_t[]){64, 16, 10}, 3, "Tanh", &graph));
    TRY(basin_dataset_read("samples/digits.h5", NULL, &data));
    TRY(basin_checkpoint_create(graph, &ck));
    TRY(basin_network_objective(graph, &ck->loss, data, NULL, &objective));
    TRY(basin_train_initialise(basin_objective_params(objective), 1, ck->theta));
    ck->method = basin_strdup("msam"), ck->data_path = basin_strdup("digits.h5");
    ck->states = basin_alloc(1, sizeof *ck->states);
    if (ck->method == NULL || ck->data_path == NULL || ck->states == NULL) goto done;
    ck->state_count = 1;
    ck->states[0].name = basin_strdup("momentum"),
    ck->states[0].values = basin_alloc(ck->params->size, sizeof(double));
    if (ck->states[0].name == NULL || ck->states[0].values == NULL) goto done;
    TRY(basin_train(objective, ck->theta,
                    &(basin_train_options){.method = BASIN_MSAM,
                                           .learning_rate = 0.1,
                                           .momentum = 0.9,
                                           .rho = 0.1,
                                           .steps = steps,
                                           .save = &steps,
                                           .save_count = 1,
                                           .callback = save,
                                           .payload = ck}));
    TRY(basin_checkpoint_write(ck, path));
    status = 0;
done:
    basin_objective_destroy(&objective);
    basin_checkpoint_destroy(&ck);
    basin_dataset_destroy(&data);
    basin_graph_destroy(&graph);
    return status;
}

static int slice_and_draw(const char *checkpoint, const char *stored, const char *drawn)
{
    int               status = 1;
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;
    basin_objective  *objective = NULL;
    basin_point      *point = NULL;
    basin_direction  *d[2] = {NULL, NULL};
    basin_slice      *slice = NULL;
    basin_result     *result = NULL;
    basin_figure     *figure = NULL;
    basin_loss        loss;

    TRY(basin_checkpoint_read(checkpoint, &ck));
    TRY(basin_checkpoint_dataset(ck, "samples/digits.h5", &data));
    TRY(basin_network_objective(ck->graph, &ck->loss, data, NULL, &objective));
    TRY(basin_direction_momentum(ck, &d[0]));
    TRY(basin_direction_random(basin_objective_params(objective), ck->theta, NULL, 1, &d[1]));
    TRY(basin_point_create(objective, ck->theta, NULL, &point));
    TRY(basin_slice_compute(&(basin_slice_request){.point = point,
                                                   .splits = {"train"},
                                                   .axis_count = 2,
                                                   .directions = {d[0], d[1]},
                                                   .from = {-1, -1},
                                                   .to = {1, 1},
                                                   .grid = {21, 11}},
                            &slice));
    TRY(basin_objective_loss(objective, NULL, ck->theta, &loss));
    TRY(basin_result_create(BASIN_RESULT_SLICE, slice, NULL, &result));
    TRY(basin_result_write(result, stored));
    TRY(basin_figure_create((const basin_result *const *)&result, 1, NULL, &figure));
    TRY(basin_figure_write(figure, drawn));
    /* column 10 of row 5 is the centre of the plane: the checkpoint itself */
    double centre = slice->surfaces[0].loss[5 * 21 + 10], expected = basin_loss_value(&loss);
    printf("%zu x %zu losses along %s and %s; at the centre %.12g, the checkpoint's own is %.12g\n",
           slice->axes[0].count, slice->axes[1].count, slice->axes[0].direction, slice->axes[1].direction,
           centre, expected);
    status = fabs(centre - expected) <= 1e-12 * expected ? 0 : 1;
done:
    basin_figure_destroy(&figure);
    if (result == NULL) basin_slice_destroy(&slice); /* otherwise the result owns it */
    basin_result_destroy(&result);
    basin_direction_destroy(&d[0]);
    basin_direction_destroy(&d[1]);
    basin_point_destroy(&point);
    basin_objective_destroy(&objective);
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
    return status;
}

int main(int argc, char **argv)
{
    char        path[3][1024];
    const char *names[3] = {"run.h5", "slice.h5", "slice.pdf"};

    if (argc != 2) {
        fprintf(stderr, "usage: 01_slice FOLDER\n");
        return 2;
    }
    for (int i = 0; i < 3; i++) snprintf(path[i], sizeof path[i], "%s/01_%s", argv[1], names[i]);
    if (basin_initialise() != BASIN_OK || train(path[0]) != 0) return 1;
    return slice_and_draw(path[0], path[1], path[2]);
}
