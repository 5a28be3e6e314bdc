"""Vectors of texts: an exported sentence-transformers model served by onnxruntime, without importing torch.

`prepare` exports a model once (indexes/export.py, slow), `open_embedder` opens it in a third of a second.

A query is embedded by the thread that asks: a second one would save a fifth of 4 ms and cost another core as long,
since onnxruntime's threads wait busily. Documents are embedded by several threads, a batch each.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from filelock import FileLock
from tokenizers import Tokenizer

from indexes.hashing import HashingEmbedder
from indexes.manifest import sha256_of

PACKAGED = "all-MiniLM-L6-v2"
CONFIG_NAME, MODEL_NAME, TOKENIZER_NAME = "embedder.json", "model.onnx", "tokenizer.json"
FORMAT = 1  # raise it when an exported folder is read in another way; it is then exported again
BATCH_TOKENS = 1024  # measured on 2 cores: 300 short texts a second; 250 at 4096, 120 at 16384
CHUNK = 256  # texts embedded between two writes to the cache
REMEMBERED_QUERIES = 1000


class ModelUnavailable(Exception):
    """The embedding model cannot be used; the message says why and what to do. Search goes on without meaning."""


class Embedder(Protocol):
    """Turns texts into vectors of length 1. Thread-safe.

    `key` is what vectors are cached under: name, weights and options. `max_pieces` word pieces of a text are embedded
    at once; a longer text is embedded in windows. `serving` says by what, for people.
    """

    key: str
    dimension: int
    max_pieces: int
    serving: str

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, float32 of shape (len(texts), dimension)."""

    def embed_query(self, text: str) -> np.ndarray:
        """The vector of a query; float32 of shape (dimension,). Do not change what you get."""

    def count_pieces(self, text: str) -> int:
        """How many word pieces the text has, without the marks that the model puts around it."""


class VectorCache(Protocol):
    """Where vectors are kept by content hash, for one embedder key."""

    def get(self, hashes: Sequence[str]) -> Mapping[str, np.ndarray]:
        """The vectors of those hashes that are known."""

    def put(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep these vectors, for good."""


def model_folder(model: str, folder: Path) -> Path:
    """The folder below `folder` that holds the export of this model."""
    if not model:
        return folder / PACKAGED
    return folder / f"{slug(model)}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def slug(model: str) -> str:
    """A model's name as it stands in keys and folders: the last part of its path, plain letters, at most 60."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(model).name).strip(".-")[:60] or "model"


def prepare(model: str, folder: Path, threads: int) -> Embedder | None:
    """Export the model into `folder` unless that was done, and open it; None for the model "none".

    A model that cannot be exported is served by torch, and `serving` says so. A killed export leaves nothing behind.

    Raises:
        ModelUnavailable: the model cannot be loaded, or the packaged one is not the one we trust.
    """
    if model in ("none", "hashing"):
        return open_embedder(model, folder, threads)
    from indexes.export import export, is_current  # imports torch when it has to export

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "prepare.lock"):
        if not is_current(model, folder):
            export(model, folder)
    return open_embedder(model, folder, threads)


def open_embedder(model: str, folder: Path, threads: int) -> Embedder | None:
    """The embedder of a model: "" the packaged one, "hashing", "none" (gives None), else a name or path for
    sentence-transformers. `folder`: where `prepare` put it.

    Raises:
        ModelUnavailable: it was not prepared, or its files are damaged.
    """
    if model == "none":
        return None
    if model == "hashing":
        return HashingEmbedder()
    target = model_folder(model, folder)
    config = read_config(target)
    if config["serving"] == "torch":
        from indexes.export import TorchEmbedder

        return TorchEmbedder(config, threads)
    return OnnxEmbedder(target, config, threads)


def read_config(target: Path) -> dict[str, Any]:
    """The config of an exported model, its files checked against their hashes.

    Raises:
        ModelUnavailable: it is missing or damaged.
    """
    again = "run 'insightrepo init' to prepare it"
    try:
        config: dict[str, Any] = json.loads((target / CONFIG_NAME).read_bytes())
        if config.get("format") != FORMAT:
            raise ModelUnavailable(f"the embedding model in {target} was prepared by another version: {again}")
        for name, digest in config["files"].items():
            if sha256_of(target / name) != digest:
                raise ModelUnavailable(f"{target / name} has been changed: delete {target} and {again}")
    except FileNotFoundError as error:
        raise ModelUnavailable(f"the embedding model is not prepared, {error.filename} is missing: {again}") from error
    except (ValueError, KeyError, AttributeError, OSError) as error:
        raise ModelUnavailable(
            f"{target / CONFIG_NAME} cannot be read ({error}): delete {target} and {again}"
        ) from error
    return config


def _open_session(target: Path) -> Any:
    """The exported model, ready to run. Raises ModelUnavailable.

    Importing onnxruntime starts a native thread: a server forks before, or its workers abort when they end.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    load_errors = (  # they have no base of their own
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NotImplemented,
        errors.RuntimeException,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(target / MODEL_NAME), options, providers=["CPUExecutionProvider"])
    except load_errors as error:
        raise ModelUnavailable(f"the embedding model in {target} cannot be loaded: {error}") from error


class OnnxEmbedder:
    """Keeps `Embedder` by an exported transformer, with pooling and normalising in numpy."""

    def __init__(self, target: Path, config: Mapping[str, Any], threads: int) -> None:
        self.key, self.dimension, self.serving = config["key"], config["dimension"], "onnxruntime"
        self._config, self._threads = config, threads
        self._tokenizer = Tokenizer.from_file(str(target / TOKENIZER_NAME))
        self._session = _open_session(target)
        self.max_pieces = window_size(self._tokenizer, config["max_length"], config["document_prompt"])
        self._query = lru_cache(maxsize=REMEMBERED_QUERIES)(self._embed_query)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, float32 of shape (len(texts), dimension)."""
        return self._embed(texts, self._config["document_prompt"])

    def embed_query(self, text: str) -> np.ndarray:
        """The vector of a query; float32 of shape (dimension,). Do not change what you get."""
        return self._query(text)

    def _embed_query(self, text: str) -> np.ndarray:
        vector = self._embed([text], self._config["query_prompt"])[0]
        vector.setflags(write=False)
        return vector

    def count_pieces(self, text: str) -> int:
        """How many word pieces the text has, without the marks that the model puts around it."""
        return len(self._tokenizer.encode(self._cased(text), add_special_tokens=False).ids)

    def _cased(self, text: str) -> str:
        return clean(text).lower() if self._config["lower_case"] else clean(text)

    def _embed(self, texts: Sequence[str], prompt: str) -> np.ndarray:
        size = window_size(self._tokenizer, self._config["max_length"], prompt)
        cased = [self._cased(text) for text in texts]
        return embed_windows(
            cased, self._tokenizer, size, lambda parts: self._embed_parts(parts, prompt), self.dimension
        )

    def _embed_parts(self, texts: Sequence[str], prompt: str) -> np.ndarray:
        """Texts that fit the model, in batches of about equal length."""
        limit = self._config["max_length"]
        encoded = self._tokenizer.encode_batch([prompt + text for text in texts])
        rows = [cut(np.asarray(encoding.ids, dtype=np.int64), limit) for encoding in encoded]
        result = np.empty((len(texts), self.dimension), dtype=np.float32)
        several = list(batches([len(row) for row in rows]))

        def embed(batch: list[int]) -> None:
            result[batch] = self._run([rows[i] for i in batch])

        if len(several) == 1 or self._threads == 1:
            for batch in several:
                embed(batch)
            return result
        with ThreadPoolExecutor(self._threads) as threads:  # gone when the work is done: a process may fork later
            list(threads.map(embed, several))
        return result

    def _run(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        width = max(map(len, rows))
        ids = np.full((len(rows), width), self._config["pad_id"], dtype=np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)], mask[i, : len(row)] = row, 1
        named = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: named[name] for name in self._config["inputs"]})[0]
        return normalised(pooled(hidden, mask, self._config["pooling"]))


def clean(text: str) -> str:
    """The text as UTF-8 can hold it: tokenizers fail on half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def pooled(hidden: np.ndarray, mask: np.ndarray, pooling: str) -> np.ndarray:
    """One vector a text from (n, pieces, d): that of the first piece ("cls"), or the mean of those not padding."""
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask[:, :, None].astype(np.float32)
    return (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)


def normalised(vectors: np.ndarray) -> np.ndarray:
    """The rows, made 1 long; float32."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def cut(row: np.ndarray, limit: int) -> np.ndarray:
    """At most `limit` pieces, the closing mark kept."""
    return row if len(row) <= limit else np.append(row[: limit - 1], row[-1])


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The indexes of texts in batches, long ones first, none padded to more than `BATCH_TOKENS` pieces in all."""
    order = iter(sorted(range(len(lengths)), key=lambda i: -lengths[i]))
    for first in order:
        yield [first, *islice(order, max(BATCH_TOKENS // max(lengths[first], 1), 1) - 1)]


def window_size(tokenizer: Tokenizer, limit: int, prompt: str) -> int:
    """How many pieces of text fit beside the prompt and the model's marks, at least 1."""
    return max(limit - len(tokenizer.encode(prompt).ids), 1)


def embed_windows(
    texts: Sequence[str], tokenizer: Tokenizer, size: int, embed: Callable[[list[str]], np.ndarray], dimension: int
) -> np.ndarray:
    """Embed texts of any length: a text of more than `size` pieces is the normalised mean of its windows."""
    windows = [_windows(text, tokenizer, size) for text in texts]
    vectors = embed([window for group in windows for window in group])
    result, start = np.empty((len(texts), dimension), dtype=np.float32), 0
    for row, group in zip(result, windows, strict=True):
        part = vectors[start : start + len(group)]
        row[:] = part[0] if len(group) == 1 else normalised(part.mean(axis=0, keepdims=True))[0]
        start += len(group)
    return result


def _windows(text: str, tokenizer: Tokenizer, size: int) -> list[str]:
    """The text cut at words into pieces of about equal length that fit the model."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    count = len(encoding.ids)
    if count <= size:
        return [text]
    step = ceil(count / ceil(count / size))
    words, offsets, starts = encoding.word_ids, encoding.offsets, [0]
    while count - starts[-1] > step:
        end = starts[-1] + step
        word_start = next((i for i in range(end, starts[-1], -1) if words[i] != words[i - 1]), end)
        starts.append(word_start)
    ends = [*starts[1:], count]
    return [text[offsets[a][0] : offsets[b - 1][1]] for a, b in zip(starts, ends, strict=True)]


def embed_cached(
    embedder: Embedder,
    cache: VectorCache,
    items: Iterable[tuple[str, str]],
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Vectors of (content hash, text) items in their order, float32 of shape (len(items), dimension).

    Each distinct hash is embedded at most once and kept in chunks, so an interrupted run loses little.
    `progress` is told (distinct texts done, distinct texts in all).
    """
    listed = list(items)
    texts = dict(listed)
    hashes, vectors = list(texts), {}
    for start in range(0, len(hashes), CHUNK):
        chunk = hashes[start : start + CHUNK]
        known = cache.get(chunk)
        missing = [name for name in chunk if name not in known]
        if missing:
            fresh = dict(zip(missing, embedder.embed_documents([texts[name] for name in missing]), strict=True))
            cache.put(fresh)
            vectors.update(fresh)
        vectors.update(known)
        if progress:
            progress(start + len(chunk), len(hashes))
    stacked = [vectors[name] for name, _ in listed]
    return np.array(stacked, dtype=np.float32).reshape(len(listed), embedder.dimension)
