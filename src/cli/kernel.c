#include "cli/kernel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basin.h"

#define KERNEL "OPENBLAS_CORETYPE"
#define REPLACED "BASIN_BLAS_REPLACED" /* what OpenBLAS chose by itself; "" after our choice was withdrawn */

void cli_kernel_choose(char **argv)
{
    const char *better = basin_blas_better(), *name;
    char        text[160];

    if (better == NULL || getenv(KERNEL) != NULL || getenv(REPLACED) != NULL) return;
    basin_blas_describe(text); /* «OpenBLAS 0.3.21, kernel Prescott» */
    name = strrchr(text, ' ');
    if (setenv(REPLACED, name != NULL ? name + 1 : text, 1) == 0 && setenv(KERNEL, better, 1) == 0) execv("/proc/self/exe", argv);
    unsetenv(KERNEL); /* still here: OpenBLAS's own choice is right, only slower */
    unsetenv(REPLACED);
}

void cli_kernel_withdraw(char **argv)
{
    if (cli_kernel_replaced() == NULL) return;
    unsetenv(KERNEL);
    if (setenv(REPLACED, "", 1) == 0) execv("/proc/self/exe", argv);
}

const char *cli_kernel_replaced(void)
{
    const char *replaced = getenv(REPLACED);

    return replaced != NULL && *replaced != '\0' ? replaced : NULL;
}
