#include "sim/sim.h"

bool sim_batch(struct sim_play *p, const struct sim_request *r)
{
    (void)p, (void)r;
    return false;
}
