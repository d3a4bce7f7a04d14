/* What a journal (basin.h) is to those who write and read its records. */
#ifndef BASIN_CORE_JOURNAL_H
#define BASIN_CORE_JOURNAL_H

#include "core/digest.h"

typedef struct basin_span { /* bytes that go into a key or a record */
    const void *bytes;
    size_t      size;
} basin_span;

typedef struct basin_room { /* where a record's bytes go */
    void  *bytes;
    size_t size;
} basin_room;

/* Names a record by everything that its bytes follow from. */
typedef struct basin_key {
    uint8_t bytes[BASIN_DIGEST_BYTES];
} basin_key;

/* The digest of `within` (NULL: nothing), `what` and the spans [count], each with its size. */
basin_status basin_key_make(const basin_key *within, const char *what, const basin_span *spans,
                            size_t count, basin_key *out);

/* *found: is there a record of that key? Its bytes fill the rooms [count], one after the other.
   BASIN_ERR_FORMAT where it has another size. */
basin_status basin_journal_find(basin_journal *j, const basin_key *key, const basin_room *rooms,
                                size_t count, bool *found);
uint64_t     basin_journal_size(basin_journal *j); /* bytes of the file */
/* The spans [count], one after the other, become a record, unless the key has one. Whole or not at
   all: on failure the file is as it was. */
basin_status basin_journal_append(basin_journal *j, const basin_key *key, const basin_span *spans,
                                  size_t count);

#endif
