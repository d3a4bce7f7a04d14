#include "cli/kernel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "basin.h"

#define KERNEL "OPENBLAS_CORETYPE"
#define THREADS "OPENBLAS_NUM_THREADS"
#define REPLACED "BASIN_BLAS_REPLACED" /* what OpenBLAS chose by itself; "" after our choice was withdrawn */

/* libgomp's threads turn 300,000 times, some milliseconds, before they sleep, and where others want the
   processors they turn instead of them (docs/performance.md, «Threads that wait»). 1,000 turns, 20 µs, bridge
   the gap between one product and the next. */
#define SPIN "GOMP_SPINCOUNT"
#define POLICY "OMP_WAIT_POLICY"
#define TURNS "1000"

/* OpenBLAS's threads, which basin has no use for, take 129 MiB of address space each and wait for it without
   end. */
static bool spares_threads(void)
{
    struct rlimit limit;

    if (getenv(THREADS) != NULL || getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    return setenv(THREADS, "1", 1) == 0;
}

static bool shortens_waits(void)
{
    return getenv(SPIN) == NULL && getenv(POLICY) == NULL && setenv(SPIN, TURNS, 1) == 0;
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
    const bool threads = spares_threads(), waits = shortens_waits(), kernel = replaces_kernel();

    if (threads || waits || kernel) execv("/proc/self/exe", argv);
    if (threads) unsetenv(THREADS);
    if (waits) unsetenv(SPIN);
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

const char *cli_kernel_waiting(const char **value)
{
    const char *name = getenv(POLICY) != NULL ? POLICY : SPIN;

    *value = getenv(name);
    return *value != NULL ? name : NULL;
}
