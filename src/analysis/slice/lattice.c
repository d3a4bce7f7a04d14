/* A list of points in the order in which they were asked for, and a hash table (open addressing) that finds
 * them by their place: two whole numbers on the lattice, or the number of a point of the grid. Nothing here
 * depends on threads or addresses, so the order is the same in every run.
 */
#include "analysis/slice/lattice.h"

#include "analysis/slice/adaptive.h"
#include "core/memory.h"

#define OF_GRID ((uint64_t)1 << 63) /* keys of points of the grid */
enum { FIRST_ROOM = 512 };

/* The slot where `key` stands or would stand. */
static size_t find(const basin_lattice *l, uint64_t key)
{
    uint64_t at = key * UINT64_C(0x9E3779B97F4A7C15); /* Fibonacci hashing: 2^64 over the golden ratio */

    for (at = (at ^ at >> 32) & (l->slots - 1);; at = (at + 1) & (l->slots - 1))
        if (l->slot[at] == 0 || l->key[l->slot[at] - 1] == key) return (size_t)at;
}

/* The rows of a table [rows, count] in one with more columns. */
static basin_status widen(double **table, size_t rows, size_t count, size_t room)
{
    basin_status st = BASIN_OK;
    double      *wider = NULL;

    BASIN_ALLOC(wider, rows * room, "points");
    for (size_t i = 0; i < rows && count > 0; i++)
        for (size_t j = 0; j < count; j++) wider[i * room + j] = (*table)[i * count + j];
    basin_free(*table);
    *table = wider;
done:
    return st;
}

static basin_status grow(basin_lattice *l)
{
    basin_status st = BASIN_OK;
    size_t       room = l->room > 0 ? 2 * l->room : FIRST_ROOM, slots = 4 * room;
    void        *wider = NULL;
    size_t      *slot = NULL;

    if (l->count < l->room) goto done;
    BASIN_ALLOC(slot, slots, "points");
    BASIN_CHECK((wider = basin_grow(l->coordinates, l->count * l->axes, room * l->axes, sizeof(double))) !=
                    NULL,
                BASIN_ERR_NOMEM, "out of memory for %zu points", room);
    l->coordinates = wider;
    BASIN_CHECK((wider = basin_grow(l->key, l->count, room, sizeof *l->key)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for %zu points", room);
    l->key = wider;
    BASIN_TRY(widen(&l->loss, l->surfaces, l->room, room));
    BASIN_TRY(widen(&l->accuracy, l->surfaces, l->room, room));
    basin_free(l->slot);
    l->slot = slot, slot = NULL;
    l->room = room, l->slots = slots;
    for (size_t i = 0; i < l->count; i++) l->slot[find(l, l->key[i])] = i + 1;
done:
    basin_free(slot);
    return st;
}

/* The point of that key; a new one is at the coordinates. */
static basin_status want(basin_lattice *l, uint64_t key, const double at[2], size_t *out)
{
    basin_status st = BASIN_OK;
    size_t       place;

    BASIN_TRY(grow(l));
    place = find(l, key);
    if (l->slot[place] == 0) {
        l->key[l->count] = key;
        for (size_t i = 0; i < l->axes; i++) l->coordinates[l->count * l->axes + i] = at[i];
        l->slot[place] = ++l->count;
    }
    *out = l->slot[place] - 1;
done:
    return st;
}

basin_status basin_lattice_want(basin_lattice *l, size_t i, size_t j, size_t *out)
{
    const basin_slice_request *r = l->request;
    double at[2] = {basin_slice_coordinate(r->from[0], r->to[0], i, BASIN_LATTICE + 1), 0.0};

    if (l->axes == 2) at[1] = basin_slice_coordinate(r->from[1], r->to[1], j, BASIN_LATTICE + 1);
    return want(l, (uint64_t)j << 32 | (uint64_t)i, at, out);
}

basin_status basin_lattice_want_grid(basin_lattice *l, const basin_slice *slice, size_t index, size_t *out)
{
    const size_t columns = slice->axes[0].count;
    double       at[2] = {slice->axes[0].coordinates[index % columns], 0.0};

    if (l->axes == 2) at[1] = slice->axes[1].coordinates[index / columns];
    return want(l, OF_GRID | (uint64_t)index, at, out);
}

basin_status basin_lattice_evaluate(basin_lattice *l)
{
    basin_status st = BASIN_OK;
    const size_t n = l->count - l->evaluated;
    const double *new = l->coordinates + l->evaluated * l->axes;
    basin_loss *losses = NULL;

    if (n == 0) goto done;
    BASIN_ALLOC(losses, n, "losses");
    for (size_t k = 0; k < l->surfaces; k++) {
        BASIN_TRY(basin_slice_losses(l->request, l->directions, new, n, k, losses));
        for (size_t i = 0; i < n; i++) {
            l->loss[k * l->room + l->evaluated + i] = basin_loss_value(&losses[i]);
            l->accuracy[k * l->room + l->evaluated + i] = basin_loss_accuracy(&losses[i]);
        }
    }
    l->evaluated = l->count;
done:
    basin_free(losses);
    return st;
}

double basin_lattice_loss(const basin_lattice *l, size_t surface, size_t index)
{
    return l->loss[surface * l->room + index];
}

void basin_lattice_clear(basin_lattice *l)
{
    basin_free(l->coordinates);
    basin_free(l->loss);
    basin_free(l->accuracy);
    basin_free(l->key);
    basin_free(l->slot);
    *l = (basin_lattice){0};
}
