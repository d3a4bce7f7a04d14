#include "render/mesh.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/field.h"

typedef struct builder {
    basin_plan         plan;
    basin_field        field;
    basin_scene        scene;
    basin_mesh         mesh;
    double            *height; /* [rows, columns] NAN where not finite */
    size_t            *vertex; /* [rows, columns] BASIN_NONE where not finite */
    basin_mesh_vertex *vertices;
    size_t (*quads)[4];
    basin_mesh_run *runs;
} builder;

static basin_status set_scene(builder *b)
{
    basin_status             st = BASIN_OK;
    static const basin_frame equal = {1, 0, 1};
    const basin_field       *f = &b->field;
    const double             cap = b->plan.options->cap > 0 ? b->plan.options->cap : INFINITY;
    const basin_range        range = basin_field_range(f, 1, cap);

    BASIN_CHECK(range.low <= range.high, BASIN_ERR_VALUE,
                "no loss of the plane is finite; there is no surface");
    BASIN_TRY(basin_field_scale(&b->plan, &range, &b->mesh.scale));
    BASIN_TRY(basin_palette_find(b->plan.options->palette, &b->mesh.palette));
    b->mesh.cap = cap <= range.high ? cap : INFINITY;
    b->scene =
        basin_scene_make((double[]){f->x[0], f->y[0]}, (double[]){f->x[f->columns - 1], f->y[f->rows - 1]},
                         f->frame != NULL          ? f->frame
                         : basin_field_is_equal(f) ? &equal
                                                   : NULL,
                         &b->mesh.scale, 0, 45);
done:
    return st;
}

/* From the slopes between the neighbours on both sides, where they have values. */
static void set_normal(const builder *b, size_t r, size_t c, double out[3])
{
    const basin_field *f = &b->field;
    double             along[2][3] = {{0}};

    for (size_t k = 0; k < 2; k++) {
        const size_t here = k == 0 ? c : r, count = k == 0 ? f->columns : f->rows;
        size_t       end[2] = {here > 0 ? here - 1 : 0, here + 1 < count ? here + 1 : here};
        double       at[2][3];
        for (size_t i = 0; i < 2; i++) {
            const size_t row = k == 0 ? r : end[i], column = k == 0 ? end[i] : c;
            const bool   there = isfinite(b->height[row * f->columns + column]);
            basin_scene_place(&b->scene, f->x[there ? column : c], f->y[there ? row : r],
                              b->height[there ? row * f->columns + column : r * f->columns + c], at[i]);
        }
        for (size_t i = 0; i < 3; i++) along[k][i] = at[1][i] - at[0][i];
    }
    const double *u = along[0], *v = along[1];
    const double  n[3] = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
    const double  norm = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (size_t i = 0; i < 3; i++) out[i] = norm > 0 ? n[i] / norm : i == 2;
}

static basin_status add_surface(builder *b)
{
    basin_status       st = BASIN_OK;
    const basin_field *f = &b->field;
    const size_t       count = f->rows * f->columns;

    BASIN_PLAN_ALLOC(&b->plan, b->height, count);
    BASIN_PLAN_ALLOC(&b->plan, b->vertex, count);
    BASIN_PLAN_ALLOC(&b->plan, b->vertices, count);
    BASIN_PLAN_ALLOC(&b->plan, b->quads, count);
    for (size_t i = 0; i < count; i++)
        b->height[i] = isfinite(f->z[i]) ? basin_scene_height(&b->scene, fmin(f->z[i], b->mesh.cap)) : NAN;
    for (size_t i = 0; i < count; i++) {
        b->vertex[i] = isfinite(b->height[i]) ? b->mesh.vertex_count : BASIN_NONE;
        if (b->vertex[i] == BASIN_NONE) continue;
        basin_mesh_vertex *v = &b->vertices[b->mesh.vertex_count++];
        v->point = i;
        basin_scene_place(&b->scene, f->x[i % f->columns], f->y[i / f->columns], b->height[i], v->at);
        set_normal(b, i / f->columns, i % f->columns, v->normal);
    }
    for (size_t r = 0; r + 1 < f->rows; r++) {
        for (size_t c = 0; c + 1 < f->columns; c++) {
            const size_t *v = b->vertex + r * f->columns + c, *above = v + f->columns;
            if (v[0] == BASIN_NONE || v[1] == BASIN_NONE || above[0] == BASIN_NONE || above[1] == BASIN_NONE)
                continue;
            memcpy(b->quads[b->mesh.quad_count++], (size_t[]){v[0], v[1], above[1], above[0]},
                   sizeof *b->quads);
        }
    }
    b->mesh.vertices = b->vertices, b->mesh.quads = (const size_t(*)[4])b->quads;
done:
    return st;
}

/* Each checkpoint at the height of the loss on the plane where it falls. */
static basin_status add_runs(builder *b)
{
    basin_status       st = BASIN_OK;
    const basin_slice *s = b->field.slice;

    BASIN_PLAN_ALLOC(&b->plan, b->runs, s->path_count + 1);
    for (size_t i = 0; i < s->path_count; i++) {
        const basin_path *path = &s->paths[i];
        basin_mesh_run   *run = &b->runs[b->mesh.run_count++];
        double           *at = NULL;
        size_t           *point = NULL;
        BASIN_PLAN_ALLOC(&b->plan, at, 3 * path->count);
        BASIN_PLAN_ALLOC(&b->plan, point, path->count);
        *run = (basin_mesh_run){.path = path, .at = at, .point = point};
        for (size_t k = 0; k < path->count; k++) {
            const basin_path_point *p = &path->points[k];
            const double            height = basin_scene_height(&b->scene, fmin(p->projected, b->mesh.cap));
            if (!isfinite(height)) continue;
            basin_scene_place(&b->scene, p->across, p->up, height, at + 3 * run->count);
            point[run->count++] = k;
        }
    }
    b->mesh.runs = b->runs;
done:
    return st;
}

static basin_status build(builder *b)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_field_find(&b->plan, 0, "surface", &b->field));
    BASIN_CHECK(b->field.rows >= 2 && b->field.columns >= 2, BASIN_ERR_ARG,
                "a grid of %zu x %zu; a surface needs at least 2 x 2", b->field.rows, b->field.columns);
    BASIN_TRY(basin_field_frame(&b->plan, &b->field));
    b->mesh.slice = b->field.slice, b->mesh.height = basin_field_number(&b->field);
    BASIN_TRY(set_scene(b));
    BASIN_TRY(add_surface(b));
    BASIN_TRY(add_runs(b));
done:
    return st;
}

/* What stands behind the colon of «surface:test». BASIN_ERR_ARG for another kind. */
static basin_status find_split(const char *kind, const char **out)
{
    basin_status st = BASIN_OK;
    const size_t length = strlen("surface");

    *out = "";
    if (kind == NULL) goto done;
    BASIN_CHECK(strncmp(kind, "surface", length) == 0 && (kind[length] == '\0' || kind[length] == ':'),
                BASIN_ERR_ARG, "figure «%s» is no mesh; .vtk, .glb and .gltf hold a surface", kind);
    if (kind[length] == ':') *out = kind + length + 1;
done:
    return st;
}

static bool ends_in(const char *name, const char *ending)
{
    const char *dot = strrchr(basin_name_file(name), '.');

    return dot != NULL && strcmp(dot, ending) == 0;
}

bool basin_mesh_is_name(const char *name)
{
    return ends_in(name, ".vtk") || ends_in(name, ".glb") || ends_in(name, ".gltf");
}

basin_status basin_mesh_encode(const basin_result *result, const basin_figure_options *options,
                               const char *name, unsigned char **out, size_t *size)
{
    static const basin_figure_options defaults;
    basin_status                      st = BASIN_OK;
    builder b = {.plan = {.results = &result, .count = 1, .options = options != NULL ? options : &defaults}};
    basin_bytes bytes = {0};

    BASIN_CHECK(basin_mesh_is_name(name), BASIN_ERR_ARG, "%s: a mesh's file ends in .vtk, .glb or .gltf",
                name);
    BASIN_CHECK(result != NULL && result->kind == BASIN_RESULT_SLICE && result->value != NULL, BASIN_ERR_ARG,
                "%s: only a plane, a slice along two directions, is a surface; this is a %s result", name,
                result != NULL ? basin_result_name(result->kind) : "missing");
    BASIN_TRY(find_split(b.plan.options->kind, &b.plan.variant));
    BASIN_TRY(build(&b));
    if (ends_in(name, ".vtk"))
        basin_mesh_vtk(&b.mesh, &bytes);
    else
        basin_mesh_gltf(&b.mesh, ends_in(name, ".glb"), &bytes);
    BASIN_CHECK(!bytes.failed, BASIN_ERR_NOMEM, "out of memory for a mesh of %zu points",
                b.mesh.vertex_count);
    *out = bytes.bytes, bytes.bytes = NULL;
    *size = bytes.size;
done:
    basin_free(bytes.bytes);
    basin_plan_clear(&b.plan);
    return st;
}
