/* What every test needs. Tests are named as sentences; closeness fails on NaN; files go to a
   scratch folder of the test. */
#ifndef BASIN_TESTS_SUPPORT_H
#define BASIN_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "basin.h"
#include "core/memory.h"

/* |actual - expected| <= rtol |expected| + atol, or both are the same number; an infinite
   expectation is met by itself only. */
#define assert_close(actual, expected, rtol, atol) \
    basin_test_close((actual), (expected), (rtol), (atol), #actual, __FILE__, __LINE__)
#define assert_ok(call) basin_test_status((call), BASIN_OK, #call, __FILE__, __LINE__)
#define assert_status(call, code) basin_test_status((call), (code), #call, __FILE__, __LINE__)
/* The last message holds `part`. */
#define assert_message(part) basin_test_message((part), __FILE__, __LINE__)
/* Ends the test, which is neither passed nor failed; tests/run.sh counts and names it with the
   reason. */
#define basin_test_skip(reason) basin_test_leave_out((reason), __FILE__, __LINE__)

bool basin_test_is_close(double actual, double expected, double rtol, double atol);
void basin_test_close(double actual, double expected, double rtol, double atol, const char *what,
                      const char *file, int line);
void basin_test_status(basin_status actual, basin_status expected, const char *what,
                       const char *file, int line);
void basin_test_message(const char *part, const char *file, int line);
void basin_test_leave_out(const char *reason, const char *file, int line);

/* Lets 0, 1, 2, … allocations succeed until `call` returns BASIN_OK: every failure before must be
   BASIN_ERR_NOMEM and leave no live block behind. `call` releases what it made when it succeeds. */
void basin_test_every_allocation(basin_status (*call)(void *payload), void *payload);

/* A path in this test's own scratch folder, made on first use; the string lives until the next
   eight calls. */
const char *basin_test_scratch(const char *name);
/* A committed file under tests/data. */
const char *basin_test_data(const char *name);
bool        basin_test_long(void); /* BASIN_LONG is set: make test-long */

/* L = 1/2 theta' A theta - b' theta + c with A [n, n] symmetric; b may be NULL. Copies. Exact
   products. */
basin_status basin_test_quadratic(const double *a, const double *b, double c, size_t n,
                                  basin_objective **out);
/* A = Q diag(lambda) Q' with Q a product of random reflections. */
void basin_test_planted(const double *lambda, size_t n, uint64_t seed, double *a);
/* The quadratic of such a matrix, constant 1. */
basin_objective *basin_test_planted_objective(const double *lambda, size_t n, uint64_t seed);
/* One result at a point of its own. */
basin_status basin_test_spectrum_at(basin_objective *o, const double *theta,
                                    const basin_spectrum_options *options, basin_spectrum **out);
basin_status basin_test_sharpness_at(basin_objective *o, const double *theta,
                                     const basin_sharpness_options *options, basin_sharpness **out);
basin_status basin_test_ritz_at(basin_objective *o, const double *theta, uint64_t seed,
                                const basin_sane_options *options, basin_sane **out);
basin_status basin_test_stationarity_at(basin_objective *o, const double *theta,
                                        const basin_point_options *options,
                                        basin_stationarity        *out);
/* The spectrum at theta = 0. */
basin_spectrum *basin_test_spectrum(basin_objective *o, const basin_spectrum_options *options);

#endif
