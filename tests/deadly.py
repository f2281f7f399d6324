"""One annotate command whose workers end, without a word, in the middle of an article that says POISON.

python tests/deadly.py TIMES FOLDER ARGUMENTS…

They do so as often as TIMES says; FOLDER is where that is counted.
"""

import os
import sys
from pathlib import Path

from annotate.__main__ import main
from annotate.attribution import Roles
from annotate.engine import running
from annotate.labelling import FindsRoles, Labeller, Recipe


class Deadly:
    """An attributor that may end its process."""

    def __init__(self, inner: FindsRoles, times: int, folder: Path) -> None:
        self.inner, self.name, self.times, self.folder = inner, inner.name, times, folder

    def roles(self, text: str) -> Roles:
        """What the attributor within says."""
        if "POISON" in text and len(list(self.folder.iterdir())) < self.times:
            (self.folder / str(os.getpid())).touch()
            os._exit(1)
        return self.inner.roles(text)


class DeadlyRecipe(Recipe):
    """Pickled whole, as what stands in a script is."""

    def labeller(self) -> Labeller:
        """A labeller that may end its process."""
        labeller = Recipe.labeller(self)
        deadly = Deadly(labeller.attributor, int(os.environ["TIMES"]), Path(os.environ["FOLDER"]))
        return Labeller(labeller.codebook, deadly, labeller.classifier)


if __name__ == "__main__":
    os.environ["TIMES"], os.environ["FOLDER"] = sys.argv[1:3]
    running.Recipe = DeadlyRecipe  # type: ignore[misc]
    sys.argv = ["annotate", *sys.argv[3:]]
    main()
