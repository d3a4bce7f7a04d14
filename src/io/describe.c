#include <hdf5.h>
#include <jansson.h>
#include <stdio.h>

#include "basin.h"

void basin_io_describe(char out[160])
{
    unsigned    major = 0, minor = 0, release = 0;
    const char *json = JANSSON_VERSION;

#if JANSSON_VERSION_HEX >= 0x020d00
    json = jansson_version_str(); /* of the library that runs, not of the header */
#endif
    H5get_libversion(&major, &minor, &release);
    snprintf(out, 160, "HDF5 %u.%u.%u, jansson %s", major, minor, release, json);
}
