"""open a page in the browser: tell a network a story, change it, and watch answer and attention

examples:
  tinydmn play runs/babi-1.npz                       on this machine alone; Ctrl-C ends it
  tinydmn play with.npz without.npz                  two networks side by side, say with supervised
                                                     attention and without
  tinydmn play runs/babi-1.npz --export where.html   one file to send, which needs no server

Facts can be written, moved and left out; a generated story can be drawn.  Texts to judge and
sentences to tag are typed, and their words can be left out.
"""

import sys
import webbrowser
from pathlib import Path
from threading import Thread

from ..errors import UserError
from ..writing import check_place, write_whole
from .common import add_backend, add_seed, number

STORIES = 6


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    parser.add_argument("checkpoint2", nargs="?", help="another, to see beside it")
    parser.add_argument("--port", type=number(least=1, most=65535), metavar="N",
                        help="where the page is served (default: a port that is free)")
    parser.add_argument("--no-browser", action="store_true",
                        help="only print the page's address; do not open it")
    group = parser.add_argument_group("a page to send")
    group.add_argument("--export", metavar="FILE.html",
                       help="write the page with the answers to generated stories, and serve none")
    group.add_argument("--stories", type=number(least=1, most=100), metavar="N",
                       help=f"stories, or texts, in the file (default {STORIES})")
    group.add_argument("--overwrite", action="store_true", help="replace a file of that name")
    add_seed(group)
    add_backend(parser)


def run(args):
    from ..play.replies import open_networks

    if args.export is not None:
        if args.port or args.no_browser:
            raise UserError("--export: a file has no server; leave --port and --no-browser out")
        if Path(args.export).suffix.lower() not in (".html", ".htm"):
            raise UserError(f"{args.export}: a page's name ends in .html; change its ending")
        check_place(args.export, args.overwrite)
    elif args.stories or args.overwrite:
        raise UserError("--stories and --overwrite are for a file; give --export FILE.html")
    paths = [path for path in (args.checkpoint, args.checkpoint2) if path is not None]
    networks = open_networks(paths, args.backend)
    (export if args.export else serve)(networks, args)


def export(networks, args):
    from ..play.export import exported

    text = exported(networks, args.stories or STORIES, args.seed)
    write_whole(args.export, text, "choose another --export")
    print(f"{args.export}: {len(text.encode()) / 1e6:.1f} MB; open it in a browser")


def serve(networks, args):
    from ..play.server import Server

    with Server(networks, args.port or 0) as server:
        try:
            print(f"{server.address}   Ctrl-C ends it", flush=True)
            if not args.no_browser:
                # a thread of its own: some browsers return only when they are closed
                Thread(target=webbrowser.open, args=[server.address], daemon=True).start()
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            print(file=sys.stderr)                         # the prompt begins a line of its own
