#include "schemas/bug.h"

#ifdef CAVEA_BUGS

#include <string.h>

bool bug_switches[BUGS_END];

bool bug_switch_on(const char *name)
{
    static const char *const names[BUGS_END] = {
#define X(bug, text, what) text,
        BUG_LIST(X)
#undef X
    };
    for (int i = 0; i < BUGS_END; i++)
        if (strcmp(name, names[i]) == 0) {
            bug_switches[i] = true;
            return true;
        }
    return false;
}

#else

typedef int bug_is_empty; // a translation unit needs a declaration

#endif
