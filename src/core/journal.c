/* Results in a file, as they are made: the state that an interrupted command goes on from.
 *
 * The file
 *   1. One line «basin state 1, N bytes» and N bytes of text, lines «name: value» that say whose state it is.
 *   2. Records, each a head (length of the payload, key, checksums) and the payload. A key is the SHA-256 of
 *      everything that the payload follows from, so records may stand in any order and be asked for in any.
 *
 * What may happen to it
 *   - The process is killed while it appends: what is there of the last record is a part of its beginning,
 *     and is cut off when the file is opened again. So is a last record whose payload is not what its
 *     checksum says, and a tail of zeros, which is what a machine that loses its power may leave.
 *   - The process is killed while it writes the text: what is there is a part of its beginning, and the file
 *     is begun anew.
 *   - Any other byte that is not as it was written is refused with its place: nothing is taken from a file
 *     that something else has changed.
 *   - The disk is full, or the file has reached its largest size: the part of a record goes again.
 *   - Two processes: the second one is refused by a lock, which the system lets go with its process.
 *
 * Records are handed to the system at once, so that they outlive the process; they are not forced to the disk
 * one by one, which would take longer than many products.
 */
#include "core/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/memory.h"

#define FORMAT "basin state 1, %zu bytes\n"

enum {
    FIRST_LINE = 64,     /* at most, of the file */
    TEXT_MOST = 1 << 20, /* bytes of the text at most */
    PIECE = 1 << 16,     /* bytes that are read at a time to check them */
    SPANS = 8            /* of one record at most */
};

typedef struct record_head {
    uint64_t  length; /* of the payload */
    basin_key key;
    uint8_t   payload_check[16]; /* the beginning of the payload's SHA-256 */
    uint8_t   head_check[8];     /* likewise of the members above */
} record_head;

typedef struct entry { /* of the table of records; length UINT64_MAX: none here */
    basin_key key;
    uint64_t  offset, length;
} entry;

struct basin_journal {
    char           *path;
    int             file;
    uint64_t        end, cut; /* where the next record goes; bytes cut off when it was opened */
    size_t          count, room;
    entry          *table; /* [room], a power of two, open addressing */
    char           *failure;
    pthread_mutex_t lock; /* of all above but path and file */
};

/* ---------------------------------------------------------------------------------------------- checks -- */

basin_status basin_key_make(const basin_key *within, const char *what, const basin_span *spans, size_t count,
                            basin_key *out)
{
    basin_status   st = BASIN_OK;
    basin_digest  *digest = NULL;
    const uint64_t length = strlen(what);

    BASIN_TRY(basin_digest_create(&digest));
    if (within != NULL) basin_digest_add(digest, within->bytes, sizeof within->bytes);
    basin_digest_add(digest, &length, sizeof length);
    basin_digest_add(digest, what, length);
    for (size_t i = 0; i < count; i++) {
        const uint64_t size = spans[i].size;
        basin_digest_add(digest, &size, sizeof size);
        basin_digest_add(digest, spans[i].bytes, spans[i].size);
    }
    basin_digest_take(digest, out->bytes);
done:
    basin_digest_destroy(&digest);
    return st;
}

static basin_status check_head(const record_head *head, uint8_t out[8])
{
    basin_key    all;
    basin_status st =
        basin_key_make(NULL, "head", &(basin_span){head, offsetof(record_head, head_check)}, 1, &all);

    if (st == BASIN_OK) memcpy(out, all.bytes, 8);
    return st;
}

static basin_status check_payload(const basin_span *spans, size_t count, uint8_t out[16])
{
    basin_status  st = BASIN_OK;
    basin_digest *digest = NULL;
    uint8_t       all[BASIN_DIGEST_BYTES];

    BASIN_TRY(basin_digest_create(&digest));
    for (size_t i = 0; i < count; i++) basin_digest_add(digest, spans[i].bytes, spans[i].size);
    basin_digest_take(digest, all);
    memcpy(out, all, 16);
done:
    basin_digest_destroy(&digest);
    return st;
}

/* ------------------------------------------------------------------------------------------- the table -- */

/* Where a key stands, or would. */
static entry *place_of(entry *table, size_t room, const basin_key *key)
{
    uint64_t hash;

    memcpy(&hash, key->bytes, sizeof hash);
    for (size_t i = hash & (room - 1);; i = (i + 1) & (room - 1))
        if (table[i].length == UINT64_MAX || memcmp(&table[i].key, key, sizeof *key) == 0) return &table[i];
}

/* At most half of the table is taken. */
static basin_status make_room(basin_journal *j)
{
    basin_status st = BASIN_OK;
    const size_t room = j->room == 0 ? 256 : 2 * j->room;
    entry       *table = NULL;

    if (2 * (j->count + 1) <= j->room) return BASIN_OK;
    BASIN_ALLOC(table, room, "the table of a journal");
    for (size_t i = 0; i < room; i++) table[i].length = UINT64_MAX;
    for (size_t i = 0; i < j->room; i++)
        if (j->table[i].length != UINT64_MAX) *place_of(table, room, &j->table[i].key) = j->table[i];
    basin_free(j->table);
    j->table = table, j->room = room;
done:
    return st;
}

/* The first record of a key is the one that counts. There is room. */
static void add_entry(basin_journal *j, const basin_key *key, uint64_t offset, uint64_t length)
{
    entry *place = place_of(j->table, j->room, key);

    if (place->length != UINT64_MAX) return;
    *place = (entry){*key, offset, length};
    j->count++;
}

/* ------------------------------------------------------------------------------------ reading, writing -- */

/* *got: fewer than `size` at the end of the file only. */
static basin_status read_at(const basin_journal *j, uint64_t offset, void *bytes, size_t size, size_t *got)
{
    basin_status st = BASIN_OK;

    for (*got = 0; *got < size;) {
        const ssize_t n = pread(j->file, (char *)bytes + *got, size - *got, (off_t)(offset + (uint64_t)*got));
        BASIN_CHECK(n >= 0 || errno == EINTR, BASIN_ERR_IO, "%s: cannot be read: %s", j->path,
                    strerror(errno));
        if (n == 0) break;
        if (n > 0) *got += (size_t)n;
    }
done:
    return st;
}

static void advance(struct iovec *parts, int *count, size_t written)
{
    int first = 0;

    while (first < *count && written >= parts[first].iov_len) written -= parts[first++].iov_len;
    memmove(parts, parts + first, (size_t)(*count - first) * sizeof *parts);
    *count -= first;
    if (*count > 0) {
        parts[0].iov_base = (char *)parts[0].iov_base + written;
        parts[0].iov_len -= written;
    }
}

/* All of the parts at the end, or the file as it was. */
static basin_status write_parts(basin_journal *j, struct iovec *parts, int count)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(lseek(j->file, (off_t)j->end, SEEK_SET) >= 0, BASIN_ERR_IO, "%s: cannot be written: %s",
                j->path, strerror(errno));
    for (ssize_t n = 0; count > 0; advance(parts, &count, n > 0 ? (size_t)n : 0)) {
        n = writev(j->file, parts, count);
        BASIN_CHECK(n >= 0 || errno == EINTR, BASIN_ERR_IO, "%s: cannot be written: %s", j->path,
                    strerror(errno));
    }
done:
    if (st != BASIN_OK) (void)!ftruncate(j->file, (off_t)j->end);
    return st;
}

/* ----------------------------------------------------------------------------------------- the records -- */

typedef enum verdict { WHOLE, TORN, DAMAGED } verdict;

/* Nothing but zeros from `offset` to `size`. */
static basin_status is_blank(const basin_journal *j, uint64_t offset, uint64_t size, char *piece, bool *out)
{
    basin_status st = BASIN_OK;
    size_t       got;

    for (*out = true; offset < size && *out; offset += got) {
        BASIN_TRY(read_at(j, offset, piece, PIECE, &got));
        for (size_t i = 0; i < got && *out; i++) *out = piece[i] == 0;
        if (got == 0) break;
    }
done:
    return st;
}

static basin_status judge_payload(const basin_journal *j, const record_head *head, uint64_t size, char *piece,
                                  verdict *out)
{
    basin_status   st = BASIN_OK;
    basin_digest  *digest = NULL;
    const uint64_t begin = j->end + sizeof *head, end = begin + head->length;
    uint8_t        check[BASIN_DIGEST_BYTES];
    size_t         got;

    BASIN_TRY(basin_digest_create(&digest));
    for (uint64_t at = begin; at < end; at += got) {
        BASIN_TRY(read_at(j, at, piece, end - at < PIECE ? (size_t)(end - at) : PIECE, &got));
        BASIN_CHECK(got > 0, BASIN_ERR_IO, "%s: became shorter while it was read", j->path);
        basin_digest_add(digest, piece, got);
    }
    basin_digest_take(digest, check);
    *out = memcmp(check, head->payload_check, sizeof head->payload_check) == 0 ? WHOLE
           : end == size                                                       ? TORN
                                                                               : DAMAGED;
done:
    basin_digest_destroy(&digest);
    return st;
}

/* The record at j->end of a file of `size` bytes. */
static basin_status judge_record(const basin_journal *j, uint64_t size, char *piece, record_head *head,
                                 verdict *out)
{
    basin_status st = BASIN_OK;
    uint8_t      check[sizeof head->head_check];
    bool         blank;
    size_t       got;

    *out = TORN;
    BASIN_TRY(read_at(j, j->end, head, sizeof *head, &got));
    if (got < sizeof *head) goto done;
    BASIN_TRY(check_head(head, check));
    if (memcmp(check, head->head_check, sizeof check) != 0) {
        BASIN_TRY(is_blank(j, j->end, size, piece, &blank));
        *out = blank ? TORN : DAMAGED;
    } else if (head->length <= size - j->end - sizeof *head) {
        BASIN_TRY(judge_payload(j, head, size, piece, out));
    }
done:
    return st;
}

/* Fills the table, and cuts off a record that was not written to its end. */
static basin_status read_records(basin_journal *j, uint64_t size)
{
    basin_status st = BASIN_OK;
    char        *piece = NULL;
    verdict      found = WHOLE;
    record_head  head;

    BASIN_ALLOC(piece, PIECE, "a piece of a journal");
    while (j->end < size) {
        BASIN_TRY(judge_record(j, size, piece, &head, &found));
        BASIN_CHECK(found != DAMAGED, BASIN_ERR_FORMAT,
                    "%s: damaged at byte %llu: what stands there is not what was written; remove the file",
                    j->path, (unsigned long long)j->end);
        if (found == TORN) break;
        BASIN_TRY(make_room(j));
        add_entry(j, &head.key, j->end + sizeof head, head.length);
        j->end += sizeof head + head.length;
    }
    j->cut = size - j->end;
    BASIN_CHECK(j->cut == 0 || ftruncate(j->file, (off_t)j->end) == 0, BASIN_ERR_IO,
                "%s: cannot be written: %s", j->path, strerror(errno));
done:
    basin_free(piece);
    return st;
}

basin_status basin_journal_find(basin_journal *j, const basin_key *key, const basin_room *rooms, size_t count,
                                bool *found)
{
    basin_status st = BASIN_OK;
    size_t       size = 0, got;
    entry        at = {.length = UINT64_MAX};

    pthread_mutex_lock(&j->lock);
    if (j->room > 0) at = *place_of(j->table, j->room, key);
    pthread_mutex_unlock(&j->lock);
    *found = false;
    if (at.length == UINT64_MAX) return BASIN_OK;
    for (size_t i = 0; i < count; i++) size += rooms[i].size;
    BASIN_CHECK(at.length == size, BASIN_ERR_FORMAT, "%s: a record of %llu bytes stands for one of %zu",
                j->path, (unsigned long long)at.length, size);
    for (size_t i = 0; i < count; at.offset += rooms[i++].size) {
        BASIN_TRY(read_at(j, at.offset, rooms[i].bytes, rooms[i].size, &got));
        BASIN_CHECK(got == rooms[i].size, BASIN_ERR_IO, "%s: became shorter while it was read", j->path);
    }
    *found = true;
done:
    return st;
}

/* Under the lock. */
static basin_status append_parts(basin_journal *j, const basin_key *key, struct iovec *parts, int count,
                                 uint64_t length)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(make_room(j));
    if (place_of(j->table, j->room, key)->length != UINT64_MAX) goto done;
    BASIN_TRY(write_parts(j, parts, count));
    add_entry(j, key, j->end + sizeof(record_head), length);
    j->end += sizeof(record_head) + length;
done:
    if (st != BASIN_OK && j->failure == NULL) j->failure = basin_strdup(basin_error_message());
    return st;
}

basin_status basin_journal_append(basin_journal *j, const basin_key *key, const basin_span *spans,
                                  size_t count)
{
    basin_status st = BASIN_OK;
    record_head  head = {.key = *key};
    struct iovec parts[SPANS + 1] = {{&head, sizeof head}};

    BASIN_CHECK(count <= SPANS, BASIN_ERR_ARG, "a record of %zu pieces", count);
    for (size_t i = 0; i < count; i++) {
        head.length += spans[i].size;
        parts[i + 1] = (struct iovec){(void *)(uintptr_t)spans[i].bytes, spans[i].size}; /* read only */
    }
    BASIN_TRY(check_payload(spans, count, head.payload_check));
    BASIN_TRY(check_head(&head, head.head_check));
    pthread_mutex_lock(&j->lock);
    st = append_parts(j, key, parts, (int)count + 1, head.length);
    pthread_mutex_unlock(&j->lock);
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- opening -- */

/* A line of the text, without its end. */
static size_t line_length(const char *text)
{
    return strcspn(text, "\n");
}

/* The first line in which the file's text and ours differ, as one message. */
static basin_status refuse_text(const basin_journal *j, const char *theirs, const char *ours)
{
    while (line_length(theirs) == line_length(ours) && *theirs != '\0' &&
           strncmp(theirs, ours, line_length(ours)) == 0) {
        theirs += line_length(theirs), ours += line_length(ours);
        theirs += *theirs == '\n', ours += *ours == '\n';
    }
    const bool none = *theirs == '\0', mine = *ours == '\0';
    return basin_fail(BASIN_ERR_VALUE,
                      "%s: is the state of other work: it says «%.*s», this is «%.*s»; remove it, or name "
                      "another file",
                      j->path, none ? 7 : (int)line_length(theirs), none ? "nothing" : theirs,
                      mine ? 7 : (int)line_length(ours), mine ? "nothing" : ours);
}

static basin_status begin_anew(basin_journal *j, const char *first, const char *about)
{
    basin_status st = BASIN_OK;
    struct iovec parts[2] = {{(void *)(uintptr_t)first, strlen(first)}, /* read only */
                             {(void *)(uintptr_t)about, strlen(about)}};

    BASIN_CHECK(ftruncate(j->file, 0) == 0, BASIN_ERR_IO, "%s: cannot be written: %s", j->path,
                strerror(errno));
    j->end = 0;
    BASIN_TRY(write_parts(j, parts, 2));
    BASIN_CHECK(fsync(j->file) == 0, BASIN_ERR_IO, "%s: cannot be written: %s", j->path, strerror(errno));
    j->end = strlen(first) + strlen(about);
done:
    return st;
}

/* Is what is there, `size` bytes, a part of the beginning of what would be written first? */
static basin_status is_begun(const basin_journal *j, const char *first, const char *about, uint64_t size,
                             bool *out)
{
    basin_status st = BASIN_OK;
    const size_t line = strlen(first), most = line + strlen(about);
    char        *there = NULL;
    size_t       got;

    *out = false;
    if (size >= most) return BASIN_OK;
    BASIN_ALLOC(there, most, "the beginning of a journal");
    BASIN_TRY(read_at(j, 0, there, most, &got));
    *out = memcmp(there, first, got < line ? got : line) == 0 &&
           (got <= line || memcmp(there + line, about, got - line) == 0);
done:
    basin_free(there);
    return st;
}

/* *theirs [length] is the caller's to free; j->end is where the records begin. */
static basin_status read_text(basin_journal *j, char **theirs)
{
    basin_status       st = BASIN_OK;
    char               first[FIRST_LINE + 1] = "", *end = NULL;
    unsigned long long format = 0, length = 0;
    size_t             got;

    BASIN_TRY(read_at(j, 0, first, FIRST_LINE, &got));
    if (strncmp(first, "basin state ", 12) == 0) format = strtoull(first + 12, &end, 10);
    if (end != NULL && strncmp(end, ", ", 2) == 0) length = strtoull(end + 2, &end, 10);
    BASIN_CHECK(end != NULL && strncmp(end, " bytes\n", 7) == 0 && length < TEXT_MOST, BASIN_ERR_FORMAT,
                "%s: is there and no state of basin; name another file", j->path);
    BASIN_CHECK(format == 1, BASIN_ERR_UNSUPPORTED,
                "%s: a state of format %llu, this basin goes on from format 1; remove it, or name another "
                "file",
                j->path, format);
    BASIN_ALLOC(*theirs, (size_t)length + 1, "the text of a journal");
    j->end = (uint64_t)(end - first) + 7;
    BASIN_TRY(read_at(j, j->end, *theirs, (size_t)length, &got));
    BASIN_CHECK(got == length, BASIN_ERR_FORMAT,
                "%s: the beginning of the state of other work, without a result; remove it", j->path);
    j->end += length;
done:
    return st;
}

static basin_status read_all(basin_journal *j, const char *about)
{
    basin_status st = BASIN_OK;
    char         first[FIRST_LINE], *theirs = NULL;
    struct stat  facts;
    bool         begun;

    snprintf(first, sizeof first, FORMAT, strlen(about));
    BASIN_CHECK(strlen(about) < TEXT_MOST, BASIN_ERR_ARG, "a state described by %zu bytes", strlen(about));
    BASIN_CHECK(fstat(j->file, &facts) == 0, BASIN_ERR_IO, "%s: %s", j->path, strerror(errno));
    BASIN_TRY(is_begun(j, first, about, (uint64_t)facts.st_size, &begun));
    if (begun) {
        BASIN_TRY(begin_anew(j, first, about));
        goto done;
    }
    BASIN_TRY(read_text(j, &theirs));
    if (strcmp(theirs, about) != 0) BASIN_TRY(refuse_text(j, theirs, about));
    BASIN_TRY(read_records(j, (uint64_t)facts.st_size));
done:
    basin_free(theirs);
    return st;
}

/* Its owner may have finished, and removed it, between our opening and our lock: *gone. */
static basin_status lock_file(const char *path, int *out, bool *gone)
{
    basin_status st = BASIN_OK;
    struct stat  ours, there;
    int          file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    BASIN_CHECK(file >= 0, BASIN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    BASIN_CHECK(fstat(file, &ours) == 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_CHECK(S_ISREG(ours.st_mode), BASIN_ERR_IO,
                "%s: cannot be written: it is there and not a regular file", path);
    BASIN_CHECK(flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, BASIN_ERR_IO,
                "%s: another process is at work with it; wait, or name another file", path);
    *gone = stat(path, &there) != 0 || there.st_dev != ours.st_dev || there.st_ino != ours.st_ino;
    if (!*gone) *out = file, file = -1;
done:
    if (file >= 0) close(file);
    return st;
}

basin_status basin_journal_open(const char *path, const char *about, basin_journal **out)
{
    basin_status   st = BASIN_OK;
    basin_journal *j = NULL;
    bool           gone = true;

    BASIN_ALLOC(j, 1, "a journal");
    j->file = -1;
    pthread_mutex_init(&j->lock, NULL);
    BASIN_STRDUP(j->path, path);
    while (gone) BASIN_TRY(lock_file(path, &j->file, &gone));
    BASIN_TRY(read_all(j, about));
    *out = j, j = NULL;
done:
    basin_journal_close(&j);
    return st;
}

void basin_journal_close(basin_journal **journal)
{
    if (journal == NULL || *journal == NULL) return;
    basin_journal *j = *journal;
    if (j->file >= 0) close(j->file);
    pthread_mutex_destroy(&j->lock);
    basin_free(j->path);
    basin_free(j->table);
    basin_free(j->failure);
    basin_free(j);
    *journal = NULL;
}

basin_status basin_journal_remove(basin_journal **journal)
{
    basin_status st = BASIN_OK;

    if (*journal == NULL) return BASIN_OK;
    BASIN_CHECK(unlink((*journal)->path) == 0 || errno == ENOENT, BASIN_ERR_IO, "%s: cannot be removed: %s",
                (*journal)->path, strerror(errno));
done:
    basin_journal_close(journal);
    return st;
}

/* ----------------------------------------------------------------------------------------------- facts -- */

uint64_t basin_journal_size(basin_journal *j)
{
    uint64_t size;

    pthread_mutex_lock(&j->lock);
    size = j->end;
    pthread_mutex_unlock(&j->lock);
    return size;
}

basin_journal_facts basin_journal_tell(basin_journal *j)
{
    struct statvfs      disk;
    basin_journal_facts facts = {.free = UINT64_MAX};

    if (fstatvfs(j->file, &disk) == 0) facts.free = (uint64_t)disk.f_bavail * disk.f_frsize;
    pthread_mutex_lock(&j->lock);
    facts.records = j->count, facts.bytes = j->end, facts.cut = j->cut, facts.failure = j->failure;
    pthread_mutex_unlock(&j->lock);
    return facts;
}

basin_status basin_journal_claim(basin_journal *j, const char *what, const char *value)
{
    basin_status st = BASIN_OK;
    char         ours[128] = "", theirs[sizeof ours];
    basin_key    key;
    bool         found;

    snprintf(ours, sizeof ours, "%s", value);
    BASIN_TRY(basin_key_make(NULL, "claim", &(basin_span){what, strlen(what)}, 1, &key));
    BASIN_TRY(basin_journal_find(j, &key, &(basin_room){theirs, sizeof theirs}, 1, &found));
    if (!found) BASIN_TRY(basin_journal_append(j, &key, &(basin_span){ours, sizeof ours}, 1));
    BASIN_CHECK(!found || memcmp(ours, theirs, sizeof ours) == 0, BASIN_ERR_VALUE,
                "%s: is the state of other work: %s was %.16s…, is %.16s…; remove it, or name another file",
                j->path, what, theirs, ours);
done:
    return st;
}
