#include "cli/latex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/paths.h"

enum {
    WIDE = 88, /* characters of a row that no column of text holds at its own size */
    LONG = 42, /* rows that no page holds */
    STEM = 64,
    COMMENT = 100 /* characters of a line */
};

int cli_latex_check(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot == NULL || strcmp(dot, ".tex") != 0)
        return cli_usage("%s: the name of a file for LaTeX ends in .tex", path);
    return cli_output_check(path);
}

/* ----------------------------------------------------------------------------------------------- texts -- */

/* What is printed beyond ASCII, and what LaTeX would obey. Letters of other languages stay: UTF-8 is the
   encoding of its input since 2018. */
static const char *const spelled[][2] = {{"&", "\\&"},
                                         {"%", "\\%"},
                                         {"$", "\\$"},
                                         {"#", "\\#"},
                                         {"_", "\\_"},
                                         {"{", "\\{"},
                                         {"}", "\\}"},
                                         {"~", "\\textasciitilde{}"},
                                         {"^", "\\textasciicircum{}"},
                                         {"\\", "\\textbackslash{}"},
                                         {"|", "$|$"},
                                         {"<=", "$\\leq$"},
                                         {">=", "$\\geq$"},
                                         {"->", "$\\to$"},
                                         {"<", "$<$"},
                                         {">", "$>$"},
                                         {"«", "``"},
                                         {"»", "''"},
                                         {"…", "\\dots{}"},
                                         {"±", "$\\pm$"},
                                         {"×", "$\\times$"},
                                         {"−", "$-$"},
                                         {"·", "$\\cdot$"},
                                         {"≥", "$\\geq$"},
                                         {"≤", "$\\leq$"},
                                         {"≈", "$\\approx$"},
                                         {"→", "$\\to$"},
                                         {"∞", "$\\infty$"},
                                         {"‖", "$\\|$"},
                                         {"√", "$\\surd$"},
                                         {"∑", "$\\sum$"},
                                         {"Σ", "$\\Sigma$"},
                                         {"Δ", "$\\Delta$"},
                                         {"∇", "$\\nabla$"},
                                         {"⟂", "$\\perp$"},
                                         {"α", "$\\alpha$"},
                                         {"β", "$\\beta$"},
                                         {"γ", "$\\gamma$"},
                                         {"δ", "$\\delta$"},
                                         {"ε", "$\\epsilon$"},
                                         {"η", "$\\eta$"},
                                         {"θ", "$\\theta$"},
                                         {"κ", "$\\kappa$"},
                                         {"λ", "$\\lambda$"},
                                         {"μ", "$\\mu$"},
                                         {"π", "$\\pi$"},
                                         {"ρ", "$\\rho$"},
                                         {"σ", "$\\sigma$"},
                                         {"τ", "$\\tau$"},
                                         {"φ", "$\\phi$"},
                                         {"⁻", "$^{-}$"},
                                         {"⁰", "$^{0}$"},
                                         {"¹", "$^{1}$"},
                                         {"²", "$^{2}$"},
                                         {"³", "$^{3}$"},
                                         {"⁴", "$^{4}$"},
                                         {"⁵", "$^{5}$"},
                                         {"⁶", "$^{6}$"},
                                         {"⁷", "$^{7}$"},
                                         {"⁸", "$^{8}$"},
                                         {"⁹", "$^{9}$"},
                                         {"₀", "$_{0}$"},
                                         {"₁", "$_{1}$"},
                                         {"₂", "$_{2}$"},
                                         {"₃", "$_{3}$"},
                                         {"₄", "$_{4}$"},
                                         {"₅", "$_{5}$"},
                                         {"₆", "$_{6}$"},
                                         {"₇", "$_{7}$"},
                                         {"₈", "$_{8}$"},
                                         {"₉", "$_{9}$"},
                                         {"\u00a0", "~"},
                                         {"\u202f", "\\,"}};

/* Writes the character or pair at `c`; returns its bytes. */
static size_t put_character(FILE *out, const char *c)
{
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++) {
        const size_t length = strlen(spelled[i][0]);
        if (strncmp(c, spelled[i][0], length) != 0) continue;
        fputs(spelled[i][1], out);
        return length;
    }
    fputc(*c, out);
    return 1;
}

/* A number with a sign or a power of ten at `c`, where a word does not go on: its bytes, else 0. */
static size_t number_at(const char *c, char before)
{
    const char *end = c + (*c == '-');
    const char *digits = end;

    if (isalnum((unsigned char)before) || before == '_' || before == '.') return 0;
    end += strspn(end, "0123456789");
    if (end == digits) return 0;
    if (*end == '.' && isdigit((unsigned char)end[1])) end += 1 + strspn(end + 1, "0123456789");
    const bool power = *end == 'e' && strchr("+-", end[1]) != NULL && isdigit((unsigned char)end[2]);
    if (power) end += 2 + strspn(end + 2, "0123456789");
    if (isalpha((unsigned char)*end) || *end == '_' || (!power && *c != '-')) return 0;
    return (size_t)(end - c);
}

/* «-1.2e-05» as $-1.2\times10^{-5}$. */
static void put_number(FILE *out, const char *text, size_t length)
{
    const char *e = memchr(text, 'e', length);

    fprintf(out, "$%.*s", (int)(e != NULL ? (size_t)(e - text) : length), text);
    if (e != NULL) fprintf(out, "\\times10^{%ld}", strtol(e + 1, NULL, 10));
    fputc('$', out);
}

static void put_text(FILE *out, const char *text)
{
    char before = ' ';

    for (size_t length; *text != '\0'; text += length) {
        if ((length = number_at(text, before)) > 0)
            put_number(out, text, length);
        else
            length = put_character(out, text);
        before = text[length - 1];
    }
}

/* -------------------------------------------------------------------------------------------- captions -- */

/* The lines of text[0 … length) in one, without blanks at their ends and in a row, «; » between those that
   do not end a sentence or a clause themselves. */
static char *join_lines(const char *text, size_t length)
{
    char  *line = basin_alloc(2 * length + 1, 1);
    size_t used = 0;

    for (size_t i = 0; i < length && line != NULL; i++) {
        if (!isspace((unsigned char)text[i])) {
            line[used++] = text[i];
            continue;
        }
        bool ends = false;
        for (; i + 1 < length && isspace((unsigned char)text[i + 1]); i++) ends = ends || text[i] == '\n';
        ends = ends || text[i] == '\n';
        if (used == 0 || i + 1 >= length) continue;
        if (ends && strchr(".,;:", line[used - 1]) == NULL) line[used++] = ';';
        line[used++] = ' ';
    }
    return line;
}

/* A file's name without its folder and ending, as a label may hold it. */
static const char *stem_of(const char *path, char out[STEM])
{
    const char *slash = strrchr(path, '/');

    snprintf(out, STEM, "%s", slash != NULL ? slash + 1 : path);
    if (strrchr(out, '.') != NULL) *strrchr(out, '.') = '\0';
    for (char *c = out; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '-') *c = '-';
    return out;
}

/* As lines that LaTeX passes over. */
static void put_comment(FILE *out, const char *text)
{
    for (size_t column = 0; *text != '\0'; text++) {
        if (column == 0) column = (size_t)fprintf(out, "%% ");
        if (*text == '\n' || (*text == ' ' && column > COMMENT)) {
            fputc('\n', out), column = 0;
            continue;
        }
        fputc(*text, out), column++;
    }
    fputc('\n', out);
}

/* ---------------------------------------------------------------------------------------------- tables -- */

static size_t width_of(const cli_kept_table *t)
{
    size_t width = 0;

    for (size_t c = 0; c < t->columns; c++) {
        size_t widest = 0;
        for (size_t i = c; i < t->count; i += t->columns)
            if (strlen(t->cells[i]) > widest) widest = strlen(t->cells[i]);
        width += widest + 2;
    }
    return width;
}

/* A bare «-» is a value that is not known. */
static void put_cell(FILE *out, const char *cell)
{
    if (strcmp(cell, "-") == 0)
        fputs("--", out);
    else
        put_text(out, cell);
}

static void put_rows(FILE *out, const cli_kept_table *t, size_t from, size_t to)
{
    for (size_t row = from; row < to; row++) {
        fputs("  ", out);
        for (size_t c = 0; c < t->columns; c++) {
            if (c > 0) fputs(" & ", out);
            if (row * t->columns + c < t->count) put_cell(out, t->cells[row * t->columns + c]);
        }
        fputs(" \\\\\n", out);
    }
}

static void put_caption(FILE *out, const char *caption, const char *label, size_t number)
{
    fputs("\\caption{", out);
    put_text(out, caption);
    fprintf(out, "}\\label{tab:%s-%zu}", label, number);
}

static void put_table(FILE *out, const cli_kept_table *t, const char *caption, const char *label,
                      size_t number)
{
    const size_t rows = (t->count + t->columns - 1) / t->columns, head = t->titled;
    const bool   is_long = rows > LONG, wide = !is_long && width_of(t) > WIDE;

    if (is_long)
        fprintf(out, "\\begingroup\\footnotesize\n\\begin{longtable}{@{}%s@{}}\n", t->alignment);
    else
        fputs("\\begin{table}[htbp]\n\\centering\n", out);
    put_caption(out, caption, label, number);
    fputs(is_long ? "\\\\\n" : "\n\\par\\medskip\n", out);
    if (wide) /* smaller where it is wider than the line, never larger */
        fputs("\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n", out);
    if (!is_long) fprintf(out, "\\begin{tabular}{@{}%s@{}}\n", t->alignment);
    fputs("  \\toprule\n", out);
    put_rows(out, t, 0, head);
    if (head > 0) fputs("  \\midrule\n", out);
    if (is_long) fputs("  \\endhead\n", out);
    put_rows(out, t, head, rows);
    fputs("  \\bottomrule\n", out);
    fputs(is_long ? "\\end{longtable}\n\\endgroup\n"
          : wide  ? "\\end{tabular}}\n\\end{table}\n"
                  : "\\end{tabular}\n\\end{table}\n",
          out);
}

/* What \usepackage these need. */
static const char *packages(const cli_kept_tables *tables, char out[64])
{
    bool wide = false, is_long = false;

    for (size_t i = 0; i < tables->count; i++) {
        const cli_kept_table *t = &tables->tables[i];
        const bool            spans = t->count > LONG * t->columns;
        is_long = is_long || spans, wide = wide || (!spans && width_of(t) > WIDE);
    }
    snprintf(out, 64, "booktabs%s%s", wide ? ",graphicx" : "", is_long ? ",longtable" : "");
    return out;
}

static void put_head(FILE *out, const cli_arguments *a, const char *needs)
{
    char line[4096];
    int  used = snprintf(line, sizeof line, "basin %s: %s", BASIN_VERSION, a->command->name);

    for (size_t i = 0; i < a->operand_count && used < (int)sizeof line; i++)
        used += snprintf(line + used, sizeof line - (size_t)used, " %s", cli_plain(a->operands[i]));
    put_comment(out, line);
    fprintf(out, "%% \\usepackage{%s}\n", needs);
}

static int finish(const char *path, FILE **out, char **text, const size_t *size)
{
    int  status = CLI_OK;
    bool failed = fclose(*out) != 0;

    *out = NULL;
    CLI_CHECK(!failed, "out of memory for %s", path);
    CLI_LIBRARY(basin_file_write(path, *text, *size));
done:
    return status;
}

int cli_latex_tables(const char *path, const cli_arguments *a, const char *text,
                     const cli_kept_tables *tables)
{
    int    status = CLI_OK;
    char  *bytes = NULL, *caption = NULL, label[STEM], needs[64];
    size_t size = 0, end = 0;
    FILE  *out = open_memstream(&bytes, &size);

    CLI_CHECK(out != NULL && !tables->failed, "out of memory for %s", path);
    CLI_CHECK(tables->count > 0, "%s: this result is printed without a table", path);
    put_head(out, a, packages(tables, needs));
    for (size_t i = 0; i < tables->count; i++) {
        const cli_kept_table *t = &tables->tables[i];
        char                 *own = join_lines(text + end, t->begin - end);
        CLI_CHECK(own != NULL, "out of memory for %s", path);
        if (own[0] != '\0' || caption == NULL) { /* else it goes on under the caption before */
            basin_free(caption);
            caption = own;
        } else {
            basin_free(own);
        }
        fputc('\n', out);
        put_table(out, t, caption, stem_of(path, label), i + 1);
        end = t->end;
    }
    if (text[end] != '\0') fputc('\n', out), put_comment(out, text + end);
    CLI_TRY(finish(path, &out, &bytes, &size));
done:
    if (out != NULL) fclose(out);
    free(bytes);
    basin_free(caption);
    return status;
}

int cli_latex_figure(const char *path, const char *figure, const char *caption)
{
    int         status = CLI_OK;
    char       *bytes = NULL, label[STEM], here[PATH_MAX], there[PATH_MAX], relative[2 * PATH_MAX];
    size_t      size = 0;
    FILE       *out = open_memstream(&bytes, &size);
    const char *slash = strrchr(figure, '/'), *name = slash != NULL ? slash + 1 : figure;

    CLI_CHECK(out != NULL, "out of memory for %s", path);
    CLI_TRY(cli_folder_of(path, here));
    CLI_TRY(cli_folder_of(figure, there));
    CLI_TRY(cli_relative(here, there, relative, sizeof relative));
    fprintf(out, "%% basin %s: plot\n%% \\usepackage{graphicx}\n\n", BASIN_VERSION);
    fputs("\\begin{figure}[htbp]\n\\centering\n\\includegraphics{", out);
    if (strcmp(relative, ".") != 0) fprintf(out, "%s/", relative);
    fprintf(out, "%s}\n\\caption{", name);
    put_text(out, caption);
    fprintf(out, "}\\label{fig:%s}\n\\end{figure}\n", stem_of(path, label));
    CLI_TRY(finish(path, &out, &bytes, &size));
done:
    if (out != NULL) fclose(out);
    free(bytes);
    return status;
}
