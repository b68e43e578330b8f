#include "schemas/error.h"

static const error_info infos[ERROR_CODES_END] = {
#define X(number, name, status, retryable, slug, title)                                            \
    [number] = {#name, status, retryable, "https://cavea.dev/problems/" slug, title},
    ERROR_LIST(X)
#undef X
};

const error_info *error_info_of(uint32_t code)
{
    if (code == ERROR_NONE || code >= ERROR_CODES_END || infos[code].name == 0)
        return &infos[ERROR_INTERNAL];
    return &infos[code];
}
