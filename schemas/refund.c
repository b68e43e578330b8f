#include "schemas/refund.h"

uint32_t refund_percent_at(const refund_policy *p, int64_t starts_us, int64_t now_us)
{
    for (uint32_t i = 0; i < p->steps; i++)
        if (starts_us - now_us >= (int64_t)p->before_seconds[i] * 1000000)
            return p->percent[i] < 0 ? 0 : p->percent[i] > 100 ? 100 : (uint32_t)p->percent[i];
    return 0;
}

int64_t refund_share_minor(int64_t total_minor, uint32_t percent)
{
    int64_t hundreds = total_minor / 100, rest = total_minor % 100;
    return hundreds * percent + (rest * percent + 99) / 100;
}

uint32_t refund_percent_of(int64_t total_minor, int64_t share_minor)
{
    uint32_t percent = 0;
    while (percent < 100 && refund_share_minor(total_minor, percent) < share_minor)
        percent++;
    return percent;
}
