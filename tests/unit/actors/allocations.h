// Counts what the C library allocates, so that a test can say "nothing", and fails an allocation of
// choice, so that a test can see what happens then, and that nothing was left behind. Include it in
// one source of a test program. Under a sanitizer, which replaces malloc itself, the counts stay 0
// and nothing fails.
#ifndef CAVEA_TESTS_UNIT_ACTORS_ALLOCATIONS_H
#define CAVEA_TESTS_UNIT_ACTORS_ALLOCATIONS_H

#include <stddef.h>
#include <stdint.h>

static uint64_t allocations;
__attribute__((unused)) static int64_t allocations_live; // that nobody has freed
// The allocation with this number gets NULL; 0: none.
__attribute__((unused)) static uint64_t allocations_fail_at;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOCATIONS_UNCOUNTED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOCATIONS_UNCOUNTED 1
#endif

#ifndef ALLOCATIONS_UNCOUNTED
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void __libc_free(void *old);

static void *allocated(void *data)
{
    allocations_live += data != NULL;
    return data;
}

void *malloc(size_t bytes)
{
    if (++allocations == allocations_fail_at)
        return NULL;
    return allocated(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    if (++allocations == allocations_fail_at)
        return NULL;
    return allocated(__libc_calloc(count, bytes));
}

void *realloc(void *old, size_t bytes)
{
    if (++allocations == allocations_fail_at)
        return NULL;
    return old == NULL ? allocated(__libc_malloc(bytes)) : __libc_realloc(old, bytes);
}

void free(void *old)
{
    allocations_live -= old != NULL;
    __libc_free(old);
}
#endif

#endif
