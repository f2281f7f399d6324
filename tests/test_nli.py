"""Models of the Hub and of folders, as classifiers of entailment: tiny ones with random weights, and no network."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

import tiny_tokenizers  # noqa: E402
from conftest import claims_of  # noqa: E402

from annotate import nli  # noqa: E402
from annotate.entailment import Judgement  # noqa: E402
from annotate.errors import ModelError, UsageError  # noqa: E402
from annotate.models import stance_classifier  # noqa: E402
from annotate.pairing import Joined  # noqa: E402

THREE = ["entailment", "neutral", "contradiction"]
WORDS = ["the", "minister", "said", "that", "talks", "will", "help", "sam", "supports", "opposes", "it", *".,<>/s"]
PAIRS = [
    ("the minister said that talks will help .", "sam supports it ."),
    ("talks help", "sam opposes it ."),
    ("", "it"),
    ("the minister said that the talks will help sam , the minister said .", "sam supports it ."),
    ("talks help", "sam opposes it ."),
    ("the unheard-of word 🙂", "the minister opposes talks ."),
] * 3
SIZE = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, initializer_range=0.8)


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every attempt at a network, which fails; a test that expects none need not even ask."""
    made: list[str] = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        made.append(repr(arguments[:2]))
        raise OSError("no network in tests")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield made
    assert made == []


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures compared here are those of float32."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def tokenizer(special: dict[str, str], limit: int | None, path: Path) -> None:
    """Write a word-piece tokenizer whose file asks for truncation and padding, as MiniLM's does."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: i for i, word in enumerate(dict.fromkeys([*special.values(), *WORDS]))}
    first, last = special["cls_token"], special["sep_token"]
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token=special["unk_token"]))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])],
    )
    backend.enable_truncation(5)
    backend.enable_padding(length=5)
    sizes = {} if limit is None else {"model_max_length": limit}
    transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **special, **sizes).save_pretrained(path)


def bert(path: Path, labels: list[str] = THREE, *, limit: int | None = 40, **config: Any) -> Path:
    """A tiny BERT of 48 positions with random weights, saved in `path`."""
    special = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
    tokenizer(special, limit, path)
    sizes = SIZE | dict(vocab_size=40, max_position_embeddings=48, id2label=dict(enumerate(labels))) | config
    torch.manual_seed(5)
    transformers.BertForSequenceClassification(transformers.BertConfig(**sizes)).save_pretrained(path)
    return path


def roberta(path: Path, labels: list[str] = THREE, *, limit: int | None = None) -> Path:
    """A tiny RoBERTa whose 34 positions leave room for 32 tokens, and whose tokenizer knows no limit."""
    special = dict(cls_token="<s>", pad_token="<pad>", sep_token="</s>", unk_token="<unk>")
    tokenizer(special, limit, path)
    sizes = SIZE | dict(vocab_size=40, max_position_embeddings=34, pad_token_id=1, type_vocab_size=2)
    torch.manual_seed(6)
    config = transformers.RobertaConfig(**sizes, id2label=dict(enumerate(labels)))
    transformers.RobertaForSequenceClassification(config).save_pretrained(path)
    return path


def deberta(path: Path, labels: list[str] = THREE) -> Path:
    """A tiny DeBERTa-v3 with relative positions only, of the shape of the zero-shot models people name."""
    special = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
    tokenizer(special, None, path)
    relative = dict(relative_attention=True, position_biased_input=False, pos_att_type=["p2c", "c2p"])
    shared = dict(share_att_key=True, norm_rel_ebd="layer_norm", position_buckets=8)
    spread = dict(initializer_range=0.3)
    sizes = SIZE | dict(vocab_size=40, max_position_embeddings=32, type_vocab_size=0) | relative | shared | spread
    torch.manual_seed(7)
    config = transformers.DebertaV2Config(**sizes, id2label=dict(enumerate(labels)))
    transformers.DebertaV2ForSequenceClassification(config).save_pretrained(path)
    return path


MAKERS = [bert, roberta, deberta]


def plain(folder: Path, premise: str, hypothesis: str, **truncation: Any) -> list[float]:
    """What transformers says of one pair alone, one probability per label."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    words = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        logits = model(**words(premise, hypothesis, return_tensors="pt", **truncation)).logits
    row: list[float] = logits.softmax(-1)[0].tolist()
    return row


def assert_close(found: list[Judgement], expected: list[Judgement]) -> None:
    assert [j.truncated for j in found] == [j.truncated for j in expected]
    for one, other in zip(found, expected, strict=True):
        assert one[:3] == pytest.approx(other[:3], abs=1e-5)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_equals_a_plain_forward_whatever_the_order_of_labels(make: Any, order: tuple[int, ...], tmp_path: Path) -> None:
    folder = make(tmp_path, [THREE[i].upper() if i else THREE[i] for i in order])
    rows = [plain(folder, *pair) for pair in PAIRS[:6]]
    e, n, c = (order.index(i) for i in range(3))
    expected = [Judgement(row[e], row[n], row[c], False) for row in rows]
    found = nli.load_classifier(str(folder)).judge(PAIRS[:6])
    assert_close(found, expected)
    assert len({round(j.entailment, 3) for j in found}) >= 4, "random weights that tell nothing apart test nothing"


@pytest.mark.parametrize("make", MAKERS)
def test_batch_size_changes_nothing(make: Any, tmp_path: Path) -> None:
    folder = str(make(tmp_path))
    alone = nli.load_classifier(folder, batch_tokens=1).judge(PAIRS)
    for batch_tokens in (40, 100, 4096):
        assert_close(nli.load_classifier(folder, batch_tokens=batch_tokens).judge(PAIRS), alone)
    assert all(math.isclose(sum(j[:3]), 1.0, abs_tol=1e-6) for j in alone)


FAMILIES: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "Bert": (tiny_tokenizers.bert, "bert", {}),
    "Roberta": (tiny_tokenizers.roberta, "roberta", dict(pad_token_id=1, type_vocab_size=1)),
    "XLMRoberta": (tiny_tokenizers.xlm_roberta, "xlm-roberta", dict(pad_token_id=1, type_vocab_size=1)),
    "DebertaV2": (tiny_tokenizers.deberta_v2, "deberta-v2", dict(relative_attention=True, pos_att_type=["p2c", "c2p"])),
    "T5": (
        tiny_tokenizers.t5,
        "t5",
        dict(d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0),
    ),
    "XLNet": (tiny_tokenizers.xlnet, "xlnet", dict(d_model=16, n_layer=2, n_head=2, d_inner=24)),
}
"""Class, tokenizer, model type and what else its config wants."""
HOSTILE = [
    ("the minister said that talks will help .", "Sam supports it ."),
    ("\u00a0talks\u00a0help 🐘 𝒕𝒉𝒆", "Sam opposes it ."),
    ("", "Sam supports it ."),
    ("the talks " * 80, "Sam opposes it ."),
    ("it rains \u202e.", " Sam supports 🐘\u00a0"),
]


@pytest.mark.parametrize("family", FAMILIES)
def test_families_with_their_own_tokenizers(family: str, tmp_path: Path) -> None:
    make, model_type, options = FAMILIES[family]
    words = make(model_max_length=60)
    words.save_pretrained(tmp_path)
    positions = {} if family == "XLNet" else dict(max_position_embeddings=80)
    sizes = SIZE | dict(vocab_size=len(words), id2label=dict(enumerate(THREE))) | positions | options
    torch.manual_seed(8)
    config = transformers.AutoConfig.for_model(model_type, **sizes)
    getattr(transformers, f"{family}ForSequenceClassification")(config).save_pretrained(tmp_path)
    classifier: Any = nli.load_classifier(str(tmp_path))
    assert isinstance(classifier.read, Joined)
    kept = dict(split_special_tokens=True, verbose=False)
    cut = [len(words([premise], [hypothesis], **kept)["input_ids"][0]) > 60 for premise, hypothesis in HOSTILE]
    assert cut[3] and not cut[0]
    kept |= dict(truncation="only_first", max_length=60)
    expected = [Judgement(*plain(tmp_path, *pair, **kept), long) for pair, long in zip(HOSTILE, cut, strict=True)]
    assert_close(classifier.judge(HOSTILE), expected)
    assert_close(nli.load_classifier(str(tmp_path), batch_tokens=1).judge(HOSTILE), expected)
    marks = " ".join(words.all_special_tokens[:4])
    assert len(classifier.judge([(f"talks {marks} help", "it"), ("it", f"{marks} talks"), *HOSTILE])) == 7


def test_same_list_gives_the_same_bits(tmp_path: Path) -> None:
    classifier = nli.load_classifier(str(bert(tmp_path)))
    assert classifier.judge(PAIRS) == classifier.judge(PAIRS)
    assert classifier.judge([]) == []


def test_batches_keep_the_budget_and_every_index() -> None:
    lengths = [3, 9, 1, 9, 50, 2, 9]
    batches = nli._batches(lengths, 20)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(b) == 1 or max(lengths[i] for i in b) * len(b) <= 20 for b in batches)
    assert batches[0] == [4]


def seen_by(classifier: Any) -> list[tuple[int, ...]]:
    """The shapes of the batches that the network is given from now on, in order."""
    shapes: list[tuple[int, ...]] = []
    classifier.network.register_forward_pre_hook(
        lambda _, __, inputs: shapes.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    return shapes


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_scores_are_a_function_of_the_call_alone(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = nli.load_classifier(str(bert(tmp_path)), precision=precision, batch_tokens=64)
    shapes = seen_by(classifier)
    article, other = PAIRS[:4], [("talks help " * n, "sam opposes it .") for n in range(1, 9)]
    first, alone = classifier.judge(article), list(shapes)
    classifier.judge(other)
    shapes.clear()
    assert classifier.judge(article) == first and shapes == alone
    again = nli.load_classifier(str(tmp_path), precision=precision, batch_tokens=64)
    again.judge(other)
    assert again.judge(article) == first
    assert sum(rows for rows, _ in alone) == len(article)


def test_windows_are_all_begun_before_one_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = nli.load_classifier(str(bert(tmp_path)))
    whole, shapes = classifier.judge(PAIRS), seen_by(classifier)
    monkeypatch.setattr(nli, "_WINDOW", 4)
    waited: list[int] = []
    cat = torch.cat

    def counted(*arguments: Any, **options: Any) -> Any:
        waited.append(sum(rows for rows, _ in shapes))
        return cat(*arguments, **options)

    monkeypatch.setattr(torch, "cat", counted)
    assert_close(classifier.judge(PAIRS), whole)
    assert waited == [len(PAIRS)] * 5


def test_two_way_model(tmp_path: Path) -> None:
    folder = bert(tmp_path, ["not_entailment", "entailment"])
    classifier = nli.load_classifier(str(folder))
    other, entailed = plain(folder, *PAIRS[0])
    assert classifier.two_way
    assert_close(classifier.judge(PAIRS[:1]), [Judgement(entailed, other, 0.0, False)])


@pytest.mark.parametrize(("make", "limit"), [(bert, 40), (roberta, 32), (deberta, 32)])
def test_truncation_is_reported_and_spares_the_hypothesis(make: Any, limit: int, tmp_path: Path) -> None:
    folder = make(tmp_path)
    hypothesis = "sam supports it ."
    room = limit - 3 - 4
    fits, longer = " ".join(["talks"] * room), " ".join(["talks"] * (room + 1))
    found = nli.load_classifier(str(folder)).judge([(longer, hypothesis), (fits, hypothesis)])
    entailed, neutral, contradicted = plain(folder, fits, hypothesis)
    assert_close(found, [Judgement(entailed, neutral, contradicted, truncated) for truncated in (True, False)])


def test_hypothesis_without_room_for_a_premise(tmp_path: Path) -> None:
    classifier = nli.load_classifier(str(bert(tmp_path)))
    with pytest.raises(ModelError, match="leaves no room"):
        classifier.judge([("talks help", "it " * 60)])


def test_limit_of_positions_where_the_tokenizer_knows_none(tmp_path: Path) -> None:
    found = nli.load_classifier(str(bert(tmp_path, limit=None))).judge([("talks " * 60, "it")])
    assert found[0].truncated


def test_special_tokens_in_a_text_are_text(tmp_path: Path) -> None:
    classifier = nli.load_classifier(str(roberta(tmp_path)))
    hostile, text = classifier.judge([("talks </s> help", "it"), ("talks < / s > help", "it")])
    assert hostile == pytest.approx(text, abs=1e-5)


def test_name_is_folder_and_hash_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bert(tmp_path / "my-model")
    sha256 = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    monkeypatch.chdir(folder)
    for model in (str(folder), ".", "../my-model"):
        assert nli.load_classifier(model).name == f"my-model@{sha256[:12]}"


def test_precision_is_computed_in_and_part_of_the_name(tmp_path: Path) -> None:
    folder = str(bert(tmp_path / "m"))
    by: dict[str, Any] = {precision: nli.load_classifier(folder, precision=precision) for precision in nli.PRECISIONS}
    bare = by["auto"].name
    assert {key: found.name for key, found in by.items()} == {
        "auto": bare,
        "float32": f"{bare}+fp32",
        "bfloat16": f"{bare}+bf16",
    }
    assert [by[key].network.dtype for key in nli.PRECISIONS] == [torch.float32, torch.float32, torch.bfloat16]
    exact, rough = by["float32"].judge(PAIRS), by["bfloat16"].judge(PAIRS)
    assert by["auto"].judge(PAIRS) == exact != rough
    for one, other in zip(rough, exact, strict=True):
        assert one[:3] == pytest.approx(other[:3], abs=0.1)
        assert sum(one[:3]) == pytest.approx(1, abs=1e-5), "probabilities are computed in float32"


def test_a_precision_that_there_is_not(tmp_path: Path) -> None:
    for model in ("", "stance-minilm", str(bert(tmp_path))):
        with pytest.raises(UsageError, match="--precision int3: one of auto, float32, bfloat16"):
            stance_classifier(model, "int3")
    assert stance_classifier(str(tmp_path), "bfloat16").name.endswith("+bf16")


def test_the_embedded_model_has_one_precision(tmp_path: Path) -> None:
    for model in ("", "stance-minilm"):
        with pytest.raises(UsageError, match="--precision bfloat16: the embedded model computes in the one way"):
            stance_classifier(model, "bfloat16")
    trained = shutil.copytree(Path(nli.__file__).parents[1] / "models" / "stance-minilm", tmp_path / "trained")
    with pytest.raises(UsageError, match="trained, of its form, computes in the one way"):
        stance_classifier(str(trained), "float32")
    assert stance_classifier("", "auto").name.startswith("stance-minilm@")


def test_threads_are_as_many_as_asked_for(tmp_path: Path) -> None:
    folder, before = str(bert(tmp_path)), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        nli.load_classifier(folder)
        assert torch.get_num_threads() == 2
        nli.load_classifier(folder, threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


# ---- A CUDA card, for which the CPU stands in: what is asked of it, and not that it obeys ----

GIB = 1 << 30


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A card with 8 GiB that computes in bfloat16; `asked` is where and as what models were sent."""
    made = SimpleNamespace(bf16=True, total_memory=8 * GIB, asked=[])
    to = transformers.PreTrainedModel.to

    def stand_in(network: Any, device: str, dtype: Any) -> Any:
        made.asked.append((device, dtype))
        return to(network, device="cpu", dtype=dtype)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: made.bf16)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: made)
    monkeypatch.setattr(transformers.PreTrainedModel, "to", stand_in)
    return made


def test_a_card_computes_in_bfloat16_by_large_batches(
    card: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier: Any = nli.load_classifier(str(bert(tmp_path)))
    assert card.asked == [("cuda", torch.bfloat16)]
    assert classifier.batch_tokens == 32768 and "+" not in classifier.name
    shapes = seen_by(classifier)
    found = classifier.judge(PAIRS * 100)
    assert len(shapes) == 2 and len(found) == len(PAIRS) * 100, "1,800 pairs of 30 tokens at most"
    by_cpu = nli.load_classifier(str(tmp_path), precision="float32").judge(PAIRS * 100)
    assert found[1][:3] == pytest.approx(by_cpu[1][:3], abs=0.1)


def test_an_old_card_computes_in_float32(card: SimpleNamespace, tmp_path: Path) -> None:
    card.bf16 = False
    nli.load_classifier(str(bert(tmp_path)))
    assert nli.load_classifier(str(tmp_path), precision="bfloat16").name.endswith("+bf16")
    assert card.asked == [("cuda", torch.float32), ("cuda", torch.bfloat16)]


@pytest.mark.parametrize(("memory", "tokens"), [(80 * GIB, 32768), (8 * GIB, 16384), (4 * GIB, 8192), (GIB, 1024)])
def test_batches_fit_into_the_memory_of_the_card(memory: int, tokens: int) -> None:
    """For a model of the size of DeBERTa-v3-base."""
    config = SimpleNamespace(hidden_size=768, num_attention_heads=12)
    weights = [SimpleNamespace(numel=lambda: 184_000_000)]
    network = SimpleNamespace(config=config, parameters=lambda: weights)
    assert nli._cuda_tokens(network, 512, torch.bfloat16, memory) == tokens


def test_inputs_go_to_a_card_from_pinned_memory_without_waiting() -> None:
    class Tensor:
        asked: tuple[str, ...] = ()

        def pin_memory(self) -> Tensor:
            self.asked += ("pinned",)
            return self

        def to(self, device: Any, **options: Any) -> Tensor:
            self.asked += (device.type, *options)
            return self

    assert nli._moved(Tensor(), torch.device("cuda")).asked == ("pinned", "cuda", "non_blocking")
    assert nli._moved(Tensor(), torch.device("mps")).asked == ("mps",)


def test_a_full_card_is_an_error_in_plain_words(
    card: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier: Any = nli.load_classifier(str(bert(tmp_path)))

    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation")

    classifier.network.register_forward_pre_hook(full)
    with pytest.raises(ModelError, match=r"the GPU's memory is full; .*CUDA_VISIBLE_DEVICES"):
        classifier.judge(PAIRS)


def test_a_model_that_the_card_has_no_room_for(card: SimpleNamespace, tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation")

    monkeypatch.setattr(transformers.PreTrainedModel, "to", full)
    assert refusal(bert(tmp_path)).endswith(
        "does not fit this machine's cuda: CUDA out of memory. Tried to allocate 2.00 GiB."
    )


def test_a_mac_computes_in_float32(tmp_path: Path, card: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    nli.load_classifier(str(bert(tmp_path)))
    assert card.asked == [("mps", torch.float32)]


def test_sharded_weights(tmp_path: Path) -> None:
    whole, sharded = bert(tmp_path / "whole"), tmp_path / "sharded"
    shutil.copytree(whole, sharded)
    (sharded / "model.safetensors").unlink()
    model = transformers.BertForSequenceClassification.from_pretrained(whole)
    model.save_pretrained(sharded, max_shard_size="5KB")
    assert len(list(sharded.glob("model-*"))) > 1
    one, other = nli.load_classifier(str(whole)), nli.load_classifier(str(sharded))
    assert_close(other.judge(PAIRS), one.judge(PAIRS))
    assert one.name.split("@")[1] != other.name.split("@")[1]


def test_stderr_stays_clean(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bert(tmp_path)
    capfd.readouterr()
    verbosity = transformers.utils.logging.get_verbosity()
    nli.load_classifier(str(tmp_path)).judge([*PAIRS, ("talks " * 60, "it")])
    assert capfd.readouterr() == ("", "")
    assert transformers.utils.logging.get_verbosity() == verbosity
    assert transformers.utils.logging.is_progress_bar_enabled()


def refusal(model: str | Path, **options: Any) -> str:
    with pytest.raises(ModelError) as error:
        nli.load_classifier(str(model), **options)
    message = str(error.value)
    assert message.startswith(f"{model}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("labels", [["LABEL_0", "LABEL_1", "LABEL_2"], ["negative", "neutral", "positive"], ["one"]])
def test_unknown_label_map(labels: list[str], tmp_path: Path) -> None:
    assert f"0: {labels[0]}" in refusal(bert(tmp_path, labels))


def test_pickled_weights(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    model = transformers.BertForSequenceClassification.from_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "save_pretrained" in refusal(folder)


def test_damaged_weights(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    os.truncate(folder / "model.safetensors", 100)
    assert "weights cannot be loaded" in refusal(folder)


def test_weights_without_a_head(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    config = (folder / "config.json").read_text()
    transformers.BertModel.from_pretrained(folder).save_pretrained(folder)
    (folder / "config.json").write_text(config)
    assert "classifier.weight" in refusal(folder)


def test_no_tokenizer(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    for path in folder.glob("*token*"):
        path.unlink()
    assert "no tokenizer" in refusal(folder)


def test_damaged_tokenizer(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    assert "tokenizer cannot be loaded" in refusal(folder)


def change_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_other_architecture(tmp_path: Path) -> None:
    folder = change_config(bert(tmp_path), architectures=["BertForMaskedLM"])
    assert "no sequence-classification model (BertForMaskedLM)" in refusal(folder)


def test_code_of_its_own_is_never_run(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    names = {"AutoConfig": "own.Own", "AutoModelForSequenceClassification": "own.Own"}
    assert "never run" in refusal(change_config(folder, model_type="own", auto_map=names))
    assert not (tmp_path / "ran").exists()


def test_damaged_or_missing_config(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    (folder / "config.json").write_text("{")
    assert "config.json cannot be read" in refusal(folder)
    (folder / "config.json").unlink()
    assert "no config.json" in refusal(folder)


@pytest.mark.parametrize("model", ["./missing", "/missing/model", "~/missing-model", "a/b/c", "missing/", "a\\b"])
def test_missing_folder(model: str) -> None:
    assert refusal(model).endswith("there is no such folder")


def test_file_or_revision_of_a_folder(tmp_path: Path) -> None:
    folder = bert(tmp_path)
    assert "is a file" in refusal(folder / "model.safetensors")
    assert "only Hub models have revisions" in refusal(folder, revision="main")


@pytest.mark.parametrize("model", ["", "no such model", "owner/na me"])
def test_neither_folder_nor_id(model: str) -> None:
    assert "neither a folder here nor a model id" in refusal(model)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("offline", [False, True])
def test_hub_out_of_reach(offline: bool, monkeypatch: pytest.MonkeyPatch, attempts: list[str]) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    began = time.monotonic()
    assert "`hf download owner/name --revision v1 --local-dir FOLDER`" in refusal("owner/name", revision="v1")
    assert time.monotonic() - began < 5
    assert bool(attempts) is not offline
    attempts.clear()


@pytest.mark.parametrize("offline", [False, True])
def test_hub_model_in_the_cache(
    offline: bool, cache: Path, monkeypatch: pytest.MonkeyPatch, attempts: list[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    commit = "0123456789abcdef" * 2 + "01234567"
    repository = cache / "models--owner--name"
    folder = bert(repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    classifier = nli.load_classifier("owner/name")
    assert classifier.name == "owner/name@0123456789ab"
    entailed, neutral, contradicted = plain(folder, *PAIRS[0])
    assert_close(classifier.judge(PAIRS[:1]), [Judgement(entailed, neutral, contradicted, False)])
    attempts.clear()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("GatedRepoError", "accept its terms"),
        ("RepositoryNotFoundError", "no such model on the Hub"),
        ("RevisionNotFoundError", "no revision 'v9'"),
    ],
)
def test_what_the_hub_answers_in_plain_words(error: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    kind = getattr(huggingface_hub.errors, error)

    def fail(*_: Any, **__: Any) -> str:
        raise kind.__new__(kind)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    assert words in refusal("owner/name", revision="v9")


def test_any_other_trouble_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise OSError("no space left\nat all")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    assert refusal("owner/name").endswith("could not be downloaded: no space left")


# ---- On the command line ----


def test_precision_of_a_whole_run(run: Any, codebook: Any, tmp_path: Path) -> None:
    article, model, corpus = tmp_path / "a.txt", str(bert(tmp_path / "m")), tmp_path / "corpus"
    claims_file = corpus / "claims.jsonl"
    article.write_text("Seun Sam said the talks will help.\n", encoding="utf-8")
    label = ["label", article, "--codebook", tmp_path / "codebook.toml", "--corpus", corpus]
    code, _, said = run(*label, "--precision", "bfloat16")
    assert code == 2 and "the embedded model computes in the one way" in said and not claims_file.exists()
    code, _, said = run(*label, "--model", model, "--precision", "half")
    assert code == 2 and "one of auto, float32, bfloat16" in said
    assert run(*label, "--model", model, "--precision", "bfloat16")[0] == 0
    assert {claim.prediction.stance_model[-5:] for claim in claims_of(corpus)} == {"+bf16"}
    assert run("relabel", corpus, "--model", model, "--precision", "float32")[0] == 0
    assert {claim.prediction.stance_model[-5:] for claim in claims_of(corpus)} == {"+fp32"}
    assert run("relabel", corpus, "--precision", "float32")[0] == 2
    assert run("check", corpus)[0] == 0
