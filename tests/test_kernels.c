/* The kernels of each instruction set that runs here, in both precisions. */
#include "support.h"

void check_kernels_f64(void);
void check_kernels_f32(void);
void check_math_f64(void);
void check_math_f32(void);

static void double_precision_agrees_with_plain_loops(void **state)
{
    (void)state;
    check_kernels_f64();
}

static void single_precision_agrees_with_plain_loops(void **state)
{
    (void)state;
    check_kernels_f32();
}

static void functions_in_double_precision_are_right_to_their_last_digits(void **state)
{
    (void)state;
    check_math_f64();
}

static void functions_in_single_precision_are_right_to_their_last_digits(void **state)
{
    (void)state;
    check_math_f32();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(double_precision_agrees_with_plain_loops),
        cmocka_unit_test(single_precision_agrees_with_plain_loops),
        cmocka_unit_test(functions_in_double_precision_are_right_to_their_last_digits),
        cmocka_unit_test(functions_in_single_precision_are_right_to_their_last_digits),
    };

    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
