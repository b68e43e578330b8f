#include "actors/runtime/perform_sign.h"

#include "actors/runtime/perform_keys.h"
#include "actors/runtime/perform_queue.h"
#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

enum { KEYS_LOOK_MS = 2000 }; // how soon a new active key is seen

struct sign_workers {
    perform_queue queue;
    perform_sink sink;
    const char *keys_dir;
    pthread_mutex_t mutex; // of the signer and its time
    ticket_signer signer;
    int64_t looked_us;
    pthread_t threads[PERFORM_SIGN_THREADS_MAX];
    uint32_t threads_count;
};

// The key that signs now. One that cannot be read any more is not taken away from those who sign:
// the old one goes on and the log says so.
static ticket_signer signer_now(sign_workers *w)
{
    char problem[CONFIG_PROBLEM_BYTES];
    ticket_signer active;
    pthread_mutex_lock(&w->mutex);
    int64_t now_us = clock_monotonic_us();
    if (now_us - w->looked_us > KEYS_LOOK_MS * 1000) {
        w->looked_us = now_us;
        if (!ticket_keys_active(w->keys_dir, &active, problem)) {
            log_event(LOG_ERROR, "ticket_key.unread", LOG_S("problem", problem));
        } else {
            if (strcmp(active.id, w->signer.id) != 0)
                log_event(LOG_INFO, "ticket_key.changed", LOG_S("kid", active.id));
            w->signer = active;
            sodium_memzero(&active, sizeof active);
        }
    }
    ticket_signer signer = w->signer;
    pthread_mutex_unlock(&w->mutex);
    return signer;
}

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

static void effect_sign(sign_workers *w, const effect *e)
{
    ticket_texts texts[SEATS_PER_RESERVATION_MAX];
    ticket_claims claims[SEATS_PER_RESERVATION_MAX];
    Cavea__V1__SignedTicket items[SEATS_PER_RESERVATION_MAX], *list[SEATS_PER_RESERVATION_MAX];
    Cavea__V1__TicketsSigned outcome = CAVEA__V1__TICKETS_SIGNED__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    ticket_signer signer = signer_now(w);
    assert(e->seats_count <= SEATS_PER_RESERVATION_MAX);
    for (uint32_t i = 0; i < e->seats_count; i++) {
        claims[i] = ticket_claims_of(&e->reservation, &e->event, e->seats[i]);
        ticket_sign(&signer, &claims[i], &texts[i]);
        items[i] = (Cavea__V1__SignedTicket)CAVEA__V1__SIGNED_TICKET__INIT;
        items[i].ticket_id = binary(&claims[i].ticket.u);
        items[i].event_id = binary(&e->event.u);
        items[i].seat = e->seats[i];
        items[i].key_id = signer.id;
        items[i].jws = texts[i].jws;
        items[i].compact = texts[i].compact;
        list[i] = &items[i];
    }
    outcome.reservation_id = binary(&e->reservation.u);
    outcome.n_tickets = e->seats_count;
    outcome.tickets = list;
    command.id = binary(&e->reservation.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_SIGNED;
    command.tickets_signed = &outcome;
    perform_deliver(&w->sink, &e->actor, &command);
    metric_add(METRIC_TICKETS_SIGNED, e->seats_count);
    sodium_memzero(&signer, sizeof signer);
}

static void *worker(void *self)
{
    sign_workers *w = self;
    effect e;
    while (perform_queue_wait(&w->queue, &e)) {
        effect_sign(w, &e);
        metric_change(METRIC_EFFECTS_QUEUED, -1);
    }
    return NULL;
}

sign_workers *sign_workers_new(const perform_settings *settings,
                               char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    ticket_signer signer;
    if (!ticket_keys_prepare(settings->ticket_keys_dir, ret_problem) ||
        !ticket_keys_active(settings->ticket_keys_dir, &signer, ret_problem))
        return NULL;
    sign_workers *w = calloc(1, sizeof *w);
    if (w == NULL || !perform_queue_init(&w->queue, PERFORM_SIGNS_QUEUED_MAX)) {
        free(w);
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "There is no memory for the ticket signers.");
        return NULL;
    }
    pthread_mutex_init(&w->mutex, NULL);
    w->sink = settings->sink;
    w->keys_dir = settings->ticket_keys_dir;
    w->signer = signer;
    sodium_memzero(&signer, sizeof signer);
    w->looked_us = clock_monotonic_us();
    for (int64_t i = 0; i < settings->sign_threads && i < PERFORM_SIGN_THREADS_MAX; i++) {
        if (pthread_create(&w->threads[w->threads_count], NULL, worker, w) != 0)
            break;
        w->threads_count++;
    }
    if (w->threads_count > 0)
        return w;
    sign_workers_free(w);
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "No thread for signing tickets could be started.");
    return NULL;
}

bool sign_workers_start(sign_workers *w, const effect *e)
{
    bool put = perform_queue_put(&w->queue, e);
    metric_change(METRIC_EFFECTS_QUEUED, put);
    return put;
}

void sign_workers_stop(sign_workers *w)
{
    perform_queue_close(&w->queue);
    for (uint32_t i = 0; i < w->threads_count; i++)
        pthread_join(w->threads[i], NULL);
    w->threads_count = 0;
}

void sign_workers_free(sign_workers *w)
{
    if (w == NULL)
        return;
    sign_workers_stop(w);
    sodium_memzero(&w->signer, sizeof w->signer);
    perform_queue_done(&w->queue);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}
