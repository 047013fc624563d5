import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def decoder_forward(y_prev, q, a_prev, W, U, b, W_a):
    H = U.shape[1]
    states, logits, kept = [], [], []
    for i in range(len(q)):
        x = np.concatenate([y_prev[i], q[i]])
        v, Uh = W @ x + b, U @ a_prev[i]
        z, r = sigmoid(v[:H] + Uh[:H]), sigmoid(v[H:2 * H] + Uh[H:2 * H])
        tilde = np.tanh(v[2 * H:] + r * Uh[2 * H:])
        states.append(z * a_prev[i] + (1 - z) * tilde)
        logits.append(W_a @ states[-1])
        kept.append((x, z, r, tilde, Uh[2 * H:], states[-1]))
    return np.array(states), np.array(logits), (kept, a_prev, W, U, W_a)


def decoder_backward(da, dlogits, cache, dW, dU, db, dW_a):
    kept, a_prev, W, U, W_a = cache
    A, H = W_a.shape
    dy, dq, dprev = [], [], []
    for i, (x, z, r, tilde, Uh, a) in enumerate(kept):
        d = da[i] + W_a.T @ dlogits[i]
        dW_a += np.outer(dlogits[i], a)
        d_h = d * (1 - z) * (1 - tilde**2)
        dv = np.concatenate([d * (a_prev[i] - tilde) * z * (1 - z), d_h * Uh * r * (1 - r), d_h])
        du = dv * np.concatenate([np.ones(2 * H, r.dtype), r])
        dW += np.outer(dv, x)
        dU += np.outer(du, a_prev[i])
        db += dv
        dx = W.T @ dv
        dy.append(dx[:A])
        dq.append(dx[A:])
        dprev.append(d * z + U.T @ du)
    return np.stack(dy), np.stack(dq), np.stack(dprev)
