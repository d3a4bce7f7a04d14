#include "cli/kernel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "basin.h"

#define KERNEL "OPENBLAS_CORETYPE"
#define THREADS "OPENBLAS_NUM_THREADS"
#define REPLACED "BASIN_BLAS_REPLACED" /* what OpenBLAS chose by itself; "" after our choice was withdrawn */

/* OpenBLAS's threads, which basin has no use for, take 129 MiB of address space each and wait for it without
   end. */
static bool spares_threads(void)
{
    struct rlimit limit;

    if (getenv(THREADS) != NULL || getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    return setenv(THREADS, "1", 1) == 0;
}

static bool replaces_kernel(void)
{
    const char *better = basin_blas_better(), *name;
    char        text[160];

    if (better == NULL || getenv(KERNEL) != NULL || getenv(REPLACED) != NULL) return false;
    basin_blas_describe(text); /* «OpenBLAS 0.3.21, kernel Prescott» */
    name = strrchr(text, ' ');
    return setenv(REPLACED, name != NULL ? name + 1 : text, 1) == 0 && setenv(KERNEL, better, 1) == 0;
}

void cli_kernel_choose(char **argv)
{
    bool threads = spares_threads(), kernel = replaces_kernel();

    if (threads || kernel) execv("/proc/self/exe", argv);
    if (threads) unsetenv(THREADS);
    if (kernel) { /* still here: OpenBLAS's own choice is right, only slower */
        unsetenv(KERNEL);
        unsetenv(REPLACED);
    }
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
