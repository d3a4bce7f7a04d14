/* Limits as people write them: «lambda_max<=2/lr».
 *
 *     limit   = measure ("=" | "<=" | ">=") sum
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "/") factor }
 *     factor  = { "+" | "-" } (number | name | "(" sum ")")
 *
 * It is read twice: once without a checkpoint, which finds every fault of the text before anything is
 * measured, and once for each checkpoint, whose record the names stand for.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { DEPTH = 64 /* parentheses and signs within each other */ };

typedef struct reader {
    const char      *text, *at; /* the expression, and how far it is read */
    const basin_row *record;    /* NULL: only its form is looked at */
    size_t           depth;
} reader;

/* --------------------------------------------------------------------------------------- what it names -- */

static double known(int64_t value)
{
    return value >= 0 ? (double)value : (double)NAN;
}

static double learning_rate(const basin_row *r)
{
    return r->learning_rate;
}

static double momentum(const basin_row *r)
{
    return r->momentum;
}

static double rho(const basin_row *r)
{
    return r->rho;
}

static double weight_decay(const basin_row *r)
{
    return r->weight_decay;
}

static double samples(const basin_row *r)
{
    return r->samples > 0 ? (double)r->samples : (double)NAN;
}

/* Of full batch it is recorded as 0: all samples. */
static double batch_size(const basin_row *r)
{
    return r->batch_size == 0 ? samples(r) : known(r->batch_size);
}

static double step(const basin_row *r)
{
    return known(r->step);
}

static double epoch(const basin_row *r)
{
    return r->epoch;
}

static double seed(const basin_row *r)
{
    return known(r->seed);
}

static double parameters(const basin_row *r)
{
    return r->parameters > 0 ? (double)r->parameters : (double)NAN;
}

static const struct {
    const char *name;
    double (*value)(const basin_row *record); /* NAN: not recorded */
} names[] = {{"lr", learning_rate},
             {"learning_rate", learning_rate},
             {"momentum", momentum},
             {"rho", rho},
             {"weight_decay", weight_decay},
             {"batch_size", batch_size},
             {"step", step},
             {"epoch", epoch},
             {"seed", seed},
             {"P", parameters},
             {"N", samples}};
#define NAMES "lr, momentum, rho, weight_decay, batch_size, step, epoch, seed, P or N"

/* ------------------------------------------------------------------------------------------ the reader -- */

static void skip(reader *r)
{
    while (isspace((unsigned char)*r->at)) r->at++;
}

/* Is it the next sign? Then it is read. */
static bool take(reader *r, char sign)
{
    skip(r);
    if (*r->at != sign) return false;
    r->at++;
    return true;
}

static size_t word_length(const char *text)
{
    size_t n = 0;

    while (isalnum((unsigned char)text[n]) || text[n] == '_') n++;
    return n;
}

/* BASIN_ERR_ARG that points at what comes next. */
static basin_status refuse(const reader *r, const char *what)
{
    const size_t word = word_length(r->at), length = word > 0 ? word : 1;

    if (*r->at == '\0') return basin_fail(BASIN_ERR_ARG, "«%s» ends where %s should stand", r->text, what);
    return basin_fail(BASIN_ERR_ARG, "«%s», at character %zu: «%.*s» is not %s", r->text,
                      (size_t)(r->at - r->text) + 1, (int)(length < 60 ? length : 60), r->at, what);
}

static basin_status sum(reader *r, double *out);

static basin_status name(reader *r, double *out)
{
    const size_t length = word_length(r->at);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) != length || strncmp(r->at, names[i].name, length) != 0) continue;
        *out = r->record != NULL ? names[i].value(r->record) : 1.0;
        if (isnan(*out))
            return basin_fail(BASIN_ERR_MISSING, "%s is not recorded, which «%s» asks for", names[i].name,
                              r->text);
        r->at += length;
        return BASIN_OK;
    }
    return refuse(r, NAMES);
}

/* Digits, a point, an exponent: not the hexadecimal, infinite and unknown numbers that strtod takes too. */
static basin_status number(reader *r, double *out)
{
    char *end;

    *out = strtod(r->at, &end);
    if (end == r->at || strpbrk(r->at, "xX") == r->at + 1 || !isfinite(*out)) return refuse(r, "a number");
    r->at = end;
    return BASIN_OK;
}

static basin_status atom(reader *r, double *out)
{
    basin_status st = BASIN_OK;

    skip(r);
    if (isdigit((unsigned char)*r->at) || *r->at == '.') return number(r, out);
    if (isalpha((unsigned char)*r->at)) return name(r, out);
    if (!take(r, '(')) return refuse(r, "a number, a name or a parenthesis");
    BASIN_TRY(sum(r, out));
    if (!take(r, ')')) st = refuse(r, "the closing parenthesis");
done:
    return st;
}

static basin_status factor(reader *r, double *out)
{
    basin_status st = BASIN_OK;
    double       sign = 1.0;

    BASIN_CHECK(++r->depth <= DEPTH, BASIN_ERR_ARG, "«%.60s…» has more than %d parentheses within each other",
                r->text, DEPTH);
    for (;;) {
        if (take(r, '-'))
            sign = -sign;
        else if (!take(r, '+'))
            break;
    }
    BASIN_TRY(atom(r, out));
    *out *= sign;
    r->depth--;
done:
    return st;
}

static basin_status product(reader *r, double *out)
{
    basin_status st = BASIN_OK;
    double       next;

    BASIN_TRY(factor(r, out));
    for (;;) {
        const bool times = take(r, '*');
        if (!times && !take(r, '/')) break;
        BASIN_TRY(factor(r, &next));
        *out = times ? *out * next : *out / next;
    }
done:
    return st;
}

static basin_status sum(reader *r, double *out)
{
    basin_status st = BASIN_OK;
    double       next;

    BASIN_TRY(product(r, out));
    for (;;) {
        const bool plus = take(r, '+');
        if (!plus && !take(r, '-')) break;
        BASIN_TRY(product(r, &next));
        *out = plus ? *out + next : *out - next;
    }
done:
    return st;
}

static basin_status read_all(const char *text, const basin_row *record, double *out)
{
    basin_status st = BASIN_OK;
    reader       r = {.text = text, .at = text, .record = record};

    BASIN_TRY(sum(&r, out));
    skip(&r);
    if (*r.at != '\0') st = refuse(&r, "+, -, *, / or the end");
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- the limit -- */

/* One number, and no products, which a gate could not bound. */
static bool is_for_gates(const basin_sharpness_entry *entry)
{
    switch (entry - basin_sharpness_entries) {
    case BASIN_SHARPNESS_worst_direction:
    case BASIN_SHARPNESS_ascent_direction:
    case BASIN_SHARPNESS_average_direction:
    case BASIN_SHARPNESS_fisher_relative: return false;
    default: return entry->radius != BASIN_RADIUS_LAYERS && entry->radius != BASIN_RADIUS_SCALES;
    }
}

basin_status basin_gate_measure_find(const char *name, size_t *out)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        if (strcmp(name, basin_columns[i].name) != 0) continue;
        if (basin_column_sharpness(&basin_columns[i]) < BASIN_SHARPNESS_MEASURES)
            break; /* what its value is */
        *out = i;
        return BASIN_OK;
    }
    for (size_t i = 0; i < BASIN_SHARPNESS_MEASURES; i++) {
        const basin_sharpness_entry *entry = &basin_sharpness_entries[i];
        if (strcmp(name, entry->name) != 0) continue;
        BASIN_CHECK(is_for_gates(entry), BASIN_ERR_ARG,
                    "%s is not one number, or takes products without a bound: it has no limit", name);
        *out = BASIN_MEASURES + i;
        return BASIN_OK;
    }
    st = basin_fail(BASIN_ERR_ARG, "«%s» is no measure: they are those of track and of sharpness --measure",
                    name);
done:
    return st;
}

const char *basin_gate_measure_name(size_t measure)
{
    return measure < BASIN_MEASURES ? basin_columns[measure].name
                                    : basin_sharpness_entries[measure - BASIN_MEASURES].name;
}

/* The measure's number; *length: of its name. */
static basin_status find_measure(const char *text, size_t *length, size_t *out)
{
    char name[64];

    *length = word_length(text);
    snprintf(name, sizeof name, "%.*s", (int)(*length < 60 ? *length : 60), text);
    return basin_gate_measure_find(name, out);
}

basin_status basin_limit_parse(const char *text, bool at_most, basin_limit *out)
{
    basin_status st = BASIN_OK;
    basin_limit  limit = {.at_most = at_most};
    size_t       length;
    double       ignored;

    BASIN_TRY(find_measure(text, &length, &limit.measure));
    const char *at = text + length + strspn(text + length, " ");
    if (*at == (at_most ? '<' : '>') && at[1] == '=') at++;
    BASIN_CHECK(*at == '=', BASIN_ERR_ARG, "«%s»: after %s stands = or %s, and then its limit", text,
                basin_gate_measure_name(limit.measure), at_most ? "<=" : ">=");
    at += 1 + strspn(at + 1, " ");
    BASIN_STRDUP(limit.text, text);
    BASIN_STRDUP(limit.bound, at);
    BASIN_TRY(read_all(limit.bound, NULL, &ignored));
    *out = limit, limit = (basin_limit){0};
done:
    basin_limit_clear(&limit);
    return st;
}

void basin_limit_clear(basin_limit *limit)
{
    basin_free(limit->text);
    basin_free(limit->bound);
    *limit = (basin_limit){0};
}

basin_status basin_limit_bound(const basin_limit *limit, const basin_row *record, double *out)
{
    basin_status st = BASIN_OK;
    double       value;

    BASIN_TRY(read_all(limit->bound, record, &value));
    BASIN_CHECK(isfinite(value), BASIN_ERR_VALUE, "«%s» is %g here, which is no limit", limit->bound, value);
    *out = value;
done:
    return st;
}
