#include "cli/look.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------- the setters -- */

typedef int setter(cli_look *look, size_t offset, const char *text);

static void *member(cli_look *look, size_t offset)
{
    return (char *)&look->options + offset;
}

static int set_real(cli_look *look, size_t offset, const char *text)
{
    *(double *)member(look, offset) = strtod(text, NULL);
    return CLI_OK;
}

/* 0 would be taken for what the figure chooses. */
static int set_size(cli_look *look, size_t offset, const char *text)
{
    const double value = strtod(text, NULL);

    if (!(value > 0)) return cli_usage("a size of a figure is above 0, not %s", text);
    *(double *)member(look, offset) = value;
    return CLI_OK;
}

static int set_text(cli_look *look, size_t offset, const char *text)
{
    *(const char **)member(look, offset) = text;
    return CLI_OK;
}

static int set_flag(cli_look *look, size_t offset, const char *text)
{
    *(bool *)member(look, offset) = text == NULL;
    return CLI_OK;
}

static int set_legend(cli_look *look, size_t offset, const char *text)
{
    *(int *)member(look, offset) = strcmp(text, "none") == 0    ? BASIN_LEGEND_NONE
                                   : strcmp(text, "above") == 0 ? BASIN_LEGEND_ABOVE
                                                                : BASIN_LEGEND_AUTO;
    return CLI_OK;
}

static int set_smooth(cli_look *look, size_t offset, const char *text)
{
    *(int *)member(look, offset) = strcmp(text, "none") == 0  ? BASIN_SMOOTH_NONE
                                   : strcmp(text, "all") == 0 ? BASIN_SMOOTH_ALL
                                                              : BASIN_SMOOTH_LINES;
    return CLI_OK;
}

static int set_range(cli_look *look, size_t offset, const char *text)
{
    if (strncmp(text, "auto", 4) == 0) return cli_usage("--range wants LOW:HIGH, got «%s»", text);
    cli_range(text, &look->range[0], &look->range[1]);
    *(const double **)member(look, offset) = look->range;
    return CLI_OK;
}

/* Both angles; `offset` is of the first. */
static int set_view(cli_look *look, size_t offset, const char *text)
{
    cli_range(text, member(look, offset), &look->options.elevation);
    return look->options.elevation != 0 ? CLI_OK : cli_usage("--view %s: an elevation from 5 to 70", text);
}

/* A whole number alone is how many. */
static int set_levels(cli_look *look, size_t offset, const char *text)
{
    const double only = strtod(text, NULL);
    size_t       count = 0;
    char        *end = NULL;

    if (strchr(text, ',') == NULL && only >= 1 && only == floor(only)) {
        *(const double **)member(look, offset) = NULL;
        look->options.level_count = only < CLI_LOOK_LEVELS ? (size_t)only : CLI_LOOK_LEVELS;
        return CLI_OK;
    }
    for (; count < CLI_LOOK_LEVELS && (end == NULL || *end == ','); text = end + 1)
        look->levels[count++] = strtod(text, &end);
    *(const double **)member(look, offset) = look->levels;
    look->options.level_count = count;
    return CLI_OK;
}

/* ------------------------------------------------------------------------------------------- the table -- */

static const cli_option options[] = {
#define CLI_FIGURE_OPTION(name, kind, argument, help, setter, member) {name, kind, argument, help, false},
#include "cli/figure_option_list.h"
#undef CLI_FIGURE_OPTION
    {NULL, CLI_FLAG, NULL, NULL, false}};

static const struct {
    setter *set;
    size_t  offset;
} fields[] = {
#define CLI_FIGURE_OPTION(name, kind, argument, help, setter, member) \
    {set_##setter, offsetof(basin_figure_options, member)},
#include "cli/figure_option_list.h"
#undef CLI_FIGURE_OPTION
};

const cli_option *cli_look_options(void)
{
    return options;
}

int cli_look_set(cli_look *look, const char *name, const char *text)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(options[i].name, name) == 0) return fields[i].set(look, fields[i].offset, text);
    return CLI_OK; /* none of the look */
}

int cli_look_styles(const cli_arguments *a, cli_look *out)
{
    int status = CLI_OK;

    for (size_t i = 0; i < a->given_count; i++)
        if (strcmp(a->given[i].option->name, "style") == 0)
            CLI_TRY(cli_style_read(a->command->name, a->given[i].text, out));
done:
    return status;
}

int cli_look_read(const cli_arguments *a, cli_look *out)
{
    int status = CLI_OK;

    CLI_TRY(cli_look_styles(a, out));
    for (size_t i = 0; i < a->given_count; i++)
        CLI_TRY(cli_look_set(out, a->given[i].option->name, a->given[i].text));
done:
    return status;
}

void cli_look_tell(const cli_look *look, const basin_figure *figure)
{
    const char *stand_in = basin_figure_stand_in(figure);

    if (stand_in != NULL)
        cli_warn("font %s is not installed; %s stands in",
                 look->options.font != NULL ? look->options.font : "DejaVu Sans", stand_in);
}

void cli_look_clear(cli_look *look)
{
    for (size_t i = 0; i < look->text_count; i++) basin_free(look->texts[i]);
    *look = (cli_look){0};
}
