// The hosted page where a person pays: GET /pay/{intent}?client_secret=...&return_url=... shows
// what is due and a button for each way it can end, POST of the same form pays and comes back. A
// return_url of an origin that is not set (return_origins) is as none.
// Plain HTML without scripts. On civetweb's threads.
#ifndef CAVEA_OPS_PROVIDER_PAY_PAGE_H
#define CAVEA_OPS_PROVIDER_PAY_PAGE_H

#include "ops/provider/inside.h"

void pay_page_serve(provider *p, struct mg_connection *c);

// "12.50 EUR" of minor units by the currency's exponent (ISO 4217). Pure.
void pay_page_money(int64_t amount, const char *currency, char *ret_text, size_t text_bytes);

#endif
