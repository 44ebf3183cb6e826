// CRC-32C by the instruction that processors have for it.
#pragma once

#include <stdint.h>

// The register after `count` more bytes, at any alignment; it is inverted neither before nor after.
typedef uint32_t runnel_crc32c(uint32_t state, const void *bytes, int64_t count);

// NULL where the processor has no such instruction.
runnel_crc32c *runnel_crc32c_instruction(void);
