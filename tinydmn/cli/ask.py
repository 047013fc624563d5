"""tell a network a story and ask it; or give it a text to classify, or a sentence to tag

  tinydmn ask runs/babi-1.npz        type facts, a line each, and a question; an empty line ends
                                     the story
  printf 'Mary went to the garden.\\nWhere is Mary?\\n' | tinydmn ask runs/babi-1.npz
  echo 'Not a good film, but a funny one.' | tinydmn ask runs/sst-fine.npz
  echo "She can't open the can." | tinydmn ask runs/pos.npz

A story is read as a bAbI file is, with or without line numbers: blanks separate words, 9:15 and dr.
are words.  A text or a sentence is tokenised as in the Penn Treebank (do n't, and a full stop by
itself); one that is tokenised already is taken as it is.
"""

import sys

import numpy as np

from ..answer import position_labels
from ..data.story import Question, Story
from ..errors import UserError
from ..ops.episode_numpy import softmax
from ..parts import answer_of
from ..streams import typed_lines
from ..tasks import task_of
from ..terminal import answer_text, columns, padded, shown
from ..training import checkpoint
from ..training.material import batch_of
from .common import add_backend, picture, print_json

# signs before or behind a word: in training they were part of it, or words of their own
SIGNS = ".,;:!?\"'()[]"


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    parser.add_argument("--plot", type=picture, metavar="FILE",
                        help="also draw the last question's attention (.png, .svg or .pdf)")
    parser.add_argument("--json", action="store_true",
                        help="print each answer as one JSON object on a line of its own")
    add_backend(parser)


def run(args):
    model, _, about = checkpoint.load(args.checkpoint, args.backend)
    task, tags = task_of(about), answer_of(model.config).PER_WORD
    if args.plot and tags:
        raise UserError("--plot: every word of a tagged sentence has attention of its own; "
                        "leave --plot out")
    if args.plot and not model.config.passes:
        raise UserError("--plot: a network of zero passes has no attention; leave --plot out")
    if sys.stdin.isatty():
        words = [w for w in model.vocabulary.words if not w.startswith("<")]
        some = " ".join(words[:60]) + (" ..." if len(words) > 60 else "")
        print(task.welcome.format(words=some), file=sys.stderr if args.json else sys.stdout)
    for typed in task.typed(typed_lines(), about, model.vocabulary, advise):
        (answer_tags if tags else answer)(model, typed, args)


def advise(problem):
    """Tells a person at a terminal what cannot be asked, and goes on.  Raises UserError where the
    input is piped."""
    if not sys.stdin.isatty():
        raise UserError(problem)
    print(problem, file=sys.stderr, flush=True)


def answer_tags(model, typed, args):
    """Prints a tag and its probability for each word of a sentence, a task.Typed."""
    words = [word for fact in typed.facts for word in fact]
    story = Story(typed.facts, [Question(typed.question, [], len(typed.facts))])
    out = model.forward(batch_of([story], model.vocabulary, model.config))
    tags = [model.vocabulary.answers[k] for k in out.answers[0]]
    p = softmax(out.logits[0].astype(np.float64)).max(axis=-1)
    if args.json:
        unknown = model.vocabulary.unknown(words)
        print_json({"words": words, "tags": tags, "probabilities": p, "unknown_words": unknown},
                   indent=None)
        return
    width, wide = (max(map(columns, texts)) + 2 for texts in (words, ["x" * 6, *tags]))
    for word, tag, sure in zip(words, tags, p):
        known = "" if not model.vocabulary.unknown([word]) else "   never seen in training"
        print(f"{padded(word, width)}{padded(tag, wide)}{sure:.3f}{known}")
    print(flush=True)


def answer(model, typed, args):
    """Prints the answer to a question, a task.Typed, and where each pass looked."""
    facts, question = typed.facts, typed.question
    unknown = model.vocabulary.unknown([w for words in (*facts, question) for w in words])
    found = model.ask(facts, question)
    ranked, gates = [(found.answer, found.probability), *found.others], found.attention
    labels = position_labels(facts, model.config.facts, typed.labels)
    if args.json:
        print_json({"question": typed.text, "answer": found.answer,
                    "probability": found.probability, "others": dict(found.others),
                    "facts": labels, "gates": gates, "unknown_words": unknown}, indent=None)
    else:
        if unknown:
            hints = shown(", ".join(word + hint(word, model.vocabulary) for word in unknown))
            print(f"never seen in training, read as unknown: {hints}")
        # flushed, as another program may wait for it
        print("\n" + answer_text(typed.text, ranked, labels, gates), flush=True)
    if args.plot:
        from ..plots import plot_attention                 # loads Matplotlib
        plot_attention(labels, gates, args.plot, question=typed.text, predicted=found.answer)


def hint(word, vocabulary):
    """" (it knows WORD)", where an unknown word is a known one with signs around it; else ""."""
    plain = word.strip(SIGNS)
    return f" (it knows {plain})" if plain and not vocabulary.unknown([plain]) else ""
