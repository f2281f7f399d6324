"""How long a decision takes from the page's request to the answer that it is on the disk, and how much a review holds.

    python tests/benchmarks/review.py [--claims 50000] [--decisions 1000]

Builds a corpus of invented articles in a temporary folder, starts `annotate review` on it, and decides claim after
claim over one connection, as the page does; in between it folds, and one tab more polls. Not on Windows, where a
child's peak memory cannot be asked for.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from large import TOML, articles

from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.writing import writing


class Page:
    """What the page asks of the server, over one connection."""

    def __init__(self, address: str) -> None:
        host, _, self._token = address.partition("/#")
        self._connection = http.client.HTTPConnection(host.removeprefix("http://"))

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        self._connection.request("GET" if body is None else "POST", path, content, headers)
        answer = self._connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
        assert answer.status == 200, found
        return found


def timed(page: Page, path: str, body: dict[str, Any] | None = None) -> tuple[float, dict[str, Any]]:
    """Milliseconds, and the answer."""
    began = time.perf_counter()
    found = page.ask(path, body)
    return 1000 * (time.perf_counter() - began), found


def decide(page: Page, count: int) -> list[float]:
    """Decide so many claims; milliseconds from the request to the answer, of each."""
    took = []
    for number, item in enumerate(page.ask(f"/api/queue?decided=no&limit={count}")["items"]):
        claim = page.ask(f"/api/claims/{item['id']}")
        body = {"claim": item["id"], "field": "stance", "to": "favor", "version": claim["version"]}
        took.append(timed(page, "/api/decisions", body | {"key": f"{time.time_ns()}-{number}"})[0])
    return took


def summed(name: str, took: list[float]) -> None:
    cuts = statistics.quantiles(took, n=100)
    print(f"{name}: median {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms, longest {max(took):.1f} ms")


def poll(address: str, stopped: threading.Event) -> None:
    """A second tab."""
    page, since = Page(address), 0
    while not stopped.wait(2):
        since = page.ask(f"/api/changes?since={since}")["since"]


def peak(process: subprocess.Popen[str]) -> str:
    """The peak memory of a process that runs, where the system tells."""
    status = Path(f"/proc/{process.pid}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((line.split()[1] for line in lines if line.startswith("VmHWM")), "0")


def interrupted(page: Page) -> list[float]:
    """Decisions each of which comes while the view is being folded."""
    took = []
    for _ in range(20):
        time.sleep(3.7)  # the server began to fold after three seconds
        took += decide(page, 1)
    return took


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--claims", type=int, default=50_000)
    options.add_argument("--decisions", type=int, default=1000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "corpus"
        with writing(folder, Codebook.parse(TOML)) as writer:
            for item in articles(given.claims // 40):
                writer.add(item)
        began = time.perf_counter()
        command = [sys.executable, "-m", "annotate", "review", str(folder), "--annotator", "ana", "--no-browser"]
        with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            address = process.stdout.readline().strip()
            print(f"{given.claims} claims; the address after {time.perf_counter() - began:.1f} s")
            measure(address, process, given.decisions)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.wait()
            print(f"the view was folded and the server gone after {time.perf_counter() - began:.1f} s")
        logged = sum(1 for _ in (folder / "decisions.jsonl").open(encoding="utf-8"))
        assert logged == given.decisions + 20, logged
        assert sum(claim.annotator == "ana" for claim in Corpus.open(folder).claims()) == logged


def measure(address: str, process: subprocess.Popen[str], count: int) -> None:
    page = Page(address)
    corpus, first = timed(page, "/api/corpus")[0], timed(page, "/api/queue?order=uncertain")[0]
    print(f"/api/corpus {corpus:.0f} ms, first queue page {first:.0f} ms, again {timed(page, '/api/queue')[0]:.0f} ms")
    one = page.ask("/api/queue")["items"][0]["id"]
    print(f"first claim with its sentences {timed(page, f'/api/claims/{one}')[0]:.0f} ms")
    stopped = threading.Event()
    tab = threading.Thread(target=poll, args=(address, stopped))
    tab.start()
    summed(f"{count} decisions", decide(page, count))
    summed("20 decisions while the view is being folded", interrupted(page))
    stopped.set()
    tab.join()
    print(f"fold: {timed(page, '/api/fold', {})[0] / 1000:.1f} s")
    print(f"queue after it: {timed(page, '/api/queue')[0]:.0f} ms; peak memory {int(peak(process)) // 1024} MB")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
