#include "edge/encoding.h"

#include <strings.h>

const char *encoding_name(encoding e)
{
    static const char *const names[] = {NULL, "gzip", "br"};
    return names[e];
}

static bool weight_is_zero(const char *parameters, size_t bytes)
{
    const char *end = parameters + bytes, *q = parameters;
    while (q < end && (*q == ' ' || *q == ';' || *q == '\t'))
        q++;
    if (end - q < 3 || (*q | 0x20) != 'q' || q[1] != '=' || q[2] != '0')
        return false;
    for (q += 3; q < end; q++)
        if (*q >= '1' && *q <= '9')
            return false;
    return true;
}

// What the list says of a coding: 1 allowed, 0 forbidden, -1 nothing.
static int list_says(const char *list, const char *coding)
{
    size_t wanted = strlen(coding);
    while (*list) {
        list += strspn(list, " \t,");
        size_t bytes = strcspn(list, ",");
        size_t name = strcspn(list, " \t,;");
        if (name == wanted && strncasecmp(list, coding, name) == 0)
            return !weight_is_zero(list + name, bytes - name);
        list += bytes;
    }
    return -1;
}

encoding encoding_choose(const char *accept, unsigned available)
{
    if (!accept)
        return ENCODING_IDENTITY;
    int others = list_says(accept, "*");
    for (int e = ENCODINGS_END - 1; e > ENCODING_IDENTITY; e--) {
        int says = list_says(accept, encoding_name((encoding)e));
        if ((available & (1u << e)) && (says == 1 || (says < 0 && others == 1)))
            return (encoding)e;
    }
    return ENCODING_IDENTITY;
}
