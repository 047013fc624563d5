"""Film review sentences labelled by the rules that generate them, in which word order decides.

Each function returns (text, value), with a value from -2 (very negative) to 2.  Negation,
comparison, idioms and contrast turn the same words positive or negative, so that bag-of-words
models fail: naive Bayes over single words, trained on 2,000 texts, is right on 47 to 50 % of other
texts (fine; chance 20 %) and 53 % (binary; chance 50 %).
"""

from ...errors import check_rng
from ..sst import sentiment_question
from ..story import Story
from . import checked, pick, search

ADJECTIVES = {
    2: ("brilliant", "dazzling", "gorgeous", "masterful", "superb", "unforgettable", "wonderful"),
    1: ("charming", "clever", "enjoyable", "fresh", "funny", "good", "solid", "tender",
        "thoughtful", "touching", "warm", "witty"),
    0: ("average", "middling", "ordinary", "passable"),
    -1: ("bad", "bland", "clumsy", "dull", "flat", "lukewarm", "muddled", "predictable", "shallow",
         "silly", "slow", "tired"),
    -2: ("atrocious", "awful", "dreadful", "horrible", "insufferable", "terrible", "unbearable"),
}
VALUE = {word: value for value, words in ADJECTIVES.items() for word in words}
EVERY = tuple(VALUE)
SIGNED = tuple(word for word in EVERY if VALUE[word])
MILD = {sign: ADJECTIVES[sign] for sign in (1, -1)}
VERBS = {1: ("amuse", "charm", "delight", "move", "surprise"),
         -1: ("annoy", "bore", "disappoint", "irritate", "tire")}
THINGS = ("acting", "cast", "dialogue", "ending", "film", "humour", "movie", "music", "plot",
          "script", "story")
OTHERS = ("book", "comic", "first part", "original", "play", "trailer")
FACTS = ("it runs for two hours", "it was shot in rome", "the story is set in paris",
         "the director also wrote the script", "it opens on friday", "the cast is french",
         "it is based on a novel", "the music is by the director", "it is a sequel",
         "the plot spans ten years", "the dialogue is in english", "the film was made in china")


def sign(value):
    return (value > 0) - (value < 0)


# descriptions, to follow "is"

def plain(rng):
    word = pick(rng, EVERY)
    return word, VALUE[word]


def stronger(rng):
    word = pick(rng, SIGNED)
    return f"{pick(rng, ('truly', 'utterly', 'very'))} {word}", 2 * sign(VALUE[word])


def weaker(rng):
    word = pick(rng, SIGNED)
    return f"{pick(rng, ('fairly', 'rather', 'somewhat'))} {word}", sign(VALUE[word])


def denied(rng):
    word = pick(rng, SIGNED)                       # not brilliant is only bad, not awful only good
    no = pick(rng, ("far from", "hardly", "never", "not", "not exactly"))
    return f"{no} {word}", -sign(VALUE[word])


def denied_strongly(rng):
    word = pick(rng, SIGNED)
    return f"{pick(rng, ('anything but', 'not at all'))} {word}", -2 * sign(VALUE[word])


def neither(rng):
    s = pick(rng, (1, -1))
    one = pick(rng, MILD[s])
    other = pick(rng, [word for word in MILD[s] if word != one])
    return f"neither {one} nor {other}", -2 * s


def described(rng):
    word = pick(rng, EVERY)                                # best is no praise here, nor worst blame
    return f"{pick(rng, ('best described as', 'at best', 'at worst'))} {word}", VALUE[word]


def affirmed(rng):
    word = pick(rng, SIGNED)                               # nothing is no negation here
    return f"nothing {pick(rng, ('if not', 'short of'))} {word}", 2 * sign(VALUE[word])


def rather_than(rng):
    s = pick(rng, (1, -1))
    first, second = pick(rng, MILD[s]), pick(rng, MILD[-s])
    if rng.integers(2):
        return f"more {first} than {second}", s
    return f"less {first} than {second}", -s


def too(rng):
    s = pick(rng, (1, -1))
    return f"too {pick(rng, MILD[s])} to be {pick(rng, MILD[-s])}", s


DESCRIPTIONS = (plain, plain, stronger, weaker, denied, denied, denied_strongly, neither, described,
                affirmed, rather_than, too)


# clauses

def describe(rng):
    text, value = pick(rng, DESCRIPTIONS)(rng)
    return f"{pick(rng, ('it', f'the {pick(rng, THINGS)}'))} is {text}", value


def call(rng):
    word = pick(rng, EVERY)
    negated = VALUE[word] and rng.integers(2)
    article = "an" if word[0] in "aeiou" else "a"
    text = f"this is {'not ' * bool(negated)}{article} {word} {pick(rng, ('film', 'movie'))}"
    return text, -sign(VALUE[word]) if negated else VALUE[word]


def verb(rng):
    s = pick(rng, (1, -1))
    manner, value = pick(rng, (("fails to", -s), ("never fails to", 2 * s), ("manages to", s),
                               ("does not", -s), ("is never likely to", -s), ("will", s)))
    return f"{pick(rng, ('it', f'the {pick(rng, THINGS)}'))} {manner} {pick(rng, VERBS[s])}", value


def compare(rng):
    ours, theirs = f"the {pick(rng, ('film', 'movie'))}", f"the {pick(rng, OTHERS)}"
    s = pick(rng, (1, -1))
    word = {1: "better", -1: "worse"}[s]
    return pick(rng, ((f"{ours} is {word} than {theirs}", s),
                      (f"{theirs} is {word} than {ours}", -s),
                      (f"{ours} is no {word} than {theirs}", -s),
                      (f"few films are {word}", -2 * s)))


def expect(rng):
    s = pick(rng, (1, -1))
    got, other = pick(rng, MILD[s] + ADJECTIVES[2 * s]), pick(rng, MILD[-s] + ADJECTIVES[-2 * s])
    thing = pick(rng, ("film", "movie", "story"))
    return pick(rng, (f"we expected something {other} and got something {got}",
                      f"we got something {got} and expected something {other}",
                      f"instead of a {thing} that is {other} we get one that is {got}",
                      f"we get a {thing} that is {got} instead of one that is {other}")), VALUE[got]


def fact(rng):
    return pick(rng, FACTS), 0


CLAUSES = (describe, describe, describe, describe, call, verb, compare, expect, fact)


# sentences: their value is that of the decisive clause

def alone(rng):
    return pick(rng, CLAUSES)(rng)


def contrast(rng):
    while True:
        first, second = alone(rng), alone(rng)
        if sign(first[1]) != sign(second[1]):
            break
    (one, decides), (other, _) = first, second
    return pick(rng, (f"{other} , but {one}", f"although {other} , {one}",
                      f"{one} , although {other}", f"{other} ; still , {one}")), decides


def reported(rng):
    text, value = alone(rng)
    they = pick(rng, ("critics say", "some say", "the poster says"))
    right = pick(rng, ("that is true", "that is a lie"))
    return f"{they} that {text} , and {right}", value if right.endswith("true") else -sign(value)


SENTENCES = (alone, alone, contrast, contrast, contrast, reported)


def sentiment_texts(n, rng, kind="fine", apart_from=()):
    """`n` distinct labelled sentences as list[Story], in the form of `sentiment_stories`, with all
    answers equally likely.

    kind: "fine" (five answers) or "binary" (two).  apart_from: stories whose sentences are
    excluded.  Every random draw comes from `rng`, a numpy Generator.  Raises UserError for fewer
    than one, and where too few are found.  """
    check_rng(rng)
    values = (-2, -1, 0, 1, 2) if kind == "fine" else (-2, -1, 1, 2)
    stories = []
    told = {" ".join(story.facts[0][:-1]) for story in apart_from}         # without the full stop
    for i in range(1, checked(n) + 1):
        wanted = pick(rng, values)
        text, value = search(lambda: pick(rng, SENTENCES)(rng),
                             lambda found: found[1] == wanted and found[0] not in told)
        told.add(text)
        question = sentiment_question(value + 2, kind)
        stories.append(Story([[*text.split(), "."]], [question], f"generated sentiment, text {i}"))
    return stories
