#include "cli/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nearest.h"

static const cli_option result_options[] = {
    {"plot", CLI_TEXT, "FILE", "draw it at once: .pdf, .svg or .png", true},
    {"style", CLI_TEXT, "STYLE", "of --plot: column, page, slide, poster, dark or a JSON file (see plot)",
     true},
    {"draw", CLI_CHOICE, "auto|always|never|image",
     "below the tables, in characters or as an image (kitty's protocol); auto: curves and planes, on a "
     "terminal",
     true},
    {"latex", CLI_TEXT, "FILE.tex", "write the tables for LaTeX (booktabs), each with its caption", true},
    {"csv", CLI_TEXT, "FILE.csv[#TABLE]",
     "write the result's table, or the one named (a wrong name lists them)", true},
    {"json", CLI_FLAG, NULL, "print one JSON document instead of a table", true},
    {"o", CLI_TEXT, "FILE.h5", "store the result with its provenance", true},
    {NULL, CLI_FLAG, NULL, NULL, false}};

enum { UNDRAWN = 3 }; /* from there on they hold for results without a figure too */

static const cli_option data_options[] = {
    {"data", CLI_TEXT, "FILE", "use this data set instead of the one that the checkpoint names", false},
    {"split", CLI_TEXT, "NAME", "of the data (default: train)", false},
    {"samples", CLI_WHOLE, "N", "use N of the training samples, drawn with --seed (default: all)", false},
    {"rows", CLI_TEXT, "FILE",
     "use these of them: numbers from 0, one a line or with blanks or commas between", false},
    {"test-samples", CLI_WHOLE, "N", "use N samples of the split test, drawn with --seed (default: all)",
     false},
    {"precision", CLI_CHOICE, "double|single", "inside the network (default: double)", false},
    {"bn", CLI_TEXT, "STATISTICS",
     "of BatchNorm: stored | reestimate | interpolate | batch:SIZE (default: stored; interpolate along "
     "to:OTHER)",
     false},
    {"seed", CLI_WHOLE, "S", "of everything random (default: 0)", false},
    {"as-stored", CLI_FLAG, NULL, "keep weights that are stored perturbed (MSAM) as they are", false},
    {"undo", CLI_FLAG, NULL, "undo the perturbation where the file does not say whether there is one", false},
    {"undo-scalar", CLI_TEXT, "X", "undo it by stored + X v, whatever is recorded; rho takes rho/|v|", false},
    {"stationarity-products", CLI_WHOLE, "M",
     "products spent on looking for a way down from the point (default: 5)", false},
    {"include-weight-decay", CLI_FLAG, NULL, "add the recorded w/2 |theta|^2 to the loss", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static const cli_option point_options[] = {
    {"polish", CLI_WHOLE, "K",
     "measure after K plain gradient steps of the training loss, on the floor of the valley", false},
    {"polish-step", CLI_REAL, "X", "size of these steps (default: the recorded learning rate)", false},
    {"average", CLI_WHOLE, "M",
     "measure at the mean of the weights of the M checkpoints of consecutive steps that end with this one",
     false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static const cli_option work_options[] = {
    {"threads", CLI_WHOLE, "N", "processors to use; results are the same bits for any N (default: all)",
     true},
    {"memory", CLI_BYTES, "BYTES", "limit, e.g. 4G (default: 3/4 of the machine's)", false},
    {"help", CLI_FLAG, NULL, "this text", true},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static const cli_option state_options[] = {{"state", CLI_TEXT, "FILE",
                                            "keep there what is computed, until it is done: the same "
                                            "command, interrupted or killed, goes on from it",
                                            true},
                                           {NULL, CLI_FLAG, NULL, NULL, false}};

static const cli_option time_options[] = {
    {"time", CLI_DURATION, "T", "end within it, e.g. 90s, 10m or 2h, with the best so far and its interval",
     true},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static const cli_option forecast_options[] = {
    {"dry-run", CLI_FLAG, NULL,
     "do not compute; estimate products, memory and time (each kind of work is timed once)", true},
    {NULL, CLI_FLAG, NULL, NULL, false}};

enum { OPTIONS_MOST = 64 };

/* All options of a command in one list; returns how many. */
static size_t options_of(const cli_command *command, const cli_option **list)
{
    const cli_option *tables[] = {command->options,
                                  command->common & CLI_COMMON_POINT ? point_options : NULL,
                                  command->common & CLI_COMMON_DATA ? data_options : NULL,
                                  command->common & CLI_COMMON_RESULT ? result_options : NULL,
                                  command->forecast != NULL ? forecast_options : NULL,
                                  command->common & CLI_COMMON_STATE ? state_options : NULL,
                                  command->common & CLI_COMMON_TIME ? time_options : NULL,
                                  command->common & CLI_COMMON_WORK ? work_options : work_options + 2};
    size_t            count = 0;

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const cli_option *o = tables[t]; o != NULL && o->name != NULL; o++) {
            assert(count < OPTIONS_MOST);
            list[count++] = o;
        }
    return count;
}

/* ------------------------------------------------------------------------------------- checking values -- */

static bool whole_text(const char *text)
{
    char *end;

    errno = 0;
    strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && !isspace((unsigned char)*text);
}

static bool real_text(const char *text, const char *stop)
{
    char *end;

    if (isspace((unsigned char)*text)) return false;
    strtod(text, &end);
    return end != text && end == stop;
}

static bool reals_text(const char *text)
{
    for (;;) {
        const char *stop = text + strcspn(text, ",");
        if (!real_text(text, stop)) return false;
        if (*stop == '\0') return true;
        text = stop + 1;
    }
}

static bool range_text(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon != NULL && real_text(text, colon) && real_text(colon + 1, text + strlen(text));
}

/* auto, auto:FACTOR or auto:+RISE */
static bool auto_text(const char *text)
{
    if (strncmp(text, "auto", 4) != 0) return false;
    text += 4;
    return *text == '\0' || (*text == ':' && real_text(text + 1, text + strlen(text)));
}

static bool bytes_text(const char *text)
{
    char *end;

    if (!isdigit((unsigned char)*text)) return false;
    errno = 0;
    strtoull(text, &end, 10);
    return errno == 0 && (*end == '\0' || (strchr("kKmMgGtT", *end) != NULL && end[1] == '\0'));
}

static bool duration_text(const char *text)
{
    char        *end;
    const double value = strtod(text, &end);

    return isdigit((unsigned char)*text) && value > 0 && isfinite(value) && *end != '\0' &&
           strchr("smh", *end) != NULL && end[1] == '\0';
}

static bool choice_text(const char *text, const char *choices)
{
    size_t length = strlen(text);

    for (const char *word = choices; length > 0; word++) {
        size_t n = strcspn(word, "|");
        if (n == length && memcmp(word, text, n) == 0) return true;
        word += n;
        if (*word == '\0') break;
    }
    return false;
}

const char *cli_option_wants(const cli_option *option, const char *text)
{
    const char *end = text + strlen(text), *wanted = NULL;

    switch (option->kind) {
    case CLI_FLAG: break;
    case CLI_TEXT: wanted = *text == '\0' ? "some text" : NULL; break;
    case CLI_WHOLE: wanted = whole_text(text) ? NULL : "a whole number"; break;
    /* NAN stands for «not given» */
    case CLI_REAL: wanted = real_text(text, end) && !isnan(strtod(text, NULL)) ? NULL : "a number"; break;
    case CLI_REALS: wanted = reals_text(text) ? NULL : "numbers separated by commas"; break;
    case CLI_RANGE:
        wanted = range_text(text) || auto_text(text) ? NULL : "FROM:TO or auto[:FACTOR|:+RISE]";
        break;
    case CLI_VIEW: wanted = range_text(text) ? NULL : "AZIMUTH:ELEVATION in degrees, e.g. 30:45"; break;
    case CLI_BYTES: wanted = bytes_text(text) ? NULL : "bytes, e.g. 512M or 4G"; break;
    case CLI_DURATION: wanted = duration_text(text) ? NULL : "a time, e.g. 90s, 10m or 2h"; break;
    case CLI_CHOICE: wanted = choice_text(text, option->argument) ? NULL : option->argument; break;
    case CLI_SCALE:
        wanted =
            real_text(text, end) || choice_text(text, "unit|natural") ? NULL : "unit, natural or a number";
        break;
    }
    return wanted;
}

static int check_value(const cli_command *command, const cli_option *option, const char *text)
{
    const char *wanted = cli_option_wants(option, text);

    if (wanted == NULL) return CLI_OK;
    return cli_usage("%s: %s%s wants %s, got «%s»", command->name, option->name[1] == '\0' ? "-" : "--",
                     option->name, wanted, text);
}

/* --------------------------------------------------------------------------------------------- parsing -- */

static int unknown_option(const cli_command *command, const char *typed, const cli_option *const *list,
                          size_t count)
{
    const char *name = typed + strspn(typed, "-"), *best = NULL;
    char        stem[64];
    size_t      least = SIZE_MAX;

    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "="), name);
    for (size_t i = 0; i < count; i++) {
        size_t edits = cli_edits(stem, list[i]->name);
        if (list[i]->name[1] != '\0' && edits < least && edits <= cli_edits_allowed(list[i]->name))
            least = edits, best = list[i]->name;
    }
    if (best == NULL)
        return cli_usage("%s: unknown option %s (basin help %s lists them)", command->name, typed,
                         command->name);
    return cli_usage("%s: unknown option %s; did you mean --%s? (basin help %s lists them)", command->name,
                     typed, best, command->name);
}

int cli_arguments_parse(const cli_command *command, int argc, char **argv, cli_arguments *out)
{
    int               status = CLI_OK, code;
    const cli_option *list[OPTIONS_MOST] = {NULL};
    struct option     table[OPTIONS_MOST + 1] = {{NULL, 0, NULL, 0}};
    char              letters[2 * OPTIONS_MOST + 2] = ":";
    size_t            count = options_of(command, list);
    cli_arguments     a = {.command = command};

    for (size_t i = 0; i < count; i++) {
        int wants = list[i]->kind == CLI_FLAG ? no_argument : required_argument;
        table[i] = (struct option){list[i]->name, wants, NULL, (int)(256 + i)};
        if (list[i]->name[1] == '\0')
            strcat(strcat(letters, list[i]->name), wants == required_argument ? ":" : "");
    }
    CLI_ALLOC(a.given, (size_t)argc);
    CLI_ALLOC(a.operands, (size_t)argc);
    opterr = 0, optind = 0; /* 0: start anew, `verify` parses a second command line */
    while ((code = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const cli_option *option = code >= 256 ? list[code - 256] : NULL;
        for (size_t i = 0; i < count && option == NULL; i++)
            if (code != '?' && code != ':' && list[i]->name[0] == code && list[i]->name[1] == '\0')
                option = list[i];
        CLI_WANT(code != ':', "%s: %s wants a value", command->name, argv[optind - 1]);
        if (option == NULL) {
            status = unknown_option(command, argv[optind - 1], list, count);
            goto done;
        }
        a.given[a.given_count++] = (cli_given){option, optarg};
        if (optarg != NULL) CLI_TRY(check_value(command, option, optarg));
    }
    while (optind < argc) a.operands[a.operand_count++] = argv[optind++];
    if (!cli_has(&a, "help")) {
        CLI_WANT(a.operand_count >= command->least, "%s: too few arguments; usage: basin %s", command->name,
                 command->usage);
        CLI_WANT(a.operand_count <= command->most, "%s: too many arguments, from «%s» on; usage: basin %s",
                 command->name, a.operands[command->most], command->usage);
    }
    *out = a, a = (cli_arguments){0};
done:
    cli_arguments_clear(&a);
    return status;
}

void cli_arguments_clear(cli_arguments *a)
{
    basin_free(a->given);
    basin_free(a->operands);
    *a = (cli_arguments){0};
}

static const cli_given *find_given(const cli_arguments *a, const char *name)
{
    const cli_option *list[OPTIONS_MOST];
    size_t            count = options_of(a->command, list), known = 0;

    for (size_t i = 0; i < count; i++) known += strcmp(list[i]->name, name) == 0;
    assert(known == 1);
    (void)known;
    for (size_t i = a->given_count; i-- > 0;)
        if (strcmp(a->given[i].option->name, name) == 0) return &a->given[i];
    return NULL;
}

bool cli_has(const cli_arguments *a, const char *name)
{
    return find_given(a, name) != NULL;
}

const char *cli_text(const cli_arguments *a, const char *name, const char *fallback)
{
    const cli_given *given = find_given(a, name);

    return given != NULL ? given->text : fallback;
}

double cli_real(const cli_arguments *a, const char *name, double fallback)
{
    const char *text = cli_text(a, name, NULL);

    return text != NULL ? strtod(text, NULL) : fallback;
}

int cli_size(const cli_arguments *a, const char *name, size_t fallback, size_t *out)
{
    const char *text = cli_text(a, name, NULL);
    long long   value = text != NULL ? strtoll(text, NULL, 10) : 0;

    if (value < 0) return cli_fail("%s: --%s must not be negative, got %lld", a->command->name, name, value);
    *out = text != NULL ? (size_t)value : fallback;
    return CLI_OK;
}

int cli_reals(const cli_arguments *a, const char *name, double **values, size_t *count)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, name, NULL);
    double     *list = NULL;
    size_t      n = 0;

    if (text != NULL) {
        CLI_ALLOC(list, strlen(text) / 2 + 1);
        for (char *end = NULL; end == NULL || *end == ','; text = end + 1) list[n++] = strtod(text, &end);
    }
    *values = list, *count = n;
done:
    return status;
}

size_t cli_bytes(const char *text)
{
    char              *end;
    unsigned long long value = strtoull(text, &end, 10);
    const char        *units = "KMGT";
    const char        *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    unsigned           shift = unit != NULL ? 10U * (unsigned)(unit - units + 1) : 0;

    return value > SIZE_MAX >> shift ? SIZE_MAX : (size_t)value << shift;
}

double cli_seconds(const char *text)
{
    char        *end;
    const double value = strtod(text, &end);

    return value * (*end == 'h' ? 3600 : *end == 'm' ? 60 : 1);
}

void cli_range(const char *text, double *from, double *to)
{
    char *colon;

    *from = strtod(text, &colon);
    *to = strtod(colon + 1, NULL);
}

/* ------------------------------------------------------------------------------------------------ help -- */

static void help_table(const char *title, const cli_option *options, FILE *out)
{
    if (options == NULL || options->name == NULL) return;
    if (title != NULL) fprintf(out, "\n%s\n", title); /* else more of the one before */
    for (const cli_option *o = options; o->name != NULL; o++) {
        char text[80];
        int  length = snprintf(text, sizeof text, "%s%s%s%s", o->name[1] == '\0' ? "-" : "--", o->name,
                              o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "");
        if (length > 26)
            fprintf(out, "  %s\n  %-26s  %s\n", text, "", o->help);
        else
            fprintf(out, "  %-26s  %s\n", text, o->help);
    }
}

void cli_help(const cli_command *command, FILE *out)
{
    fprintf(out, "usage: basin %s\n\n%s\n", command->usage, command->about);
    help_table("options", command->options, out);
    if (command->common & CLI_COMMON_POINT) help_table("where to measure", point_options, out);
    if (command->common & CLI_COMMON_DATA) help_table("data and point", data_options, out);
    if (command->common & CLI_COMMON_RESULT)
        help_table("results", result_options + (basin_figure_kind(command->kind, 0) != NULL ? 0 : UNDRAWN),
                   out);
    if (command->forecast != NULL) help_table("forecast", forecast_options, out);
    if (command->common & CLI_COMMON_STATE) help_table("long work", state_options, out);
    if (command->common & CLI_COMMON_TIME) help_table(NULL, time_options, out);
    help_table("work", command->common & CLI_COMMON_WORK ? work_options : work_options + 2, out);
    fprintf(out, "\nexamples\n%s", command->examples);
}
