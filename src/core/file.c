#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/memory.h"

static char being_written[4096]; /* for basin_file_emergency; one output is written at a time */
static int  being_held = -1;     /* its handle, with a lock that tells other machines that its writer lives */

static const struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

/* ------------------------------------------------------------------------------------------- left over -- */

/* The process number in NAME.PID.part, where `name` begins with NAME; 0 for any other name. */
static long writer_of(const char *entry, const char *name)
{
    size_t length = strlen(name);
    char  *end;
    long   writer;

    if (strncmp(entry, name, length) != 0 || entry[length] != '.') return 0;
    errno = 0;
    writer = strtol(entry + length + 1, &end, 10);
    return errno == 0 && writer > 0 && strcmp(end, ".part") == 0 ? writer : 0;
}

/* A killed process leaves its temporary file behind. Its number is free again, and so is the lock, which a
   process of another machine would still hold. */
static bool is_abandoned(const char *path, long writer)
{
    struct flock lock = whole_file;
    bool         free;
    int          handle;

    if (kill((pid_t)writer, 0) == 0 || errno != ESRCH) return false;
    handle = open(path, O_WRONLY);
    if (handle < 0) return false;
    free = fcntl(handle, F_SETLK, &lock) == 0;
    close(handle);
    return free;
}

/* Removes what killed processes have left of the same output. What cannot be looked at stays. */
static void remove_left_over(const char *path)
{
    const char    *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    char          *folder = basin_format("%.*s",
                                slash == NULL   ? 1
                                         : slash == path ? 1
                                                         : (int)(slash - path),
                                slash == NULL ? "." : path);
    DIR           *entries = folder != NULL ? opendir(folder) : NULL;
    struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        long  writer = writer_of(entry->d_name, name);
        char *left = writer > 0 ? basin_format("%s/%s", folder, entry->d_name) : NULL;
        if (left != NULL && is_abandoned(left, writer)) unlink(left);
        basin_free(left);
    }
    if (entries != NULL) closedir(entries);
    basin_free(folder);
}

/* --------------------------------------------------------------------------------------------- writing -- */

static void let_go(void)
{
    if (being_held >= 0) close(being_held);
    being_held = -1;
    being_written[0] = '\0';
}

basin_status basin_file_begin(const char *path, char **out)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;
    struct flock lock = whole_file;
    struct stat  facts;

    BASIN_CHECK(path[0] != '\0', BASIN_ERR_ARG, "an empty file name to write to");
    BASIN_CHECK(stat(path, &facts) != 0 || S_ISREG(facts.st_mode), BASIN_ERR_IO, "%s: cannot be written: %s",
                path,
                /* renaming would replace a device */
                S_ISDIR(facts.st_mode) ? strerror(EISDIR) : "it is there and not a regular file");
    BASIN_CHECK((name = basin_format("%s.%ld.part", path, (long)getpid())) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a file name");
    BASIN_CHECK(strlen(name) < sizeof being_written, BASIN_ERR_ARG, "%.60s…: file name of %zu characters",
                path, strlen(path));
    remove_left_over(path);
    let_go();
    being_held = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    BASIN_CHECK(being_held >= 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    (void)fcntl(being_held, F_SETLK, &lock); /* a file system without locks has writers of one machine only */
    memcpy(being_written, name, strlen(name) + 1);
    *out = name, name = NULL;
done:
    basin_free(name);
    return st;
}

basin_status basin_file_commit(const char *temporary, const char *path)
{
    basin_status st = BASIN_OK;
    int          handle = open(temporary, O_RDONLY);

    BASIN_CHECK(handle >= 0 && fsync(handle) == 0, BASIN_ERR_IO, "%s: cannot be written: %s", path,
                strerror(errno));
    BASIN_CHECK(rename(temporary, path) == 0, BASIN_ERR_IO, "%s: cannot be written: %s", path,
                strerror(errno));
done:
    if (handle >= 0) close(handle);
    if (st != BASIN_OK) unlink(temporary);
    let_go();
    return st;
}

void basin_file_abandon(char **temporary)
{
    if (temporary == NULL || *temporary == NULL) return;
    if (strcmp(being_written, *temporary) == 0) {
        unlink(*temporary);
        let_go();
    }
    basin_free(*temporary);
    *temporary = NULL;
}

void basin_file_emergency(void)
{
    if (being_written[0] != '\0') unlink(being_written);
}

basin_status basin_file_write(const char *path, const void *bytes, size_t size)
{
    basin_status st = BASIN_OK;
    char        *temporary = NULL;
    FILE        *file = NULL;

    BASIN_TRY(basin_file_begin(path, &temporary));
    BASIN_CHECK((file = fopen(temporary, "wb")) != NULL, BASIN_ERR_IO, "%s: cannot be written: %s", path,
                strerror(errno));
    const bool written = fwrite(bytes, 1, size, file) == size;
    const int  closed = fclose(file);
    file = NULL;
    BASIN_CHECK(written && closed == 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    BASIN_TRY(basin_file_commit(temporary, path));
done:
    basin_file_abandon(&temporary);
    return st;
}

basin_status basin_file_digest(const char *path, char out[65])
{
    basin_status  st = BASIN_OK;
    basin_digest *digest = NULL;
    FILE         *file = NULL;
    char          bytes[1 << 14];
    size_t        count;

    BASIN_TRY(basin_digest_create(&digest));
    BASIN_CHECK((file = fopen(path, "rb")) != NULL, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0) basin_digest_add(digest, bytes, count);
    BASIN_CHECK(!ferror(file), BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    basin_digest_finish(digest, out);
done:
    if (file != NULL) fclose(file);
    basin_digest_destroy(&digest);
    return st;
}
