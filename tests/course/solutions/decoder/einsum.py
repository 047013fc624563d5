import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def decoder_forward(y_prev, q, a_prev, W, U, b, W_a):
    B, H = a_prev.shape
    x = np.concatenate([y_prev, q], axis=1)
    v = np.einsum("bi,gi->bg", x, W) + b
    Uh = np.einsum("bk,gk->bg", a_prev, U)
    z, r = sigmoid(v[:, :H] + Uh[:, :H]), sigmoid(v[:, H:2 * H] + Uh[:, H:2 * H])
    tilde = np.tanh(v[:, 2 * H:] + r * Uh[:, 2 * H:])
    a = np.add(z * a_prev, (1 - z) * tilde)
    kept = dict(x=x, a_prev=a_prev, a=a, z=z, r=r, tilde=tilde, Uh=Uh[:, 2 * H:], W=W, U=U, W_a=W_a, A=y_prev.shape[1])
    return a, np.einsum("bh,ah->ba", a, W_a), kept


def decoder_backward(da, dlogits, cache, dW, dU, db, dW_a):
    z, r, tilde = cache["z"], cache["r"], cache["tilde"]
    np.add(dW_a, np.einsum("ba,bh->ah", dlogits, cache["a"]), out=dW_a)
    d = da + np.einsum("ba,ah->bh", dlogits, cache["W_a"])
    d_h = d * (1 - z) * (1 - tilde**2)
    dv = np.hstack([d * (cache["a_prev"] - tilde) * z * (1 - z), d_h * cache["Uh"] * r * (1 - r), d_h])
    du = dv.copy()
    du[:, -z.shape[1]:] = d_h * r
    np.add(dW, np.einsum("bg,bi->gi", dv, cache["x"]), out=dW)
    np.add(dU, np.einsum("bg,bk->gk", du, cache["a_prev"]), out=dU)
    np.add(db, np.einsum("bg->g", dv), out=db)
    dx = np.einsum("bg,gi->bi", dv, cache["W"])
    return dx[:, :cache["A"]], dx[:, cache["A"]:], d * z + np.einsum("bg,gk->bk", du, cache["U"])
