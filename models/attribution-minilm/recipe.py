"""Make the attribution model from nothing: a token classifier for source, cue and content.

    python models/attribution-minilm/recipe.py train  --data DATA --work WORK
    python models/attribution-minilm/recipe.py export --data DATA --work WORK

DATA is the folder of `attribution/`, WORK keeps checkpoints and the finished model. An interrupted
run goes on where it stopped. Two CPU cores suffice.

Each role is tagged on its own (O, B, I), so that a token may be content of one attribution and cue
of another within it. Paragraphs are joined by [SEP], the only trace of line breaks that the
tokenizer leaves.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel

from annotate.attribution import ROLES, WINDOW, Attributor, Tokens, spans, tokenize
from annotate.embedded import CLS, SEP, Embedded, load_tokenizer
from annotate.exporting import export
from annotate.training import Schedule, base_encoder, read_rows, train

HERE = Path(__file__).parent
VERSION = "1.0.1"
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
        ids[row, : len(tokens) + 2] = torch.tensor([CLS, *tokens, SEP])
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


def export_stage(data: Path, work: Path) -> None:
    """The files that the package carries, with the bias against O that gives the best token F1 on dev."""
    model = AutoModelForTokenClassification.from_pretrained(work / "model", attn_implementation="eager")
    export(model, HERE / "model.onnx")
    shutil.copy(base_encoder() / "tokenizer.json", HERE / "tokenizer.json")
    _write_config([0.0, 0.0, 0.0])
    attributor = Attributor(Embedded(HERE))
    rows, documents = load(data, "dev")
    scored = [(row["text"], doc, attributor.scores(doc.tokens)) for row, doc in zip(rows, documents, strict=True)]
    best = []
    for role, name in enumerate(ROLES):
        figures = {bias: token_f1(scored, role, bias) for bias in np.arange(-1.5, 1.51, 0.25).tolist()}
        best.append(max(figures, key=lambda bias: figures[bias]))
        print(name, {bias: round(f1, 4) for bias, f1 in figures.items()})
    _write_config(best)


def token_f1(scored: list[tuple[str, Document, np.ndarray]], role: int, bias: float) -> float:
    """F1 of the encoder's tokens in any span of a role."""
    right = found = wanted = 0
    for text, doc, scores in scored:
        parts = spans(text, doc.tokens, scores[:, role], bias)
        inside = {
            i for i, (s, e) in enumerate(doc.tokens.offsets) if e > s and any(p.start <= s < p.end for p in parts)
        }
        gold = {i for i, tags in enumerate(doc.tags) if tags[role]}
        right, found, wanted = right + len(inside & gold), found + len(inside), wanted + len(gold)
    return 2 * right / max(1, found + wanted)


def _write_config(bias: list[float]) -> None:
    config = {"version": VERSION, "languages": ["en"], "outside_bias": bias}
    (HERE / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["train", "export"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    stage = {"train": train_stage, "export": export_stage}[arguments.stage]
    stage(arguments.data, arguments.work)


if __name__ == "__main__":
    main()
