#include "edge/gzip.h"

#include <stdlib.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 9 };

bool gzip_pack(const char *data, size_t bytes, char **ret_data, size_t *ret_bytes)
{
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)data, .avail_in = (uInt)bytes};
    if (bytes > GZIP_BYTES_MAX || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                                               MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    uLong most = deflateBound(&z, (uLong)bytes);
    char *out = malloc(most);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)most;
    bool packed = out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    size_t count = z.total_out;
    deflateEnd(&z);
    if (!packed) {
        free(out);
        return false;
    }
    char *shrunk = realloc(out, count);
    *ret_data = shrunk ? shrunk : out;
    *ret_bytes = count;
    return true;
}

bool gzip_unpack(const char *packed, size_t packed_bytes, size_t bytes_max, char **ret_data,
                 size_t *ret_bytes)
{
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)packed, .avail_in = (uInt)packed_bytes};
    if (packed_bytes > GZIP_BYTES_MAX || bytes_max > GZIP_BYTES_MAX ||
        inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return false;
    char *out = malloc(bytes_max + 1);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)bytes_max + 1;
    bool whole = out && inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out <= bytes_max;
    size_t count = z.total_out;
    inflateEnd(&z);
    if (!whole) {
        free(out);
        return false;
    }
    *ret_data = out;
    *ret_bytes = count;
    return true;
}
