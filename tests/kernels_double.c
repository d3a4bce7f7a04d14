#include "kernels_check.h"
