"""The formats of other tools: one module each writes a corpus in it, and reads back what people made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from annotate.errors import Problem
from annotate.exchange import brat, doccano, label_studio, tables, web_annotation
from annotate.exchange.pages import Page, View


class Format(NamedTuple):
    """How a format is written (to a file or folder that is not there yet; how many claims), and how it is read."""

    export: Callable[[Path, View], int]
    read: Callable[[Path, View], Iterator[Page | Problem]]


FORMATS = {
    "brat": Format(brat.export, brat.read),
    "label-studio": Format(label_studio.export, label_studio.read),
    "doccano": Format(doccano.export, doccano.read),
    "csv": Format(tables.export_csv, tables.read_csv),
    "parquet": Format(tables.export_parquet, tables.read_parquet),
    "webanno": Format(web_annotation.export, web_annotation.read),
}
