#define _GNU_SOURCE
#include "heap_count.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

// Thread-local, so that tests running beside this one do not count.
static _Thread_local uint64_t count;
static _Thread_local uint64_t references;

uint64_t runnel_allocation_count(void) { return count; }

// MARK: references

// As with malloc, a definition in the executable goes before that of the library, for what the executable calls.
#define COUNTED(name, type, parameters, arguments, times)             \
  type name parameters {                                              \
    static type(*original) parameters;                                \
    if (original == NULL) original = dlsym(RTLD_NEXT, #name);         \
    references += times;                                              \
    return original arguments;                                        \
  }

COUNTED(swift_retain, void *, (void *object), (object), 1)
COUNTED(swift_retain_n, void *, (void *object, uint32_t times), (object, times), times)
COUNTED(swift_bridgeObjectRetain, void *, (void *object), (object), 1)
COUNTED(swift_bridgeObjectRetain_n, void *, (void *object, int times), (object, times), (uint64_t)times)

uint64_t runnel_reference_count(void) { return references; }

// MARK: allocations

#ifdef SANITIZED

bool runnel_allocations_are_counted(void) { return false; }

#else

bool runnel_allocations_are_counted(void) { return true; }

// A definition in the executable goes before that of the C library. glibc exports the originals under these names,
// so that no dlsym is needed, which would itself allocate before the first allocation works.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  count++;
  return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
  count++;
  return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size) {
  count++;
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count++;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count++;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  count++;
  void *memory = __libc_memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *result = memory;
  return 0;
}

#endif
