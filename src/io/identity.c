/* The identity of a training: when it started, for people and for the order of trainings, and 48 random bits,
 * so that two that start at once are two. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/digest.h"

/* What no other process has at this moment; the system's random numbers where they can be read. */
static basin_status random_digest(const struct timespec *now, char out[65])
{
    basin_status  st = BASIN_OK;
    basin_digest *digest = NULL;
    FILE         *source = fopen("/dev/urandom", "rb");
    unsigned char bytes[16];
    const long    process = (long)getpid();

    BASIN_TRY(basin_digest_create(&digest));
    basin_digest_add(digest, now, sizeof *now);
    basin_digest_add(digest, &process, sizeof process);
    if (source != NULL && fread(bytes, 1, sizeof bytes, source) == sizeof bytes)
        basin_digest_add(digest, bytes, sizeof bytes);
    basin_digest_finish(digest, out);
done:
    basin_digest_destroy(&digest);
    if (source != NULL) fclose(source);
    return st;
}

basin_status basin_run_identity(char out[BASIN_RUN_IDENTITY])
{
    basin_status    st = BASIN_OK;
    struct timespec now;
    struct tm       parts;
    char            digest[65], stamp[16];

    BASIN_CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &parts) != NULL,
                BASIN_ERR_IO, "the clock cannot be read");
    BASIN_CHECK(strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &parts) > 0, BASIN_ERR_IO,
                "the clock is in no year of four digits");
    BASIN_TRY(random_digest(&now, digest));
    digest[12] = '\0';
    snprintf(out, BASIN_RUN_IDENTITY, "%s.%03dZ-%.12s", stamp, (int)(now.tv_nsec / 1000000) % 1000, digest);
done:
    return st;
}
