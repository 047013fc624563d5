"""how fast: training against other frameworks, and each operation alone

  tinydmn bench                                  examples a second, and every operation
  tinydmn bench --against torch --against jax    the ratio to each, in alternating turns
                                                 (from a clone; pip install -e .[peers])
  tinydmn bench --against jax-shared             JAX with the products saved that ours saves
  tinydmn bench --against one-thread             all threads against one
"""

from argparse import BooleanOptionalAction
from functools import cache
from importlib.util import find_spec

from .. import threads
from ..bench import operations
from ..bench.compare import PACKAGES, cases, compare
from ..errors import UserError
from .common import add_json, add_seed, number, print_json

PEERS = (*PACKAGES, "numpy", "one-thread")


def add_arguments(parser):
    parser.add_argument("--against", action="append", choices=PEERS, default=[],
                        help="may be given several times")
    parser.add_argument("--data", metavar="DIR",
                        help="folder of the published files; without it stories are generated")
    parser.add_argument("--tasks", type=number(least=1, most=999), nargs="+", default=[1, 2, 3],
                        metavar="N", help="default 1 2 3")
    parser.add_argument("--stories", type=number(least=1, most=10_000), default=32, metavar="N",
                        help="stories a batch (default 32)")
    parser.add_argument("--episode", choices=("softmax", "gated", "both"), default="both",
                        help="default both")
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
    n = threads.count()
    sides = [{"one-thread": ("numba", 1)}.get(peer, (peer, n)) for peer in args.against] or [None]
    episodes = ("softmax", "gated") if args.episode == "both" else (args.episode,)
    figures = {"threads": n, "training": [], "operations": []}
    if not args.json:
        print(f"training, {args.stories} stories a batch, H = 80, 3 passes, gates supervised, "
              f"{n} thread{'s' * (n > 1)};\nproducts as a share of sgemm's rate on as many threads"
              + f"; ratio: median of {args.rounds} turns" * bool(args.against))
        print(f"{'':26}{'ms':>8}{'examples/s':>11}{'GFLOP/s':>8}{'sgemm':>7}"
              + (f"{'ratio':>7}{'least':>6}{'most':>6}" if args.against else ""))
    rate = cache(lambda n_threads: operations.sgemm_rate(n_threads=n_threads))
    for theirs in sides:
        for case in cases(args.tasks, args.stories, episodes):
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
