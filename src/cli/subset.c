#include "cli/subset.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The whole file, with a 0 behind it. */
static int read_text(const char *path, char **out, size_t *size)
{
    int         status = CLI_OK;
    FILE       *file = NULL;
    char       *text = NULL;
    struct stat facts;

    CLI_CHECK(stat(path, &facts) == 0, "%s: %s", path, strerror(errno));
    CLI_CHECK(S_ISREG(facts.st_mode), "%s: is not a regular file", path);
    CLI_CHECK((file = fopen(path, "rb")) != NULL, "%s: %s", path, strerror(errno));
    CLI_ALLOC(text, (size_t)facts.st_size + 1);
    *size = fread(text, 1, (size_t)facts.st_size, file);
    CLI_CHECK(!ferror(file) && *size == (size_t)facts.st_size, "%s: cannot be read to its end", path);
    *out = text, text = NULL;
done:
    if (file != NULL) fclose(file);
    basin_free(text);
    return status;
}

static const char separators[] = " \t\r\n,";

/* The number that stands there; SIZE_MAX where it is too large for any split. CLI_FAILED for anything
   else. */
static int parse_row(const char *path, size_t line, const char *word, size_t length, size_t *out)
{
    int    status = CLI_OK;
    size_t value = 0;

    for (size_t i = 0; i < length; i++) {
        CLI_CHECK(word[i] >= '0' && word[i] <= '9', "%s: line %zu: «%.*s» is not the number of a row", path,
                  line, (int)(length < 40 ? length : 40), word);
        size_t digit = (size_t)(word[i] - '0');
        value = value > (SIZE_MAX - digit) / 10 ? SIZE_MAX : 10 * value + digit;
    }
    *out = value;
done:
    return status;
}

static int parse_rows(const char *text, size_t size, cli_subset *s)
{
    int    status = CLI_OK;
    size_t line = 1, length;

    CLI_ALLOC(s->rows, size / 2 + 1);
    CLI_ALLOC(s->lines, size / 2 + 1);
    for (const char *p = text; p < text + size; p += length) {
        length = strcspn(p, separators);
        if (length > 0) {
            CLI_TRY(parse_row(s->path, line, p, length, &s->rows[s->count]));
            s->lines[s->count++] = line;
        } else {
            CLI_CHECK(*p != '\0', "%s: line %zu: holds a zero byte: it is no text", s->path, line);
            line += *p == '\n';
            length = 1;
        }
    }
    CLI_CHECK(s->count > 0, "%s: names no row", s->path);
done:
    return status;
}

static int read_rows(cli_subset *s)
{
    int    status = CLI_OK;
    char  *text = NULL;
    size_t size = 0;

    CLI_TRY(read_text(s->path, &text, &size));
    CLI_TRY(parse_rows(text, size, s));
    CLI_LIBRARY(basin_file_digest(s->path, s->digest));
done:
    basin_free(text);
    return status;
}

int cli_subset_read(const cli_arguments *a, cli_subset *out)
{
    int        status = CLI_OK;
    size_t     seed;
    cli_subset s = {.path = cli_text(a, "rows", NULL)};

    CLI_WANT(s.path == NULL || !cli_has(a, "samples"),
             "%s: --rows and --samples both choose training samples; give one of them", a->command->name);
    CLI_TRY(cli_size(a, "samples", 0, &s.samples));
    CLI_CHECK(s.samples > 0 || !cli_has(a, "samples"), "--samples must be at least 1");
    CLI_TRY(cli_size(a, "test-samples", 0, &s.test_samples));
    CLI_CHECK(s.test_samples > 0 || !cli_has(a, "test-samples"), "--test-samples must be at least 1");
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    s.seed = seed;
    if (s.path != NULL) CLI_TRY(read_rows(&s));
    *out = s, s = (cli_subset){0};
done:
    cli_subset_clear(&s);
    return status;
}

void cli_subset_clear(cli_subset *s)
{
    basin_free(s->rows);
    basin_free(s->lines);
    *s = (cli_subset){0};
}

int cli_subset_demand(const cli_subset *s, const basin_split *split)
{
    int     status = CLI_OK;
    size_t *first = NULL; /* [count of the split] the line of each row; 0: not there */

    if (s->path == NULL) return CLI_OK;
    CLI_ALLOC(first, split->count);
    for (size_t i = 0; i < s->count; i++) {
        size_t row = s->rows[i];
        CLI_CHECK(row < split->count, "%s: line %zu: the split %s has rows 0 to %zu and no row %zu", s->path,
                  s->lines[i], split->name, split->count - 1, row);
        CLI_CHECK(first[row] == 0, "%s: line %zu: row %zu stands in line %zu already", s->path, s->lines[i],
                  row, first[row]);
        first[row] = s->lines[i];
    }
done:
    basin_free(first);
    return status;
}

void cli_subset_choose(const cli_subset *s, const char *split, basin_network_options *options)
{
    bool test = strcmp(split, "test") == 0;

    options->split = split;
    options->seed = s->seed;
    options->samples = test ? s->test_samples : s->samples;
    options->rows = test ? NULL : s->rows;
    options->row_count = test ? 0 : s->count;
}

bool cli_subset_given(const cli_subset *s)
{
    return s->samples > 0 || s->path != NULL;
}
