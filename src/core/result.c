/* Results as wholes, and rows: all of it follows from the descriptions in result_fields.c. */
#include <math.h>
#include <stdio.h>

#include "core/memory.h"
#include "core/schema.h"

static const char *const result_names[] = {
#define RESULT_NAME(kind, name, type) [kind] = name,
    BASIN_RESULT_LIST(RESULT_NAME)
#undef RESULT_NAME
};

const char *basin_result_name(basin_result_kind kind)
{
    return result_names[kind];
}

#define RESULT_DESTROY(kind, name, type)                                 \
    void type##_destroy(type **value)                                    \
    {                                                                    \
        basin_schema_destroy(basin_result_schema(kind), (void **)value); \
    }
BASIN_RESULT_LIST(RESULT_DESTROY)

basin_status basin_provenance_create(basin_provenance **out)
{
    basin_status      st = BASIN_OK;
    basin_provenance *p = NULL;

    BASIN_ALLOC(p, 1, "provenance");
    p->training = (basin_training){.seed = -1, .step = -1, .weight_decay = NAN};
    p->bn.kind = p->weights = p->loss_kind = -1;
    p->label_smoothing = NAN;
    *out = p;
done:
    return st;
}

basin_status basin_provenance_record(basin_provenance *p, const basin_checkpoint *ck)
{
    basin_status st = BASIN_OK;
    char        *method = NULL;

    BASIN_STRDUP(method, ck->method);
    basin_free(p->training.method);
    p->training = (basin_training){
        .method = method, .seed = ck->hyper.seed, .step = ck->step, .weight_decay = ck->hyper.weight_decay};
done:
    return st;
}

void basin_provenance_destroy(basin_provenance **provenance)
{
    basin_schema_destroy(&basin_provenance_schema, (void **)provenance);
}

void basin_row_clear(basin_row *row)
{
    basin_schema_clear(&basin_row_schema, row);
}

/* Every number of a zeroed struct becomes NAN or, of whole numbers, unknown. */
static void forget(const basin_schema *schema, void *value)
{
    for (size_t i = 0; i < schema->count; i++) {
        const basin_field *field = &schema->fields[i];
        char              *place = (char *)value + field->offset;
        if (field->type == BASIN_FIELD_STRUCT) forget(field->schema, place);
        if (field->type == BASIN_FIELD_DOUBLE) *(double *)place = NAN;
        if (field->type == BASIN_FIELD_INT && field->flags & BASIN_FIELD_UNKNOWN) *(int64_t *)place = -1;
        if (field->type == BASIN_FIELD_CHOICE && field->flags & BASIN_FIELD_UNKNOWN) *(int *)place = -1;
    }
}

void basin_row_blank(basin_row *row)
{
    *row = (basin_row){0};
    forget(&basin_row_schema, row);
}

basin_status basin_row_copy(const basin_row *from, basin_row *to)
{
    return basin_schema_copy(&basin_row_schema, from, to);
}

basin_status basin_result_create(basin_result_kind kind, void *value, basin_provenance *provenance,
                                 basin_result **out)
{
    basin_status  st = BASIN_OK;
    basin_result *result = NULL;

    BASIN_ALLOC(result, 1, "result");
    *result = (basin_result){.kind = kind, .value = value, .provenance = provenance};
    *out = result;
done:
    return st;
}

void basin_result_destroy(basin_result **result)
{
    if (result == NULL || *result == NULL) return;
    basin_schema_destroy(basin_result_schema((*result)->kind), &(*result)->value);
    basin_provenance_destroy(&(*result)->provenance);
    basin_free(*result);
    *result = NULL;
}

static void compare_training(const basin_training *a, const basin_training *b, double *difference,
                             char where[128])
{
    double other;
    char   field[128];

    basin_schema_compare(&basin_training_schema, a, b, &other, field);
    if (!(other > *difference)) return;
    *difference = other;
    snprintf(where, 128, "provenance.training.%.60s", field);
}

basin_status basin_result_compare(const basin_result *a, const basin_result *b, double *difference,
                                  char where[128])
{
    if (a->kind != b->kind)
        return basin_fail(BASIN_ERR_ARG, "a result of kind %s cannot be compared with one of kind %s",
                          basin_result_name(a->kind), basin_result_name(b->kind));
    basin_schema_compare(basin_result_schema(a->kind), a->value, b->value, difference, where);
    if (a->provenance != NULL && b->provenance != NULL)
        compare_training(&a->provenance->training, &b->provenance->training, difference, where);
    return BASIN_OK;
}

const double *basin_spectrum_vector(const basin_spectrum *s, long i, size_t *position)
{
    const size_t rank = i > 0 ? (size_t)i : (size_t)0 - (size_t)i;
    const bool   all = s->count == s->parameters;

    if (rank == 0 || rank > (all ? s->count : i > 0 ? s->top : s->bottom)) return NULL;
    const size_t at = i > 0 ? rank - 1 : s->count - rank;
    for (size_t k = 0; k < s->vector_count; k++) {
        if (s->vector_index[k] != at) continue;
        if (position != NULL) *position = at;
        return s->vectors + k * s->parameters;
    }
    return NULL;
}
