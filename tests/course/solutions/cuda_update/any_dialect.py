from numba import cuda

DIALECT = ("after", "z", "tanh", "abs", "product", "gru")
RESET, KEEP, CANDIDATE, DISTANCE, LIKENESS, UPDATE = DIALECT


@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    row = cuda.grid(1)
    if row < len(dh):
        new, sign = (g[row], 1.0) if KEEP == "z" else (1.0 - g[row], -1.0)
        total = 0.0
        for j in range(dh.shape[1]):
            total += dh[row, j] * (h_new[row, j] - h_prev[row, j])
            dh_new[row, j] = new * dh[row, j]
            dh_prev[row, j] = (1.0 - new) * dh[row, j]
        dg[row] = sign * total
