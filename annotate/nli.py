"""Any sequence-classification model of the Hugging Face Hub or of a local folder, as a classifier of entailment.

The only module that knows transformers' classes when the package runs. A Hub model is first brought to a
local folder, and folders are read without a network, so that one place alone can open a socket.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from annotate.entailment import Classifier, Judgement, LabelMap, label_map
from annotate.errors import ModelError

# Neither pickled weights nor code is ever downloaded.
_WANTED = [
    *("config.json", "tokenizer*.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab*", "merges.txt", "*.model", "*.codes", "*.tiktoken"),
    *("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors"),
]
_SUBFOLDERS = ["*/*"]
_VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.codes", "*.tiktoken")

_USUAL_LIMIT = 512
"""Tokens of a pair where neither tokenizer nor config sets a limit (T5: relative positions)."""


def load_classifier(model: str, *, batch_tokens: int = 4096, revision: str | None = None) -> Classifier:
    """The classifier that `model`, a Hub id or a local folder, names.

    `batch_tokens` bounds the padded tokens of a batch; `revision` is a branch, tag or commit of a Hub model.
    Raises ModelError for what cannot be found, read or understood.
    """
    with _quiet():
        folder, name = _local(model, revision) or _download(model, revision)
        config = _config(folder, model)
        labels = label_map(config.id2label, model)
        weights = _weights(folder, model)
        tokenizer = _tokenizer(folder, model)
        network = _network(folder, config, model)
    name = name or f"{folder.name}@{_sha256(weights)[:12]}"
    return _Nli(name, labels, tokenizer, network, _limit(tokenizer, network), batch_tokens)


class _Encoded(NamedTuple):
    """The model's inputs for one pair: token ids, mask and, for some models, segments, each (tokens,)."""

    features: dict[str, list[int]]
    truncated: bool

    @property
    def length(self) -> int:
        return len(self.features["input_ids"])


@dataclass(frozen=True, slots=True, eq=False)
class _Nli:
    """A loaded model; `limit` is the most tokens that a pair may have, special tokens included."""

    name: str
    labels: LabelMap
    tokenizer: Any
    network: Any
    limit: int
    batch_tokens: int

    @property
    def two_way(self) -> bool:
        return self.labels.two_way

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """A judgement per (premise, hypothesis), in the order given; only the premise is ever truncated.

        Raises ModelError for a hypothesis that leaves no room for a premise.
        """
        encoded = self._encode(pairs)
        rows: dict[int, list[float]] = {}
        for batch in _batches([pair.length for pair in encoded], self.batch_tokens):
            rows.update(zip(batch, self._probabilities([encoded[i].features for i in batch]), strict=True))
        return [self._judgement(rows[i], pair.truncated) for i, pair in enumerate(encoded)]

    def batch(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The network's inputs for pairs that run together, tensors of (pairs, longest), on its device."""
        return self._padded([pair.features for pair in self._encode(pairs)])

    def _encode(self, pairs: Sequence[tuple[str, str]]) -> list[_Encoded]:
        if not pairs:
            return []
        whole = self._tokens([premise for premise, _ in pairs], [hypothesis for _, hypothesis in pairs])
        encoded = []
        for index, pair in enumerate(pairs):
            features = {key: values[index] for key, values in whole.items()}
            truncated = len(features["input_ids"]) > self.limit
            encoded.append(_Encoded(self._cut(*pair) if truncated else features, truncated))
        return encoded

    def _cut(self, premise: str, hypothesis: str) -> dict[str, list[int]]:
        """The inputs for a pair whose premise has to be shortened to the limit."""
        if len(self._tokens("", hypothesis)["input_ids"]) >= self.limit:
            raise ModelError(
                f"{self.name}: takes {self.limit} tokens, and this hypothesis leaves no room for what it is about: "
                f"{hypothesis[:80]!r}…; shorten it in the codebook"
            )
        return dict(self._tokens(premise, hypothesis, truncation="only_first", max_length=self.limit))

    def _tokens(self, premises: Any, hypotheses: Any, **truncation: Any) -> Any:
        # An article that quotes "</s>" or "[SEP]" must not be read as if it held the token itself.
        return self.tokenizer(
            premises, hypotheses, **{"truncation": False, **truncation}, split_special_tokens=True, verbose=False
        )

    def _probabilities(self, features: list[dict[str, list[int]]]) -> list[list[float]]:
        """A probability per label for each row of one batch: (rows, labels)."""
        import torch

        with torch.inference_mode():
            rows: list[list[float]] = self.network(**self._padded(features)).logits.float().softmax(-1).tolist()
        return rows

    def _padded(self, features: list[dict[str, list[int]]]) -> dict[str, Any]:
        columns = {key: [row[key] for row in features] for key in features[0]}
        return dict(self.tokenizer.pad(columns, return_tensors="pt", verbose=False).to(self.network.device))

    def _judgement(self, row: list[float], truncated: bool) -> Judgement:
        contradiction = 0.0 if self.two_way else row[self.labels.contradiction]
        return Judgement(row[self.labels.entailment], row[self.labels.neutral], contradiction, truncated)


def _batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indices in batches alike in length, each of at most `budget` padded tokens or of one index.

    Longest first: what does not fit into memory fails at once.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batches and lengths[batches[-1][0]] * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _local(model: str, revision: str | None) -> tuple[Path, str] | None:
    """The folder that `model` names, and no name yet, since its weights make it; None for a Hub id."""
    path = Path(model).expanduser() if model.startswith("~/") else Path(model)
    if model and path.is_dir():
        if revision:
            raise ModelError(f"{model}: is a folder, and only Hub models have revisions; leave {revision!r} out")
        return path.resolve(), ""
    if path.is_file():
        raise ModelError(f"{model}: is a file; name the folder that holds config.json and model.safetensors")
    if model.startswith((".", "/", "~")) or model.endswith("/") or "\\" in model or model.count("/") > 1:
        raise ModelError(f"{model}: there is no such folder")
    return None


def _download(model: str, revision: str | None) -> tuple[Path, str]:
    """The folder in the cache of a Hub model, downloaded where it is not there yet, and the model's name."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(model, revision=revision, allow_patterns=_WANTED, ignore_patterns=_SUBFOLDERS)
    except Exception as error:
        raise ModelError(f"{model}: {_why(error, model, revision)}") from error
    commit = Path(folder).name
    return Path(folder), f"{model}@{commit[:12]}"


def _why(error: Exception, model: str, revision: str | None) -> str:
    """Why a model did not come from the Hub, and what to do."""
    from huggingface_hub import errors

    if isinstance(error, errors.HFValidationError):
        return "is neither a folder here nor a model id of the Hugging Face Hub, OWNER/NAME"
    if isinstance(error, errors.GatedRepoError):
        return f"asks for consent first: accept its terms at https://huggingface.co/{model}, then `hf auth login`"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "no such folder here, and no such model on the Hub (or a private one: `hf auth login`)"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the Hub has this model, but no revision {revision!r} of it"
    if isinstance(error, errors.LocalEntryNotFoundError):
        download = f"hf download {model}" + (f" --revision {revision}" if revision else "")
        return (
            "no such folder here, not downloaded yet, and the Hub cannot be reached. Where there is a network, run "
            f"`{download} --local-dir FOLDER`, bring FOLDER here and name it instead of the model"
        )
    return f"could not be downloaded: {_first_line(error)}"


def _config(folder: Path, model: str) -> Any:
    """The config of a sequence-classification model."""
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise ModelError(f"{model}: has no config.json, so it is no model that transformers has saved")
    with _explained(model, "its config.json cannot be read"):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    architectures = config.architectures or ()
    if not any(name.endswith("ForSequenceClassification") for name in architectures):
        raise ModelError(
            f"{model}: is no sequence-classification model ({', '.join(architectures) or 'no architecture given'}); "
            "choose one trained for natural language inference (NLI)"
        )
    return config


def _weights(folder: Path, model: str) -> list[Path]:
    """The files that hold the weights, in order."""
    whole = folder / "model.safetensors"
    files = [whole] if whole.is_file() else sorted(folder.glob("model-*-of-*.safetensors"))
    if not files:
        raise ModelError(
            f"{model}: has no model.safetensors, and pickled weights (pytorch_model.bin) are never loaded, since they "
            "can run code. Choose a model that has it, or, if you trust this one, convert it in Python: "
            "AutoModelForSequenceClassification.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        )
    return files


def _tokenizer(folder: Path, model: str) -> Any:
    from transformers import AutoTokenizer

    # transformers makes an empty tokenizer, to which all words are unknown, of a folder without one.
    if not any(path for pattern in _VOCABULARIES for path in folder.glob(pattern)):
        raise ModelError(f"{model}: has no tokenizer; its folder needs tokenizer.json as well")
    with _explained(model, "its tokenizer cannot be loaded"):
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        raise ModelError(f"{model}: its tokenizer has no padding token, so pairs cannot be batched")
    return tokenizer


def _network(folder: Path, config: Any, model: str) -> Any:
    """The model with its weights, ready to judge, on the fastest device there is."""
    from transformers import AutoModelForSequenceClassification

    with _explained(model, "its weights cannot be loaded"), _no_progress_bars():
        network, report = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    # transformers fills what is missing with random numbers and goes on.
    if report["missing_keys"]:
        raise ModelError(f"{model}: its weights lack {', '.join(sorted(report['missing_keys']))}")
    return _to_device(network).eval()


def _to_device(network: Any) -> Any:
    import torch

    if torch.cuda.is_available():
        return network.to(device="cuda", dtype=torch.bfloat16)
    device = "mps" if torch.backends.mps.is_available() else "cpu"
    return network.to(device=device, dtype=torch.float32)


def _limit(tokenizer: Any, network: Any) -> int:
    """The most tokens that a pair may have: the tokenizer's limit or the positions that there are.

    A tokenizer that was saved without a limit says 1e30, and some configs say -1.
    """
    positions = getattr(network.config, "max_position_embeddings", None) or 0
    limits = [limit for limit in (tokenizer.model_max_length, positions - _reserved(network)) if 0 < limit < 10**9]
    return min(limits, default=_USUAL_LIMIT)


def _reserved(network: Any) -> int:
    """The positions that no token takes: RoBERTa and its kin count from the padding index + 1."""
    for name, module in network.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            return int(padding) + 1
    return 0


def _sha256(files: Sequence[Path]) -> str:
    """The SHA-256 of the files, one after the other."""
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()


@contextmanager
def _explained(model: str, what: str) -> Iterator[None]:
    """Whatever foreign code raises inside, as a ModelError of one line."""
    try:
        yield
    except Exception as error:
        why = _first_line(error)
        if "trust_remote_code" in str(error):
            why = "it needs code of its own, which is never run here; choose a model of a standard architecture"
        raise ModelError(f"{model}: {what}: {why}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings and log lines of transformers and huggingface_hub, errors apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from huggingface_hub.utils import logging as hub
        from transformers.utils import logging as transformers

        before = transformers.get_verbosity(), hub.get_verbosity()
        transformers.set_verbosity(logging.ERROR)
        hub.set_verbosity(logging.ERROR)
        try:
            yield
        finally:
            transformers.set_verbosity(before[0])
            hub.set_verbosity(before[1])


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Without transformers' bars; those of a download stay, since they know a terminal from a pipe."""
    from transformers.utils import logging as transformers

    bars: Any = transformers
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()
