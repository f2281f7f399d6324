"""Tokenizers of the families that NLI models come with, each of a few dozen pieces, made here."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

from tokenizers import pre_tokenizers, processors
from transformers import (
    BertTokenizer,
    CanineTokenizer,
    DebertaV2Tokenizer,
    RobertaTokenizer,
    T5Tokenizer,
    XLMRobertaTokenizer,
    XLNetTokenizer,
)

WORDS = "the minister said that talks will help Sam supports opposes it rains pours".split()
SIGNS = [*string.ascii_letters, *string.digits, *".,<>/[]?_“”’🐘é"]


def bert(**options: Any) -> Any:
    """Word pieces."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str.lower, [*WORDS, *SIGNS])]
    pieces += [f"##{letter}" for letter in string.ascii_lowercase]
    return BertTokenizer({piece: index for index, piece in enumerate(dict.fromkeys(pieces))}, **options)


def roberta(**options: Any) -> Any:
    """Byte-level pairs."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "s"), ("i", "t"), ("Ġ", "it")]
    pieces += ["".join(merge) for merge in merges]
    return RobertaTokenizer({piece: index for index, piece in enumerate(pieces)}, merges, **options)


def _unigrams(*special: str) -> list[tuple[str, float]]:
    pieces = [*(f"▁{word}" for word in WORDS), *WORDS, "▁", "\u00a0", *SIGNS]
    return [*((piece, 0.0) for piece in special), *((piece, -float(len(pieces))) for piece in dict.fromkeys(pieces))]


def deberta_v2(**options: Any) -> Any:
    """Unigrams, with a space before each text."""
    return DebertaV2Tokenizer(_unigrams("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), **options)


def deberta_v2_without_prefix(**options: Any) -> Any:
    """Unigrams, with a space before the very first."""
    return deberta_v2(add_prefix_space=False, **options)


def xlm_roberta(**options: Any) -> Any:
    """Unigrams of words, and two signs between the texts."""
    return XLMRobertaTokenizer(_unigrams("<s>", "<pad>", "</s>", "<unk>", "<mask>"), **options)


def t5(**options: Any) -> Any:
    """No sign before the first text."""
    return T5Tokenizer(_unigrams("<pad>", "</s>", "<unk>"), extra_ids=3, **options)


def xlnet(**options: Any) -> Any:
    """All signs at the end, four segments, filled up on the left."""
    special = "<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"
    return XLNetTokenizer(_unigrams(*special), **options)


FAST: dict[str, Callable[..., Any]] = {
    made.__name__: made for made in (bert, roberta, deberta_v2, deberta_v2_without_prefix, xlm_roberta, t5, xlnet)
}


def canine(**options: Any) -> Any:
    """No fast one: every character is a token."""
    return CanineTokenizer(**options)


def turned_round(**options: Any) -> Any:
    """The hypothesis stands before the premise."""
    made = bert(**options)
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $B:1 [SEP] $A:0 [SEP]",
        special_tokens=[("[CLS]", made.cls_token_id), ("[SEP]", made.sep_token_id)],
    )
    return made


def said_twice(**options: Any) -> Any:
    """The premise is repeated after the hypothesis."""
    made = bert(**options)
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1 $A:0",
        special_tokens=[("[CLS]", made.cls_token_id), ("[SEP]", made.sep_token_id)],
    )
    return made


OTHERS: dict[str, Callable[..., Any]] = {made.__name__: made for made in (canine, turned_round, said_twice)}
