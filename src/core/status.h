/* How functions fail: one code, one line of text, one way out.
 *
 *     basin_status st = BASIN_OK;
 *     BASIN_CHECK(n > 0, BASIN_ERR_ARG, "slice needs a sample, got %zu", n);
 *     BASIN_TRY(basin_something(...));
 *     *out = x, x = NULL;
 * done:
 *     basin_x_destroy(&x);
 *     return st;
 */
#ifndef BASIN_CORE_STATUS_H
#define BASIN_CORE_STATUS_H

#include "basin.h"

#if defined(__GNUC__)
#define BASIN_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define BASIN_PRINTF(text, first)
#endif

#define BASIN_NONE SIZE_MAX /* as an index, an offset or a number of a list: there is none */

/* Records the message for this thread and returns the code. */
basin_status basin_fail(basin_status code, const char *format, ...) BASIN_PRINTF(2, 3);
/* Puts «prefix: » before the message of a failure on its way up; returns the code unchanged. */
basin_status basin_fail_within(basin_status code, const char *format, ...) BASIN_PRINTF(2, 3);

#define BASIN_CHECK(condition, code, ...)         \
    do {                                          \
        if (!(condition)) {                       \
            st = basin_fail((code), __VA_ARGS__); \
            goto done;                            \
        }                                         \
    } while (0)

#define BASIN_TRY(call)                           \
    do {                                          \
        if ((st = (call)) != BASIN_OK) goto done; \
    } while (0)

#endif
