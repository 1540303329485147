"""Answers of forty words a second on one core: the scorer, BERT-base, MiniLM and Model2Vec on the same texts, in turns.

    python -m benchmarks.rates pocketscore-demo/cold-glass.pocket -o benchmarks/results/rates.json

BERT-base has its published architecture and random weights: speed does not depend on them. Model2Vec, where installed
(`model2vec[distill]==0.10.0`), is distilled from the packaged MiniLM, 256 dimensions; only its vectors are timed. The
floor is what numpy needs for the same bytes and sums without any text: words, table rows, maxima, dense layers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import pocketscore
from benchmarks.javascript import WORDS, forty_words
from benchmarks.speed import one_core
from pocketscore.student import PocketSpec, Scorer
from pocketscore.text import words

PASSES, SINGLES = 5, 1000
FEW = {"BERT-base": 24, "MiniLM": 96}
"""Texts for each large model and pass."""

BERT_BYTES, MINILM_BYTES = 440_000_000, 91_000_000
"""Sizes of the published weight files, as the project's issues round them."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    import torch

    one_core()
    torch.set_num_threads(1)
    scorer, texts = pocketscore.load(given.scorer), forty_words()
    found = {"answers": len(texts), "words_per_answer": WORDS, **rates(scorer, texts), **one_by_one(scorer, texts)}
    found |= floor(scorer, texts)
    found["bytes"] = given.scorer.stat().st_size
    found["bert_base_bytes_over_scorer"] = round(BERT_BYTES / found["bytes"])
    found["minilm_bytes_over_scorer"] = round(MINILM_BYTES / found["bytes"])
    print(json.dumps(found, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def rates(scorer: Scorer, texts: list[str]) -> dict[str, float]:
    """Answers a second of everything, best of several passes in turns, and the scorer's over each of the others'."""
    works = contestants(scorer, texts)
    best = dict.fromkeys(works, 0.0)
    for _ in range(PASSES):
        for name, (work, size) in works.items():
            begin = time.perf_counter()
            work()
            best[name] = max(best[name], size / (time.perf_counter() - begin))
    found = {f"answers_per_second {name}": round(rate, 1) for name, rate in best.items()}
    own = best["scorer"]
    return found | {f"scorer_over {name}": round(own / rate, 1) for name, rate in best.items() if name != "scorer"}


def contestants(scorer: Scorer, texts: list[str]) -> dict[str, tuple[Callable[[], object], int]]:
    """Name -> what to time, and how many texts it takes; each was run once."""
    works: dict[str, tuple[Callable[[], object], int]] = {"scorer": (lambda: scorer.score(texts), len(texts))}
    for name, encode in {"BERT-base": bert_base(), "MiniLM": minilm()}.items():
        few = texts[: FEW[name]]
        works[name] = (lambda encode=encode, few=few: encode(few), len(few))  # type: ignore[misc]
    if find_spec("model2vec"):
        model = static_vectors()
        works["Model2Vec"] = (lambda: model(texts), len(texts))
    for work, _ in works.values():
        work()
    return works


def bert_base() -> Callable[[Sequence[str]], object]:
    """BERT-base with random weights behind MiniLM's tokenizer, which is BERT's."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    from pocketscore.teachers.packaged import packaged_minilm

    tokenizer = AutoTokenizer.from_pretrained(str(packaged_minilm()))
    model = BertModel(BertConfig(), add_pooling_layer=False).eval()

    def encode(texts: Sequence[str]) -> object:
        with torch.inference_mode():
            return model(**tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt"))

    return encode


def minilm() -> Callable[[Sequence[str]], object]:
    """The teacher."""
    import torch

    from pocketscore.teachers.device import choose_device
    from pocketscore.teachers.encoder import Encoder

    encoder = Encoder("minilm", "third", choose_device(), 256)
    top = encoder.top().eval()

    def encode(texts: Sequence[str]) -> object:
        with torch.inference_mode():
            return [encoder.pooled(top, encoder.prepare(texts[i : i + 32])) for i in range(0, len(texts), 32)]

    return encode


def static_vectors() -> Callable[[list[str]], object]:
    """Model2Vec's vectors of texts."""
    from benchmarks.study.rivals import _static_vectors

    model = _static_vectors()
    encode: Callable[[list[str]], object] = model.encode
    return encode


def one_by_one(scorer: Scorer, texts: Sequence[str]) -> dict[str, float]:
    """Median milliseconds for one answer, after load."""
    times = []
    for text in texts[:SINGLES]:
        begin = time.perf_counter()
        scorer.score([text])
        times.append(time.perf_counter() - begin)
    return {"milliseconds_for_one_answer": round(float(np.median(times)) * 1000, 3)}


def floor(scorer: Scorer, texts: Sequence[str]) -> dict[str, float]:
    """Counted work of an answer, and the time of its table reads, sums and maxima alone in numpy."""
    spec = scorer.spec
    if not isinstance(spec, PocketSpec):
        return {}
    read = float(np.mean([len(words(text)) for text in texts]))
    slices = sum(spec.widths)
    row_bytes = 4 * spec.filters * slices
    pooled = spec.filters * len(spec.widths) + spec.embedding
    dense = pooled * spec.hidden + spec.hidden * len(scorer.scale)
    table = np.zeros((len(scorer.vocabulary) + 2, spec.filters * slices), dtype=np.float32)
    ids = np.random.default_rng(0).integers(len(table), size=(32, round(read)))
    times = []
    for _ in range(200):
        begin = time.perf_counter()
        table.take(ids, axis=0).max(axis=1)
        times.append(time.perf_counter() - begin)
    return {
        "words_read_per_answer": round(read, 1),
        "table_bytes_read_per_answer": round(read * row_bytes),
        "additions_per_answer": round(read * spec.filters * slices),
        "multiplications_per_answer": dense,
        "microseconds_of_table_reads_per_answer": round(min(times) / 32 * 1e6, 1),
    }


if __name__ == "__main__":
    main()
