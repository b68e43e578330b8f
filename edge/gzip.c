#include "edge/gzip.h"

#include <stdlib.h>
#include <zlib.h>

enum {
    GZIP_WINDOW = 15 + 16,
    MEMORY_LEVEL = 9,
    FRAME_BYTES = 10 + 8, // the head, and the checksum and size at the end
};

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

// What the last member says it holds, modulo 2^32.
static size_t size_told(const char *packed, size_t packed_bytes)
{
    size_t size = 0;
    for (size_t i = 1; i <= 4; i++)
        size = size << 8 | (unsigned char)packed[packed_bytes - i];
    return size;
}

bool gzip_unpack(const char *packed, size_t packed_bytes, size_t bytes_max, char **ret_data,
                 size_t *ret_bytes)
{
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)packed, .avail_in = (uInt)packed_bytes};
    if (packed_bytes < FRAME_BYTES || packed_bytes > GZIP_BYTES_MAX || bytes_max > GZIP_BYTES_MAX)
        return false;
    size_t bytes = size_told(packed, packed_bytes);
    if (bytes > bytes_max || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return false;
    char *out = malloc(bytes + 1);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)bytes + 1;
    bool whole = out && inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == bytes;
    inflateEnd(&z);
    if (!whole) {
        free(out);
        return false;
    }
    *ret_data = out;
    *ret_bytes = bytes;
    return true;
}
