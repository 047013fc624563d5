"""One mistake makes many arrays wrong.  Here it is looked for at its place: a path of the
definition whose derivative is scaled, by 0 (a missing term), by -1 (a sign), by a number, by a
factor that is missing or stands where none belongs; a product with another operand; a sum over too
little.

Each is a Hypothesis.  What a backward with this one mistake would give is tried in a few random
directions: that costs a forward of the definition or two, whatever the size of the arrays.
"""

from typing import NamedTuple

import numpy as np

from .part import STEP, defined

TRIES = 3                      # directions in which a hypothesis must hold


class Hypothesis(NamedTuple):
    kind: str
    path: str = ""
    change: object = 1.0       # times: a number, or an array for each time that the path occurs;
    #                            a text: what may stand there by mistake
    douts: dict | None = None  # what stands for them; with a path: in what comes through it
    operands: dict | None = None       # parameter -> for each of its products, its operands,
    weights: dict = {}         # and by what a product is multiplied: its place among them -> arrays
    n: object = None           # lengths


class Ground:
    """The definition at the values of a case."""

    def __init__(self, case):
        self.case = case
        self.values, self.others, self.losses = {}, {}, {}

        def note(name, value, otherwise=None):
            self.values.setdefault(name, []).append(np.array(value))
            self.others.setdefault(name, []).append(
                {kind: np.array(f()) for kind, f in (otherwise or {}).items()})
            return value
        self.outs = defined(case.part, case.dialect, case.arrays, note)
        self.products = case.part.products(case.dialect)

    def outputs(self, hypothesis, moves, step):
        """The outputs where the arrays are moved by step times moves, and the mistake is made."""
        seen, shifts = {}, self.shifts(hypothesis, moves)

        def at(name, value, otherwise=None):
            k = seen[name] = seen.get(name, -1) + 1
            if name in shifts:
                value = value + step * shifts[name][k]
            if name != hypothesis.path:
                return value
            still, change = self.values[name][k], hypothesis.change
            if isinstance(change, str):
                return still + otherwise[change]() - self.others[name][k][change]
            return still + (change[k] if isinstance(change, list) else change) * (value - still)
        arrays = dict(self.case.arrays)
        for name, move in moves.items():
            if not (hypothesis.operands and name in hypothesis.operands):
                arrays[name] = arrays[name] + step * move
        if hypothesis.n is not None:
            arrays["n"] = hypothesis.n
        return defined(self.case.part, self.case.dialect, arrays, at)

    def shifts(self, hypothesis, moves):
        """{node: how it moves each time} for parameters whose products have other operands."""
        shifts = {}
        for name, operands in (hypothesis.operands or {}).items():
            for product, values in zip(self.products[name], operands):
                move = moves[name][product.rows(moves[name])]
                step = [v @ np.atleast_2d(move).T if product.operand else v * move for v in values]
                step = [s[..., 0] if move.ndim == 1 and product.operand else s for s in step]
                if w := hypothesis.weights.get(self.products[name].index(product)):
                    step = [a * b for a, b in zip(w, step)]
                old = shifts.get(product.node, [0.0] * len(step))
                shifts[product.node] = [a + b for a, b in zip(old, step)]
        return shifts

    def loss(self, hypothesis, moves, step):
        douts = hypothesis.douts or self.case.douts
        outs = self.outputs(hypothesis._replace(path="") if hypothesis.douts else hypothesis,
                            moves, step)
        value = sum(np.sum(douts[k] * (out - self.outs[k])) for k, out in outs.items())
        if hypothesis.douts and hypothesis.path:               # elsewhere the right ones count
            still = self.outputs(hypothesis._replace(change=0.0), moves, step)
            value += sum(np.sum((self.case.douts[k] - douts[k]) * (out - self.outs[k]))
                         for k, out in still.items())
        return value

    def fits(self, hypothesis, wrong, tries):
        """Whether the mistake gives the wrong arrays, in each of a few directions."""
        for i, (moves, target) in enumerate(tries):
            value = self.loss(hypothesis, moves, STEP)
            if hypothesis.n is not None or i:
                value = (value - self.loss(hypothesis, moves, -STEP)) / 2
            if not np.isclose(value / STEP, target, rtol=1e-3 if i == 0 else 1e-4,
                              atol=1e-4 if i == 0 else 1e-6):
                return False
        return True


def cause(ground, wrong):
    """The one mistake that explains every wrong array, or "".  wrong: {array: what it gives}."""
    rng, tries = np.random.default_rng(0), []
    for _ in range(TRIES):
        moves = {name: rng.normal(size=got.shape) for name, got in wrong.items()}
        tries.append((moves, sum(np.sum(move * wrong[name]) for name, move in moves.items())))
    with np.errstate(all="ignore"):
        for hypothesis in hypotheses(ground, wrong):
            if ground.fits(hypothesis, wrong, tries):
                return hypothesis.kind.replace("other equations: ", "factor: the derivative of "
                                               ).replace(" is not what is asked", "")
    return ""


def cause_of_forward(ground, got):
    """The one mistake in a forward that gives these outputs, or "".  got: {output: array}."""
    case = ground.case
    still = {}                                             # the path's value is changed, not moved

    def outs(hypothesis):
        still.clear()

        def at(name, value, otherwise=None):
            k = still[name] = still.get(name, -1) + 1
            if name != hypothesis.path:
                return value
            change = hypothesis.change
            if isinstance(change, str):
                return otherwise[change]()
            return (change[k] if isinstance(change, list) else change) * value
        arrays = case.arrays if hypothesis.n is None else {**case.arrays, "n": hypothesis.n}
        return defined(case.part, case.dialect, arrays, at)
    with np.errstate(all="ignore"):
        for hypothesis in (*instead(ground), *scalings(ground), *lengths(ground),
                           *factors(ground, pairs=False)):
            made = outs(hypothesis)
            if all(np.allclose(made[name], a, rtol=1e-7, atol=1e-9) for name, a in got.items()):
                return hypothesis.kind
    return ""


def hypotheses(ground, wrong):
    """Every mistake that is thought of, the simple ones first."""
    yield from scalings(ground)
    if len(wrong) == 1 and (name := next(iter(wrong))) in ground.products:
        yield from operands(ground, name)
    yield from of_outputs(ground)
    yield from lengths(ground)
    yield from factors(ground)


def scalings(ground):
    """A path's derivative times a number, or what may stand there by mistake."""
    called, case = ground.case.part.through, ground.case
    sizes = sorted({n for name in case.part.inputs for n in case.arrays[name].shape if n > 1})
    numbers = [2.0, 0.5, *(1.0 / n for n in sizes), *map(float, sizes)]
    paths = [name for name in called if name in ground.values]
    for by, said in ((0.0, "missing term: what comes through {}"),
                     (-1.0, "sign: of what comes through {}")):
        for path in paths:
            yield Hypothesis(said.format(called[path]), path, by)
    yield from instead(ground)
    for by in dict.fromkeys(numbers):
        for path in paths:
            yield Hypothesis(f"factor: {by:.4g} times what comes through {called[path]}", path, by)


def instead(ground):
    """What the definition says may stand at a path by mistake."""
    for path, others in ground.others.items():
        for kind in others[0]:
            yield Hypothesis(kind, path, kind)


def operands(ground, name):
    """A product with a parameter in which other values meet it, or not all."""
    products = ground.products[name]
    lists = [ground.values[p.operand] if p.operand else
             [np.ones(v.shape if len(ground.case.arrays[name]) == 1 else (*v.shape[:-1], 1))
              for v in ground.values[p.node]] for p in products]
    T = len(lists[0])
    mapped = lambda f: {name: [[f(k, values) for k in range(T)] for values in lists]}
    zero = lambda values: np.zeros_like(values[0])
    if T > 1:
        for t in range(T):
            yield Hypothesis(f"forgotten accumulation: step {t} alone is counted", operands=mapped(
                lambda k, v: v[k] if k == t else zero(v)))
        for t in (0, T - 1):
            yield Hypothesis(f"off by one in time: step {t} is not counted", operands=mapped(
                lambda k, v: zero(v) if k == t else v[k]))
        for by, said in ((1, "later"), (-1, "earlier")):
            for wrap in (True, False):
                yield Hypothesis(
                    f"off by one in time: {products[0].operand} of the step {said}",
                    operands=mapped(lambda k, v: v[(k + by) % T] if wrap or 0 <= k + by < T
                                    else v[k]))
    yield from other_operands(ground, name, lists)
    for i, product in enumerate(products):
        for atom in atoms(ground):
            if (f := fitted(atom.values, ground.values[product.node])) is not None:
                end = f", in the product with {product.operand}" if product.operand else ""
                for said, w in (("is missing", over(f, f, f)), ("is too many", f)):
                    yield Hypothesis(f"factor: {atom.called} {said}{end}", operands={name: lists},
                                     weights={i: w})
    if not products[0].operand:
        return
    for by, said in ((1, "earlier"), (-1, "later")) if lists[0][0].ndim == 3 else ():
        yield Hypothesis(f"off by one in time: {products[0].operand} of the fact {said}",
                         operands=mapped(lambda k, v: np.roll(v[k], by, axis=1)))
    yield Hypothesis("wrong axis: summed over the rows before the product", operands=mapped(
        lambda k, v: np.broadcast_to(v[k].sum(axis=0), v[k].shape)))


def other_operands(ground, name, lists):
    """Another intermediate in all products with a parameter, or in one of them."""
    products = ground.products[name]
    for other, values in ground.values.items():
        alike = [len(values) == len(ones) and all(
            v.shape == (w.shape if p.operand else node.shape) for v, w, node in zip(
                values, ones, ground.values[p.node])) for p, ones in zip(products, lists)]
        for only in (range(len(products)), *([i] for i in range(len(products)))):
            if all(alike[i] for i in only):
                usual = products[only[0]].operand
                kind = f"factor: {other} where {usual} belongs" if usual else (
                    f"factor: {other} is too many")
                if other in ("h new", "mixed"):
                    kind = "off by one in time: h_t where h_(t-1) belongs"
                yield Hypothesis(kind, operands={name: [
                    values if i in only else ones for i, ones in enumerate(lists)]})


AXES = {"B": "row {} of the batch", "Q": "question {}", "T": "step {}"}


def of_outputs(ground):
    """Other derivatives of the outputs: some of the rows or steps alone, those of another step."""
    part, douts = ground.case.part, ground.case.douts
    if len(douts) > 1:
        for name in douts:
            yield Hypothesis(f"missing term: d{name}", douts={**douts, name: 0 * douts[name]})
            for path, called in part.through.items():
                if path in ground.values:
                    yield Hypothesis(f"missing term: d{name}, in what comes through {called}", path,
                                     douts={**douts, name: 0 * douts[name]})
            for by in (-1.0, 2.0, 0.5, 1.0 / len(douts[name])):
                kind = "sign: of" if by < 0 else f"factor: {by:.4g} times"
                yield Hypothesis(f"{kind} d{name}", douts={**douts, name: by * douts[name]})
    yield from of_blocks(ground)
    letters = [text.split(",") for text in part.outputs.values()]
    for axis, letter in enumerate(letters[0]):
        if any(axis >= len(of) or of[axis] != letter for of in letters):
            continue
        size = next(iter(douts.values())).shape[axis]
        said = AXES.get(letter, f"number {{}} of {letter}")
        only = lambda keep: {k: d * np.expand_dims(keep, tuple(
            i for i in range(d.ndim) if i != axis)) for k, d in douts.items()}
        for i in range(size if size > 1 else 0):
            yield Hypothesis(f"forgotten accumulation: {said.format(i)} alone is counted",
                             douts=only(np.arange(size) == i))
        for i in (0, size - 1) if letter in AXES and size > 1 else ():
            yield Hypothesis(f"missing term: {said.format(i)} is not counted",
                             douts=only(np.arange(size) != i))
        if letter == "T":
            for i in (-1, 0):
                last = np.zeros(next(iter(douts.values())).shape[:2])
                last[i, i] = 1.0
                which = "last" if i else "first"
                kind = f"forgotten accumulation: the {which} row and step alone"
                yield Hypothesis(kind, douts={k: d * last.reshape(
                    *last.shape, *[1] * (d.ndim - 2)) for k, d in douts.items()})
            for by, when in ((1, "earlier"), (-1, "later")):
                yield Hypothesis(f"off by one in time: the derivative of the step {when}",
                                 douts={k: np.roll(d, by, axis) for k, d in douts.items()})


def of_blocks(ground):
    """The derivative of one block of an output in another's place."""
    for name, d in ground.case.douts.items():
        blocks = [(block, index(d)) for block, index in ground.case.part.blocks.get(name, ())]
        for (a, i), (b, j) in ((x, y) for x in blocks for y in blocks if x is not y):
            if d[i].shape == d[j].shape:
                other, swapped = d.copy(), d.copy()
                other[i], swapped[i], swapped[j] = d[j], d[j], d[i]
                yield Hypothesis(f"order: d{name} at {b} where that at {a} belongs",
                                 douts={name: other})
                yield Hypothesis(f"order: d{name} at {a} and at {b} exchanged",
                                 douts={name: swapped})


def lengths(ground):
    n = ground.case.arrays.get("n")
    if n is not None:
        yield Hypothesis("off by one in time: as if each had a step less", n=n - 1)
        yield Hypothesis("padding leaked: as if each had a step more", n=n + 1)
        yield Hypothesis("padding leaked: as if nothing were padding", n=n + 99)


class Atom(NamedTuple):
    """What a derivative may be made of."""

    called: str
    base: str                  # the intermediate
    form: str                  # what is made of it
    values: list


def atoms(ground):
    found = []
    for name, values in ground.values.items():
        if name in GATES or name in SQUASHED:
            for form, f in [*FORMS.items()][:3 if name in GATES else None]:
                found.append(Atom(form.replace("a", name), name, form, [f(v) for v in values]))
        if name in ("c - q", "c - m"):
            found.append(Atom(f"sign({name})", name, "sign", [np.sign(v) for v in values]))
        if name in ATOMS:
            found.append(Atom(name, name, "", values))
    return found


FORMS = {"(1 - a)": lambda v: 1.0 - v, "a * (1 - a)": lambda v: v * (1.0 - v),
         "(1 - a^2)": lambda v: 1.0 - v * v, "(1 + a^2)": lambda v: 1.0 + v * v,
         "(1 - tanh(a)^2)": lambda v: 1.0 - np.tanh(v)**2}
# what students take for factors, and paths along which a factor says what it says elsewhere too
ATOMS = ("z", "r", "h_tilde", "h_prev", "U_h h_prev", "r * h_prev", "g", "sigmoid(s)", "u", "c - q",
         "c - m", "c", "m", "q", "p", "a")
NO_FACTORS = ("a_z", "a_r", "a_h", "a_1", "U h_prev", "h_prev in U", "U_z h_prev", "U_r h_prev",
              "W", "b", "W_1", "b_1", "W_2", "b_2", "h", "h out", "apart", "c W_b", "h in GRU", "GRU(c, h)", "g")
GATES = ("z", "r", "g", "sigmoid(s)")
SQUASHED = ("h_tilde", "u", "a")


def fitted(values, like):
    """The values of an atom as factors of a path's, or None where the shapes do not allow it."""
    if len(values) != len(like) or any(v.ndim > w.ndim or v.shape != w.shape[:v.ndim]
                                       for v, w in zip(values, like)):
        return None
    return [v.reshape(*v.shape, *[1] * (w.ndim - v.ndim)) for v, w in zip(values, like)]


def over(a, b, c=None):
    """a / b, or a / (b c); 0 where b is."""
    c = c or [1.0] * len(a)
    return [np.divide(u, v * w, out=np.zeros(np.broadcast_shapes(u.shape, v.shape)),
                      where=np.abs(v) > 1e-9) for u, v, w in zip(a, b, c)]


def factors(ground, pairs=True):
    """A path's derivative times or through an atom, or one atom in another's place."""
    called, every = ground.case.part.through, atoms(ground)
    for path in (name for name in called if name in ground.values and name not in NO_FACTORS):
        like, where = ground.values[path], f", in what comes through {called[path]}"
        fitting = [(atom, f) for atom in every if (f := fitted(atom.values, like)) is not None]
        for atom, f in fitting:
            yield Hypothesis(f"factor: {atom.called} is missing{where}", path, over(f, f, f))
            yield Hypothesis(f"factor: {atom.called} is too many{where}", path, f)
        for (atom, f), (other, g) in ((a, b) for a in fitting for b in fitting if pairs):
            if atom.called != other.called and (atom.base == other.base or atom.form == other.form):
                yield Hypothesis(f"factor: {atom.called} where {other.called} belongs{where}", path,
                                 over(f, g))


def place(ground, wrong, right):
    """The intermediate that all wrong arrays have in common, and no right one: or ""."""
    if len(wrong) < 2 or not right:
        return ""                                          # that would say nothing
    rng, case = np.random.default_rng(0), ground.case
    moves = {name: rng.normal(size=case.arrays[name].shape) for name in (*wrong, *right)}
    fitting = []
    for path in case.part.through:
        if path in ground.values:
            through = {name for name in moves if abs(
                ground.loss(Hypothesis("", path, 0.0), {name: moves[name]}, STEP)
                - ground.loss(Hypothesis("", path, 1.0), {name: moves[name]}, STEP)) > 1e-4 * STEP}
            fitting += [path] * (through == set(wrong))
    return case.part.through[fitting[-1]] if fitting else ""
