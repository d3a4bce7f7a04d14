/* Legacy VTK, binary, version 3.0 (VTK User's Guide, «VTK File Formats»): numbers are big-endian. Cells are
 * the runs' lines and then the surface's quadrangles; point data of a run are of where it falls on the plane,
 * NAN where nothing is known there.
 */
#include <math.h>
#include <stdio.h>

#include "render/mesh.h"

static size_t run_points(const basin_mesh *m)
{
    size_t count = 0;

    for (size_t i = 0; i < m->run_count; i++) count += m->runs[i].count;
    return count;
}

static void append_points(const basin_mesh *m, basin_bytes *out)
{
    basin_bytes_print(out, "POINTS %zu double\n", m->vertex_count + run_points(m));
    for (size_t i = 0; i < m->vertex_count; i++)
        for (size_t k = 0; k < 3; k++) basin_bytes_f64(out, m->vertices[i].at[k], true);
    for (size_t i = 0; i < m->run_count; i++)
        for (size_t k = 0; k < 3 * m->runs[i].count; k++) basin_bytes_f64(out, m->runs[i].at[k], true);
    basin_bytes_print(out, "\n");
}

static void append_cells(const basin_mesh *m, basin_bytes *out)
{
    size_t first = m->vertex_count;

    if (m->run_count > 0)
        basin_bytes_print(out, "LINES %zu %zu\n", m->run_count, m->run_count + run_points(m));
    for (size_t i = 0; i < m->run_count; i++) {
        basin_bytes_u32(out, (uint32_t)m->runs[i].count, true);
        for (size_t k = 0; k < m->runs[i].count; k++) basin_bytes_u32(out, (uint32_t)first++, true);
    }
    basin_bytes_print(out, "%sPOLYGONS %zu %zu\n", m->run_count > 0 ? "\n" : "", m->quad_count,
                      5 * m->quad_count);
    for (size_t i = 0; i < m->quad_count; i++) {
        basin_bytes_u32(out, 4, true);
        for (size_t k = 0; k < 4; k++) basin_bytes_u32(out, (uint32_t)m->quads[i][k], true);
    }
    basin_bytes_print(out, "\n");
}

/* 0: the surface; i: the i-th run. */
static void append_cell_data(const basin_mesh *m, basin_bytes *out)
{
    basin_bytes_print(out, "CELL_DATA %zu\nSCALARS run int 1\nLOOKUP_TABLE default\n",
                      m->run_count + m->quad_count);
    for (size_t i = 0; i < m->run_count; i++) basin_bytes_u32(out, (uint32_t)(i + 1), true);
    for (size_t i = 0; i < m->quad_count; i++) basin_bytes_u32(out, 0, true);
    basin_bytes_print(out, "\n");
}

/* Names of arrays hold no blanks. */
static void append_name(basin_bytes *out, const char *what, const char *split)
{
    char name[64];

    snprintf(name, sizeof name, "%s%s%s", what, split != NULL ? "_" : "", split != NULL ? split : "");
    for (char *c = name; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~') *c = '_';
    basin_bytes_print(out, "SCALARS %s double 1\nLOOKUP_TABLE default\n", name);
}

/* A value of every point of the grid; `projected`: that of the runs' points is their loss on the plane. */
static void append_values(const basin_mesh *m, const double *values, bool projected, basin_bytes *out)
{
    for (size_t i = 0; i < m->vertex_count; i++) basin_bytes_f64(out, values[m->vertices[i].point], true);
    for (size_t i = 0; i < m->run_count; i++)
        for (size_t k = 0; k < m->runs[i].count; k++)
            basin_bytes_f64(out, projected ? m->runs[i].path->points[m->runs[i].point[k]].projected : NAN,
                            true);
    basin_bytes_print(out, "\n");
}

static void append_coordinates(const basin_mesh *m, size_t axis, basin_bytes *out)
{
    const basin_axis *a = &m->slice->axes[axis];
    const size_t      columns = m->slice->axes[0].count;

    append_name(out, axis == 0 ? "across" : "up", NULL);
    for (size_t i = 0; i < m->vertex_count; i++) {
        const size_t point = m->vertices[i].point;
        basin_bytes_f64(out, a->coordinates[axis == 0 ? point % columns : point / columns], true);
    }
    for (size_t i = 0; i < m->run_count; i++) {
        for (size_t k = 0; k < m->runs[i].count; k++) {
            const basin_path_point *p = &m->runs[i].path->points[m->runs[i].point[k]];
            basin_bytes_f64(out, axis == 0 ? p->across : p->up, true);
        }
    }
    basin_bytes_print(out, "\n");
}

void basin_mesh_vtk(const basin_mesh *m, basin_bytes *out)
{
    const char *split = m->slice->surfaces[m->height].split;

    basin_bytes_print(out,
                      "# vtk DataFile Version 3.0\nbasin %s: height is the %sloss%s%.40s\nBINARY\nDATASET "
                      "POLYDATA\n",
                      BASIN_VERSION,
                      m->scale.kind == BASIN_SCALE_LOG      ? "logarithm of the "
                      : m->scale.kind == BASIN_SCALE_SYMLOG ? "symmetric logarithm of the "
                                                            : "",
                      split != NULL ? ", " : "", split != NULL ? split : "");
    append_points(m, out);
    append_cells(m, out);
    append_cell_data(m, out);
    basin_bytes_print(out, "POINT_DATA %zu\n", m->vertex_count + run_points(m));
    for (size_t i = 0; i < m->slice->surface_count; i++) {
        /* the one that is the height first: readers colour by it */
        const size_t         k = i == 0 ? m->height : i <= m->height ? i - 1 : i;
        const basin_surface *s = &m->slice->surfaces[k];
        append_name(out, "loss", s->split);
        append_values(m, s->loss, k == 0, out);
        if (s->accuracy == NULL) continue;
        append_name(out, "accuracy", s->split);
        append_values(m, s->accuracy, false, out);
    }
    append_coordinates(m, 0, out);
    append_coordinates(m, 1, out);
}
