/* Logits that are moved to mean 0 and divided by their 2-norm, as M. Andriushchenko, F. Croce, M. Müller,
 * M. Hein & N. Flammarion, arXiv:2302.07011, do before they measure sharpness: the loss of a network whose
 * accuracy is 1 may be lowered without end by larger logits, and its sharpness with it.
 *
 * It is a LayerNormalization behind the output, with scale 1/√C, C classes: √C (y − m)/√(Σ(y − m)² + Cε) of
 * which 1/√C is left. With ε = 1e-20/C the norm is √(Σ(y − m)² + 1e-20): where the authors' code has the
 * larger of the norm and 1e-10, which differs from it by 5e-21 relative at a norm of 1, and only for logits
 * that are all alike by more than rounding. So every derivative is the op's.
 */
#include "engine/unit_logits.h"

#include <math.h>

#include "core/memory.h"

#define LEAST 1e-10 /* of the norm */

static const char name[] = "normalised logits", scale[] = "normalised logits: scale";

basin_status basin_graph_unit_logits(const basin_graph *graph, size_t classes, basin_graph **out)
{
    basin_status st = BASIN_OK;
    basin_graph *copy = NULL;
    double      *values = NULL;
    char        *output = NULL;

    BASIN_ALLOC(values, classes, "a graph");
    for (size_t i = 0; i < classes; i++) values[i] = 1.0 / sqrt((double)classes);
    BASIN_TRY(basin_graph_copy(graph, &copy));
    BASIN_TRY(basin_graph_buffer(copy, scale, &classes, 1, values, NULL));
    BASIN_STRDUP(output, name);
    BASIN_TRY(basin_graph_add(copy, name, "LayerNormalization", (const char *const[]){copy->output, scale}, 2,
                              (const char *const[]){name}, 1, NULL));
    basin_node_spec *node = &copy->nodes[copy->node_count - 1];
    BASIN_TRY(basin_node_spec_set(node, "axis", BASIN_ATTRIBUTE_INT, &(basin_attribute){.i = -1}));
    BASIN_TRY(basin_node_spec_set(node, "epsilon", BASIN_ATTRIBUTE_FLOAT,
                                  &(basin_attribute){.f = LEAST * LEAST / (double)classes}));
    basin_free(copy->output);
    copy->output = output, output = NULL;
    *out = copy, copy = NULL;
done:
    basin_graph_destroy(&copy);
    basin_free(values);
    basin_free(output);
    return st;
}
