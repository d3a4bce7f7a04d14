#define BASIN_REAL_SINGLE
#include "functions_check.h"
