"""One annotate command with scripted models, for a test that kills it: says "ready" before it runs.

python tests/killed.py STANCE ARGUMENTS…

Each article takes $SLOW seconds, where that is set.
No file may grow beyond $LARGEST_FILE bytes, where that is set: what a full disk or a quota does.
"""

import os
import sys
import time

from scripted import Models

from annotate import labelling
from annotate.__main__ import main
from annotate.attribution import Roles


class Slow(Models):
    def roles(self, text: str) -> Roles:
        time.sleep(float(os.environ.get("SLOW", "0")))
        return super().roles(text)


stance = os.environ.setdefault("STANCE", sys.argv[1])
models = Slow(stances={"good": stance, "better": stance})  # type: ignore[dict-item]
labelling.Attributor = lambda: models  # type: ignore[assignment, misc]
labelling.stance_classifier = lambda *_: models  # type: ignore[assignment, misc]

if __name__ == "__main__":  # a worker process imports this file and goes on from here by itself
    sys.argv = ["annotate", *sys.argv[2:]]
    if largest := os.environ.get("LARGEST_FILE"):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
    print("ready", flush=True)
    main()
