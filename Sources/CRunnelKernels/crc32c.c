#include "runnel_crc32c.h"

#include <stddef.h>

#if defined(__x86_64__)

#define TARGET __attribute__((target("sse4.2")))
#define OF_EIGHT(state, word) (uint32_t)__builtin_ia32_crc32di(state, word)
#define OF_ONE __builtin_ia32_crc32qi
static int is_there(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__)

#include <sys/auxv.h>

#define TARGET __attribute__((target("crc")))
#define OF_EIGHT __builtin_arm_crc32cd
#define OF_ONE __builtin_arm_crc32cb
static int is_there(void) { return (getauxval(AT_HWCAP) & 1 << 7) != 0; }  // HWCAP_CRC32

#endif

#ifdef TARGET

TARGET static uint32_t by_instruction(uint32_t state, const void *bytes, int64_t count) {
  const uint8_t *byte = bytes;
  int64_t k = 0;
  for (; k + 8 <= count; k += 8) {
    uint64_t word;
    __builtin_memcpy(&word, byte + k, 8);
    state = OF_EIGHT(state, word);
  }
  for (; k < count; k++) state = OF_ONE(state, byte[k]);
  return state;
}

runnel_crc32c *runnel_crc32c_instruction(void) { return is_there() ? by_instruction : NULL; }

#else

runnel_crc32c *runnel_crc32c_instruction(void) { return NULL; }

#endif
