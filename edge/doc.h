// A JSON document (RFC 8259) that is being written: one pass, no tree, no allocation unless asked
// for. Commas are its business; balance and keys are the caller's. What does not fit sets `full`,
// and then the text is worthless. Text must be UTF-8; it is escaped, not checked. Refuses to know
// HTTP. One thread per document.
#ifndef CAVEA_EDGE_DOC_H
#define CAVEA_EDGE_DOC_H

#include "schemas/id.h"

typedef struct doc {
    char *text; // not NUL-ended
    size_t bytes, max;
    bool comma; // a value precedes in this container
    bool grows; // text is on the heap and grows as needed
    bool full;
} doc;

void doc_init(doc *d, char *buffer, size_t buffer_bytes);
// Memory comes from the heap; doc_done frees it, unless the caller took `text` and nulled it.
void doc_init_heap(doc *d);
void doc_done(doc *d);

void doc_object(doc *d);
void doc_object_end(doc *d);
void doc_array(doc *d);
void doc_array_end(doc *d);
void doc_key(doc *d, const char *key); // a literal that needs no escapes

void doc_text(doc *d, const char *text); // NULL becomes null
void doc_text_of(doc *d, const char *text, size_t text_bytes);
void doc_int(doc *d, int64_t value);
void doc_uuid(doc *d, const uuid *id);
// RFC 3339 in UTC, with milliseconds when there are any.
void doc_time(doc *d, int64_t unix_us);
void doc_null(doc *d);
// Bytes that are JSON already.
void doc_raw(doc *d, const char *text, size_t text_bytes);

#endif
