/* Documents: what every writer makes of hostile texts, of tables and words that are too long for a page, and
 * of memory that runs out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "synthetic.h"

static char *encode(const basin_document *d, const char *name, size_t *size)
{
    unsigned char *bytes = NULL;
    char          *text;

    assert_int_equal(basin_document_encode(d, name, &bytes, size), BASIN_OK);
    assert_non_null(text = malloc(*size + 1));
    memcpy(text, bytes, *size);
    text[*size] = '\0';
    basin_free(bytes);
    return text;
}

static basin_document *start(const char *title, const char *about)
{
    basin_document *d = NULL;

    assert_int_equal(basin_document_create(title, about, &d), BASIN_OK);
    return d;
}

/* How many pages a PDF says that it has: /Count of its only tree of pages. */
static long pages_of(const char *pdf, size_t size)
{
    for (size_t i = 0; i + 12 < size; i++)
        if (memcmp(pdf + i, "/Type /Pages", 12) == 0)
            for (size_t k = i; k + 7 < size; k++)
                if (memcmp(pdf + k, "/Count ", 7) == 0) return strtol(pdf + k + 7, NULL, 10);
    return -1;
}

static void texts_are_shown_and_not_obeyed(void **state)
{
    size_t          size;
    basin_document *d = start("a<b>&\"c\"\x1b[31m\xff", NULL);
    (void)state;

    basin_document_paragraph(d, "turn\xe2\x80\xae\x65nd\xc2\x9b \1no subscript\2");
    basin_document_item(d, "<script>", NULL);
    const basin_table_cell cells[] = {{.text = "λ\1max\2", .key = NAN, .label = true},
                                      {.text = "\1", .key = 2}};
    basin_document_table(d, &(basin_table){.rows = 1,
                                           .columns = 2,
                                           .heads = (const char *const[]){"<i>", "\"q\""},
                                           .cells = cells,
                                           .sorts = true});
    char *html = encode(d, "x.html", &size);
    assert_non_null(strstr(html, "<h1>a&lt;b&gt;&amp;&quot;c&quot;\uFFFD[31m\uFFFD</h1>"));
    assert_non_null(strstr(html, "<p>turn\uFFFDend\uFFFD \uFFFDno subscript\uFFFD</p>"));
    assert_non_null(strstr(html, "<ul>\n<li>&lt;script&gt;</li>\n</ul>"));
    assert_non_null(strstr(html, "<th scope=\"row\">λ<sub>max</sub></th><td data-by=\"2\" "
                                 "data-head=\"&quot;q&quot;\">\uFFFD</td>"));
    free(html);
    free(encode(d, "x.pdf", &size)); /* Pango would complain of bytes that are no UTF-8 */
    basin_document_destroy(&d);
}

static void links_lead_to_headings_and_folds_are_closed(void **state)
{
    size_t          size;
    basin_document *d = start("t", "about");
    (void)state;

    basin_document_contents(d);
    basin_document_item(d, "look", "s1");
    basin_document_heading(d, 2, "s1", "first");
    basin_document_heading(d, 3, NULL, "below");
    basin_document_fold(d, "numbers", true);
    basin_document_lines(d, "a\n  b");
    basin_document_unfold(d);
    basin_document_heading(d, 2, "s2", "second");
    char *html = encode(d, "x.html", &size);
    assert_non_null(strstr(html, "<li><a href=\"#s1\">first</a></li>\n<li><a href=\"#s2\">second</a></li>"));
    assert_non_null(strstr(html, "<li>look → <a href=\"#s1\">first</a></li>"));
    assert_non_null(strstr(html,
                           "<section id=\"s1\">\n<h2>first</h2>\n<h3>below</h3>\n<details><summary>numbers"
                           "</summary>\n<pre>a\n  b</pre>\n</details>\n</section>\n<section id=\"s2\">"));
    free(html);
    basin_document_destroy(&d);
}

/* 100 rows of 30 columns: heads of each page's columns, and words longer than a page is wide. */
static void what_is_too_long_goes_on(void **state)
{
    enum { ROWS = 100, COLUMNS = 30 };
    static basin_table_cell cells[ROWS * COLUMNS];
    static const char      *heads[COLUMNS];
    static char             word[20001];
    size_t                  size, again;
    basin_document         *d = start("long", NULL);
    (void)state;

    memset(word, 'w', sizeof word - 1);
    for (size_t i = 0; i < COLUMNS; i++) heads[i] = "head of a column";
    for (size_t i = 0; i < ROWS * COLUMNS; i++) cells[i] = (basin_table_cell){.text = "1.234567", .key = 1};
    cells[7].text = word; /* shortened to some lines: it would fill pages */
    basin_document_table(d, &(basin_table){.rows = ROWS, .columns = COLUMNS, .heads = heads, .cells = cells});
    char *pdf = encode(d, "x.pdf", &size), *same = encode(d, "x.pdf", &again);
    assert_true(pages_of(pdf, size) > 8 && pages_of(pdf, size) < 30);
    assert_true(size == again && memcmp(pdf, same, size) == 0);
    const long before = pages_of(pdf, size);
    free(pdf), free(same);
    basin_document_paragraph(d, word); /* 20,000 letters of 5 points or more: 200 lines at least */
    pdf = encode(d, "x.pdf", &size);
    assert_true(pages_of(pdf, size) >= before + 3);
    free(pdf);
    basin_document_destroy(&d);
}

static void a_name_says_what_is_written(void **state)
{
    size_t          size = 0;
    unsigned char  *bytes = NULL;
    basin_document *d = start("t", NULL);
    (void)state;

    assert_int_equal(basin_document_encode(d, "x.doc", &bytes, &size), BASIN_ERR_ARG);
    assert_string_equal(basin_error_message(), "x.doc: a document's file ends in .html or .pdf");
    assert_null(bytes);
    char *pdf = encode(d, "x.pdf", &size);
    assert_memory_equal(pdf, "%PDF-", 5);
    assert_int_equal(pages_of(pdf, size), 1);
    free(pdf);
    basin_document_destroy(&d);
}

/* The point at which the values of a page say that something stands is where the figure has it. */
static void planes_keep_their_numbers(void **state)
{
    size_t          size;
    basin_result   *plane = synthetic_plane("gd", 41);
    basin_figure   *figure = NULL;
    basin_document *d = start("t", NULL);
    char            wanted[64];
    (void)state;

    assert_int_equal(basin_figure_create((const basin_result *const *)&plane, 1,
                                         &(basin_figure_options){.values = true}, &figure),
                     BASIN_OK);
    basin_document_figure(d, "plane", &figure);
    assert_null(figure);
    char                *html = encode(d, "x.html", &size), *values = strstr(html, "data-values=\"");
    const basin_surface *f = &((const basin_slice *)plane->value)->surfaces[0];
    assert_non_null(values);
    snprintf(wanted, sizeof wanted, "&quot;loss&quot;:[%.4g,%.4g,", f->loss[0], f->loss[1]);
    assert_non_null(strstr(values, wanted));
    free(html);
    basin_document_destroy(&d);
    basin_result_destroy(&plane);
}

static basin_status write_both(void *payload)
{
    basin_status           st = BASIN_OK;
    basin_document        *d = NULL;
    unsigned char         *bytes = NULL;
    size_t                 size;
    const basin_table_cell cells[] = {{.text = "a", .key = NAN}, {.text = "b", .key = NAN}};
    (void)payload;

    BASIN_TRY(basin_document_create("t", "about", &d));
    basin_document_contents(d);
    basin_document_heading(d, 2, "s1", "h");
    basin_document_item(d, "i", "s1");
    basin_document_table(d, &(basin_table){.caption = "c",
                                           .rows = 1,
                                           .columns = 2,
                                           .heads = (const char *const[]){"x", "y"},
                                           .cells = cells});
    basin_document_fold(d, "f", true);
    basin_document_lines(d, "l");
    basin_document_unfold(d);
    BASIN_TRY(basin_document_encode(d, "x.html", &bytes, &size));
    basin_free(bytes), bytes = NULL;
    BASIN_TRY(basin_document_encode(d, "x.pdf", &bytes, &size));
done:
    basin_free(bytes);
    basin_document_destroy(&d);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    basin_test_every_allocation(write_both, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_shown_and_not_obeyed),
        cmocka_unit_test(links_lead_to_headings_and_folds_are_closed),
        cmocka_unit_test(what_is_too_long_goes_on),
        cmocka_unit_test(a_name_says_what_is_written),
        cmocka_unit_test(planes_keep_their_numbers),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
