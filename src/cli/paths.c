#define _GNU_SOURCE /* O_TMPFILE */
#include "cli/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cli_folder_of(const char *path, char out[PATH_MAX])
{
    char        folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t      length = slash == NULL ? 0 : (size_t)(slash - path);

    if (length >= sizeof folder) return cli_fail("%.60s…: the name is too long", path);
    memcpy(folder, path, length);
    folder[length] = '\0';
    if (realpath(slash == NULL ? "." : length == 0 ? "/" : folder, out) == NULL)
        return cli_fail("%s: %s", path, strerror(errno));
    return CLI_OK;
}

int cli_relative(const char *from, const char *to, char *out, size_t size)
{
    size_t common = 0, ups = 0, length = 0;

    for (size_t i = 0;; i++) { /* the longest prefix that ends where both have a slash or their end */
        bool from_end = from[i] == '\0' || from[i] == '/', to_end = to[i] == '\0' || to[i] == '/';
        if (from_end && to_end) common = i;
        if (from[i] != to[i] || from[i] == '\0') break;
    }
    for (const char *p = from + common; *p != '\0'; p++) ups += *p == '/' && p[1] != '\0';
    const char *rest = to + common + (to[common] == '/');
    if (3 * ups + strlen(rest) + 2 > size) return cli_fail("%.60s…: the path is too long", to);
    for (size_t i = 0; i < ups; i++) length += (size_t)sprintf(out + length, "%s..", i > 0 ? "/" : "");
    if (*rest != '\0') length += (size_t)sprintf(out + length, "%s%s", ups > 0 ? "/" : "", rest);
    if (length == 0) strcpy(out, ".");
    return CLI_OK;
}

/* A file without a name in the folder of `path`, which nothing can leave behind; false where the file system
   has none. */
static bool nameless_file(const char *path, int *file)
{
#ifdef O_TMPFILE
    char        folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int   length = slash != NULL ? (int)(slash - path) : 0;

    snprintf(folder, sizeof folder, "%.*s", length > 0 ? length : 1,
             slash == path ? "/"
             : length > 0  ? path
                           : ".");
    *file = open(folder, O_WRONLY | O_TMPFILE, 0666);
    return *file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL);
#else
    (void)path, (void)file;
    return false;
#endif
}

static int named_file(const char *name)
{
    const int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);

    if (file >= 0) unlink(name);
    return file;
}

int cli_output_check(const char *path)
{
    char        name[PATH_MAX];
    struct stat facts;
    int         file = -1;

    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode))
        return cli_fail("%s: cannot be written: %s", path,
                        S_ISDIR(facts.st_mode) ? strerror(EISDIR) : "it is there and not a regular file");
    if (snprintf(name, sizeof name, "%s.%ld.check", path, (long)getpid()) >= (int)sizeof name)
        return cli_fail("%.60s…: the name is too long", path);
    /* a name that is too long is found by looking for it */
    if (stat(name, &facts) != 0 && errno == ENAMETOOLONG)
        return cli_fail("%s: cannot be written: %s", path, strerror(errno));
    if (!nameless_file(path, &file)) file = named_file(name);
    if (file < 0) return cli_fail("%s: cannot be written: %s", path, strerror(errno));
    close(file);
    return CLI_OK;
}

int cli_result_check(const char *path)
{
    struct stat   facts;
    basin_result *there = NULL;

    if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0) {
        basin_status read = basin_result_read(path, &there);
        basin_result_destroy(&there);
        /* one of another format, which basin does not read any more, is a result too */
        if (read != BASIN_OK && read != BASIN_ERR_UNSUPPORTED)
            return cli_fail("%s: is there and not a result of basin, which is all that -o replaces", path);
    }
    return cli_output_check(path);
}

bool cli_same_file(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

int cli_figure_check(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot == NULL || (strcmp(dot, ".pdf") != 0 && strcmp(dot, ".svg") != 0 && strcmp(dot, ".png") != 0))
        return cli_usage("%s: a figure's name ends in .pdf, .svg or .png", path);
    return cli_output_check(path);
}

int cli_folder_make(const char *path)
{
    char        name[PATH_MAX];
    struct stat facts;

    if (strlen(path) >= sizeof name) return cli_fail("%.60s…: the name is too long", path);
    strcpy(name, path);
    for (char *slash = name + 1; slash[-1] != '\0' && (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(name, 0777) != 0 && errno != EEXIST)
            return cli_fail("%s: cannot be made: %s", name, strerror(errno));
        *slash = '/';
    }
    if (mkdir(name, 0777) != 0 && errno != EEXIST)
        return cli_fail("%s: cannot be made: %s", path, strerror(errno));
    if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)) return cli_fail("%s: is not a folder", path);
    if (access(path, W_OK | X_OK) != 0)
        return cli_fail("%s: cannot be written into: %s", path, strerror(errno));
    return CLI_OK;
}

/* ------------------------------------------------------------------------------------------ one writer -- */

#define CLAIM ".basin_writer"

/* The lock, not the file, is the claim: the system lets it go with its process. */
int cli_folder_claim(const char *folder, int *out)
{
    int          status = CLI_OK, handle = -1;
    char         path[PATH_MAX];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET}, held = lock;

    CLI_CHECK(snprintf(path, sizeof path, "%s/" CLAIM, folder) < (int)sizeof path,
              "%.60s…: the name is too long", folder);
    CLI_CHECK((handle = open(path, O_RDWR | O_CREAT, 0666)) >= 0, "%s: cannot be written: %s", folder,
              strerror(errno));
    if (fcntl(handle, F_SETLK, &lock) != 0 && (errno == EACCES || errno == EAGAIN)) {
        CLI_CHECK(fcntl(handle, F_GETLK, &held) == 0 && held.l_type != F_UNLCK,
                  "%s: another process has just written into it; try again", folder);
        CLI_CHECK(false, "%s: process %ld is writing a run into it; wait, or choose another folder", folder,
                  (long)held.l_pid);
    }
    *out = handle, handle = -1;
done:
    if (handle >= 0) close(handle);
    return status;
}

void cli_folder_release(const char *folder, int *handle)
{
    char path[PATH_MAX];

    if (*handle < 0) return;
    if (snprintf(path, sizeof path, "%s/" CLAIM, folder) < (int)sizeof path) unlink(path);
    close(*handle);
    *handle = -1;
}
