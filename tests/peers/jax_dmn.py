"""The Dynamic Memory Network in JAX (jit, lax.scan), for comparison: padded batches in a few sizes, one question a row (rows.py)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from .rows import to_rows

ARRAYS = ("tokens", "fact_end", "n_facts", "question", "n_question", "answer", "target", "n_questions")


def bucket(n):
    """n rounded up to one of few sizes, an eighth larger than n at most, so that few batches need a compilation of their own."""
    step = 1 << max(0, n.bit_length() - 4) if n > 8 else 1
    return -(-n // step) * step


def gru_step(x, h_prev, U):
    """x = (x_z, x_r, x_h), each (Q, H), of W x_t + b; h_prev (Q, H), U = (U_z, U_r, U_h) -> z, h_tilde (Q, H), eqs 1-3.
    Three products and not one of 3H columns: XLA does not turn slices of a product into vector code."""
    z = jax.nn.sigmoid(x[0] + h_prev @ U[0].T)
    r = jax.nn.sigmoid(x[1] + h_prev @ U[1].T)
    return z, jnp.tanh(x[2] + r * (h_prev @ U[2].T))


def scan(step, h_0, xs):
    """lax.scan that keeps the products for the backward pass and computes the rest again, which takes less time than to store it."""
    step = jax.checkpoint(step, policy=jax.checkpoint_policies.dots_saveable, prevent_cse=False)
    return jax.lax.scan(step, h_0, xs)


def gru(words, L, W, U, b):
    """words (Q, T) -> h (T, Q, H).  The product with W needs no state, so it runs over all words at once."""
    U = jnp.split(U, 3)

    def step(h, x):
        z, h_tilde = gru_step(x, h, U)
        h = z * h + (1 - z) * h_tilde                                                     # (4)
        return h, h
    x = jnp.split(L[words.T] @ W.T + b, 3, axis=2)
    return scan(step, jnp.zeros(x[0].shape[1:], L.dtype), x)[1]


def gated_episode(x, g, U):
    """x = three of (F, Q, H) of W c_t + b, g (F, Q) -> e (Q, H), eqs 7 and 8."""
    def step(h, x_g):
        x_t, g_t = x_g
        z, h_tilde = gru_step(x_t, h, U)
        return h + g_t * (1 - z) * (h_tilde - h), None              # g (z h + (1-z) h~) + (1-g) h
    return scan(step, jnp.zeros(x[0].shape[1:], g.dtype), (x, g[:, :, None]))[0]


def gate(c, c_W_b, m, q, W_1, b_1, W_2, b_2):
    """c, c_W_b (F, Q, H), m, q (Q, H) -> scores (F, Q): eqs 5 and 6, before the sigmoid."""
    z_feat = jnp.concatenate([c, jnp.broadcast_to(m, c.shape), jnp.broadcast_to(q, c.shape), c * q, c * m, absolute(c - q), absolute(c - m),
                              (c_W_b * q).sum(2, keepdims=True), (c_W_b * m).sum(2, keepdims=True)], axis=2)
    return jnp.tanh(z_feat @ W_1.T + b_1) @ W_2 + b_2


def forward(p, rows, passes, episode):
    """Parameters under tinydmn's names, arrays of Rows -> logits (Q, A), scores: one (F, Q) a pass, -inf where there is no candidate."""
    row = jnp.arange(len(rows["n_facts"]))
    h = gru(rows["tokens"], p["embedding.L"], p["input.W"], p["input.U"], p["input.b"])
    t = jnp.arange(rows["fact_end"].shape[1])[:, None]
    c = jnp.where((t == rows["n_facts"])[:, :, None], p["memory.end_of_passes"], h[rows["fact_end"].T, row])
    candidate = t <= rows["n_facts"]                                                      # (F, Q)
    q = gru(rows["question"], p["embedding.L"], p["question.W"], p["question.U"], p["question.b"])[rows["n_question"] - 1, row]
    if episode == "gated":
        x = jnp.split(c @ p["episode.W"].T + p["episode.b"], 3, axis=2)                   # the same in each pass
        U = jnp.split(p["episode.U"], 3)
    c_W_b = c @ p["gate.W_b"]
    m, scores = q, []
    for _ in range(passes):
        s = gate(c, c_W_b, m, q, p["gate.W_1"], p["gate.b_1"], p["gate.W_2"], p["gate.b_2"])
        s = jnp.where(candidate, s, -jnp.inf)
        scores.append(s)
        if episode == "gated":
            e = gated_episode(x, jax.nn.sigmoid(s), U)
        else:
            e = (jax.nn.softmax(s, axis=0)[:, :, None] * c).sum(0)
        z, h_tilde = gru_step(jnp.split(e @ p["memory.W"].T + p["memory.b"], 3, axis=1), m, jnp.split(p["memory.U"], 3))
        m = z * m + (1 - z) * h_tilde
    return m @ p["answer.W_a"].T, scores


def absolute(x):
    """|x| with derivative 0 at 0, where that of jnp.abs is 1."""
    return jax.lax.stop_gradient(jnp.sign(x)) * x


def cross_entropy(logits, target):
    """logits (Q, N), target (Q,) -> sum over the rows whose target is not -1."""
    log_p = jnp.take_along_axis(jax.nn.log_softmax(logits), jnp.maximum(target, 0)[:, None], axis=1)[:, 0]
    return -jnp.where(target >= 0, log_p, 0).sum()


def loss(p, rows, passes, episode, alpha, beta, forward=forward):
    """J = alpha E_CE(gates) + beta E_CE(answers), both a question.  forward: this network's, or another of the same meaning."""
    logits, scores = forward(p, rows, passes, episode)
    J = beta * cross_entropy(logits, rows["answer"])
    for i, s in enumerate(scores):
        J += alpha * cross_entropy(s.T, rows["target"][:, i])
    return J / rows["n_questions"]


def make_arrays(batch, passes, bucket=bucket):
    rows = to_rows(batch, passes, bucket)
    return {name: jnp.asarray(getattr(rows, name)) for name in ARRAYS}


value_and_grad = jax.jit(jax.value_and_grad(loss), static_argnames=("passes", "episode", "forward"))
enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64     # it moved


def loss_and_grads(params, batch, config, alpha=1.0, beta=1.0, dtype="float64", bucket=bucket, forward=forward, make_arrays=make_arrays):
    """Loss (float) and its gradients, a dict of arrays under tinydmn's names.  float64 is switched on for this call alone."""
    with enable_x64(dtype == "float64"):
        p = {name: jnp.asarray(a, dtype) for name, a in params.items()}
        rows = make_arrays(batch, config.passes, bucket)
        J, grads = value_and_grad(p, rows, passes=config.passes, episode=config.episode, alpha=alpha, beta=beta, forward=forward)
        return float(J), {name: np.asarray(g) for name, g in grads.items()}


@partial(jax.jit, static_argnames=("passes", "episode", "alpha", "beta", "forward"), donate_argnums=(0, 1))
def train_step(p, moments, rows, passes, episode, alpha, beta, forward, learning_rate, clip):
    """One step of Adam on gradients of global norm `clip` at most -> parameters, moments, loss."""
    J, grads = jax.value_and_grad(loss)(p, rows, passes, episode, alpha, beta, forward)
    norm = jnp.sqrt(sum((g**2).sum() for g in grads.values()))
    scale = jnp.minimum(1.0, clip / (norm + 1e-6))
    k, v, n = moments
    n = n + 1
    grads = {name: g * scale for name, g in grads.items()}
    k = {name: 0.9 * k[name] + 0.1 * g for name, g in grads.items()}
    v = {name: 0.999 * v[name] + 0.001 * g**2 for name, g in grads.items()}
    p = {name: a - learning_rate * (k[name] / (1 - 0.9**n)) / (jnp.sqrt(v[name] / (1 - 0.999**n)) + 1e-8) for name, a in p.items()}
    return p, (k, v, n), J


def make_trainer(params, config, batches, alpha=1.0, beta=1.0, forward=forward, make_arrays=make_arrays):
    """step(i) -> loss: one training step (forward, backward, clipping, Adam) in float32 on batch i, counted around.
    The rows are made and every size is compiled here."""
    rows = [make_arrays(batch, config.passes) for batch in batches]
    p = {name: jnp.array(a, jnp.float32) for name, a in params.items()}
    zeros = lambda: {name: jnp.zeros_like(a) for name, a in p.items()}
    state = [p, (zeros(), zeros(), jnp.zeros((), jnp.float32))]
    settings = config.passes, config.episode, alpha, beta, forward, config.learning_rate, config.clip
    sizes = lambda r: tuple(a.shape for a in r.values())
    compiled = {}
    for r in rows:
        if sizes(r) not in compiled:
            compiled[sizes(r)] = train_step.lower(*state, r, *settings).compile()
    steps = [compiled[sizes(r)] for r in rows]

    def step(i):
        i %= len(rows)
        state[0], state[1], J = steps[i](*state, rows[i], *settings[-2:])
        return float(jax.block_until_ready((J, state))[0])
    return step
