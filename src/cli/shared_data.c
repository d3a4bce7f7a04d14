#include "cli/shared_data.h"

#include <pthread.h>

#include "cli/options.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static basin_dataset  *last; /* under the lock */

static int find_or_read(const cli_arguments *a, const basin_checkpoint *ck, basin_dataset **out)
{
    int         status = CLI_OK;
    bool        same = false;
    const char *given = cli_text(a, "data", NULL);

    if (last != NULL) CLI_LIBRARY(basin_checkpoint_same_dataset(ck, given, last, &same));
    if (!same) {
        basin_dataset_destroy(&last); /* first, so that two are never held here */
        CLI_LIBRARY(basin_checkpoint_dataset(ck, given, &last));
    }
    *out = basin_dataset_hold(last);
done:
    return status;
}

int cli_data_open(const cli_arguments *a, const basin_checkpoint *ck, basin_dataset **out)
{
    int status;

    pthread_mutex_lock(&lock);
    status = find_or_read(a, ck, out);
    pthread_mutex_unlock(&lock);
    return status;
}

void cli_data_prepare(const cli_arguments *a, const char *path)
{
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;

    if (basin_checkpoint_read(path, &ck) == BASIN_OK && cli_data_open(a, ck, &data) == CLI_OK)
        basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
}

void cli_data_release(void)
{
    pthread_mutex_lock(&lock);
    basin_dataset_destroy(&last);
    pthread_mutex_unlock(&lock);
}
