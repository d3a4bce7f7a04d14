/* The ruler of every other test: assert_close accepts what is close, and nothing else. */
#include <float.h>
#include <math.h>

#include "support.h"

static void what_is_close_is_accepted(void **state)
{
    (void)state;
    assert_true(basin_test_is_close(1.0, 1.0, 0.0, 0.0));
    assert_true(basin_test_is_close(0.0, -0.0, 0.0, 0.0));
    assert_true(basin_test_is_close(1.0 + 0x1p-40, 1.0, 0x1p-40, 0.0));
    assert_true(basin_test_is_close(-8.0 + 0x1p-37, -8.0, 0x1p-40, 0.0)); /* rtol is of |expected| */
    assert_true(basin_test_is_close(0x1p-40, 0.0, 1.0, 0x1p-40));
    assert_true(basin_test_is_close(3.0, 2.0, 0.25, 0.5));
    assert_true(basin_test_is_close(INFINITY, INFINITY, 0.0, 0.0));
    assert_true(basin_test_is_close(-INFINITY, -INFINITY, 0.5, 1.0));
}

static void what_is_off_is_refused(void **state)
{
    (void)state;
    assert_false(basin_test_is_close(1.0 + DBL_EPSILON, 1.0, 0.0, 0.0));
    assert_false(basin_test_is_close(1.0 + 0x1p-39, 1.0, 0x1p-40, 0.0));
    assert_false(basin_test_is_close(1.0 - 0x1p-39, 1.0, 0x1p-40, 0.0));
    assert_false(basin_test_is_close(0x1p-39, 0.0, 1.0, 0x1p-40)); /* rtol allows nothing beside 0 */
    assert_false(basin_test_is_close(-1.0, 1.0, 1e-12, 1e-12));
    assert_false(basin_test_is_close(3.01, 2.0, 0.25, 0.5));
}

static void nan_is_close_to_nothing(void **state)
{
    const double others[] = {NAN, 0.0, 1.0, INFINITY, -INFINITY};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(basin_test_is_close(NAN, others[i], 1.0, 1.0));
        assert_false(basin_test_is_close(others[i], NAN, 1.0, 1.0));
    }
    assert_false(basin_test_is_close(1.0, 2.0, NAN, 0.0));
    assert_false(basin_test_is_close(1.0, 2.0, 0.0, NAN));
}

/* rtol × infinity would allow every error: an infinite expectation must not accept what is not infinite, nor
   the other sign. */
static void infinity_is_close_to_itself_only(void **state)
{
    const double tolerances[] = {0.0, 1e-12, 1.0};

    (void)state;
    for (size_t r = 0; r < 3; r++)
        for (size_t a = 0; a < 3; a++) {
            assert_false(basin_test_is_close(1.0, INFINITY, tolerances[r], tolerances[a]));
            assert_false(basin_test_is_close(-INFINITY, INFINITY, tolerances[r], tolerances[a]));
            assert_false(basin_test_is_close(INFINITY, -INFINITY, tolerances[r], tolerances[a]));
            assert_false(basin_test_is_close(INFINITY, 1.0, tolerances[r], tolerances[a]));
        }
    assert_false(basin_test_is_close(1.0, 2.0, INFINITY, 0.0)); /* nor is a tolerance without bound one */
    assert_false(basin_test_is_close(1.0, 2.0, 0.0, INFINITY));
    assert_false(basin_test_is_close(1.0, DBL_MAX, 2.0, 0.0)); /* which overflows */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_close_is_accepted),
        cmocka_unit_test(what_is_off_is_refused),
        cmocka_unit_test(nan_is_close_to_nothing),
        cmocka_unit_test(infinity_is_close_to_itself_only),
    };
    return cmocka_run_group_tests_name("ruler", tests, NULL, NULL);
}
