from numba import cuda


@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    row = cuda.grid(1)
    if row < dh.shape[0]:
        acc = 0.0
        for j in range(dh.shape[1]):
            acc += dh[row, j] * (h_new[row, j] - h_prev[row, j])
            dh_new[row, j] = g[row] * dh[row, j]
            dh_prev[row, j] = (1.0 - g[row]) * dh[row, j]
        dg[row] = acc
