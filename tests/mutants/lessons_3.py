"""Mistakes in lesson 10, and in the picture of who computes what."""

from . import Mutant

TEN, BLOCKS, NOTEBOOK = "lessons/10_fast_on_the_gpu.py", "tinydmn/plots/blocks.py", "tinydmn/cli/lessons.py"
at = lambda *names: " ".join(f"tests/test_lessons_10.py::test_{name}" for name in names)
RUNS, ROWS, WRONG, READS, ON_CHIP = (at(name) for name in ("the_lesson_runs_without_a_gpu_whether_or_not_the_simulator_is_asked_for", "each_thread_and_its_row", "a_wrong_kernel_is_named",
                                                          "what_is_printed_of_launches_and_reads", "what_is_printed_of_registers_and_shared_memory"))
STORIES, PICTURE, DRAWN = (at(name) for name in ("stories_stand_in_the_block_that_has_them", "the_picture_is_of_this_run", "who_computes_what_is_drawn"))
TURN = at("your_turn", "your_turn_with_blocks_of_another_size")

MUTANTS = [
    Mutant(TEN, 'capture_output=True).returncode:', 'capture_output=True).returncode < 0:', RUNS, "without a GPU no simulator"),
    Mutant(TEN, "BLOCKS = -(-N // THREADS) ", "BLOCKS = N // THREADS ", ROWS, "rounded down: rows without a thread"),
    Mutant(TEN, "gated_update[-(-n // THREADS), THREADS](*given, limit or n)", "gated_update[-(-n // THREADS), THREADS](*given, n)", ROWS, "without a guard, and yet with it"),
    Mutant(TEN, "hit[0] == 0 and hit[1] == spare > 0", "hit[0] == 0 and hit[1] == spare", TURN, "the claim holds where every thread has a row"),
    Mutant(TEN, "wanted = [np.where(np.arange(room)[:, None] < n, reference, 9.0) for n in sizes]", "wanted = [np.where(np.arange(room)[:, None] < n, reference, h) for n, (h, _) in "
           "((n, launch_update(g, step, h_prev, n)) for n in sizes)]", WRONG, "rows behind the last are held against themselves"),
    Mutant(TEN, "LAUNCHES = {EACH: 2 * T - 1,", "LAUNCHES = {EACH: 2 * T,", READS, "a product of the first step, whose state is 0"),
    Mutant(TEN, "READS = {EACH: (T - 1) * -(-B // TILE), ONCE: -(-B // ROWS)}", "READS = {EACH: (T - 1) * -(-B // TILE), ONCE: 1}", READS, "one read of U for all blocks"),
    Mutant(TEN, "bytes_of_U = lambda H: single.itemsize * 3 * H * H ", "bytes_of_U = lambda H: 3 * H * H ", READS, "numbers counted as bytes"),
    Mutant(TEN, "READS[ONCE] < READS[EACH],", "LAUNCHES[ONCE] < LAUNCHES[EACH],", TURN, "fewer launches are said to be fewer reads"),
    Mutant(TEN, "3 * width * in_shared / KB", "3 * width * kept / KB", ON_CHIP, "registers counted as shared memory"),
    Mutant(TEN, "cached = width - kept - in_shared", "cached = 0", ON_CHIP, "nothing is read through the cache"),
    Mutant(TEN, "if sum(gru_cuda.split(width, single)) < width:", "if False:", READS, "a U that does not stay on chip is read once a block"),
    Mutant(TEN, "IN_SHARED = 8 ", "IN_SHARED = 4 ", ON_CHIP, "what forward needs, not backward"),
    Mutant(TEN, "longest = sequences.n, np.argsort(-sequences.n, kind=\"stable\")", "longest = sequences.n, np.argsort(sequences.n, kind=\"stable\")", STORIES, "the shortest stories first"),
    Mutant(TEN, "found, right = run(\"cuda\"), run(\"numpy\")", "found = right = run(\"cuda\")", at("a_wrong_line_of_the_product_on_the_way_back_is_named"), "the kernel held against itself"),
    Mutant(TEN, "own = (\"z\", \"r\", \"h~\")[j // H], range(j, ROWS * H, 3 * H)", "own = (\"z\", \"r\", \"h~\")[j // H], range(j, ROWS * H, H)",
           at("each_number_of_the_states_is_made_by_one_thread"), "states made by several threads"),
    Mutant(TEN, "plot_blocks((N, THREADS), (H, kept, ROWS, names),", "plot_blocks((N, THREADS), (H, H - 1, ROWS, names),", PICTURE, "the picture of another split"),
    Mutant(TEN, "with patch.object(gru_cuda, \"split\", lambda H, dtype: None):\n        seconds", "with patch.object(gru_cuda, \"split\", gru_cuda.split):\n        seconds",
           at("on_a_device_both_ways_are_timed"), "one way timed twice"),
    Mutant(NOTEBOOK, "import tinydmn\n\npackage", "import tinydmn.ops.compiled\n\npackage", "tests/test_notebooks.py::test_a_lesson_runs_as_a_notebook", "Numba is loaded before lesson 10 chooses the simulator"),
    # ---- its picture
    Mutant(BLOCKS, '"registers" if i < kept else "shared"', '"registers" if i >= kept else "shared"', DRAWN, "registers and shared memory exchanged"),
    Mutant(BLOCKS, 'f"row {i}" if i < n else "no row"', 'f"row {i}" if i <= n else "no row"', DRAWN, "a thread without a row has one"),
    Mutant(BLOCKS, 'f"block {i // rows}, sequence {i % rows}", names[i]', 'f"block {i % all_blocks}, sequence {i // all_blocks}", names[i]', DRAWN, "sequences dealt out in turn"),
    Mutant(BLOCKS, "for i in range(SHOWN, rows * H, J):", "for i in range(SHOWN, rows * H, H):", DRAWN, "frames around states of other threads"),
    Mutant(BLOCKS, "_GATES[j // H]} {j % H}", "_GATES[j % 3]} {j // 3}", DRAWN, "gates interleaved"),
    Mutant(BLOCKS, "and 0 <= kept <= H and", "and 0 <= kept and", at("what_cannot_be_drawn_says_so"), "more in registers than there is"),
]
