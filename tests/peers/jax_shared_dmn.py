"""The Dynamic Memory Network in JAX with all that can be shared made once, for comparison: the algebra of tinydmn's compiled operations, so that what is left
between the two is compiler and memory, not work saved.

- A story is read once for all its questions.  L Wᵀ + b is made once a word; tokens gather its rows.
- Of eq. (5)'s nine blocks c, q, c∘q, |c-q| and cᵀW_b q meet W_1 once, not in every pass; c, q and m alone once a fact or a question, not once a pair.
- W c + b of eq. (7)'s GRU is made once a fact.  U's gradient is one product at the end of a recurrence.

Arrays of a size known beforehand, as a compiler wants them: S stories of K questions and F candidates, the facts and then end-of-passes in the last place,
so that facts meet questions by broadcasting.  What a question does not see has score -inf, hence gate 0.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from . import jax_dmn
from .jax_dmn import absolute, bucket
from .rows import gate_targets


def product(h, U):
    """h (..., H), U three of (H, H) -> three of (..., H): XLA does not turn slices of one product of 3H columns into vector code."""
    return tuple(h @ U_i.T for U_i in U)


def step_forward(x, g, h, U):
    """x three of (..., H) of W x_t + b, h (..., H), g (..., 1), eq. (7)'s, or None for 1 -> the next state, and z, r, h_tilde, U_h h; eqs 1-4."""
    Uh = product(h, U)
    z, r = jax.nn.sigmoid(x[0] + Uh[0]), jax.nn.sigmoid(x[1] + Uh[1])
    h_tilde = jnp.tanh(x[2] + r * Uh[2])
    change = (1 - z) * (h_tilde - h)
    return h + (change if g is None else g * change), (z, r, h_tilde, Uh[2])


@jax.custom_vjp
def states(x, g, U):
    """From h_0 = 0: x three of (T, ..., H), g (T, ..., 1) or None, U three of (H, H) -> h (T, ..., H).  x may have 1 where g has more rows."""
    return states_forward(x, g, U)[0]


def states_forward(x, g, U):
    def step(h, x_g):
        h_next, kept = step_forward(*x_g, h, U)
        return h_next, (h_next, h, kept)
    shape = x[0].shape[1:] if g is None else (*g.shape[1:-1], x[0].shape[-1])
    _, (hs, h_prev, kept) = jax.lax.scan(step, jnp.zeros(shape, x[0].dtype), (x, g))
    return hs, (x, g, U, h_prev, kept)


def states_backward(cache, dhs):
    """Each step's gradients by hand, and U's from all of them together: derived by JAX, it would be a product in every step."""
    x, g, U, h_prev, kept = cache

    def step(dh, at):
        dh_t, g_t, h, (z, r, h_tilde, Uh_h) = at
        dh = dh + dh_t
        d = dh if g is None else g_t * dh
        da_z = -d * (h_tilde - h) * z * (1 - z)
        da_h = d * (1 - z) * (1 - h_tilde * h_tilde)
        da_r = da_h * Uh_h * r * (1 - r)
        dUh = da_z, da_r, da_h * r
        dg = None if g is None else (dh * (1 - z) * (h_tilde - h)).sum(-1, keepdims=True)
        dh = dh - d * (1 - z) + sum(a @ U_i for a, U_i in zip(dUh, U))
        return dh, ((da_z, da_r, da_h), dUh[2], dg)
    _, (da, dUh_h, dg) = jax.lax.scan(step, jnp.zeros_like(dhs[0]), (dhs, g, h_prev, kept), reverse=True)
    rows = lambda a: a.reshape(-1, a.shape[-1])
    dU = tuple(rows(a).T @ rows(h_prev) for a in (da[0], da[1], dUh_h))
    shared = tuple(i for i, (n, m) in enumerate(zip(x[0].shape, dhs.shape)) if n < m)
    return tuple(a.sum(shared, keepdims=True) for a in da), dg, dU


states.defvjp(states_forward, states_backward)


def read(words, L, W, U, b):
    """words (T, ...) -> h (T, ..., H)."""
    return states(tuple(table[words] for table in jnp.split(L @ W.T + b, 3, axis=1)), None, tuple(jnp.split(U, 3)))


def compare(c, x, W_b, W, w):
    """The blocks of eq. (5) that compare c (T, S, 1, H) with x (S, K, H), through W_1: W (G, 2H) of c∘x and |c-x|, w (G,) of cᵀW_b x -> (T, S, K, G)."""
    bilinear = (c * (x @ W_b.T)).sum(-1, keepdims=True)
    features = jnp.concatenate([c * x, absolute(c - x)], axis=-1)
    return features @ W.T + bilinear * w


def forward(p, rows, passes, episode):
    """Parameters under tinydmn's names, arrays of make_arrays -> logits (S K, A), scores: one (F, S K) a pass, -inf where there is no candidate."""
    S, K = rows["n_facts"].shape
    H = len(p["memory.end_of_passes"])
    h = read(rows["tokens"].T, p["embedding.L"], p["input.W"], p["input.U"], p["input.b"])
    c = h[rows["fact_end"].T, jnp.arange(S)]                                              # (F - 1, S, H)
    c = jnp.concatenate([c, jnp.broadcast_to(p["memory.end_of_passes"], (1, S, H))])[:, :, None]                   # (F, S, 1, H)
    t = jnp.arange(len(c))[:, None, None]
    candidate = (t < rows["n_facts"]) | (t == len(c) - 1)                                 # (F, S, K)
    words = rows["question"].reshape(S * K, -1).T
    q = read(words, p["embedding.L"], p["question.W"], p["question.U"], p["question.b"])
    q = q[rows["n_question"].ravel() - 1, jnp.arange(S * K)].reshape(S, K, H)
    W_c, W_m, W_q, W_cq, W_cm, W_dq, W_dm, w = jnp.split(p["gate.W_1"], [H * i for i in range(1, 8)], axis=1)
    shared = c @ W_c.T + q @ W_q.T + p["gate.b_1"] + compare(c, q, p["gate.W_b"], jnp.concatenate([W_cq, W_dq], axis=1), w[:, 0])
    W_m_compare = jnp.concatenate([W_cm, W_dm], axis=1)
    if episode == "gated":
        x = tuple(jnp.split(c @ p["episode.W"].T + p["episode.b"], 3, axis=3))            # (F, S, 1, H), the same in each pass
    m, scores = q, []
    for _ in range(passes):
        u = jnp.tanh(shared + m @ W_m.T + compare(c, m, p["gate.W_b"], W_m_compare, w[:, 1]))
        s = jnp.where(candidate, u @ p["gate.W_2"] + p["gate.b_2"], -jnp.inf)
        scores.append(s.reshape(len(c), S * K))
        if episode == "gated":
            e = states(x, jax.nn.sigmoid(s)[..., None], tuple(jnp.split(p["episode.U"], 3)))[-1]
        else:
            e = (jax.nn.softmax(s, axis=0)[..., None] * c).sum(0)
        m, _ = step_forward(jnp.split(e @ p["memory.W"].T + p["memory.b"], 3, axis=2), None, m, jnp.split(p["memory.U"], 3))
    return m.reshape(S * K, H) @ p["answer.W_a"].T, scores


def make_arrays(batch, passes, bucket=bucket):
    """A tinydmn Batch -> tokens (S, T), fact_end (S, F - 1), question (S, K, Tq), n_question, n_facts (S, K), answer (S K,), target (S K, passes), n_questions.
    Padding: word 0, fact_end 0, n_facts 0, n_question 1, answer -1, target -1."""
    Q, S = len(batch.story_of), len(batch.tokens)
    place = np.arange(Q) - np.searchsorted(batch.story_of, batch.story_of)                # of each question among its story's
    shape = bucket(S), bucket(int(place.max()) + 1)
    at = batch.story_of, place
    F = bucket(batch.fact_end.shape[1] + 1)

    def widened(a, *sizes, fill=0):
        out = np.full(sizes, fill, np.int32)
        out[tuple(map(slice, a.shape))] = a
        return out

    def of_questions(a, *sizes, fill=0):
        out = np.full((*shape, *sizes), fill, np.int32)
        out[(*at, *map(slice, a.shape[1:]))] = a
        return out
    target = gate_targets(batch.support, batch.n_facts, passes)
    target = np.where(target == batch.n_facts[:, None], F - 1, target)
    flat = lambda a: a.reshape(shape[0] * shape[1], *a.shape[2:])
    arrays = {"tokens": widened(batch.tokens, shape[0], bucket(batch.tokens.shape[1])),
              "fact_end": widened(batch.fact_end, shape[0], F - 1),
              "question": of_questions(batch.question, bucket(batch.question.shape[1])), "n_question": of_questions(batch.n_question, fill=1),
              "n_facts": of_questions(batch.n_facts), "answer": flat(of_questions(batch.answer, fill=-1)),
              "target": flat(of_questions(target, passes, fill=-1)), "n_questions": Q}
    return {name: jnp.asarray(a, jnp.int32) for name, a in arrays.items()}


loss_and_grads = partial(jax_dmn.loss_and_grads, forward=forward, make_arrays=make_arrays)
make_trainer = partial(jax_dmn.make_trainer, forward=forward, make_arrays=make_arrays)
