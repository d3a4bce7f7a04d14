/* What libraries read from the environment before main, so that the program executes itself again
   to set it: the kernel of OpenBLAS that this processor deserves (basin_blas_better), no threads of
   OpenBLAS's own where address space is limited, and how long threads of OpenMP that wait keep
   their processor busy. */
#ifndef BASIN_CLI_KERNEL_H
#define BASIN_CLI_KERNEL_H

/* Returns where nothing is to be changed: the kernel in use is good, or the user chose it or it was
   tried; OPENBLAS_NUM_THREADS is set or address space is not limited; and GOMP_SPINCOUNT or
   OMP_WAIT_POLICY says how threads wait. */
void cli_kernel_choose(char **argv);
/* After the BLAS was found to compute wrongly: back to OpenBLAS's own choice, if the kernel was
   ours. Returns if it was not. */
void cli_kernel_withdraw(char **argv);
/* The kernel that OpenBLAS chose by itself where another one is in use now; NULL otherwise. */
const char *cli_kernel_replaced(void);
/* The variable that says how threads wait, of those two, and its value in *value; NULL if neither
   does. */
const char *cli_kernel_waiting(const char **value);

#endif
