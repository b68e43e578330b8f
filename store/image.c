// Gives back what the store's answers own. Plain memory, so that a store in memory can use it too.
#include "store/store.h"

#include <stdlib.h>

void lease_done(lease *l)
{
    free(l->senders);
    l->senders = NULL;
    l->senders_bytes = 0;
}

void event_image_done(event_image *image)
{
    free(image->packed_plan);
    free(image->reservations);
    free(image->refusals);
    image->packed_plan = NULL;
    image->reservations = NULL;
    image->refusals = NULL;
    image->packed_plan_bytes = image->reservations_count = image->refusals_count = 0;
}

void fact_page_done(fact_page *page)
{
    free(page->facts);
    free(page->bytes);
    *page = (fact_page){0};
}
