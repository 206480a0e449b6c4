/* Two circuits' shared libraries in one process do not mix. Exit 0 if all is right. */
#include <math.h>
#include <stdio.h>
#include "libblock.h"
#include "libcolumn.h"
int main(void) {
    float k[16], q[16], v[64], y[64], sum = 0;
    for (int i = 0; i < 16; i++) k[i] = (float)i, q[i] = (float)(16 - i), sum += k[i] * q[i];
    for (int i = 0; i < 64; i++) v[i] = (float)i;
    pretrained_config *block = pretrained_config_new();
    microcolumn_config *column = microcolumn_config_new();
    microcolumn_plan *plan = microcolumn_plan_new(column);
    if (!plan) return puts(microcolumn_config_message(column)), 1;
    int bad = microcolumn_call(plan, k, q, v, y) != microcolumn_OK;
    for (int i = 0; i < 64; i++) bad |= y[i] != sum * v[i];
    bad |= pretrained_config_axis(block, "token", 3) != pretrained_OK;
    if (bad) puts("two circuits in one process: wrong");
    microcolumn_plan_free(plan);
    microcolumn_config_free(column);
    pretrained_config_free(block);
    return bad;
}
