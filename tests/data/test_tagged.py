"""Tagged sentences: columns, CoNLL-U and Penn Treebank files by hand, the real files, and every mistake with its place and its mend."""

import gzip

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data.story import Question
from tinydmn.data.tagged import WSJ_PLACES, Sentence, load_tagged, read_columns, read_conllu, read_ptb, read_tagged, read_wsj, tagged_stories

from .broken import check_whole_file_mistakes, message, write
from .published import DATA, needs_published

DONT = [("Do", "VB"), ("n't", "RB"), ("go", "VB"), (".", ".")]
COLUMNS = "Do\tVB\nn't\tRB\ngo\tVB\n.\t.\n\nYes\tUH\n"
CONLLU = """\
# sent_id = 1
# text = Don't go.
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tDo\tdo\tAUX\tVB\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
2.1\tever\tever\tADV\tRB\t_\t_\t_\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
4\t.\t.\tPUNCT\t.\t_\t3\tpunct\t_\t_

# sent_id = 2
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_

# the end
"""
PTB = """\

( (S
    (NP-SBJ (PRP It) )
    (VP (VBZ is)
      (ADJP-PRD (JJ easy) (S (NP-SBJ (-NONE- *) ) (VP (TO to) (VP (VB say) )))))
    (. .) ))
(FRAG (-LRB- -LRB-) (CD 1\\/2) (-RRB- -RRB-))
( (X (-NONE- *ICH*-1) ))
"""


def pairs(sentences):
    return [sentence.pairs for sentence in sentences]


# columns and CoNLL-U

def test_columns_by_hand(tmp_path):
    path = write(tmp_path, COLUMNS, "a.tsv")
    assert read_columns(path) == [Sentence(DONT, f"{path}:1"), Sentence([("Yes", "UH")], f"{path}:6")]


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\n\n" + t.replace("\n\n", "\n \n\n"), lambda t: t.rstrip("\n"),
                                    lambda t: t.replace("\t", " "), lambda t: t.replace("\t", "   "), lambda t: t.replace("\t", " \t "),
                                    lambda t: "\ufeff" + t, lambda t: gzip.compress(t.encode())],
                         ids=["CRLF", "blank lines", "no last newline", "a blank", "blanks", "blanks and tab", "byte order mark", "gzip"])
def test_harmless_differences_in_columns(tmp_path, change):
    assert pairs(read_columns(write(tmp_path, change(COLUMNS), "a.tsv"))) == [DONT, [("Yes", "UH")]]


def test_a_form_may_hold_blanks_and_signs(tmp_path):
    assert pairs(read_columns(write(tmp_path, "1 000\tCD\n#\t#\n8\u00a01/2 CD\n", "a.tsv"))) == [[("1 000", "CD"), ("#", "#"), ("8\u00a01/2", "CD")]]


def test_conllu_by_hand(tmp_path):
    path = write(tmp_path, CONLLU, "a.conllu")
    assert read_conllu(path) == [Sentence(DONT, f"{path}:4"), Sentence([("Yes", "UH")], f"{path}:11")]
    assert [tag for _, tag in read_conllu(path, "upos")[0].pairs] == ["AUX", "PART", "VERB", "PUNCT"]
    assert message(read_conllu, path, "pos") == "column 'pos' is unknown; give upos or xpos"


forms = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs"), exclude_characters="\ufeff"), min_size=1, max_size=5)
sentences_of = st.lists(st.lists(st.tuples(forms, st.sampled_from(["NN", "VB", ".", "``", "PRP$"])), min_size=1, max_size=5), min_size=1, max_size=4)


@given(sentences=sentences_of)
def test_any_sentences_come_back(tmp_path_factory, sentences):
    folder = tmp_path_factory.mktemp("tagged")
    columns = "\n\n".join("\n".join(map("\t".join, sentence)) for sentence in sentences)
    assert pairs(read_columns(write(folder, columns, "a.tsv"))) == sentences
    conllu = "\n\n".join("\n".join(f"{i}\t{form}\t_\tX\t{tag}\t_\t_\t_\t_\t_" for i, (form, tag) in enumerate(sentence, 1)) for sentence in sentences)
    assert pairs(read_conllu(write(folder, conllu, "a.conllu"))) == sentences


TAB, TEN = "write FORM<TAB>TAG", "give CoNLL-U's ten columns, a tab between them"
LINE = "1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_\n"
COUNT = "number the words of a sentence 1, 2, 3, ..."
PTB_FORM = "give trees like ( (S (NP (PRP It)) (VP (VBZ works)) (. .)) )"
MISTAKES = {
    "no tag": (read_columns, "Do\tVB\ngo\n", 2, "1 column in 'go'", TAB),
    "empty tag": (read_columns, "Do\tVB\ngo\t\n", 2, "word 'go' without a tag", TAB),
    "empty word": (read_columns, "Do\tVB\n\tVB\n", 2, "tag 'VB' without a word", TAB),
    "three columns": (read_columns, "Do\tVB\tO\n", 1, r"3 columns in 'Do\tVB\tO'", TAB),
    "a sentence of words": (read_columns, "Do n't go .\n", 1, '4 columns in "Do n\'t go ."', TAB),
    "columns not UTF-8": (read_columns, b"Do\tVB\ncaf\xe9\tNN\n", 2, "byte 0xe9 is not UTF-8", "save the file as UTF-8"),
    "nine columns": (read_conllu, LINE.replace("\t_\n", "\n"), 1, r"9 columns in '1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_'", TEN),
    "two columns in CoNLL-U": (read_conllu, "# a\nYes\tUH\n", 2, r"2 columns in 'Yes\tUH'", TEN),
    "no blank line between": (read_conllu, LINE + LINE, 2, "word number '1' where 2 should be", "put a blank line after each sentence"),
    "word left out": (read_conllu, LINE + LINE.replace("1", "3", 1), 2, "word number '3' where 2 should be", COUNT),
    "number is none": (read_conllu, LINE.replace("1", "one", 1), 1, "word number 'one' where 1 should be", COUNT),
    "no word": (read_conllu, LINE.replace("Yes", ""), 1, "word number 1 is empty", "write the word in the second column"),
    "no XPOS": (read_conllu, LINE.replace("UH", "_"), 1, "word 'Yes' without XPOS", "give the tag, or read the column upos"),
    "one bracket open": (read_ptb, "\n( (S (NP (PRP It))\n (VP (VBZ works)) )\n", 2, "a bracket that is never closed", PTB_FORM),
    "three brackets open": (read_ptb, "\n( (S\n (NP (PRP It)\n", 2, "a bracket that is never closed", PTB_FORM),
    "one bracket too many": (read_ptb, "( (S\n (PRP It)) ))\n", 2, "')' outside a tree", PTB_FORM),
    "a word outside": (read_ptb, "( (S (PRP It)) )\nIt\n", 2, "'It' outside a tree", PTB_FORM),
    "a tag alone": (read_ptb, "( (S\n (PRP )) )", 2, "'PRP' without a word", PTB_FORM),
    "nothing": (read_ptb, "( )", 1, "empty brackets", PTB_FORM),
    "no label inside": (read_ptb, "( (S\n ((PRP It))) )", 2, "brackets without a label inside a tree", PTB_FORM),
    "two words": (read_ptb, "( (S\n (PRP It works)) )", 2, "two words, 'It' and 'works', under one tag", PTB_FORM),
    "a word beside a bracket": (read_ptb, "( (S (PRP It)\n works) )", 2, "word 'works' beside a bracket", PTB_FORM),
    "a bracket after a word": (read_ptb, "( (S (PRP It\n (VBZ works))) )", 2, "an opening bracket after word 'It'", PTB_FORM),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    read, text, line, problem, mend = MISTAKES[name]
    path = write(tmp_path, text, "a")
    assert message(read, path) == f"{path}:{line}: {problem}; {mend}"


@pytest.mark.parametrize("read, good", [(read_columns, COLUMNS), (read_conllu, CONLLU), (read_ptb, PTB)])
def test_mistakes_of_the_whole_file(tmp_path, read, good):
    check_whole_file_mistakes(tmp_path, read, good)


def test_files_without_a_word(tmp_path):
    path = write(tmp_path, "# a comment\n", "a")
    assert message(read_conllu, path) == f"{path}: has no words; give a CoNLL-U file with sentences in it"
    path = write(tmp_path, "( (X (-NONE- *) ))", "a")
    assert message(read_ptb, path) == f"{path}: has no words; give a file with trees in it"


# Penn Treebank

def test_ptb_by_hand(tmp_path):
    path = write(tmp_path, PTB, "a.mrg")
    easy = [("It", "PRP"), ("is", "VBZ"), ("easy", "JJ"), ("to", "TO"), ("say", "VB"), (".", ".")]
    assert read_ptb(path) == [Sentence(easy, f"{path}:2"), Sentence([("(", "-LRB-"), ("1/2", "CD"), (")", "-RRB-")], f"{path}:7")]


def test_wsj_sections(tmp_path):
    place = tmp_path / "parsed/mrg/wsj"
    for section in range(25):
        (place / f"{section:02d}").mkdir(parents=True)
        for number in (2, 1):
            write(place, f"( (NN s{section}w{number}) )", f"{section:02d}/WSJ_{section:02d}{number:02d}.MRG")
        write(place, "no tree", f"{section:02d}/README")
    forms = {split: [form for s in read_wsj(tmp_path, split) for form, _ in s.pairs] for split in ("train", "valid", "test")}
    assert forms["valid"] == ["s19w1", "s19w2", "s20w1", "s20w2", "s21w1", "s21w2"]
    assert (forms["train"][0], forms["train"][-1], len(forms["train"])) == ("s0w1", "s18w2", 38)
    assert (forms["test"][0], forms["test"][-1], len(forms["test"])) == ("s22w1", "s24w2", 6)
    assert [len(part) for part in load_tagged(tmp_path)] == [38, 6, 6] == [len(part) for part in load_tagged(place)]
    for path in (place / "20").iterdir():
        path.unlink()
    assert message(read_wsj, tmp_path, "valid") == f"{place / '20'}: no .mrg file of section 20; put the section there (valid takes 19 to 21)"
    (tmp_path / "empty").mkdir()
    assert message(read_wsj, tmp_path / "empty", "train").startswith(f"{tmp_path / 'empty'}: has no section folders 00 to 24; ")


@pytest.mark.parametrize("below", WSJ_PLACES)
def test_wherever_the_wsj_lies(tmp_path, below):
    for section, name, pack in (("22", "a.mrg", bytes), ("23", "b.mrg.gz", gzip.compress), ("24", "c.MRG.gz", gzip.compress)):
        (tmp_path / below / section).mkdir(parents=True)
        write(tmp_path / below / section, pack(f"(NN {name[0]})".encode()), name)
    assert [s.pairs[0][0] for s in read_wsj(tmp_path, "test")] == ["a", "b", "c"]
    assert "no .mrg file of section 0; put the section there (train takes 0 to 18)" in message(read_wsj, tmp_path, "train")


# stories and folders

def test_a_sentence_as_a_story():
    story, = tagged_stories([Sentence(DONT, "f:1")])
    assert (story.facts, story.source) == ([["Do", "n't", "go", "."]], "f:1")
    assert story.questions == [Question(["tags"], ["VB", "RB", "VB", "."], 1)]


def test_what_lies_in_a_folder(tmp_path):
    sizes = lambda path, **options: [part and len(part) for part in load_tagged(path, **options)]
    assert message(load_tagged, tmp_path / "none").startswith(f"{tmp_path / 'none'}: no such file or folder; ")
    assert message(load_tagged, tmp_path).startswith(f"{tmp_path}: has no tagged sentences; ")
    write(tmp_path, CONLLU, "en-ud-dev.conllu")
    assert message(load_tagged, tmp_path) == f"{tmp_path}: has en-ud-dev.conllu, but no train file; put train.tsv or NAME-train.conllu beside it"
    every = CONLLU.removesuffix("# the end\n")
    train = write(tmp_path, "".join(every.replace("3\tgo", f"3\tgo{i}").replace("1\tYes", f"1\tYes{i}") for i in range(10)), "en-ud-train.conllu")
    assert sizes(tmp_path) == [20, 2, None]
    assert load_tagged(tmp_path, column="upos")[1][0].questions[0].answer == ["AUX", "PART", "VERB", "PUNCT"]
    write(tmp_path, COLUMNS, "train.tsv")
    assert sizes(tmp_path) == [1, 1, None]                                     # the columns go before; a train file alone is split
    write(tmp_path, COLUMNS, "dev.tsv")
    write(tmp_path, "a\tDT\n", "test.tsv")
    assert sizes(tmp_path) == [2, 2, 1]
    assert sizes(train, rng=np.random.default_rng(0)) == [18, 2, None]
    assert "one sentence alone cannot be split" in message(load_tagged, tmp_path / "test.tsv")
    write(tmp_path, COLUMNS, "other-train.tsv")
    assert message(load_tagged, tmp_path) == f"{tmp_path / 'train.tsv'}: a second train file beside other-train.tsv; leave one of them there"


@pytest.mark.parametrize("name", ["a.tsv", "a.txt", "a", "A.CONLLU", "a.conllu", "a.b.mrg", "WSJ_0001.MRG"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_as_its_name_ends(tmp_path, name, packed):
    text = CONLLU if name.lower().endswith("conllu") else PTB if name.lower().endswith("mrg") else COLUMNS
    path = write(tmp_path, gzip.compress(text.encode()) if packed else text, name + ".gz" * packed)
    read = {CONLLU: read_conllu, PTB: read_ptb, COLUMNS: read_columns}[text]
    assert pairs(read_tagged(path)) == pairs(read(path)) == pairs(read_tagged(str(path)))
    tags = [tag for _, tag in read_tagged(path, "upos")[0].pairs]
    assert tags == (["AUX", "PART", "VERB", "PUNCT"] if text == CONLLU else [tag for _, tag in read(path)[0].pairs])


def columns_of(mark, n):
    return "".join(f"{mark}{i}\tNN\n\n" for i in range(n))


@pytest.mark.parametrize("names", [("train.tsv", "dev.tsv", "test.tsv"), ("train.tsv", "valid.tsv", "test.tsv.gz"), ("en-train.tsv", "en_dev.tsv", "en.test.tsv")])
def test_each_part_comes_from_its_own_file(tmp_path, names):
    for name, mark, n in zip(names, ("train", "valid", "test"), (12, 4, 3)):
        write(tmp_path, gzip.compress(columns_of(mark, n).encode()) if name.endswith("gz") else columns_of(mark, n), name)
    write(tmp_path, columns_of("other", 5), "notes.tsv")
    parts = load_tagged(tmp_path)
    assert [[s.facts[0][0] for s in part] for part in parts] == [[f"{mark}{i}" for i in range(n)] for mark, n in (("train", 12), ("valid", 4), ("test", 3))]
    (tmp_path / names[1]).unlink()
    train, valid, test = load_tagged(tmp_path)
    assert ([s.facts[0][0] for s in valid], len(train), len(test)) == (["train11"], 11, 3)


def test_a_plain_file_goes_before_its_packed_copy(tmp_path):
    write(tmp_path, columns_of("plain", 3), "train.tsv")
    write(tmp_path, gzip.compress(columns_of("packed", 3).encode()), "train.tsv.gz")
    assert load_tagged(tmp_path)[0][0].facts == [["plain0"]]


def test_held_out_sentences_are_drawn_where_a_generator_is_given(tmp_path):
    path = write(tmp_path, columns_of("w", 40), "train.tsv")
    held_out = lambda rng: [s.facts[0][0] for s in load_tagged(path, rng=rng)[1]]
    assert held_out(None) == ["w9", "w19", "w29", "w39"] and len({tuple(held_out(np.random.default_rng(seed))) for seed in range(8)}) > 5
    with pytest.raises(TypeError, match="rng is 0"):
        load_tagged(path, rng=0)


@needs_published
def test_the_real_files():
    train, valid, test = load_tagged(f"{DATA}/pos/ewt")
    assert (len(train), sum(len(s.facts[0]) for s in train)) == (12544, 204577)
    assert (len(valid), sum(len(s.facts[0]) for s in valid), test) == (2001, 25147, None)
    columns, conllu = read_columns(f"{DATA}/pos/ewt/dev.tsv"), read_conllu(f"{DATA}/pos/ewt/en_ewt-ud-dev.conllu")
    assert pairs(columns) == pairs(conllu)
