#include "chaos/audit/audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <strings.h>

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

static const struct {
    const char *name, *text;
    int invariant;
} looks[LOOKS_END] = {
#define X(look, of, words) [LOOK_##look] = {#look, words, of},
    LOOK_LIST(X)
#undef X
};
_Static_assert(LOOKS_END <= 32, "bits of a word");

bool look_find(const char *name, size_t bytes, look *ret_look)
{
    for (look l = 0; l < LOOKS_END; l++)
        if (strlen(looks[l].name) == bytes && strncasecmp(looks[l].name, name, bytes) == 0) {
            *ret_look = l;
            return true;
        }
    return false;
}

uint32_t verdict_missing(const verdict *v)
{
    uint32_t missing = 0;
    for (look l = 0; l < LOOKS_END; l++)
        if (v->looked[l] == 0)
            missing |= UINT32_C(1) << l;
    return missing & ~v->lacks;
}

static uint64_t looked_at(const verdict *v, int invariant)
{
    uint64_t sum = 0;
    for (look l = 0; l < LOOKS_END; l++)
        sum += looks[l].invariant == invariant ? v->looked[l] : 0;
    return sum;
}

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

// What was looked at, part by part; what should have been there and was not stands out.
static void parts_print(const verdict *v, int invariant, FILE *out)
{
    const char *comma = "       ";
    for (look l = 0; l < LOOKS_END; l++) {
        if (looks[l].invariant != invariant)
            continue;
        fprintf(out, "%s%" PRIu64 " %s", comma, v->looked[l], looks[l].text);
        comma = ", ";
    }
    putc('\n', out);
    for (look l = 0; l < LOOKS_END; l++)
        if (looks[l].invariant == invariant && (verdict_missing(v) >> l & 1) != 0)
            fprintf(out, "       - NOT LOOKED AT: %s: the run left nothing to judge\n",
                    looks[l].text);
}

static void invariant_print(const verdict *v, int i, FILE *out)
{
    fprintf(out, "  %2d %-58s ", i, sentences[i]);
    if (v->breaches[i] > 0)
        fprintf(out, "BROKEN %" PRIu64 " times\n", v->breaches[i]);
    else
        fputs(looked_at(v, i) > 0 ? "holds\n" : "not looked at\n", out);
    parts_print(v, i, out);
    for (uint64_t n = 0; n < shown_count(v, i); n++)
        fprintf(out, "       - %s\n", v->shown[i][n]);
    if (v->breaches[i] > BREACHES_SHOWN)
        fprintf(out, "       - and %" PRIu64 " more\n", v->breaches[i] - BREACHES_SHOWN);
}

void verdict_print(const verdict *v, const evidence *e, FILE *out)
{
    fprintf(out,
            "%s: %zu requests, %zu answers, %" PRIu64 " acknowledged reservations, %zu facts\n",
            verdict_breaches(v) > 0   ? "BROKEN"
            : verdict_missing(v) != 0 ? "NOT EVERYTHING WAS LOOKED AT"
                                      : "ALL INVARIANTS HOLD",
            e->requests_count, e->answers_count, v->acknowledged, e->facts_count);
    for (int i = 1; i <= INVARIANTS; i++)
        invariant_print(v, i, out);
    fprintf(out,
            "  the latest release came %.3f s after its deadline, and at least %.3f s by what was "
            "seen of the lease\n",
            (double)v->latest_release_us / 1e6, (double)v->latest_seen_us / 1e6);
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

static void parts_json(const verdict *v, int invariant, FILE *out)
{
    const char *comma = "";
    for (look l = 0; l < LOOKS_END; l++) {
        if (looks[l].invariant != invariant)
            continue;
        fprintf(out, "%s{\"looked_at\":\"%s\",\"count\":%" PRIu64 ",\"missing\":%s}", comma,
                looks[l].text, v->looked[l], (verdict_missing(v) >> l & 1) != 0 ? "true" : "false");
        comma = ",";
    }
}

void verdict_json(const verdict *v, const evidence *e, FILE *out)
{
    bool holds = verdict_breaches(v) == 0 && verdict_missing(v) == 0 && v->acknowledged > 0;
    fprintf(out,
            "{\"holds\":%s,\"breaches\":%" PRIu64 ",\"missing\":%d,\"requests\":%zu,"
            "\"answers\":%zu,\"acknowledged\":%" PRIu64 ",\"facts\":%zu,"
            "\"latest_release_us\":%" PRId64 ",\"latest_seen_us\":%" PRId64
            ",\"undecided\":%" PRIu64 ",\"invariants\":[",
            holds ? "true" : "false", verdict_breaches(v), __builtin_popcount(verdict_missing(v)),
            e->requests_count, e->answers_count, v->acknowledged, e->facts_count,
            v->latest_release_us, v->latest_seen_us, v->undecided);
    for (int i = 1; i <= INVARIANTS; i++) {
        fprintf(out, "%s{\"invariant\":%d,\"says\":", i == 1 ? "" : ",", i);
        text_json(sentences[i], out);
        fprintf(out, ",\"looked\":%" PRIu64 ",\"breaches\":%" PRIu64 ",\"parts\":[",
                looked_at(v, i), v->breaches[i]);
        parts_json(v, i, out);
        fprintf(out, "],\"shown\":[");
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
    *ret_verdict = (verdict){.lacks = limits->lacks};
    check_owners(e, ret_verdict);
    check_held(e, limits, ret_verdict);
    check_sold(e, ret_verdict);
    check_money(e, limits, ret_verdict);
    check_leases(e, ret_verdict);
    check_facts(e, limits, ret_verdict);
    check_maps(e, ret_verdict);
    check_told(e, limits, ret_verdict);
    check_replies(e, limits, ret_verdict);
    check_seats(e, limits, ret_verdict);
}
