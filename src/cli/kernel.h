/* OpenBLAS with the kernel that this processor deserves (basin_blas_better), and without threads of
   its own where address space is limited. Both are settled before main, so the program executes
   itself again. */
#ifndef BASIN_CLI_KERNEL_H
#define BASIN_CLI_KERNEL_H

/* Returns where nothing is to be changed: the kernel in use is good, or the user chose it or the
   number of threads, or it was tried. */
void cli_kernel_choose(char **argv);
/* After the BLAS was found to compute wrongly: back to OpenBLAS's own choice, if the kernel was
   ours. Returns if it was not. */
void cli_kernel_withdraw(char **argv);
/* The kernel that OpenBLAS chose by itself where another one is in use now; NULL otherwise. */
const char *cli_kernel_replaced(void);

#endif
