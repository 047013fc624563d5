"""Sentences with Penn Treebank tags, in which many words have several tags that only the context
disambiguates.

can MD NN; saw VBD NN; play, run, watch, ... NN VB VBP; plays NNS VBZ; played VBD VBN; that DT IN
WDT; her PRP PRP$; 's POS VBZ; like IN VB VBP; fast, late, ... JJ RB; back NN RB; up IN RP; there
EX RB; will MD and Will NNP.  Some words are made up, with an ending that tells their tag: in
held-out texts, 8 to 9 % of the words are unknown.  Each sentence is meant to have one correct
tagging.  The most frequent tag of each word (overall, if the word is unknown), learnt from 2,000
texts, is right on 81 % of the words of other texts.

Unless noted otherwise, a function returns a list of (form, tag).
"""

from ...errors import check_rng
from ..tagged import Sentence, tagged_stories
from . import checked, pick, search

MADE_UP = 0.2                  # probability that a noun, verb, adjective, adverb or name is made up

DUAL = "answer call cook film help order paint play run visit walk watch".split()  # nouns and verbs
NOUN = "back bill can child dog door park road saw table".split()
PLURAL = {"child": "children", "watch": "watches"}
ADJECTIVE = "big early fast hard late new old red".split()
ADVERB = "again early fast hard late often quickly there".split()
NAME = "Anna Bill John Mark Mary Rose Will".split()
MODAL = "can may must will".split()
SINGULAR_PRONOUN, PLURAL_PRONOUN = "he it she".split(), "they we you".split()
OBJECT_PRONOUN = "her him it them us you".split()
NUMBER = "two three four seven ten".split()
PAST = {"run": "ran", "see": "saw", "like": "liked"}
PARTICIPLE = {"run": "run", "see": "seen"}


# words: (form, tag)

def stem(rng):
    """Two or three meaningless syllables and a consonant, as str."""
    syllables = (pick(rng, "bdfgklmnprstvz") + pick(rng, "aeou") for _ in range(rng.integers(2, 4)))
    return "".join(syllables) + pick(rng, "bdgkmntvz")


def made_up(rng):
    return rng.random() < MADE_UP


def noun(rng, plural):
    if made_up(rng):
        endings = ("isms", "ments", "nesses") if plural else ("ism", "ment", "ness")
        return stem(rng) + pick(rng, endings), "NNS" if plural else "NN"
    word = pick(rng, NOUN + DUAL)
    return (PLURAL.get(word, word + "s"), "NNS") if plural else (word, "NN")


def adjective(rng):
    if made_up(rng):
        return stem(rng) + pick(rng, ("ful", "ish", "less", "ous")), "JJ"
    return pick(rng, ADJECTIVE), "JJ"


def adverb(rng):
    return stem(rng) + "ly" if made_up(rng) else pick(rng, ADVERB), "RB"


def name(rng):
    return stem(rng).capitalize() if made_up(rng) else pick(rng, NAME), "NNP"


def number(rng):
    """A number above one, in digits or as a word."""
    digits = str(rng.integers(2, 100)), f"{rng.integers(1, 100)},{rng.integers(1000):03d}"
    return pick(rng, (*digits, pick(rng, NUMBER))), "CD"


def verb(rng, tag):
    """A transitive verb in the form of `tag`."""
    if made_up(rng):
        root = stem(rng) + "iz"
        return root + {"VBZ": "es", "VBG": "ing", "VBD": "ed", "VBN": "ed"}.get(tag, "e"), tag
    base = pick(rng, DUAL + ["like", "see"])
    if tag == "VBZ":
        return PLURAL.get(base, base + "s"), tag
    if tag == "VBG":
        return {"run": "running", "like": "liking"}.get(base, base + "ing"), tag
    if tag == "VBD":
        return PAST.get(base, base + "ed"), tag
    if tag == "VBN":
        return PARTICIPLE.get(base, PAST.get(base, base + "ed")), tag
    return base, tag


# noun phrases

def noun_group(rng, plural):
    """(JJ) NN."""
    return [adjective(rng)] * (rng.random() < 0.35) + [noun(rng, plural)]


def with_determiner(rng, plural, words):
    group = noun_group(rng, plural)
    word = pick(rng, words)
    return [("an" if word == "a" and group[0][0][0] in "aeiou" else word, "DT"), *group]


def full(rng, plural):
    """A noun phrase with a noun."""
    kind = rng.integers(6)
    if kind == 0:
        return [(pick(rng, ("her", "her", "his", "my", "their")), "PRP$"), *noun_group(rng, plural)]
    if kind == 1:
        return [name(rng), ("'s", "POS"), *noun_group(rng, plural)]
    if plural and kind == 2:
        return [number(rng), *noun_group(rng, plural)]
    singular = ("the", "a", "this", "that", "that")
    return with_determiner(rng, plural, ("the", "some", "these") if plural else singular)


def subject(rng):
    """A subject, as (list of (form, tag), whether it is plural)."""
    plural = bool(rng.integers(2))
    kind = rng.integers(5)
    if kind < 2:
        return [(pick(rng, PLURAL_PRONOUN if plural else SINGULAR_PRONOUN), "PRP")], plural
    if kind == 2 and not plural:
        return [name(rng)], plural
    if kind == 3:
        who = with_determiner(rng, plural, ("the",))
        return [*who, ("that", "WDT"), verb(rng, "VBD"), *thing(rng)], plural
    return full(rng, plural), plural


def thing(rng):
    """An object."""
    kind = rng.integers(4)
    if kind == 0:
        return [(pick(rng, OBJECT_PRONOUN + ["her", "her"]), "PRP")]
    return [name(rng)] if kind == 1 else full(rng, bool(rng.integers(2)))


# predicates

def finite(rng, plural, past, base, third):
    """A verb in the past or present tense, as (form, tag): said, say or says."""
    return pick(rng, ((past, "VBD"), (base, "VBP") if plural else (third, "VBZ")))


def act(rng, plural):
    return [verb(rng, pick(rng, ("VBD", "VBP" if plural else "VBZ"))), *thing(rng)]


def might(rng, plural):
    modal, negation = (pick(rng, MODAL), "MD"), [("not", "RB")] * int(rng.integers(2))
    return [modal, *negation, verb(rng, "VB"), *thing(rng)]


def did_not(rng, plural):
    return [("did", "VBD"), ("n't", "RB"), verb(rng, "VB"), *thing(rng)]


def has_done(rng, plural):
    return [finite(rng, plural, "had", "have", "has"), verb(rng, "VBN"), *thing(rng)]


def is_doing(rng, plural):
    return [be(rng, plural), verb(rng, "VBG"), *thing(rng)]


def was_done(rng, plural):
    return [be(rng, plural), verb(rng, "VBN"), ("by", "IN"), *thing(rng)]


def is_such(rng, plural):
    return [be(rng, plural), adjective(rng)]


def wants(rng, plural):
    wanted = finite(rng, plural, "wanted", "want", "wants")
    return [wanted, ("to", "TO"), verb(rng, "VB"), *thing(rng)]


def says(rng, plural):
    form = pick(rng, (("said", "VBD"), ("knew", "VBD"),
                      ("think", "VBP") if plural else ("thinks", "VBZ")))
    return [form, ("that", "IN"), *clause(rng)]


def sees(rng, plural):
    """Saw her paint a door.  The second object starts with a or the, so that paint is no noun."""
    saw = finite(rng, plural, "saw", "see", "sees")
    whom = pick(rng, ("her", "her", "him", "them")), "PRP"
    return [saw, whom, verb(rng, "VB"), *with_determiner(rng, False, ("a", "the"))]


def moves(rng, plural):
    where = pick(rng, ([("back", "RB")],
                       [("up", "IN"), *full(rng, False)], [("to", "TO"), *full(rng, False)]))
    return [pick(rng, (("came", "VBD"), ("went", "VBD"),
                       ("go", "VBP") if plural else ("goes", "VBZ"))), *where]


def picks_up(rng, plural):
    return [finite(rng, plural, "picked", "pick", "picks"), ("up", "RP"), *thing(rng)]


def looks_like(rng, plural):
    return [finite(rng, plural, "looked", "look", "looks"), ("like", "IN"), *thing(rng)]


def be(rng, plural):
    """A form of be, as (form, tag)."""
    return finite(rng, plural, "were" if plural else "was", "are", "is")


PREDICATES = (act, act, act, might, might, did_not, has_done, is_doing, was_done, is_such, wants,
              says, sees, moves, picks_up, looks_like)


# clauses and sentences

def statement(rng):
    who, plural = subject(rng)
    return [*who, *pick(rng, PREDICATES)(rng, plural)]


def short_is(rng):
    """Mary 's playing, she 's late: 's is a verb."""
    who = pick(rng, ([name(rng)], [(pick(rng, SINGULAR_PRONOUN), "PRP")]))
    return [*who, ("'s", "VBZ"), *pick(rng, (is_doing, is_such))(rng, False)[1:]]


def there_is(rng):
    plural = bool(rng.integers(2))
    was = be(rng, plural)
    return [("there", "EX"), was, *with_determiner(rng, plural, ("some",) if plural else ("a",))]


def clause(rng):
    words = pick(rng, (statement,) * 6 + (short_is, there_is))(rng)
    if rng.random() < 0.3:
        words = words + [adverb(rng)]
    if rng.random() < 0.3:
        when = [("in", "IN"), (str(rng.integers(1900, 2030)), "CD")]
        preposition = pick(rng, ("behind", "in", "near", "with")), "IN"
        words = words + pick(rng, (when, [preposition, *full(rng, bool(rng.integers(2)))]))
    return words


def told(rng):
    words = clause(rng)
    if rng.random() < 0.2:
        words = words + [(",", ","), (pick(rng, ("and", "but")), "CC"), *clause(rng)]
    if rng.random() < 0.1:
        words = [adverb(rng), (",", ","), *words]
    return [*words, (".", ".")]


def asked(rng):
    who, _ = subject(rng)
    when = pick(rng, ([], [("when", "WRB")]))
    auxiliary = pick(rng, ((pick(rng, MODAL), "MD"), ("did", "VBD")))
    return [*when, auxiliary, *who, verb(rng, "VB"), *thing(rng), ("?", ".")]


def asked_who(rng):
    return [("who", "WP"), *pick(rng, PREDICATES)(rng, False), ("?", ".")]


def sentence(rng):
    """One sentence, with a capital letter at its start."""
    (first, tag), *rest = pick(rng, (told,) * 7 + (asked, asked_who))(rng)
    return [(first[0].upper() + first[1:], tag), *rest]


def words_of(pairs):
    return tuple(word for word, _ in pairs)


def tagged_texts(n, rng, apart_from=()):
    """`n` distinct tagged sentences as list[Story], in the form of `tagged_stories`.

    apart_from: stories whose sentences are excluded.  Every random draw comes from `rng`, a numpy
    Generator.  Raises UserError for fewer than one, and where too few are found.
    """
    check_rng(rng)
    sentences, told = [], {tuple(story.facts[0]) for story in apart_from}
    for i in range(1, checked(n) + 1):
        pairs = search(lambda: sentence(rng), lambda pairs: words_of(pairs) not in told)
        told.add(words_of(pairs))
        sentences.append(Sentence(pairs, f"generated tags, text {i}"))
    return tagged_stories(sentences)
