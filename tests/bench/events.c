// Draws ids for events: `events COUNT` prints that many lines of an id and its tag, separated by a
// tab, ready for COPY. The tag is a hash that PostgreSQL cannot compute.
#include "ops/host/random.h"
#include "schemas/id.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (count <= 0 || sodium_init() < 0)
        return 2;
    for (long i = 0; i < count; i++) {
        char text[UUID_TEXT_BYTES];
        event_id id = {random_uuid()};
        uuid_format(&id.u, text);
        printf("%s\t%u\n", text, event_tag(&id));
    }
    return 0;
}
