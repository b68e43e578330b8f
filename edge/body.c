#include "edge/body.h"

#include "edge/json_reader.h"
#include "edge/session.h"

static bool empty(const char *body, size_t body_bytes)
{
    for (size_t i = 0; i < body_bytes; i++)
        if (body[i] != ' ' && body[i] != '\t' && body[i] != '\r' && body[i] != '\n')
            return false;
    return true;
}

// A member may come once.
static bool first_time(json_reader *r, bool *seen)
{
    if (*seen)
        json_reader_fail(r);
    *seen = true;
    return !r->bad;
}

static void email_read(json_reader *r, session_body *b)
{
    size_t bytes = 0;
    if (json_reader_kind(r) == JSON_KIND_NULL)
        return json_reader_skip(r);
    json_reader_text(r, b->email, EMAIL_BYTES_MAX, &bytes);
    b->email[bytes] = 0;
    if (!r->bad && bytes > 0 && !session_email_valid(b->email, bytes))
        json_reader_fail(r);
}

error_code session_body_read(const char *body, size_t body_bytes, session_body *ret_body)
{
    session_body b = {{0}};
    bool email_seen = false;
    if (empty(body, body_bytes)) {
        *ret_body = b;
        return ERROR_NONE;
    }
    json_reader r = json_reader_of(body, body_bytes);
    json_reader_object(&r);
    while (json_reader_key(&r)) {
        if (!json_reader_key_is(&r, "email"))
            json_reader_skip(&r);
        else if (first_time(&r, &email_seen))
            email_read(&r, &b);
    }
    if (!json_reader_end(&r))
        return ERROR_MALFORMED;
    *ret_body = b;
    return ERROR_NONE;
}

// Notes the first thing that is wrong with a well-formed body.
static void refuse(error_code *refusal, error_code code)
{
    if (*refusal == ERROR_NONE)
        *refusal = code;
}

static void event_read(json_reader *r, reservation_body *b, error_code *refusal)
{
    char text[256];
    size_t bytes = 0;
    json_reader_text(r, text, sizeof text, &bytes);
    if (!r->bad && !uuid_parse(text, bytes, &b->event.u))
        refuse(refusal, ERROR_NOT_FOUND);
}

static void seat_read(json_reader *r, reservation_body *b, error_code *refusal)
{
    char text[4 * SEAT_ID_BYTES_MAX];
    size_t bytes = 0;
    json_reader_text(r, text, sizeof text, &bytes);
    if (r->bad)
        return;
    if (b->seats_count == SEATS_PER_RESERVATION_MAX)
        return refuse(refusal, ERROR_SEATS_TOO_MANY);
    if (bytes == 0 || bytes > SEAT_ID_BYTES_MAX)
        return refuse(refusal, ERROR_SEAT_UNKNOWN);
    memcpy(b->seats[b->seats_count].id, text, bytes);
    b->seats[b->seats_count++].id_bytes = (uint8_t)bytes;
}

error_code reservation_body_read(const char *body, size_t body_bytes, reservation_body *ret_body)
{
    reservation_body *b = ret_body;
    error_code refusal = ERROR_NONE;
    bool event_seen = false, seats_seen = false;
    b->seats_count = 0;
    json_reader r = json_reader_of(body, body_bytes);
    json_reader_object(&r);
    while (json_reader_key(&r)) {
        if (json_reader_key_is(&r, "event_id") && first_time(&r, &event_seen)) {
            event_read(&r, b, &refusal);
        } else if (json_reader_key_is(&r, "seats") && first_time(&r, &seats_seen)) {
            json_reader_array(&r);
            while (json_reader_item(&r))
                seat_read(&r, b, &refusal);
        } else {
            json_reader_skip(&r);
        }
    }
    if (!json_reader_end(&r) || !event_seen || !seats_seen)
        return ERROR_MALFORMED;
    if (refusal == ERROR_NONE && b->seats_count == 0)
        return ERROR_MALFORMED;
    return refusal;
}

static void bool_read(json_reader *r, bool *ret_value)
{
    json_kind kind = json_reader_kind(r);
    if (kind != JSON_KIND_TRUE && kind != JSON_KIND_FALSE)
        return json_reader_fail(r);
    *ret_value = kind == JSON_KIND_TRUE;
    json_reader_skip(r);
}

error_code checkout_body_read(const char *body, size_t body_bytes, checkout_body *ret_body)
{
    checkout_body b = {false};
    bool other_seen = false;
    if (!empty(body, body_bytes)) {
        json_reader r = json_reader_of(body, body_bytes);
        json_reader_object(&r);
        while (json_reader_key(&r)) {
            if (!json_reader_key_is(&r, "other_seats"))
                json_reader_skip(&r);
            else if (first_time(&r, &other_seen))
                bool_read(&r, &b.other_seats);
        }
        if (!json_reader_end(&r))
            return ERROR_MALFORMED;
    }
    *ret_body = b;
    return ERROR_NONE;
}

error_code cancellation_body_read(const char *body, size_t body_bytes, cancellation_body *ret_body)
{
    cancellation_body b = {-1};
    bool refund_seen = false;
    json_reader r = json_reader_of(body, body_bytes);
    json_reader_object(&r);
    while (json_reader_key(&r)) {
        if (!json_reader_key_is(&r, "refund_minor"))
            json_reader_skip(&r);
        else if (first_time(&r, &refund_seen))
            json_reader_int(&r, &b.refund_minor);
    }
    if (!json_reader_end(&r) || b.refund_minor < 0)
        return ERROR_MALFORMED;
    *ret_body = b;
    return ERROR_NONE;
}

bool idempotency_key_valid(const char *key)
{
    size_t bytes = 0;
    for (; key[bytes]; bytes++)
        if (key[bytes] < ' ' || key[bytes] > '~' || bytes == IDEMPOTENCY_KEY_BYTES_MAX)
            return false;
    return bytes > 0;
}
