/* The inside of basin_h5, for the two files that read and write. */
#ifndef BASIN_IO_H5_FILE_H
#define BASIN_IO_H5_FILE_H

#define H5_USE_110_API /* later releases keep this interface behind the name */
#include <hdf5.h>
#include <sys/stat.h>

#include "io/h5.h"

struct basin_h5 {
    const char *path; /* borrowed */
    hid_t       file;
    struct stat stamp;   /* of the file when it was opened for reading */
    H5E_auto2_t report;  /* the process's error printer and its plugin state, put back on closing */
    void       *report_data;
    unsigned    plugins;
};

/* Silences HDF5's error printer and bars dynamically loaded filters; basin_h5_close undoes both. */
basin_status basin_h5_start(const char *path, basin_h5 **out);
/* HDF5's own account of its last failure: the innermost description. */
const char *basin_h5_reason(char text[160]);

#endif
