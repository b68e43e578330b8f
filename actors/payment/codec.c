#include "actors/payment/codec.h"

#include "schemas/account.h"

static bool id_read(const ProtobufCBinaryData *data, uuid *ret_id)
{
    return uuid_from_bytes(data->data, data->len, ret_id) && !uuid_is_zero(ret_id);
}

// Copies a text into a field of fixed size, zero-filled; false when it does not fit or is not plain
// ASCII: ids and addresses of a provider go back into requests and pages.
static bool text_read(const char *text, char *ret_field, size_t field_bytes)
{
    size_t n = strnlen(text, field_bytes);
    if (n == field_bytes)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    memset(ret_field, 0, field_bytes);
    memcpy(ret_field, text, n);
    return true;
}

// Providers write currencies in lower case. Empty stays empty.
static bool currency_read(const char *text, char ret_currency[static 4])
{
    char currency[4] = {0};
    if (text[0] != 0) {
        if (strnlen(text, 4) != 3)
            return false;
        for (int i = 0; i < 3; i++) {
            char c = text[i];
            if (c >= 'a' && c <= 'z')
                c = (char)(c - 'a' + 'A');
            if (c < 'A' || c > 'Z')
                return false;
            currency[i] = c;
        }
    }
    memcpy(ret_currency, currency, sizeof currency);
    return true;
}

static bool start_read(const Cavea__V1__PaymentStart *m, payment_command *c)
{
    c->type = PAYMENT_COMMAND_START;
    c->amount_minor = m->amount_minor;
    return id_read(&m->payment_id, &c->payment.u) &&
           id_read(&m->reservation_id, &c->reservation.u) && id_read(&m->event_id, &c->event.u) &&
           id_read(&m->buyer_id, &c->buyer.u) && currency_read(m->currency, c->currency) &&
           c->currency[0] != 0 && m->amount_minor >= 0;
}

static bool report_read(const Cavea__V1__ProviderReport *m, payment_command *c)
{
    payment_report *r = &c->report;
    c->type = PAYMENT_COMMAND_REPORT;
    if (m->status <= 0 || (int)m->status >= PROVIDER_STATUSES_END)
        return false;
    r->status = (provider_status)m->status;
    r->amount_minor = m->amount_minor;
    r->refund_number = m->refund_number;
    bool names_intent = m->intent_id[0] != 0 || r->status >= PROVIDER_REFUND_PENDING;
    return id_read(&m->payment_id, &c->payment.u) && names_intent && m->amount_minor >= 0 &&
           m->refund_number <= UINT8_MAX && currency_read(m->currency, r->currency) &&
           text_read(m->intent_id, r->intent_id, sizeof r->intent_id) &&
           text_read(m->client_secret, r->client_secret, sizeof r->client_secret) &&
           text_read(m->pay_url, r->pay_url, sizeof r->pay_url) &&
           text_read(m->refund_id, r->refund_id, sizeof r->refund_id);
}

static bool shares_good(uint32_t fee_bp, uint32_t tax_bp)
{
    return fee_bp <= BASIS_POINTS && tax_bp <= BASIS_POINTS - fee_bp;
}

static bool decided_read(const Cavea__V1__PaymentDecided *m, payment_command *c)
{
    c->type = PAYMENT_COMMAND_DECIDED;
    c->confirmed = m->confirmed;
    c->fee_bp = m->fee_bp;
    c->tax_bp = m->tax_bp;
    return id_read(&m->payment_id, &c->payment.u) && shares_good(c->fee_bp, c->tax_bp);
}

static bool refund_read(const Cavea__V1__RefundRequest *m, payment_command *c)
{
    c->type = PAYMENT_COMMAND_REFUND;
    c->refund_minor = m->amount_minor;
    c->reason = m->reason < ERROR_CODES_END ? (error_code)m->reason : ERROR_INTERNAL;
    return id_read(&m->payment_id, &c->payment.u) && m->amount_minor >= 0;
}

// A person's words in any language, on one line.
static bool note_read(const char *text, char ret_note[static PAYMENT_NOTE_BYTES])
{
    size_t n = strnlen(text, PAYMENT_NOTE_BYTES);
    if (n == PAYMENT_NOTE_BYTES)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    memcpy(ret_note, text, n + 1);
    return true;
}

static bool money_read(const Cavea__V1__Command *m, payment_command *c)
{
    if (m->body_case == CAVEA__V1__COMMAND__BODY_REFUND_REQUEST)
        return refund_read(m->refund_request, c);
    if (m->body_case == CAVEA__V1__COMMAND__BODY_REFUND_RETRY) {
        c->type = PAYMENT_COMMAND_RETRY;
        return id_read(&m->refund_retry->payment_id, &c->payment.u);
    }
    if (m->body_case == CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE) {
        c->type = PAYMENT_COMMAND_RESOLVE;
        return id_read(&m->refund_resolve->payment_id, &c->payment.u) &&
               note_read(m->refund_resolve->note, c->note);
    }
    if (m->body_case == CAVEA__V1__COMMAND__BODY_PAYMENT_ABANDONED) {
        c->type = PAYMENT_COMMAND_ABANDONED;
        return id_read(&m->payment_abandoned->payment_id, &c->payment.u);
    }
    return false;
}

static bool command_read(const Cavea__V1__Command *m, payment_command *c)
{
    if (m->body_case == CAVEA__V1__COMMAND__BODY_PAYMENT_START)
        return start_read(m->payment_start, c);
    if (m->body_case == CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT)
        return report_read(m->provider_report, c);
    if (m->body_case == CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED)
        return decided_read(m->payment_decided, c);
    return money_read(m, c);
}

error_code payment_command_read(const Cavea__V1__Command *message, payment_command *ret_command)
{
    payment_command c = {0};
    if (!command_read(message, &c))
        return ERROR_MALFORMED;
    *ret_command = c;
    return ERROR_NONE;
}

uint16_t payment_fact_kind_of(const payment_fact *f)
{
    if (f->state != PAYMENT_NONE)
        return (uint16_t)f->state;
    return f->is_difference ? PAYMENT_FACT_DIFFERENCE : PAYMENT_FACT_PARKED;
}

static ProtobufCBinaryData id_bytes(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

// protobuf-c's structs are not const; what it packs it does not change.
static char *lent(const char *text)
{
    return (char *)(uintptr_t)text;
}

void payment_fact_write(const payment_fact *f, Cavea__V1__PaymentFact *ret_message)
{
    *ret_message = (Cavea__V1__PaymentFact)CAVEA__V1__PAYMENT_FACT__INIT;
    ret_message->at_us = f->at_us;
    ret_message->payment_id = id_bytes(&f->payment.u);
    ret_message->state = (uint32_t)f->state;
    ret_message->intent_id = lent(f->intent_id);
    ret_message->amount_minor = f->amount_minor;
    ret_message->currency = lent(f->currency);
    ret_message->reservation_id = id_bytes(&f->reservation.u);
    ret_message->event_id = id_bytes(&f->event.u);
    ret_message->refund_id = lent(f->refund_id);
    ret_message->reason = (uint32_t)f->reason;
    ret_message->refund_number = f->refund_number;
    ret_message->refund_minor = f->refund_minor;
    ret_message->note = lent(f->note);
    ret_message->kept_minor = f->kept_minor;
    ret_message->fee_bp = f->fee_bp;
    ret_message->tax_bp = f->tax_bp;
}

bool payment_fact_read(const Cavea__V1__PaymentFact *message, uint16_t kind, payment_fact *ret_fact)
{
    payment_fact f = {
        .state = (payment_state)message->state,
        .is_difference = kind == PAYMENT_FACT_DIFFERENCE,
        .at_us = message->at_us,
        .amount_minor = message->amount_minor,
        .reason = (error_code)message->reason,
        .refund_number = message->refund_number,
        .refund_minor = message->refund_minor,
        .kept_minor = message->kept_minor,
        .fee_bp = message->fee_bp,
        .tax_bp = message->tax_bp,
    };
    if (message->state >= PAYMENT_STATES_END || message->message_rejected != NULL ||
        !uuid_from_bytes(message->payment_id.data, message->payment_id.len, &f.payment.u) ||
        !uuid_from_bytes(message->reservation_id.data, message->reservation_id.len,
                         &f.reservation.u) ||
        !uuid_from_bytes(message->event_id.data, message->event_id.len, &f.event.u) ||
        !currency_read(message->currency, f.currency) ||
        !text_read(message->intent_id, f.intent_id, sizeof f.intent_id) ||
        !text_read(message->refund_id, f.refund_id, sizeof f.refund_id) ||
        !note_read(message->note, f.note) || !shares_good(f.fee_bp, f.tax_bp))
        return false;
    *ret_fact = f;
    return true;
}

void payment_view_write(const payment *p, Cavea__V1__PaymentView *ret_view)
{
    *ret_view = (Cavea__V1__PaymentView)CAVEA__V1__PAYMENT_VIEW__INIT;
    ret_view->payment_id = id_bytes(&p->id.u);
    ret_view->state = (uint32_t)p->state;
    ret_view->intent_id = lent(p->intent_id);
    ret_view->client_secret = lent(p->client_secret);
    ret_view->pay_url = lent(p->pay_url);
}
