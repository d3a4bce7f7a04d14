#define BASIN_REAL_SINGLE
#include "kernels_check.h"
