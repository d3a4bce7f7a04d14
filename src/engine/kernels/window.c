#include "engine/kernels/window.h"

#include <string.h>

/* dimensions; any number among the attributes, so that no position overflows */
enum { SPACE_MOST = 2, SIZE_MOST = 1 << 24 };

/* Attribute `name` of `count` integers in [least, SIZE_MOST] into out, which holds the default. */
static basin_status read_ints(const basin_node *node, const char *name, size_t count, int64_t least,
                              size_t *out)
{
    const basin_attribute *attribute = basin_node_spec_find(node->spec, name);

    if (attribute == NULL) return BASIN_OK;
    if (attribute->kind != BASIN_ATTRIBUTE_INTS || attribute->count != count)
        return basin_node_fail(node, BASIN_ERR_FORMAT,
                               "%s: expected %zu integers for the input %s of shape %s a sample", name, count,
                               NODE_INPUT(node, 0)->name,
                               BASIN_SHAPE_TEXT(NODE_INPUT(node, 0)->shape, NODE_INPUT(node, 0)->rank));
    for (size_t i = 0; i < count; i++) {
        if (attribute->ints[i] < least || attribute->ints[i] > SIZE_MOST)
            return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "%s: %lld is not in [%lld, %d]", name,
                                   (long long)attribute->ints[i], (long long)least, SIZE_MOST);
        out[i] = (size_t)attribute->ints[i];
    }
    return BASIN_OK;
}

basin_status basin_window_input(const basin_node *node)
{
    const basin_slot *x = NODE_INPUT(node, 0);
    const char       *pad = basin_node_spec_string(node->spec, "auto_pad", "NOTSET");

    if (!x->batched)
        return basin_node_fail(
            node, BASIN_ERR_UNSUPPORTED,
            "the input %s does not depend on the network's input: it has no samples to slide over", x->name);
    if (x->rank < 2 || x->rank > 1 + SPACE_MOST)
        return basin_node_fail(
            node, BASIN_ERR_UNSUPPORTED,
            "the input %s has shape %s a sample; expected channels and 1 or 2 dimensions of space", x->name,
            BASIN_SHAPE_TEXT(x->shape, x->rank));
    if (strcmp(pad, "NOTSET") != 0)
        return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "auto_pad = %s; write the numbers as pads", pad);
    for (size_t i = 1; i < x->rank; i++)
        if (x->shape[i] > SIZE_MOST)
            return basin_node_fail(node, BASIN_ERR_UNSUPPORTED, "the input %s is %zu wide", x->name,
                                   x->shape[i]);
    return BASIN_OK;
}

/* Kernel from the weights, checked against the attribute, or from the attribute alone. */
static basin_status read_kernel(const basin_node *node, const size_t *of_weights, size_t space,
                                size_t *kernel)
{
    basin_status st = BASIN_OK;

    if (of_weights != NULL) memcpy(kernel, of_weights, space * sizeof *kernel);
    if (of_weights == NULL && basin_node_spec_find(node->spec, "kernel_shape") == NULL)
        return basin_node_fail(node, BASIN_ERR_FORMAT, "the attribute kernel_shape is missing");
    BASIN_TRY(read_ints(node, "kernel_shape", space, 1, kernel));
    for (size_t i = 0; i < space && of_weights != NULL; i++) {
        if (of_weights[i] == kernel[i] && kernel[i] <= SIZE_MOST) continue;
        return basin_node_fail(node, BASIN_ERR_SHAPE, "kernel_shape %s, but the weights %s have kernels %s",
                               BASIN_SHAPE_TEXT(kernel, space), NODE_INPUT(node, 1)->name,
                               BASIN_SHAPE_TEXT(of_weights, space));
    }
done:
    return st;
}

/* How often the window fits; ceil_mode lets a last one hang over the end if it starts within input or first
   padding (PyTorch). */
static basin_status count_outputs(const basin_node *node, basin_window_axis *axis, bool ceil_mode)
{
    const size_t size = axis->in + axis->begin + axis->end, window = (axis->kernel - 1) * axis->dilation + 1;

    if (size < window)
        return basin_node_fail(node, BASIN_ERR_SHAPE,
                               "a window of %zu does not fit into the input %s: %zu + padding %zu, %zu",
                               window, NODE_INPUT(node, 0)->name, axis->in, axis->begin, axis->end);
    axis->out = (size - window + (ceil_mode ? axis->stride - 1 : 0)) / axis->stride + 1;
    if (ceil_mode && (axis->out - 1) * axis->stride >= axis->in + axis->begin) axis->out--;
    return BASIN_OK;
}

basin_status basin_window_read(basin_node *node, const size_t *of_weights, basin_window *out)
{
    basin_status      st = BASIN_OK;
    size_t            kernel[SPACE_MOST], strides[SPACE_MOST] = {1, 1}, dilations[SPACE_MOST] = {1, 1};
    size_t            pads[2 * SPACE_MOST] = {0};
    basin_window_axis axes[SPACE_MOST];

    BASIN_TRY(basin_window_input(node));
    const size_t *shape = NODE_INPUT(node, 0)->shape + 1, space = NODE_INPUT(node, 0)->rank - 1;
    BASIN_TRY(read_kernel(node, of_weights, space, kernel));
    BASIN_TRY(read_ints(node, "strides", space, 1, strides));
    BASIN_TRY(read_ints(node, "dilations", space, 1, dilations));
    BASIN_TRY(read_ints(node, "pads", 2 * space, 0, pads));
    for (size_t i = 0; i < space; i++) {
        axes[i] = (basin_window_axis){.in = shape[i],
                                      .kernel = kernel[i],
                                      .stride = strides[i],
                                      .dilation = dilations[i],
                                      .begin = pads[i],
                                      .end = pads[space + i]};
        BASIN_TRY(count_outputs(node, &axes[i], basin_node_spec_int(node->spec, "ceil_mode", 0) != 0));
    }
    out->x = axes[space - 1];
    out->y =
        space > 1 ? axes[0] : (basin_window_axis){.in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1};
done:
    return st;
}

void basin_window_shape(basin_node *node, const basin_window *window, size_t channels)
{
    basin_slot *y = NODE_OUTPUT(node);

    y->rank = NODE_INPUT(node, 0)->rank;
    y->shape[0] = channels;
    y->shape[1] = window->y.out;
    y->shape[y->rank - 1] = window->x.out;
}

basin_status basin_window_covered(const basin_node *node, const basin_window *window)
{
    const basin_window_axis *axes[] = {&window->y, &window->x};

    for (size_t a = 0; a < 2; a++)
        for (size_t i = 0, from, to; i < axes[a]->out; i++) {
            basin_window_taps(axes[a], i, &from, &to);
            if (from == to)
                return basin_node_fail(node, BASIN_ERR_UNSUPPORTED,
                                       "window %zu of kernel %zu lies in the padding %zu, %zu alone", i + 1,
                                       axes[a]->kernel, axes[a]->begin, axes[a]->end);
        }
    return BASIN_OK;
}
