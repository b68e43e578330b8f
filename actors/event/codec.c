#include "actors/event/codec.h"

static ProtobufCBinaryData binary(const void *bytes, size_t bytes_count)
{
    // protobuf-c wants mutable pointers although packing only reads.
    return (ProtobufCBinaryData){bytes_count, (uint8_t *)(uintptr_t)bytes};
}
#define BINARY(thing) binary((thing).bytes, sizeof(thing).bytes)

static bool id_read(ProtobufCBinaryData data, uuid *ret_id)
{
    return uuid_from_bytes(data.data, data.len, ret_id);
}

static bool digest_read(ProtobufCBinaryData data, digest16 *ret_digest)
{
    if (data.len != sizeof ret_digest->bytes)
        return false;
    memcpy(ret_digest->bytes, data.data, data.len);
    return true;
}

// Zero means "no payment" inside.
static bool payment_read(ProtobufCBinaryData data, payment_id *ret_payment)
{
    return id_read(data, &ret_payment->u) && !uuid_is_zero(&ret_payment->u);
}

static bool currency_read(const char *text, char ret_currency[static 4])
{
    for (int i = 0; i < 3; i++)
        if (text[i] < 'A' || text[i] > 'Z')
            return false;
    if (text[3] != 0)
        return false;
    memcpy(ret_currency, text, 4);
    return true;
}

static bool seats_read(size_t count, const uint32_t *seats, uint32_t *ret_count,
                       uint32_t ret_seats[static SEATS_PER_RESERVATION_MAX])
{
    if (count > SEATS_PER_RESERVATION_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        ret_seats[i] = seats[i];
    *ret_count = (uint32_t)count;
    return true;
}

static error_code reserve_read(const Cavea__V1__Reserve *m, event_command *c)
{
    if (!id_read(m->buyer_id, &c->buyer.u) || !digest_read(m->key_hash, &c->key_hash) ||
        !digest_read(m->body_hash, &c->body_hash))
        return ERROR_MALFORMED;
    if (!seats_read(m->n_seats, m->seats, &c->seats_count, c->seats))
        return ERROR_SEATS_TOO_MANY;
    c->type = EVENT_COMMAND_RESERVE;
    return ERROR_NONE;
}

static error_code checkout_read(const Cavea__V1__Checkout *m, event_command *c)
{
    if (!id_read(m->reservation_id, &c->reservation.u) || !id_read(m->buyer_id, &c->buyer.u) ||
        !digest_read(m->key_hash, &c->key_hash) || !digest_read(m->body_hash, &c->body_hash) ||
        !payment_read(m->payment_id, &c->payment))
        return ERROR_MALFORMED;
    c->other_seats = m->other_seats;
    c->type = EVENT_COMMAND_CHECKOUT;
    return ERROR_NONE;
}

static error_code captured_read(const Cavea__V1__PaymentCaptured *m, event_command *c)
{
    if (!id_read(m->reservation_id, &c->reservation.u) ||
        !payment_read(m->payment_id, &c->payment) || !currency_read(m->currency, c->currency))
        return ERROR_MALFORMED;
    c->amount_minor = m->amount_minor;
    c->type = EVENT_COMMAND_PAYMENT_CAPTURED;
    return ERROR_NONE;
}

static error_code body_read(const Cavea__V1__Command *m, event_command *c)
{
    if (m->body_case == CAVEA__V1__COMMAND__BODY_RESERVE)
        return reserve_read(m->reserve, c);
    if (m->body_case == CAVEA__V1__COMMAND__BODY_CHECKOUT)
        return checkout_read(m->checkout, c);
    if (m->body_case == CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED)
        return captured_read(m->payment_captured, c);
    bool valid = false;
    if (m->body_case == CAVEA__V1__COMMAND__BODY_CANCEL) {
        c->type = EVENT_COMMAND_CANCEL;
        valid = id_read(m->cancel->reservation_id, &c->reservation.u) &&
                id_read(m->cancel->buyer_id, &c->buyer.u);
    } else if (m->body_case == CAVEA__V1__COMMAND__BODY_EXPIRE) {
        c->type = EVENT_COMMAND_EXPIRE;
        valid = id_read(m->expire->reservation_id, &c->reservation.u);
    } else if (m->body_case == CAVEA__V1__COMMAND__BODY_RESERVATION_RELEASE) {
        c->type = EVENT_COMMAND_RELEASE;
        valid = id_read(m->reservation_release->reservation_id, &c->reservation.u) &&
                payment_read(m->reservation_release->payment_id, &c->payment);
    } else if (m->body_case == CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET) {
        c->type = EVENT_COMMAND_STATUS_SET;
        c->status = (event_status)m->event_status_set->status;
        valid = c->status >= EVENT_SCHEDULED && c->status <= EVENT_CANCELLED;
    } else if (m->body_case == CAVEA__V1__COMMAND__BODY_CANCEL_CONFIRMED) {
        c->type = EVENT_COMMAND_CANCEL_CONFIRMED;
        c->amount_minor = m->cancel_confirmed->refund_minor;
        valid = id_read(m->cancel_confirmed->reservation_id, &c->reservation.u) &&
                id_read(m->cancel_confirmed->buyer_id, &c->buyer.u);
    } else if (m->body_case == CAVEA__V1__COMMAND__BODY_REFUND_ALL) {
        c->type = EVENT_COMMAND_REFUND_ALL;
        c->limit = m->refund_all->limit < REFUND_ALL_MAX ? m->refund_all->limit : REFUND_ALL_MAX;
        valid = c->limit > 0;
    }
    return valid ? ERROR_NONE : ERROR_MALFORMED;
}

error_code event_command_read(const Cavea__V1__Command *message, event_command *ret_command)
{
    event_command c = {0};
    if (message->body_case == CAVEA__V1__COMMAND__BODY_RESERVE &&
        !id_read(message->id, &c.reservation.u))
        return ERROR_MALFORMED;
    error_code error = body_read(message, &c);
    if (error == ERROR_NONE)
        *ret_command = c;
    return error;
}

static void held_write(const event_fact *f, Cavea__V1__ReservationHeld *m)
{
    cavea__v1__reservation_held__init(m);
    m->reservation_id = BINARY(f->reservation.u);
    m->buyer_id = BINARY(f->buyer.u);
    m->key_hash = BINARY(f->key_hash);
    m->body_hash = BINARY(f->body_hash);
    m->expires_at_us = f->expires_us;
    m->n_seats = m->n_price_minor = f->seats_count;
    m->seats = (uint32_t *)(uintptr_t)f->seats;
    m->price_minor = (int64_t *)(uintptr_t)f->price_minor;
}

static void checkout_write(const event_fact *f, Cavea__V1__CheckoutStarted *m)
{
    cavea__v1__checkout_started__init(m);
    m->reservation_id = BINARY(f->reservation.u);
    m->payment_id = BINARY(f->payment.u);
    m->key_hash = BINARY(f->key_hash);
    m->body_hash = BINARY(f->body_hash);
    m->amount_minor = f->amount_minor;
    m->currency = (char *)(uintptr_t)f->currency;
    m->buyer_id = BINARY(f->buyer.u);
    m->expires_at_us = f->expires_us;
    m->other_seats = f->other_seats;
}

static void ended_write(const event_fact *f, Cavea__V1__ReservationEnded *m)
{
    cavea__v1__reservation_ended__init(m);
    m->reservation_id = BINARY(f->reservation.u);
    m->state = (uint32_t)f->state;
    m->n_seats = f->seats_count;
    m->seats = (uint32_t *)(uintptr_t)f->seats;
    if (!uuid_is_zero(&f->payment.u))
        m->payment_id = BINARY(f->payment.u);
    m->refund_minor = f->refund_minor;
    m->reason = (uint32_t)f->reason;
}

static void confirmed_write(const event_fact *f, Cavea__V1__ReservationConfirmed *m)
{
    cavea__v1__reservation_confirmed__init(m);
    m->reservation_id = BINARY(f->reservation.u);
    m->payment_id = BINARY(f->payment.u);
    m->buyer_id = BINARY(f->buyer.u);
    m->n_seats = f->seats_count;
    m->seats = (uint32_t *)(uintptr_t)f->seats;
    m->outcome = (uint32_t)f->outcome;
    m->fee_bp = f->fee_bp;
    m->tax_bp = f->tax_bp;
}

const ProtobufCMessage *event_fact_write(const event_fact *f, event_fact_message *storage)
{
    Cavea__V1__EventFact *m = &storage->fact;
    cavea__v1__event_fact__init(m);
    m->at_us = f->at_us;
    m->body_case = (Cavea__V1__EventFact__BodyCase)f->type;
    switch (f->type) {
    case EVENT_FACT_HELD:
        held_write(f, &storage->held);
        m->reservation_held = &storage->held;
        break;
    case EVENT_FACT_ENDED:
        ended_write(f, &storage->ended);
        m->reservation_ended = &storage->ended;
        break;
    case EVENT_FACT_CHECKOUT_STARTED:
        checkout_write(f, &storage->checkout);
        m->checkout_started = &storage->checkout;
        break;
    case EVENT_FACT_CONFIRMED:
        confirmed_write(f, &storage->confirmed);
        m->reservation_confirmed = &storage->confirmed;
        break;
    case EVENT_FACT_PAYMENT_REFUSED:
        cavea__v1__payment_refused__init(&storage->refused);
        storage->refused.reservation_id = BINARY(f->reservation.u);
        storage->refused.payment_id = BINARY(f->payment.u);
        storage->refused.reason = (uint32_t)f->reason;
        m->payment_refused = &storage->refused;
        break;
    case EVENT_FACT_STATUS_CHANGED:
        cavea__v1__event_status_changed__init(&storage->status);
        storage->status.status = (Cavea__V1__EventStatus)f->status;
        m->event_status_changed = &storage->status;
        break;
    case EVENT_FACT_MESSAGE_REJECTED:
        break; // written by the runtime's adapter, which has the message
    }
    return &m->base;
}

static bool held_read(const Cavea__V1__ReservationHeld *m, event_fact *f)
{
    if (!id_read(m->reservation_id, &f->reservation.u) || !id_read(m->buyer_id, &f->buyer.u) ||
        !digest_read(m->key_hash, &f->key_hash) || !digest_read(m->body_hash, &f->body_hash) ||
        !seats_read(m->n_seats, m->seats, &f->seats_count, f->seats) || m->n_seats == 0 ||
        m->n_price_minor != m->n_seats)
        return false;
    for (size_t i = 0; i < m->n_price_minor; i++)
        f->price_minor[i] = m->price_minor[i];
    f->expires_us = m->expires_at_us;
    return true;
}

// Facts written before they named the seats have none.
static bool ended_read(const Cavea__V1__ReservationEnded *m, event_fact *f)
{
    f->state = (reservation_state)m->state;
    f->refund_minor = m->refund_minor;
    f->reason = (error_code)m->reason;
    return id_read(m->reservation_id, &f->reservation.u) && m->state > RESERVATION_CONFIRMED &&
           m->state < RESERVATION_STATES_END && m->refund_minor >= 0 &&
           (m->payment_id.len == 0 || payment_read(m->payment_id, &f->payment)) &&
           seats_read(m->n_seats, m->seats, &f->seats_count, f->seats);
}

static bool checkout_fact_read(const Cavea__V1__CheckoutStarted *m, event_fact *f)
{
    f->amount_minor = m->amount_minor;
    f->expires_us = m->expires_at_us;
    f->other_seats = m->other_seats;
    return id_read(m->reservation_id, &f->reservation.u) &&
           payment_read(m->payment_id, &f->payment) && digest_read(m->key_hash, &f->key_hash) &&
           digest_read(m->body_hash, &f->body_hash) && id_read(m->buyer_id, &f->buyer.u) &&
           currency_read(m->currency, f->currency);
}

static bool confirmed_read(const Cavea__V1__ReservationConfirmed *m, event_fact *f)
{
    f->outcome = (payment_outcome)m->outcome;
    f->fee_bp = m->fee_bp;
    f->tax_bp = m->tax_bp;
    return m->outcome < PAYMENT_SENT_BACK && id_read(m->reservation_id, &f->reservation.u) &&
           payment_read(m->payment_id, &f->payment) && id_read(m->buyer_id, &f->buyer.u) &&
           seats_read(m->n_seats, m->seats, &f->seats_count, f->seats);
}

static bool fact_body_read(const Cavea__V1__EventFact *m, event_fact *f)
{
    switch (f->type) {
    case EVENT_FACT_HELD:
        return held_read(m->reservation_held, f);
    case EVENT_FACT_ENDED:
        return ended_read(m->reservation_ended, f);
    case EVENT_FACT_CHECKOUT_STARTED:
        return checkout_fact_read(m->checkout_started, f);
    case EVENT_FACT_CONFIRMED:
        return confirmed_read(m->reservation_confirmed, f);
    case EVENT_FACT_PAYMENT_REFUSED:
        f->reason = (error_code)m->payment_refused->reason;
        return id_read(m->payment_refused->reservation_id, &f->reservation.u) &&
               payment_read(m->payment_refused->payment_id, &f->payment);
    case EVENT_FACT_STATUS_CHANGED:
        f->status = (event_status)m->event_status_changed->status;
        return f->status >= EVENT_SCHEDULED && f->status <= EVENT_CANCELLED;
    case EVENT_FACT_MESSAGE_REJECTED:
        return true;
    }
    return false;
}

bool event_fact_read(const uint8_t *payload, size_t payload_bytes, ProtobufCAllocator *allocator,
                     event_fact *ret_fact)
{
    Cavea__V1__EventFact *m = cavea__v1__event_fact__unpack(allocator, payload_bytes, payload);
    if (m == NULL)
        return false;
    event_fact f = {.type = (event_fact_type)m->body_case, .at_us = m->at_us};
    bool known = fact_body_read(m, &f);
    cavea__v1__event_fact__free_unpacked(m, allocator);
    if (known)
        *ret_fact = f;
    return known;
}

void event_view_write(const event_reservation *r, bool replayed,
                      Cavea__V1__ReservationView *ret_view)
{
    Cavea__V1__ReservationView *v = ret_view;
    cavea__v1__reservation_view__init(v);
    v->reservation_id = BINARY(r->id.u);
    v->buyer_id = BINARY(r->buyer.u);
    v->state = (uint32_t)r->state;
    v->created_at_us = uuid_unix_ms(&r->id.u) * 1000;
    v->expires_at_us = r->expires_us;
    v->total_minor = r->total_minor;
    v->n_seats = v->n_price_minor = r->seats_count;
    v->seats = (uint32_t *)(uintptr_t)r->seats;
    v->price_minor = (int64_t *)(uintptr_t)r->price_minor;
    if (!uuid_is_zero(&r->payment.u))
        v->payment_id = BINARY(r->payment.u);
    v->replayed = replayed;
    v->outcome = (uint32_t)r->outcome;
    v->refund_minor = r->refund_minor;
}
