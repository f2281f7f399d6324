"""A trained model as the ONNX file that the embedded runtime loads.

Weights are kept as int8 with one scale per output channel (per row for the word embeddings) and are
computed with as float32: a quarter of the size, and scores that do not depend on what else is in a
batch. Needs the extra `[train]`.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn
from transformers import PreTrainedModel

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
SMALLEST = 10_000
"""Weights of fewer numbers than this stay float32."""


class _Logits(nn.Module):
    """A transformers model as a function of three tensors, (batch, length) each."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Any:
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return output.logits


def export(model: PreTrainedModel, path: Path, *, quantise: bool = True) -> None:
    """Write `model` to `path`, with any batch size and length."""
    model.eval()
    model.set_attn_implementation("eager")  # plain MatMul and Softmax nodes, which the runtime fuses itself
    example = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "batch", 1: "length"} for name in INPUTS}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Logits(model).eval(),
            (example, example, torch.zeros_like(example)),
            str(path),
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    if quantise:
        graph = onnx.load(str(path))
        _quantise(graph.graph)
        onnx.checker.check_model(graph)
        onnx.save(graph, str(path))


def _quantise(graph: onnx.GraphProto) -> None:
    """Replace every large weight by int8 and the nodes that scale it back."""
    large = {w.name: w for w in graph.initializer if np.prod(w.dims) >= SMALLEST and len(w.dims) == 2}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        name = next((i for i in node.input if i in large), "")
        if not name:
            nodes.append(node)
        elif node.op_type == "Gather":
            nodes += _scaled_gather(graph, node, large[name])
        else:
            nodes += _dequantised(graph, node, large[name])
    used = {i for node in nodes for i in node.input}
    kept = [w for w in graph.initializer if w.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)


def _scaled_gather(graph: onnx.GraphProto, node: onnx.NodeProto, weight: onnx.TensorProto) -> list[onnx.NodeProto]:
    """Look rows up as int8, and scale only the rows looked up: the table itself never becomes float."""
    values, scales = _int8(numpy_helper.to_array(weight), axis=0)
    _add(graph, f"{weight.name}.int8", values)
    _add(graph, f"{weight.name}.scale", scales[:, None])
    out = node.output[0]
    return [
        helper.make_node("Gather", [f"{weight.name}.int8", node.input[1]], [f"{out}.int8"], axis=0),
        helper.make_node("Gather", [f"{weight.name}.scale", node.input[1]], [f"{out}.scale"], axis=0),
        helper.make_node("Cast", [f"{out}.int8"], [f"{out}.float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
    ]


def _dequantised(graph: onnx.GraphProto, node: onnx.NodeProto, weight: onnx.TensorProto) -> list[onnx.NodeProto]:
    """Scale the whole matrix back; the runtime folds this once, when it loads the model."""
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    axis = 0 if transposed else 1
    values, scales = _int8(numpy_helper.to_array(weight), axis)
    _add(graph, f"{weight.name}.int8", values)
    _add(graph, f"{weight.name}.scale", scales)
    _add(graph, f"{weight.name}.zero", np.zeros(len(scales), dtype=np.int8))
    names = [f"{weight.name}.{part}" for part in ("int8", "scale", "zero")]
    back = helper.make_node("DequantizeLinear", names, [f"{weight.name}.float"], axis=axis)
    for place, name in enumerate(node.input):
        if name == weight.name:
            node.input[place] = f"{weight.name}.float"
    return [back, node]


def _int8(weight: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 with one scale per index of `axis`."""
    scales = np.maximum(np.abs(weight).max(axis=1 - axis), 1e-8).astype(np.float32) / np.float32(127)
    spread = scales[:, None] if axis == 0 else scales[None, :]
    return np.clip(np.rint(weight / spread), -127, 127).astype(np.int8), scales


def _add(graph: onnx.GraphProto, name: str, value: NDArray[Any]) -> None:
    if all(weight.name != name for weight in graph.initializer):
        graph.initializer.append(numpy_helper.from_array(value, name))
