"""Settings that suit a task, found on validation.  Whatever is given by hand goes before."""

from ..config import Config

COMMON = {"gate_epochs": 2, "final_rate": 0.02, "l2": 1e-4}
BY_SIZE = {
    # few questions: small batches, so that an epoch has many steps and draws many dropout masks, and strong dropout
    "1k": {"batch": 4, "dropout": 0.3, "epochs": 120, "patience": 120},
    "10k": {"batch": 8, "dropout": 0.1, "epochs": 25, "patience": 25},
}
BY_TASK = {
    (1, "1k"): {"epochs": 60, "patience": 60},
    (1, "10k"): {"epochs": 10, "patience": 10},
    # two and three supporting facts are learnt by heart from 900 questions; strong L2 is worth 5 points (and keeps task 6 from learning)
    (2, "1k"): {"l2": 2e-3},
    (3, "1k"): {"l2": 1e-3},
    (3, "10k"): {"epochs": 60, "patience": 60, "dropout": 0.2, "l2": 2e-4},
    (6, "10k"): {"epochs": 15, "patience": 15},
}


# σ's gates are supervised through their softmax, which leaves their level free: alone for a while they all close, and the answers learn slowly
GATED = {"gate_epochs": 0}


def babi_config(task, size="1k", **given):
    """Config for a bAbI task of a size ("1k" or "10k" questions), with the fields in `given` as given."""
    return Config(**COMMON | BY_SIZE[size] | BY_TASK.get((task, size), {}) | (GATED if given.get("episode") == "gated" else {}) | given)
