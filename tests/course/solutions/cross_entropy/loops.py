import numpy as np


def cross_entropy_forward(s, target):
    B, K = s.shape
    loss = np.zeros(1, s.dtype)
    p = np.zeros_like(s)
    for b in range(B):
        largest = max(s[b, k] for k in range(K))
        total = 0.0
        for k in range(K):
            p[b, k] = np.exp(s[b, k] - largest)
            total += p[b, k]
        for k in range(K):
            p[b, k] /= total
        loss[0] += np.log(total) - (s[b, target[b]] - largest)
    return loss, (p, target)


def cross_entropy_backward(dloss, cache):
    p, target = cache
    ds = np.empty_like(p)
    for b in range(p.shape[0]):
        for k in range(p.shape[1]):
            ds[b, k] = dloss[0] * (p[b, k] - (1.0 if k == target[b] else 0.0))
    return ds
