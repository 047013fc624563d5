"""tell a network a story and ask it; or give it a text to judge, or a sentence to tag

  tinydmn ask runs/babi-1.npz                     type facts, a line each, and a question; an empty line ends the story
  printf 'Mary went to the garden.\\nWhere is Mary?\\n' | tinydmn ask runs/babi-1.npz
  echo 'Not a good film, but a funny one.' | tinydmn ask runs/sst-fine.npz
  echo "She can't open the can." | tinydmn ask runs/pos.npz

A story is read as a bAbI file is, with or without numbers of lines: blanks part words, 9:15 and dr. are words.  A text or a sentence is parted into
words as the Penn Treebank does (do n't, and a full stop for itself); one that is parted so already is taken as it is.
"""

import sys

import numpy as np

from ..data.babi import typed_questions
from ..data.story import Question, Story, sentence_words
from ..data.sst import sentiment_question
from ..data.tagged import Sentence, tagged_stories
from ..data.text import treebank_words
from ..errors import UserError
from ..ops.episode_numpy import softmax
from ..streams import typed_lines
from ..terminal import answer_text, columns, padded, shown
from ..training import checkpoint
from ..training.answers import places
from ..training.material import batch_of
from .common import add_backend, picture, print_json

SIGNS = ".,;:!?\"'()[]"        # that may stand before or behind a word: for training they were part of it, or words of their own

WELCOME = {
    "babi": """Tell a story, one sentence a line; a line that ends in ? is a question.
An empty line begins a new story, Ctrl-D ends.  Words it knows: {words}""",
    "sst": "Type a text, one a line; Ctrl-D ends.  Punctuation becomes words of its own, as in the treebank.",
    "pos": "Type a sentence, one a line; Ctrl-D ends.  Punctuation becomes words of its own, as in a treebank.",
}


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    parser.add_argument("--plot", type=picture, metavar="FILE", help="also draw the last question's attention (.png, .svg or .pdf)")
    parser.add_argument("--json", action="store_true", help="print each answer as one JSON object in a line of its own")
    add_backend(parser)


def run(args):
    model, _, about = checkpoint.load(args.checkpoint, args.backend)
    if args.plot and about["set"] == "pos":
        raise UserError("--plot: every word of a tagged sentence has attention of its own; leave --plot out")
    if args.plot and not model.config.passes:
        raise UserError("--plot: a network of zero passes looks nowhere; leave --plot out")
    if sys.stdin.isatty():
        words = [w for w in model.vocabulary.words if not w.startswith("<")]
        print(WELCOME[about["set"]].format(words=" ".join(words[:60]) + (" ..." if len(words) > 60 else "")),
              file=sys.stderr if args.json else sys.stdout)
    {"babi": ask_stories, "sst": ask_texts, "pos": ask_sentences}[about["set"]](model, about, args)


def ask_stories(model, about, args):
    asked = False
    for facts, question in typed_questions(typed_lines(), advise):
        answer(model, facts, [sentence_words(fact) for fact in facts], question, sentence_words(question), args)
        asked = True
    if not asked:
        raise UserError("no question was asked; end a question's line with ?")


def advise(problem):
    """What cannot be asked: a person at a terminal is told, and goes on.  Raises UserError where nobody sits there."""
    if not sys.stdin.isatty():
        raise UserError(problem)
    print(problem, file=sys.stderr, flush=True)


def ask_texts(model, about, args):
    question = sentiment_question(0, about["kind"]).tokens
    known = frozenset() if about.get("file") else known_words(model)       # a file of one's own was read as this text is: without knowing any word
    for text in lines():
        words = [word.lower() for word in treebank_words(text, known)]
        answer(model, [text], [words], text, question, args)


def ask_sentences(model, about, args):
    known = known_words(model)
    for text in lines():
        words = treebank_words(text, known)
        story, = tagged_stories([Sentence([(word, "?") for word in words], "")])
        story = Story(story.facts, [Question(story.questions[0].tokens, [], 1)])
        out = model.forward(batch_of([story], model.vocabulary, model.config))
        tags = [model.vocabulary.answers[k] for k in out.answers[0]]
        p = softmax(out.logits[0].astype(np.float64)).max(axis=-1)
        if args.json:
            print_json({"words": words, "tags": tags, "probabilities": p, "unknown_words": model.vocabulary.unknown(words)}, indent=None)
            continue
        width, wide = (max(map(columns, texts)) + 2 for texts in (words, ["x" * 6, *tags]))
        for word, tag, sure in zip(words, tags, p):
            known_before = "" if not model.vocabulary.unknown([word]) else "   never seen in training"
            print(f"{padded(word, width)}{padded(tag, wide)}{sure:.3f}{known_before}")
        print(flush=True)


def known_words(model):
    """Words of the vocabulary, in lower case: what `treebank_words` leaves whole."""
    return frozenset(word.lower() for word in model.vocabulary.words)


def lines():
    """Lines of the standard input that hold something."""
    found = False
    for line in typed_lines():
        if line.strip():
            found = True
            yield line.strip()
    if not found:
        raise UserError("nothing was typed; give a text, a line each")


def answer(model, labels, facts, text, question, args):
    """Prints what the network answers, and where each pass looked.  labels: what was typed, a fact each; text: the question, or the text judged."""
    unknown = model.vocabulary.unknown([w for words in (*facts, question) for w in words])
    said, gates = model.ask(facts, question)
    labels = places(facts, model.config.facts, labels)
    if args.json:
        print_json({"question": text, "answer": said[0][0], "probability": said[0][1], "others": dict(said[1:]),
                    "facts": labels, "gates": gates, "unknown_words": unknown}, indent=None)
    else:
        if unknown:
            plain = {word: word.strip(SIGNS) for word in unknown}
            hint = lambda word: f" (it knows {plain[word]})" * (plain[word] != "" and not model.vocabulary.unknown([plain[word]]))
            print(f"never seen in training, read as unknown: {shown(', '.join(word + hint(word) for word in unknown))}")
        print("\n" + answer_text(text, said, labels, gates), flush=True)                  # another program may wait for it
    if args.plot:
        from ..plots import plot_attention                 # loads Matplotlib
        plot_attention(labels, gates, args.plot, question=text, predicted=said[0][0])
