"""Who computes what on a GPU: blocks, their threads, and where each keeps what it works on."""

from matplotlib.patches import Rectangle

from .drawing import GREY, INKS, LINE, PAD, axes_at, new_figure, save, text_size, wrapped

_CELL, _GAP = 0.22, 0.1                # inches
_MOST = 36                             # threads of a block, or sequences, that are drawn
SHOWN = 1                              # the thread of a block with frames around what is its own
_SHADES = ("#9ec5e8", "#f2c9a1")                           # of registers, of shared memory
_GATES = ("z", "r", "h̃")


def plot_blocks(update, gru, path, title="", legend=""):
    """Two kernels: eq. (7) with a thread a row, and the GRU over whole sequences in one launch.

    update: (rows, threads of a block).  gru: (H, how many numbers of its row of U a thread has in
    registers, sequences of a block, the names of all sequences in the order of the blocks).
    Of the GRU's blocks the first is drawn; in frames, what its thread SHOWN holds and makes.
    Returns the path.  Raises ValueError where there is nothing to draw, or too much.
    """
    (n, threads), (H, kept, rows, names) = update, gru
    if not (0 < n and 0 < threads and -(-n // threads) * threads <= _MOST and 0 < 3 * H <= _MOST
            and 0 <= kept <= H and 0 < rows and 0 < len(names) <= _MOST):
        raise ValueError(f"rows and threads of a block, sequences, and 0 <= kept <= H are to be "
                         f"above 0, and threads at most {_MOST}; got {update} and {gru}")
    J, blocks, all_blocks = 3 * H, -(-n // threads), -(-len(names) // rows)
    left_head = "Eq. (7): a thread a row"
    mid_head = f"The GRU, one launch: block 0 of {all_blocks}"
    left_rows = [(f"block {i // threads}, thread {i % threads}", f"row {i}" if i < n else "no row")
                 for i in range(blocks * threads)]
    place = [(f"block {i // rows}, sequence {i % rows}", names[i] if i < len(names) else "empty")
             for i in range(all_blocks * rows)]
    with new_figure(list(names), title, legend) as figure:
        wide = lambda texts, **font: max(text_size(figure, text, **font)[0] for text in texts)
        label = wide([name for name, _ in left_rows + place]) + _GAP
        box = max(wide([name for _, name in left_rows + place]) + 2 * _GAP, 1.0)
        left = max(label + box, wide([left_head], weight="bold"),
                   wide(["The GRU's sequences, longest first"], weight="bold"))
        thread = wide([f"thread {J - 1}   h̃ {H - 1}"]) + _GAP
        sequence = wide([f"sequence {rows - 1}"]) + _GAP
        names_of = ["U: a row a thread", f"states: {rows} × {H} numbers", "U h: a column a thread"]
        u_wide = max(_CELL * H, wide(names_of[:1]))
        right = sequence + max(_CELL * J, wide(names_of[1:]))
        x_u = PAD + left + 0.5 + thread
        x_s = x_u + u_wide + 0.4 + sequence
        width = max(x_s - sequence + right, x_u - thread + wide([mid_head], weight="bold"),
                    PAD + wide([title], weight="bold")) + PAD
        notes = wrapped(figure, legend, width - 2 * PAD)
        top = PAD + (LINE + 0.14) * bool(title) + LINE + 0.1
        y_place = top + _CELL * len(left_rows) + _GAP * (blocks - 1) + 0.25 + LINE + 0.1
        y_u = top + LINE + 0.06
        bottom = max(y_place + _CELL * len(place) + _GAP * (all_blocks - 1),
                     y_u + _CELL * J + 2 * _GAP, y_u + 2 * rows * _CELL + LINE + 0.4 + LINE + 0.1)
        height = bottom + 0.12 + LINE * len(notes) + PAD
        figure.set_size_inches(width, height)
        page = axes_at(figure, 0, 0, width, height)
        page.set(xlim=(0, width), ylim=(height, 0))
        page.axis("off")
        bold = lambda x, y, text: page.text(x, y, text, va="center", weight="bold")
        bold(PAD, PAD + LINE / 2, title)
        bold(PAD, top - 0.1 - LINE / 2, left_head)
        bold(PAD, y_place - 0.1 - LINE / 2, "The GRU's sequences, longest first")
        bold(x_u - thread, top - 0.1 - LINE / 2, mid_head)

        def cell(x, y, kind, width=_CELL):
            """kind: "registers", "shared", "none" (dashed), "plain"."""
            look = {"registers": dict(facecolor=_SHADES[0]),
                    "shared": dict(facecolor=_SHADES[1], hatch="////"),
                    "none": dict(facecolor="none", linestyle=(0, (3, 2)))}
            page.add_patch(Rectangle((x, y), width, _CELL, edgecolor="#888888", linewidth=0.6,
                                     **look.get(kind, dict(facecolor="white"))))

        def frame(x, y, wide, tall):
            page.add_patch(Rectangle((x, y), wide, tall, fill=False, edgecolor=INKS[2],
                                     linewidth=1.8, zorder=3))

        for y_0, pairs, group in ((top, left_rows, threads), (y_place, place, rows)):
            for i, (name, holds) in enumerate(pairs):
                y = y_0 + _CELL * i + _GAP * (i // group)
                cell(PAD + label, y, "none" if holds in ("no row", "empty") else "plain", box)
                page.text(PAD, y + _CELL / 2, name, va="center_baseline")
                page.text(PAD + label + box / 2, y + _CELL / 2, holds, ha="center",
                          va="center_baseline")
        page.text(x_u, y_u - 0.06 - LINE / 2, names_of[0], va="center")
        for j in range(J):
            y = y_u + _CELL * j + _GAP * (j // H)
            page.text(x_u - thread, y + _CELL / 2, f"thread {j}", va="center_baseline")
            page.text(x_u - _GAP, y + _CELL / 2, f"{_GATES[j // H]} {j % H}", ha="right",
                      va="center_baseline")
            for i in range(H):
                cell(x_u + _CELL * i, y, "registers" if i < kept else "shared")
        frame(x_u, y_u + _CELL * SHOWN + _GAP * (SHOWN // H), _CELL * H, _CELL)
        for k, (columns, name) in enumerate(zip((H, J), names_of[1:])):
            y = y_u + k * (rows * _CELL + 0.4 + LINE)
            page.text(x_s, y - 0.06 - LINE / 2, name, va="center")
            for row in range(rows):
                page.text(x_s - _GAP, y + _CELL * (row + 0.5), f"sequence {row}", ha="right",
                          va="center_baseline")
                for i in range(columns):
                    cell(x_s + _CELL * i, y + _CELL * row, "shared")
            if k:
                frame(x_s + _CELL * SHOWN, y, _CELL, _CELL * rows)
                continue
            for i in range(SHOWN, rows * H, J):            # its share of the states
                frame(x_s + _CELL * (i % H), y + _CELL * (i // H), _CELL, _CELL)
        for i, line in enumerate(notes):
            page.text(PAD, bottom + 0.12 + LINE * (i + 0.5), line, va="center", color=GREY)
        return save(figure, path)
