import numpy as np


def cross_entropy_forward(s, target):
    y = np.eye(s.shape[1], dtype=s.dtype)[target]
    shifted = s - np.max(s, axis=1)[:, None]
    log_p = shifted - np.log(np.einsum("bk->b", np.exp(shifted)))[:, None]
    return np.reshape(-np.einsum("bk,bk->", y, log_p), (1,)), (y, log_p)


def cross_entropy_backward(dloss, cache):
    y, log_p = cache
    return np.einsum("i,bk->bk", dloss, np.exp(log_p) - y)
