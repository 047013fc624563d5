"""Tasks 15 (what a kind is afraid of, all of it are), 16 (what color one of a kind has, another has) and 20 (motives)."""

SINGULAR = {"mice": "mouse", "cats": "cat", "sheep": "sheep", "wolves": "wolf"}
PLACE = {"bored": "garden", "hungry": "kitchen", "thirsty": "kitchen", "tired": "bedroom"}


def answer(facts, question):
    """The answer and its facts; None for another question."""
    match question:
        case ["what", "is", person, "afraid", "of"]:
            kind, is_a = _kind(facts, person)
            for i, words in enumerate(facts):
                if SINGULAR.get(words[0]) == kind and words[1:4] == ["are", "afraid", "of"]:
                    return [SINGULAR[words[4]]], [is_a, i]
        case ["what", "color", "is", animal]:
            kind, is_a = _kind(facts, animal)
            for i in reversed(range(len(facts))):              # the one that was introduced last decides
                other = facts[i][0]
                color = [j for j, words in enumerate(facts) if words[:2] == [other, "is"] and len(words) == 3]
                if facts[i][1:] == ["is", "a", kind] and color:
                    return [facts[color[0]][2]], [is_a, i, color[0]]
        case ["where", "will", person, "go"]:
            motive, i = _motive(facts, person)
            return [PLACE[motive]], [i]
        case ["why", "did", person, *_]:
            motive, i = _motive(facts, person)
            return [motive], [i]


def _kind(facts, name):
    return next((words[3], i) for i, words in enumerate(facts) if words[:3] == [name, "is", "a"])


def _motive(facts, person):
    return next((words[2], i) for i, words in enumerate(facts) if words[:2] == [person, "is"])
