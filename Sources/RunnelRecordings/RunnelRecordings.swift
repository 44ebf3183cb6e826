// RunnelRecordings
