#include "edge/route.h"

static bool id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

// Whether a path fits a pattern; the segment that stands for `{id}` is returned.
static bool path_fits(const char *pattern, const char *path, const char **ret_id, size_t *ret_bytes)
{
    *ret_id = "";
    *ret_bytes = 0;
    for (; *pattern; pattern++) {
        if (*pattern == '{') {
            bool dots = pattern[1] == 'f';
            *ret_id = path;
            while (id_char(*path) || (dots && *path == '.'))
                path++;
            *ret_bytes = (size_t)(path - *ret_id);
            if (*ret_bytes == 0)
                return false;
            while (*pattern != '}')
                pattern++;
        } else if (*pattern != *path++) {
            return false;
        }
    }
    return *path == 0;
}

static void allow_add(route_match *m, const char *method)
{
    size_t at = strlen(m->allow), bytes = strlen(method);
    if (at + 2 + bytes >= sizeof m->allow)
        return;
    if (at > 0) {
        memcpy(m->allow + at, ", ", 2);
        at += 2;
    }
    memcpy(m->allow + at, method, bytes + 1);
}

static void allow_collect(const route *routes, size_t routes_count, const char *path,
                          route_match *m)
{
    for (size_t i = 0; i < routes_count; i++) {
        const char *id;
        size_t id_bytes;
        if (!path_fits(routes[i].pattern, path, &id, &id_bytes))
            continue;
        allow_add(m, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            allow_add(m, "HEAD");
    }
    if (m->allow[0])
        allow_add(m, "OPTIONS");
}

route_result route_find(const route *routes, size_t routes_count, const char *method,
                        const char *path, route_match *ret_match)
{
    route_match *m = ret_match;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *m = (route_match){.id = ""};
    for (size_t i = 0; i < routes_count; i++) {
        if (strcmp(routes[i].method, wanted) == 0 &&
            path_fits(routes[i].pattern, path, &m->id, &m->id_bytes)) {
            m->route = &routes[i];
            return ROUTE_FOUND;
        }
    }
    m->id = "";
    m->id_bytes = 0;
    allow_collect(routes, routes_count, path, m);
    if (m->allow[0] == 0)
        return ROUTE_UNKNOWN;
    return strcmp(method, "OPTIONS") == 0 ? ROUTE_OPTIONS : ROUTE_REFUSED;
}
