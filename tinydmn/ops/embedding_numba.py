"""Word vectors, compiled.  Meaning, names and shapes: embedding_numpy.py."""

from numba import njit

from .embedding_numpy import dropout_backward, dropout_forward, embedding_forward   # a gather and products: NumPy's own are as fast


@njit(cache=True, nogil=True)
def _scatter_add(dx, tokens, dL):
    for i in range(len(tokens)):                           # in the order of the words: the same bits each time
        dx_i, dL_w = dx[i], dL[tokens[i]]
        for d in range(dL.shape[1]):
            dL_w[d] += dx_i[d]


def embedding_backward(dx, tokens, dL):
    _scatter_add(dx.reshape(-1, dL.shape[1]), tokens.reshape(-1), dL)
