/**
 * The scorer of one item. The twin of `student/scorer.py`.
 */

import { ArtefactError, read } from "./bundle.js";
import { ElstmForward, PocketForward, softmax } from "./forward.js";
import { Screener } from "./screen.js";
import { MAX_WORDS, pairBucket, places, wordBuckets, wordHash, words } from "./text.js";

/**
 * What a scorer says of one answer.
 * @typedef {{status: "ok" | "truncated" | "unfamiliar" | "empty" | "not_text", label: string | null,
 *   index: number, probabilities: number[], expected: number, confidence: number, refer: Reason}} Score
 *   `label` is null, `index` -1 and the numbers NaN where there is no score; `refer` is why a person must read the answer
 * @typedef {import("./screen.js").Reason} Reason
 * @typedef {import("./text.js").Place & {contribution: number}} Evidence
 *   `contribution`: how much lower the expected score (ordinal scales) or the probability of the reported point (nominal
 *   scales) is without this word
 */

const TOLERANCE = 1e-5;
const CACHED_WORDS = 20000;

/** Scores answers to one item. Made by `load`. */
export class Scorer {
  /** @param {import("./bundle.js").Contents} contents */
  constructor(contents) {
    this.item = contents.item;
    this.question = contents.question;
    this.rubric = contents.rubric;
    this.scale = contents.scale;
    this.cuts = contents.cuts;
    this.card = contents.card;
    this.screen = contents.screen;
    this.deferral = contents.deferral;
    /** @private */
    this.screener = contents.screen && new Screener(contents.screen, contents.vocabulary, [contents.question, contents.rubric]);
    /** @private */
    this.ids = new Map(contents.vocabulary.map((word, i) => [word, i + 1]));
    const { spec, weights } = contents;
    /** @private */
    this.deep = spec.kind === "pocket" ? new PocketForward(spec, weights) : new ElstmForward(spec, weights);
    /** @private */
    this.wide = spec.kind === "pocket" ? new WideForward(spec.buckets, weights.wide) : null;
    /** @private */
    this.values = this.scale.points.map((point, i) => (this.scale.kind === "ordinal" ? Number(point) : i));
  }

  /**
   * Score answers; each gets the same score alone and beside others.
   * @param {readonly unknown[]} texts answers as written; whatever is no string gets the status `not_text`
   * @returns {Score[]}
   */
  score(texts) {
    if (!Array.isArray(texts)) throw new TypeError('score() takes a list: scorer.score(["..."])');
    return texts.map((text) => {
      if (typeof text !== "string") return this.none("not_text");
      const found = words(text);
      if (!found.length) return this.none("empty");
      const score = this.scored(found, this.status(found));
      return { ...score, refer: this.screener?.reason(found) || this.doubt(score.confidence) };
    });
  }

  /**
   * What each word of an answer contributes to its score: the difference that leaving it out makes.
   * @param {string} text
   * @returns {Evidence[]} in order; empty where there is no score
   */
  evidence(text) {
    return [...this.evidenceSteps(text)];
  }

  /**
   * The same word by word, for who must not wait for all of them.
   * @param {string} text
   * @param {number} [most] nothing at all for texts of more words
   * @returns {Generator<Evidence>}
   */
  *evidenceSteps(text, most = MAX_WORDS) {
    const found = places(text).slice(0, MAX_WORDS);
    const all = found.map((place) => place.word);
    if (!all.length || all.length > most) return;
    const whole = this.scored(all, "ok");
    for (const [i, place] of found.entries()) {
      const rest = [...all.slice(0, i), ...all.slice(i + 1)];
      const without = rest.length ? this.strength(this.scored(rest, "ok"), whole.index) : this.strength(whole);
      yield { ...place, contribution: this.strength(whole) - without };
    }
  }

  /**
   * @private
   * @param {Score} score
   * @param {number} [index] the point whose probability counts on a nominal scale
   */
  strength(score, index = score.index) {
    return this.scale.kind === "ordinal" ? score.expected : score.probabilities[index];
  }

  /**
   * @private
   * @param {string[]} found at least one word
   * @returns {Score["status"]}
   */
  status(found) {
    if (!found.slice(0, MAX_WORDS).some((word) => this.ids.has(word))) return "unfamiliar";
    return found.length > MAX_WORDS ? "truncated" : "ok";
  }

  /**
   * @private
   * @param {number} confidence
   * @returns {Reason}
   */
  doubt(confidence) {
    if (this.deferral === null) return "";
    const { threshold } = this.deferral;
    return threshold === null || confidence < threshold ? "low_certainty" : "";
  }

  /**
   * @private
   * @param {string[]} found at least one word
   * @param {Score["status"]} status
   * @returns {Score}
   */
  scored(found, status) {
    const probabilities = softmax(this.logits(found.slice(0, MAX_WORDS)));
    const expected = probabilities.reduce((sum, p, i) => sum + p * this.values[i], 0);
    const index = this.cuts === null
      ? probabilities.indexOf(Math.max(...probabilities))
      : this.cuts.filter((cut) => cut <= expected).length;
    const label = this.scale.points[index];
    return { status, label, index, probabilities, expected, confidence: probabilities[index], refer: "" };
  }

  /**
   * @private
   * @param {string[]} found
   * @returns {Float64Array}
   */
  logits(found) {
    const logits = this.deep.logits(found.map((word) => this.ids.get(word) ?? 0));
    this.wide?.addTo(logits, found);
    return logits;
  }

  /**
   * @private
   * @param {"empty" | "not_text"} status
   * @returns {Score}
   */
  none(status) {
    const probabilities = this.scale.points.map(() => NaN);
    return { status, label: null, index: -1, probabilities, expected: NaN, confidence: NaN, refer: status };
  }
}

/** Wide path of the `pocket` student; each word's share is worked out once. */
class WideForward {
  /**
   * @param {number} buckets
   * @param {import("./forward.js").Matrix} weights (K, buckets)
   */
  constructor(buckets, weights) {
    this.buckets = buckets;
    this.weights = weights;
    /** @type {Map<string, {sums: Float64Array, count: number, hash: number}>} */
    this.shares = new Map();
  }

  /**
   * @param {Float64Array} logits changed in place
   * @param {string[]} found
   */
  addTo(logits, found) {
    const sums = new Float64Array(this.weights.rows);
    let count = found.length - 1;
    let before = 0;
    found.forEach((word, i) => {
      const share = this.share(word);
      sums.forEach((_, k) => { sums[k] += share.sums[k]; });
      count += share.count;
      if (i > 0) this.read(pairBucket(before, share.hash, this.buckets), sums);
      before = share.hash;
    });
    sums.forEach((sum, k) => { logits[k] += sum / count; });
  }

  /** @param {string} word */
  share(word) {
    let found = this.shares.get(word);
    if (found === undefined) {
      if (this.shares.size >= CACHED_WORDS) this.shares.clear();
      const places = wordBuckets(word, this.buckets);
      const sums = new Float64Array(this.weights.rows);
      for (const place of places) this.read(place, sums);
      found = { sums, count: places.length, hash: wordHash(word) };
      this.shares.set(word, found);
    }
    return found;
  }

  /**
   * @param {number} place
   * @param {Float64Array} sums each score point's weight of the bucket is added
   */
  read(place, sums) {
    const { columns, values } = this.weights;
    for (let k = 0; k < sums.length; k += 1) sums[k] += values[k * columns + place];
  }
}

/**
 * Check a `.pocket` file, its golden texts included, and make its scorer.
 * @param {Uint8Array | ArrayBuffer} bytes
 * @returns {Scorer}
 * @throws {ArtefactError} when the file is damaged, altered, newer, or scores otherwise here than where it was made
 */
export function scorerOf(bytes) {
  const contents = read(new Uint8Array(bytes)); // a plain array: a Buffer of Node slices in its own way
  const scorer = new Scorer(contents);
  const found = scorer.score(contents.golden.map(([text]) => text));
  contents.golden.forEach(([, expected], i) => {
    const close = found[i].probabilities.every((p, k) => Math.abs(p - expected[k]) <= TOLERANCE);
    if (!close) {
      throw new ArtefactError("The scorer does not reproduce its golden texts on this machine");
    }
  });
  return scorer;
}
