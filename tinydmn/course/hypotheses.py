"""The single mistakes that are thought of, each a Hypothesis: `causes` tries them.

A path of the definition whose derivative is scaled, by 0 (a missing term), by -1 (a sign), by a
number, by a factor that is missing or stands where none belongs; a product with another operand; a
sum over too little; of a forward, arguments taken otherwise too.  `ground` is a causes.Ground.
"""

from itertools import permutations

import numpy as np

from .kinds import Hypothesis, atoms, factors, fitted, lengths, of_outputs, over


def hypotheses(ground, wrong):
    """Every mistake that is thought of, the simple ones first."""
    yield from scalings(ground)
    if len(wrong) == 1 and (name := next(iter(wrong))) in ground.products:
        yield from operands(ground, name)
    yield from of_outputs(ground)
    if len(ground.values.get("h out", ())) > 1:
        yield Hypothesis("order: the backward goes through the steps from the first to the last",
                         onwards=("h", "h new"))
    if len(ground.values.get("m new", ())) > 1:
        yield Hypothesis("order: the backward goes through the passes from the first to the last",
                         onwards=("m of the passes", "m new", "q", "m"))
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
        for t, said in ((0, "first"), (T - 1, "last")) if products[0].operand else ():
            yield Hypothesis(f"off by one in time: {products[0].operand} of the {said} step in all",
                             operands=mapped(lambda k, v: v[t]))
        for t in range(T):
            yield Hypothesis(f"forgotten accumulation: step {t} alone is counted", operands=mapped(
                lambda k, v: v[k] if k == t else zero(v)))
        for t in (0, T - 1):
            yield Hypothesis(f"off by one in time: step {t} is not counted", operands=mapped(
                lambda k, v: zero(v) if k == t else v[k]))
        for by, said in ((1, "next"), (-1, "last")):
            for wrap in (True, False):
                yield Hypothesis(
                    f"off by one in time: {products[0].operand} of the {said} step",
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
    for other, values in distinct(ground.values).items():
        alike = [len(values) == len(ones) and all(
            v.shape == (w.shape if p.operand else node.shape) for v, w, node in zip(
                values, ones, ground.values[p.node])) for p, ones in zip(products, lists)]
        singly = [[i] for i in range(len(products))]
        for only in (*singly, range(len(products))) if len(products) > 1 else singly:
            if all(alike[i] for i in only) and not all(values is lists[i] for i in only):
                usual = products[only[0]].operand
                kind = f"factor: {other} where {usual} belongs" if usual else (
                    f"factor: {other} is too many")
                if other in ("h new", "mixed"):
                    kind = "off by one in time: h_t where h_(t-1) belongs"
                yield Hypothesis(kind, operands={name: [
                    values if i in only else ones for i, ones in enumerate(lists)]})


def distinct(values):
    """Intermediates without those that are one of a shorter name."""
    kept, seen = {}, set()
    for name in sorted(values, key=len):
        key = tuple((v.shape, v.tobytes()) for v in values[name])
        if key not in seen:
            seen.add(key)
            kept[name] = values[name]
    return kept


def taken(case):
    """Arguments taken otherwise: blocks in another order, or transposed; steps reversed."""
    arrays, blocks = case.arrays, {}
    for name in case.part.params:
        if len(of := case.part.blocks.get(name, ())) == 3:             # the rows of three gates
            blocks[name] = of
    names = [name for name in blocks if arrays[name].ndim == 2 and name.startswith("U")]
    for chosen in ([name for name in blocks if name not in names], names, [*blocks]):
        for order in permutations(range(3)):
            if order != (0, 1, 2) and chosen:
                of = [blocks[chosen[0]][i][0].removeprefix("rows of ") for i in order]
                yield Hypothesis(
                    f"order: {', '.join(chosen)} taken as if the rows were those of "
                    f"{', '.join(of)}", arrays={name: np.concatenate([
                        arrays[name][blocks[name][order.index(i)][1](arrays[name])]
                        for i in range(3)]) for name in chosen})
    for name in names:
        thirds = np.split(arrays[name], 3)
        if thirds[0].shape[0] == thirds[0].shape[1]:
            yield Hypothesis(f"transposed: {name}, each gate's rows",
                             arrays={name: np.concatenate([a.T for a in thirds])})
    for name, sizes in case.part.inputs.items():
        if "T" in sizes.split(","):
            axis = sizes.split(",").index("T")
            yield Hypothesis(f"order: the steps of {name} from the last to the first",
                             arrays={name: np.flip(arrays[name], axis)})


def multiplied(ground):
    """A product with a parameter with another operand, where it is made once."""
    for name, products in ground.products.items():
        for product in products:
            values, usual = ground.values[product.node], ground.values.get(product.operand, ())
            if not product.operand or len(values) != 1 or ground.case.arrays[name].ndim != 2:
                continue
            rows = ground.case.arrays[name][product.rows(ground.case.arrays[name])]
            for other, instead_of in ground.values.items():
                if len(instead_of) == 1 and instead_of[0].shape == usual[0].shape and (
                        other != product.operand):
                    made = values[0] + (instead_of[0] - usual[0]) @ rows.T
                    yield Hypothesis(f"factor: {other} where {product.operand} belongs, in the "
                                     f"product with {name}", product.node,
                                     operands={product.node: made})
