"""One annotator's review of a corpus: what they see, in which order, what they decide, and undo all the way back.

It knows no HTTP; what it answers are dicts and lists as the page reads them. A decision counts when it is in the log
on the disk. The view, `claims.jsonl`, is folded later, by a process of its own that is stopped when a decision comes.
"""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from annotate.adopting import legal_annotator
from annotate.auditing import audit_order
from annotate.codebook import slug
from annotate.corpus import Corpus
from annotate.decisions import decide
from annotate.errors import Conflict, NotThere, UsageError
from annotate.names import name_key
from annotate.records import (
    NO_PREDICTION,
    SCHEMA_VERSION,
    STANCES,
    Claim,
    DecidedField,
    Decision,
    Mode,
    Speaker,
    digest,
)
from annotate.review.loaded import NOBODY, Loaded, opened
from annotate.review.receipts import Receipt, Receipts
from annotate.review.undoing import FIELDS, History
from annotate.revising import up_to_date

Json = dict[str, Any]

LABELS: tuple[DecidedField, DecidedField] = ("stance", "speaker")
"""What annotators are asked to agree on; notes may differ."""
FILTERS = ("speaker", "stance", "target", "article", "decided", "disputed")
ORDERS = ("uncertain", "reading")
AUDIT = 50
"""Claims of the audit sample."""
EVERY = 4
"""Among the most uncertain claims every fourth is of the audit sample."""
IDLE = 3.0
"""Seconds without a decision after which the view is folded."""
LONGEST_NOTE, LONGEST_NAME = 10_000, 200
"""Code points."""
PREVIEW = 120
"""Code points of a claim's text in a list."""
SOME_TEXTS = 32
"""Articles whose sentences are kept at hand."""


@dataclass(frozen=True, slots=True)
class Manner:
    """Who reviews, and what they see."""

    annotator: str
    blind: bool = False
    """The models' labels and the others' are hidden of what this annotator has not decided."""
    adjudicate: bool = False
    """This annotator rules where others differ: nothing is hidden, and there is no audit."""
    audit: int = AUDIT

    def __post_init__(self) -> None:
        """UsageError for what cannot be."""
        legal_annotator(self.annotator)
        if self.blind and self.adjudicate:
            raise UsageError("--blind and --adjudicate: whoever rules must see what the others said")
        if self.audit < 0:
            raise UsageError(f"--audit {self.audit}: a number of claims, 0 for none")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which claims a queue holds, and in which order; "" lets all pass."""

    order: str = "uncertain"
    speaker: str = ""
    stance: str = ""
    target: str = ""
    article: str = ""
    decided: str = ""
    disputed: str = ""
    offset: int = 0
    limit: int = 100


class Review:
    """The state of a review; safe to be used by several threads."""

    def __init__(self, folder: Path, manner: Manner) -> None:
        """Read the corpus in `folder`, after what was logged is folded; CorpusError with all that is wrong with it."""
        self.manner, self.folder = manner, folder
        self.me = manner.annotator
        corpus = opened(folder)
        self.remarks = [remark for remark in (corpus.recovered, up_to_date(corpus)) if remark]
        self._lock = threading.RLock()
        self._history = History(self.me)
        self._changes: dict[str, int] = {}
        """Claim → the number of the latest change that it is part of."""
        self._count = 0
        self._loaded = Loaded(corpus, self._hear)
        self._receipts = Receipts(folder)
        self._sentences: OrderedDict[str, list[tuple[int, int]]] = OrderedDict()
        self._child: subprocess.Popen[bytes] | None = None
        self._last, self._folded_at, self._closed = time.monotonic(), -1, False
        self._arrange()

    # ---- What stands ----

    def _hear(self, decisions: list[Decision], anew: bool) -> None:
        if anew:
            self._history = History(self.me)
        for decision in decisions:
            self._history.hear(decision)

    def _refresh(self) -> None:
        self._note(self._loaded.refresh())

    def _note(self, changed: set[str]) -> None:
        """These claims are otherwise now."""
        if not changed:
            return
        self._count += 1
        self._changes |= dict.fromkeys(changed, self._count)
        loaded = self._loaded
        if loaded.generation != self._generation:
            self._arrange()
        else:
            for id in changed & self._heads.keys():
                self._judge(id)

    def _arrange(self) -> None:
        """Put the claims in their orders."""
        loaded = self._loaded
        self._generation = loaded.generation
        self._heads = {id: claim for id, claim in loaded.shown.items() if loaded.head(id) == id}
        some = 0 if self.manner.adjudicate else self.manner.audit
        self._audit = set([id for id in audit_order(self._heads.values()) if id in self._heads][:some])
        self._uncertain = sorted(self._heads, key=lambda head: (*_certainty(self._heads[head]), head))
        articles = {id: number for number, id in enumerate(loaded.articles)}
        targets = {target.id: number for number, target in enumerate(loaded.codebook.targets)}

        def place(head: str) -> tuple[int, int, int, str]:
            claim = self._heads[head]
            return articles.get(claim.article, len(articles)), claim.start, targets.get(claim.target, -1), head

        self._reading = sorted(self._heads, key=place)
        self._of: defaultdict[str, list[str]] = defaultdict(list)
        for id, claim in loaded.shown.items():
            self._of[claim.article].append(id)
        self._heads_of = Counter(claim.article for claim in self._heads.values())
        self._decided: set[str] = set()
        self._disputed: set[str] = set()
        for id in self._heads:
            self._judge(id)

    def _judge(self, id: str) -> None:
        """Note whether a claim is decided by this annotator, and whether it is disputed."""
        log = self._loaded.log
        disputed = any(log.disputed(id, name) for name in LABELS)
        done = self.me in log.said(id, "stance") and not (self.manner.adjudicate and disputed)
        for found, into in ((done, self._decided), (disputed, self._disputed)):
            (into.add if found else into.discard)(id)

    def _hidden(self, id: str) -> bool:
        """Whether the labels of a claim are hidden from this annotator."""
        head = self._loaded.head(id)
        return head not in self._decided and (self.manner.blind or head in self._audit)

    def _value(self, id: str, name: DecidedField) -> str:
        """A field as this annotator is shown it: their own word, else what the view has, "" for a hidden stance."""
        edited = self._loaded.edits.get(id, {}).get(name)
        word = self._history.word(id, name)
        if word and not edited:
            return word.value
        claim = self._loaded.shown[id]
        if not self._hidden(id):
            return str(getattr(claim, name))
        if name == "speaker" and claim.prediction != NO_PREDICTION:
            return claim.prediction.speaker
        return claim.speaker if name == "speaker" else ""

    # ---- What the page asks ----

    def corpus(self) -> Json:
        """The corpus as a whole."""
        with self._lock:
            self._refresh()
            loaded, book = self._loaded, self._loaded.codebook
            return {
                "name": loaded.folder.resolve().name,
                "home": digest(str(loaded.folder.resolve()), letter="h"),
                "version": loaded.version,
                "annotator": self.me,
                "blind": self.manner.blind,
                "adjudicate": self.manner.adjudicate,
                "labels": list(STANCES),
                "min_confidence": book.min_confidence,
                "targets": [{"id": t.id, "name": t.name, "description": t.description} for t in book.targets],
                "speakers": [_speaker(who) for who in loaded.speakers.values()],
                "guidance": book.guidance,
                "articles": [
                    {name: getattr(article, name) for name in ("id", "title", "outlet", "author", "date", "url")}
                    | {"claims": self._heads_of[article.id]}
                    for article in loaded.articles.values()
                ],
                "progress": self._progress(),
                "since": self._count,
            }

    def progress(self) -> Json:
        """How far this annotator is."""
        with self._lock:
            self._refresh()
            return self._progress()

    def _progress(self) -> Json:
        seen = {id for id in self._disputed if not self._hidden(id)}
        return {
            "claims": len(self._heads),
            "decided": len(self._decided),
            "audit": {"size": len(self._audit), "decided": len(self._audit & self._decided)},
            "disputed": len(seen),
            "undoable": len(self._history),
            "folded": self._loaded.folded,
            "pending": self._loaded.pending,
            "problem": self._loaded.problem,
        }

    def queue(self, wanted: Wanted) -> Json:
        """Some of the claims in an order."""
        with self._lock:
            self._refresh()
            ids = self._in_order(wanted)
            some = ids[wanted.offset : wanted.offset + wanted.limit]
            return {"total": len(ids), "items": [self._item(id) for id in some]}

    def _in_order(self, wanted: Wanted) -> list[str]:
        ids = self._reading if wanted.order == "reading" else self._uncertain
        if any(getattr(wanted, name) for name in FILTERS):
            ids = [id for id in ids if self._passes(id, wanted)]
        if wanted.order == "reading":
            return ids
        done = [id for id in ids if id in self._decided]
        left = [id for id in ids if id not in self._decided]
        audit = [id for id in left if id in self._audit]
        return [*_spread([id for id in left if id not in self._audit], audit), *done]

    def _passes(self, id: str, wanted: Wanted) -> bool:
        claim = self._heads[id]
        return (
            wanted.target in ("", claim.target)
            and wanted.article in ("", claim.article)
            and (not wanted.decided or (wanted.decided == "yes") == (id in self._decided))
            and (not wanted.disputed or (id in self._disputed and not self._hidden(id)))
            and (not wanted.speaker or wanted.speaker == self._value(id, "speaker"))
            and (not wanted.stance or wanted.stance == self._value(id, "stance"))
        )

    def _item(self, id: str) -> Json:
        claim, hidden = self._loaded.shown[id], self._hidden(id)
        return {
            "id": id,
            "article": claim.article,
            "start": claim.start,
            "end": claim.end,
            "speaker": self._value(id, "speaker"),
            "stance": self._value(id, "stance"),
            "target": claim.target,
            "confidence": 0.0 if hidden else _confidence(claim),
            "decided": id in self._decided,
            "audit": id in self._audit,
            "disputed": id in self._disputed and not hidden,
            "text": claim.text[:PREVIEW],
        }

    def claim(self, id: str) -> Json:
        """All that is shown of a claim; NotThere where there is none."""
        with self._lock:
            self._refresh()
            return self._claim(id)

    def _claim(self, id: str) -> Json:
        if id not in self._loaded.shown:
            raise NotThere(f"no claim has the id {id[:60]!r}")
        claim, hidden = self._loaded.shown[id], self._hidden(id)
        head = self._loaded.head(id)
        found: Json = {
            "id": id,
            "article": claim.article,
            "start": claim.start,
            "end": claim.end,
            "text": claim.text,
            "quotation": claim.quotation,
            "speaker": self._value(id, "speaker"),
            "target": claim.target,
            "stance": self._value(id, "stance"),
            "note": self._value(id, "note"),
            "audit": head in self._audit,
            "blind": hidden,
            "decided": head in self._decided,
            "disputed": head in self._disputed and not hidden,
            "source": asdict(claim.source),
            "cue": asdict(claim.cue),
            "mine": {name: word.value for name in FIELDS if (word := self._history.word(id, name))},
            "view": {} if hidden else {name: getattr(claim, name) for name in FIELDS},
            "said": {} if hidden else self._said(id),
            "pending": {} if hidden else {name: new for name, (_, new) in self._loaded.edits.get(id, {}).items()},
            "parts": [
                {"start": part.start, "end": part.end, "text": part.text}
                for part in sorted((self._loaded.shown[one] for one in self._loaded.reach(id, "stance")), key=_place)
            ],
        }
        found["version"] = digest(json.dumps(found, sort_keys=True), letter="v")
        found["siblings"] = self._siblings(claim)
        found["prediction"] = None if hidden or claim.prediction == NO_PREDICTION else _prediction(claim)
        found["hypotheses"] = self._hypotheses(claim.target, found["speaker"])
        return found | self._context(claim)

    def _said(self, id: str) -> Json:
        said = {name: self._loaded.log.said(id, name) for name in FIELDS}
        others = {name: {who: value for who, value in words.items() if who != self.me} for name, words in said.items()}
        return {name: words for name, words in others.items() if words}

    def _siblings(self, claim: Claim) -> list[Json]:
        whole = map(self._loaded.shown.__getitem__, self._loaded.whole(self._loaded.head(claim.id)))
        others = [one for one in whole if one.target != claim.target and one.id in self._heads]
        return [{"id": one.id, "target": one.target, "stance": self._value(one.id, "stance")} for one in others]

    def _hypotheses(self, target: str, speaker: str) -> Json:
        who = self._loaded.speakers.get(speaker)
        name = "" if who in NOBODY or not who else who.name
        for one in self._loaded.codebook.targets:
            if one.id == target:
                filled = one.hypotheses_for(name)
                return {"favor": list(filled.favor), "against": list(filled.against)}
        return {"favor": [], "against": []}

    def _context(self, claim: Claim) -> Json:
        """The claim's sentence, where in it the claim begins (in code points), and the sentences beside it."""
        article = self._loaded.texts.get(claim.article)
        text = article.text if article else ""
        spans = self._spans(claim.article, text)
        inside = [n for n, (start, end) in enumerate(spans) if start < claim.end and claim.start < end]
        if not inside:
            return {"before": "", "sentence": claim.text, "offset": 0, "after": ""}
        first, last = inside[0], inside[-1]
        start, end = min(spans[first][0], claim.start), max(spans[last][1], claim.end)
        return {
            "before": text[slice(*spans[first - 1])] if first else "",
            "sentence": text[start:end],
            "offset": claim.start - start,
            "after": text[slice(*spans[last + 1])] if last + 1 < len(spans) else "",
        }

    def _spans(self, article: str, text: str) -> list[tuple[int, int]]:
        """The sentences of an article."""
        from annotate.sentences import sentences

        key = digest(article, text, letter="t")
        if key not in self._sentences:
            self._sentences[key] = sentences(text)
            if len(self._sentences) > SOME_TEXTS:
                self._sentences.popitem(last=False)
        self._sentences.move_to_end(key)
        return self._sentences[key]

    def article(self, id: str, target: str = "") -> Json:
        """An article's text and the claims in it, one for each span; NotThere where there is none."""
        with self._lock:
            self._refresh()
            if id not in self._loaded.articles:
                raise NotThere(f"no article has the id {id[:60]!r}")
            there = self._loaded.texts.get(id)
            claims = self._one_for_each_span(id, target)
            return {
                "id": id,
                "title": self._loaded.articles[id].title,
                "text": there.text if there else "",
                "length": self._loaded.articles[id].length,
                "claims": [self._mark(claim) for claim in claims],
            }

    def _one_for_each_span(self, article: str, target: str) -> list[Claim]:
        """The claims of an article for a target, at spans where there is none for another; in text order."""
        rank = {one.id: number for number, one in enumerate(self._loaded.codebook.targets)} | {target: -1}
        claims = [self._loaded.shown[id] for id in self._of[article]]
        claims.sort(key=lambda claim: -rank.get(claim.target, len(rank)))
        return sorted({(claim.start, claim.end): claim for claim in claims}.values(), key=_place)

    def _mark(self, claim: Claim) -> Json:
        head = self._loaded.head(claim.id)
        return {
            "id": claim.id,
            "head": "" if head == claim.id else head,
            "start": claim.start,
            "end": claim.end,
            "speaker": self._value(claim.id, "speaker"),
            "stance": self._value(claim.id, "stance"),
            "decided": head in self._decided,
            "audit": head in self._audit,
        }

    def changes(self, since: int) -> Json:
        """The ids of claims that changed after the change of that number."""
        with self._lock:
            self._refresh()
            changed = [id for id, number in self._changes.items() if number > since]
            return {"since": self._count, "claims": changed, "progress": self._progress()}

    # ---- What the page decides ----

    def decide(self, id: str, name: str, to: str | Json, version: str, key: str) -> Json:
        """Log a decision; the claim as it is then, once the log is on the disk.

        Raises Conflict where another version of the claim stands, UsageError for a field or value that cannot be,
        CorpusBusy where another process keeps the corpus locked, OSError where the disk fails.
        """
        with self._lock:
            self._stop_folding()
            with self._loaded.alone() as changed:
                self._note(changed)
                if receipt := self._receipts.get(key, self._loaded.logfile.path):
                    return {"claim": self._claim(receipt.claim), "progress": self._progress()}
                self._decide(id, name, to, version, key)
            return {"claim": self._claim(id), "progress": self._progress()}

    def _decide(self, id: str, name: str, to: str | Json, version: str, key: str) -> None:
        if self._claim(id)["version"] != version:
            raise Conflict("this claim stands otherwise by now: look at it again")
        decided, newcomer = _field(name), None
        if decided == "speaker":
            value, newcomer = self._speaker(to, self._loaded.shown[id].article)
        else:
            value = _text(to, LONGEST_NOTE)
            if decided == "stance" and value not in STANCES:
                raise UsageError(f"{value[:60]!r} is no stance; one of {', '.join(STANCES)}")
        if not self._is_said(id, decided, value):
            if newcomer:
                self._loaded.enlist(newcomer)
            self._log(self._decisions(id, decided, value), Receipt(key, id))

    def _is_said(self, id: str, name: DecidedField, value: str) -> bool:
        """Whether this annotator has said so already, so that nothing is left to be decided."""
        loaded = self._loaded
        reach = loaded.reach(id, name)
        if self.manner.adjudicate and not all(self._stands(one, name, value) for one in reach):
            return False
        return all(
            loaded.log.said(one, name).get(self.me) == value and name not in loaded.edits.get(one, {}) for one in reach
        )

    def _stands(self, id: str, name: DecidedField, value: str) -> bool:
        """Whether people's words put a value in force: what is disputed looks like what the models said."""
        force = self._loaded.log.in_force(id, name)
        return force is not None and force.value == value

    def _decisions(self, id: str, name: DecidedField, value: str) -> list[Decision]:
        loaded, mode, at = self._loaded, self._mode(id), self._loaded.log.now()
        return [
            decide(self.me, one, name, loaded.logged(one, name), value, mode, loaded.version, at)
            for one in loaded.reach(id, name)
        ]

    def _mode(self, id: str) -> Mode:
        if self._hidden(id) and self._loaded.head(id) in self._audit:
            return "audit"
        return "blind" if self.manner.blind else "adjudicate" if self.manner.adjudicate else "review"

    def _speaker(self, to: str | Json, article: str) -> tuple[str, Speaker | None]:
        """The id of a speaker, and who that is where nobody has it yet."""
        if isinstance(to, str):
            if to not in self._loaded.speakers:
                raise UsageError(f"no speaker has the id {to[:60]!r}; somebody new is given by name")
            return to, None
        name = " ".join(_text(to.get("name"), LONGEST_NAME).split())
        if not name or set(to) != {"name"} or any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in name):
            raise UsageError("somebody new is given by a name of one line")
        for who in self._loaded.speakers.values():
            if who.listed and name_key(name) in map(name_key, who.aliases):
                return who.id, None
        id = f"{slug(name)[:48].rstrip('-')}-{digest(article, name_key(name), letter='', size=6)}"
        return id, None if id in self._loaded.speakers else Speaker(SCHEMA_VERSION, id, name, (name,), "", False)

    def _log(self, decisions: list[Decision], receipt: Receipt) -> None:
        """Append to the log, fsync, and let what follows from it stand."""
        logfile = self._loaded.logfile
        raw = logfile.written(decisions)
        self._receipts.add(receipt, logfile.size, raw)
        logfile.append(raw)
        self._note(self._loaded.take(decisions))
        self._last = time.monotonic()

    def undo(self, key: str) -> Json:
        """Take back this annotator's latest decision that stands; Conflict where there is none."""
        with self._lock:
            self._stop_folding()
            with self._loaded.alone() as changed:
                self._note(changed)
                receipt = self._receipts.get(key, self._loaded.logfile.path) or self._undo(key)
            return {"claim": self._claim(receipt.claim), "undone": receipt.undone, "progress": self._progress()}

    def _undo(self, key: str) -> Receipt:
        loaded = self._loaded
        step = self._history.last(loaded.shown)
        if step is None:
            raise Conflict("nothing is left to undo")
        id = next(claim for claim in step.before if claim in step.standing and claim in loaded.shown)
        before = step.before[id]
        undone = {"field": step.name, "from": step.value, "to": before.value if before else ""}
        receipt = Receipt(key, id, undone)
        self._log(list(self._history.undo(step, loaded.version, loaded.log.now())), receipt)
        return receipt

    # ---- Folding the view ----

    @property
    def wants_folding(self) -> bool:
        """Whether the view lags behind, nobody decided for a while, and folding was not tried in vain already."""
        with self._lock:
            loaded = self._loaded
            tried = self._folded_at == loaded.logfile.size
            idle = time.monotonic() - self._last > IDLE
            return (
                not self._closed
                and idle
                and not tried
                and not loaded.folded
                and not loaded.folding_loses
                and self._child is None
            )

    def fold(self) -> Json:
        """Let the view show what is logged, unless a decision comes meanwhile, or that would lose hand edits."""
        with self._lock:
            self._refresh()
            if not (self._loaded.folded or self._loaded.folding_loses or self._child):
                self._folded_at = self._loaded.logfile.size
                self._child = _folding(self.folder)
            child = self._child
        if child:
            child.wait()
        with self._lock:
            self._child = None if self._child is child else self._child
            return self.progress()

    def _stop_folding(self) -> None:
        """Free the corpus's lock; what folding left half done is thrown away or finished by whoever writes next."""
        if self._child:
            self._child.kill()
            self._child.wait()
            self._child, self._folded_at = None, -1

    def close(self) -> str:
        """Fold the view at the end; why that was not possible, "" where it shows all."""
        with self._lock:
            self._closed = True
            self._stop_folding()
            done = up_to_date(Corpus(self.folder))
            self._refresh()
            return "" if self._loaded.folded else done


def _folding(folder: Path) -> subprocess.Popen[bytes]:
    """A process that folds the view: it may be killed at any moment, and a Ctrl-C for the server is not for it."""
    code = "import sys; sys.path[:] = sys.argv[2:]; from annotate.review.desk import fold; fold(sys.argv[1])"
    command = [sys.executable, "-I", "-c", code, str(folder.resolve()), *sys.path]
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    quiet = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603
        command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=os.name != "nt", creationflags=flags
    )


def fold(folder: str) -> None:
    """Fold into the view what is logged, where nothing would be lost; what the process of `Review.fold` does."""
    up_to_date(Corpus.open(folder))


def _spread(most: list[str], audit: list[str]) -> Iterator[str]:
    """The claims with one of the audit sample after every three others, as long as there are any."""
    for number, id in enumerate(most, 1):
        yield id
        if number % (EVERY - 1) == 0 and (place := number // (EVERY - 1)) <= len(audit):
            yield audit[place - 1]
    yield from audit[len(most) // (EVERY - 1) :]


def _confidence(claim: Claim) -> float:
    scores = claim.prediction.scores
    return max(scores.favor, scores.neutral, scores.against)


def _certainty(claim: Claim) -> tuple[bool, float]:
    """What the most uncertain claims are the least by; what a person added is certain."""
    return claim.prediction == NO_PREDICTION, _confidence(claim)


def _place(claim: Claim) -> tuple[int, int]:
    return claim.start, claim.end


def _speaker(who: Speaker) -> Json:
    return {"id": who.id, "name": who.name, "aliases": list(who.aliases), "listed": who.listed}


def _prediction(claim: Claim) -> Json:
    said = claim.prediction
    names = ("stance", "speaker", "speaker_score", "speaker_reason")
    return {name: getattr(said, name) for name in names} | {"scores": asdict(said.scores)}


def _field(name: str) -> DecidedField:
    for known in FIELDS:
        if known == name:
            return known
    raise UsageError(f"{name[:60]!r} cannot be decided here; one of {', '.join(FIELDS)}")


def _text(value: object, longest: int) -> str:
    """The value where it is a text that can be written; UsageError where it is none."""
    if not isinstance(value, str) or len(value) > longest:
        raise UsageError(f"a text of at most {longest} characters is wanted")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError("holds half of a surrogate pair, which UTF-8 cannot say") from None
    return value


def whoever() -> str:
    """The name that this machine knows the person by who runs the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # the last two before Python 3.13
        raise UsageError("--annotator NAME: say whose decisions these are") from None
