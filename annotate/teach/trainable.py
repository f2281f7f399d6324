"""A stance model as a network that can be trained, and that is written again in the form it was read in.

- The embedded form: `model.onnx`, whose weights are read back as `exporting.export` wrote them, under their names in
  the network, int8 scaled back. An older form, traced by torch, has nodes that carry the names of the modules they came
  from, so that a module's weight is what its MatMul multiplies by, its bias what its Add adds.
- Any other three-way NLI model of a local folder, as `annotate.nli` reads it.

Needs the extra `[train]`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification, PreTrainedModel

from annotate.embedded import Embedded, Logits, folder
from annotate.entailment import Classifier, LabelMap
from annotate.errors import ModelError
from annotate.exporting import export
from annotate.models import EmbeddedClassifier, embedded_form, from_folder, stance_classifier

HEADS = 12
"""Attention heads of the embedded encoder: the one size that no weight's shape tells."""
TOGETHER = 64
"""Pairs that a network in training judges at once."""


class Trainable(Protocol):
    """A stance model that can be trained; `network` is its network, and may be replaced."""

    network: PreTrainedModel

    @property
    def name(self) -> str:
        """NAME@REVISION of what it was read from."""

    @property
    def labels(self) -> LabelMap:
        """Each label's index in the logits."""

    def inputs(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
        """What the network reads for pairs of premise and hypothesis, each (pairs, longest)."""

    def classifier(self) -> Classifier:
        """The network as it is, as a classifier of entailment, at the base's temperature."""

    def write(self, out: Path, temperature: float) -> None:
        """Write network and tokenizer into a folder, with logits divided by the base's temperature and this one."""


def trainable(model: str = "") -> Trainable:
    """The model that `model` names: "" is the embedded one, anything else a local folder.

    ModelError for what is no folder, cannot be read, or knows no contradiction.
    """
    if model in ("", "stance-minilm"):
        return EmbeddedForm(folder("stance-minilm"), stance_classifier().name)
    if path := embedded_form(model):
        return EmbeddedForm(path, from_folder(path).name)
    if not Path(model).expanduser().is_dir():
        raise ModelError(f"{model}: there is no such folder; hf download {model} --local-dir FOLDER, and name FOLDER")
    return SavedForm(model)


class EmbeddedForm:
    """A model in the embedded form, its weights read back."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.network: PreTrainedModel = network_of(path)
        self._reader = EmbeddedClassifier(Embedded(path), name)
        self.labels = self._reader.labels

    def inputs(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
        rows = self._reader.rows(pairs)
        return padded(rows.ids, rows.firsts)

    def classifier(self) -> Classifier:
        return EmbeddedClassifier(_Live(self.path, self.network), self.name)

    def write(self, out: Path, temperature: float) -> None:
        """`model.onnx`, `config.json`, `tokenizer.json`; the weights hold the temperature: their hash tells it too."""
        config = json.loads((self.path / "config.json").read_text(encoding="utf-8"))
        with torch.no_grad():
            soften(self.network, temperature * float(config["temperature"]))
        export(self.network, out / "model.onnx")
        # That one direction decides was measured for the base, and its version is the base's.
        config = {k: v for k, v in config.items() if k not in {"version", "sure"}} | {"temperature": 1.0}
        (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8", newline="\n")
        shutil.copyfile(self.path / "tokenizer.json", out / "tokenizer.json")


class _Live(Embedded):
    """A model in the embedded form whose logits a network in training gives."""

    def __init__(self, path: Path, network: PreTrainedModel) -> None:
        super().__init__(path)
        self._network = network.eval()

    @property
    def rounds(self) -> bool:
        return False

    def logits(
        self,
        rows: Sequence[Sequence[int]],
        firsts: Sequence[int] = (),
        *,
        precise: bool = False,  # noqa: ARG002 - it always is
    ) -> list[Logits]:
        found: dict[int, Logits] = {}
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for start in range(0, len(order), TOGETHER):
            batch = order[start : start + TOGETHER]
            inputs = padded([rows[i] for i in batch], [firsts[i] for i in batch] if firsts else ())
            with torch.inference_mode():
                found |= zip(batch, self._network(**inputs).logits.numpy(), strict=True)
        return [found[number] for number in range(len(rows))]


def padded(rows: Sequence[Sequence[int]], firsts: Sequence[int] = ()) -> dict[str, Tensor]:
    """The inputs of a network in training by name, each (rows, longest); `firsts` as for `Embedded.logits`."""
    longest = max(map(len, rows))
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
        if firsts:
            types[number, firsts[number] : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


class SavedForm:
    """A model as transformers saves it, with its tokenizer."""

    def __init__(self, model: str) -> None:
        from annotate.nli import load_classifier

        read: Any = load_classifier(model)
        if read.two_way:
            raise ModelError(f"{model}: knows no contradiction; only a three-way NLI model can be trained on stances")
        self.network = read.network.float()
        self.labels: LabelMap = read.labels
        self.name = str(read.name)
        self._read = read

    def inputs(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
        inputs: dict[str, Tensor] = self._read.batch(pairs)
        return inputs

    def classifier(self) -> Classifier:
        changed: Classifier = replace(self._read, network=self.network.eval())
        return changed

    def write(self, out: Path, temperature: float) -> None:
        """What `save_pretrained` writes of network and tokenizer."""
        with torch.no_grad():
            soften(self.network, temperature)
        self.network.save_pretrained(out)
        self._read.tokenizer.save_pretrained(out)


def soften(network: PreTrainedModel, temperature: float) -> None:
    """Divide the network's logits by a temperature, in its last layer; ModelError where it has none."""
    classes = network.config.num_labels
    last = [m for m in network.modules() if isinstance(m, torch.nn.Linear) and m.out_features == classes]
    if not last:
        raise ModelError(f"{type(network).__name__}: its last layer is none that can be trained here")
    for values in last[-1].parameters():
        values.div_(temperature)


def network_of(folder: Path) -> BertForSequenceClassification:
    """The network whose weights `model.onnx` of a folder holds, in float32, without dropout of attention.

    ModelError where the file is not as `exporting.export` writes it.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    graph = onnx.load(str(folder / "model.onnx")).graph
    state = _named(graph) if any(value.name == "precise" for value in graph.input) else _traced(graph)
    try:
        network = BertForSequenceClassification(_config(state, config))
        network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
    except (KeyError, RuntimeError) as error:
        why = str(error).strip().splitlines()[-1].strip()
        raise ModelError(f"{folder}: its model.onnx is not in the embedded form: {why}") from error
    network.eval()
    return network


def _config(state: dict[str, NDArray[np.float32]], config: dict[str, Any]) -> BertConfig:
    """The sizes that the weights have; eager attention without dropout of its own is fastest on a CPU."""
    words, width = state["bert.embeddings.word_embeddings.weight"].shape
    sizes: dict[str, Any] = dict(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=sum(name.endswith("attention.self.query.weight") for name in state),
        num_attention_heads=int(config.get("heads", HEADS)),
        intermediate_size=len(state["bert.encoder.layer.0.intermediate.dense.weight"]),
        max_position_embeddings=len(state["bert.embeddings.position_embeddings.weight"]),
        type_vocab_size=len(state["bert.embeddings.token_type_embeddings.weight"]),
        num_labels=len(state["classifier.weight"]),
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    return BertConfig(**sizes)


def _named(graph: onnx.GraphProto) -> dict[str, NDArray[np.float32]]:
    """Every parameter by its name in the network, as float32 of the shape that torch has it in."""
    there = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    named = {name: value for name, value in there.items() if name.endswith((".weight", ".bias"))}
    for name, scales in there.items():
        if bare := name.removesuffix(".scale") if name.endswith(".scale") else "":
            scaled = there[f"{bare}.int8"].astype(np.float32) * scales
            named[bare] = scaled if scales.ndim == 2 else scaled.T  # a table of embeddings, or a Linear's weight turned
    return named


def _traced(graph: onnx.GraphProto) -> dict[str, NDArray[np.float32]]:
    """The same, of the form that torch traced."""
    there = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            there[node.output[0]] = _dequantised(node, there)
        elif node.op_type == "Identity" and node.input[0] in there:  # of equal weights one alone is kept
            there[node.output[0]] = there[node.input[0]]
    named = {name: value for name, value in there.items() if name.endswith("embeddings.weight")}
    for name in [name for name in there if name.endswith("embeddings.weight.int8")]:
        bare = name.removesuffix(".int8")
        named[bare] = there[name].astype(np.float32) * there[f"{bare}.scale"]
    for node in graph.node:
        named |= _of_module(node, there)
    return {name.removeprefix("model."): value for name, value in named.items()}


def _dequantised(node: onnx.NodeProto, there: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    values, scales = there[node.input[0]].astype(np.float32), there[node.input[1]]
    axis = next(a.i for a in node.attribute if a.name == "axis")
    scaled: NDArray[np.float32] = values * (scales[:, None] if axis == 0 else scales[None, :])
    return scaled


def _of_module(node: onnx.NodeProto, there: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The weight and bias that a node of a Linear or LayerNorm takes; none for any other node."""
    module = ".".join(node.name.split("/")[1:-1])
    taken = [there[name] for name in node.input if name in there]
    if node.op_type == "MatMul" and len(taken) == 1:
        return {f"{module}.weight": taken[0].T}
    if node.op_type == "Add" and len(taken) == 1 and taken[0].ndim == 1:
        return {f"{module}.bias": taken[0]}
    if node.op_type in ("Gemm", "LayerNormalization") and len(taken) == 2:
        return {f"{module}.weight": taken[0], f"{module}.bias": taken[1]}
    return {}
