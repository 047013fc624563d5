import numpy as np


def cross_entropy_forward(s, target):
    log_total = np.logaddexp.reduce(s, axis=1)
    rows = range(s.shape[0])
    return np.array([np.sum(log_total - s[rows, target])]), [s, target, log_total]


def cross_entropy_backward(dloss, cache):
    s, target, log_total = cache
    ds = dloss * np.exp(s - log_total[:, None])
    np.subtract.at(ds, (np.arange(len(s)), target), dloss[0])
    return ds
