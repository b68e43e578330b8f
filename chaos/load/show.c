#include "chaos/load/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static show *show_of(load *l, const char *event)
{
    for (uint32_t i = 0; i < l->shows_count; i++)
        if (strcmp(l->shows[i].id, event) == 0)
            return &l->shows[i];
    if (l->shows_count == EVENTS_MAX)
        return NULL;
    show *w = &l->shows[l->shows_count++];
    snprintf(w->id, sizeof w->id, "%s", event);
    w->seat = calloc(SEATS_PER_EVENT_MAX, sizeof *w->seat);
    return w;
}

void shows_read(load *l)
{
    char text[160], event[37], seat[72];
    FILE *f = fopen(l->o.seats_file, "re");
    errno = 0;
    while (f != NULL && fgets(text, sizeof text, f) != NULL) {
        show *w = sscanf(text, "%36[0-9a-f-]\t%71s", event, seat) == 2 ? show_of(l, event) : NULL;
        if (w == NULL || w->seat == NULL || w->seats_count == SEATS_PER_EVENT_MAX)
            load_die("a line of the list of seats");
        snprintf(w->seat[w->seats_count++], sizeof *w->seat, "%s", seat);
    }
    if (f == NULL || l->shows_count == 0)
        load_die(l->o.seats_file);
    fclose(f);
    for (uint32_t i = 0; i < l->shows_count; i++)
        if (l->shows[i].seats_count < SEATS_EACH_MAX)
            load_die("an event has too few seats");
}
