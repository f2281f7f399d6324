"""One annotate command with scripted models, for a test that kills it: says "ready" before it runs.

python tests/killed.py STANCE ARGUMENTS…

No file may grow beyond $LARGEST_FILE bytes, where that is set: what a full disk or a quota does.
"""

import os
import sys

from scripted import Models

from annotate import jobs
from annotate.__main__ import main

if __name__ == "__main__":
    models = Models(stances={"good": sys.argv[1], "better": sys.argv[1]})  # type: ignore[dict-item]
    jobs.Attributor = lambda: models  # type: ignore[assignment, misc]
    jobs.stance_classifier = lambda _="": models  # type: ignore[assignment, misc]
    sys.argv = ["annotate", *sys.argv[2:]]
    if largest := os.environ.get("LARGEST_FILE"):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
    print("ready", flush=True)
    main()
