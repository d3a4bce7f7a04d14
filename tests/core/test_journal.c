/* The journal of results: what is there after a kill at any byte, a flipped bit, a full disk, a second
   process. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal.h"
#include "support.h"

#define ABOUT "basin: 1\ncommand: test\noption: --top 5\n"

static basin_key key_of(int number)
{
    basin_key key;

    assert_ok(basin_key_make(NULL, "test", &(basin_span){&number, sizeof number}, 1, &key));
    return key;
}

/* The payload of record `number`: `size` bytes. */
static void fill(int number, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(17 * number + (int)i);
}

static void put(basin_journal *j, int number, size_t size)
{
    const basin_key key = key_of(number);
    unsigned char   bytes[4096];

    fill(number, bytes, size);
    /* in two pieces, as a loss and its gradient are */
    assert_ok(basin_journal_append(
        j, &key, (basin_span[]){{bytes, size / 3}, {bytes + size / 3, size - size / 3}}, 2));
}

static bool is_there(basin_journal *j, int number, size_t size)
{
    const basin_key key = key_of(number);
    unsigned char   bytes[4096], wanted[4096];
    bool            found;

    fill(number, wanted, size);
    assert_ok(basin_journal_find(
        j, &key, (basin_room[]){{bytes, size / 2}, {bytes + size / 2, size - size / 2}}, 2, &found));
    if (found) assert_memory_equal(bytes, wanted, size);
    return found;
}

static size_t read_file(const char *path, unsigned char *bytes, size_t room)
{
    FILE  *file = fopen(path, "rb");
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

static void write_file(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static basin_journal *opened(const char *path)
{
    basin_journal *j = NULL;

    assert_ok(basin_journal_open(path, ABOUT, &j));
    return j;
}

static size_t records_of(const char *path)
{
    basin_journal *j = opened(path);
    const size_t   records = basin_journal_tell(j).records;

    basin_journal_close(&j);
    return records;
}

static void what_was_written_is_found(void **state)
{
    const char    *path = basin_test_scratch("found");
    basin_journal *j = opened(path);

    (void)state;
    for (int i = 0; i < 2000; i++) {
        assert_false(is_there(j, i, (size_t)i % 50));
        put(j, i, (size_t)i % 50);
    }
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < 2000; i++) assert_true(is_there(j, i, (size_t)i % 50));
        assert_false(is_there(j, 2000, 10));
        assert_int_equal(basin_journal_tell(j).records, 2000);
        assert_int_equal(basin_journal_tell(j).cut, 0);
        basin_journal_close(&j);
        j = opened(path);
    }
    const uint64_t bytes = basin_journal_tell(j).bytes;
    put(j, 7, 7); /* it is there */
    assert_int_equal(basin_journal_tell(j).bytes, bytes);
    const basin_key key = key_of(7);
    bool            found;
    char            room[8];
    assert_status(basin_journal_find(j, &key, &(basin_room){room, 8}, 1, &found), BASIN_ERR_FORMAT);
    assert_message("a record of 7 bytes stands for one of 8");
    assert_ok(basin_journal_remove(&j));
    assert_null(j);
    assert_int_equal(access(path, F_OK), -1);
}

/* Keys tell apart what stands in other spans, or under another name. */
static void keys_differ_where_inputs_do(void **state)
{
    basin_key a, b;

    (void)state;
    assert_ok(basin_key_make(NULL, "x", (basin_span[]){{"ab", 2}, {"c", 1}}, 2, &a));
    assert_ok(basin_key_make(NULL, "x", (basin_span[]){{"a", 1}, {"bc", 2}}, 2, &b));
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_ok(basin_key_make(NULL, "y", (basin_span[]){{"ab", 2}, {"c", 1}}, 2, &b));
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_ok(basin_key_make(&a, "x", (basin_span[]){{"ab", 2}, {"c", 1}}, 2, &b));
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_ok(basin_key_make(NULL, "x", (basin_span[]){{"ab", 2}, {"c", 1}}, 2, &b));
    assert_memory_equal(&a, &b, sizeof a);
}

enum { LONG = 200, RECORDS = 3 };

/* A file of records 0, 1, 2 of LONG, 0 and LONG bytes; ends[i] is where record i begins, ends[3] the end. */
static size_t three(const char *path, unsigned char *bytes, size_t room, size_t ends[RECORDS + 1])
{
    basin_journal *j = opened(path);

    for (int i = 0; i < RECORDS; i++) {
        ends[i] = (size_t)basin_journal_tell(j).bytes;
        put(j, i, i == 1 ? 0 : LONG);
    }
    ends[RECORDS] = (size_t)basin_journal_tell(j).bytes;
    basin_journal_close(&j);
    assert_int_equal(read_file(path, bytes, room), ends[RECORDS]);
    return ends[RECORDS];
}

static void a_tail_torn_at_any_byte_is_cut_off(void **state)
{
    const char   *path = basin_test_scratch("torn");
    unsigned char bytes[4096];
    size_t        ends[RECORDS + 1], size = three(path, bytes, sizeof bytes, ends), whole = 0;

    (void)state;
    for (size_t length = 0; length <= size; length++) {
        write_file(path, bytes, length);
        while (whole < RECORDS && length >= ends[whole + 1]) whole++;
        basin_journal *j = opened(path); /* without its whole text it is begun anew */
        assert_int_equal(basin_journal_tell(j).records, whole);
        assert_int_equal(basin_journal_tell(j).cut, length > ends[0] ? length - ends[whole] : 0);
        for (int i = 0; i < RECORDS; i++)
            assert_int_equal(is_there(j, i, i == 1 ? 0 : LONG), (size_t)i < whole);
        for (int i = 0; i < RECORDS; i++) put(j, i, i == 1 ? 0 : LONG);
        basin_journal_close(&j);
        unsigned char again[4096];
        assert_int_equal(read_file(path, again, sizeof again), size);
        assert_memory_equal(again, bytes, size);
    }
}

static void a_tail_of_zeros_is_cut_off(void **state)
{
    const char   *path = basin_test_scratch("zeros");
    unsigned char bytes[1 << 18] = {0};
    size_t        ends[RECORDS + 1], size = three(path, bytes, sizeof bytes, ends);

    (void)state;
    write_file(path, bytes, sizeof bytes);
    basin_journal *j = opened(path);
    assert_int_equal(basin_journal_tell(j).records, RECORDS);
    assert_int_equal(basin_journal_tell(j).cut, sizeof bytes - size);
    basin_journal_close(&j);
    bytes[sizeof bytes - 1] = 1; /* something stands behind it */
    write_file(path, bytes, sizeof bytes);
    assert_status(basin_journal_open(path, ABOUT, &j), BASIN_ERR_FORMAT);
    assert_null(j);
}

/* A changed bit is refused with its place, but in the payload of the last record, which is computed again. */
static void no_flipped_bit_is_taken_for_a_result(void **state)
{
    const char   *path = basin_test_scratch("flipped");
    unsigned char bytes[4096];
    size_t        ends[RECORDS + 1], size = three(path, bytes, sizeof bytes, ends);

    (void)state;
    for (size_t at = 0; at < size; at++) {
        basin_journal *j = NULL;
        const int      bit = 1 << (at % 8);
        bytes[at] = (unsigned char)(bytes[at] ^ bit);
        write_file(path, bytes, size);
        basin_status opening = basin_journal_open(path, ABOUT, &j);
        if (at >= size - LONG) {
            assert_int_equal(opening, BASIN_OK);
            assert_int_equal(basin_journal_tell(j).records, RECORDS - 1);
            basin_journal_close(&j);
        } else {
            assert_int_not_equal(opening, BASIN_OK);
            assert_message("flipped: ");
            if (at >= ends[0]) assert_message("damaged at byte ");
            assert_null(j);
            unsigned char after[4096]; /* and what is refused is left as it is */
            assert_int_equal(read_file(path, after, sizeof after), size);
            assert_memory_equal(after, bytes, size);
        }
        bytes[at] = (unsigned char)(bytes[at] ^ bit);
    }
}

static void the_place_of_the_damage_is_told(void **state)
{
    const char    *path = basin_test_scratch("place");
    unsigned char  bytes[4096];
    size_t         ends[RECORDS + 1], size = three(path, bytes, sizeof bytes, ends);
    basin_journal *j = NULL;
    char           place[80];

    (void)state;
    bytes[ends[0] + 100]++;
    write_file(path, bytes, size);
    assert_status(basin_journal_open(path, ABOUT, &j), BASIN_ERR_FORMAT);
    snprintf(place, sizeof place, "place: damaged at byte %zu: ", ends[0]);
    assert_message(place);
}

static void a_file_of_something_else_is_refused(void **state)
{
    const char    *path = basin_test_scratch("foreign"), *folder = basin_test_scratch("folder");
    basin_journal *j = NULL;

    (void)state;
    write_file(path, (const unsigned char *)"weights and biases", 18);
    assert_status(basin_journal_open(path, ABOUT, &j), BASIN_ERR_FORMAT);
    assert_message("foreign: is there and no state of basin");
    write_file(path, (const unsigned char *)"basin state 2, 5 bytes\nabcde", 28);
    assert_status(basin_journal_open(path, ABOUT, &j), BASIN_ERR_UNSUPPORTED);
    assert_message("a state of format 2, this basin goes on from format 1");
    write_file(path, (const unsigned char *)"basin state 1, 99999999999 bytes\n", 33);
    assert_status(basin_journal_open(path, ABOUT, &j), BASIN_ERR_FORMAT);
    write_file(path, (const unsigned char *)"basin state 1, 50 bytes\nbasin: 0\n", 33);
    assert_status(basin_journal_open(path, ABOUT, &j), BASIN_ERR_FORMAT);
    assert_message("the beginning of the state of other work");
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_status(basin_journal_open(folder, ABOUT, &j), BASIN_ERR_IO);
    assert_message("folder: cannot be written: Is a directory");
    assert_status(basin_journal_open("/dev/null", ABOUT, &j), BASIN_ERR_IO);
    assert_message("/dev/null: cannot be written: it is there and not a regular file");
    assert_status(basin_journal_open("/nowhere/at/all", ABOUT, &j), BASIN_ERR_IO);
    assert_message("/nowhere/at/all: cannot be written: No such file or directory");
    assert_null(j);
}

static void the_first_line_that_differs_is_named(void **state)
{
    const struct {
        const char *about, *message;
    } others[] = {
        {"basin: 2\ncommand: test\noption: --top 5\n", "it says «basin: 1», this is «basin: 2»"},
        {"basin: 1\ncommand: tests\noption: --top 5\n", "it says «command: test», this is «command: tests»"},
        {"basin: 1\ncommand: test\noption: --top 51\n",
         "it says «option: --top 5», this is «option: --top 51»"},
        {"basin: 1\ncommand: test\n", "it says «option: --top 5», this is «nothing»"},
        {ABOUT "operand: x.h5\n", "it says «nothing», this is «operand: x.h5»"}};
    const char    *path = basin_test_scratch("differs");
    basin_journal *j = opened(path);

    (void)state;
    put(j, 0, LONG);
    basin_journal_close(&j);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_status(basin_journal_open(path, others[i].about, &j), BASIN_ERR_VALUE);
        assert_message(others[i].message);
        assert_message("differs: is the state of other work: ");
    }
    assert_int_equal(records_of(path), 1); /* it was left alone */
}

static void a_claim_holds_for_ever(void **state)
{
    const char    *path = basin_test_scratch("claim");
    basin_journal *j = opened(path);

    (void)state;
    assert_ok(basin_journal_claim(j, "the SHA-256 of checkpoint a.h5", "0123456789abcdef0"));
    assert_ok(basin_journal_claim(j, "the SHA-256 of checkpoint b.h5", "x"));
    basin_journal_close(&j);
    j = opened(path);
    assert_ok(basin_journal_claim(j, "the SHA-256 of checkpoint a.h5", "0123456789abcdef0"));
    assert_status(basin_journal_claim(j, "the SHA-256 of checkpoint a.h5", "0123456789abcdef1"),
                  BASIN_ERR_VALUE);
    assert_message("the SHA-256 of checkpoint a.h5 was 0123456789abcdef…, is 0123456789abcdef…");
    basin_journal_close(&j);
}

static void a_second_process_is_refused(void **state)
{
    const char    *path = basin_test_scratch("twice");
    basin_journal *j = opened(path), *second = NULL;

    (void)state;
    put(j, 0, LONG);
    assert_status(basin_journal_open(path, ABOUT, &second), BASIN_ERR_IO);
    assert_message("twice: another process is at work with it");
    assert_null(second);
    put(j, 1, LONG);
    basin_journal_close(&j);
    assert_int_equal(records_of(path), 2);
}

static void a_full_disk_leaves_what_is_there(void **state)
{
    const char    *path = basin_test_scratch("full");
    basin_journal *j = opened(path);
    struct rlimit  before, little;
    unsigned char  bytes[4096] = {0};
    basin_key      key = key_of(99);

    (void)state;
    put(j, 0, LONG);
    assert_null(basin_journal_tell(j).failure);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = before;
    little.rlim_cur = (rlim_t)basin_journal_tell(j).bytes + 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    const basin_status full = basin_journal_append(j, &key, &(basin_span){bytes, sizeof bytes}, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(full, BASIN_ERR_IO);
    assert_message("full: cannot be written: File too large");
    assert_non_null(basin_journal_tell(j).failure);
    basin_journal_close(&j);
    j = opened(path);
    assert_int_equal(basin_journal_tell(j).records, 1);
    assert_int_equal(basin_journal_tell(j).cut, 0); /* the part of a record went at once */
    assert_true(is_there(j, 0, LONG));
    basin_journal_close(&j);
}

static basin_status write_and_read(void *payload)
{
    basin_status   st = BASIN_OK;
    const char    *path = payload;
    basin_journal *j = NULL;
    basin_key      key;
    char           byte = 1;
    bool           found;

    BASIN_TRY(basin_journal_open(path, ABOUT, &j));
    BASIN_TRY(basin_key_make(NULL, "one", NULL, 0, &key));
    BASIN_TRY(basin_journal_append(j, &key, &(basin_span){&byte, 1}, 1));
    BASIN_TRY(basin_journal_find(j, &key, &(basin_room){&byte, 1}, 1, &found));
    BASIN_TRY(basin_journal_claim(j, "what", "value"));
done:
    basin_journal_close(&j);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    char path[1024];

    (void)state;
    snprintf(path, sizeof path, "%s", basin_test_scratch("allocations"));
    basin_test_every_allocation(write_and_read, path);
    assert_int_equal(records_of(path), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_found),
        cmocka_unit_test(keys_differ_where_inputs_do),
        cmocka_unit_test(a_tail_torn_at_any_byte_is_cut_off),
        cmocka_unit_test(a_tail_of_zeros_is_cut_off),
        cmocka_unit_test(no_flipped_bit_is_taken_for_a_result),
        cmocka_unit_test(the_place_of_the_damage_is_told),
        cmocka_unit_test(a_file_of_something_else_is_refused),
        cmocka_unit_test(the_first_line_that_differs_is_named),
        cmocka_unit_test(a_claim_holds_for_ever),
        cmocka_unit_test(a_second_process_is_refused),
        cmocka_unit_test(a_full_disk_leaves_what_is_there),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
