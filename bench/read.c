/* How long reading a checkpoint takes: 535,818 parameters and as many of momentum. `info` is to answer within
 * 50 ms; reading may take the half of it.
 *
 *   usage: read FILE     writes FILE, then reads it again for every line that it gets and prints the seconds
 *                        as JSON
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory.h"

static void require(bool done)
{
    if (done) return;
    fprintf(stderr, "read: %s\n", basin_error_message());
    exit(1);
}

static void write_checkpoint(const char *path)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;

    require(basin_graph_mlp((const size_t[]){784, 512, 256, 10}, 4, NULL, &graph) == BASIN_OK);
    require(basin_checkpoint_create(graph, &ck) == BASIN_OK);
    basin_graph_destroy(&graph);
    ck->state_count = 1;
    require((ck->states = basin_alloc(1, sizeof *ck->states)) != NULL);
    require((ck->states[0].name = basin_strdup("momentum")) != NULL);
    require((ck->states[0].values = basin_alloc(ck->params->size, sizeof(double))) != NULL);
    for (size_t i = 0; i < ck->params->size; i++)
        ck->theta[i] = sin((double)i), ck->states[0].values[i] = cos((double)i);
    require(basin_checkpoint_write(ck, path) == BASIN_OK);
    basin_checkpoint_destroy(&ck);
}

static double read_seconds(const char *path, size_t *size)
{
    struct timespec   from, to;
    basin_checkpoint *ck = NULL;

    clock_gettime(CLOCK_MONOTONIC, &from);
    require(basin_checkpoint_read(path, &ck) == BASIN_OK);
    clock_gettime(CLOCK_MONOTONIC, &to);
    *size = ck->params->size;
    basin_checkpoint_destroy(&ck);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

int main(int argc, char **argv)
{
    char   line[16];
    size_t size = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: read FILE\n");
        return 2;
    }
    require(basin_initialise() == BASIN_OK);
    write_checkpoint(argv[1]);
    read_seconds(argv[1], &size);
    printf("{\"parameters\": %zu}\n", size);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("{\"read\": {\"seconds\": %.9g}}\n", read_seconds(argv[1], &size));
        fflush(stdout);
    }
    return 0;
}
