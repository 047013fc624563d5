from numba import cuda


@cuda.jit(device=True)
def slope(dh, h_new, h_prev, row):
    s = 0.0
    for j in range(dh.shape[1]):
        s += dh[row, j] * (h_new[row, j] - h_prev[row, j])
    return s


@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    row = cuda.grid(1)
    if row < len(dh):
        dg[row] = slope(dh, h_new, h_prev, row)
        for j in range(dh.shape[1]):
            dh_new[row, j] = dh[row, j] * g[row]
            dh_prev[row, j] = dh[row, j] * (1 - g[row])
