#include "actors/ticket/codec.h"

static bool id_read(const ProtobufCBinaryData *data, uuid *ret_id)
{
    return uuid_from_bytes(data->data, data->len, ret_id) && !uuid_is_zero(ret_id);
}

static bool text_valid(const char *text, size_t field_bytes)
{
    size_t n = strnlen(text, field_bytes);
    if (n == 0 || n == field_bytes)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

static bool seats_read(const uint32_t *seats, size_t count, ticket_command *c)
{
    if (count > SEATS_PER_RESERVATION_MAX)
        return false;
    c->seats_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        c->seats[i] = seats[i];
    return true;
}

static bool issue_read(const Cavea__V1__TicketsIssue *m, ticket_command *c)
{
    c->type = TICKET_COMMAND_ISSUE;
    return id_read(&m->reservation_id, &c->reservation.u) && id_read(&m->event_id, &c->event.u) &&
           id_read(&m->buyer_id, &c->buyer.u) && seats_read(m->seats, m->n_seats, c);
}

static bool signed_read(const Cavea__V1__TicketsSigned *m, ticket_command *c)
{
    c->type = TICKET_COMMAND_SIGNED;
    if (!id_read(&m->reservation_id, &c->reservation.u) || m->n_tickets == 0 ||
        m->n_tickets > SEATS_PER_RESERVATION_MAX)
        return false;
    for (size_t i = 0; i < m->n_tickets; i++) {
        const Cavea__V1__SignedTicket *t = m->tickets[i];
        uuid event;
        if (!id_read(&t->ticket_id, &c->tickets[i].id.u) || !id_read(&t->event_id, &event) ||
            (i > 0 && !uuid_equal(&event, &c->event.u)) ||
            !text_valid(t->key_id, TICKET_KEY_ID_BYTES) || !text_valid(t->jws, TICKET_JWS_BYTES) ||
            !text_valid(t->compact, TICKET_COMPACT_BYTES))
            return false;
        c->event.u = event;
        c->seats[i] = t->seat;
        c->tickets[i].key_id = t->key_id;
        c->tickets[i].jws = t->jws;
        c->tickets[i].compact = t->compact;
    }
    c->seats_count = (uint32_t)m->n_tickets;
    return true;
}

static bool revoke_read(const Cavea__V1__TicketsRevoke *m, ticket_command *c)
{
    c->type = TICKET_COMMAND_REVOKE;
    return id_read(&m->reservation_id, &c->reservation.u) && id_read(&m->event_id, &c->event.u) &&
           seats_read(m->seats, m->n_seats, c);
}

error_code ticket_command_read(const Cavea__V1__Command *message, ticket_command *ret_command)
{
    ticket_command c = {0};
    bool good = false;
    if (message->body_case == CAVEA__V1__COMMAND__BODY_TICKETS_ISSUE)
        good = issue_read(message->tickets_issue, &c);
    else if (message->body_case == CAVEA__V1__COMMAND__BODY_TICKETS_SIGNED)
        good = signed_read(message->tickets_signed, &c);
    else if (message->body_case == CAVEA__V1__COMMAND__BODY_TICKETS_REVOKE)
        good = revoke_read(message->tickets_revoke, &c);
    if (!good)
        return ERROR_MALFORMED;
    *ret_command = c;
    return ERROR_NONE;
}

static ProtobufCBinaryData id_bytes(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

void ticket_fact_write(const ticket_fact *f, Cavea__V1__TicketFact *ret_message)
{
    *ret_message = (Cavea__V1__TicketFact)CAVEA__V1__TICKET_FACT__INIT;
    ret_message->at_us = f->at_us;
    ret_message->ticket_id = id_bytes(&f->ticket.u);
    ret_message->reservation_id = id_bytes(&f->reservation.u);
    ret_message->event_id = id_bytes(&f->event.u);
    ret_message->seat = f->seat;
    ret_message->state = (uint32_t)f->state;
    ret_message->key_id = (char *)(uintptr_t)f->key_id;
}
