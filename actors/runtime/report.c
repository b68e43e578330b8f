#include "actors/runtime/report.h"

#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

enum { UNSEALED_LOG_US = 1000 * 1000 }; // at most so often

static void report_tick(const runtime_report *report)
{
    metric_add(METRIC_TICKS, 1);
    metric_add_for(METRIC_COMMITS, METRIC_COMMIT_OK, 1);
    metric_observe(METRIC_TICK_MESSAGES, report->messages);
    metric_observe(METRIC_COMMIT_SECONDS, report->commit_us);
    metric_add(METRIC_MESSAGES_DIRECT, report->direct);
    metric_add(METRIC_MESSAGES_SEEN, report->seen);
    for (unsigned a = ALARM_NONE + 1; a < ALARMS_END; a++)
        if (report->alarms[a] > 0)
            metric_add_for(METRIC_PAYMENT_ALARMS, a, report->alarms[a]);
}

static void log_actor(log_level level, const char *name, const runtime_report *report)
{
    log_event(level, name, LOG_S("kind", actor_kind_name(report->actor.kind)),
              LOG_U("actor", &report->actor.id.u));
}

// Somebody who may send anything at all may send this as often as the network carries it.
static void report_unsealed(const runtime_report *report)
{
    static int64_t told_us; // of the tick thread, like all of this
    metric_add_for(METRIC_MESSAGES_UNSEALED, (unsigned)report->actor.kind, 1);
    int64_t now_us = clock_monotonic_us();
    if (told_us != 0 && told_us + UNSEALED_LOG_US > now_us)
        return;
    told_us = now_us;
    log_actor(LOG_WARNING, "message.unsealed", report);
}

void report_runtime(void *self, const runtime_report *report)
{
    (void)self;
    switch (report->type) {
    case REPORT_TICK:
        return report_tick(report);
    case REPORT_FENCED:
        metric_add(METRIC_TICKS_FENCED, 1);
        metric_add_for(METRIC_COMMITS, METRIC_COMMIT_FENCED, 1);
        metric_add_for(METRIC_LEASES_LOST, (unsigned)report->actor.kind, 1);
        return log_actor(LOG_WARNING, "lease.lost", report);
    case REPORT_REFUSED:
        metric_add_for(METRIC_COMMITS, METRIC_COMMIT_REFUSED, 1);
        return log_event(LOG_ERROR, "tick.refused");
    case REPORT_UNKNOWN:
        metric_add_for(METRIC_COMMITS, METRIC_COMMIT_UNKNOWN, 1);
        return log_event(LOG_WARNING, "tick.lost");
    case REPORT_DIRECT:
        return metric_add(METRIC_MESSAGES_SENT_DIRECT, 1);
    case REPORT_REJECTED:
        metric_add_for(METRIC_MESSAGES_REJECTED, (unsigned)report->actor.kind, 1);
        return log_actor(LOG_ERROR, "message.rejected", report);
    case REPORT_DROPPED:
        return metric_add(METRIC_COMMANDS_LATE, 1);
    case REPORT_MALFORMED:
        metric_add(METRIC_MESSAGES_MALFORMED, 1);
        return log_actor(LOG_WARNING, "message.malformed", report);
    case REPORT_UNSEALED:
        return report_unsealed(report);
    case REPORT_SLEPT:
        return log_actor(LOG_INFO, "actor.slept", report);
    case REPORT_MOVED:
        return log_actor(LOG_INFO, "actor.moved", report);
    case REPORT_UNMOVED:
        return log_actor(LOG_WARNING, "actor.move_refused", report);
    }
}

void report_gauges(runtime *r)
{
    metric_set(METRIC_MAILBOX_DEPTH, runtime_mailbox_depth(r));
    metric_add(METRIC_MAILBOX_FULL, runtime_refused_take(r));
    for (unsigned kind = ACTOR_EVENT; kind < ACTOR_KINDS_END; kind++)
        metric_set_for(METRIC_CELLS_AWAKE, kind, runtime_cells_of(r, (actor_kind)kind));
}
