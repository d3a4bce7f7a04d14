/* Opening files for reading, finding objects by hard links, and the attributes that all files of basin
   have. */
#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "io/h5_file.h"
#include "io/text.h"

/* ----------------------------------------------------------------------------------------------- files -- */

/* The serial HDF5 knows one thread. So whoever opens a file has the library until the file is closed; that
   one thread may have several files open. */
static pthread_mutex_t one_thread;
static pthread_once_t  made = PTHREAD_ONCE_INIT;

static void make_lock(void)
{
    pthread_mutexattr_t kind;

    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&one_thread, &kind);
    pthread_mutexattr_destroy(&kind);
}

static void enter(void)
{
    pthread_once(&made, make_lock);
    pthread_mutex_lock(&one_thread);
}

static void leave(void)
{
    pthread_mutex_unlock(&one_thread);
}

basin_status basin_h5_start(const char *path, basin_h5 **out)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;

    enter();
    BASIN_ALLOC(h5, 1, "an HDF5 file");
    h5->path = path;
    h5->file = NO_ID;
    BASIN_ALLOC(h5->rehearsed, 1, "an HDF5 file");
    BASIN_CHECK(H5open() >= 0, BASIN_ERR_IO, "%s: HDF5 does not start", path);
    H5Eget_auto2(H5E_DEFAULT, &h5->report, &h5->report_data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLget_loading_state(&h5->plugins);
    H5PLset_loading_state(0);
    *out = h5, h5 = NULL;
done:
    if (h5 != NULL) basin_free(h5->rehearsed);
    basin_free(h5);
    if (st != BASIN_OK) leave();
    return st;
}

static herr_t first_reason(unsigned n, const H5E_error2_t *error, void *payload)
{
    (void)n;
    snprintf(payload, 160, "%s", error->desc ? error->desc : "no reason given");
    return 1; /* stops the walk */
}

const char *basin_h5_reason(char text[160])
{
    text[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_reason, text);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    return text[0] ? text : "no reason given";
}

void basin_h5_close(basin_h5 **h5)
{
    if (h5 == NULL || *h5 == NULL) return;
    if ((*h5)->file >= 0) H5Fclose((*h5)->file);
    H5Eset_auto2(H5E_DEFAULT, (*h5)->report, (*h5)->report_data);
    H5PLset_loading_state((*h5)->plugins);
    basin_free((*h5)->rehearsed);
    basin_free(*h5);
    *h5 = NULL;
    leave();
}

/* The HDF5 signature lies at byte 0, 512, 1024, 2048, … of the file. */
static basin_status check_signature(const char *path, int handle, off_t size)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    basin_status               st = BASIN_OK;
    unsigned char              bytes[8];

    BASIN_CHECK(size > 0, BASIN_ERR_FORMAT, "%s: an empty file", path);
    for (off_t at = 0; at + 8 <= size; at = at == 0 ? 512 : 2 * at) {
        BASIN_CHECK(pread(handle, bytes, sizeof bytes, at) == (ssize_t)sizeof bytes, BASIN_ERR_IO, "%s: %s",
                    path, strerror(errno));
        if (memcmp(bytes, signature, sizeof bytes) == 0) goto done;
    }
    BASIN_CHECK(false, BASIN_ERR_FORMAT, "%s: not an HDF5 file", path);
done:
    return st;
}

static basin_status check_file(const char *path, struct stat *out)
{
    basin_status st = BASIN_OK;
    int          handle = -1;

    BASIN_CHECK(stat(path, out) == 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_CHECK(S_ISREG(out->st_mode), BASIN_ERR_IO, "%s: not a file", path); /* opening a pipe would wait */
    BASIN_CHECK((handle = open(path, O_RDONLY)) >= 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_TRY(check_signature(path, handle, out->st_size));
done:
    if (handle >= 0) close(handle);
    return st;
}

/* What HDF5 says of a file that it does not open, in our words. */
static basin_status fail_to_open(const char *path)
{
    char        text[160];
    const char *reason = basin_h5_reason(text);

    if (strstr(reason, "truncated") != NULL)
        return basin_fail(BASIN_ERR_IO,
                          "%s: truncated, or still being written: %s; wait for its writer, or copy "
                          "it anew",
                          path, reason);
    if (strstr(reason, "already open") != NULL || strstr(reason, "flags") != NULL)
        return basin_fail(BASIN_ERR_IO, "%s: still being written, or its writer was stopped: %s", path,
                          reason);
    return basin_fail(BASIN_ERR_IO,
                      "%s: damaged, or still being written: %s; wait for its writer, or take "
                      "another copy",
                      path, reason);
}

basin_status basin_h5_open(const char *path, basin_h5 **out)
{
    basin_status st = BASIN_OK;
    basin_h5    *h5 = NULL;
    struct stat  stamp;
    hid_t        access = NO_ID;

    BASIN_TRY(check_file(path, &stamp));
    BASIN_TRY(basin_h5_start(path, &h5));
    h5->stamp = stamp;
    BASIN_CHECK((access = H5Pcreate(H5P_FILE_ACCESS)) >= 0 &&
                    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0,
                BASIN_ERR_NOMEM, "%s: out of memory in HDF5", path);
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12 && H5_VERS_RELEASE == 0)
    H5Pset_file_locking(access, false, true);
#endif
    if ((h5->file = H5Fopen(path, H5F_ACC_RDONLY, access)) < 0) {
        st = fail_to_open(path);
        goto done;
    }
    *out = h5, h5 = NULL;
done:
    if (access >= 0) H5Pclose(access);
    basin_h5_close(&h5);
    return st;
}

basin_status basin_h5_unchanged(const basin_h5 *h5)
{
    basin_status       st = BASIN_OK;
    const struct stat *then = &h5->stamp;
    struct stat        now;

    BASIN_CHECK(stat(h5->path, &now) == 0, BASIN_ERR_IO, "%s: %s", h5->path, strerror(errno));
    BASIN_CHECK(now.st_dev == then->st_dev && now.st_ino == then->st_ino && now.st_size == then->st_size &&
                    now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == then->st_mtim.tv_nsec,
                BASIN_ERR_IO, "%s: was written while it was being read", h5->path);
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- links -- */

/* One link of a path: present and hard, or a failure that says what it is. */
static basin_status check_link(const basin_h5 *h5, const char *link, bool *present)
{
    basin_status st = BASIN_OK;
    H5L_info_t   info;

    *present = H5Lexists(h5->file, link, H5P_DEFAULT) > 0;
    if (!*present) return BASIN_OK;
    BASIN_CHECK(H5Lget_info(h5->file, link, &info, H5P_DEFAULT) >= 0, BASIN_ERR_FORMAT, "%s: %s: %s",
                h5->path, link, REASON);
    BASIN_CHECK(info.type != H5L_TYPE_EXTERNAL, BASIN_ERR_UNSUPPORTED,
                "%s: %s: a link into another file is not followed", h5->path, link);
    BASIN_CHECK(info.type != H5L_TYPE_SOFT, BASIN_ERR_UNSUPPORTED,
                "%s: %s: a soft link is not followed; store the object itself", h5->path, link);
    BASIN_CHECK(info.type == H5L_TYPE_HARD, BASIN_ERR_UNSUPPORTED, "%s: %s: a link of unknown type %d",
                h5->path, link, (int)info.type);
done:
    return st;
}

basin_status basin_h5_kind_of(const basin_h5 *h5, const char *object, basin_h5_kind *out)
{
    basin_status st = BASIN_OK;
    H5O_info_t   info;
    char        *path = NULL;
    bool         present = true;

    BASIN_CHECK((path = basin_strdup(object)) != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    for (char *slash = strchr(path + 1, '/'); present && slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        BASIN_TRY(check_link(h5, path, &present));
        *slash = '/';
    }
    if (present && strcmp(path, "/") != 0) BASIN_TRY(check_link(h5, path, &present));
    if (!present) {
        *out = BASIN_H5_ABSENT;
        goto done;
    }
    BASIN_CHECK(H5Oget_info_by_name(h5->file, object, &info, H5P_DEFAULT) >= 0, BASIN_ERR_FORMAT,
                "%s: %s: %s", h5->path, object, REASON);
    BASIN_CHECK(info.type == H5O_TYPE_GROUP || info.type == H5O_TYPE_DATASET, BASIN_ERR_FORMAT,
                "%s: %s: neither a group nor a data set", h5->path, object);
    *out = info.type == H5O_TYPE_GROUP ? BASIN_H5_GROUP : BASIN_H5_ARRAY;
done:
    basin_free(path);
    return st;
}

typedef struct name_list {
    const basin_h5 *h5;
    const char     *group;
    size_t          count, room;
    char          **names;
    basin_status    st;
} name_list;

static herr_t collect_name(hid_t group, const char *name, const H5L_info_t *info, void *payload)
{
    name_list   *list = payload;
    basin_status st = BASIN_OK;

    (void)group, (void)info;
    BASIN_CHECK(basin_text_path(name), BASIN_ERR_FORMAT,
                "%s: %s: member %zu has a name that is not plain UTF-8 text", list->h5->path, list->group,
                list->count);
    BASIN_CHECK(list->count < BASIN_H5_MAX_NAMES, BASIN_ERR_FORMAT, "%s: %s: more than %d members",
                list->h5->path, list->group, BASIN_H5_MAX_NAMES);
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        char **names = basin_grow(list->names, list->count, room, sizeof *names);
        BASIN_CHECK(names != NULL, BASIN_ERR_NOMEM, "out of memory for %zu names", room);
        list->names = names;
        list->room = room;
    }
    BASIN_STRDUP(list->names[list->count], name);
    list->count++;
done:
    list->st = st;
    return st == BASIN_OK ? 0 : -1;
}

basin_status basin_h5_names(const basin_h5 *h5, const char *group, size_t *count, char ***out)
{
    basin_status  st = BASIN_OK;
    name_list     list = {.h5 = h5, .group = group};
    basin_h5_kind kind = BASIN_H5_ABSENT;

    BASIN_TRY(basin_h5_kind_of(h5, group, &kind));
    BASIN_CHECK(kind != BASIN_H5_ARRAY, BASIN_ERR_FORMAT, "%s: %s: expected a group, file has a data set",
                h5->path, group);
    if (kind == BASIN_H5_GROUP) {
        herr_t status = H5Literate_by_name(h5->file, group, H5_INDEX_NAME, H5_ITER_INC, NULL, collect_name,
                                           &list, H5P_DEFAULT);
        BASIN_TRY(list.st);
        BASIN_CHECK(status >= 0, BASIN_ERR_FORMAT, "%s: %s: %s", h5->path, group, REASON);
    }
    *count = list.count;
    *out = list.names, list.names = NULL;
done:
    basin_h5_names_free(list.count, list.names);
    return st;
}

void basin_h5_names_free(size_t count, char **names)
{
    for (size_t i = 0; names != NULL && i < count; i++) basin_free(names[i]);
    basin_free(names);
}

/* ---------------------------------------------------------------------------------------------- header -- */

basin_status basin_h5_is(const basin_h5 *h5, const char *format, bool *out)
{
    basin_status st = BASIN_OK;
    char        *found = NULL;

    BASIN_TRY(basin_h5_text_attribute(h5, "/", "format", &found));
    *out = found != NULL && strcmp(found, format) == 0;
done:
    basin_free(found);
    return st;
}

/* What to name instead of a file that is not in the wanted format. */
static const char *way_out(const char *wanted)
{
    if (strcmp(wanted, "basin result") == 0) return "results are what a command stores with -o";
    if (strcmp(wanted, "basin data") == 0)
        return "data sets are what --data takes, and the recorder and train write beside checkpoints";
    return "checkpoints are what train, the recorder and python3 -m basin convert write";
}

basin_status basin_h5_header(const basin_h5 *h5, const char *format, int64_t newest, int64_t *out)
{
    basin_status st = BASIN_OK;
    char        *found = NULL;
    int64_t      version = INT64_MIN, complete = 0;

    BASIN_TRY(basin_h5_text_attribute(h5, "/", "format", &found));
    BASIN_CHECK(found != NULL, BASIN_ERR_FORMAT, "%s: no attribute format: expected «%s»; %s", h5->path,
                format, way_out(format));
    BASIN_CHECK(strcmp(found, format) == 0, BASIN_ERR_FORMAT, "%s: expected «%s», file is «%.60s»; %s",
                h5->path, format, found, way_out(format));
    BASIN_TRY(basin_h5_int_attribute(h5, "/", "version", &version));
    BASIN_CHECK(version != INT64_MIN, BASIN_ERR_FORMAT, "%s: no attribute version", h5->path);
    BASIN_CHECK(version >= 1, BASIN_ERR_FORMAT, "%s: %s version %lld, they count from 1", h5->path, format,
                (long long)version);
    BASIN_CHECK(version <= newest, BASIN_ERR_UNSUPPORTED, "%s: %s version %lld, this basin reads up to %lld",
                h5->path, format, (long long)version, (long long)newest);
    BASIN_TRY(basin_h5_int_attribute(h5, "/", "complete", &complete));
    BASIN_CHECK(complete == 1, BASIN_ERR_FORMAT,
                "%s: no attribute complete: still being written, or its writer was stopped", h5->path);
    if (out != NULL) *out = version;
done:
    basin_free(found);
    return st;
}
