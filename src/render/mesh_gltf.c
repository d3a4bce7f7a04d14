/* glTF 2.0 (Khronos, ISO/IEC 12113): the surface as triangles with normals and colours, each run as a line.
 * Axes there: y is up, so that (x, y, z) of the box is (x, z, -y). Colours of vertices are linear, those of
 * the map sRGB (IEC 61966-2-1). Buffers are little-endian. _LOSS holds the losses themselves.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/color.h"
#include "render/mesh.h"

enum { FLOAT = 5126, UNSIGNED = 5125, VERTICES = 34962, INDICES = 34963, LINE_STRIP = 3, POINTS = 0 };

typedef struct model {
    const basin_mesh *mesh;
    basin_bytes       data, views, accessors, meshes, nodes;
    size_t            count;           /* of views, and of accessors: one each */
    double            low[3], high[3]; /* of the positions last added */
} model;

static double linear(double srgb)
{
    return srgb <= 0.04045 ? srgb / 12.92 : pow((srgb + 0.055) / 1.055, 2.4);
}

/* What was appended since `start`. Returns its number. */
static size_t end_view(model *m, size_t start, size_t count, int component, const char *type)
{
    const char *comma = m->count > 0 ? "," : "";

    basin_bytes_print(&m->views, "%s{\"buffer\":0,\"byteOffset\":%zu,\"byteLength\":%zu,\"target\":%d}",
                      comma, start, m->data.size - start, component == UNSIGNED ? INDICES : VERTICES);
    basin_bytes_print(&m->accessors,
                      "%s{\"bufferView\":%zu,\"componentType\":%d,\"count\":%zu,\"type\":\"%s\"", comma,
                      m->count, component, count, type);
    return m->count++;
}

static void append_position(model *m, const double at[3])
{
    const float v[3] = {(float)at[0], (float)at[2], (float)-at[1]};

    for (size_t k = 0; k < 3; k++) {
        m->low[k] = fmin(m->low[k], v[k]), m->high[k] = fmax(m->high[k], v[k]);
        basin_bytes_f32(&m->data, v[k], false);
    }
}

static void start_positions(model *m)
{
    for (size_t k = 0; k < 3; k++) m->low[k] = INFINITY, m->high[k] = -INFINITY;
}

/* Positions need their bounds. */
static size_t end_positions(model *m, size_t start, size_t count)
{
    const size_t view = end_view(m, start, count, FLOAT, "VEC3");

    basin_bytes_print(&m->accessors, ",\"min\":[%.9g,%.9g,%.9g],\"max\":[%.9g,%.9g,%.9g]}", m->low[0],
                      m->low[1], m->low[2], m->high[0], m->high[1], m->high[2]);
    return view;
}

static size_t end_plain(model *m, size_t start, size_t count, int component, const char *type)
{
    const size_t view = end_view(m, start, count, component, type);

    basin_bytes_print(&m->accessors, "}");
    return view;
}

/* A JSON string of a name from a file: quotes, backslashes and control characters escaped. */
static void append_string(basin_bytes *out, const char *text)
{
    char *clean = basin_strdup(text);

    if (clean == NULL) {
        out->failed = true;
        return;
    }
    basin_name_clean(clean);
    basin_bytes_append(out, "\"", 1);
    for (const char *c = clean; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') basin_bytes_append(out, "\\", 1);
        basin_bytes_append(out, c, 1);
    }
    basin_bytes_append(out, "\"", 1);
    basin_free(clean);
}

static size_t append_positions(model *m)
{
    const size_t start = m->data.size;

    start_positions(m);
    for (size_t i = 0; i < m->mesh->vertex_count; i++) append_position(m, m->mesh->vertices[i].at);
    return end_positions(m, start, m->mesh->vertex_count);
}

static size_t append_normals(model *m)
{
    const size_t start = m->data.size;

    for (size_t i = 0; i < m->mesh->vertex_count; i++) {
        const double *n = m->mesh->vertices[i].normal, v[3] = {n[0], n[2], -n[1]};
        for (size_t k = 0; k < 3; k++) basin_bytes_f32(&m->data, (float)v[k], false);
    }
    return end_plain(m, start, m->mesh->vertex_count, FLOAT, "VEC3");
}

static size_t append_colors(model *m)
{
    const size_t  start = m->data.size;
    const double *loss = m->mesh->slice->surfaces[m->mesh->height].loss;

    for (size_t i = 0; i < m->mesh->vertex_count; i++) {
        const double      value = fmin(loss[m->mesh->vertices[i].point], m->mesh->cap);
        const basin_color c =
            basin_color_sequential(m->mesh->palette, basin_scale_at(&m->mesh->scale, value));
        const double v[3] = {linear(c.r), linear(c.g), linear(c.b)};
        for (size_t k = 0; k < 3; k++) basin_bytes_f32(&m->data, (float)v[k], false);
    }
    return end_plain(m, start, m->mesh->vertex_count, FLOAT, "VEC3");
}

/* Within what single precision holds. */
static size_t append_losses(model *m)
{
    const size_t  start = m->data.size;
    const double *loss = m->mesh->slice->surfaces[m->mesh->height].loss;

    for (size_t i = 0; i < m->mesh->vertex_count; i++)
        basin_bytes_f32(&m->data, (float)fmax(fmin(loss[m->mesh->vertices[i].point], FLT_MAX), -FLT_MAX),
                        false);
    return end_plain(m, start, m->mesh->vertex_count, FLOAT, "SCALAR");
}

static size_t append_triangles(model *m)
{
    static const size_t corners[6] = {0, 1, 2, 0, 2, 3};
    const size_t        start = m->data.size;

    for (size_t i = 0; i < m->mesh->quad_count; i++)
        for (size_t k = 0; k < 6; k++)
            basin_bytes_u32(&m->data, (uint32_t)m->mesh->quads[i][corners[k]], false);
    return end_plain(m, start, 6 * m->mesh->quad_count, UNSIGNED, "SCALAR");
}

static void append_surface(model *m)
{
    const char  *split = m->mesh->slice->surfaces[m->mesh->height].split;
    const size_t position = append_positions(m), normal = append_normals(m), color = append_colors(m);
    const size_t loss = append_losses(m), triangles = append_triangles(m);

    basin_bytes_print(&m->meshes,
                      "{\"primitives\":[{\"attributes\":{\"POSITION\":%zu,\"NORMAL\":%zu,\"COLOR_0\":%zu,"
                      "\"_LOSS\":%zu},\"indices\":%zu,\"material\":0}]}",
                      position, normal, color, loss, triangles);
    basin_bytes_print(&m->nodes, "{\"mesh\":0,\"name\":");
    append_string(&m->nodes, split != NULL ? split : "loss");
    basin_bytes_print(&m->nodes, "}");
}

/* A line through the checkpoints; single ones are points. */
static void append_run(model *m, const basin_mesh_run *run, size_t *made)
{
    const size_t start = m->data.size;

    if (run->count == 0) return;
    start_positions(m);
    for (size_t k = 0; k < run->count; k++) append_position(m, run->at + 3 * k);
    const size_t position = end_positions(m, start, run->count);
    basin_bytes_print(&m->meshes,
                      ",{\"primitives\":[{\"attributes\":{\"POSITION\":%zu},\"mode\":%d,\"material\":1}]}",
                      position, run->path->joined && run->count > 1 ? LINE_STRIP : POINTS);
    basin_bytes_print(&m->nodes, ",{\"mesh\":%zu,\"name\":", ++*made);
    append_string(&m->nodes, run->path->name != NULL ? run->path->name : "run");
    basin_bytes_print(&m->nodes, "}");
}

static void append_base64(basin_bytes *out, const unsigned char *bytes, size_t size)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        const size_t   left = size - i;
        const unsigned group = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? (unsigned)bytes[i + 2] : 0);
        const char four[4] = {signs[group >> 18], signs[group >> 12 & 63],
                              left > 1 ? signs[group >> 6 & 63] : '=', left > 2 ? signs[group & 63] : '='};
        basin_bytes_append(out, four, 4);
    }
}

static void append_json(model *m, size_t runs, bool inside, basin_bytes *out)
{
    basin_bytes_print(out,
                      "{\"asset\":{\"version\":\"2.0\",\"generator\":\"basin %s\"},\"scene\":0,\"scenes\":"
                      "[{\"nodes\":[0",
                      BASIN_VERSION);
    for (size_t i = 1; i <= runs; i++) basin_bytes_print(out, ",%zu", i);
    basin_bytes_print(out, "]}],\"nodes\":[");
    basin_bytes_append(out, m->nodes.bytes, m->nodes.size);
    basin_bytes_print(out, "],\"meshes\":[");
    basin_bytes_append(out, m->meshes.bytes, m->meshes.size);
    basin_bytes_print(out,
                      "],\"materials\":[{\"doubleSided\":true,\"pbrMetallicRoughness\":{\"metallicFactor\":0,"
                      "\"roughnessFactor\":0.8}},{\"pbrMetallicRoughness\":{\"baseColorFactor\":[0,0,0,1],"
                      "\"metallicFactor\":0}}],\"accessors\":[");
    basin_bytes_append(out, m->accessors.bytes, m->accessors.size);
    basin_bytes_print(out, "],\"bufferViews\":[");
    basin_bytes_append(out, m->views.bytes, m->views.size);
    basin_bytes_print(out, "],\"buffers\":[{\"byteLength\":%zu", m->data.size);
    if (inside) {
        basin_bytes_print(out, ",\"uri\":\"data:application/octet-stream;base64,");
        append_base64(out, m->data.bytes, m->data.size);
        basin_bytes_print(out, "\"");
    }
    basin_bytes_print(out, "}]}");
}

/* A header, the JSON and the buffer, each padded to four bytes. */
static void append_glb(const basin_bytes *json, const basin_bytes *data, basin_bytes *out)
{
    const size_t padded = (json->size + 3) / 4 * 4;

    basin_bytes_append(out, "glTF", 4);
    basin_bytes_u32(out, 2, false);
    basin_bytes_u32(out, (uint32_t)(12 + 8 + padded + 8 + data->size), false);
    basin_bytes_u32(out, (uint32_t)padded, false);
    basin_bytes_append(out, "JSON", 4);
    basin_bytes_append(out, json->bytes, json->size);
    basin_bytes_append(out, "   ", padded - json->size);
    basin_bytes_u32(out, (uint32_t)data->size, false); /* floats and indices: a multiple of four */
    basin_bytes_append(out, "BIN", 4);
    basin_bytes_append(out, data->bytes, data->size);
}

void basin_mesh_gltf(const basin_mesh *mesh, bool binary, basin_bytes *out)
{
    model       m = {.mesh = mesh};
    basin_bytes json = {0};
    size_t      runs = 0;

    append_surface(&m);
    for (size_t i = 0; i < mesh->run_count; i++) append_run(&m, &mesh->runs[i], &runs);
    append_json(&m, runs, !binary, binary ? &json : out);
    if (binary) append_glb(&json, &m.data, out);
    out->failed = out->failed || json.failed || m.data.failed || m.views.failed || m.accessors.failed ||
                  m.meshes.failed || m.nodes.failed;
    basin_free(json.bytes), basin_free(m.data.bytes), basin_free(m.views.bytes);
    basin_free(m.accessors.bytes), basin_free(m.meshes.bytes), basin_free(m.nodes.bytes);
}
