"""Task 14: each fact says when, and the facts are told out of order."""

TIMES = ["yesterday", "morning", "afternoon", "evening"]


def answer(facts, question):
    """Where was Julie before the park?  None for another question."""
    match question:
        case ["where", "was", person, "before", "the", place]:
            place_at, fact_at = {}, {}
            for i, words in enumerate(facts):
                time, = (TIMES.index(word) for word in words if word in TIMES)
                if person in words:
                    place_at[time], fact_at[time] = words[words.index("the") + 1], i
            there = [time for time in sorted(place_at) if place_at[time] == place][-1]
            before = [time for time in sorted(place_at) if time < there][-1]
            return [place_at[before]], [fact_at[there], fact_at[before]]
