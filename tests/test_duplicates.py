"""Syndicated copies are found; articles that merely share a topic are not."""

from __future__ import annotations

import random
import tracemalloc

from annotate.duplicates import SHINGLE, SIMILARITY, NearDuplicates
from annotate.records import Article


def words(count: int, seed: int) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices("abcdefghij", k=5)) for _ in range(count)]


def article(id: str, *parts: list[str]) -> Article:
    return Article.of(" ".join(word for part in parts for word in part), id)


def jaccard(one: Article, other: Article) -> float:
    a, b = (
        {tuple(t[i : i + SHINGLE]) for i in range(len(t) - SHINGLE + 1)} for t in (one.text.split(), other.text.split())
    )
    return len(a & b) / len(a | b)


def test_a_copy_with_another_headline_and_a_cut() -> None:
    story = words(600, 1)
    near = NearDuplicates()
    assert near.add(article("wire", words(8, 2), story)) == ""
    assert near.add(article("paper", words(10, 3), story[:570])) == "wire"
    assert near.add(article("other", words(600, 4))) == ""


def test_case_and_punctuation_do_not_matter() -> None:
    near = NearDuplicates()
    near.add(Article.of("“The pier,” she said, “will be built before winter comes to us.”", "one"))
    assert near.add(Article.of("The Pier, she said, will be built before winter comes to us!", "two")) == "one"


def test_the_first_is_named_however_many_there_are() -> None:
    story = words(300, 1)
    near = NearDuplicates()
    answers = [near.add(article(f"a{n}", story, words(5, n + 10))) for n in range(8)]
    assert answers == ["", *["a0"] * 7]


def test_half_of_a_story_is_another_story() -> None:
    story = words(600, 1)
    near = NearDuplicates()
    near.add(article("whole", story))
    assert near.add(article("half", story[:300])) == ""


def test_the_estimate_is_close_to_the_truth() -> None:
    """Away from the threshold by three standard deviations, nearly every answer is the true one."""
    story, wrong = words(500, 1), 0
    whole = article("whole", story)
    for cut in range(5, 250, 5):
        part = article("part", story[cut:])
        near = NearDuplicates()
        near.add(whole)
        true = jaccard(whole, part)
        wrong += abs(true - SIMILARITY) > 0.105 and (near.add(part) == "whole") != (true >= SIMILARITY)
    assert wrong == 0


def test_same_answers_each_time() -> None:
    stories = [article(f"a{n}", words(200, n // 3), words(20 + n, n + 100)) for n in range(30)]
    first, second = NearDuplicates(), NearDuplicates()
    assert [first.add(story) for story in stories] == [second.add(story) for story in stories]


def test_short_texts() -> None:
    near = NearDuplicates()
    assert [near.add(Article.of(text, f"a{n}")) for n, text in enumerate(["Yes.", "No.", "yes!", "— …", "?!"])] == [
        "",
        "",
        "a0",
        "",
        "",
    ]


def test_memory_does_not_grow_with_length() -> None:
    near = NearDuplicates()
    near.add(article("first", words(100, 1)))
    long = [article(f"a{n}", words(10_000, n)) for n in range(2, 6)]
    tracemalloc.start()
    for story in long:
        near.add(story)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(long) < 12_000
    assert peak < 10_000_000  # a hash per word and permutation would take more
