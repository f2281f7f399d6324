"""How fast a Hub or local model judges pairs, against transformers' own pipeline and against what the hardware can do.

    python tests/benchmarks/hub.py [--model M] [--precision P] [--threads N] [--claims N] [--json]

Without --model: a BERT of 6 layers, 384 wide, with random weights, and the embedded model's vocabulary. All ways judge
the same claims, each against three hypotheses, turn about, and the best of three turns counts. The limit is the rate
of one large matrix product in the same numbers on the same device, in the same run; the share of it is that of the
operations which the pairs need without padding, as torch counts them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from metrics import Table

from annotate.embedded import folder
from annotate.nli import load_classifier

HYPOTHESES = ["{} supports the ferry line.", "{} opposes the ferry line.", "{} says nothing about the ferry line."]
TURNS = 3


def hub(model: str = "", precision: str = "auto", threads: int = 0, claims: int = 100) -> list[Table]:
    """Pairs a second by each way, and the share of the limit, of one model in one precision (auto: all that pay)."""
    with tempfile.TemporaryDirectory() as scratch:
        path = model or str(_random_model(Path(scratch) / "bert-6x384"))
        asked = [precision] if precision != "auto" else ["float32", "bfloat16"]
        ours = {name: load_classifier(path, precision=name, threads=threads) for name in asked}
        premises = _premises(claims, next(iter(ours.values())))
        hypotheses = [hypothesis.format("Ann Lee") for hypothesis in HYPOTHESES]
        ways = _pipelines(path, premises, hypotheses, next(iter(ours.values())))
        pairs = [(premise, hypothesis) for premise in premises for hypothesis in hypotheses]
        ways |= {name: lambda of=of: of.judge(pairs) for name, of in ours.items()}
        seconds = _best(ways)
        return [_table(ours, seconds, pairs), _tokenising(next(iter(ours.values())), pairs)]


def _table(ours: dict[str, Any], seconds: dict[str, float], pairs: Sequence[tuple[str, str]]) -> Table:
    slowest, rows = next(iter(seconds.values())), []
    for name, taken in seconds.items():
        of = ours.get(name)
        share = _operations(of, pairs) / taken / _limit(of) if of else None
        rows.append([f"annotate, {name}" if of else name, f"{len(pairs) / taken:,.1f}", slowest / taken, share])
    any_of = next(iter(ours.values()))
    mean = sum(row.length for row in any_of.read(pairs)) / len(pairs)
    note = f"{any_of.name.split('+')[0]} on {_device(any_of)}; {len(pairs)} pairs of {mean:.1f} tokens in the mean; "
    note += "shares in %."
    head = ["way", "pairs/s", "× the pipeline's default", "share of the limit"]
    return Table("Any model of the Hub", head, [[*row[:2], f"{row[2]:.2f}", row[3]] for row in rows], note)


def _tokenising(of: Any, pairs: Sequence[tuple[str, str]]) -> Table:
    from annotate.pairing import Alone

    alone = Alone(of.tokenizer, 512)
    seconds = _best({"each pair": lambda: alone(pairs), "each text once, joined": lambda: of.read(pairs)})
    rows = [[way, f"{len(pairs) / taken:,.0f}"] for way, taken in seconds.items()]
    return Table("Tokenising", ["way", "pairs/s"], rows, f"By {type(of.read).__name__.lower()} reading.")


def _best(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Seconds of the best turn of each way, after one to warm up; turn about, so that all meet the same neighbours."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(TURNS + 1):
        for name, do in ways.items():
            began = time.perf_counter()
            do()
            if turn:
                best[name] = min(best[name], time.perf_counter() - began)
    return best


def _pipelines(path: str, premises: list[str], hypotheses: list[str], of: Any) -> dict[str, Callable[[], Any]]:
    """The zero-shot pipeline of transformers in float32, on the device that we use, by itself and in batches."""
    from transformers import pipeline

    pipe = pipeline("zero-shot-classification", model=path, device=of.network.device)
    asked: dict[str, Any] = dict(candidate_labels=hypotheses, hypothesis_template="{}", multi_label=True)
    by = {
        f"pipeline, batches of {size}": lambda size=size: pipe(premises, **asked, batch_size=size) for size in (8, 32)
    }
    return {"pipeline, default": lambda: pipe(premises, **asked), **by}


def _operations(of: Any, pairs: Sequence[tuple[str, str]]) -> float:
    """Floating-point operations of all pairs, each alone: a square function of its length, told by three lengths."""
    import numpy as np

    lengths = [row.length for row in of.read(pairs)]
    probes = sorted({min(lengths), (min(lengths) + max(lengths)) // 2, max(lengths)})
    by_length = {row.length: pair for pair, row in zip(pairs, of.read(pairs), strict=True)}
    probes = [min(by_length, key=lambda length: abs(length - probe)) for probe in probes]
    counts = [_counted(of, by_length[length]) for length in probes]
    square = np.polyfit(probes, counts, min(2, len(probes) - 1))
    return float(np.polyval(square, lengths).sum())


def _counted(of: Any, pair: tuple[str, str]) -> float:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    # Attention as plain products: its kernel for CPUs is not counted.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        of.network(**of.batch([pair]))
    return float(counter.get_total_flops())


def _limit(of: Any) -> float:
    """Operations a second of a large product of matrices, in the model's numbers on its device."""
    import torch

    size = 8192 if of.network.device.type == "cuda" else 1536
    left, right = (torch.randn(size, size, device=of.network.device).to(of.network.dtype) for _ in range(2))

    def multiply() -> float:
        return float((left @ right)[0, 0])  # waits for the device

    with torch.inference_mode():
        return 2.0 * size**3 / _best({"product": multiply})["product"]


def _device(of: Any) -> str:
    import torch

    if of.network.device.type == "cuda":
        return torch.cuda.get_device_name(0)
    return f"{of.network.device.type}, {torch.get_num_threads()} threads"


def _premises(count: int, of: Any) -> list[str]:
    """Sentences of words of the model's vocabulary, of 4 to some hundred words, 22 in the median."""
    chance = random.Random(3)
    words = sorted(word for word in of.tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 3)
    lengths = [max(4, min(150, int(chance.lognormvariate(3.1, 0.5)))) for _ in range(count)]
    return [f"Ann Lee said: {' '.join(chance.choices(words, k=length))}." for length in lengths]


def _random_model(path: Path) -> Path:
    """A model of the embedded one's shape, with its vocabulary, as transformers saves it."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(5)
    names = ["entailment", "neutral", "contradiction"]
    labels: dict[str, Any] = dict(id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)})
    sizes = dict(num_hidden_layers=6, hidden_size=384, num_attention_heads=12, intermediate_size=1536)
    BertForSequenceClassification(BertConfig(**sizes, **labels)).save_pretrained(path)
    special = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    PreTrainedTokenizerFast(
        tokenizer_file=str(folder("stance-minilm") / "tokenizer.json"),
        model_max_length=512,
        model_input_names=inputs,
        **special,
    ).save_pretrained(path)
    return path


def main() -> None:
    """The tables on stdout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a Hub id or local folder of an NLI model")
    parser.add_argument("--precision", default="auto", help="float32 or bfloat16 (default: both)")
    parser.add_argument("--threads", type=int, default=0, help="cores that torch computes on (default: as it chooses)")
    parser.add_argument("--claims", type=int, default=100, help="claims, of three pairs each")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    asked = parser.parse_args()
    tables = hub(asked.model, asked.precision, asked.threads, asked.claims)
    if asked.json:
        print(json.dumps({table.title: table.records() for table in tables}, ensure_ascii=False, indent=1))
    else:
        print(*(table.markdown() for table in tables), sep="\n\n")


if __name__ == "__main__":
    main()
