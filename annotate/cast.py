"""The people of one article: who is known by which name, and who comes up on the way.

By which rules a written name is somebody's is told in speakers.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from annotate.codebook import Codebook, ListedSpeaker, slug
from annotate.descriptions import Number
from annotate.gender import usual_pronoun
from annotate.names import Names, Written, misspelt, name_key, same_but_middle, without_junior
from annotate.records import GROUP, SCHEMA_VERSION, Speaker, digest


@dataclass(slots=True)
class Person:
    """Somebody who may speak, as one article knows them."""

    id: str
    name: str
    role: str = ""
    pronoun: str = ""
    number: Number = "one"
    listed: bool = False
    seen: list[str] = field(default_factory=list)

    @property
    def usual_pronoun(self) -> str:
        """He or she, as far as anything tells: what is known, else what the given name hints at."""
        return self.pronoun or usual_pronoun(self.name)

    def called(self, pronoun: str) -> bool:
        """Whether "he" or "she" may be this person."""
        return self.number == "one" and self.usual_pronoun in ("", pronoun)

    def given_name(self, name: str) -> bool:
        """Whether a word in lower case is this person's given name."""
        return name_key(self.name).startswith(f"{name} ") and bool(usual_pronoun(self.name))

    def ends_in(self, name: str) -> bool:
        """Whether a name, in lower case, is the end of this one's, or one word of a listed one's."""
        own = name_key(self.name)
        if own.endswith(f" {name}") or without_junior(own).endswith(f" {name}"):
            return True
        return self.listed and name in own.split()


class Cast:
    """The people of one article: those of the codebook, and those that it finds on the way."""

    def __init__(self, codebook: Codebook, article_id: str, text: str) -> None:
        self.text = text
        self.names = Names(text, [listed.name for listed in codebook.speakers if not listed.group])
        self._suffix = digest(article_id, letter="", size=6)
        self._people = [_of_codebook(listed) for listed in codebook.speakers]
        self._described: dict[str, Person] = {}
        self._index: dict[str, tuple[Person, str]] = {}
        """Each name and alias in lower case, with its person and the reason that it gives."""
        for listed, person in zip(codebook.speakers, self._people, strict=True):
            for place, name in enumerate((listed.name, *listed.aliases)):
                self._index.setdefault(name_key(name), (person, "alias" if place else "named"))

    def speakers(self) -> list[Speaker]:
        """Everybody who speaks in the article, as records."""
        return [
            Speaker(SCHEMA_VERSION, p.id, p.name, tuple(dict.fromkeys([p.name, *p.seen])), p.role, p.listed)
            for p in self._people
            if p.seen
        ]

    def exactly(self, words: str) -> tuple[Person, str] | None:
        """Whoever has these very words for a name or alias."""
        return self._index.get(name_key(words))

    def known(self, written: Written, spoke: Sequence[Person] = ()) -> tuple[Person, str] | None:
        """The person of a name, and the reason; `spoke` has who spoke before, the latest last."""
        key = name_key(written.name)
        if found := self._index.get(key):
            return found
        if found := self._shortened(key, written, spoke):
            return found
        if written.number == "thing" or self.names.ends_one(key):
            return None
        near = {p.id: p for name, (p, _) in self._index.items() if p.number == "one" and misspelt(key, name)}
        return (next(iter(near.values())), "misspelt") if len(near) == 1 else None

    def _shortened(self, key: str, written: Written, spoke: Sequence[Person]) -> tuple[Person, str] | None:
        """The person of whose name the written one is the end, or lacks the middle."""
        for name, (person, _) in self._index.items():
            if same_but_middle(key, name) and person.number == "one":
                return person, "alias"
        kind = "thing" if written.number == "thing" else "one"
        people = list({p.id: p for p, _ in self._index.values() if p.number == kind and p.ends_in(key)}.values())
        fuller = [n for n in self.names.ending_in(key) if (n.number == "thing") == (kind == "thing")]
        unmet = self._unmet(fuller)
        if written.pronoun:
            people = [p for p in people if p.pronoun in ("", written.pronoun)]
        if len(people) + len(unmet) > 1:
            latest = next((p for p in reversed(spoke) if p in people), None)
            at_end = [p for p in people if name_key(p.name).endswith(f" {key}")]
            first = min([*(p.name for p in at_end), *(n.name for n in unmet)], key=self.text.find, default="")
            return (latest or self.person(Written(first, written.number)), "ambiguous") if latest or first else None
        if people or unmet:
            return (people[0] if people else self.person(unmet[0])), "last-name"
        return self._by_given_name(key) if kind == "one" else None

    def _by_given_name(self, key: str) -> tuple[Person, str] | None:
        """The only person with that given name: "Jane" for Jane Doe."""
        if " " in key or self.names.ends_one(key):
            return None
        people = list({p.id: p for p, _ in self._index.values() if p.number == "one" and p.given_name(key)}.values())
        unmet = self._unmet(self.names.beginning_with(key))
        if len(people) + len(unmet) != 1:
            return None
        return (people[0] if people else self.person(unmet[0])), "last-name"

    def _unmet(self, names: Sequence[Written]) -> list[Written]:
        """Those of the names whose person has not come up, one of each person."""
        unmet: list[Written] = []
        for name in names:
            met = [*self._index, *(name_key(other.name) for other in unmet)]
            if not any(name_key(name.name) == other or same_but_middle(name_key(name.name), other) for other in met):
                unmet.append(name)
        return unmet

    def person(self, written: Written) -> Person:
        """The person of that very name, made where there is none."""
        if found := self._index.get(name_key(written.name)):
            return found[0]
        person = self._made(written)
        self._index[name_key(written.name)] = person, "named"
        return person

    def described(self, written: Written) -> Person:
        """The speaker of a description, which nobody is found by who is named."""
        key = name_key(written.name)
        if key not in self._described:
            self._described[key] = self._made(written)
        return self._described[key]

    def _made(self, written: Written) -> Person:
        base = f"{slug(written.name)[:48].rstrip('-')}-{self._suffix}"
        taken = {p.id for p in self._people}
        person_id = next(i for n in range(1, len(taken) + 2) if (i := base if n == 1 else f"{base}-{n}") not in taken)
        pronoun = written.pronoun or self.names.pronoun(written.name)
        role = written.role if written.number == "one" else GROUP
        person = Person(person_id, written.name, role, pronoun, written.number)
        self._people.append(person)
        return person

    def joint(self, people: Sequence[Person]) -> Person:
        """The one speaker that several are, whatever their order."""
        names = [p.name for p in self._people if p in people]
        return self.person(Written(f"{', '.join(names[:-1])} and {names[-1]}", "many"))


def _of_codebook(listed: ListedSpeaker) -> Person:
    return Person(listed.id, listed.name, listed.role, listed.pronouns, "many" if listed.group else "one", True)
