#include <math.h>
#include <string.h>

#include "core/status.h"

static const char *const names[] = {
    [BASIN_LOSS_SOFTMAX_CROSS_ENTROPY] = "softmax_cross_entropy",
    [BASIN_LOSS_BCE_WITH_LOGITS] = "bce_with_logits",
    [BASIN_LOSS_MSE] = "mse",
};

const char *basin_loss_name(basin_loss_kind kind)
{
    return names[kind];
}

basin_status basin_loss_find(const char *name, basin_loss_kind *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (basin_loss_kind)i;
            return BASIN_OK;
        }
    return basin_fail(BASIN_ERR_UNSUPPORTED, "loss %s is none of softmax_cross_entropy, bce_with_logits, mse", name);
}

double basin_loss_value(const basin_loss *loss)
{
    return loss->sum / loss->weight;
}

double basin_loss_accuracy(const basin_loss *loss)
{
    return loss->count > 0 ? (double)loss->correct / (double)loss->count : (double)NAN;
}
