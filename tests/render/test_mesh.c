/* A plane as a mesh, read back by hand: numbers of VTK and of glTF against those of the result. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "synthetic.h"

enum { COUNT = 21, ROWS = COUNT - 4, HOLE = 3 * COUNT + 7 };

static basin_result *plane_with_a_hole(void)
{
    basin_result *plane = synthetic_plane("gd", COUNT);

    ((basin_slice *)plane->value)->surfaces[0].loss[HOLE] = NAN;
    return plane;
}

static unsigned char *encoded(const char *name, size_t *size)
{
    basin_result  *plane = plane_with_a_hole();
    unsigned char *bytes = NULL;

    assert_ok(basin_mesh_encode(plane, NULL, name, &bytes, size));
    basin_result_destroy(&plane);
    return bytes;
}

static const unsigned char *after(const unsigned char *bytes, size_t size, const char *text)
{
    const size_t length = strlen(text);

    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(bytes + i, text, length) == 0) return bytes + i + length;
    fail_msg("no «%s»", text);
    return NULL;
}

static double big_double(const unsigned char *at)
{
    uint64_t bits = 0;
    double   value;

    for (size_t i = 0; i < 8; i++) bits = bits << 8 | at[i];
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t little(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The hole takes its point and the four cells about it; heights are the logarithm between its ends. */
static void vtk_holds_points_and_losses(void **state)
{
    size_t               size, n = 0;
    unsigned char       *bytes = encoded("a.vtk", &size);
    basin_result        *plane = plane_with_a_hole();
    const basin_surface *s = ((basin_slice *)plane->value)->surfaces;
    char                 text[64];
    double               low = INFINITY, high = 0;

    (void)state;
    for (size_t i = 0; i < ROWS * COUNT; i++)
        if (isfinite(s->loss[i])) low = fmin(low, s->loss[i]), high = fmax(high, s->loss[i]);
    snprintf(text, sizeof text, "POINTS %d double\n", ROWS * COUNT - 1);
    const unsigned char *points = after(bytes, size, text);
    const unsigned char *losses = after(bytes, size, "SCALARS loss_train double 1\nLOOKUP_TABLE default\n");
    snprintf(text, sizeof text, "POLYGONS %d ", (ROWS - 1) * (COUNT - 1) - 4);
    after(bytes, size, text);
    for (size_t i = 0; i < ROWS * COUNT; i++) {
        if (i == HOLE) continue;
        assert_true(big_double(losses + 8 * n) == s->loss[i]);
        assert_true(fabs(big_double(points + 24 * n + 16) - 1.05 * log(s->loss[i] / low) / log(high / low)) <
                    1e-12);
        n++;
    }
    basin_result_destroy(&plane);
    basin_free(bytes);
}

static void glb_is_framed_as_specified(void **state)
{
    size_t         size;
    unsigned char *bytes = encoded("a.glb", &size);
    char           text[64];

    (void)state;
    assert_memory_equal(bytes, "glTF", 4);
    assert_int_equal(little(bytes + 4), 2);
    assert_int_equal(little(bytes + 8), size);
    const size_t json = little(bytes + 12);
    assert_memory_equal(bytes + 16, "JSON", 4);
    assert_int_equal(json % 4, 0);
    const size_t data = little(bytes + 20 + json);
    assert_memory_equal(bytes + 24 + json, "BIN", 4);
    assert_int_equal(28 + json + data, size);
    /* positions, normals and colours of three floats, a loss; six corners of two triangles a cell */
    const size_t points = ROWS * COUNT - 1, cells = (ROWS - 1) * (COUNT - 1) - 4;
    assert_int_equal(data, 40 * points + 24 * cells);
    snprintf(text, sizeof text, "\"byteLength\":%zu}]}", data);
    after(bytes, size, text);
    for (size_t i = 0; i < 6 * cells; i++)
        assert_true(little(bytes + 28 + json + 40 * points + 4 * i) < points);
    basin_free(bytes);
}

static void the_same_plane_gives_the_same_bytes(void **state)
{
    static const char *const names[] = {"a.vtk", "a.glb", "a.gltf"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t         size[2];
        unsigned char *bytes[2] = {encoded(names[i], &size[0]), encoded(names[i], &size[1])};
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        basin_free(bytes[0]), basin_free(bytes[1]);
    }
}

/* A checkpoint whose loss on the plane is not finite is no point of its run; all others are. */
static void a_run_leaves_out_what_has_no_height(void **state)
{
    enum { SIDE = 25, SHORT = SIDE - 4, POINTS = SIDE * SHORT, RUN = 9, SINGLE = 3 };
    basin_result  *plane = synthetic_paths(RUN);
    basin_slice   *s = plane->value;
    unsigned char *bytes = NULL;
    size_t         size;
    char           text[64];

    (void)state;
    s->paths[0].points[0].projected = INFINITY;
    s->paths[1].points[4].projected = NAN;
    assert_ok(basin_mesh_encode(plane, NULL, "run.vtk", &bytes, &size));
    snprintf(text, sizeof text, "POINTS %d double\n", POINTS + 2 * (RUN - 1) + SINGLE);
    const unsigned char *at = after(bytes, size, text);
    for (size_t i = 0; i < 3 * (POINTS + 2 * (RUN - 1) + SINGLE); i++)
        assert_true(isfinite(big_double(at + 8 * i)));
    at = after(bytes, size, "SCALARS loss_train double 1\nLOOKUP_TABLE default\n") + 8 * (size_t)POINTS;
    for (size_t k = 1; k < RUN; k++)
        assert_true(big_double(at + 8 * (k - 1)) == s->paths[0].points[k].projected);
    for (size_t k = 0; k < RUN; k++)
        if (k != 4)
            assert_true(big_double(at + 8 * (RUN - 1 + k - (k > 4))) == s->paths[1].points[k].projected);
    basin_free(bytes);
    basin_result_destroy(&plane);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vtk_holds_points_and_losses),
        cmocka_unit_test(glb_is_framed_as_specified),
        cmocka_unit_test(the_same_plane_gives_the_same_bytes),
        cmocka_unit_test(a_run_leaves_out_what_has_no_height),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
