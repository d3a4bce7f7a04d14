/* A gate as a suite of test cases, in the XML that Jenkins, GitLab and their like read. A limit is a case;
 * one that is violated is a failure, one that is undecided an error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"
#include "io/text.h"

/* Text with what XML would read as marks replaced. */
static void put(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default: fputc(*text, out);
        }
    }
}

static basin_status put_clean(FILE *out, const char *text)
{
    basin_status st = BASIN_OK;
    char        *clean = basin_text_clean(text);

    BASIN_CHECK(clean != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    put(out, clean);
done:
    basin_free(clean);
    return st;
}

static void put_finding(FILE *out, const basin_gated *g, bool strict)
{
    const basin_answer *a = &g->answer;
    const bool          open = a->verdict == BASIN_GATE_UNDECIDED;
    const char         *kind = open && !strict ? "error" : "failure";

    fprintf(out, ">\n    <%s type=\"%s\" message=\"%s = %.9g [%.9g, %.9g], limit %s %.9g", kind,
            basin_gate_verdict_text((basin_gate_verdict)a->verdict), g->measure, a->value, a->lower, a->upper,
            g->at_most ? "&lt;=" : "&gt;=", g->bound);
    if (open && a->ended != BASIN_GATE_COMPLETE)
        fprintf(out, ", ended by %s", basin_gate_end_text((basin_gate_end)a->ended));
    fprintf(out, "\"/>\n  </testcase>\n");
}

static basin_status put_case(FILE *out, const char *name, const basin_gated *g, bool strict)
{
    basin_status st = BASIN_OK;

    fputs("  <testcase classname=\"", out);
    BASIN_TRY(put_clean(out, name));
    fputs("\" name=\"", out);
    BASIN_TRY(put_clean(out, g->limit));
    fputc('"', out);
    if (g->answer.verdict == BASIN_GATE_WITHIN)
        fputs("/>\n", out);
    else
        put_finding(out, g, strict);
done:
    return st;
}

static size_t count(const basin_gate *gate, basin_gate_verdict verdict)
{
    size_t n = 0;

    for (size_t i = 0; i < gate->limit_count; i++) n += gate->limits[i].answer.verdict == (int)verdict;
    return n;
}

static basin_status put_suite(FILE *out, const basin_gate *gate, const char *name)
{
    basin_status st = BASIN_OK;
    const size_t violated = count(gate, BASIN_GATE_VIOLATED), open = count(gate, BASIN_GATE_UNDECIDED);

    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"basin gate ", out);
    BASIN_TRY(put_clean(out, name));
    fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", gate->limit_count,
            violated + (gate->strict ? open : 0), gate->strict ? (size_t)0 : open);
    for (size_t i = 0; i < gate->limit_count; i++)
        BASIN_TRY(put_case(out, name, &gate->limits[i], gate->strict));
    fputs("</testsuite>\n", out);
done:
    return st;
}

basin_status basin_gate_junit(const basin_gate *gate, const char *name, const char *path)
{
    basin_status st = BASIN_OK;
    char        *temporary = NULL;
    FILE        *out = NULL;

    BASIN_TRY(basin_file_begin(path, &temporary));
    BASIN_CHECK((out = fopen(temporary, "w")) != NULL, BASIN_ERR_IO, "%s: cannot be written: %s", path,
                strerror(errno));
    BASIN_TRY(put_suite(out, gate, name));
    int failed = ferror(out);
    failed |= fclose(out);
    out = NULL;
    BASIN_CHECK(failed == 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    BASIN_TRY(basin_file_commit(temporary, path));
done:
    if (out != NULL) fclose(out);
    basin_file_abandon(&temporary);
    return st;
}
