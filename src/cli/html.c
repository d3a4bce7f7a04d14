#include "cli/html.h"

#include <string.h>

/* A control character has no place in a page. */
static void put(FILE *out, char c)
{
    switch (c) {
    case '&': fputs("&amp;", out); break;
    case '<': fputs("&lt;", out); break;
    case '>': fputs("&gt;", out); break;
    case '"': fputs("&quot;", out); break;
    case '\n':
    case '\t': fputc(c, out); break;
    default:
        if ((unsigned char)c < 0x20 || c == 0x7f)
            fputs("\uFFFD", out);
        else
            fputc(c, out);
    }
}

void cli_html_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) put(out, *text);
}

void cli_html_label(FILE *out, const char *label)
{
    for (; *label != '\0'; label++) {
        if (*label == '\1' || *label == '\2')
            fputs(*label == '\1' ? "<sub>" : "</sub>", out);
        else
            put(out, *label);
    }
}

void cli_html_element(FILE *out, const char *tag, const char *text)
{
    fprintf(out, "<%s>", tag);
    cli_html_text(out, text);
    fprintf(out, "</%s>\n", tag);
}

/* RFC 3986: what may not stand in a URL as it is, and quotes. */
static void put_url(FILE *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] > 0x20 && bytes[i] < 0x7f && strchr("\"#%<>&'\\^`{|}", bytes[i]) == NULL)
            fputc(bytes[i], out);
        else if (bytes[i] == ' ' || bytes[i] == '\n')
            fputs("%20", out); /* in SVG a blank as good as any */
        else
            fprintf(out, "%%%02X", bytes[i]);
    }
}

int cli_html_figure(FILE *out, const basin_figure *figure, const char *name, const char *class)
{
    int            status = CLI_OK;
    unsigned char *bytes = NULL;
    size_t         size = 0;

    CLI_LIBRARY(basin_figure_encode(figure, "figure.svg", &bytes, &size));
    fprintf(out, "<figure class=\"%s\"><div class=\"wide\"><img alt=\"", class);
    cli_html_text(out, name);
    fputs("\" src=\"data:image/svg+xml,", out);
    put_url(out, bytes, size);
    fputs("\"></div>\n<figcaption>", out);
    cli_html_text(out, basin_figure_caption(figure));
    fputs("</figcaption></figure>\n", out);
done:
    basin_free(bytes);
    return status;
}
