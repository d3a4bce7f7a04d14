#ifndef BASIN_IO_DATASET_H
#define BASIN_IO_DATASET_H

#define BASIN_DATASET_FORMAT "basin data"

#endif
