// What strangers send over HTTP against everything that reads it: bodies, signatures, tokens,
// queries, dates. The first byte, a digit, chooses the reader. What our JSON reader takes, jansson
// takes too.

#include "edge/body.h"
#include "edge/callback.h"
#include "edge/cookie.h"
#include "edge/http.h"
#include "edge/json_reader.h"
#include "edge/time_text.h"
#include "schemas/origin.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <strings.h>

static void check_money(const char *text, size_t bytes)
{
    checkout_body checkout;
    cancellation_body cancellation;
    error_code error = checkout_body_read(text, bytes, &checkout);
    assert(error == ERROR_NONE || error == ERROR_MALFORMED);
    error = cancellation_body_read(text, bytes, &cancellation);
    assert(error == ERROR_NONE ? cancellation.refund_minor >= 0 : error == ERROR_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_json(const char *text, size_t bytes)
{
    json_reader r = json_reader_of(text, bytes);
    json_reader_skip(&r);
    if (!json_reader_end(&r))
        return;
    json_error_t why;
    json_t *other = json_loadb(text, bytes, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &why);
    // Only the size of a number may be too much for the other.
    assert(other || json_error_code(&why) == json_error_numeric_overflow);
    json_decref(other);
}

static void check_session(const char *text, size_t bytes)
{
    session_body b;
    if (session_body_read(text, bytes, &b) != ERROR_NONE)
        return;
    size_t email_bytes = strlen(b.email);
    assert(email_bytes == 0 || session_email_valid(b.email, email_bytes));
}

static void check_reservation(const char *text, size_t bytes)
{
    reservation_body b;
    if (reservation_body_read(text, bytes, &b) != ERROR_NONE)
        return;
    assert(b.seats_count >= 1 && b.seats_count <= SEATS_PER_RESERVATION_MAX);
    for (uint32_t i = 0; i < b.seats_count; i++)
        assert(b.seats[i].id_bytes >= 1 && b.seats[i].id_bytes <= SEAT_ID_BYTES_MAX);
}

static void check_callback(const char *text, size_t bytes)
{
    callback_report r;
    if (callback_read(text, bytes, &r) != CALLBACK_REPORT)
        return;
    assert(r.amount_minor >= 0 && strlen(r.currency) == 3);
    assert(memchr(r.intent, 0, sizeof r.intent) && memchr(r.refund, 0, sizeof r.refund));
    assert(r.event[0] && memchr(r.event, 0, sizeof r.event));
}

// Nobody guesses a signature or a token.
static void check_secrets(const char *text, size_t bytes)
{
    static const uint8_t secret[SESSION_KEY_BYTES] = {1};
    session_keys k;
    session s;
    session_keys_init(&k, secret);
    session_keys_accept(&k, secret);
    assert(!session_token_read(&k, SESSION_BEARER, text, bytes, 0, &s));
    assert(!session_authorize(&k, text, 0, &s) && !session_cookie_read(&k, text, 0, &s));
    assert(callback_signature_check("whsec_x", text, "{}", 2, 0) == CALLBACK_SIGNATURE_INVALID);
}

static void check_texts(const char *text, size_t bytes)
{
    char value[64];
    bool valid;
    int64_t us;
    if (http_query_text(text, "q", value, sizeof value, &valid))
        assert(strlen(value) < sizeof value);
    if (time_text_read(text, bytes, &us))
        assert(us > INT64_C(-86400000000) && us < INT64_C(253402387200000000));
    valid = http_etag_listed(text, "\"v1\"");
    valid |= idempotency_key_valid(text);
    valid |= host_is_loopback(text) || session_cookie_there(text);
    (void)valid;
    if (origin_valid(text)) // what is one is its own page's, and names its own pages
        assert(origin_own(text, "", text) && origins_have(text, text));
    assert(!origin_own(text, "tickets.example", "") ||
           strcasecmp(text, "https://tickets.example") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    if (data_bytes == 0 || data_bytes > HTTP_BODY_BYTES_MAX)
        return 0;
    size_t bytes = data_bytes - 1;
    char *text = malloc(bytes + 1); // its end is where the sanitizer looks
    assert(text);
    memcpy(text, data + 1, bytes);
    text[bytes] = 0;
    switch ((unsigned)(data[0] - '0') % 7) {
    case 0:
        check_json(text, bytes);
        break;
    case 1:
        check_session(text, bytes);
        break;
    case 2:
        check_reservation(text, bytes);
        break;
    case 3:
        check_callback(text, bytes);
        break;
    case 4:
        check_secrets(text, bytes);
        break;
    case 5:
        check_texts(text, bytes);
        break;
    case 6:
        check_money(text, bytes);
        break;
    }
    free(text);
    return 0;
}
