"""A trained BERT as the ONNX file that the embedded runtime loads: weights of 8 bits, computed with as integers.

- Weights are int8 with one scale per output channel (per row for the word embeddings) and lie under their names in the
  network, so that `annotate.teach.trainable` can read them back.
- What meets them is rounded to 8 bits too, each token by a step of its own: nothing depends on what is beside it.
- With the input `precise`, what the rounding lost is rounded to 8 bits and multiplied as well: 16 bits in all, as good
  as float32 for a classifier, in one and a half times the time and without a second copy of the weights.
- Rows are of one length: there is no mask. Of the last layer of a classifier of sequences only [CLS] is computed.
- The output `exact`, of a precise run, is false on processors whose products of 8 bits overflow unless ONNX Runtime is
  told to take care.

The operators of `com.microsoft` are ONNX Runtime's own. Needs the extra `[train]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from transformers import PreTrainedModel

STEPS = 127
"""On either side of zero."""
AFTER_GELU = (16, 239)
"""The steps below and above zero of what GELU gives, which is never below GELU_LEAST."""
GELU_LEAST = -0.17
OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
IR_VERSION = 9


def export(model: PreTrainedModel, path: Path) -> None:
    """Write `model`, a BertForSequenceClassification or BertForTokenClassification, to `path`."""
    if model.config.model_type != "bert":
        raise TypeError(f"only a BERT can be written in the embedded form, not {model.config.model_type}")
    weights = {name: value.detach().cpu().float().numpy() for name, value in model.state_dict().items()}
    graph = helper.make_model(_graph(weights, model.config), opset_imports=OPSETS)
    graph.ir_version = IR_VERSION
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))


def _graph(weights: dict[str, NDArray[np.float32]], config: Any) -> onnx.GraphProto:
    """Embeddings, then the encoder in either precision, then the head."""
    body, of_sequences = _Nodes(_Constants(weights), "body"), "bert.pooler.dense.weight" in weights
    embedded = _embeddings(body, config)
    branches = [_branch(_Nodes(body.constants, name), config, embedded, of_sequences) for name in ("precise", "fast")]
    outs = ["hidden", "exact"]
    body.made.append(
        helper.make_node("If", ["precise"], outs, name="If", then_branch=branches[0], else_branch=branches[1])
    )
    _head(body, outs[0], of_sequences)
    rows = ["rows", "length"]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, rows) for n in ("input_ids", "token_type_ids")]
    inputs.append(helper.make_tensor_value_info("precise", TensorProto.BOOL, []))
    logits = _floats("logits", "rows", *(() if of_sequences else ("length",)), "labels")
    outputs = [logits, _exact("exact")]
    return helper.make_graph([*body.constants.nodes, *body.made], "bert", inputs, outputs, body.constants.tensors)


def _branch(nodes: _Nodes, config: Any, embedded: str, of_sequences: bool) -> onnx.GraphProto:
    """The encoder in one precision; the check of the processor is left to the rarer one, and takes no time."""
    precise = nodes.prefix == "precise"
    hidden = _Encoder(nodes, config, precise=precise).layers(embedded, first_only=of_sequences)
    exact = _check(nodes) if precise else nodes.add("Identity", nodes.constants.keep("unknown", np.zeros((1, 1), bool)))
    outputs = [_floats(hidden, "rows", "places", "width"), _exact(exact)]
    return helper.make_graph(nodes.made, nodes.prefix, [], outputs)


def _exact(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.BOOL, [1, 1])


def _floats(name: str, *dimensions: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dimensions)


class _Constants:
    """The initializers of a graph, and nodes that make others of them, which the runtime folds when it loads."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self._tensors: dict[str, onnx.TensorProto] = {}

    @property
    def tensors(self) -> list[onnx.TensorProto]:
        return list(self._tensors.values())

    def number(self, value: float, kind: type[np.generic] = np.float32) -> str:
        """A scalar."""
        return self.keep(f"{kind.__name__}.{value}", np.array(value, dtype=kind))

    def ints(self, *values: int) -> str:
        """A list of integers."""
        return self.keep(f"list.{values}", np.array(values, dtype=np.int64))

    def parameter(self, name: str) -> str:
        """A parameter of the network, in float32."""
        return self.keep(name, self.weights[name])

    def table(self, name: str) -> tuple[str, str]:
        """A table of embeddings: int8, and a scale per row, (rows, 1)."""
        values, scales = int8(self.weights[name], axis=1)
        return self.keep(f"{name}.int8", values), self.keep(f"{name}.scale", scales)

    def matrix(self, name: str) -> tuple[str, str]:
        """The weight of a Linear, turned for a product from the left: int8 (in, out), and a scale per output."""
        values, scales = int8(self.weights[name].T, axis=0)
        return self.keep(f"{name}.int8", values), self.keep(f"{name}.scale", scales[0])

    def joined(self, parts: Sequence[str], axis: int) -> str:
        """Constants side by side."""
        return self._made("Concat", *parts, axis=axis) if len(parts) > 1 else parts[0]

    def divided(self, scales: str, count: int) -> str:
        """Scales for numbers that are given in so many steps."""
        return self._made("Div", scales, self.number(count))

    def bias_after(self, before: str, module: str) -> str:
        """The bias of a Linear whose input lacks the bias `before`."""
        weight, scales = self.matrix(f"{module}.weight")
        whole = self._made("Mul", self._made("Cast", weight, to=TensorProto.FLOAT), scales)
        return self._made("Add", self._made("MatMul", self.parameter(before), whole), self.parameter(f"{module}.bias"))

    def _made(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """What a node makes of constants, which is made once."""
        out = f"{kind}({', '.join(inputs)})"
        if all(node.output[0] != out for node in self.nodes):
            self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def keep(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._tensors:
            self._tensors[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name


def int8(weight: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8, and the scales, of the same dimensions, that are shared along `axis`."""
    scales = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-8).astype(np.float32) / np.float32(127)
    return np.clip(np.rint(weight / scales), -127, 127).astype(np.int8), scales


class _Nodes:
    """Nodes in the order in which they run."""

    def __init__(self, constants: _Constants, prefix: str) -> None:
        self.constants = constants
        self.made: list[onnx.NodeProto] = []
        self.prefix = prefix

    def add(self, kind: str, *inputs: str, out: str = "", domain: str = "", **attributes: Any) -> str:
        """Append a node; the name of its output."""
        out = out or f"{self.prefix}.{len(self.made)}.{kind}"
        self.made.append(helper.make_node(kind, list(inputs), [out], name=out, domain=domain, **attributes))
        return out

    def normalised(self, x: str, module: str, epsilon: float) -> str:
        weight, bias = (self.constants.parameter(f"{module}.{part}") for part in ("weight", "bias"))
        return self.add("LayerNormalization", x, weight, bias, epsilon=epsilon)


def _embeddings(nodes: _Nodes, config: Any) -> str:
    """(rows, length, width). The table of words never becomes float32, only the rows looked up."""
    constants, part = nodes.constants, "bert.embeddings."
    values, scales = constants.table(f"{part}word_embeddings.weight")
    looked = nodes.add("Cast", nodes.add("Gather", values, "input_ids"), to=TensorProto.FLOAT)
    words = nodes.add("Mul", looked, nodes.add("Gather", scales, "input_ids"))
    length = nodes.add("Shape", "input_ids", start=1, end=2)
    table = constants.parameter(f"{part}position_embeddings.weight")
    places = nodes.add("Slice", table, constants.ints(0), length)
    segments = nodes.add("Gather", constants.parameter(f"{part}token_type_embeddings.weight"), "token_type_ids")
    total = nodes.add("Add", nodes.add("Add", words, segments), places)
    return nodes.normalised(total, f"{part}LayerNorm", config.layer_norm_eps)


def _head(nodes: _Nodes, hidden: str, of_sequences: bool) -> None:
    """Logits: (rows, labels) for sequences, (rows, length, labels) for tokens."""
    if of_sequences:
        first = nodes.add("Squeeze", hidden, nodes.constants.ints(1))
        hidden = nodes.add("Tanh", _gemm(nodes, first, "bert.pooler.dense"))
        _gemm(nodes, hidden, "classifier", out="logits")
    else:
        weight = nodes.add("Transpose", nodes.constants.parameter("classifier.weight"), perm=[1, 0])
        product = nodes.add("MatMul", hidden, weight)
        nodes.add("Add", product, nodes.constants.parameter("classifier.bias"), out="logits")


def _gemm(nodes: _Nodes, x: str, module: str, out: str = "") -> str:
    weight, bias = (nodes.constants.parameter(f"{module}.{part}") for part in ("weight", "bias"))
    return nodes.add("Gemm", x, weight, bias, transB=1, out=out)


def _check(nodes: _Nodes) -> str:
    """Whether the largest products of 8 bits add up as they should; of an input, lest it be folded away."""
    length, long = 64, nodes.add("Shape", "input_ids", start=1, end=2)
    ones = nodes.add("Cast", nodes.add("Div", long, long), to=TensorProto.UINT8)
    row = nodes.add(
        "Expand", nodes.add("Mul", ones, nodes.constants.number(255, np.uint8)), nodes.constants.ints(1, length)
    )
    column = nodes.constants.keep("largest", np.full((length, 1), 127, dtype=np.int8))
    total = nodes.add("MatMulInteger", row, column)
    return nodes.add("Equal", total, nodes.constants.number(255 * 127 * length, np.int32))


class _Encoder:
    """The layers of the encoder, in one of the two precisions."""

    def __init__(self, nodes: _Nodes, config: Any, *, precise: bool) -> None:
        self.nodes, self._config, self._precise = nodes, config, precise
        self._constants = nodes.constants

    def layers(self, hidden: str, *, first_only: bool) -> str:
        """What the last layer gives; with `first_only` of each row's first token alone, (rows, 1, width)."""
        count = self._config.num_hidden_layers
        for number in range(count):
            hidden = self._layer(f"bert.encoder.layer.{number}", hidden, first_only and number == count - 1)
        return hidden

    def _layer(self, name: str, hidden: str, first_only: bool) -> str:
        sides = [f"{name}.attention.self.{side}" for side in ("query", "key", "value")]
        if first_only:
            keys = self._split(self._product(self._rounded(hidden), sides[1:]), 2)
            hidden = self.nodes.add("Slice", hidden, *map(self._constants.ints, (0, 1, 1)))
            taken = [self._product(self._rounded(hidden), sides[:1]), *keys]
        else:
            taken = self._split(self._product(self._rounded(hidden), sides), 3)
        # The keys' bias changes no softmax, and is kept to be read back alone; the values' adds the same to all that is
        # attended to, and so comes later.
        self._constants.parameter(f"{sides[1]}.bias")
        taken[0] = self.nodes.add("Add", taken[0], self._constants.parameter(f"{sides[0]}.bias"))
        seen = self._own("MultiHeadAttention", *taken, num_heads=self._config.num_attention_heads)
        bias = self._constants.bias_after(f"{sides[2]}.bias", f"{name}.attention.output.dense")
        hidden = self._closed(hidden, self._rounded(seen), f"{name}.attention.output", bias)
        wide = self._product(self._rounded(hidden), [f"{name}.intermediate.dense"])
        wide = self._own("BiasGelu", wide, self._constants.parameter(f"{name}.intermediate.dense.bias"))
        bias = self._constants.parameter(f"{name}.output.dense.bias")
        return self._closed(hidden, self._rounded(wide, *AFTER_GELU), f"{name}.output", bias)

    def _split(self, joined: str, count: int) -> list[str]:
        outs = [f"{joined}.{number}" for number in range(count)]
        self.nodes.made.append(helper.make_node("Split", [joined], outs, axis=-1, num_outputs=count))
        return outs

    def _closed(self, before: str, rounded: _Rounded, module: str, bias: str) -> str:
        """A Linear, its bias, what was before, normalised: apart, these are faster than ONNX Runtime's one node."""
        total = self.nodes.add("Add", self.nodes.add("Add", self._product(rounded, [f"{module}.dense"]), bias), before)
        return self.nodes.normalised(total, f"{module}.LayerNorm", self._config.layer_norm_eps)

    def _rounded(self, x: str, below: int = STEPS, above: int = STEPS) -> _Rounded:
        """Numbers as steps, `below` and `above` zero; where these differ, GELU was before."""
        add, number = self.nodes.add, self._constants.number
        if below == above:
            largest = add("ReduceMax", add("Abs", x), self._constants.ints(-1))
        else:
            least = number(-GELU_LEAST * above / below)  # whose steps still reach GELU_LEAST
            largest = add("Max", add("ReduceMax", x, self._constants.ints(-1)), least)
        zero = number(below + (below == above), np.uint8)
        scaled = add("Mul", x, add("Div", number(above), largest))
        steps = add("QuantizeLinear", scaled, number(1), zero)
        if not self._precise:
            return _Rounded(largest, above, zero, steps, "")
        lost = add("Sub", scaled, add("DequantizeLinear", steps, number(1), zero))
        rest = add("QuantizeLinear", lost, number(0.5 / STEPS), number(STEPS + 1, np.uint8))
        return _Rounded(largest, above, zero, steps, rest)

    def _product(self, rounded: _Rounded, modules: list[str]) -> str:
        """What Linears, side by side, make of rounded numbers, without biases: sums of integers, then scaled."""
        constants, kind = self._constants, "MatMulIntegerToFloat"
        weights, scales = zip(*(constants.matrix(f"{module}.weight") for module in modules), strict=True)
        weight, scale = constants.joined(weights, 1), constants.divided(constants.joined(scales, 0), rounded.most)
        product = self._own(kind, rounded.steps, weight, constants.number(1), scale, rounded.zero)
        if rounded.rest:
            unit, middle = constants.number(0.5 / STEPS), constants.number(STEPS + 1, np.uint8)
            product = self.nodes.add("Add", product, self._own(kind, rounded.rest, weight, unit, scale, middle))
        return self.nodes.add("Mul", product, rounded.largest)

    def _own(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.nodes.add(kind, *inputs, domain="com.microsoft", **attributes)


class _Rounded(NamedTuple):
    """Names: each token's largest number, (…, 1), which is `most` steps; what stands for zero; steps as uint8.

    `rest` is the finer steps of what is left, "" where there are none.
    """

    largest: str
    most: int
    zero: str
    steps: str
    rest: str
