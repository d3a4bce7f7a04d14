#include "cli/figure_file.h"

int cli_figure_write(const basin_figure *figure, const char *path)
{
    int          status = CLI_OK;
    char         where[BASIN_COLLISION_ROOM];
    const size_t count = basin_figure_collisions(figure, where);

    CLI_LIBRARY(basin_figure_write(figure, path));
    if (count > 0)
        cli_warn("%s: %s%s; more --width, a smaller --font-size or shorter names give them room", path, where,
                 count > 1 ? ", and others" : "");
done:
    return status;
}
