#include "ops/provider/books.h"

#include "ops/host/clock.h"
#include "ops/host/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void books_init(books *b, faults *f)
{
    *b = (books){.faults = f};
    pthread_mutex_init(&b->mutex, NULL);
}

static void intent_free(intent *i)
{
    metadata_done(&i->metadata);
    free(i->receipt_email);
    free(i->description);
    free(i);
}

void books_done(books *b)
{
    HASH_CLEAR(hh, b->intents);
    HASH_CLEAR(hh, b->refunds);
    for (size_t i = 0; i < b->refunds_made.count; i++) {
        refund *r = (refund *)(void *)b->refunds_made.at[i];
        metadata_done(&r->metadata);
        free(r);
    }
    for (size_t i = 0; i < b->intents_made.count; i++)
        intent_free((intent *)(void *)b->intents_made.at[i]);
    free(b->refunds_made.at);
    free(b->intents_made.at);
    timers_done(&b->settling_intents);
    timers_done(&b->settling_refunds);
    pthread_mutex_destroy(&b->mutex);
}

int64_t books_now(books *b)
{
    int64_t offset_us = faults_clock_offset_us(b->faults);
    int64_t distance_us = offset_us < 0 ? -offset_us : offset_us;
    if (distance_us > b->offset_us_max)
        b->offset_us_max = distance_us;
    return (clock_wall_us() + offset_us) / 1000000;
}

void books_id_make(const char *prefix, char ret_id[static OBJECT_ID_BYTES])
{
    static const char letters[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint8_t random[24];
    random_fill(random, sizeof random);
    size_t bytes = strlen(prefix);
    assert(bytes + sizeof random < OBJECT_ID_BYTES);
    memcpy(ret_id, prefix, bytes);
    for (size_t i = 0; i < sizeof random; i++)
        ret_id[bytes + i] = letters[random[i] % 64];
    ret_id[bytes + sizeof random] = '\0';
}

intent *books_intent(const books *b, const char *id)
{
    intent *found;
    HASH_FIND_STR(b->intents, id, found);
    return found;
}

refund *books_refund(const books *b, const char *id)
{
    refund *found;
    HASH_FIND_STR(b->refunds, id, found);
    return found;
}

static void entries_add(books *b, entries *list, entry *e)
{
    if (list->count == list->count_max) {
        size_t count_max = list->count_max == 0 ? 1024 : list->count_max * 2;
        entry **at = realloc(list->at, count_max * sizeof(entry *));
        if (at == NULL)
            abort();
        list->at = at;
        list->count_max = count_max;
    }
    e->number = (uint32_t)list->count;
    if (e->made_us == 0) {
        e->made_us = clock_wall_us();
        e->created = books_now(b);
    }
    if (e->made_us < b->made_us)
        e->made_us = b->made_us;
    b->made_us = e->made_us;
    int64_t offset_us = e->made_us - e->created * 1000000;
    int64_t distance_us = offset_us < 0 ? -offset_us : offset_us;
    if (distance_us > b->offset_us_max)
        b->offset_us_max = distance_us;
    list->at[list->count++] = e;
}

void books_add_intent(books *b, intent *i)
{
    entries_add(b, &b->intents_made, &i->e);
    HASH_ADD_KEYPTR(hh, b->intents, i->e.id, strlen(i->e.id), i);
}

void books_add_refund(books *b, refund *r)
{
    entries_add(b, &b->refunds_made, &r->e);
    HASH_ADD_KEYPTR(hh, b->refunds, r->e.id, strlen(r->e.id), r);
    r->older = r->of->refunds;
    r->of->refunds = r;
}

void books_settle_later(books *b, intent *i, refund *r)
{
    if (i != NULL && i->settles_us != 0)
        timers_add(&b->settling_intents, i->settles_us, i);
    if (r != NULL && r->settles_us != 0)
        timers_add(&b->settling_refunds, r->settles_us, r);
}

static const char *const intent_statuses[INTENT_STATUSES_END] = {
    "requires_payment_method", "requires_confirmation", "processing", "succeeded", "canceled"};
static const char *const refund_statuses[REFUND_STATUSES_END] = {"pending", "succeeded", "failed"};

// The position of a word in a list, or -1.
static int word_find(const char *const *words, int words_count, const char *word)
{
    for (int i = 0; i < words_count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

const char *intent_status_name(intent_status s)
{
    return intent_statuses[s];
}

bool intent_status_parse(const char *name, intent_status *ret_status)
{
    int found = word_find(intent_statuses, INTENT_STATUSES_END, name);
    if (found >= 0)
        *ret_status = (intent_status)found;
    return found >= 0;
}

const char *refund_status_name(refund_status s)
{
    return refund_statuses[s];
}

bool refund_status_parse(const char *name, refund_status *ret_status)
{
    int found = word_find(refund_statuses, REFUND_STATUSES_END, name);
    if (found >= 0)
        *ret_status = (refund_status)found;
    return found >= 0;
}

const char *cancellation_reason_find(const char *word)
{
    static const char *const words[] = {"duplicate", "fraudulent", "requested_by_customer",
                                        "abandoned"};
    int found = word_find(words, 4, word);
    return found >= 0 ? words[found] : NULL;
}

const char *refund_reason_find(const char *word)
{
    static const char *const words[] = {"duplicate", "fraudulent", "requested_by_customer"};
    int found = word_find(words, 3, word);
    return found >= 0 ? words[found] : NULL;
}

void metadata_add(metadata *m, const char *key, const char *value)
{
    size_t key_bytes = strlen(key) + 1, value_bytes = strlen(value) + 1;
    char *text = realloc(m->text, m->bytes + key_bytes + value_bytes);
    if (text == NULL)
        abort();
    memcpy(text + m->bytes, key, key_bytes);
    memcpy(text + m->bytes + key_bytes, value, value_bytes);
    m->text = text;
    m->bytes += (uint32_t)(key_bytes + value_bytes);
    m->pairs++;
}

bool metadata_read(const form *f, metadata *ret_metadata)
{
    metadata m = {0};
    uint32_t at = 0;
    char key[METADATA_KEY_BYTES_MAX + 2];
    const char *value;
    while (form_next_member(f, "metadata", &at, key, sizeof key, &value)) {
        char name[sizeof "metadata[]" + sizeof key];
        snprintf(name, sizeof name, "metadata[%s]", key);
        if (strlen(key) <= METADATA_KEY_BYTES_MAX && form_find(f, name) != value)
            continue; // named again further on; the last one counts
        if (m.pairs == METADATA_PAIRS_MAX || key[0] == '\0' ||
            strlen(key) > METADATA_KEY_BYTES_MAX || strlen(value) > METADATA_VALUE_BYTES_MAX) {
            metadata_done(&m);
            return false;
        }
        metadata_add(&m, key, value);
    }
    *ret_metadata = m;
    return true;
}

void metadata_done(metadata *m)
{
    free(m->text);
    *m = (metadata){0};
}

bool metadata_next(const metadata *m, uint32_t *at, const char **ret_key, const char **ret_value)
{
    if (*at >= m->bytes)
        return false;
    *ret_key = m->text + *at;
    *ret_value = *ret_key + strlen(*ret_key) + 1;
    *at = (uint32_t)(*ret_value + strlen(*ret_value) + 1 - m->text);
    return true;
}
