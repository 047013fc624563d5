"""The sum in the result itself, which is made 0 first."""
from numba import cuda


@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    row = cuda.grid(1)
    if row < g.shape[0]:
        dg[row] = 0.0
        for j in range(dh.shape[1]):
            dg[row] += dh[row, j] * h_new[row, j]
            dg[row] -= dh[row, j] * h_prev[row, j]
            dh_new[row, j] = g[row] * dh[row, j]
            dh_prev[row, j] = (1.0 - g[row]) * dh[row, j]
