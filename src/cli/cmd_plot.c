/* basin plot: draws stored results anew, in one figure or as the cells of one. */
#include <stdlib.h>
#include <string.h>

#include "cli/csv.h"
#include "cli/figure_file.h"
#include "cli/latex.h"
#include "cli/look.h"
#include "cli/monitor.h"
#include "cli/paths.h"

static const cli_option options[] = {
    {"o", CLI_TEXT, "FILE",
     "the figure: .pdf, .svg or .png; of a plane also the surface itself: .vtk, .glb or .gltf; the numbers: "
     ".csv, or .csv#TABLE",
     true},
    {"kind", CLI_TEXT, "KIND",
     "which figure of the result (default: its first; a wrong one lists them); with --layout one for each "
     "cell, commas between, none for the first",
     false},
    {"layout", CLI_TEXT, "ROWSxCOLUMNS",
     "each result in a cell of its own, row by row, of any kinds; A.h5 + B.h5 share a cell", false},
    {"style", CLI_TEXT, "STYLE",
     "column, page, slide, poster, dark, or a JSON file of the options from --width on, {\"width\": 6.75, "
     "\"dark\": true}; several add up, options win",
     false},
    {"title", CLI_TEXT, "TEXT", "above the figure (default: none)", false},
    {"label", CLI_TEXT, "TEXT", "in the legend, one for each result in order (default: method, seed, step)",
     false},
    {"x", CLI_TEXT, "FIELD",
     "track: on the horizontal axis, e.g. epoch, learning_rate; correlation: gap or test_loss", false},
    {"y", CLI_TEXT, "FIELD",
     "track, compare, strip: on the vertical axis or in the table, e.g. lambda_max, sane; slice: loss, or "
     "loss,accuracy",
     false},
    {"x-label", CLI_TEXT, "TEXT", "below the panels (default: the figure's own)", false},
    {"y-label", CLI_TEXT, "TEXT", "beside the panels (default: the figure's own)", false},
    {"latex", CLI_TEXT, "FILE.tex", "write a float for LaTeX that includes the figure, with its caption",
     true},
    {"caption", CLI_FLAG, NULL, "print the figure's caption", false},
#define CLI_FIGURE_OPTION(name, kind, argument, help, setter, member) {name, kind, argument, help, false},
#include "cli/figure_option_list.h"
#undef CLI_FIGURE_OPTION
    {NULL, CLI_FLAG, NULL, NULL, false}};

typedef struct plot { /* what is drawn, and how */
    cli_look           look;
    size_t             count; /* of results */
    basin_result     **results;
    const char       **labels;     /* [count]; NULL = none are given */
    size_t             cell_count; /* with a layout */
    basin_figure_cell *cells;
    char              *kinds; /* what the cells' kinds point into */
} plot;

static void clear(plot *p)
{
    for (size_t i = 0; p->results != NULL && i < p->count; i++) basin_result_destroy(&p->results[i]);
    basin_free(p->results);
    basin_free(p->labels);
    basin_free(p->cells);
    basin_free(p->kinds);
    cli_look_clear(&p->look);
}

/* Options that no results of these kinds could be drawn with are wrong usage; `prefix` names the cell. */
static int check(const basin_figure_cell *cell, basin_figure_options look, const char *prefix)
{
    look.kind = cell->kind;
    const basin_status status = basin_figure_check(cell->results, cell->count, &look);
    return status == BASIN_ERR_ARG ? cli_usage("plot: %s%s", prefix, basin_error_message())
                                   : cli_library(status);
}

static bool joins(const char *operand)
{
    return strcmp(operand, "+") == 0;
}

static int read_labels(const cli_arguments *a, plot *p)
{
    int    status = CLI_OK;
    size_t count = 0;

    CLI_ALLOC(p->labels, p->count);
    for (size_t i = 0; i < a->given_count; i++) {
        if (strcmp(a->given[i].option->name, "label") != 0) continue;
        CLI_WANT(count < p->count, "plot: more --label than results, of which there are %zu", p->count);
        p->labels[count++] = a->given[i].text;
    }
    CLI_WANT(count == 0 || count == p->count, "plot: %zu --label for %zu results", count, p->count);
    if (count > 0) goto done;
    basin_free(p->labels);
    p->labels = NULL;
done:
    return status;
}

static int read_options(const cli_arguments *a, plot *p)
{
    int                   status = CLI_OK;
    basin_figure_options *o = &p->look.options;

    CLI_TRY(cli_look_read(a, &p->look));
    CLI_TRY(read_labels(a, p));
    o->kind = cli_text(a, "kind", NULL);
    o->title = cli_text(a, "title", NULL);
    o->labels = p->labels;
    o->x = cli_text(a, "x", NULL), o->y = cli_text(a, "y", NULL);
    o->x_label = cli_text(a, "x-label", NULL), o->y_label = cli_text(a, "y-label", NULL);
done:
    return status;
}

static int read_results(const cli_arguments *a, plot *p)
{
    int status = CLI_OK;

    CLI_ALLOC(p->results, a->operand_count);
    for (size_t i = 0, k = 0; i < a->operand_count; i++)
        if (!joins(a->operands[i])) CLI_LIBRARY(basin_result_read(a->operands[i], &p->results[k++]));
done:
    return status;
}

static bool any_plane(const plot *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->results[i]->kind == BASIN_RESULT_SLICE &&
            ((const basin_slice *)p->results[i]->value)->axis_count == 2)
            return true;
    return false;
}

/* What is asked for on the command line acts, or is refused; a style may hold what only some figures have. */
static int check_use(const cli_arguments *a, const plot *p)
{
    static const char *const of_planes[] = {"levels", "smooth", "palette"};
    int                      status = CLI_OK;
    const char              *kind = cli_text(a, "kind", "");
    const bool               plane = any_plane(p), colored = strstr(kind, "overlap") != NULL;

    for (size_t i = 0; i < sizeof of_planes / sizeof *of_planes; i++)
        CLI_WANT(plane || !cli_has(a, of_planes[i]) || (colored && strcmp(of_planes[i], "palette") == 0),
                 "plot: --%s is of planes, slices along two directions; none of these results is one",
                 of_planes[i]);
    CLI_WANT(!cli_has(a, "view") || strstr(kind, "surface") != NULL,
             "plot: --view is of a surface: --kind surface");
done:
    return status;
}

/* -------------------------------------------------------------------------------------------- a layout -- */

static int read_grid(const char *text, size_t *rows, size_t *columns)
{
    char      *end, *last;
    const long r = strtol(text, &end, 10), c = *end == 'x' ? strtol(end + 1, &last, 10) : 0;

    if (r < 1 || c < 1 || r > 26 || c > 26 || *last != '\0')
        return cli_usage("plot: --layout wants ROWSxCOLUMNS, as 2x3, got «%s»", text);
    *rows = (size_t)r, *columns = (size_t)c;
    return CLI_OK;
}

/* Results that a + joins are one cell. */
static int group(const cli_arguments *a, plot *p)
{
    int    status = CLI_OK;
    size_t k = 0;

    CLI_ALLOC(p->cells, p->count);
    for (size_t i = 0; i < a->operand_count; i++) {
        const bool join = i > 0 && joins(a->operands[i - 1]);
        if (joins(a->operands[i])) {
            CLI_WANT(i > 0 && !join && i + 1 < a->operand_count, "plot: a + stands between two results");
            continue;
        }
        if (!join)
            p->cells[p->cell_count++] =
                (basin_figure_cell){.results = (const basin_result *const *)&p->results[k],
                                    .labels = p->labels != NULL ? &p->labels[k] : NULL};
        p->cells[p->cell_count - 1].count++;
        k++;
    }
done:
    return status;
}

/* «contour,,stem»: one for each cell. */
static int name_kinds(const char *kinds, plot *p)
{
    int    status = CLI_OK;
    size_t count = 0;

    if (kinds == NULL) goto done;
    CLI_CHECK((p->kinds = basin_strdup(kinds)) != NULL, "out of memory for the kinds of figures");
    for (char *kind = p->kinds, *comma; kind != NULL; kind = comma != NULL ? comma + 1 : NULL) {
        if ((comma = strchr(kind, ',')) != NULL) *comma = '\0';
        if (count < p->cell_count) p->cells[count].kind = *kind != '\0' ? kind : NULL;
        count++;
    }
    CLI_WANT(count == p->cell_count, "plot: --kind names %zu kinds for %zu cells", count, p->cell_count);
done:
    return status;
}

static int arrange(const cli_arguments *a, plot *p, basin_figure **out)
{
    int    status = CLI_OK;
    size_t rows = 0, columns = 0;

    CLI_TRY(read_grid(cli_text(a, "layout", NULL), &rows, &columns));
    CLI_TRY(group(a, p));
    CLI_TRY(name_kinds(cli_text(a, "kind", NULL), p));
    CLI_WANT(p->cell_count <= rows * columns && p->cell_count > (rows - 1) * columns,
             "plot: --layout %s has %zu cells, in each row at least one used; there are %zu figures",
             cli_text(a, "layout", NULL), rows * columns, p->cell_count);
    for (size_t i = 0; i < p->cell_count; i++) {
        const char prefix[] = {'(', (char)('a' + i % 26), ')', ' ', '\0'};
        CLI_TRY(check(&p->cells[i], p->look.options, prefix));
    }
    CLI_LIBRARY(basin_figure_arrange(p->cells, p->cell_count, rows, columns, &p->look.options, out));
done:
    return status;
}

/* -------------------------------------------------------------------------------------------- drawing -- */

static int draw_one(plot *p, basin_figure **out)
{
    int                     status = CLI_OK;
    const basin_figure_cell all = {
        .results = (const basin_result *const *)p->results, .count = p->count, .kind = p->look.options.kind};

    CLI_TRY(check(&all, p->look.options, ""));
    CLI_LIBRARY(basin_figure_create(all.results, all.count, &p->look.options, out));
done:
    return status;
}

/* A surface for other programs. */
static int write_mesh(const cli_arguments *a, const plot *p, const char *path)
{
    int            status = CLI_OK;
    unsigned char *bytes = NULL;
    size_t         size = 0;

    CLI_WANT(p->count == 1, "plot: %s holds one surface, not those of %zu results", path, p->count);
    CLI_WANT(!cli_has(a, "caption"), "plot: a mesh has no caption");
    CLI_LIBRARY(basin_mesh_encode(p->results[0], &p->look.options, path, &bytes, &size));
    CLI_LIBRARY(basin_file_write(path, bytes, size));
    cli_monitor_clear();
done:
    basin_free(bytes);
    return status;
}

static int write_numbers(const cli_arguments *a, const plot *p, const char *path)
{
    int status = CLI_OK;

    CLI_WANT(p->count == 1, "plot: %s holds the table of one result, not of %zu", path, p->count);
    CLI_WANT(!cli_has(a, "caption"), "plot: a table has no caption");
    CLI_TRY(cli_csv_write(p->results[0], path));
    cli_monitor_clear();
done:
    return status;
}

/* Files that are no figures have functions of their own; NULL: `path` is a figure's. */
typedef int    writer(const cli_arguments *a, const plot *p, const char *path);
static writer *writer_of(const char *path)
{
    return cli_csv_is_name(path) ? write_numbers : basin_mesh_is_name(path) ? write_mesh : NULL;
}

static int check_path(const char *path)
{
    if (cli_csv_is_name(path)) return cli_csv_check(path);
    return basin_mesh_is_name(path) ? cli_output_check(path) : cli_figure_check(path);
}

/* What LaTeX can include. */
static int check_latex(const char *path, const char *latex)
{
    int         status = CLI_OK;
    const char *ending = path + strlen(path) - 4;

    CLI_WANT(strcmp(ending, ".pdf") == 0 || strcmp(ending, ".png") == 0,
             "plot: --latex includes .pdf or .png, which LaTeX reads, not %s", path);
    CLI_TRY(cli_latex_check(latex));
done:
    return status;
}

static int run(const cli_arguments *a)
{
    int           status = CLI_OK;
    const char   *path = cli_text(a, "o", NULL), *latex = cli_text(a, "latex", NULL);
    const bool    layout = cli_has(a, "layout");
    plot          p = {0};
    basin_figure *figure = NULL;

    CLI_WANT(path != NULL, "plot: where to? -o FILE.pdf, .svg or .png");
    CLI_TRY(check_path(path));
    if (latex != NULL) CLI_TRY(check_latex(path, latex));
    for (size_t i = 0; i < a->operand_count; i++) p.count += !joins(a->operands[i]);
    CLI_WANT(layout || p.count == a->operand_count, "plot: + joins results of one cell, with --layout");
    CLI_WANT(p.count > 0, "plot: no result is named");
    CLI_TRY(read_options(a, &p));
    CLI_TRY(read_results(a, &p));
    CLI_TRY(check_use(a, &p));
    if (writer_of(path) != NULL) {
        CLI_TRY(writer_of(path)(a, &p, path));
        goto done;
    }
    if (layout)
        CLI_TRY(arrange(a, &p, &figure));
    else
        CLI_TRY(draw_one(&p, &figure));
    cli_look_tell(&p.look, figure);
    CLI_TRY(cli_figure_write(figure, path));
    if (latex != NULL) CLI_TRY(cli_latex_figure(latex, path, basin_figure_caption(figure)));
    cli_monitor_clear();
    if (cli_has(a, "caption")) printf("%s\n", basin_figure_caption(figure));
done:
    basin_figure_destroy(&figure);
    clear(&p);
    return status;
}

const cli_command cli_command_plot = {
    .name = "plot",
    .usage = "plot RESULT.h5… -o FIGURE [--kind KIND] [--title TEXT]",
    .about = "Draws stored results as PDF, SVG or PNG. Several results of one kind come into one figure, "
             "overlaid or side by side;\n"
             "of any kinds, with --layout, each into a cell of its own.\n"
             "--kind strip takes slices, spectra and one comparison together: a column for each method (or "
             "--label), a\n"
             "row for each kind of result on one scale, and a table of the comparison's means.\n"
             "A plane is also written as a surface for other programs: .vtk for ParaView, .glb or .gltf for "
             "Blender.\n"
             "The same result gives the same bytes as --plot at the time it was computed.",
    .examples =
        "  basin plot gd.h5 sam.h5 msam.h5 -o slices.svg --width 6.75 --label GD --label SAM --label MSAM\n"
        "  basin plot plane.h5 spectrum.h5 gd.h5 + sam.h5 -o all.pdf --layout 1x3 --kind contour,stem, "
        "--style page\n",
    .options = options,
    .common = 0,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
