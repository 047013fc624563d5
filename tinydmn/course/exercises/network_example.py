"""What the stub of a network has below its holes: a tiny network of these functions, in numbers.

It is a function that calls them, so a student runs it as soon as they are written.  The numbers in
its docstring come from the same text, run with the definitions in place of a student's functions.
"""

import numpy as np

from ..part import defined
from ..stub import given_names, indented, listed, wrapped

NUMBERS = "    NUMBERS\n"
FUNCTION = f'''

def network_example():
    """Given: a network of your functions, on two facts and a question, where H = 1.

    Each sentence is one word, so each state over the story is a fact; end-of-passes is one more.
    There is one pass, and m before it is q; of two answers the first is right.  Once all functions
    are written, network_example() returns these arrays:
{NUMBERS}    """
    story, question = np.array([[[1.0], [-0.5]]]), np.array([[[0.5]]])         # words, as vectors
    of_input = [np.array([[0.5], [1.0], [1.0]]), np.array([[1.0], [-0.5], [0.5]]),
                np.array([1.0, 0.5, -0.5])]                # W, U, b
    of_question = [np.array([[-0.5], [0.5], [2.0]]), np.array([[0.5], [1.0], [-1.0]]),
                   np.array([-1.0, 0.5, 0.5])]
    of_memory = [np.array([[0.5], [-1.0], [2.0]]), np.array([[-0.5], [0.5], [1.0]]),
                 np.array([-0.5, 1.0, 0.5])]
    W_b, W_1 = np.array([[2.0]]), np.array([[1.0, 0.5, -0.5, 2.0, 1.0, -1.0, -0.5, 0.5, 1.0]])
    b_1, W_2, b_2 = np.array([0.5]), np.array([2.0]), np.array([-0.5])
    end_of_passes, W_a = np.array([[[-0.5]]]), np.array([[2.0], [-1.0]])

    c, _ = gru_forward(story, np.array([2]), *of_input)
    c = np.concatenate([c, end_of_passes], axis=1)
    q, _ = gru_forward(question, np.array([1]), *of_question)
    q = q[:, -1]
    s, _ = gate_forward(c, q, q, W_b, W_1, b_1, W_2, b_2)
    e, _ = softmax_episode_forward(c, s, np.array([3]))
    m, _ = gru_cell_forward(e, q, *of_memory)
    logits = m @ W_a.T
    loss = np.log(np.sum(np.exp(logits), axis=1)) - logits[:, 0]
    return {{"c": c, "q": q, "s": s, "e": e, "m": m, "logits": logits, "loss": loss}}
'''


def example(dialect, pairs):
    """-> the text of the function.  pairs: the parts whose functions it calls."""
    names = {"np": np, **{f"{part.name}_forward": forward(dialect, part) for part in pairs}}
    exec(FUNCTION, names)
    made = names["network_example"]()
    lines = wrapped([f"{name} = {listed(a)}" for name, a in made.items()])
    return FUNCTION.replace(NUMBERS, indented(lines) + "\n")


def forward(dialect, part):
    """The definition of a part, called as a student's function."""
    names = [*part.inputs, *given_names(part), *part.params]
    return lambda *args: (*defined(part, dialect, dict(zip(names, args))).values(), None)
