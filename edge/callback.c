#include "edge/callback.h"

#include "edge/json_reader.h"

#include <sodium.h>

enum { MAC_BYTES = crypto_auth_hmacsha256_BYTES, TYPE_BYTES = 128 };

static bool number_read(const char *text, size_t bytes, int64_t *ret_number)
{
    int64_t number = 0;
    if (bytes == 0 || bytes > 12)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return true;
}

static bool mac_read(const char *text, size_t bytes, uint8_t ret_mac[static MAC_BYTES])
{
    size_t got;
    const char *end;
    return bytes == 2 * MAC_BYTES &&
           sodium_hex2bin(ret_mac, MAC_BYTES, text, bytes, NULL, &got, &end) == 0 &&
           got == MAC_BYTES && end == text + bytes;
}

typedef struct signature_header {
    const char *time; // as written, which is what was signed
    size_t time_bytes;
    int64_t time_s;
    uint8_t macs[CALLBACK_SIGNATURES_MAX][MAC_BYTES];
    size_t macs_count;
} signature_header;

// Schemes that we do not know (v0) are skipped, as Stripe asks.
static bool header_read(const char *text, signature_header *ret_header)
{
    signature_header h = {.time = NULL};
    while (*text) {
        size_t bytes = strcspn(text, ",");
        const char *value = memchr(text, '=', bytes);
        size_t name_bytes = value ? (size_t)(value - text) : bytes;
        size_t value_bytes = value ? bytes - name_bytes - 1 : 0;
        if (value && name_bytes == 1 && *text == 't') {
            if (h.time || !number_read(value + 1, value_bytes, &h.time_s))
                return false;
            h.time = value + 1;
            h.time_bytes = value_bytes;
        } else if (value && name_bytes == 2 && memcmp(text, "v1", 2) == 0 &&
                   h.macs_count < CALLBACK_SIGNATURES_MAX &&
                   mac_read(value + 1, value_bytes, h.macs[h.macs_count])) {
            h.macs_count++;
        }
        text += bytes;
        text += strspn(text, ", ");
    }
    *ret_header = h;
    return h.time && h.macs_count > 0;
}

callback_signature callback_signature_check(const char *secret, const char *header,
                                            const void *body, size_t body_bytes, int64_t now_s)
{
    signature_header h;
    crypto_auth_hmacsha256_state state;
    uint8_t mac[MAC_BYTES];
    if (!header || !header_read(header, &h))
        return CALLBACK_SIGNATURE_INVALID;
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)h.time, h.time_bytes);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)".", 1);
    crypto_auth_hmacsha256_update(&state, body, body_bytes);
    crypto_auth_hmacsha256_final(&state, mac);
    bool valid = false;
    for (size_t i = 0; i < h.macs_count; i++)
        valid |= sodium_memcmp(mac, h.macs[i], MAC_BYTES) == 0;
    if (!valid)
        return CALLBACK_SIGNATURE_INVALID;
    int64_t age_s = now_s - h.time_s;
    return age_s > CALLBACK_TOLERANCE_S || age_s < -CALLBACK_TOLERANCE_S ? CALLBACK_SIGNATURE_STALE
                                                                         : CALLBACK_SIGNATURE_VALID;
}

// What we read of an event, whatever object it is about; absent fields stay empty.
typedef struct event_fields {
    char id[CALLBACK_ID_BYTES], type[TYPE_BYTES];
    char object_id[CALLBACK_ID_BYTES], intent[CALLBACK_ID_BYTES], status[TYPE_BYTES];
    char currency[4], payment[UUID_TEXT_BYTES], refund_number[4];
    int64_t amount, amount_received, amount_refunded;
} event_fields;

// A short text, NUL-ended; anything else, null and longer text included, reads as empty. The
// longest texts of strangers' metadata are 500 characters.
static void text_read(json_reader *r, char *buffer, size_t buffer_bytes)
{
    char text[2048];
    size_t bytes = 0;
    buffer[0] = 0;
    if (json_reader_kind(r) != JSON_KIND_TEXT)
        return json_reader_skip(r);
    json_reader_text(r, text, sizeof text, &bytes);
    if (bytes < buffer_bytes && !memchr(text, 0, bytes)) {
        memcpy(buffer, text, bytes);
        buffer[bytes] = 0;
    }
}

static void int_read(json_reader *r, int64_t *ret_value)
{
    if (json_reader_kind(r) == JSON_KIND_NUMBER)
        json_reader_int(r, ret_value);
    else
        json_reader_skip(r);
}

static void metadata_read(json_reader *r, event_fields *f)
{
    if (json_reader_kind(r) != JSON_KIND_OBJECT)
        return json_reader_skip(r);
    json_reader_object(r);
    while (json_reader_key(r)) {
        if (json_reader_key_is(r, "payment_id"))
            text_read(r, f->payment, sizeof f->payment);
        else if (json_reader_key_is(r, "refund_number"))
            text_read(r, f->refund_number, sizeof f->refund_number);
        else
            json_reader_skip(r);
    }
}

static void object_field_read(json_reader *r, event_fields *f)
{
    if (json_reader_key_is(r, "id"))
        text_read(r, f->object_id, sizeof f->object_id);
    else if (json_reader_key_is(r, "payment_intent"))
        text_read(r, f->intent, sizeof f->intent);
    else if (json_reader_key_is(r, "status"))
        text_read(r, f->status, sizeof f->status);
    else if (json_reader_key_is(r, "currency"))
        text_read(r, f->currency, sizeof f->currency);
    else if (json_reader_key_is(r, "amount"))
        int_read(r, &f->amount);
    else if (json_reader_key_is(r, "amount_received"))
        int_read(r, &f->amount_received);
    else if (json_reader_key_is(r, "amount_refunded"))
        int_read(r, &f->amount_refunded);
    else if (json_reader_key_is(r, "metadata"))
        metadata_read(r, f);
    else
        json_reader_skip(r);
}

static void data_read(json_reader *r, event_fields *f)
{
    if (json_reader_kind(r) != JSON_KIND_OBJECT)
        return json_reader_skip(r);
    json_reader_object(r);
    while (json_reader_key(r)) {
        if (!json_reader_key_is(r, "object") || json_reader_kind(r) != JSON_KIND_OBJECT) {
            json_reader_skip(r);
            continue;
        }
        json_reader_object(r);
        while (json_reader_key(r))
            object_field_read(r, f);
    }
}

static bool event_read(const void *body, size_t body_bytes, event_fields *f)
{
    json_reader r = json_reader_of(body, body_bytes);
    json_reader_object(&r);
    while (json_reader_key(&r)) {
        if (json_reader_key_is(&r, "id"))
            text_read(&r, f->id, sizeof f->id);
        else if (json_reader_key_is(&r, "type"))
            text_read(&r, f->type, sizeof f->type);
        else if (json_reader_key_is(&r, "data"))
            data_read(&r, f);
        else
            json_reader_skip(&r);
    }
    return json_reader_end(&r) && f->id[0] && f->type[0];
}

static bool type_is(const event_fields *f, const char *type)
{
    return strcmp(f->type, type) == 0;
}

static Cavea__V1__ProviderStatus intent_status(const event_fields *f)
{
    if (type_is(f, "payment_intent.succeeded"))
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_SUCCEEDED;
    if (type_is(f, "payment_intent.payment_failed"))
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_DECLINED;
    if (type_is(f, "payment_intent.canceled"))
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_CANCELED;
    if (type_is(f, "payment_intent.processing"))
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_PROCESSING;
    return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_UNSPECIFIED;
}

static Cavea__V1__ProviderStatus refund_status(const event_fields *f)
{
    bool about = type_is(f, "refund.created") || type_is(f, "refund.updated") ||
                 type_is(f, "refund.failed") || type_is(f, "charge.refund.updated");
    if (!about)
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_UNSPECIFIED;
    if (strcmp(f->status, "succeeded") == 0)
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUNDED;
    if (strcmp(f->status, "failed") == 0 || strcmp(f->status, "canceled") == 0)
        return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_FAILED;
    return CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_PENDING;
}

// 0 when it is absent or not a number.
static uint32_t refund_number_of(const event_fields *f)
{
    int64_t number = 0;
    return number_read(f->refund_number, strlen(f->refund_number), &number) ? (uint32_t)number : 0;
}

static bool currency_read(const char *text, char ret_currency[static 4])
{
    for (int i = 0; i < 3; i++) {
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z')))
            return false;
        ret_currency[i] = (char)(text[i] & ~0x20);
    }
    ret_currency[3] = 0;
    return true;
}

static void text_copy(char to[static CALLBACK_ID_BYTES], const char from[static CALLBACK_ID_BYTES])
{
    memcpy(to, from, CALLBACK_ID_BYTES);
}

callback_result callback_read(const void *body, size_t body_bytes, callback_report *ret_report)
{
    event_fields f = {.amount = 0};
    callback_report report = {.amount_minor = 0};
    if (!event_read(body, body_bytes, &f))
        return CALLBACK_MALFORMED;
    report.status = intent_status(&f);
    if (report.status != CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_UNSPECIFIED) {
        text_copy(report.intent, f.object_id);
        report.amount_minor = f.amount_received > 0 ? f.amount_received : f.amount;
    } else if (type_is(&f, "charge.refunded") && f.amount_refunded > 0) {
        // A charge counts refunds that are pending and may fail yet; the refund says when it is
        // final. For one made by hand, without our metadata, this is the only event that names us:
        // the payment knows whether the sum is one that it asked for.
        report.status = CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_PENDING;
        text_copy(report.intent, f.intent);
        report.amount_minor = f.amount_refunded;
    } else {
        report.status = refund_status(&f);
        text_copy(report.intent, f.intent);
        text_copy(report.refund, f.object_id);
        report.refund_number = refund_number_of(&f);
        report.amount_minor = f.amount;
    }
    text_copy(report.event, f.id);
    if (report.status == CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_UNSPECIFIED ||
        !currency_read(f.currency, report.currency) || report.amount_minor < 0 ||
        !uuid_parse(f.payment, strlen(f.payment), &report.payment.u))
        return CALLBACK_FOREIGN;
    *ret_report = report;
    return CALLBACK_REPORT;
}
