"""Answer module (section 2.4): an answer of one word is one step of eq. (9), straight from the last memory.

Sizes: Q questions, H hidden, A answers.
"""


def forward(m, W_a):
    """m (Q, H) -> logits (Q, A), before the softmax of eq. (9)."""
    return m @ W_a.T                                       # (9)


def backward(dlogits, m, W_a, dW_a):
    """dlogits (Q, A) -> dm (Q, H).  Adds into dW_a."""
    dW_a += dlogits.T @ m
    return dlogits @ W_a                                   # through (9)
