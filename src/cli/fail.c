/* The one line that explains a failure, kept until main prints it; each thread has its own. */
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"

static _Thread_local char message[1200];

static void keep(const char *format, va_list arguments)
{
    char text[sizeof message]; /* the arguments may point into the old message */

    vsnprintf(text, sizeof text, format, arguments);
    basin_printable(text, message, sizeof message); /* a name typed with a line break: still one line */
}

int cli_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
    return CLI_FAILED;
}

int cli_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
    return CLI_USAGE;
}

int cli_conclude(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
    return status;
}

int cli_library(basin_status status)
{
    if (status == BASIN_OK) return CLI_OK;
    cli_fail("%s", basin_error_message()[0] != '\0' ? basin_error_message() : basin_status_text(status));
    return status == BASIN_ERR_INTERRUPTED ? CLI_INTERRUPTED : CLI_FAILED;
}

const char *cli_message(void)
{
    return message;
}

int cli_name_file(int status, const char *path)
{
    if (status == CLI_FAILED && strstr(message, path) == NULL && strstr(message, ".h5: ") == NULL)
        cli_fail("%s: %s", path, message);
    return status;
}
