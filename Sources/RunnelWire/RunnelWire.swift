// RunnelWire
