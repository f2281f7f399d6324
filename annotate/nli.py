"""Any sequence-classification model of the Hugging Face Hub or of a local folder, as a classifier of entailment.

The only module that knows transformers' classes when the package runs. A Hub model is first brought to a
local folder, and folders are read without a network, so that one place alone can open a socket.

Pairs that are judged in one call run in batches of pairs alike in length. What a batch holds is a function of the
call's pairs and of the hardware, and of nothing that ran before: whoever judges an article's pairs in one call gets
the same digits each time. Beside other pairs, a pair's scores are the same but for rounding, which bfloat16 shows in
the second or third decimal. That is why a batch for which a GPU has no room is an error, and not halved: an article's
scores would depend on what else used the GPU when it was judged.
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
from annotate.errors import ModelError, UsageError
from annotate.pairing import Features, NoRoom, Pair, Reader, Row, padded, reader

# Neither pickled weights nor code is ever downloaded.
_WANTED = [
    *("config.json", "tokenizer*.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab*", "merges.txt", "*.model", "*.codes", "*.tiktoken"),
    *("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors"),
]
_SUBFOLDERS = ["*/*"]
_VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.codes", "*.tiktoken")

PRECISIONS = {"auto": "", "float32": "+fp32", "bfloat16": "+bf16"}
"""How a model may compute, and what that adds to its name. auto is float32, and bfloat16 on a CUDA card that has it."""

_WINDOW = 4096
"""Pairs that are sorted by length together: more than any article has, and few enough to tokenise in a moment."""

_CPU_TOKENS, _MPS_TOKENS, _CUDA_TOKENS = 1024, 8192, 32768
"""Padded tokens of a batch. On a CPU, what fits its cache runs fastest; on a GPU, what hides the time to start its
kernels: 32,768 tokens are 6 TFLOP for a model of 86 million parameters beside embeddings, ten times that time."""

_USUAL_LIMIT = 512
"""Tokens of a pair where neither tokenizer nor config sets a limit (T5: relative positions)."""


def load_classifier(
    model: str, *, batch_tokens: int = 0, revision: str | None = None, precision: str = "auto", threads: int = 0
) -> Classifier:
    """The classifier that `model`, a Hub id or a local folder, names.

    `batch_tokens` bounds the padded tokens of a batch (0: what suits the hardware); `revision` is a branch, tag or
    commit of a Hub model; `precision` is one of PRECISIONS, and part of the classifier's name unless it is auto;
    `threads` are the cores that torch computes on, in this whole process (0: as torch chooses).
    Raises ModelError for what cannot be found, read or understood, UsageError for another precision.
    """
    check_precision(precision)
    with _quiet():
        folder, name = _local(model, revision) or _download(model, revision)
        config = _config(folder, model)
        labels = label_map(config.id2label, model)
        weights = _weights(folder, model)
        tokenizer = _tokenizer(folder, model)
        network = _network(folder, config, model)
        limit = _limit(tokenizer, network)
        hardware = _hardware(network, limit, precision)
        with _explained(model, f"does not fit this machine's {hardware.device}"):
            network = network.to(device=hardware.device, dtype=hardware.dtype).eval()
        read = reader(tokenizer, limit)
    _use(threads)
    name = (name or f"{folder.name}@{_sha256(weights)[:12]}") + PRECISIONS[precision]
    return _Nli(name, labels, tokenizer, network, read, batch_tokens or hardware.tokens)


def check_precision(precision: str) -> None:
    """UsageError unless `precision` is one of PRECISIONS."""
    if precision not in PRECISIONS:
        raise UsageError(f"--precision {precision}: one of {', '.join(PRECISIONS)}")


@dataclass(frozen=True, slots=True, eq=False)
class _Nli:
    """A loaded model, and how it reads pairs; `batch_tokens` bounds the padded tokens of a batch."""

    name: str
    labels: LabelMap
    tokenizer: Any
    network: Any
    read: Reader
    batch_tokens: int

    @property
    def shortcut(self) -> None:
        """There is none."""

    @property
    def two_way(self) -> bool:
        return self.labels.two_way

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """A judgement per (premise, hypothesis), in the order given; only the premise is ever truncated.

        Raises ModelError for a hypothesis that leaves no room for a premise, and where a GPU's memory is full.
        """
        # A GPU only takes note of what it is to do: while it computes one window, the next is tokenised.
        windows = [self._begun(pairs[start : start + _WINDOW]) for start in range(0, len(pairs), _WINDOW)]
        return [judgement for window in windows for judgement in self._finished(*window)]

    def batch(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """The network's inputs for pairs that run together, tensors of (pairs, longest), on its device."""
        return self._padded([row.features for row in self._rows(pairs)])

    def _rows(self, pairs: Sequence[Pair]) -> list[Row]:
        try:
            return self.read(pairs)
        except NoRoom as error:
            raise ModelError(f"{self.name}: {error}; shorten it in the codebook") from error

    def _begun(self, pairs: Sequence[Pair]) -> tuple[list[Row], list[int], list[Any]]:
        """The pairs' rows, their indices as they were batched, and each batch's logits, (rows, labels)."""
        rows = self._rows(pairs)
        batches = _batches([row.length for row in rows], self.batch_tokens)
        logits = [self._logits([rows[index].features for index in batch]) for batch in batches]
        return rows, [index for batch in batches for index in batch], logits

    def _finished(self, rows: list[Row], order: list[int], logits: list[Any]) -> list[Judgement]:
        import torch

        with _room_on_the_gpu(self.name):
            probabilities = torch.cat(logits).float().softmax(-1).tolist()
        found = dict(zip(order, probabilities, strict=True))
        return [self._judgement(found[index], row.cut) for index, row in enumerate(rows)]

    def _logits(self, features: Sequence[Features]) -> Any:
        import torch

        with torch.inference_mode(), _room_on_the_gpu(self.name):
            return self.network(**self._padded(features)).logits

    def _padded(self, features: Sequence[Features]) -> dict[str, Any]:
        import torch

        arrays = padded(features, self.tokenizer)
        return {key: _moved(torch.from_numpy(array), self.network.device) for key, array in arrays.items()}

    def _judgement(self, row: list[float], truncated: bool) -> Judgement:
        contradiction = 0.0 if self.two_way else row[self.labels.contradiction]
        return Judgement(row[self.labels.entailment], row[self.labels.neutral], contradiction, truncated)


def _moved(tensor: Any, device: Any) -> Any:
    """The tensor on a device; to a CUDA card it travels from pinned memory, and nobody waits for its arrival."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


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


@contextmanager
def _room_on_the_gpu(name: str) -> Iterator[None]:
    """A GPU whose memory is full, as a ModelError."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"{name}: the GPU's memory is full; end what else uses it, choose a smaller model, or leave the work to "
            "the CPU (set CUDA_VISIBLE_DEVICES to nothing)"
        ) from error


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
    """The model with its weights."""
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
    return network


class _Hardware(NamedTuple):
    """What a model runs on, in which type of numbers, and how many padded tokens of a batch suit it."""

    device: str
    dtype: Any
    tokens: int


def _hardware(network: Any, limit: int, precision: str) -> _Hardware:
    """The fastest device there is, and what suits it."""
    import torch

    asked = None if precision == "auto" else getattr(torch, precision)
    if torch.cuda.is_available():
        usual = torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
        memory = torch.cuda.get_device_properties(0).total_memory
        return _Hardware("cuda", asked or usual, _cuda_tokens(network, limit, asked or usual, memory))
    if torch.backends.mps.is_available():
        return _Hardware("mps", asked or torch.float32, _MPS_TOKENS)
    return _Hardware("cpu", asked or torch.float32, _CPU_TOKENS)


def _cuda_tokens(network: Any, limit: int, dtype: Any, memory: int) -> int:
    """Padded tokens of a batch, a power of two, that leave half of a card's `memory`, in bytes, to others.

    It depends on the card and the model alone, not on what is free, so that batches are the same each time.
    A token takes some sixteen rows of the model's width while a layer runs and, for each head, a score in float32
    of every token of a pair of `limit`, four times over where scores are computed one by one, as in DeBERTa.
    """
    width = getattr(network.config, "hidden_size", None) or 1024
    heads = getattr(network.config, "num_attention_heads", None) or width // 64
    weights = sum(values.numel() for values in network.parameters()) * dtype.itemsize
    fit = (memory // 2 - weights) // (16 * width * dtype.itemsize + 16 * heads * limit)
    return min(_CUDA_TOKENS, 1 << max(10, fit.bit_length() - 1 if fit > 0 else 0))


def _use(threads: int) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)


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
