#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];

const char *basin_status_text(basin_status status)
{
    switch (status) {
#define BASIN_STATUS_CASE(code, text) \
    case code: return text;
        BASIN_STATUS_LIST(BASIN_STATUS_CASE)
#undef BASIN_STATUS_CASE
    }
    return "unknown status";
}

const char *basin_error_message(void)
{
    return message;
}

/* A file's name may hold a line break or an escape sequence; the message stays one plain line. */
static void keep(const char *text)
{
    basin_printable(text, message, sizeof message);
}

basin_status basin_fail(basin_status code, const char *format, ...)
{
    char    text[sizeof message]; /* the arguments may point into the old message */
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep(text);
    return code;
}

basin_status basin_fail_within(basin_status code, const char *format, ...)
{
    char    prefix[256], text[sizeof message];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    int n = snprintf(text, sizeof text, "%s: %s", prefix, message);
    if (n > 0) keep(text);
    return code;
}
