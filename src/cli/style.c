/* Styles: a JSON object whose keys are options of figures. Some have a name; any other is a file. */
#include <string.h>
#include <unistd.h>

#include "cli/look.h"

static const struct {
    const char *name, *text;
} shipped[] = {
    {"column", "{\"width\": 3.25, \"font-size\": 8}"},
    {"page", "{\"width\": 6.75, \"font-size\": 8}"},
    {"slide", "{\"width\": 10, \"magnify\": 1.75, \"dpi\": 200, \"no-footer\": true}"},
    {"poster", "{\"width\": 16, \"magnify\": 3, \"dpi\": 200, \"no-footer\": true}"},
    {"dark", "{\"dark\": true}"},
};

enum { SHIPPED = sizeof shipped / sizeof *shipped };

static const cli_option *find_option(const char *key)
{
    for (const cli_option *o = cli_look_options(); o->name != NULL; o++)
        if (strcmp(o->name, key) == 0) return o;
    return NULL;
}

static int unknown_key(const char *file, const char *key)
{
    char   list[400] = "";
    size_t used = 0;

    for (const cli_option *o = cli_look_options(); o->name != NULL && used < sizeof list; o++)
        used += (size_t)snprintf(list + used, sizeof list - used, " %s", o->name);
    return cli_fail("%s: unknown key «%s» of a style; there are:%s", file, key, list);
}

/* What JSON has to hold, NULL where `s` is that. A whole number or a list stands for several numbers. */
static const char *wanted(const cli_option *option, const basin_setting *s)
{
    const bool number = s->type == BASIN_SETTING_NUMBER, list = s->type == BASIN_SETTING_NUMBERS;
    const bool text = s->type == BASIN_SETTING_TEXT;

    switch (option->kind) {
    case CLI_FLAG:
        return s->type == BASIN_SETTING_TRUE || s->type == BASIN_SETTING_FALSE ? NULL : "true or false";
    case CLI_REAL: return number ? NULL : "a number";
    case CLI_REALS: return number || list ? NULL : "a whole number or a list of numbers";
    case CLI_RANGE: return list ? NULL : "a list of two numbers";
    case CLI_CHOICE: return text && cli_option_wants(option, s->text) == NULL ? NULL : option->argument;
    default: return text && s->text[0] != '\0' ? NULL : "a text";
    }
}

/* Keeps the text. */
static int set_key(const char *file, basin_setting *s, cli_look *look)
{
    int               status = CLI_OK;
    const cli_option *option = find_option(s->key);
    const char       *type = option != NULL ? wanted(option, s) : NULL;

    if (option == NULL) return unknown_key(file, s->key);
    if (option->kind == CLI_RANGE && type == NULL) { /* as it is typed */
        char *comma = strchr(s->text, ',');
        if (comma == NULL || strchr(comma + 1, ',') != NULL)
            type = "a list of two numbers";
        else
            *comma = ':';
    }
    CLI_CHECK(type == NULL, "%s: «%s» of a style wants %s", file, s->key, type);
    CLI_CHECK(look->text_count < CLI_LOOK_TEXTS, "%s: more than %d values in styles", file, CLI_LOOK_TEXTS);
    CLI_TRY(cli_look_set(look, s->key, s->type == BASIN_SETTING_TRUE ? NULL : s->text));
    look->texts[look->text_count++] = s->text, s->text = NULL;
done:
    return status;
}

int cli_style_read(const char *command, const char *name, cli_look *look)
{
    int         status = CLI_OK;
    const char *text = NULL;
    char        list[100] = "";
    size_t      used = 0;
    basin_style settings = {0};

    for (size_t i = 0; i < SHIPPED && used < sizeof list; i++) {
        if (strcmp(shipped[i].name, name) == 0) text = shipped[i].text;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", shipped[i].name);
    }
    CLI_WANT(text != NULL || access(name, F_OK) == 0, "%s: --style %s: neither a file nor one of %s", command,
             name, list);
    CLI_LIBRARY(basin_style_read(name, text, &settings));
    for (size_t i = 0; i < settings.count; i++) CLI_TRY(set_key(name, &settings.list[i], look));
done:
    basin_style_clear(&settings);
    return status;
}
