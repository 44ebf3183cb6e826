// RunnelPipeline
