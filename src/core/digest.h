/* SHA-256 (FIPS 180-4) through nettle: the names of files' contents. */
#ifndef BASIN_CORE_DIGEST_H
#define BASIN_CORE_DIGEST_H

#include "core/status.h"

typedef struct basin_digest basin_digest;
basin_status                basin_digest_create(basin_digest **out);
void                        basin_digest_add(basin_digest *digest, const void *bytes, size_t size);
/* hexadecimal; the digest starts anew */
void basin_digest_finish(basin_digest *digest, char out[65]);
enum { BASIN_DIGEST_BYTES = 32 };
/* the same as bytes */
void basin_digest_take(basin_digest *digest, uint8_t out[BASIN_DIGEST_BYTES]);
void basin_digest_destroy(basin_digest **digest);

#endif
