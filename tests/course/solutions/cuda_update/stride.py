from numba import cuda


@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    for row in range(cuda.grid(1), len(g), cuda.gridsize(1)):
        share, rest, s = g[row], 1.0 - g[row], 0.0
        for j in range(dh.shape[1]):
            d = dh[row, j]
            s += d * h_new[row, j] - d * h_prev[row, j]
            dh_new[row, j] = d * share
            dh_prev[row, j] = d * rest
        dg[row] = s
