#include "core/share.h"

static _Thread_local basin_share *mine;

void basin_share_set(basin_share *share)
{
    mine = share;
}

basin_share *basin_share_mine(void)
{
    return mine;
}
