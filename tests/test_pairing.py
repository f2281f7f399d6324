"""Pairs joined from ids are what each family's tokenizer makes of them itself, whatever the texts hold."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("transformers")

from tiny_tokenizers import FAST, OTHERS, bert

from annotate.pairing import Alone, Joined, NoRoom, Reader, padded, reader

LIMIT = 48
SPECIAL = "[CLS] [SEP] [PAD] [MASK] [UNK] <s> </s> <pad> <unk> <mask> <extra_id_0> <sep> ▁ Ġ ##s".split()
ODD = [
    "\u00a0",
    "\u202e",
    "\u200f",
    "\ufeff",
    "e\u0301",
    "🐘",
    "𝒕𝒉𝒆",
    "\n\t",
    "  ",
    "“It rains”",
    "İ",
    "ﬁ",
    "\x00",
    "\u2028",
]
texts = st.lists(st.one_of(st.sampled_from([*SPECIAL, *ODD, "the", " talks"]), st.text(max_size=6))).map("".join)


@cache
def made(name: str, **options: Any) -> tuple[Any, Reader]:
    tokenizer = (FAST | OTHERS)[name](**options)
    return tokenizer, reader(tokenizer, LIMIT)


def plain(tokenizer: Any, premise: str, hypothesis: str, limit: int = LIMIT) -> tuple[dict[str, list[int]], bool]:
    """What transformers makes of one pair, special tokens in its texts as unknown words, and whether it was cut."""
    options = dict(split_special_tokens=True, verbose=False)
    whole = tokenizer([premise], [hypothesis], **options)
    cut = len(whole["input_ids"][0]) > limit
    row = tokenizer([premise], [hypothesis], truncation="only_first", max_length=limit, **options) if cut else whole
    features = {key: values[0] for key, values in row.items()}
    if row.encodings:
        ids, whose = features["input_ids"], row.encodings[0].sequence_ids
        texts = [w is not None and id in tokenizer.all_special_ids for id, w in zip(ids, whose, strict=True)]
        features["input_ids"] = [tokenizer.unk_token_id if s else id for id, s in zip(ids, texts, strict=True)]
    return features, cut


@pytest.mark.parametrize("name", FAST)
def test_every_fast_family_is_joined(name: str) -> None:
    assert isinstance(made(name)[1], Joined)


@pytest.mark.parametrize("name", OTHERS)
def test_what_cannot_be_joined_is_encoded_pair_by_pair(name: str) -> None:
    tokenizer, read = made(name)
    assert isinstance(read, Alone)
    pairs = [("it rains", "it pours"), ("the talks " * 40, "it"), ("", "it")]
    assert [tuple(row) for row in read(pairs)] == [plain(tokenizer, *pair) for pair in pairs]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("name", FAST)
@given(premises=st.lists(texts, min_size=1, max_size=3), hypotheses=st.lists(texts, min_size=1, max_size=2))
@example(
    premises=["", " ", "it rains", "the talks " * 60, "x" * 300], hypotheses=["it pours", "", "\u00a0🐘 </s>[SEP]"]
)
def test_joined_ids_are_the_tokenizers_own(name: str, side: str, premises: list[str], hypotheses: list[str]) -> None:
    tokenizer, read = made(name, truncation_side=side)
    assert isinstance(read, Joined)
    pairs = [(premise, hypothesis) for premise in premises for hypothesis in hypotheses]
    for pair in pairs:
        try:
            found = read([pair])[0]
        except NoRoom:
            assert len(plain(tokenizer, "", pair[1], 10**6)[0]["input_ids"]) >= LIMIT
            return
        assert tuple(found) == plain(tokenizer, *pair)
    assert read(pairs) == [read([pair])[0] for pair in pairs]


@pytest.mark.parametrize("name", FAST)
def test_the_premise_alone_is_cut_and_exactly_to_the_limit(name: str) -> None:
    tokenizer, read = made(name)
    long, hypothesis = "the talks will help . " * 30, "Sam opposes it ."
    row, whole = read([(long, hypothesis)])[0], read([("", hypothesis)])[0]
    assert row.cut and row.length == LIMIT and not whole.cut
    kept = tokenizer.backend_tokenizer.encode(hypothesis, add_special_tokens=False).ids
    assert any(row.features["input_ids"][i : i + len(kept)] == kept for i in range(LIMIT))


@pytest.mark.parametrize("name", [*FAST, *OTHERS])
def test_a_hypothesis_that_leaves_no_room_is_named(name: str) -> None:
    tokenizer, read = made(name)
    bare = plain(tokenizer, "", "it ", 10**6)[0]["input_ids"]
    with pytest.raises(NoRoom, match="no room for what it is about: 'it it"):
        read([("it rains", "it"), ("it rains", "it " * (LIMIT - len(bare) + 60))])


def test_a_file_that_asks_for_truncation_and_padding_is_not_heard() -> None:
    tokenizer = bert()
    read = reader(tokenizer, LIMIT)
    tokenizer.backend_tokenizer.enable_truncation(5)
    tokenizer.backend_tokenizer.enable_padding(length=40)
    tokenizer.backend_tokenizer.encode_special_tokens = False
    row = read([("the talks help [SEP] it", "it")])[0]
    assert tuple(row) == plain(tokenizer, "the talks help [SEP] it", "it")
    assert row.features["input_ids"].count(tokenizer.sep_token_id) == 2


def test_each_text_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting:
        def __init__(self, backend: Any) -> None:
            self.inner, self.seen = backend, []

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def encode_batch_fast(self, texts: list[str], **options: Any) -> Any:
            self.seen += texts
            return self.inner.encode_batch_fast(texts, **options)

    read: Any = made("xlm_roberta")[1]
    counting = Counting(read._backend)
    monkeypatch.setattr(read, "_backend", counting)
    read([(f"it rains {n}", hypothesis) for n in range(5) for hypothesis in ("it", "Sam opposes it", "it rains 0")])
    assert sorted(counting.seen) == sorted({"it", "Sam opposes it", *(f"it rains {n}" for n in range(5))})


@pytest.mark.parametrize("name", [*FAST, "turned_round"])
def test_special_tokens_in_a_text_are_words(name: str) -> None:
    tokenizer, read = made(name)
    special, unknown = set(tokenizer.all_special_ids), tokenizer.unk_token_id
    bare = read([("it", "it")])[0].features["input_ids"]
    signs = sorted(id for id in bare if id in special - {unknown})
    for token in tokenizer.all_special_tokens:
        for premise, hypothesis in [(f"it {token} it", "it"), ("it", f"it{token}{token}it")]:
            ids = read([(premise, hypothesis)])[0].features["input_ids"]
            assert sorted(id for id in ids if id in special - {unknown}) == signs


def test_nothing_to_read() -> None:
    for name in ("bert", "canine"):
        assert made(name)[1]([]) == []


def test_a_limit_below_any_pair() -> None:
    assert isinstance(reader(bert(), 4), Alone)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("name", [*FAST, "canine"])
def test_rows_are_filled_up_as_the_tokenizer_does(name: str, side: str) -> None:
    tokenizer, read = made(name, padding_side=side)
    features = [row.features for row in read([("the talks help", "it"), ("it", "it"), ("", "Sam opposes it")])]
    expected = tokenizer.pad({key: [row[key] for row in features] for key in features[0]}, return_tensors="np")
    found = padded(features, tokenizer)
    assert found.keys() == expected.keys()
    for key, array in found.items():
        assert array.dtype == "int64" and array.tolist() == expected[key].tolist()
