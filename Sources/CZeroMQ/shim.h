/* The whole of libzmq's C interface; only RunnelZeroMQ imports it. */
#include <zmq.h>
