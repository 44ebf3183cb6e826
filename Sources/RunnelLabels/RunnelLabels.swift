// RunnelLabels
