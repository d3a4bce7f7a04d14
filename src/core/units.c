/* Which hidden units may change places, and which may have a factor.
 *
 *   1. Units are classes of a union-find: where two tensors are added element by element, the units of both
 *      are one. Every member of a class carries a tag, a digest of the joins that it went through, so that
 *      members of two classes that came to be in the same way correspond.
 *   2. A class stands in places: indices of axes of parameters and buffers, and tensors of the network's
 *      inside. The signature of a class is the sum of the digests of its places (which tensor, axis, key and
 *      tag; never the index). Classes of equal signatures stand in the same tensors in the same way, and may
 *      change places.
 *   3. Scales are classes of their own, since a normalisation ends a scale but no unit. One is a symmetry if
 *      something makes it and something else undoes it: what reads it, or a normalisation.
 *
 * Digests are 64 bits; two that agree by chance are not to be expected before some 1e9 classes.
 */
#include "core/units.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

typedef struct member {
    size_t      root, next, least; /* of its class: first of the list, next in it, smallest number */
    size_t      last, size;        /* of the list, at the root */
    uint64_t    tag, signature;    /* signature at the root */
    bool        held, of_norm, undone, makes, reads; /* at the root */
    size_t      holder;                              /* the node that holds it */
    const char *name;
} member;

typedef struct use {
    size_t           unit, key;
    basin_unit_place place;
    int              power;
    double           epsilon;
    uint64_t         order; /* of the places of a class, once all is known */
} use;

typedef struct sight {
    size_t unit, key, where;
} sight;

typedef struct family {
    member *members;
    size_t  count, room;
    use    *uses;
    size_t  use_count, use_room;
} family;

struct basin_units {
    const basin_params *params;
    size_t              tensors; /* parameters, then buffers */
    size_t            **owner; /* [tensors] of axis 0, then of axis 1, …: the unit that stands there + 1 */
    size_t (*shape)[BASIN_MAX_RANK];
    size_t *rank; /* [tensors] */
    family  of[BASIN_UNIT_FAMILIES];
    sight  *sights;
    size_t  sight_count, sight_room;
    size_t  node; /* at hand */
};

#define FORBIDDEN SIZE_MAX

static uint64_t mixed(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9e3779b97f4a7c15U + b + 0x2545f4914f6cdd1dU; /* SplitMix64's finaliser */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* ------------------------------------------------------------------------------------------- gathering -- */

basin_status basin_units_create(const basin_params *params, const basin_graph *graph, basin_units **out)
{
    basin_status st = BASIN_OK;
    basin_units *units = NULL;

    BASIN_ALLOC(units, 1, "units");
    units->params = params;
    units->tensors = params->count + graph->buffer_count;
    BASIN_ALLOC(units->owner, units->tensors, "units");
    BASIN_ALLOC(units->shape, units->tensors, "units");
    BASIN_ALLOC(units->rank, units->tensors, "units");
    for (size_t i = 0; i < units->tensors; i++) {
        const bool          buffer = i >= params->count;
        const basin_buffer *b = buffer ? &graph->buffers[i - params->count] : NULL;
        const size_t       *shape = buffer ? b->shape : params->blocks[i].shape;
        size_t              indices = 0;
        units->rank[i] = buffer ? b->rank : params->blocks[i].rank;
        for (size_t l = 0; l < units->rank[i]; l++) indices += units->shape[i][l] = shape[l];
        BASIN_ALLOC(units->owner[i], indices, "units");
    }
    *out = units, units = NULL;
done:
    basin_units_destroy(&units);
    return st;
}

void basin_units_destroy(basin_units **units)
{
    if (units == NULL || *units == NULL) return;
    for (size_t i = 0; (*units)->owner != NULL && i < (*units)->tensors; i++) basin_free((*units)->owner[i]);
    basin_free((*units)->owner);
    basin_free((*units)->shape);
    basin_free((*units)->rank);
    for (size_t i = 0; i < BASIN_UNIT_FAMILIES; i++) {
        basin_free((*units)->of[i].members);
        basin_free((*units)->of[i].uses);
    }
    basin_free((*units)->sights);
    basin_free(*units);
    *units = NULL;
}

void basin_units_visit(basin_units *units, size_t node)
{
    units->node = node;
}

/* Room for `more` elements of `size` bytes behind `used`. */
static basin_status reserve(void *array, size_t used, size_t more, size_t size, size_t *room)
{
    basin_status st = BASIN_OK;
    void        *grown = NULL;

    if (used + more <= *room) return BASIN_OK;
    const size_t next = 2 * (used + more) + 64;
    BASIN_CHECK((grown = basin_grow(*(void **)array, used, next, size)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for %zu units", next);
    *(void **)array = grown;
    *room = next;
done:
    return st;
}

basin_status basin_units_add(basin_units *units, basin_unit_family of, size_t count, const char *name,
                             size_t *first)
{
    basin_status st = BASIN_OK;
    family      *f = &units->of[of];

    BASIN_TRY(reserve(&f->members, f->count, count, sizeof *f->members, &f->room));
    for (size_t i = f->count; i < f->count + count; i++)
        f->members[i] =
            (member){.root = i, .next = BASIN_HELD, .least = i, .last = i, .size = 1, .tag = 1, .name = name};
    *first = f->count;
    f->count += count;
done:
    return st;
}

void basin_units_hold(basin_units *units, basin_unit_family of, size_t unit)
{
    family *f = &units->of[of];

    if (unit == BASIN_HELD) return;
    member *root = &f->members[f->members[unit].root];
    if (!root->held) root->holder = units->node;
    root->held = true;
}

void basin_units_join(basin_units *units, basin_unit_family of, size_t a, size_t b, size_t event)
{
    member *m = units->of[of].members;

    if (a == BASIN_HELD || b == BASIN_HELD) {
        basin_units_hold(units, of, a == BASIN_HELD ? b : a);
        return;
    }
    size_t into = m[a].root, from = m[b].root;
    if (into == from) return;
    for (size_t i = into; i != BASIN_HELD; i = m[i].next) m[i].tag = mixed(m[i].tag, 2 * event);
    for (size_t i = from; i != BASIN_HELD; i = m[i].next) m[i].tag = mixed(m[i].tag, 2 * event + 1);
    if (m[into].size < m[from].size) {
        const size_t other = into;
        into = from, from = other;
    }
    for (size_t i = from; i != BASIN_HELD; i = m[i].next) m[i].root = into;
    m[m[into].last].next = from;
    m[into].last = m[from].last;
    m[into].size += m[from].size;
    if (m[from].least < m[into].least) m[into].least = m[from].least;
    if (!m[into].held) m[into].holder = m[from].holder;
    m[into].held |= m[from].held;
    m[into].of_norm &= m[from].of_norm; /* layers' weights make it as well */
    m[into].undone |= m[from].undone;
    m[into].makes |= m[from].makes;
    m[into].reads |= m[from].reads;
}

static size_t *owner_of(basin_units *units, basin_unit_place place)
{
    size_t at = place.index;

    for (size_t l = 0; l < place.axis; l++) at += units->shape[place.tensor][l];
    return &units->owner[place.tensor][at];
}

basin_status basin_units_put(basin_units *units, size_t unit, size_t key, basin_unit_place place)
{
    basin_status st = BASIN_OK;
    family      *f = &units->of[BASIN_UNITS];
    size_t      *owner = owner_of(units, place);

    if (unit == BASIN_HELD) {
        basin_units_forbid(units, place);
        return BASIN_OK;
    }
    if (*owner == FORBIDDEN) {
        basin_units_hold(units, BASIN_UNITS, unit);
        return BASIN_OK;
    }
    if (*owner != 0) {
        const use *before = &f->uses[*owner - 1];
        if (before->key != key) basin_units_hold(units, BASIN_UNITS, unit);
        basin_units_join(units, BASIN_UNITS, before->unit, unit, SIZE_MAX / 4 - place.tensor);
        return BASIN_OK;
    }
    BASIN_TRY(reserve(&f->uses, f->use_count, 1, sizeof *f->uses, &f->use_room));
    f->uses[f->use_count++] = (use){.unit = unit, .key = key, .place = place};
    *owner = f->use_count;
done:
    return st;
}

void basin_units_forbid(basin_units *units, basin_unit_place place)
{
    size_t *owner = owner_of(units, place);

    if (*owner != 0 && *owner != FORBIDDEN)
        basin_units_hold(units, BASIN_UNITS, units->of[BASIN_UNITS].uses[*owner - 1].unit);
    *owner = FORBIDDEN;
}

basin_status basin_units_multiply(basin_units *units, size_t scale, basin_unit_place place, int power,
                                  double epsilon)
{
    basin_status st = BASIN_OK;
    family      *f = &units->of[BASIN_SCALES];

    if (scale == BASIN_HELD) return BASIN_OK;
    member *root = &f->members[f->members[scale].root];
    BASIN_TRY(reserve(&f->uses, f->use_count, 1, sizeof *f->uses, &f->use_room));
    f->uses[f->use_count++] = (use){.unit = scale, .place = place, .power = power, .epsilon = epsilon};
    if (place.tensor < units->params->count) *(power > 0 ? &root->makes : &root->reads) = true;
done:
    return st;
}

void basin_units_of_norm(basin_units *units, size_t scale, bool undone)
{
    member *m = units->of[BASIN_SCALES].members;

    if (scale != BASIN_HELD) *(undone ? &m[m[scale].root].undone : &m[m[scale].root].of_norm) = true;
}

basin_status basin_units_see(basin_units *units, size_t unit, size_t key, size_t where)
{
    basin_status st = BASIN_OK;

    if (unit == BASIN_HELD) return BASIN_OK;
    BASIN_TRY(reserve(&units->sights, units->sight_count, 1, sizeof *units->sights, &units->sight_room));
    units->sights[units->sight_count++] = (sight){unit, key, where};
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- grouping -- */

static member *class_of(const family *f, size_t unit)
{
    return &f->members[f->members[unit].root];
}

static void sign(basin_units *units, basin_unit_family of)
{
    family *f = &units->of[of];

    for (size_t i = 0; i < f->use_count; i++) {
        use *u = &f->uses[i];
        if (of == BASIN_UNITS) u->order = mixed(f->members[u->unit].tag, u->key);
        const uint64_t where = mixed(mixed(u->place.tensor, u->place.axis), (uint64_t)(int64_t)u->power);
        class_of(f, u->unit)->signature += mixed(where, u->order);
    }
    for (size_t i = 0; of == BASIN_UNITS && i < units->sight_count; i++) {
        const sight *s = &units->sights[i];
        class_of(f, s->unit)->signature += mixed(mixed(f->members[s->unit].tag, s->key), ~s->where);
    }
}

typedef struct class
{ /* one that is a symmetry */
    uint64_t signature;
    size_t   root, least; /* least: its smallest member */
    size_t   leader;      /* that of the first class of its group */
    use     *uses;        /* [count], borrowed */
    size_t   count;
} class;

#define COMPARE(a, b) \
    if ((a) != (b)) return (a) < (b) ? -1 : 1

static int by_signature(const void *a, const void *b)
{
    const class *x = a, *y = b;

    COMPARE(x->signature, y->signature);
    COMPARE(x->least, y->least);
    return 0;
}

static int by_leader(const void *a, const void *b)
{
    const class *x = a, *y = b;

    COMPARE(x->leader, y->leader);
    COMPARE(x->least, y->least);
    return 0;
}

/* Places in a tensor, of makers before readers. */
static int by_place(const use *x, const use *y)
{
    COMPARE(x->place.tensor, y->place.tensor);
    COMPARE(x->place.axis, y->place.axis);
    COMPARE(y->power, x->power);
    return 0;
}

static int by_order(const void *a, const void *b)
{
    const use *x = a, *y = b;
    const int  place = by_place(x, y);

    if (place != 0) return place;
    COMPARE(x->key, y->key);
    COMPARE(x->order, y->order);
    COMPARE(x->place.index, y->place.index);
    return 0;
}

/* Uses of a class one after the other. */
static int by_root(const void *a, const void *b)
{
    const use *x = a, *y = b;

    COMPARE(x->unit, y->unit);
    return 0;
}

static bool is_symmetry(const member *m, basin_unit_family of)
{
    return !m->held && (of == BASIN_UNITS || (m->makes && (m->reads || m->undone)));
}

static int kind_of(const member *m, basin_unit_family of)
{
    if (of == BASIN_UNITS) return BASIN_GROUP_UNITS;
    if (m->undone) return BASIN_GROUP_NORMALISED;
    return m->of_norm ? BASIN_GROUP_NORM_SCALE : BASIN_GROUP_LAYER;
}

/* The classes that are symmetries [*count], their uses in order; two uses of a class at one place that
   nothing tells apart, and a class without a use, are none. Caller frees. */
static basin_status find_classes(family *f, basin_unit_family of, size_t *count, class **out)
{
    basin_status st = BASIN_OK;
    class       *classes = NULL;
    size_t       found = 0;

    BASIN_ALLOC(classes, f->count, "groups of units");
    for (size_t i = 0; i < f->use_count; i++) f->uses[i].unit = f->members[f->uses[i].unit].root;
    if (f->use_count > 0) qsort(f->uses, f->use_count, sizeof *f->uses, by_root);
    for (size_t i = 0, n; i < f->use_count; i += n) {
        const member *root = &f->members[f->uses[i].unit];
        bool          clear = true;
        for (n = 1; i + n < f->use_count && f->uses[i + n].unit == f->uses[i].unit;) n++;
        qsort(&f->uses[i], n, sizeof *f->uses, by_order);
        for (size_t l = 1; of == BASIN_UNITS && l < n; l++)
            if (by_place(&f->uses[i + l - 1], &f->uses[i + l]) == 0 &&
                f->uses[i + l - 1].order == f->uses[i + l].order)
                clear = false;
        if (clear && is_symmetry(root, of))
            classes[found++] = (class){.signature = mixed(root->signature, (uint64_t)kind_of(root, of)),
                                       .root = f->uses[i].unit,
                                       .least = root->least,
                                       .uses = &f->uses[i],
                                       .count = n};
    }
    *count = found;
    *out = classes, classes = NULL;
done:
    basin_free(classes);
    return st;
}

/* One axis: the uses from `at` on of each class that stand at the same tensor and axis. */
static basin_status make_axis(const basin_units *units, const class *classes, size_t count, size_t at,
                              size_t each, basin_unit_axis *out)
{
    basin_status st = BASIN_OK;
    const use   *first = &classes[0].uses[at];

    *out = (basin_unit_axis){.buffer = first->place.tensor >= units->params->count,
                             .tensor = first->place.tensor,
                             .axis = first->place.axis,
                             .each = each,
                             .power = first->power,
                             .epsilon = first->epsilon};
    if (out->buffer) out->tensor -= units->params->count;
    BASIN_ALLOC(out->index, count * each, "a group of units");
    for (size_t u = 0; u < count; u++)
        for (size_t k = 0; k < each; k++) out->index[u * each + k] = classes[u].uses[at + k].place.index;
done:
    return st;
}

static basin_status make_group(const basin_units *units, basin_unit_family of, const class *classes,
                               size_t count, basin_unit_group *out)
{
    basin_status  st = BASIN_OK;
    const family *f = &units->of[of];
    const use    *uses = classes[0].uses;
    size_t        each;

    out->kind = kind_of(&f->members[classes[0].root], of);
    out->units = count;
    BASIN_STRDUP(out->name, f->members[classes[0].least].name);
    BASIN_ALLOC(out->axes, classes[0].count, "a group of units");
    for (size_t at = 0; at < classes[0].count; at += each) {
        for (each = 1; at + each < classes[0].count && by_place(&uses[at], &uses[at + each]) == 0;) each++;
        out->axis_count++;
        BASIN_TRY(make_axis(units, classes, count, at, each, &out->axes[out->axis_count - 1]));
    }
done:
    return st;
}

/* Classes of one signature are a group, which stands where its first class does. */
static void lead(class *classes, size_t count)
{
    if (count == 0) return;
    qsort(classes, count, sizeof *classes, by_signature);
    for (size_t i = 0; i < count; i++) {
        const bool same = i > 0 && classes[i - 1].signature == classes[i].signature;
        classes[i].leader = same ? classes[i - 1].leader : classes[i].least;
    }
    qsort(classes, count, sizeof *classes, by_leader);
}

/* One that stands alone may have a factor, but has nobody to change places with. */
static basin_status make_groups(basin_units *units, basin_unit_family of, size_t *number,
                                basin_unit_group **out)
{
    basin_status st = BASIN_OK;
    class       *classes = NULL;
    size_t       count = 0;

    sign(units, of);
    BASIN_TRY(find_classes(&units->of[of], of, &count, &classes));
    lead(classes, count);
    BASIN_ALLOC(*out, count, "groups of units");
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count && classes[i + n].leader == classes[i].leader;) n++;
        if (of == BASIN_UNITS && n < 2) continue;
        ++*number;
        BASIN_TRY(make_group(units, of, &classes[i], n, &(*out)[*number - 1]));
    }
done:
    basin_free(classes);
    return st;
}

/* Which elements of theta [P] are of pairs; caller frees. */
static basin_status mark_pairs(const basin_params *params, bool **out)
{
    basin_status st = BASIN_OK;
    bool        *paired = NULL;

    BASIN_ALLOC(paired, params->size, "pairs");
    for (size_t i = 0; i < params->pair_count; i++)
        for (size_t side = 0; side < 2; side++) {
            const basin_factor_pair *pair = &params->pairs[i];
            for (size_t k = 0; k < pair->rows[side] * pair->width; k++) paired[pair->place[side][k]] = true;
        }
    *out = paired;
done:
    return st;
}

/* The first element of a slab of a parameter. */
static size_t first_element(const basin_params *params, const basin_unit_place *place)
{
    const basin_block *block = &params->blocks[place->tensor];
    size_t             behind = 1;

    for (size_t l = place->axis + 1; l < block->rank; l++) behind *= block->shape[l];
    return block->offset + place->index * behind;
}

basin_status basin_units_count_held(const basin_units *units, const basin_params *params, size_t *held,
                                    size_t *node)
{
    basin_status  st = BASIN_OK;
    const family *f = &units->of[BASIN_UNITS];
    bool         *paired = NULL, *counted = NULL;

    *held = 0;
    BASIN_TRY(mark_pairs(params, &paired));
    BASIN_ALLOC(counted, f->count, "units");
    for (size_t i = 0; i < f->use_count; i++) {
        const size_t  root = f->members[f->uses[i].unit].root;
        const member *m = &f->members[root];
        if (f->uses[i].place.tensor >= params->count || !m->held || counted[root] ||
            paired[first_element(params, &f->uses[i].place)])
            continue;
        counted[root] = true;
        *node = *held == 0 || m->holder < *node ? m->holder : *node;
        ++*held;
    }
done:
    basin_free(paired);
    basin_free(counted);
    return st;
}

basin_status basin_units_finish(basin_units *units, basin_symmetries *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(make_groups(units, BASIN_UNITS, &out->permutation_count, &out->permutations));
    BASIN_TRY(make_groups(units, BASIN_SCALES, &out->scaling_count, &out->scalings));
done:
    return st;
}
