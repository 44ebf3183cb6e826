// RunnelSignal
