"""Make the attribution model from nothing: a token classifier for source, cue and content.

    python models/attribution-minilm/recipe.py train --data DATA --work WORK

DATA is the folder of `attribution/`, WORK keeps checkpoints and the finished model. An interrupted
run goes on where it stopped. Two CPU cores suffice.

Each role is tagged on its own (O, B, I), so that a token may be content of one attribution and cue
of another within it. Paragraphs are joined by [SEP], the only trace of line breaks that the
tokenizer leaves.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel

from annotate.training import Schedule, base_encoder, read_rows, train
from annotate.attribution import ROLES, WINDOW, Tokens, tokenize
from annotate.embedded import load_tokenizer

TAGS = tuple(f"{prefix}-{role}" for role in ROLES for prefix in "OBI")


@dataclass(frozen=True)
class Document:
    """An article's tokens and, per token, one tag (0 O, 1 B, 2 I) per role."""

    tokens: Tokens
    tags: list[tuple[int, int, int]]


def document(row: dict[str, Any], tokens: Tokens) -> Document:
    tags = [[0, 0, 0] for _ in tokens.ids]
    for role, name in enumerate(ROLES):
        spans = sorted((tuple(part) for a in row["attributions"] for part in a[name]), key=lambda s: (s[0], -s[1]))
        reached = 0
        for start, end in spans:
            if start < reached:  # of nested spans the outermost wins
                continue
            reached = end
            inside = [i for i, (s, e) in enumerate(tokens.offsets) if s < end and e > start and e > s]
            for i in inside:
                tags[i][role] = 2
            if inside:
                tags[inside[0]][role] = 1
    return Document(tokens, [tuple(t) for t in tags])


def load(data: Path, part: str) -> tuple[list[dict[str, Any]], list[Document]]:
    tokenizer = load_tokenizer(base_encoder() / "tokenizer.json")
    rows = list(read_rows(data / "attribution" / f"{part}.jsonl.gz"))
    return rows, [document(row, tokenize(row["text"], tokenizer)) for row in rows]


Window = tuple[list[int], list[tuple[int, int, int]]]


def windows(documents: list[Document], rng: random.Random) -> list[Window]:
    """Windows of WINDOW tokens that tile each document from a random start; the first may be short."""
    found: list[Window] = []
    for doc in documents:
        ids = doc.tokens.ids
        start = -rng.randrange(WINDOW) if len(ids) > WINDOW else 0
        while start < len(ids):
            part = slice(max(0, start), start + WINDOW)
            if len(ids[part]) > 8:
                found.append((ids[part], doc.tags[part]))
            start += WINDOW
    return found


def loss(model: PreTrainedModel, batch: list[Window]) -> torch.Tensor:
    """Mean cross-entropy over the tokens and the three roles."""
    longest = max(len(ids) for ids, _ in batch) + 2
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    tags = torch.full((len(batch), longest, 3), -100)
    for row, (tokens, gold) in enumerate(batch):
        ids[row, : len(tokens) + 2] = torch.tensor([101, *tokens, 102])
        mask[row, : len(tokens) + 2] = 1
        tags[row, 1 : len(tokens) + 1] = torch.tensor(gold)
    logits = model(input_ids=ids, attention_mask=mask).logits.float()
    return torch.nn.functional.cross_entropy(logits.view(-1, 3), tags.view(-1), ignore_index=-100)


def train_stage(data: Path, work: Path) -> None:
    labels = dict(enumerate(TAGS))
    model = AutoModelForTokenClassification.from_pretrained(
        base_encoder(),
        num_labels=9,
        id2label=labels,
        label2id={v: k for k, v in labels.items()},
        attn_implementation="eager",  # on CPU in bf16 twice as fast as the fused kernel at this length
    )
    _, documents = load(data, "train")
    schedule = Schedule(epochs=5, batch_tokens=16 * WINDOW, rate=2e-4, average=0.995)
    train(model, lambda rng: windows(documents, rng), lambda w: len(w[0]), loss, schedule, work / "checkpoint.pt")
    model.save_pretrained(work / "model")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["train"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train_stage(arguments.data, arguments.work)


if __name__ == "__main__":
    main()
