"""Mistakes around a GPU: its errors, its checks, its benchmark.  All are seen without one."""

from . import Mutant

SIMULATOR, COMMANDS, BENCH, GRADCHECK, TORCH = ("tests/ops/test_cuda_simulator.py", "tests/ops/test_cuda_simulator.py::test_commands_in_the_simulator", "tests/test_bench_device.py",
                                                "tests/test_gradcheck.py::test_a_network_whose_parameters_lie_elsewhere", "tests/peers/test_gru_torch.py")
MEAN, WITHOUT, FOUND, TABLE, ANY, BLAMED = (f"{SIMULATOR}::test_{name}" for name in (
    "what_the_errors_of_cuda_mean", "without_a_device_one_line_says_what_to_do", "every_kernel_is_found_without_running_it", "a_run_of_a_table_says_it_in_one_line",
    "any_command_says_it_in_one_line", "a_checkpoint_is_not_blamed_for_a_device_that_is_not_there"))


def failures(old, new, what):
    return Mutant("tinydmn/ops/failures.py", old, new, MEAN, what)


def timing(old, new, what, tests=BENCH):
    return Mutant("tinydmn/bench/device.py", old, new, tests, what)


def looks(old, new, what):
    return Mutant("tinydmn/bench/passes.py", old, new, BENCH, what)


def command(old, new, what):
    return Mutant("tinydmn/cli/bench.py", old, new, BENCH, what)


MUTANTS = [
    # errors
    failures("in (\"numba\", \"cuda\") for", "in (\"numba\",) for", "errors of what numba-cuda stands on are tracebacks"),
    failures("    if not any(kind", "    if False and any(kind", "any error that names CUDA is a GPU's"),
    failures("        return problem and DeviceError", "        return DeviceError", "a mistake in a kernel loses its traceback"),
    failures("{problem} ({code[0]})", "{problem}", "which error it was is not said"),
    failures("    for kind in classes:\n        if kind.__name__ in CLASSES:", "    for kind in classes[:0]:\n        if kind.__name__ in CLASSES:", "errors without a code are tracebacks"),
    failures("            raise said from error\n        raise\n", "            raise said from error\n", "an error that has no meaning is swallowed"),
    failures("            raise said from error", "            raise said", "what happened cannot be looked up"),
    Mutant("tinydmn/cli/__init__.py", "with threads.interruptible(), plainly():", "with threads.interruptible():", ANY, "a command on a lost GPU ends in a traceback"),
    Mutant("tinydmn/training/runs.py", "with threads.interruptible(), plainly():", "with threads.interruptible():", TABLE, "a run of a table on a lost GPU ends in a traceback"),
    Mutant("tinydmn/training/checkpoint.py", "    load_operations(backend)  ", "    str(backend)  ", BLAMED, "a checkpoint is called broken where there is no GPU"),
    Mutant("tinydmn/library.py", "        with plainly():\n            loop.train(", "        if True:\n            loop.train(", COMMANDS, "fit on a full GPU raises an error of CUDA's"),
    Mutant("tinydmn/cli/train.py", "        progress.epoch(state)\n        saved = state.epoch\n", "        progress.epoch(state)\n", COMMANDS, "after a lost GPU the file is said to hold nothing"),
    Mutant("tinydmn/cli/train.py", "        with plainly():\n            loop.train(", "        if True:\n            loop.train(", COMMANDS, "nothing says how to go on after a lost GPU"),
    Mutant("tinydmn/ops/device.py", "    if driver[0] >= compiler[0]:", "    if driver >= compiler:", WITHOUT, "a driver for an earlier CUDA 13 is refused"),
    Mutant("tinydmn/ops/device.py", "            return too_old(*versions())", "            return None", WITHOUT, "an old driver is found after the texts are read"),

    # derivatives
    Mutant("tinydmn/gradcheck.py", "        self.differences.theta = self.theta\n", "", GRADCHECK, "differences on a device are all 0"),
    Mutant("tinydmn/gradcheck.py", "        if model.differences is not model.model:", "        if False:", GRADCHECK, "J is not held against the reference's"),
    Mutant("tinydmn/gradcheck.py", "differences or model\n", "model\n", GRADCHECK, "another's differences are its own"),
    Mutant("tinydmn/cli/gradcheck.py", "on_host(model) if backend in DEVICES else model", "model", "tests/test_gradcheck.py::test_the_command_on_a_device", "a device's arrays are read on the host"),

    # the benchmark
    timing("        for _ in range(WARM_UP):\n            call()\n", "", "compiling is timed"),
    timing("np.median(", "np.min(", "the shortest call is called the median"),
    timing("    call()\n    end.record()", "    end.record()\n    call()", "the second event comes before the work"),
    timing("(begin, end) / 1e3", "(begin, end)", "milliseconds are seconds"),
    timing("    return 2 * 4 * SIZES", "    return 4 * SIZES", "a copy only reads"),
    timing("floor_seconds = max(", "floor_seconds = min(", "the floor is the lower of two"),
    timing("            check(case, op)\n", "", "what is wrong is timed"),
    looks("                check(case, op)\n", "", "wrong passes are timed"),
    looks("        if checked is part:", "        if False:", "gradients of facts and weights are not looked at"),
    looks("return ms[-1], dc, op.add(dm_0, dq), dweights", "return ms[-1], dc, dq, dweights", "what reaches m^0 is lost"),
    looks("* (t < n[:, None])\n", "\n", "gradients arrive at scores of facts that are not seen"),
    looks("np.where(t < n[:, None] - 1, first + t, S * FACTS)", "np.where(t < n[:, None], first + t, S * FACTS)", "nobody looks at end-of-passes"),
    looks("np.arange(Q)[:, None] // QUESTIONS * FACTS", "np.arange(Q)[:, None] * 0", "all ask about one story"),
    looks("(3 if back else 1) * passes_flop", "(2 if back else 1) * passes_flop", "the passes' backward costs what their forward costs"),
    looks("facts = Facts(*(a[:Q] for a in self.facts))", "facts = Facts(*(a[-Q:] for a in self.facts))", "the facts of other questions"),
    Mutant("tinydmn/bench/counting.py", "2 * weights + 2 * given + Q * H", "weights + 2 * given + Q * H", BENCH, "weights' gradients are not written"),
    Mutant("tests/peers/torch_passes.py", "up(case.c[rows].swapaxes(0, 1))", "up(case.c[rows].swapaxes(0, 1) * 0.99)", TORCH, "torch has other facts"),
    Mutant("tests/peers/torch_passes.py", "[up_dm, *ds]", "[up_dm, *map(torch.zeros_like, ds)]", TORCH, "no gradient arrives at torch's scores"),
    command("if \"torch\" in args.against else (None, None)", "if args.against else (None, None)", "torch is asked for where the CPU is the other side"),
    command("    if \"numba\" in args.against:\n        raise", "    if False:\n        raise", "the CPU is timed against itself"),
    command("(\"numba\", threads.count())]", "(\"numba\", 1)]", "the CPU has one core"),
    timing("        if not error < CLOSE:", "        if error > CLOSE:", "a NaN is the reference's"),
    timing("        if checked is part:", "        if False:", "weights' gradients are not looked at"),
    timing("f(B, T, H) * alive[..., None]", "f(B, T, H)", "gradients arrive behind the end"),
    timing("    if problem := peer.missing():", "    if problem := None:", "a torch without CUDA is a traceback"),
    Mutant("tinydmn/bench/counting.py", "(3 if backward else 1) * 2 * 3", "(2 if backward else 1) * 2 * 3", BENCH, "backward costs what forward costs"),
    Mutant("tinydmn/bench/counting.py", "inputs)\n    return size * (forward + back * backward)", "inputs)\n    return size * (forward + back)", BENCH, "forward moves what backward moves"),
    Mutant("tinydmn/bench/worker.py", "model.ops.zeros(model.theta.shape, model.dtype)", "np.zeros(model.theta.shape, model.dtype)", f"{BENCH}::test_a_training_step_leaves_everything_on_the_device", "Adam's moments stay on the host"),
    Mutant("tests/peers/torch_gru.py", "torch_gates(a)", "a", TORCH, "torch's gates in our order"),
    Mutant("tests/peers/torch_gru.py", "enforce_sorted=False", "enforce_sorted=True", TORCH, "packed sequences must be sorted"),
    command("\"THE SIMULATOR'S TIMES MEAN NOTHING: no GPU was used\\n\" * simulated", "\"\"", "the simulator's times look like a GPU's"),
    command("    if others := set(args.against) - {\"torch\", \"numba\"}:", "    if others := set():", "JAX on the CPU is timed against a GPU"),
    command("    if args.hidden or args.batch:", "    if False:", "sizes for a GPU are ignored elsewhere"),
    command("    device.require()\n", "", "torch is blamed for a GPU that is missing"),
    command("1e9 * found[\"gflops\"] / rate\n            figures.append", "found[\"gflops\"] / rate\n            figures.append", "a share of the products is a billion times too small"),

    # kernels
    Mutant("tests/ops/cubins.py", "np.ones(shape, dtype)", "np.zeros(shape, dtype)", FOUND, "a kernel that no array of zeros needs is not linked"),
    Mutant("tests/ops/cubins.py", "    for kind in EPISODES:\n", "    for kind in ():\n", FOUND, "kernels of an episode alone are not linked"),
]
