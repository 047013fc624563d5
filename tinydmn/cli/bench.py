"""how fast: training against other frameworks, and each operation alone

  tinydmn bench                                  examples a second, and every operation
  tinydmn bench --against torch --against jax    the ratio to each, in alternating turns
                                                 (from a clone; pip install -e .[peers])
  tinydmn bench --against jax-shared             JAX with the products saved that ours saves
  tinydmn bench --against one-thread             all threads against one
  tinydmn bench --backend cuda --against torch   on a GPU: the GRU beside cuDNN's, then passes and
                                                 training steps beside PyTorch's, eager and compiled
  tinydmn bench --backend cuda --against numba   training steps beside those of the CPU's cores
"""

import sys
from argparse import BooleanOptionalAction
from functools import cache
from importlib.util import find_spec

from .. import threads
from ..bench import device as gpu, operations, passes
from ..bench.compare import PACKAGES, cases, compare, device_cases
from ..bench.worker import ON_GPU
from ..errors import UserError
from ..ops import device
from .common import add_json, add_seed, number, print_json

PEERS = ("torch", "jax", "jax-shared", "numpy", "one-thread", "numba")
HIDDEN, BATCH = (64, 80, 128, 256), (32, 256, 4096)        # on a GPU
STORIES = (32, 820)            # of the host, and what a GPU tries besides: some 4,100 questions


def add_arguments(parser):
    parser.add_argument("--against", action="append", choices=PEERS, default=[],
                        help="may be given several times")
    parser.add_argument("--data", metavar="DIR",
                        help="folder of the published files; without it stories are generated")
    parser.add_argument("--tasks", type=number(least=1, most=999), nargs="+", default=[1, 2, 3],
                        metavar="N", help="default 1 2 3")
    parser.add_argument("--stories", type=number(least=1, most=10_000), metavar="N",
                        help=f"stories a batch (default {STORIES[0]}; cuda: first "
                             f"{' then '.join(map(str, STORIES))})")
    parser.add_argument("--episode", choices=("softmax", "gated", "both"), default="both",
                        help="default both")
    parser.add_argument("--backend", choices=("numba", "cuda"), default="numba",
                        help="what is timed (default numba)")
    parser.add_argument("--hidden", type=number(least=1, most=4096), nargs="+", metavar="N",
                        help=f"cuda: sizes H (default {' '.join(map(str, HIDDEN))})")
    parser.add_argument("--batch", type=number(least=1, most=65_536), nargs="+", metavar="N",
                        help="cuda: sequences of a GRU, questions of the passes (default "
                             f"{' '.join(map(str, BATCH))})")
    parser.add_argument("--rounds", type=number(least=1, most=1000), default=7, metavar="N",
                        help="turns of each side (default 7)")
    parser.add_argument("--operations", action=BooleanOptionalAction, default=True,
                        help="also each operation alone")
    add_seed(parser)
    add_json(parser)


def run(args):
    for peer in args.against:
        package = PACKAGES.get(peer)
        if package and find_spec(package) is None:
            raise UserError(f"--against {peer}: {package} is not installed; install it "
                            f"(pip install {package}), or leave it out")
    (on_device if args.backend == "cuda" else on_host)(args)


def on_device(args):
    """The GRU, the passes, and training steps, on a GPU."""
    if others := set(args.against) - {"torch", "numba"}:
        raise UserError(f"--against {sorted(others)[0]} with --backend cuda: on a GPU the other "
                        "side is torch, or numba; give one of them, or leave it out")
    device.require()
    peers = gpu.check_torch() if "torch" in args.against else (None, None)
    timer, simulated = gpu.Timer(args.rounds), device.SIMULATED
    sizes = [given or (2,) if simulated else given or default for given, default in
             ((args.hidden, HIDDEN), (args.batch, BATCH))]
    floor = gpu.bandwidth(timer), gpu.product_rate(timer, peers[0] and peers[0].matmul)
    figures = {"device": device.description(), "simulated": simulated, "gru": [], "passes": [],
               "training": [], "copy_gb_per_second": floor[0] / 1e9,
               "product_gflops": floor[1] / 1e9}
    if not args.json:
        print(figures["device"])
        print("THE SIMULATOR'S TIMES MEAN NOTHING: no GPU was used\n" * simulated
              + f"copies {floor[0] / 1e9:,.0f} GB/s, products {floor[1] / 1e9:,.0f} GFLOP/s "
              f"({'cuBLAS' if peers[0] else 'our kernel'}), float32; medians of {args.rounds}")
    show(f"a GRU, I = H, {gpu.SIZES['steps']} steps at most; floor: what memory and products "
         "need at those rates", gpu.gru_rows(*sizes, timer, floor, peers[0]),
         {"torch_ms": "cuDNN", "torch_packed_ms": "packed"}, args, figures["gru"])
    show(f"{passes.PASSES} passes over {passes.FACTS} facts at most, a batch of questions, "
         f"{passes.QUESTIONS} a story",
         passes.passes_rows(*sizes, episodes(args), timer, floor, peers[1]),
         {"torch_ms": "eager", "torch_compile_ms": "compiled"}, args, figures["passes"])
    if simulated:
        print("training steps are left out: the simulator would take hours", file=sys.stderr)
    else:
        training_on_device(args, sizes[0], floor[1], figures["training"])
    if args.json:
        print_json(figures)


def show(title, rows, theirs, args, figures):
    """A table of times.  theirs: key of a row -> its heading.  Adds to figures."""
    if not args.json:
        print(f"\n{title}\n{'':29}{'H':>4}{'batch':>7}{'ms':>8}{'floor':>7}{'times':>6}"
              + "".join(f"{name:>9}" for name in theirs.values()) * ("torch" in args.against))
    for row in rows:
        figures.append(row)
        if not args.json:
            print(f"{row['what']:29}{row['hidden']:4}{row['batch']:7}{row['ms']:8.3f}"
                  f"{row['floor_ms']:7.3f}{row['times_floor']:6.1f}"
                  + "".join(f"{row[key]:9.3f}" for key in theirs if key in row), flush=True)


def training_on_device(args, hidden, rate, figures):
    """Whole training steps, whose losses come back each time, on the clock of the host.  rate:
    floating-point operations a second.  Adds to figures."""
    sides = [(peer, 1) for peer in ON_GPU] if "torch" in args.against else []
    sides += [("numba", threads.count())] if "numba" in args.against else []
    for stories in [args.stories] if args.stories else STORIES:
        training_of(args, stories, hidden, rate, figures, sides or [None])


def training_of(args, stories, hidden, rate, figures, sides):
    """As training_on_device, with so many stories a batch.  sides: (side, threads), or None."""
    if not args.json:
        print(f"\ntraining, {stories} stories a batch, 3 passes; of the products' rate"
              f"{'; ratio: theirs to ours' * bool(args.against)}\n{'':30}{'ms':>8}"
              f"{'examples/s':>12}{'rate':>7}" + f"{'ratio':>8}" * bool(args.against))
    for case in device_cases(args.tasks, stories, episodes(args), hidden):
        for theirs in sides:
            found = compare(case, ("cuda", 1), theirs, args.seed, args.data, args.rounds)
            found["share_of_product"] = 1e9 * found["gflops"] / rate
            figures.append(found)
            if not args.json:
                print(f"{found['case']:30}{found['ms']:8.2f}{found['examples_per_second']:12,.0f}"
                      f"{100 * found['share_of_product']:5.1f} %")
                if theirs:
                    print(f"  {theirs[0]:28}{found['their_ms']:8.2f}"
                          f"{found['their_examples_per_second']:12,.0f}{'':7}"
                          f"{found['ratio']:8.2f}", flush=True)


def episodes(args):
    return ("softmax", "gated") if args.episode == "both" else (args.episode,)


def on_host(args):
    if args.hidden or args.batch:
        name = "hidden" if args.hidden else "batch"
        raise UserError(f"--{name}: is for --backend cuda; leave it out")
    if "numba" in args.against:
        raise UserError("--against numba: is what is timed; give --backend cuda to hold a GPU "
                        "against it, or leave it out")
    n, stories = threads.count(), args.stories or STORIES[0]
    sides = [{"one-thread": ("numba", 1)}.get(peer, (peer, n)) for peer in args.against] or [None]
    figures = {"threads": n, "training": [], "operations": []}
    if not args.json:
        print(f"training, {stories} stories a batch, H = 80, 3 passes, gates supervised, "
              f"{n} thread{'s' * (n > 1)};\nproducts as a share of sgemm's rate on as many threads"
              + f"; ratio: median of {args.rounds} turns" * bool(args.against))
        print(f"{'':26}{'ms':>8}{'examples/s':>11}{'GFLOP/s':>8}{'sgemm':>7}"
              + (f"{'ratio':>7}{'least':>6}{'most':>6}" if args.against else ""))
    rate = cache(lambda n_threads: operations.sgemm_rate(n_threads=n_threads))
    for theirs in sides:
        for case in cases(args.tasks, stories, episodes(args)):
            found = compare(case, ("numba", n), theirs, args.seed, args.data, args.rounds)
            found["share_of_sgemm"] = 1e9 * found["gflops"] / rate(found["threads_used"])
            figures["training"].append(found)
            if not args.json:
                print(f"{found['case']:26}{found['ms']:8.2f}{found['examples_per_second']:11,.0f}"
                      f"{found['gflops']:8.1f}{100 * found['share_of_sgemm']:5.0f} %", flush=True)
                if theirs:
                    print(f"  {found['against']:24}{found['their_ms']:8.2f}"
                          f"{found['their_examples_per_second']:11,.0f}{'':15}{found['ratio']:7.2f}"
                          f"{found['ratio_least']:6.2f}{found['ratio_largest']:6.2f}", flush=True)
    if args.operations:
        one = rate(1)
        figures["sgemm_gflops"] = one / 1e9
        if not args.json:
            print("\neach operation alone, one thread: 8 stories of 10 facts, 40 questions, "
                  f"H = 80; sgemm here {one / 1e9:.0f} GFLOP/s\n"
                  f"{'':30}{'µs':>9}{'GFLOP/s':>10}{'of sgemm':>10}")
        for name, seconds, flop in operations.table(seed=args.seed):
            figures["operations"].append({"operation": name, "us": 1e6 * seconds,
                                          "gflops": flop / seconds / 1e9,
                                          "share_of_sgemm": flop / seconds / one})
            if not args.json:
                gflops, percent = flop / seconds / 1e9, 100 * flop / seconds / one
                share = f"{gflops:10.1f}{percent:8.0f} %" if flop else ""
                print(f"{name:30}{1e6 * seconds:9.1f}{share}")
    if args.json:
        print_json(figures)
