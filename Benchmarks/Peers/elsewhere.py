"""Figures that are not measured here, scaled to this machine and said to be so.

RTNeural's static builds (sizes fixed at compile time, -O3 -march=native, the quicker of its Eigen and xsimd backends)
and a prototype in C with intrinsics, measured on an AMD EPYC of Zen 4 with one thread pinned to one core, best of
interleaved rounds, whose core made 59.1 GMAC/s and read 105 GB/s from L2. RTNeural cannot be fetched by a script that runs
offline. What reads its weights from L2 is scaled by the measured bandwidth of L2, everything else by the measured peak.
"""

PEAK = 59.1e9
L2 = 105e9
L1_SIZE = 32 << 10

# (cell, inputs) -> hidden -> µs of one step, one row.
RTNEURAL = {
    ("lstm", 1): {16: 0.0809, 32: 0.175, 64: 0.798, 128: 2.64, 256: 11.1},
    ("gru", 1): {16: 0.0877, 32: 0.167, 64: 0.616, 128: 1.92, 256: 7.8},
    ("lstm", 16): {16: 0.11, 64: 0.886, 256: 12.0},
}

# (cell, inputs) -> rows -> hidden -> µs per step and row.
PROTOTYPE = {
    ("lstm", 1): {
        1: {16: 0.0569, 32: 0.117, 64: 0.66, 128: 2.43, 256: 10.8},
        64: {16: 0.0368, 32: 0.108, 64: 0.359, 128: 1.33, 256: 4.96},
        1024: {16: 0.0372, 32: 0.115, 64: 0.371, 128: 1.36, 256: 5.03},
    },
    ("gru", 1): {
        1: {16: 0.0519, 32: 0.0894, 64: 0.471, 128: 1.88, 256: 7.43},
        64: {16: 0.0277, 32: 0.0781, 64: 0.261, 128: 0.947, 256: 3.7},
        1024: {16: 0.0259, 32: 0.0809, 64: 0.258, 128: 0.954, 256: 3.73},
    },
    ("rnn", 1): {
        1: {16: 0.0283, 32: 0.0432, 64: 0.0997, 128: 0.605, 256: 2.34},
        64: {16: 0.008, 32: 0.0271, 64: 0.0869, 128: 0.321, 256: 1.21},
        1024: {16: 0.00807, 32: 0.0269, 64: 0.0851, 128: 0.321, 256: 1.2},
    },
    ("lstm", 16): {1: {16: 0.0612, 32: 0.163, 64: 0.832, 128: 2.97, 256: 12.1}},
}


def scaled(microseconds, shape, machine):
    """Seconds that it would take here: weights of one row that do not fit into L1 come from L2."""
    isRead = shape.rows == 1 and 4 * shape.multiply_adds > L1_SIZE
    return microseconds * 1e-6 * (L2 / machine.levels["L2"] if isRead else PEAK / machine.peak)


def rtneural(shape, machine):
    if shape.rows != 1 or shape.steps > 1:
        return None
    figure = RTNEURAL.get((shape.cell, shape.inputs), {}).get(shape.hidden)
    return None if figure is None else scaled(figure, shape, machine)


def prototype(shape, machine):
    figure = PROTOTYPE.get((shape.cell, shape.inputs), {}).get(shape.rows, {}).get(shape.hidden)
    return None if figure is None or shape.steps > 1 else scaled(figure, shape, machine)
