#include "ops/provider/listing.h"

#include "ops/provider/shape.h"

// Seconds that stay far from overflow as microseconds: the year 14645.
static const int64_t CREATED_MAX = 400000000000;

typedef struct window {
    int64_t created_min, created_max; // both included
    int64_t limit;
    const entry *after; // NULL: from the newest
    const intent *of;   // refunds of this one only; NULL: all
} window;

static bool bound_read(const form *f, answer *a, const char *name, int64_t *value)
{
    int64_t given;
    switch (form_find_integer(f, name, &given)) {
    case FORM_PRESENT:
        *value = given;
        return true;
    case FORM_ABSENT:
        return true;
    case FORM_WRONG:
        break;
    }
    answer_invalid(a, "parameter_invalid_integer", name, "Invalid integer.");
    return false;
}

static int64_t clamp(int64_t value)
{
    return value < 0 ? 0 : value > CREATED_MAX ? CREATED_MAX : value;
}

static bool window_read(const form *f, answer *a, window *w)
{
    int64_t gt = -1, gte = 0, lt = CREATED_MAX, lte = CREATED_MAX, at = -1;
    w->limit = 10;
    if (!bound_read(f, a, "created[gt]", &gt) || !bound_read(f, a, "created[gte]", &gte) ||
        !bound_read(f, a, "created[lt]", &lt) || !bound_read(f, a, "created[lte]", &lte) ||
        !bound_read(f, a, "created", &at) || !bound_read(f, a, "limit", &w->limit))
        return false;
    w->created_min = clamp(gt + 1 > gte ? gt + 1 : gte);
    w->created_max = clamp(lt - 1 < lte ? lt - 1 : lte);
    if (at >= 0)
        w->created_min = w->created_max = clamp(at);
    if (w->limit < 1 || w->limit > 100) {
        answer_invalid(a, "parameter_invalid_integer", "limit", "Limit is 1 to 100.");
        return false;
    }
    if (form_find(f, "ending_before") != NULL) {
        answer_invalid(a, NULL, "ending_before", "This provider lists with starting_after only.");
        return false;
    }
    return true;
}

// The position behind the newest entry that can still be in the window. The sequence is by the
// host's clock and `created` by the provider's, which a fault may have moved: that is the margin.
static size_t window_start(const books *b, const entries *list, const window *w)
{
    size_t low = 0, high = w->after != NULL ? w->after->number : list->count;
    int64_t made_max_us = (w->created_max + 1) * 1000000 + b->offset_us_max;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list->at[middle]->made_us <= made_max_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The next entry of the window at or before position *at, which moves down; NULL at its end.
static const entry *window_next(const books *b, const entries *list, const window *w, size_t *at)
{
    int64_t made_min_us = (w->created_min - 1) * 1000000 - b->offset_us_max;
    while (*at > 0) {
        const entry *e = list->at[--*at];
        if (e->made_us < made_min_us)
            break;
        if (e->created >= w->created_min && e->created <= w->created_max)
            return e;
    }
    *at = 0;
    return NULL;
}

static void listing_begin(answer *a, const char *url)
{
    jsonout_open(&a->body, NULL, '{');
    jsonout_string(&a->body, "object", "list");
    jsonout_string(&a->body, "url", url);
    jsonout_open(&a->body, "data", '[');
}

static void listing_end(answer *a, bool has_more)
{
    jsonout_close(&a->body, ']');
    jsonout_boolean(&a->body, "has_more", has_more);
    jsonout_close(&a->body, '}');
}

void listing_intents(const books *b, const form *f, answer *a)
{
    window w = {0};
    const char *after = form_find(f, "starting_after");
    if (!window_read(f, a, &w))
        return;
    if (after != NULL && books_intent(b, after) == NULL) {
        answer_missing(a, "payment_intent", after);
        return;
    }
    w.after = after != NULL ? &books_intent(b, after)->e : NULL;
    size_t at = window_start(b, &b->intents_made, &w);
    const entry *e = window_next(b, &b->intents_made, &w, &at);
    listing_begin(a, "/v1/payment_intents");
    for (int64_t n = 0; n < w.limit && e != NULL; n++) {
        shape_intent(&a->body, NULL, b, (const intent *)(const void *)e);
        e = window_next(b, &b->intents_made, &w, &at);
    }
    listing_end(a, e != NULL);
}

// Refunds of one payment are a short chain; all refunds are a window.
static const refund *refund_next(const books *b, const window *w, size_t *at, const refund *last)
{
    if (w->of == NULL)
        return (const refund *)(const void *)window_next(b, &b->refunds_made, w, at);
    const refund *r = last != NULL ? last->older : w->of->refunds;
    while (r != NULL && (r->e.created < w->created_min || r->e.created > w->created_max ||
                         (w->after != NULL && r->e.number >= w->after->number)))
        r = r->older;
    return r;
}

void listing_refunds(const books *b, const form *f, answer *a)
{
    window w = {0};
    const char *after = form_find(f, "starting_after");
    const char *of = form_find(f, "payment_intent");
    if (!window_read(f, a, &w))
        return;
    w.of = of != NULL ? books_intent(b, of) : NULL;
    if (of != NULL && w.of == NULL) {
        answer_missing(a, "payment_intent", of);
        return;
    }
    if (after != NULL && books_refund(b, after) == NULL) {
        answer_missing(a, "refund", after);
        return;
    }
    w.after = after != NULL ? &books_refund(b, after)->e : NULL;
    size_t at = window_start(b, &b->refunds_made, &w);
    const refund *r = refund_next(b, &w, &at, NULL);
    listing_begin(a, "/v1/refunds");
    for (int64_t n = 0; n < w.limit && r != NULL; n++) {
        shape_refund(&a->body, NULL, r);
        r = refund_next(b, &w, &at, r);
    }
    listing_end(a, r != NULL);
}
