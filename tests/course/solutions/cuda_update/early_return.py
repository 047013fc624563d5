from numba import cuda


@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
    Q, H = dh.shape
    if i >= Q:
        return
    total = dh[i, 0] * (h_new[i, 0] - h_prev[i, 0])
    for j in range(1, H):
        total += dh[i, j] * (h_new[i, j] - h_prev[i, j])
    dg[i] = total
    for j in range(H):
        dh_new[i, j] = g[i] * dh[i, j]
    for j in range(H):
        dh_prev[i, j] = dh[i, j] - g[i] * dh[i, j]
