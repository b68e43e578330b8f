#include "ops/provider/pay_page.h"

#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "ops/provider/intent.h"
#include "ops/provider/stripe.h"
#include "schemas/origin.h"

#include <civetweb.h>
#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const char style[] =
    ":root{color-scheme:light dark;font:1.125rem/1.5 system-ui,sans-serif}"
    "body{margin:0}main{max-width:30rem;margin:0 auto;padding:2rem 1rem}"
    "h1{font-size:1.5rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}"
    "dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}"
    "button,a{display:block;box-sizing:border-box;width:100%;min-height:3rem;margin:.75rem 0;"
    "padding:.5rem 1rem;font:inherit;text-align:center;border:2px solid currentColor;"
    "border-radius:.5rem;background:Canvas;color:CanvasText;cursor:pointer}"
    "button.pay{background:#0b5d2e;border-color:#0b5d2e;color:#fff;font-weight:600}"
    "button:focus-visible,a:focus-visible{outline:3px solid Highlight;outline-offset:3px}"
    "p.result{padding:.75rem 1rem;border-left:.5rem solid currentColor;font-weight:600}"
    "footer{font-size:.9rem}";

// What the page needs to know of an intent, copied while the mutex was held.
typedef struct view {
    char id[OBJECT_ID_BYTES];
    char client_secret[CLIENT_SECRET_BYTES];
    char money[64];
    char description[256];
    intent_status status;
    const char *decline; // NULL or the reason of the latest attempt; static
    const char *return_url;
} view;

static void escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
}

void pay_page_money(int64_t amount, const char *currency, char *ret_text, size_t text_bytes)
{
    static const char none[] = "jpy krw isk clp vnd", three[] = "bhd kwd omr jod tnd";
    int exponent = strstr(none, currency) != NULL ? 0 : strstr(three, currency) != NULL ? 3 : 2;
    int64_t unit = exponent == 0 ? 1 : exponent == 3 ? 1000 : 100;
    char code[4] = "";
    for (size_t i = 0; i < 3 && currency[i] != '\0'; i++)
        code[i] = (char)toupper((unsigned char)currency[i]);
    if (exponent == 0)
        snprintf(ret_text, text_bytes, "%" PRId64 " %s", amount, code);
    else
        snprintf(ret_text, text_bytes, "%" PRId64 ".%0*" PRId64 " %s", amount / unit, exponent,
                 amount % unit, code);
}

static void button(FILE *out, const char *class, const char *method, const char *text)
{
    fprintf(out, "<button class=\"%s\" name=\"payment_method\" value=\"%s\">%s</button>\n", class,
            method, text);
}

static void page_form(FILE *out, const view *v)
{
    fprintf(out, "<form method=\"post\" action=\"/pay/%s\">\n", v->id);
    fprintf(out, "<input type=\"hidden\" name=\"client_secret\" value=\"%s\">\n", v->client_secret);
    if (v->return_url != NULL) {
        fputs("<input type=\"hidden\" name=\"return_url\" value=\"", out);
        escaped(out, v->return_url);
        fputs("\">\n", out);
    }
    button(out, "pay", "pm_card_visa", "Pay with a card that works");
    button(out, "try", "pm_card_chargeDeclined", "Pay with a card that is declined");
    button(out, "try", "pm_card_chargeDeclinedInsufficientFunds",
           "Pay with a card without enough money");
    fputs("</form>\n", out);
}

static const char *page_result(const view *v)
{
    switch (v->status) {
    case INTENT_SUCCEEDED:
        return "Paid. Thank you.";
    case INTENT_PROCESSING:
        return "Your payment is being processed.";
    case INTENT_CANCELED:
        return "This payment was cancelled. Nothing was taken from your card.";
    case INTENT_REQUIRES_PAYMENT_METHOD:
    case INTENT_REQUIRES_CONFIRMATION:
    case INTENT_STATUSES_END:
        break;
    }
    return v->decline;
}

static void page_body(FILE *out, const view *v)
{
    const char *result = page_result(v);
    bool is_open =
        v->status == INTENT_REQUIRES_PAYMENT_METHOD || v->status == INTENT_REQUIRES_CONFIRMATION;
    if (result != NULL)
        fprintf(out, "<p class=\"result\" role=\"status\">%s</p>\n", result);
    fprintf(out, "<dl><dt>Amount</dt><dd>%s</dd>\n", v->money);
    if (v->description[0] != '\0') {
        fputs("<dt>For</dt><dd>", out);
        escaped(out, v->description);
        fputs("</dd>\n", out);
    }
    fprintf(out, "<dt>Payment</dt><dd>%s</dd></dl>\n", v->id);
    if (is_open)
        page_form(out, v);
    if (v->return_url != NULL) {
        fprintf(out, "<a class=\"%s\" href=\"", is_open ? "leave" : "back");
        escaped(out, v->return_url);
        fprintf(out, "\">Back to the shop%s</a>\n", is_open ? " without paying" : "");
    }
}

// v NULL: the link is not valid.
static void page_send(struct mg_connection *c, int status, const view *v)
{
    char *html = NULL;
    size_t html_bytes = 0;
    FILE *out = open_memstream(&html, &html_bytes);
    if (out == NULL)
        return;
    fprintf(out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n",
            v != NULL ? "Pay" : "Payment not found", style,
            v != NULL ? "Pay" : "Payment not found");
    if (v != NULL)
        page_body(out, v);
    else
        fputs("<p>This payment link is not valid. Go back to the shop and start again.</p>\n", out);
    fputs("<footer><p>This is a test provider: no card is charged.</p></footer>\n</main>\n"
          "</body>\n</html>\n",
          out);
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hash_text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    crypto_hash_sha256(hash, (const uint8_t *)style, sizeof style - 1);
    sodium_bin2base64(hash_text, sizeof hash_text, hash, sizeof hash,
                      sodium_base64_VARIANT_ORIGINAL);
    char headers[512];
    // The address has the client's secret in it: it is not told to whoever is linked to.
    snprintf(headers, sizeof headers,
             "Content-Security-Policy: default-src 'none'; style-src 'sha256-%s'; "
             "form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n"
             "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n",
             hash_text);
    if (fclose(out) == 0)
        web_respond(c, status, "text/html; charset=utf-8", headers, html, html_bytes);
    free(html);
}

// Whoever sends somebody here writes the address: nobody is sent on to a site that is not the
// shop's.
static const char *return_url_of(const provider *p, const form *f)
{
    const char *url = form_find(f, "return_url");
    return url != NULL && origins_have(p->o.return_origins, url) ? url : NULL;
}

static void view_fill(view *v, const provider *p, const intent *i, const form *f)
{
    *v = (view){.status = i->status};
    snprintf(v->id, sizeof v->id, "%s", i->e.id);
    snprintf(v->client_secret, sizeof v->client_secret, "%s", i->client_secret);
    pay_page_money(i->amount, i->currency, v->money, sizeof v->money);
    snprintf(v->description, sizeof v->description, "%s",
             i->description != NULL ? i->description : "");
    v->decline = i->is_declined ? i->card->message : NULL;
    v->return_url = return_url_of(p, f);
}

// Finds the intent by path and secret, pays when a method is given. False: no such payment.
static bool page_work(provider *p, const char *id, const form *f, bool is_post, view *ret_view)
{
    const char *secret = form_find(f, "client_secret");
    const char *method = form_find(f, "payment_method");
    answer a;
    answer_init(&a);
    pthread_mutex_lock(&p->books.mutex);
    intent *i = books_intent(&p->books, id);
    bool is_found = i != NULL && secret != NULL && stripe_secret_equal(secret, i->client_secret);
    if (is_found && is_post && method != NULL && logbook_is_well(p->logbook))
        intent_confirm(&p->books, i, method, &a); // the page tells the outcome from the intent
    if (is_found)
        view_fill(ret_view, p, i, f);
    provider_commit(p);
    pthread_mutex_unlock(&p->books.mutex);
    answer_done(&a);
    return is_found;
}

// Sends the browser back to the page itself, so that reloading it never pays again.
static void page_return(struct mg_connection *c, const view *v)
{
    jsonout location = {0};
    char head[256];
    int bytes =
        snprintf(head, sizeof head, "Location: /pay/%s?client_secret=%s", v->id, v->client_secret);
    jsonout_raw(&location, head, (size_t)bytes);
    if (v->return_url != NULL) {
        jsonout_raw(&location, "&return_url=", 12);
        for (const char *at = v->return_url; *at != '\0'; at++) {
            bool is_plain = isalnum((unsigned char)*at) || strchr("-._~", *at) != NULL;
            bytes = snprintf(head, sizeof head, is_plain ? "%c" : "%%%02X", (unsigned char)*at);
            jsonout_raw(&location, head, (size_t)bytes);
        }
    }
    jsonout_raw(&location, "\r\n", 2);
    if (location.bytes < 1500)
        web_respond(c, 303, "text/plain", location.at, "", 0);
    else
        page_send(c, 200, v);
    jsonout_done(&location);
}

// Parses the query, and after it the form of a POST: the address alone is enough to pay at.
// Returns a status to refuse with, or 0.
static int page_read(struct mg_connection *c, bool is_post, form *ret_form)
{
    const char *query = mg_get_request_info(c)->query_string;
    web_body body = {0};
    int refusal = is_post ? web_body_read(c, FORM_BYTES_MAX, API_DEADLINE_MS, &body) : 0;
    jsonout both = {0};
    if (query != NULL) {
        jsonout_raw(&both, query, strlen(query));
        jsonout_raw(&both, "&", body.bytes > 0 ? 1 : 0);
    }
    if (body.bytes > 0)
        jsonout_raw(&both, body.at, body.bytes);
    if (refusal == 0 && form_parse(both.at != NULL ? both.at : "", both.bytes, ret_form) != NULL)
        refusal = 400;
    jsonout_done(&both);
    web_body_done(&body);
    return refusal;
}

void pay_page_serve(provider *p, struct mg_connection *c)
{
    const struct mg_request_info *info = mg_get_request_info(c);
    int64_t start_us = clock_monotonic_us();
    bool is_post = strcmp(info->request_method, "POST") == 0;
    form f = {.fields_count = 0};
    view v;
    int status = page_read(c, is_post, &f);
    if (status == 0)
        status = page_work(p, info->local_uri + strlen("/pay/"), &f, is_post, &v) ? 200 : 404;
    if (status != 200)
        page_send(c, status, NULL);
    else if (is_post)
        page_return(c, &v);
    else
        page_send(c, 200, &v);
    metric_add_for2(METRIC_PROVIDER_REQUESTS, METRIC_PROVIDER_ROUTE_PAY_PAGE,
                    (unsigned)status / 100, 1);
    metric_observe_for(METRIC_PROVIDER_SECONDS, METRIC_PROVIDER_ROUTE_PAY_PAGE,
                       clock_monotonic_us() - start_us);
    form_done(&f);
}
