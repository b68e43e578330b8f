// Known bugs that a test build (CAVEA_BUGS) can switch on at run time, to prove that somebody
// notices: the simulator finds each of them, and the database stops what it can. In every other
// build bug_on() is the constant false and nothing of them is left.
// Switched before anything runs; read by any thread afterwards.
#ifndef CAVEA_SCHEMAS_BUG_H
#define CAVEA_SCHEMAS_BUG_H

#include <stdbool.h>

#ifdef CAVEA_BUGS

// X(NAME, name on the command line, what it does)
#define BUG_LIST(X)                                                                                \
    X(TAKEN_SEAT, "taken-seat", "decide says yes to a taken seat")                                 \
    X(NO_IDEMPOTENCY, "no-idempotency", "a repeated key is decided again")                         \
    X(EXPIRE_ANY, "expire-any", "a deadline ends a reservation in any state")                      \
    X(EARLY_REPLY, "early-reply", "the answer leaves before the commit")                           \
    X(DIRECT_TWICE, "direct-twice", "a copy over the direct path is decided again")                \
    X(NO_RESEND, "no-resend", "facts without acknowledgement are never published again")           \
    X(NO_FENCE, "no-fence", "the store lets a stale epoch commit")                                 \
    X(CURSOR_APART, "cursor-apart", "cursor and seen numbers commit some time later")              \
    X(REFUND_NO_KEY, "refund-no-key", "each try of a refund is a refund of its own")               \
    X(LATE_ANY, "late-any", "a late payment gets its seats back, whoever has them")                \
    X(REFUND_FORGOTTEN, "refund-forgotten", "money that the event refused does not go back")       \
    X(NUMBERS_FORGOTTEN, "numbers-forgotten", "who takes over starts with no seen numbers")

typedef enum bug {
#define X(name, text, what) BUG_##name,
    BUG_LIST(X)
#undef X
        BUGS_END
} bug;

extern bool bug_switches[BUGS_END];
// False: there is no such bug.
bool bug_switch_on(const char *name);

#define bug_on(name) (bug_switches[name])

#else

#define bug_on(name) false

#endif
#endif
