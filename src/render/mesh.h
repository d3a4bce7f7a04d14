/* A plane as a surface for programs that turn it: the points as measured, without interpolation. */
#ifndef BASIN_RENDER_MESH_H
#define BASIN_RENDER_MESH_H

#include "render/bytes.h"
#include "render/scene.h"

typedef struct basin_mesh_vertex {
    double at[3];     /* in the box of basin_scene: what the figure draws */
    double normal[3]; /* upwards, of norm 1 */
    size_t point;     /* of the grid, row by row */
} basin_mesh_vertex;

typedef struct basin_mesh_run { /* a run or checkpoints upon the surface */
    const basin_path *path;
    size_t            count; /* of its points that lie on it */
    const double     *at;    /* [count, 3] */
    const size_t     *point; /* [count] of the path */
} basin_mesh_run;

typedef struct basin_mesh {
    const basin_slice       *slice;
    size_t                   height; /* the surface whose loss the height is */
    basin_plot_scale         scale;
    double                   cap; /* INFINITY = none */
    const basin_palette     *palette;
    size_t                   vertex_count, quad_count, run_count;
    const basin_mesh_vertex *vertices;
    const size_t (*quads)[4]; /* of vertices, counterclockwise seen from above */
    const basin_mesh_run *runs;
} basin_mesh;

/* Legacy VTK, binary: polygons and lines in one data set, every split's loss and accuracy. */
void basin_mesh_vtk(const basin_mesh *mesh, basin_bytes *out);
/* glTF 2.0: .glb, or .gltf with its buffer inside. */
void basin_mesh_gltf(const basin_mesh *mesh, bool binary, basin_bytes *out);

#endif
