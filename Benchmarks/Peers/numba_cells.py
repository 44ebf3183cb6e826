"""Recurrent steps in numba, h and c overwritten row by row. fastmath lets it reorder sums and use wide registers."""

import math

import numba

FLOAT = numba.float32
SIGNATURE = "void(f4[:,::1], f4[:,::1], f4[::1], f4[::1], f4[:,::1], f4[:,::1])"


@numba.njit("f4(f4)", fastmath=True, inline="always")
def sigmoid(x):
    return FLOAT(1) / (FLOAT(1) + math.exp(-x))


@numba.njit(SIGNATURE, fastmath=True)
def rnn(x, weights, bias, sums, h, c):
    inputs, hidden = x.shape[1], h.shape[1]
    for row in range(x.shape[0]):
        for j in range(hidden):
            sums[j] = bias[j]
        for k in range(inputs):
            for j in range(hidden):
                sums[j] += x[row, k] * weights[k, j]
        for k in range(hidden):
            for j in range(hidden):
                sums[j] += h[row, k] * weights[inputs + k, j]
        for j in range(hidden):
            h[row, j] = math.tanh(sums[j])


@numba.njit(SIGNATURE, fastmath=True)
def lstm(x, weights, bias, sums, h, c):
    inputs, hidden = x.shape[1], h.shape[1]
    for row in range(x.shape[0]):
        for j in range(4 * hidden):
            sums[j] = bias[j]
        for k in range(inputs):
            for j in range(4 * hidden):
                sums[j] += x[row, k] * weights[k, j]
        for k in range(hidden):
            for j in range(4 * hidden):
                sums[j] += h[row, k] * weights[inputs + k, j]
        for j in range(hidden):
            i, f = sigmoid(sums[j]), sigmoid(sums[hidden + j])
            g, o = math.tanh(sums[2 * hidden + j]), sigmoid(sums[3 * hidden + j])
            c[row, j] = f * c[row, j] + i * g
            h[row, j] = o * math.tanh(c[row, j])


@numba.njit(SIGNATURE, fastmath=True)
def gru(x, weights, bias, sums, h, c):
    inputs, hidden = x.shape[1], h.shape[1]
    for row in range(x.shape[0]):
        for j in range(4 * hidden):
            sums[j] = bias[j]
        for k in range(inputs):
            for j in range(3 * hidden):
                sums[j] += x[row, k] * weights[k, j]
        for k in range(hidden):
            for j in range(2 * hidden):
                sums[j] += h[row, k] * weights[inputs + k, j]
            for j in range(hidden):
                sums[3 * hidden + j] += h[row, k] * weights[inputs + k, 2 * hidden + j]
        for j in range(hidden):
            r, z = sigmoid(sums[j]), sigmoid(sums[hidden + j])
            n = math.tanh(sums[2 * hidden + j] + r * sums[3 * hidden + j])
            h[row, j] = (FLOAT(1) - z) * n + z * h[row, j]


STEPS = {"rnn": rnn, "gru": gru, "lstm": lstm}
