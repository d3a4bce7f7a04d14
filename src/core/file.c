#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/memory.h"

static char being_written[4096]; /* for basin_file_emergency; one output is written at a time */

basin_status basin_file_begin(const char *path, char **out)
{
    basin_status st = BASIN_OK;
    char        *name = NULL;
    int          handle = -1;
    struct stat  facts;

    BASIN_CHECK(path[0] != '\0', BASIN_ERR_ARG, "an empty file name to write to");
    BASIN_CHECK(stat(path, &facts) != 0 || S_ISREG(facts.st_mode), BASIN_ERR_IO, "%s: cannot be written: %s", path,
                S_ISDIR(facts.st_mode) ? strerror(EISDIR) : "it is there and not a regular file"); /* renaming would replace a device */
    BASIN_CHECK((name = basin_format("%s.%ld.part", path, (long)getpid())) != NULL, BASIN_ERR_NOMEM, "out of memory for a file name");
    BASIN_CHECK(strlen(name) < sizeof being_written, BASIN_ERR_ARG, "%.60s…: file name of %zu characters", path, strlen(path));
    handle = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    BASIN_CHECK(handle >= 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    memcpy(being_written, name, strlen(name) + 1);
    *out = name, name = NULL;
done:
    if (handle >= 0) close(handle);
    basin_free(name);
    return st;
}

basin_status basin_file_commit(const char *temporary, const char *path)
{
    basin_status st = BASIN_OK;
    int          handle = open(temporary, O_RDONLY);

    BASIN_CHECK(handle >= 0 && fsync(handle) == 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    BASIN_CHECK(rename(temporary, path) == 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    being_written[0] = '\0';
done:
    if (handle >= 0) close(handle);
    if (st != BASIN_OK) {
        unlink(temporary);
        being_written[0] = '\0';
    }
    return st;
}

void basin_file_abandon(char **temporary)
{
    if (temporary == NULL || *temporary == NULL) return;
    if (strcmp(being_written, *temporary) == 0) {
        unlink(*temporary);
        being_written[0] = '\0';
    }
    basin_free(*temporary);
    *temporary = NULL;
}

void basin_file_emergency(void)
{
    if (being_written[0] != '\0') unlink(being_written);
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
