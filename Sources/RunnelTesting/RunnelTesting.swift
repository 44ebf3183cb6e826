// RunnelTesting
