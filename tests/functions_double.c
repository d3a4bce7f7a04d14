#include "functions_check.h"
