"""tell a network a story and ask it

  tinydmn ask runs/babi-1.npz                     type facts, a line each, and a question; an empty line ends the story
  printf 'Mary went to the garden.\\nWhere is Mary?\\n' | tinydmn ask runs/babi-1.npz
"""

import re
import sys

import numpy as np

from ..data.batch import make_batch
from ..data.story import Question, Story
from ..errors import UserError
from ..terminal import attention_text, use_colour
from ..training import checkpoint
from .common import add_backend, print_json

WELCOME = """Tell a story, one sentence a line; a line that ends in ? is a question.
An empty line begins a new story, Ctrl-D ends.  Words it knows: {words}"""


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    parser.add_argument("--plot", metavar="FILE", help="also draw the last question's attention (.png, .svg or .pdf)")
    parser.add_argument("--json", action="store_true", help="print each answer as a JSON object")
    add_backend(parser)


def run(args):
    model, _, about = checkpoint.load(args.checkpoint, args.backend)
    if sys.stdin.isatty():
        words = [w for w in model.vocabulary.words if not w.startswith("<")]
        print(WELCOME.format(words=" ".join(words[:60]) + (" ..." if len(words) > 60 else "")))
    facts, asked = [], False
    for line in sys.stdin:
        text = re.sub(r"^\s*\d+\s+", "", line).split("\t")[0].strip()  # a line of a bAbI file will do: its number and answer are left out
        if not text:
            facts = []
        elif text.endswith("?"):
            if not facts:
                raise UserError(f"a question before any fact: {text!r}; tell a fact first, a line that ends in a full stop")
            answer(model, facts, text, args)
            asked = True
        elif words_of(text):
            facts.append(text)
    if not asked:
        raise UserError("no question was asked; end a question's line with ?")


def words_of(text):
    return re.findall(r"[^\s.?!,;:]+", text.lower())


def think(model, facts, question):
    """facts: token lists, question: tokens -> [(answer, probability)], likeliest first, and gates (passes, n_facts + 1)."""
    batch = make_batch([Story(facts, [Question(question, [], len(facts))])], model.vocabulary)
    out = model.forward(batch)
    p = np.exp(out.logits[0] - out.logits[0].max())
    p /= p.sum()
    return [(model.vocabulary.answers[i], float(p[i])) for i in np.argsort(-p)], out.gates[:, 0]


def answer(model, facts, question, args):
    """Prints what the network answers, and where each pass looked.  facts, question: as they were typed."""
    tokens = [words_of(fact) for fact in facts], words_of(question)
    unknown = model.vocabulary.unknown([w for text in (*tokens[0], tokens[1]) for w in text])
    ranked, gates = think(model, *tokens)
    if args.json:
        print_json({"question": question, "answer": ranked[0][0], "probability": ranked[0][1], "others": dict(ranked[1:4]),
                    "facts": facts, "gates": gates.tolist(), "unknown_words": unknown})
    else:
        if unknown:
            print(f"never seen in training, read as unknown: {', '.join(unknown)}")
        others = ", ".join(f"{name} {p:.3f}" for name, p in ranked[1:3])
        print(f"\n{question}  ->  {ranked[0][0]}   (probability {ranked[0][1]:.3f}{'; then ' + others if others else ''})")
        print(attention_text(facts, gates, colour=use_colour(sys.stdout)), flush=True)
    if args.plot:
        from ..plots import plot_attention                 # loads Matplotlib
        plot_attention(facts, gates, args.plot, question=question, predicted=ranked[0][0])
