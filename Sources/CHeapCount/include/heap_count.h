// Counts what the calling thread asks of the heap, for tests of the promise that the hot path asks for nothing: allocations,
// and references to objects, each of which is an atomic operation on memory that threads share.
//
// Linking this replaces malloc, swift_retain and their siblings in the whole executable, which is why it is a target of its own,
// imported by RunnelTesting alone: it must never reach the daemon.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Allocations (malloc, calloc, realloc, aligned ones) of this thread since it began.
uint64_t runnel_allocation_count(void);

// References that this thread took (swift_retain) since it began; small strings count too, which are none.
uint64_t runnel_reference_count(void);

// False in sanitizer builds, whose own allocator must stay in place.
bool runnel_allocations_are_counted(void);
