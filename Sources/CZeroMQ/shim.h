/* The whole of libzmq's C interface, and what Poller waits with, which Glibc's module lacks; only RunnelZeroMQ imports it. */
#include <sys/epoll.h>
#include <zmq.h>
