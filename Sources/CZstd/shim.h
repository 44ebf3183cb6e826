/* Zstandard's simple and streaming interface; only RunnelRecordings imports it. */
#include <zstd.h>
