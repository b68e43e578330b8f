// The pages that browsers get, as the build embeds them: each file in up to three forms, under the
// address it is asked for. edge/web/build.mjs writes the table; without Node.js it is empty.
// Static.
#ifndef CAVEA_EDGE_ASSET_H
#define CAVEA_EDGE_ASSET_H

#include "edge/encoding.h"

typedef struct asset {
    const char *name; // the last segment of its address
    const char *content_type;
    const char *digest; // of the identity form: names it in an ETag
    bool hashed;        // the name has the digest in it, so what it names never changes
    struct {
        const unsigned char *data; // NULL: there is no such form
        unsigned bytes;
    } forms[ENCODINGS_END];
} asset;

extern const asset web_assets[]; // ends with a NULL name

// NULL when there is none of this name.
const asset *asset_find(const asset *table, const char *name, size_t name_bytes);

#endif
