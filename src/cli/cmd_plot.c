/* basin plot: draws stored results anew. */
#include <string.h>

#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/paths.h"

static const cli_option options[] = {
    {"o", CLI_TEXT, "FILE", "the figure: .pdf, .svg or .png", true},
    {"kind", CLI_TEXT, "KIND", "which figure of the result (default: its first; a wrong one lists them)",
     false},
    {"title", CLI_TEXT, "TEXT", "above the figure (default: none)", false},
    {"label", CLI_TEXT, "TEXT", "in the legend, one for each result in order (default: method, seed, step)",
     false},
    {"width", CLI_REAL, "INCHES", "3.25 is a column, 6.75 a page (default: 3.25; of a comparison 6.75)",
     false},
    {"height", CLI_REAL, "INCHES", "(default: by the figure)", false},
    {"font", CLI_TEXT, "NAME", "(default: DejaVu Sans)", false},
    {"font-size", CLI_REAL, "POINTS", "at final size (default: 8)", false},
    {"x", CLI_TEXT, "FIELD",
     "track: on the horizontal axis, e.g. epoch, learning_rate; correlation: gap or test_loss", false},
    {"y", CLI_TEXT, "FIELD",
     "track, compare, strip: on the vertical axis or in the table, e.g. lambda_max, sane; slice: loss, or "
     "loss,accuracy",
     false},
    {"x-label", CLI_TEXT, "TEXT", "below the panels (default: the figure's own)", false},
    {"y-label", CLI_TEXT, "TEXT", "beside the panels (default: the figure's own)", false},
    {"scale", CLI_CHOICE, "linear|log|symlog", "of the value axis (default: by the figure)", false},
    {"cap", CLI_REAL, "VALUE", "clip values above, and mark them (default: none)", false},
    {"points", CLI_FLAG, NULL, "slice --tolerance: mark the points that were evaluated", false},
    {"smooth", CLI_CHOICE, "lines|none|all",
     "what of a plane is drawn between its points, too, by the rule that tells left-out points best; all: "
     "heat maps as well (default: lines)",
     false},
    {"dpi", CLI_REAL, "DPI", "PNG (default: 300)", false},
    {"no-footer", CLI_FLAG, NULL, "leave the line of provenance out", false},
    {"caption", CLI_FLAG, NULL, "print the figure's caption", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static basin_smoothing smoothing(const char *text)
{
    return strcmp(text, "none") == 0  ? BASIN_SMOOTH_NONE
           : strcmp(text, "all") == 0 ? BASIN_SMOOTH_ALL
                                      : BASIN_SMOOTH_LINES;
}

static int read_options(const cli_arguments *a, const char **labels, basin_figure_options *out)
{
    int    status = CLI_OK;
    size_t count = 0;

    for (size_t i = 0; i < a->given_count; i++) {
        if (strcmp(a->given[i].option->name, "label") != 0) continue;
        CLI_WANT(count < a->operand_count, "plot: more --label than results");
        labels[count++] = a->given[i].text;
    }
    CLI_WANT(count == 0 || count == a->operand_count, "plot: %zu --label for %zu results", count,
             a->operand_count);
    *out = (basin_figure_options){
        .kind = cli_text(a, "kind", NULL),
        .title = cli_text(a, "title", NULL),
        .labels = count > 0 ? labels : NULL,
        .width = cli_real(a, "width", 0),
        .height = cli_real(a, "height", 0),
        .font = cli_text(a, "font", NULL),
        .font_size = cli_real(a, "font-size", 0),
        .x = cli_text(a, "x", NULL),
        .y = cli_text(a, "y", NULL),
        .x_label = cli_text(a, "x-label", NULL),
        .y_label = cli_text(a, "y-label", NULL),
        .scale = cli_text(a, "scale", NULL),
        .cap = cli_real(a, "cap", 0),
        .points = cli_has(a, "points"),
        .smooth = smoothing(cli_text(a, "smooth", "lines")),
        .no_footer = cli_has(a, "no-footer"),
        .dpi = cli_real(a, "dpi", 0),
    };
done:
    return status;
}

static int run(const cli_arguments *a)
{
    int                  status = CLI_OK;
    const char          *path = cli_text(a, "o", NULL), **labels = NULL;
    basin_figure_options o;
    basin_result       **results = NULL;
    basin_figure        *figure = NULL;

    CLI_WANT(path != NULL, "plot: where to? -o FILE.pdf, .svg or .png");
    CLI_TRY(cli_figure_check(path));
    CLI_ALLOC(labels, a->operand_count);
    CLI_TRY(read_options(a, labels, &o));
    CLI_ALLOC(results, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) CLI_LIBRARY(basin_result_read(a->operands[i], &results[i]));
    CLI_LIBRARY(basin_figure_create((const basin_result *const *)results, a->operand_count, &o, &figure));
    CLI_LIBRARY(basin_figure_write(figure, path));
    cli_monitor_clear();
    if (cli_has(a, "caption")) printf("%s\n", basin_figure_caption(figure));
done:
    basin_figure_destroy(&figure);
    for (size_t i = 0; results != NULL && i < a->operand_count; i++) basin_result_destroy(&results[i]);
    basin_free(results);
    basin_free(labels);
    return status;
}

const cli_command cli_command_plot = {
    .name = "plot",
    .usage = "plot RESULT.h5… -o FIGURE [--kind KIND] [--title TEXT]",
    .about = "Draws stored results as PDF, SVG or PNG. Several results of one kind come into one figure, "
             "overlaid or side by side.\n"
             "--kind strip takes slices, spectra and one comparison together: a column for each method (or "
             "--label), a\n"
             "row for each kind of result on one scale, and a table of the comparison's means.\n"
             "The same result gives the same bytes as --plot at the time it was computed.",
    .examples =
        "  basin plot slice.h5 -o slice.pdf --title \"MSAM, seed 0\"\n"
        "  basin plot gd.h5 sam.h5 msam.h5 -o slices.svg --width 6.75 --label GD --label SAM --label MSAM\n",
    .options = options,
    .common = 0,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
