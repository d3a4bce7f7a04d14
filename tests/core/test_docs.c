/* docs/json.md holds, under each heading of a result, the table of its keys as the schemas describe them;
 * docs/measures.md the tables of the measures that include/basin_measures.h and
 * include/basin_sharpness_measures.h list. BASIN_DOCS=1 (make docs)
 * writes the tables anew; otherwise a table that is not current fails. Prose around the tables is written by
 * hand. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/schema.h"

typedef struct text {
    char  *bytes;
    size_t used, room;
} text;

static void append(text *t, const char *bytes, size_t length)
{
    if (t->used + length + 1 > t->room) {
        t->room = 2 * (t->used + length + 1);
        t->bytes = realloc(t->bytes, t->room);
        assert_non_null(t->bytes);
    }
    memcpy(t->bytes + t->used, bytes, length);
    t->bytes[t->used += length] = '\0';
}

static void put(text *t, const char *word)
{
    append(t, word, strlen(word));
}

static void read_document(const char *path, text *t)
{
    char   part[4096];
    size_t length;
    FILE  *file = fopen(path, "rb");

    assert_non_null(file);
    while ((length = fread(part, 1, sizeof part, file)) > 0) append(t, part, length);
    fclose(file);
}

/* Writes the document anew, or holds it against what it should be. Frees both. */
static void settle(const char *path, text *found, text *made)
{
    if (getenv("BASIN_DOCS") != NULL) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(made->bytes, 1, made->used, file), made->used);
        assert_int_equal(fclose(file), 0);
    } else if (strcmp(found->bytes, made->bytes) != 0)
        fail_msg("%s is not current: make docs", path);
    free(found->bytes);
    free(made->bytes);
}

/* --------------------------------------------------------------------------------------------- results -- */

#define JSON "docs/json.md"

/* What JSON holds for a field. */
static void put_holding(text *t, const basin_field *field)
{
    bool value = field->schema != NULL && strcmp(field->schema->name, "basin_value") == 0;
    bool optional = field->flags & (BASIN_FIELD_OPTIONAL | BASIN_FIELD_UNKNOWN);
    bool plane = field->extent[1] != BASIN_NO_EXTENT;

    switch (field->type) {
    case BASIN_FIELD_SIZE:
    case BASIN_FIELD_UINT:
    case BASIN_FIELD_INT: put(t, "integer"); break;
    case BASIN_FIELD_DOUBLE: put(t, "number"); break;
    case BASIN_FIELD_BOOL: put(t, "true or false"); break;
    case BASIN_FIELD_STRING: put(t, "text"); break;
    case BASIN_FIELD_DOUBLES: put(t, plane ? "lists of numbers" : "numbers"); break;
    case BASIN_FIELD_SIZES: put(t, "integers"); break;
    case BASIN_FIELD_STRINGS: put(t, "texts"); break;
    case BASIN_FIELD_CHOICE:
        for (int i = 0; field->choices[i] != NULL; i++) {
            if (i > 0) put(t, field->choices[i + 1] != NULL ? ", " : " or ");
            put(t, field->choices[i]);
        }
        break;
    default: put(t, value ? "[value](#value)" : "object");
    }
    if (optional) put(t, " or null");
}

/* In a cell of a table. */
static void put_cell(text *t, const char *words)
{
    for (const char *c = words; *c != '\0'; c++) append(t, *c == '|' ? "\\|" : c, *c == '|' ? 2 : 1);
}

static void put_line(text *t, const char *prefix, const basin_field *field, const char *more)
{
    put(t, "| `");
    put(t, prefix);
    put(t, field->name);
    put(t, "` | ");
    put_holding(t, field);
    put(t, " | ");
    put_cell(t, field->text);
    put(t, more);
    put(t, " |\n");
}

/* Objects that stand in several places have a section of their own; the rows of a comparison are those of a
   track. */
static const char *section_of(const char *kind, const basin_field *field)
{
    if (strcmp(field->name, "stationarity") == 0) return ": see [stationarity](#stationarity)";
    if (strcmp(field->name, "polish") == 0) return ": see [polish](#polish)";
    if (field->schema != NULL && strcmp(field->schema->name, "basin_value") == 0) return "";
    if (strcmp(kind, "comparison") == 0 && strcmp(field->name, "rows") == 0) return ": as in [track](#track)";
    return NULL;
}

static void put_table(text *t, const char *kind, const char *prefix, const basin_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        bool               nested = field->type == BASIN_FIELD_STRUCT || field->type == BASIN_FIELD_STRUCTS;
        char               inner[200];
        if (field->flags & BASIN_FIELD_HIDDEN) continue;
        snprintf(inner, sizeof inner, "%s%s%s", prefix, field->name,
                 field->type == BASIN_FIELD_STRUCTS ? "[]." : ".");
        if (!nested)
            put_line(t, prefix, field, "");
        else if (section_of(kind, field) != NULL)
            put_line(t, prefix, field, section_of(kind, field));
        else
            put_table(t, kind, inner, field->schema);
    }
}

static const basin_field *field_of(const basin_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].name, name) == 0) return &schema->fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

/* The table under `heading` in `from` becomes that of the schema; what is before goes to `to`, and the place
   after it is returned. */
static const char *renew(const char *from, const char *heading, const basin_schema *schema, text *to)
{
    static const char head[] = "| key | holds | meaning |\n| --- | --- | --- |\n";
    char              line[80];

    snprintf(line, sizeof line, "\n## %s\n", heading);
    const char *section = strstr(from, line);
    if (section == NULL) fail_msg(JSON " has no section on %s", heading);
    const char *table = strstr(section, head);
    if (table == NULL) fail_msg(JSON " has no table under %s", heading);
    append(to, from, (size_t)(table - from));
    put(to, head);
    put_table(to, heading, strcmp(heading, "provenance") == 0 ? "provenance." : "", schema);
    for (table += sizeof head - 1; *table == '|'; table++) table += strcspn(table, "\n");
    return table;
}

static void the_tables_are_those_of_the_schemas(void **unused)
{
    text        found = {0}, made = {0};
    const char *at;

    (void)unused;
    read_document(JSON, &found);
    at = found.bytes;
    for (int kind = 0; kind < BASIN_RESULT_KINDS; kind++)
        at = renew(at, basin_result_name((basin_result_kind)kind),
                   basin_result_schema((basin_result_kind)kind), &made);
    at = renew(at, "value", field_of(&basin_row_schema, "measures")->schema->fields[0].schema, &made);
    at = renew(at, "stationarity",
               field_of(basin_result_schema(BASIN_RESULT_SPECTRUM), "stationarity")->schema, &made);
    at = renew(at, "polish", field_of(&basin_provenance_schema, "polish")->schema, &made);
    at = renew(at, "provenance", &basin_provenance_schema, &made);
    put(&made, at);
    settle(JSON, &found, &made);
}

/* -------------------------------------------------------------------------------------------- measures -- */

#define MEASURES "docs/measures.md"

typedef struct word { /* of a set of bits */
    unsigned    bit;
    const char *text;
} word;

#define WORD(name, number, words) {number, words},
static const word needs[] = {BASIN_NEED_LIST(WORD)}, invariances[] = {BASIN_INVARIANCE_LIST(WORD)};
#undef WORD

/* Those of the words whose bits are set, with commas between. */
static void put_words(text *t, const word *words, size_t count, unsigned bits)
{
    const char *before = "";

    for (size_t i = 0; i < count; i++) {
        if (!(words[i].bit & bits)) continue;
        put(t, before);
        put(t, words[i].text);
        before = ", ";
    }
}

/* How it is held against the same measure of another method. */
static const char *compared_by(const basin_column *column)
{
    return !column->compared ? "" : column->ratio ? "ratio" : "difference";
}

static void put_measure(text *t, const basin_column *column)
{
    put(t, "| `");
    put(t, column->name);
    put(t, "` | ");
    put_cell(t, column->definition);
    put(t, " | ");
    put(t, column->unit);
    put(t, " | ");
    put(t, basin_family_text(column->family));
    put(t, " | ");
    put(t, compared_by(column));
    put(t, " | ");
    put_words(t, needs, sizeof needs / sizeof *needs, column->needs);
    put(t, " | ");
    put_words(t, invariances, sizeof invariances / sizeof *invariances, column->invariance);
    put(t, " |\n");
}

static void the_table_of_measures_is_that_of_the_list(void **unused)
{
    static const char head[] =
        "| measure | definition | unit | family | compared by | needs | is left alone by |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n";
    text found = {0}, made = {0};

    (void)unused;
    read_document(MEASURES, &found);
    const char *table = strstr(found.bytes, head);
    if (table == NULL) fail_msg(MEASURES " has no table of the measures");
    append(&made, found.bytes, (size_t)(table - found.bytes));
    put(&made, head);
    for (size_t i = 0; i < BASIN_MEASURES; i++) put_measure(&made, &basin_columns[i]);
    for (table += sizeof head - 1; *table == '|'; table++) table += strcspn(table, "\n");
    put(&made, table);
    settle(MEASURES, &found, &made);
}

/* ------------------------------------------------------------------------------- measures of sharpness -- */

#define WORD(name, number, words) {number, words},
static const word settings[] = {BASIN_SHARPNESS_SETTING_LIST(WORD)};
#undef WORD

static const char *radii_of(basin_sharpness_radius radius)
{
    static const char *const texts[] = {[BASIN_RADIUS_NONE] = "none",
                                        [BASIN_RADIUS_ANY] = "any",
                                        [BASIN_RADIUS_LAYERS] = "none: of each layer",
                                        [BASIN_RADIUS_SCALES] = "none: of each layer that is normalised",
                                        [BASIN_RADIUS_SIGNED] = "signed",
                                        [BASIN_RADIUS_POSITIVE] = "positive"};

    return texts[radius];
}

static void put_sharpness(text *t, const basin_sharpness_entry *entry)
{
    char around[60];

    put(t, "| `");
    put(t, entry->name);
    put(t, "` | ");
    put_cell(t, entry->definition);
    put(t, " | ");
    put(t, basin_sharpness_number_text(entry->number));
    snprintf(around, sizeof around, entry->rho > 0 ? " | %s, %g" : " | %s", radii_of(entry->radius),
             entry->rho);
    put(t, around);
    put(t, " | ");
    put_words(t, settings, sizeof settings / sizeof *settings, entry->settings);
    for (int s = 0; s < BASIN_SYMMETRIES; s++) {
        put(t, " | ");
        put(t, basin_symmetric_text(entry->symmetric[s]));
    }
    put(t, " | ");
    put_cell(t, entry->source);
    put(t, " |\n");
}

static void the_table_of_sharpness_is_that_of_the_list(void **unused)
{
    static const char head[] = "| measure | definition | number | radii | takes |";
    text              found = {0}, made = {0};

    (void)unused;
    read_document(MEASURES, &found);
    const char *table = strstr(found.bytes, head);
    if (table == NULL) fail_msg(MEASURES " has no table of the measures of sharpness");
    append(&made, found.bytes, (size_t)(table - found.bytes));
    put(&made, head);
    for (int s = 0; s < BASIN_SYMMETRIES; s++) {
        put(&made, " ");
        put(&made, basin_symmetry_text((basin_symmetry)s));
        put(&made, " |");
    }
    put(&made, " source |\n| --- | --- | --- | --- | --- |");
    for (int s = 0; s < BASIN_SYMMETRIES; s++) put(&made, " --- |");
    put(&made, " --- |\n");
    for (size_t i = 0; i < BASIN_SHARPNESS_MEASURES; i++) put_sharpness(&made, &basin_sharpness_entries[i]);
    for (; *table == '|'; table++) table += strcspn(table, "\n");
    put(&made, table);
    settle(MEASURES, &found, &made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_those_of_the_schemas),
        cmocka_unit_test(the_table_of_measures_is_that_of_the_list),
        cmocka_unit_test(the_table_of_sharpness_is_that_of_the_list),
    };
    return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
