"""Which function of torch is understood by which of ours, and why others are not."""

FUNCTIONS = {}

REASONS = {
    "scaled_dot_product_attention": "looks at every step at once: attention is not supported",
    "multi_head_attention_forward": "looks at every step at once: attention is not supported",
    "conv_transpose1d": "makes more steps than came in: not supported",
    "interpolate": "makes other steps than came in: not supported; sample at the model's rate instead",
    "group_norm": "takes statistics over time: use LayerNorm over the features, or BatchNorm1d",
    "instance_norm": "takes statistics over time: use LayerNorm over the features, or BatchNorm1d",
    "flip": "turns time round: use a bidirectional layer (regime='windowed')",
    "max_pool2d_with_indices": "gives places of maxima, which cannot be described",
    "repeat_interleave": "makes other steps than came in: not supported",
    "cumsum": "sums over all of the past: not supported; use an RNN",
}


def supported():
    return (
        "Conv1d, Linear, RNN, LSTM, GRU (runnel_export.cells has variants), BatchNorm1d, LayerNorm, MaxPool1d, "
        "AvgPool1d, Embedding, the usual activations, softmax, +, *, cat, slices of features, mean or max over time"
    )


def function(*names):
    def register(f):
        for name in names:
            FUNCTIONS[name] = f
        return f

    return register
