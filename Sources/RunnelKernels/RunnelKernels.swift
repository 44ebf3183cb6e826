// RunnelKernels
