"""What differs between two corpora is counted by kind and by whom, and nothing that differs goes uncounted."""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import TEXT, claim_on, claims_of, make_article, write_claims
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate import wire
from annotate.adopting import adopt, withdraw
from annotate.comparison import compare
from annotate.corpus import Corpus
from annotate.diffing import SAID, SOMEBODY, Change, Count, Diff, Tally, changes, diff, opened
from annotate.errors import CorpusError, UsageError
from annotate.records import NO_PREDICTION, NO_SPAN, Article, Claim, Span, text_digest
from annotate.releases import release


@pytest.fixture
def before(corpus: Path, tmp_path: Path) -> Path:
    """The corpus as it was: a copy that stays."""
    return shutil.copytree(corpus, tmp_path / "before")


def between(old: Path, new: Path) -> Diff:
    return diff(Corpus.open(old), Corpus.open(new), "old", "new")


def listed(old: Path, new: Path) -> list[Change]:
    return list(changes(Corpus.open(old), Corpus.open(new)))


def change(folder: Path, index: int, **values: Any) -> Claim:
    claims = claims_of(folder)
    claims[index] = replace(claims[index], **values)
    write_claims(folder, claims)
    return claims[index]


def predict(folder: Path, index: int, **values: Any) -> Claim:
    """The models say something else of a claim, and the view shows it where a stance is said."""
    claim = claims_of(folder)[index]
    said = replace(claim.prediction, **values).sealed(claim.id)
    shown = {name: values[name] for name in ("stance", "speaker") if name in values}
    return change(folder, index, prediction=said, **shown)


def replace_text(folder: Path, text: str) -> None:
    wire.write(folder / "articles.jsonl", [make_article(text, "summit")])


def test_equal_corpora_do_not_differ(corpus: Path, before: Path) -> None:
    found = between(before, corpus)
    assert found.empty
    assert str(found) == "old → new\n  no difference"
    assert listed(before, corpus) == []


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_form_and_order_are_no_difference(tmp_path_factory: pytest.TempPathFactory, shuffled: random.Random) -> None:
    folder = tmp_path_factory.mktemp("form")
    article = make_article(TEXT, "summit")
    claims = [claim_on(article, word, target=target) for word in ("good", "Sam", "🐘") for target in ("pact", "trade")]
    wire.write(folder / "old.jsonl", claims)
    lines = []
    for claim in shuffled.sample(claims, len(claims)):
        keys = list(json.loads(wire.dump(claim)).items())
        value = dict(shuffled.sample(keys, len(keys))) | {"start": float(claim.start)}
        end = shuffled.choice(["\n", "\r\n", "\n \n"])
        lines.append(json.dumps(value, ensure_ascii=shuffled.random() < 0.5) + end)
    (folder / "new.jsonl").write_bytes("".join(lines).encode())
    assert list(compare(folder / "old.jsonl", folder / "new.jsonl")) == []


def test_a_stance_that_a_person_adopted_is_theirs(corpus: Path, before: Path) -> None:
    claim = change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    found = between(before, corpus)
    assert found.claims == {"stance": Count(0, {"ana": 1})}
    assert found.decisions == Tally(added=1)
    assert listed(before, corpus) == [
        Change("stance", claim.id, "summit", "We welcome it", "favor", "against", "ana"),
    ]
    assert list(found.sentences()) == ["1 claim with another stance: 1 by ana", "decisions: 1 added"]


def test_people_and_models_are_told_apart_on_one_line(corpus: Path, before: Path) -> None:
    """Ana decided the stance; the speaker of the same claim is a new model's."""
    change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    predict(corpus, 2, speaker="ro-1")
    found = between(before, corpus)
    assert found.count("stance") == Count(0, {"ana": 1})
    assert found.count("speaker") == Count(1, {})
    assert "1 claim with another speaker: 1 by models" in list(found.sentences())


def test_annotators_who_agree_are_named_together(corpus: Path, before: Path) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "bob")
    change(corpus, 2, annotator="ana")
    adopt(corpus, "ana")
    assert between(before, corpus).count("stance") == Count(0, {"ana+bob": 1})


def test_a_label_of_a_new_model_is_the_models_and_the_model_is_named(corpus: Path, before: Path) -> None:
    predict(corpus, 0, stance="against", stance_model="s@2")
    predict(corpus, 1, stance_model="s@2")
    found = between(before, corpus)
    assert found.claims == {"stance": Count(1), "prediction": Count(2)}
    (switch,) = found.models
    assert (switch.role, switch.before, switch.after, switch.claims) == ("stance_model", "s@1", "s@2", 2)
    assert "stance model s@1 → s@2 on 2 claims" in list(found.sentences())


def test_without_a_log_the_line_says_who(corpus: Path, before: Path) -> None:
    change(corpus, 2, stance="against", annotator="ana")
    (corpus / "decisions.jsonl").unlink()
    assert between(before, corpus).claims == {"stance": Count(0, {"ana": 1})}


@pytest.mark.parametrize("values", [{"stance": "against"}, {"speaker": "ro-1"}, {"note": "hm"}])
def test_a_hand_edit_that_nobody_adopted_is_a_persons(corpus: Path, before: Path, values: dict[str, str]) -> None:
    change(corpus, 2, **values)
    (kind,) = values
    assert between(before, corpus).claims == {kind: Count(0, {SOMEBODY: 1})}
    assert "1 by people" in str(between(before, corpus))


def test_a_withdrawn_decision_is_no_change_of_the_models(corpus: Path, tmp_path: Path) -> None:
    claim = change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    decided = shutil.copytree(corpus, tmp_path / "decided")
    withdraw(corpus, "ana", [claim.id])
    assert between(decided, corpus).claims == {"stance": Count(0, {SOMEBODY: 1})}


def test_a_confirmed_label_counts_as_confirmed(corpus: Path, before: Path, tmp_path: Path) -> None:
    claim = change(corpus, 2, annotator="ana")
    adopt(corpus, "ana")
    assert between(before, corpus).claims == {"confirmed": Count(0, {"ana": 1})}
    confirmed = shutil.copytree(corpus, tmp_path / "confirmed")
    withdraw(corpus, "ana", [claim.id])
    assert between(confirmed, corpus).claims == {"unconfirmed": Count(0, {"ana": 1})}


def test_a_note_is_its_own_kind(corpus: Path, before: Path) -> None:
    change(corpus, 0, note="=1+1 🐘\u2028")
    adopt(corpus, "ana")
    assert between(before, corpus).claims == {"note": Count(0, {"ana": 1})}


def test_claims_that_people_add_and_delete_are_theirs(corpus: Path, before: Path) -> None:
    article = make_article(TEXT, "summit")
    mine = replace(claim_on(article, "trade grows"), id="", prediction=NO_PREDICTION)
    deleted, *rest = claims_of(corpus)
    write_claims(corpus, [*rest, mine])
    assert between(before, corpus).claims == {"added": Count(0, {SOMEBODY: 1}), "removed": Count(1)}
    adopt(corpus, "ana")
    found = between(before, corpus)
    assert found.claims == {"added": Count(0, {"ana": 1}), "removed": Count(0, {"ana": 1})}
    assert [one.kind for one in listed(before, corpus)] == ["added", "removed"]
    assert listed(before, corpus)[1].claim == deleted.id
    assert between(corpus, before).count("added") == Count(1), "what a person took away comes back by itself"


def test_a_corrected_span_is_not_a_re_anchored_one(corpus: Path, before: Path) -> None:
    start = TEXT.index("welcome")
    change(corpus, 2, start=start, end=start + 7, text="welcome")
    adopt(corpus, "ana")
    assert between(before, corpus).claims == {"span": Count(0, {"ana": 1})}


def test_a_claim_carried_into_another_text_is_re_anchored(corpus: Path, before: Path) -> None:
    replace_text(corpus, f"🐘 {TEXT}")
    moved = []
    for claim in claims_of(corpus):
        said = replace(claim.prediction, start=claim.start + 2, end=claim.end + 2).sealed(claim.id)
        source = Span(2, 10, "Seun Sam") if claim.target == "trade" else NO_SPAN
        moved.append(replace(claim, start=claim.start + 2, end=claim.end + 2, source=source, prediction=said))
    write_claims(corpus, moved)
    found = between(before, corpus)
    assert found.claims == {"re-anchored": Count(4)}
    assert (found.texts, found.articles) == (1, Tally(changed=1))
    assert listed(before, corpus)[0].before == f"{moved[0].start - 2}:{moved[0].end - 2}"


def test_a_claim_that_stays_put_in_another_text_is_not_counted(corpus: Path, before: Path) -> None:
    replace_text(corpus, f"{TEXT}One more line.\n")
    found = between(before, corpus)
    assert (found.claims, found.texts) == ({}, 1)
    assert not found.empty


def test_source_cue_and_quotation_have_their_kinds(corpus: Path, before: Path) -> None:
    change(corpus, 2, source=Span(0, 8, "Seun Sam"), cue=Span(9, 13, "said"), quotation="direct")
    found = between(before, corpus)
    assert set(found.claims) == {"source", "cue", "quotation"}


def test_an_id_that_means_another_article_or_target_is_told(corpus: Path, before: Path) -> None:
    change(corpus, 2, target="trade")
    assert between(before, corpus).claims == {"identity": Count(1)}


def test_stripped_words_are_told_from_other_forms(corpus: Path, before: Path) -> None:
    change(corpus, 2, text="")
    change(corpus, 3, digest=text_digest("x"))
    assert between(before, corpus).claims == {"text": Count(1), "other": Count(1)}


def test_articles_speakers_and_the_codebook_are_compared(corpus: Path, before: Path) -> None:
    article = Article.of("Another. \u00a0🐘", "second")
    wire.write(corpus / "articles.jsonl", [make_article(TEXT, "summit"), article])
    (corpus / "speakers.jsonl").write_bytes(b"")
    text = (corpus / "codebook.toml").read_text(encoding="utf-8").replace('"more trade"', '"free trade"')
    text = text.replace('id = "summit"', 'id = "summit"\nversion = "1.0.0"')
    (corpus / "codebook.toml").write_text(text + '\n[[targets]]\nname = "peace"\n', encoding="utf-8")
    found = between(before, corpus)
    assert (found.articles, found.texts, found.speakers) == (Tally(added=1), 0, Tally(removed=2))
    assert (found.codebook.added, found.codebook.redefined, found.codebook.removed) == (("peace",), ("trade",), ())
    assert found.codebook.breaks and not found.empty
    said = "codebook summit 0.1.0 → summit 1.0.0 (targets added: peace; targets in other words: trade)"
    assert said in str(found)


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_line_that_cannot_be_read_is_an_error_on_either_side(corpus: Path, before: Path, side: str) -> None:
    folder = before if side == "old" else corpus
    (folder / "claims.jsonl").write_bytes((folder / "claims.jsonl").read_bytes() + b'{"torn')
    with pytest.raises(CorpusError, match=r"claims\.jsonl:5: the last line is torn"):
        between(before, corpus)


def test_memory_holds_no_claims_however_many_differ(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand claims that all differ, only the one in hand is alive."""
    claims = claims_of(corpus)
    old, new = corpus / "old.jsonl", corpus / "new.jsonl"
    many = [replace(claims[0], id=f"c{n}") for n in range(1000)]
    wire.write(old, many)
    wire.write(new, (replace(claim, stance="against") for claim in many))
    import tracemalloc

    tracemalloc.start()
    count = sum(1 for _ in compare(old, new))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1000
    assert peak < 1_000_000, "a claim takes some 2 kB"


def test_details_have_a_line_for_every_count(corpus: Path, before: Path) -> None:
    predict(corpus, 0, stance="against", stance_model="s@2")
    write_claims(corpus, claims_of(corpus)[:3])
    found = between(before, corpus)
    kinds = [one.kind for one in listed(before, corpus)]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {k: count.total for k, count in found.claims.items()}
    assert set(kinds) <= set(SAID)
    assert "'favor' → 'against'" in str(listed(before, corpus)[0])


def test_a_release_is_named_by_its_corpus_and_version_or_by_its_folder(corpus: Path) -> None:
    release(corpus)
    change(corpus, 2, stance="against")
    for name in (f"{corpus}@1.0.0", str(corpus / "releases" / "1.0.0")):
        assert diff(opened(name), opened(str(corpus))).count("stance").total == 1


def test_a_folder_may_have_an_at_sign_in_its_name(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "study@home")
    assert opened(str(tmp_path / "study@home")).folder == tmp_path / "study@home"


def test_a_release_that_is_not_there_is_wrong_use(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no release 1\.0\.0; annotate release .* makes the first"):
        opened(f"{corpus}@1.0.0")
    release(corpus)
    with pytest.raises(UsageError, match=r"no release 1\.0\.1; did you mean '1\.0\.0'\?"):
        opened(f"{corpus}@1.0.1")
    with pytest.raises(CorpusError, match="no such folder"):
        opened(str(tmp_path / "none"))
    with pytest.raises(CorpusError, match="no such folder"):
        opened(f"{tmp_path / 'none'}@1.0.0")


def test_the_command_prints_counts_then_details_and_json(
    corpus: Path, before: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    code, out, _ = run("diff", before, corpus)
    assert (code, out.splitlines()[1]) == (0, "  1 claim with another stance: 1 by ana")
    assert "We welcome it" not in out
    code, out, _ = run("diff", before, corpus, "--details")
    assert "'favor' → 'against' by ana — We welcome it" in out
    code, out, _ = run("diff", before, corpus, "--details", "--json")
    value = json.loads(out)
    assert value["claims"]["stance"] == {"software": 0, "people": {"ana": 1}}
    assert [one["by"] for one in value["changes"]] == ["ana"]
    assert not value["empty"]
    code, _, err = run("diff", f"{corpus}@9.9.9", corpus)
    assert (code, "Traceback" in err) == (2, False)
