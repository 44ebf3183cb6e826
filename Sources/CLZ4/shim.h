/* LZ4's frame interface; only RunnelRecordings imports it. */
#include <lz4frame.h>
