// A bounded table of things known by a uuid: flat memory, open addressing, the order of last use,
// and a due time for each thing that has one. It is what the payment, ticket and expiry actors keep
// their memory in. Refuses to know what an item is, who may be forgotten and what time it is.
// One thread at a time. Allocates in table_new, and in table_add while it is below capacity_max.
#ifndef CAVEA_ACTORS_TABLE_TABLE_H
#define CAVEA_ACTORS_TABLE_TABLE_H

#include "schemas/id.h"

enum { TABLE_NONE = UINT32_MAX };
#define TABLE_NEVER INT64_MAX

typedef struct table table;

// Room for `capacity` items of item_bytes each, growing by doubling up to capacity_max; equal
// capacities never allocate again. NULL when memory is out.
table *table_new(uint32_t item_bytes, uint32_t capacity, uint32_t capacity_max);
void table_free(table *t);

uint32_t table_count(const table *t);
uint64_t table_bytes(const table *t);                 // of memory
uint32_t table_find(const table *t, const uuid *key); // its slot, or TABLE_NONE

// Adds a zeroed item for a key that is not there, as the one used last, without a due time. Returns
// its slot; TABLE_NONE when the table is full at capacity_max or memory is out. Pointers to items
// are valid until the next table_add; slots are valid until their item is removed.
MUST_CHECK uint32_t table_add(table *t, const uuid *key);
void table_remove(table *t, uint32_t slot);

void *table_item(const table *t, uint32_t slot);
const uuid *table_key(const table *t, uint32_t slot);
void table_touch(table *t, uint32_t slot); // it is now the one used last

// Whom to forget: the item that was not used for longest among those without a due time, looking
// at no more than looks_max items; when all of these have one, the one that was not used for
// longest. TABLE_NONE when the table is empty.
uint32_t table_stalest(const table *t, uint32_t looks_max);

void table_due_set(table *t, uint32_t slot, int64_t due_us); // TABLE_NEVER: none
int64_t table_due(const table *t, uint32_t slot);
uint32_t table_due_first(const table *t); // the slot that is due first, or TABLE_NONE
int64_t table_due_next(const table *t);   // its time, or TABLE_NEVER

#endif
