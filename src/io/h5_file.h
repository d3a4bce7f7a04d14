/* The inside of basin_h5, for the files h5*.c. */
#ifndef BASIN_IO_H5_FILE_H
#define BASIN_IO_H5_FILE_H

#define H5_USE_110_API /* later releases keep this interface behind the name */
#include <hdf5.h>
#include <sys/stat.h>

#include "io/h5.h"

#define NO_ID H5I_INVALID_HID

struct basin_h5 {
    const char *path; /* borrowed */
    hid_t       file;
    struct stat stamp;  /* of the file when it was opened for reading */
    H5E_auto2_t report; /* the process's error printer and its plugin state, put back on closing */
    void       *report_data;
    unsigned    plugins;
    /* its texts of variable length have been read once, by a child process */
    bool *rehearsed;
};

/* Silences HDF5's error printer and bars dynamically loaded filters; basin_h5_close undoes both. */
basin_status basin_h5_start(const char *path, basin_h5 **out);
/* HDF5's own account of its last failure: the innermost description. */
const char *basin_h5_reason(char text[160]);
#define REASON basin_h5_reason((char[160]){0})

/* «integers», «strings», … */
const char *basin_h5_class_name(H5T_class_t class);
/* Whole numbers: integers, and the enumeration over int8 as which h5py writes bool. */
bool basin_h5_whole(H5T_class_t class);
/* One string out of an attribute or data set `id`, of fixed or variable length, ASCII or UTF-8.
   Caller frees. */
basin_status basin_h5_read_text(const basin_h5 *h5, hid_t id, hid_t type, bool attribute,
                                const char *name, char **out);
/* The C string of `size` stored bytes, without padding. Caller frees. */
basin_status basin_h5_fixed_text(const char *bytes, size_t size, H5T_str_t padding, char **out);
/* Before the first text of variable length is read: BASIN_ERR_FORMAT where HDF5 would crash or
   never end over one of the file's (h5_rehearse.c). */
basin_status basin_h5_rehearse(const basin_h5 *h5);

#endif
