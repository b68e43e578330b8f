// Refusals and failures as RFC 9457 problem documents, from the table in schemas/error.h. Pure; any
// thread.
#ifndef CAVEA_EDGE_PROBLEM_H
#define CAVEA_EDGE_PROBLEM_H

#include "edge/doc.h"
#include "schemas/error.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"

// Opens the document and writes type, title, status, code, retryable and, unless it is NULL,
// detail. The caller may add members and ends the object.
void problem_begin(doc *d, error_code code, const char *detail);
// Seconds for Retry-After; 0: none is sent.
int problem_retry_after(error_code code);

#endif
