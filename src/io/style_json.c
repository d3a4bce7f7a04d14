/* A flat JSON object, for styles. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "core/status.h"

enum { MOST_BYTES = 65536, MOST_NUMBERS = 64, NUMBER_ROOM = 32 };

/* Numbers with commas between; false for a list of anything else. */
static bool join_numbers(const json_t *list, char out[MOST_NUMBERS * NUMBER_ROOM])
{
    const size_t count = json_array_size(list);
    size_t       used = 0;

    for (size_t i = 0; i < count && count <= MOST_NUMBERS; i++) {
        if (!json_is_number(json_array_get(list, i))) return false;
        used += (size_t)snprintf(out + used, NUMBER_ROOM, "%s%.17g", i > 0 ? "," : "",
                                 json_number_value(json_array_get(list, i)));
    }
    return count > 0 && count <= MOST_NUMBERS;
}

static basin_status take(const char *key, const json_t *value, basin_setting *out)
{
    basin_status st = BASIN_OK;
    char         numbers[MOST_NUMBERS * NUMBER_ROOM] = "";
    const char  *text = numbers;

    out->type = BASIN_SETTING_OTHER;
    if (json_is_boolean(value)) {
        out->type = json_is_true(value) ? BASIN_SETTING_TRUE : BASIN_SETTING_FALSE;
    } else if (json_is_number(value)) {
        out->type = BASIN_SETTING_NUMBER;
        snprintf(numbers, sizeof numbers, "%.17g", json_number_value(value));
    } else if (json_is_array(value) && join_numbers(value, numbers)) {
        out->type = BASIN_SETTING_NUMBERS;
    } else if (json_is_string(value)) {
        out->type = BASIN_SETTING_TEXT;
        text = json_string_value(value);
    }
    BASIN_STRDUP(out->key, key);
    BASIN_STRDUP(out->text, out->type == BASIN_SETTING_OTHER ? "" : text);
done:
    return st;
}

static basin_status load(const char *name, const char *text, json_t **out)
{
    basin_status st = BASIN_OK;
    struct stat  facts;
    json_error_t error;

    if (text == NULL) {
        BASIN_CHECK(stat(name, &facts) == 0, BASIN_ERR_IO, "%s: cannot be read: %s", name, strerror(errno));
        BASIN_CHECK(S_ISREG(facts.st_mode), BASIN_ERR_IO, "%s: is not a file", name);
        BASIN_CHECK(facts.st_size <= MOST_BYTES, BASIN_ERR_FORMAT, "%s: %lld bytes; at most %d", name,
                    (long long)facts.st_size, MOST_BYTES);
    }
    *out = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, &error)
                        : json_load_file(name, JSON_REJECT_DUPLICATES, &error);
    BASIN_CHECK(*out != NULL, BASIN_ERR_FORMAT, "%s: not JSON: line %d: %s", name, error.line, error.text);
    BASIN_CHECK(json_is_object(*out), BASIN_ERR_FORMAT, "%s: not a JSON object, as {\"width\": 6.75}", name);
done:
    return st;
}

basin_status basin_style_read(const char *name, const char *text, basin_style *out)
{
    basin_status st = BASIN_OK;
    json_t      *document = NULL, *value;
    basin_style  s = {0};
    const char  *key;

    BASIN_TRY(load(name, text, &document));
    BASIN_ALLOC(s.list, json_object_size(document), "settings");
    json_object_foreach(document, key, value) BASIN_TRY(take(key, value, &s.list[s.count++]));
    *out = s, s = (basin_style){0};
done:
    json_decref(document);
    basin_style_clear(&s);
    return st;
}

void basin_style_clear(basin_style *s)
{
    for (size_t i = 0; i < s->count; i++) {
        basin_free(s->list[i].key);
        basin_free(s->list[i].text);
    }
    basin_free(s->list);
    *s = (basin_style){0};
}
