// Every metric of every program, and every value a label can have: the one list (STYLE.md, Text).
// To add a metric add a line; nothing else changes. Included by metric.h only.
//
// Labels: METRIC_LABEL_<SET>(V) lists V(NAME, "value") and becomes the enum metric_<set> with
// METRIC_<SET>_<NAME>; METRIC_LABEL_LIST names the sets and their label keys. NONE is no label.
// Append values, so that code that indexes by another enum's order stays right.
#ifndef CAVEA_OPS_HOST_METRIC_LIST_H
#define CAVEA_OPS_HOST_METRIC_LIST_H

#define METRIC_LABEL_NONE(V) V(NONE, ONLY, "")

#define METRIC_LABEL_LEVEL(V)                                                                      \
    V(LEVEL, DEBUG, "debug")                                                                       \
    V(LEVEL, INFO, "info") V(LEVEL, WARNING, "warning") V(LEVEL, ERROR, "error")

// In the order of actor_kind, which starts at 1.
#define METRIC_LABEL_KIND(V)                                                                       \
    V(KIND, OTHER, "other")                                                                        \
    V(KIND, EVENT, "event")                                                                        \
    V(KIND, PAYMENT, "payment") V(KIND, TICKET, "ticket") V(KIND, EXPIRY, "expiry")

#define METRIC_LABEL_COMMAND(V)                                                                    \
    V(COMMAND, OTHER, "other")                                                                     \
    V(COMMAND, RESERVE, "reserve")                                                                 \
    V(COMMAND, CANCEL, "cancel")                                                                   \
    V(COMMAND, EXPIRE, "expire")                                                                   \
    V(COMMAND, CHECKOUT, "checkout")                                                               \
    V(COMMAND, PAYMENT_CAPTURED, "payment_captured")                                               \
    V(COMMAND, RESERVATION_RELEASE, "reservation_release")                                         \
    V(COMMAND, EVENT_STATUS_SET, "event_status_set")                                               \
    V(COMMAND, CANCEL_CONFIRMED, "cancel_confirmed")                                               \
    V(COMMAND, REFUND_ALL, "refund_all")                                                           \
    V(COMMAND, PAYMENT_START, "payment_start")                                                     \
    V(COMMAND, PROVIDER_REPORT, "provider_report")                                                 \
    V(COMMAND, PAYMENT_DECIDED, "payment_decided")                                                 \
    V(COMMAND, TICKETS_ISSUE, "tickets_issue")                                                     \
    V(COMMAND, TICKETS_SIGNED, "tickets_signed")                                                   \
    V(COMMAND, TICKETS_REVOKE, "tickets_revoke") V(COMMAND, DEADLINES_NOTE, "deadlines_note")

#define METRIC_LABEL_ANSWER(V) V(ANSWER, ACCEPTED, "accepted") V(ANSWER, REFUSED, "refused")

// In the order of store_result.
#define METRIC_LABEL_COMMIT(V)                                                                     \
    V(COMMIT, OK, "ok")                                                                            \
    V(COMMIT, FENCED, "fenced") V(COMMIT, REFUSED, "refused") V(COMMIT, UNKNOWN, "unknown")

// In the order of stuck_kind, which starts at 1.
#define METRIC_LABEL_STUCK(V)                                                                      \
    V(STUCK, OTHER, "other")                                                                       \
    V(STUCK, PAYMENT_UNDECIDED, "payment_undecided")                                               \
    V(STUCK, CHECKOUT_UNSTARTED, "checkout_unstarted")                                             \
    V(STUCK, CONFIRMED_UNTICKETED, "confirmed_unticketed")                                         \
    V(STUCK, HELD_OVERDUE, "held_overdue")                                                         \
    V(STUCK, PAYMENT_OPEN, "payment_open")                                                         \
    V(STUCK, REFUND_UNSENT, "refund_unsent")                                                       \
    V(STUCK, REFUND_UNASKED, "refund_unasked") V(STUCK, REFUND_UNREVOKED, "refund_unrevoked")

#define METRIC_LABEL_CALL(V)                                                                       \
    V(CALL, INTENT_CREATE, "intent_create")                                                        \
    V(CALL, INTENT_CANCEL, "intent_cancel")                                                        \
    V(CALL, INTENT_FETCH, "intent_fetch")                                                          \
    V(CALL, REFUND_CREATE, "refund_create")                                                        \
    V(CALL, REFUND_FETCH, "refund_fetch") V(CALL, LIST, "list")

// In the order of money_alarm (actors/runtime/ports.h).
#define METRIC_LABEL_ALARM(V)                                                                      \
    V(ALARM, OTHER, "other")                                                                       \
    V(ALARM, PARKED, "parked")                                                                     \
    V(ALARM, AMOUNT_MISMATCH, "amount_mismatch")                                                   \
    V(ALARM, SECOND_CAPTURE, "second_capture")                                                     \
    V(ALARM, REFUND_GIVEN_UP, "refund_given_up")                                                   \
    V(ALARM, DIFFERENCE, "difference") V(ALARM, FOUND_BY_LIST, "found_by_list")

#define METRIC_LABEL_OUTCOME(V)                                                                    \
    V(OUTCOME, OK, "ok")                                                                           \
    V(OUTCOME, REFUSED, "refused") V(OUTCOME, FAILED, "failed") V(OUTCOME, TIMED_OUT, "timed_out")

#define METRIC_LABEL_WEBHOOK(V)                                                                    \
    V(WEBHOOK, ACCEPTED, "accepted")                                                               \
    V(WEBHOOK, IGNORED, "ignored")                                                                 \
    V(WEBHOOK, MALFORMED, "malformed")                                                             \
    V(WEBHOOK, SIGNATURE_INVALID, "signature_invalid")                                             \
    V(WEBHOOK, STALE, "stale") V(WEBHOOK, UNANSWERED, "unanswered")

#define METRIC_LABEL_ROUTE(V)                                                                      \
    V(ROUTE, OTHER, "other")                                                                       \
    V(ROUTE, SESSION_CREATE, "session_create")                                                     \
    V(ROUTE, EVENT_LIST, "event_list")                                                             \
    V(ROUTE, EVENT_READ, "event_read")                                                             \
    V(ROUTE, PLAN_READ, "plan_read")                                                               \
    V(ROUTE, AVAILABILITY_READ, "availability_read")                                               \
    V(ROUTE, SEATS_READ, "seats_read")                                                             \
    V(ROUTE, SEATS_BIN_READ, "seats_bin_read")                                                     \
    V(ROUTE, RESERVATION_CREATE, "reservation_create")                                             \
    V(ROUTE, RESERVATION_READ, "reservation_read")                                                 \
    V(ROUTE, RESERVATION_CANCEL, "reservation_cancel")                                             \
    V(ROUTE, CHECKOUT_CREATE, "checkout_create")                                                   \
    V(ROUTE, CANCELLATION_CREATE, "cancellation_create")                                           \
    V(ROUTE, WEBHOOK, "webhook")                                                                   \
    V(ROUTE, TICKET_LIST, "ticket_list")                                                           \
    V(ROUTE, TICKET_QR, "ticket_qr")                                                               \
    V(ROUTE, JWKS, "jwks") V(ROUTE, OPENAPI, "openapi") V(ROUTE, ASSET, "asset")

// In the order of status / 100.
#define METRIC_LABEL_STATUS(V)                                                                     \
    V(STATUS, NONE, "none")                                                                        \
    V(STATUS, 1XX, "1xx")                                                                          \
    V(STATUS, 2XX, "2xx") V(STATUS, 3XX, "3xx") V(STATUS, 4XX, "4xx") V(STATUS, 5XX, "5xx")

#define METRIC_LABEL_PROVIDER_ROUTE(V)                                                             \
    V(PROVIDER_ROUTE, OTHER, "other")                                                              \
    V(PROVIDER_ROUTE, INTENT_CREATE, "intent_create")                                              \
    V(PROVIDER_ROUTE, INTENT_READ, "intent_read")                                                  \
    V(PROVIDER_ROUTE, INTENT_LIST, "intent_list")                                                  \
    V(PROVIDER_ROUTE, INTENT_CONFIRM, "intent_confirm")                                            \
    V(PROVIDER_ROUTE, INTENT_CANCEL, "intent_cancel")                                              \
    V(PROVIDER_ROUTE, REFUND_CREATE, "refund_create")                                              \
    V(PROVIDER_ROUTE, REFUND_READ, "refund_read")                                                  \
    V(PROVIDER_ROUTE, REFUND_LIST, "refund_list")                                                  \
    V(PROVIDER_ROUTE, PAY_PAGE, "pay_page")

#define METRIC_LABEL_DELIVERY(V)                                                                   \
    V(DELIVERY, OK, "ok") V(DELIVERY, FAILED, "failed") V(DELIVERY, DROPPED, "dropped")

#define METRIC_LABEL_JOIN(V) V(JOIN, RESET, "reset") V(JOIN, RESUMED, "resumed")

#define METRIC_LABEL_REFUSAL(V)                                                                    \
    V(REFUSAL, REQUEST, "request") V(REFUSAL, ADDRESS, "address") V(REFUSAL, FULL, "full")

#define METRIC_LABEL_LIST(L)                                                                       \
    L(NONE, none, "")                                                                              \
    L(LEVEL, level, "level")                                                                       \
    L(KIND, kind, "kind")                                                                          \
    L(COMMAND, command, "command")                                                                 \
    L(ANSWER, answer, "answer")                                                                    \
    L(COMMIT, commit, "result")                                                                    \
    L(STUCK, stuck, "stuck")                                                                       \
    L(CALL, call, "call")                                                                          \
    L(ALARM, alarm, "alarm")                                                                       \
    L(OUTCOME, outcome, "outcome")                                                                 \
    L(WEBHOOK, webhook, "outcome")                                                                 \
    L(ROUTE, route, "route")                                                                       \
    L(STATUS, status, "status")                                                                    \
    L(PROVIDER_ROUTE, provider_route, "route")                                                     \
    L(DELIVERY, delivery, "outcome")                                                               \
    L(JOIN, join, "how")                                                                           \
    L(REFUSAL, refusal, "reason")

// M(program, NAME, type, first label set, second label set, exposed name, help)
// program: ALL, ACTORS, EDGE, LIVE or PROVIDER. type: COUNTER (name ends in _total), GAUGE,
// HISTOGRAM_SECONDS (observed in microseconds, name ends in _seconds), HISTOGRAM_COUNT.
#define METRIC_LIST(M)                                                                             \
    M(ALL, HEAP_BYTES, GAUGE, NONE, NONE, "cavea_process_heap_bytes",                              \
      "Memory that was taken from the heap and not given back, when this was asked")               \
    M(ALL, LOG_LINES, COUNTER, LEVEL, NONE, "cavea_log_lines_total", "Log lines written")          \
    M(ALL, LOG_DROPPED, COUNTER, NONE, NONE, "cavea_log_lines_dropped_total",                      \
      "Log lines that stderr did not take")                                                        \
    M(ACTORS, TICKS, COUNTER, NONE, NONE, "cavea_runtime_ticks_total",                             \
      "Ticks that had something to commit")                                                        \
    M(ACTORS, TICK_SECONDS, HISTOGRAM_SECONDS, NONE, NONE, "cavea_runtime_tick_seconds",           \
      "From the first message of a tick to its last reply")                                        \
    M(ACTORS, TICK_MESSAGES, HISTOGRAM_COUNT, NONE, NONE, "cavea_runtime_tick_messages",           \
      "Messages taken by one tick")                                                                \
    M(ACTORS, COMMITS, COUNTER, COMMIT, NONE, "cavea_runtime_commits_total",                       \
      "Transactions of ticks by result")                                                           \
    M(ACTORS, COMMIT_SECONDS, HISTOGRAM_SECONDS, NONE, NONE, "cavea_runtime_commit_seconds",       \
      "Duration of a tick's transaction")                                                          \
    M(ACTORS, COMMANDS, COUNTER, COMMAND, ANSWER, "cavea_runtime_commands_total",                  \
      "Commands decided, by kind and answer")                                                      \
    M(ACTORS, COMMANDS_LATE, COUNTER, NONE, NONE, "cavea_runtime_commands_late_total",             \
      "Reserve commands dropped because nobody waited any more")                                   \
    M(ACTORS, MESSAGES_SEEN, COUNTER, NONE, NONE, "cavea_runtime_messages_seen_total",             \
      "Messages that had arrived before and were not decided again")                               \
    M(ACTORS, MESSAGES_DIRECT, COUNTER, NONE, NONE, "cavea_runtime_messages_direct_total",         \
      "Messages that came over the direct path")                                                   \
    M(ACTORS, MESSAGES_SENT_DIRECT, COUNTER, NONE, NONE,                                           \
      "cavea_runtime_messages_sent_direct_total",                                                  \
      "Messages of actors to others that took the direct path, too")                               \
    M(ACTORS, MESSAGES_REJECTED, COUNTER, KIND, NONE, "cavea_runtime_messages_rejected_total",     \
      "Messages skipped because they failed alone three times")                                    \
    M(ACTORS, MESSAGES_MALFORMED, COUNTER, NONE, NONE, "cavea_runtime_messages_malformed_total",   \
      "Messages that could not be decoded")                                                        \
    M(ACTORS, MESSAGES_UNSEALED, COUNTER, KIND, NONE, "cavea_runtime_messages_unsealed_total",     \
      "Messages refused because only actors and the operator may send them")                       \
    M(ACTORS, TICKS_FENCED, COUNTER, NONE, NONE, "cavea_runtime_ticks_fenced_total",               \
      "Ticks aborted because an actor had moved to another host")                                  \
    M(ACTORS, CELLS_AWAKE, GAUGE, KIND, NONE, "cavea_runtime_cells_awake", "Actors in memory")     \
    M(ACTORS, CELL_LOAD_SECONDS, HISTOGRAM_SECONDS, KIND, NONE, "cavea_runtime_cell_load_seconds", \
      "From a wake-up to an actor that answers")                                                   \
    M(ACTORS, LEASES_TAKEN, COUNTER, KIND, NONE, "cavea_runtime_leases_taken_total",               \
      "Leases taken")                                                                              \
    M(ACTORS, LEASES_LOST, COUNTER, KIND, NONE, "cavea_runtime_leases_lost_total",                 \
      "Leases found to be another host's")                                                         \
    M(ACTORS, MAILBOX_DEPTH, GAUGE, NONE, NONE, "cavea_runtime_mailbox_messages",                  \
      "Messages waiting for the next tick")                                                        \
    M(ACTORS, MAILBOX_FULL, COUNTER, NONE, NONE, "cavea_runtime_mailbox_refusals_total",           \
      "Messages refused by a full mailbox")                                                        \
    M(ACTORS, FACTS, COUNTER, KIND, NONE, "cavea_runtime_facts_total", "Facts committed")          \
    M(ACTORS, FACTS_UNPUBLISHED, GAUGE, NONE, NONE, "cavea_runtime_facts_unpublished",             \
      "Facts committed and not yet acknowledged by the stream")                                    \
    M(ACTORS, PUBLISH_RETRIES, COUNTER, NONE, NONE, "cavea_runtime_publish_retries_total",         \
      "Publishes sent again for want of an acknowledgement")                                       \
    M(ACTORS, CONSUMER_RESETS, COUNTER, NONE, NONE, "cavea_runtime_consumer_resets_total",         \
      "Stream consumers subscribed again by the watchdog")                                         \
    M(ACTORS, RECONCILED, COUNTER, STUCK, NONE, "cavea_runtime_reconciled_total",                  \
      "Stuck work found by the reconciler and sent again")                                         \
    M(ACTORS, EFFECTS_QUEUED, GAUGE, NONE, NONE, "cavea_runtime_effects_queued",                   \
      "Effects waiting to be performed or under way")                                              \
    M(ACTORS, EFFECTS_REFUSED, COUNTER, NONE, NONE, "cavea_runtime_effects_refused_total",         \
      "Effects refused by a full queue; the reconciler asks again")                                \
    M(ACTORS, PROVIDER_CALLS, COUNTER, CALL, OUTCOME, "cavea_payment_calls_total",                 \
      "Calls to the payment provider")                                                             \
    M(ACTORS, PROVIDER_CALL_SECONDS, HISTOGRAM_SECONDS, CALL, NONE, "cavea_payment_call_seconds",  \
      "Duration of calls to the payment provider")                                                 \
    M(ACTORS, PROVIDER_BREAKER, GAUGE, NONE, NONE, "cavea_payment_breaker",                        \
      "Calls to the payment provider: 0 pass, 1 are probed, 2 are held back")                      \
    M(ACTORS, PROVIDER_WAITING, GAUGE, NONE, NONE, "cavea_payment_calls_waiting",                  \
      "Calls to the payment provider that wait for their turn")                                    \
    M(ACTORS, PROVIDER_FLYING, GAUGE, NONE, NONE, "cavea_payment_calls_inflight",                  \
      "Calls to the payment provider under way")                                                   \
    M(ACTORS, PROVIDER_THROTTLED, COUNTER, NONE, NONE, "cavea_payment_calls_throttled_total",      \
      "Calls that the payment provider answered with 429")                                         \
    M(ACTORS, PROVIDER_LISTED, COUNTER, NONE, NONE, "cavea_payment_intents_listed_total",          \
      "Intents of the payment provider's list that were compared with ours")                       \
    M(ACTORS, PROVIDER_LIST_AGE, GAUGE, NONE, NONE, "cavea_payment_list_age_seconds",              \
      "Since the payment provider's list was last compared with ours to its end")                  \
    M(ACTORS, PAYMENT_ALARMS, COUNTER, ALARM, NONE, "cavea_payment_alarms_total",                  \
      "What people should know of money, see actors/runtime/ports.h")                              \
    M(ACTORS, TICKETS_SIGNED, COUNTER, NONE, NONE, "cavea_ticket_signatures_total",                \
      "Tickets signed")                                                                            \
    M(ACTORS, EXPIRY_LAG_SECONDS, HISTOGRAM_SECONDS, NONE, NONE, "cavea_expiry_lag_seconds",       \
      "From a hold's deadline to the end of its reservation")                                      \
    M(ACTORS, MONEY_UNBALANCED, GAUGE, NONE, NONE, "cavea_money_unbalanced_minor",                 \
      "By how much reservations, payments and postings contradict each other; must be 0")          \
    M(ACTORS, MONEY_UNDECIDED_AGE, GAUGE, NONE, NONE, "cavea_money_undecided_age_seconds",         \
      "Age of the oldest money that was captured and neither bought seats nor went back")          \
    M(ACTORS, MONEY_UNDECIDED_EVENTS, GAUGE, NONE, NONE, "cavea_money_undecided_events",           \
      "Events with such money, of those looked at")                                                \
    M(ACTORS, MONEY_LOOKS, COUNTER, NONE, NONE, "cavea_money_looks_total",                         \
      "Looks at the conservation of money that this host completed")                               \
    M(ACTORS, HEARTBEAT_SECONDS, GAUGE, NONE, NONE, "cavea_host_heartbeat_age_seconds",            \
      "Since the last heartbeat that the database took")                                           \
    M(EDGE, HTTP_REQUESTS, COUNTER, ROUTE, STATUS, "cavea_http_requests_total",                    \
      "HTTP requests answered")                                                                    \
    M(EDGE, HTTP_SECONDS, HISTOGRAM_SECONDS, ROUTE, NONE, "cavea_http_request_seconds",            \
      "From a request's head to its answer")                                                       \
    M(EDGE, HTTP_INFLIGHT, GAUGE, NONE, NONE, "cavea_http_requests_inflight",                      \
      "HTTP requests being served")                                                                \
    M(EDGE, HTTP_SHED, COUNTER, NONE, NONE, "cavea_http_requests_shed_total",                      \
      "HTTP requests refused with 503, at the door or where too many waited")                      \
    M(EDGE, BATCHES, COUNTER, NONE, NONE, "cavea_edge_batches_total",                              \
      "Envelopes sent to actors, without re-sends")                                                \
    M(EDGE, BATCH_COMMANDS, HISTOGRAM_COUNT, NONE, NONE, "cavea_edge_batch_commands",              \
      "Commands in one envelope")                                                                  \
    M(EDGE, RESENDS, COUNTER, NONE, NONE, "cavea_edge_resends_total",                              \
      "Envelopes sent again over the direct path")                                                 \
    M(EDGE, WAKES, COUNTER, NONE, NONE, "cavea_edge_wakes_total", "Wake-ups sent for actors")      \
    M(EDGE, WAITS_TIMED_OUT, COUNTER, NONE, NONE, "cavea_edge_waits_timed_out_total",              \
      "Requests whose deadline came before the actor's reply")                                     \
    M(EDGE, REPLY_SECONDS, HISTOGRAM_SECONDS, NONE, NONE, "cavea_edge_reply_seconds",              \
      "From an envelope's first sending to its reply")                                             \
    M(EDGE, SEAT_MAPS, GAUGE, NONE, NONE, "cavea_edge_seat_maps", "Seat maps kept in memory")      \
    M(EDGE, SEAT_MAP_SNAPSHOTS, COUNTER, NONE, NONE, "cavea_edge_seat_map_snapshots_total",        \
      "Seat maps loaded from the database, at first or after a gap")                               \
    M(EDGE, LIVE_DELTAS, COUNTER, NONE, NONE, "cavea_edge_live_deltas_total",                      \
      "Seat-map deltas applied")                                                                   \
    M(EDGE, WEBHOOKS, COUNTER, WEBHOOK, NONE, "cavea_payment_webhooks_total",                      \
      "Callbacks of the payment provider by outcome")                                              \
    M(LIVE, LISTENERS, GAUGE, NONE, NONE, "cavea_live_listeners", "Browsers that have a stream")   \
    M(LIVE, LISTENERS_JOINED, COUNTER, JOIN, NONE, "cavea_live_listeners_joined_total",            \
      "Streams begun: where the listener was, or with the word to ask for the map")                \
    M(LIVE, LISTENERS_REFUSED, COUNTER, REFUSAL, NONE, "cavea_live_listeners_refused_total",       \
      "Requests for a stream that were refused")                                                   \
    M(LIVE, LISTENERS_DROPPED, COUNTER, NONE, NONE, "cavea_live_listeners_dropped_total",          \
      "Streams ended because the listener did not take what was sent")                             \
    M(LIVE, LIVE_RELAYED, COUNTER, NONE, NONE, "cavea_live_deltas_total",                          \
      "Seat-map deltas taken from NATS")                                                           \
    M(LIVE, LIVE_ROUND_SECONDS, HISTOGRAM_SECONDS, NONE, NONE, "cavea_live_round_seconds",         \
      "One round of writing to the listeners of all events that changed")                          \
    M(PROVIDER, PROVIDER_REQUESTS, COUNTER, PROVIDER_ROUTE, STATUS,                                \
      "cavea_provider_requests_total", "HTTP requests answered")                                   \
    M(PROVIDER, PROVIDER_SECONDS, HISTOGRAM_SECONDS, PROVIDER_ROUTE, NONE,                         \
      "cavea_provider_request_seconds", "From a request's head to its answer")                     \
    M(PROVIDER, PROVIDER_REPLAYS, COUNTER, NONE, NONE, "cavea_provider_replays_total",             \
      "Answers replayed for a repeated Idempotency-Key")                                           \
    M(PROVIDER, PROVIDER_DELIVERIES, COUNTER, DELIVERY, NONE, "cavea_provider_deliveries_total",   \
      "Webhook delivery attempts by outcome")                                                      \
    M(PROVIDER, PROVIDER_UNDELIVERED, GAUGE, NONE, NONE, "cavea_provider_webhooks_undelivered",    \
      "Webhooks waiting for delivery or for the next attempt")                                     \
    M(PROVIDER, PROVIDER_INTENTS, GAUGE, NONE, NONE, "cavea_provider_intents",                     \
      "Payment intents in the books")

#endif
