/* The kernels of every instruction set that runs here, in both precisions (compiled/), and which engine is
   chosen. */
#include <stdlib.h>

#include "engine/engine.h"
#include "support.h"

#define DECLARE(set)                                          \
    void                      check_kernels_f64_##set(void);  \
    void                      check_kernels_f32_##set(void);  \
    void                      check_math_f64_##set(void);     \
    void                      check_math_f32_##set(void);     \
    void                      check_losses_f64_##set(void);   \
    void                      check_losses_f32_##set(void);   \
    void                      check_winograd_f64_##set(void); \
    void                      check_winograd_f32_##set(void); \
    extern const basin_engine basin_engine_f64_##set, basin_engine_f32_##set;
BASIN_INSTRUCTION_SETS(DECLARE)

/* One test for each check and each set, so that a set which this processor lacks is a skip with a name of its
   own. */
#define TEST(set, name, check)                                                             \
    static void name##_in_##set(void **state)                                              \
    {                                                                                      \
        (void)state;                                                                       \
        if (!basin_instructions_run(#set)) basin_test_skip("this processor has no " #set); \
        check##_f64_##set();                                                               \
        check##_f32_##set();                                                               \
    }
#define TESTS(set)                                                  \
    TEST(set, sums_agree_with_plain_loops, check_kernels)           \
    TEST(set, functions_are_right_to_their_last_digits, check_math) \
    TEST(set, losses_in_lanes_are_sums_over_samples, check_losses)  \
    TEST(set, filtering_agrees_with_plain_loops, check_winograd)
BASIN_INSTRUCTION_SETS(TESTS)

static void the_best_engine_is_chosen_unless_one_is_named(void **state)
{
    const basin_engine *best = NULL, *chosen = NULL, *expected = NULL;

    (void)state;
    unsetenv("BASIN_INSTRUCTIONS");
#define BEST(set) \
    if (basin_instructions_run(#set)) expected = &basin_engine_f32_##set;
    BASIN_INSTRUCTION_SETS(BEST)
    assert_ok(basin_engine_choose(BASIN_SINGLE, &best));
    assert_ptr_equal(best, expected);
    setenv("BASIN_INSTRUCTIONS", "base", 1);
    assert_ok(basin_engine_choose(BASIN_DOUBLE, &chosen));
    assert_ptr_equal(chosen, &basin_engine_f64_base);
    setenv("BASIN_INSTRUCTIONS", "sse9", 1);
    assert_int_equal(basin_engine_choose(BASIN_DOUBLE, &chosen), BASIN_ERR_ARG);
    assert_message("BASIN_INSTRUCTIONS=sse9: this processor does not have them, or this build is not for "
                   "them; it is for" BASIN_INSTRUCTION_SETS(BASIN_INSTRUCTION_NAME));
    unsetenv("BASIN_INSTRUCTIONS");
}

#define ROWS(set)                                                            \
    cmocka_unit_test(sums_agree_with_plain_loops_in_##set),                  \
        cmocka_unit_test(functions_are_right_to_their_last_digits_in_##set), \
        cmocka_unit_test(losses_in_lanes_are_sums_over_samples_in_##set),    \
        cmocka_unit_test(filtering_agrees_with_plain_loops_in_##set),

int main(void)
{
    const struct CMUnitTest tests[] = {
        BASIN_INSTRUCTION_SETS(ROWS) cmocka_unit_test(the_best_engine_is_chosen_unless_one_is_named),
    };

    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
