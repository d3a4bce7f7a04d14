/* Losses and accuracies, means over the samples of a split (docs/measures.md, «Loss»), and what a test split
 * says of generalisation: the gap between test and training loss, that to the training samples with clean
 * labels where some were corrupted.
 */
#include "analysis/measure/measuring.h"

basin_status basin_measure_train_loss(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(basin_point_gradient(m->point, &loss, NULL));
    out->value = basin_loss_value(&loss);
done:
    return st;
}

basin_status basin_measure_train_accuracy(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(basin_point_gradient(m->point, &loss, NULL));
    out->value = basin_loss_accuracy(&loss);
done:
    return st;
}

basin_status basin_measure_test_loss(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(basin_measuring_test(m, &loss));
    out->value = basin_loss_value(&loss);
done:
    return st;
}

basin_status basin_measure_test_accuracy(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(basin_measuring_test(m, &loss));
    out->value = basin_loss_accuracy(&loss);
done:
    return st;
}

basin_status basin_measure_gap(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_value  train = {0}, test = {0};

    BASIN_TRY(basin_measure_train_loss(m, &train));
    BASIN_TRY(basin_measure_test_loss(m, &test));
    out->value = test.value - train.value;
done:
    return st;
}

basin_status basin_measure_clean_train_loss(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss = {0};

    BASIN_TRY(basin_measuring_clean(m, &loss));
    out->value = basin_loss_value(&loss);
done:
    return st;
}

basin_status basin_measure_clean_gap(basin_measuring *m, basin_value *out)
{
    basin_status st = BASIN_OK;
    basin_value  train = {0}, test = {0};

    BASIN_TRY(basin_measure_clean_train_loss(m, &train));
    BASIN_TRY(basin_measure_test_loss(m, &test));
    out->value = test.value - train.value;
done:
    return st;
}
