#include "core/digest.h"

#include <nettle/sha2.h>
#include <stdio.h>

#include "core/memory.h"

struct basin_digest {
    struct sha256_ctx state;
};

basin_status basin_digest_create(basin_digest **out)
{
    basin_status  st = BASIN_OK;
    basin_digest *digest = NULL;

    BASIN_ALLOC(digest, 1, "digest");
    sha256_init(&digest->state);
    *out = digest;
done:
    return st;
}

void basin_digest_add(basin_digest *digest, const void *bytes, size_t size)
{
    sha256_update(&digest->state, size, bytes);
}

void basin_digest_take(basin_digest *digest, uint8_t out[BASIN_DIGEST_BYTES])
{
    sha256_digest(&digest->state, BASIN_DIGEST_BYTES, out);
}

void basin_digest_finish(basin_digest *digest, char out[65])
{
    uint8_t bytes[BASIN_DIGEST_BYTES];

    basin_digest_take(digest, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void basin_digest_destroy(basin_digest **digest)
{
    if (digest == NULL) return;
    basin_free(*digest);
    *digest = NULL;
}
