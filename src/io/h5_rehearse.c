/* Texts of variable length lie in heaps of the file. Where a heap is damaged, HDF5 reads beyond its memory or
 * walks it for ever, and nothing that its interface tells beforehand shows the damage. So a child process
 * reads all of them first: it is the one that crashes, or that is stopped after a time in which no sound file
 * is not read. Files written by basin hold no such texts; h5py's do.
 */

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/memory.h"
#include "io/h5_file.h"

/* Sound files take milliseconds; a slow disk may take longer, without computing. */
enum { SECONDS = 20, COMPUTING = 2 };

static herr_t read_variable(hid_t id, bool attribute)
{
    hid_t type = attribute ? H5Aget_type(id) : H5Dget_type(id),
          space = attribute ? H5Aget_space(id) : H5Dget_space(id);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    char   **texts;

    if (type < 0 || H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) <= 0 || count <= 0) return 0;
    texts = basin_alloc((size_t)count, sizeof *texts);
    return texts == NULL ? -1
           : attribute   ? H5Aread(id, type, texts)
                         : H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts);
}

static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *payload)
{
    hid_t  id = H5Aopen(object, name, H5P_DEFAULT);
    herr_t status = id < 0 ? 0 : read_variable(id, true);

    (void)info, (void)payload;
    if (id >= 0) H5Aclose(id);
    return status < 0 ? -1 : 0;
}

static herr_t visit_object(hid_t root, const char *name, const H5O_info_t *info, void *payload)
{
    hid_t  id = H5Oopen(root, name, H5P_DEFAULT);
    herr_t status = 0;

    (void)payload;
    if (id < 0) return 0;
    if (info->type == H5O_TYPE_DATASET) status = read_variable(id, false);
    if (status >= 0) status = H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_attribute, NULL);
    H5Oclose(id);
    return status < 0 ? -1 : 0;
}

/* In the child, whose memory, handlers and end are its own. What cannot be read, the parent will say in its
   own words. */
static void rehearse(hid_t file)
{
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_CPU, &(struct rlimit){COMPUTING, COMPUTING + 1});
    alarm(SECONDS);
    H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit_object, NULL);
    _exit(0);
}

basin_status basin_h5_rehearse(const basin_h5 *h5)
{
    basin_status st = BASIN_OK;
    pid_t        child;
    int          end = 0;

    if (*h5->rehearsed) return BASIN_OK;
    BASIN_CHECK((child = fork()) >= 0, BASIN_ERR_NOMEM,
                "%s: no process to read its texts of variable length first", h5->path);
    if (child == 0) rehearse(h5->file);
    while (waitpid(child, &end, 0) < 0 && errno == EINTR) continue;
    const bool endless = WIFSIGNALED(end) && (WTERMSIG(end) == SIGALRM || WTERMSIG(end) == SIGXCPU);
    /* A sanitizer ends the child by its own status, not by a signal. */
    BASIN_CHECK(end == 0, BASIN_ERR_FORMAT, "%s: damaged: its texts of variable length %s", h5->path,
                endless ? "have no end" : "make HDF5 crash");
    *h5->rehearsed = true;
done:
    return st;
}
