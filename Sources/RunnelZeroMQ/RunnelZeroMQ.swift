// RunnelZeroMQ
