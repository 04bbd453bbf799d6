"""The functions that networks are built from, by what they do; names as `explainers.interception` gives them."""

from __future__ import annotations

CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d"})
TRANSPOSED = frozenset({"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"})
NORMS = frozenset({"batch_norm", "instance_norm", "group_norm", "layer_norm"})

# They pass what is positive, and hold back, or weaken, what is not.
RECTIFIERS = frozenset(
    {"relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "prelu", "rrelu", "elu", "elu_", "selu", "celu"}
)
SMOOTH = frozenset({"gelu", "silu", "mish", "softplus", "hardtanh", "hardswish", "tanh", "tanh_", "clamp", "clip"})
ACTIVATIONS = RECTIFIERS | SMOOTH | {"clamp_", "clip_", "hardtanh_", "selu_", "celu_", "rrelu_", "clamp_min"}
GATES = frozenset({"sigmoid", "sigmoid_", "hardsigmoid", "softmax"})

AVERAGES = frozenset(
    {
        *("avg_pool1d", "avg_pool2d", "avg_pool3d"),
        *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"),
        *("mean", "sum", "interpolate", "upsample"),
    }
)
SUMS = {
    **dict.fromkeys(("add", "add_", "__add__", "__iadd__", "__radd__"), 1),
    **dict.fromkeys(("sub", "sub_", "__sub__", "__isub__", "subtract", "rsub", "__rsub__"), -1),
}
# The second operand less the first.
TURNED = frozenset({"rsub", "__rsub__"})
PRODUCTS = frozenset({"mul", "mul_", "__mul__", "__imul__", "__rmul__", "multiply"})
QUOTIENTS = frozenset({"div", "div_", "__truediv__", "__itruediv__", "true_divide"})

# Values are moved about and not changed.
MOVES = frozenset(
    {
        *("view", "view_as", "reshape", "flatten", "unflatten", "permute", "transpose", "movedim", "swapaxes", "t"),
        *("contiguous", "clone", "to", "float", "unsqueeze", "squeeze", "expand", "expand_as", "repeat"),
        *("broadcast_to", "cat", "concat", "concatenate", "stack", "split", "chunk", "unbind", "narrow", "select"),
        *("index_select", "__getitem__", "pad", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "roll", "flip"),
        *("tile", "identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"),
        "feature_alpha_dropout",
    }
)
# The largest value is moved on.
MAXIMA = frozenset(
    {
        *("max_pool1d", "max_pool2d", "max_pool3d"),
        *("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
        *("max", "amax", "maximum"),
    }
)
