// Counts the heap allocations of the calling thread, for tests of the zero-allocation promise.
//
// Linking this replaces malloc and its siblings in the whole executable, which is why it is a target of its own,
// imported by RunnelTesting alone: it must never reach the daemon.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Allocations (malloc, calloc, realloc, aligned ones) of this thread since it began.
uint64_t runnel_allocation_count(void);

// False in sanitizer builds, whose own allocator must stay in place.
bool runnel_allocations_are_counted(void);
