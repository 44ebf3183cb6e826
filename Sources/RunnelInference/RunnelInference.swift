// RunnelInference
