#include "chaos/audit/audit.h"

#include <inttypes.h>
#include <stdarg.h>

static const char *const sentences[INVARIANTS + 1] = {
    [1] = "a seat has at most one owner",
    [2] = "what was acknowledged exists",
    [3] = "one Idempotency-Key has at most one success",
    [4] = "the money adds up, with the provider's books too",
    [5] = "each command took effect at most once, cursors only grow",
    [6] = "no stale holder committed",
    [7] = "each fact took effect exactly once",
    [8] = "no seat stays blocked",
    [9] = "valid tickets are the sold seats",
    [10] = "each confirmed reservation has its one payment",
};

void breach(verdict *v, int invariant, const char *format, ...)
{
    uint64_t n = v->breaches[invariant]++;
    if (n >= BREACHES_SHOWN)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(v->shown[invariant][n], BREACH_BYTES, format, arguments);
    va_end(arguments);
}

id_text text_of(const uuid *id)
{
    id_text t;
    uuid_format(id, t.text);
    return t;
}

uint64_t verdict_breaches(const verdict *v)
{
    uint64_t sum = 0;
    for (int i = 1; i <= INVARIANTS; i++)
        sum += v->breaches[i];
    return sum;
}

static uint64_t shown_count(const verdict *v, int invariant)
{
    return v->breaches[invariant] < BREACHES_SHOWN ? v->breaches[invariant] : BREACHES_SHOWN;
}

void verdict_print(const verdict *v, const evidence *e, FILE *out)
{
    uint64_t breaches = verdict_breaches(v);
    fprintf(out,
            "%s: %zu requests, %zu answers, %" PRIu64 " acknowledged reservations, %zu facts\n",
            breaches == 0 ? "ALL INVARIANTS HOLD" : "BROKEN", e->requests_count, e->answers_count,
            v->acknowledged, e->facts_count);
    for (int i = 1; i <= INVARIANTS; i++) {
        fprintf(out, "  %2d %-58s %8" PRIu64 " looked at, %s", i, sentences[i], v->looked[i],
                v->breaches[i] == 0 ? "holds\n" : "BROKEN ");
        if (v->breaches[i] > 0)
            fprintf(out, "%" PRIu64 " times\n", v->breaches[i]);
        for (uint64_t n = 0; n < shown_count(v, i); n++)
            fprintf(out, "       - %s\n", v->shown[i][n]);
        if (v->breaches[i] > BREACHES_SHOWN)
            fprintf(out, "       - and %" PRIu64 " more\n", v->breaches[i] - BREACHES_SHOWN);
    }
    fprintf(out, "  the latest release came %.3f s after its deadline\n",
            (double)v->latest_release_us / 1e6);
    if (v->tickets_repeated > 0)
        fprintf(out, "  %" PRIu64 " tickets were issued again by a host that took over, the same\n",
                v->tickets_repeated);
    if (v->undecided > 0)
        fprintf(out, "  %" PRIu64 " histories of a seat were too concurrent to decide on\n",
                v->undecided);
}

static void text_json(const char *text, FILE *out)
{
    putc('"', out);
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        if (*text >= ' ')
            putc(*text, out);
    }
    putc('"', out);
}

void verdict_json(const verdict *v, const evidence *e, FILE *out)
{
    fprintf(out,
            "{\"holds\":%s,\"breaches\":%" PRIu64 ",\"requests\":%zu,\"answers\":%zu,"
            "\"acknowledged\":%" PRIu64 ",\"facts\":%zu,\"latest_release_us\":%" PRId64
            ",\"undecided\":%" PRIu64 ",\"invariants\":[",
            verdict_breaches(v) == 0 ? "true" : "false", verdict_breaches(v), e->requests_count,
            e->answers_count, v->acknowledged, e->facts_count, v->latest_release_us, v->undecided);
    for (int i = 1; i <= INVARIANTS; i++) {
        fprintf(out, "%s{\"invariant\":%d,\"says\":", i == 1 ? "" : ",", i);
        text_json(sentences[i], out);
        fprintf(out, ",\"looked\":%" PRIu64 ",\"breaches\":%" PRIu64 ",\"shown\":[", v->looked[i],
                v->breaches[i]);
        for (uint64_t n = 0; n < shown_count(v, i); n++) {
            if (n > 0)
                putc(',', out);
            text_json(v->shown[i][n], out);
        }
        fprintf(out, "]}");
    }
    fprintf(out, "]}\n");
}

void audit_run(const evidence *e, const audit_limits *limits, verdict *ret_verdict)
{
    *ret_verdict = (verdict){.undecided = 0};
    check_owners(e, ret_verdict);
    check_held(e, limits, ret_verdict);
    check_sold(e, ret_verdict);
    check_money(e, limits, ret_verdict);
    check_leases(e, ret_verdict);
    check_facts(e, limits, ret_verdict);
    check_told(e, limits, ret_verdict);
    check_seats(e, limits, ret_verdict);
}
