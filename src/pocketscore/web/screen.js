/**
 * Which answers people must read, whatever score they get. The twin of `student/screen.py`.
 */

import { instructs, phrasesOf } from "./instructions.js";
import { MAX_LETTERS, MAX_WORDS, words } from "./text.js";

/**
 * What ordinary answers look like.
 * @typedef {{longest: number, blocks: number[], seen_share: number, known_share: number, odd_share: number}} Screen
 * When a score is too uncertain to stand alone: below the threshold; null lets none stand alone.
 * @typedef {{threshold: number | null, target: Record<string, unknown>}} Deferral
 * Why a person must read an answer, "" for no reason; the first that fits, in this order.
 * @typedef {"empty" | "not_text" | "too_long" | "other_script" | "unknown_words" | "gibberish" | "copied" |
 *   "instructions" | "low_certainty" | ""} Reason
 * What the rules need to know of a word.
 * @typedef {{known: number, letters: number, seen: number, odd: number, quoted: number,
 *   phrases: import("./instructions.js").Phrase[] | undefined}} Marks
 */

const FAR = 2;
const BLOCK_BITS = 7;
const KNOWN_BEFORE = 2;
const ODD_BEFORE = 1;
const SHORTEST_ODD = 3;
const ODD_PAIRS = 3;
const SHORTEST_REPEATED = 6;
const SHORTEST_COPY = 6;
const RUN = 3;
const SAME_LETTERS = /(.)\1\1\1/su;
const CACHED_WORDS = 20000;

/** Applies a screen to the answers of one scorer. */
export class Screener {
  /**
   * @param {Screen} screen
   * @param {string[]} vocabulary
   * @param {string[]} prompts question and rubric
   */
  constructor(screen, vocabulary, prompts) {
    this.screen = screen;
    this.blocks = new Set(screen.blocks);
    this.vocabulary = new Set(vocabulary);
    this.pairs = new Set(vocabulary.flatMap((word) => pairsOf([...word].slice(0, MAX_LETTERS))));
    this.prompt = new Set(prompts.flatMap(words));
    this.runs = new Set(prompts.flatMap((prompt) => runsOf(words(prompt))));
    /** @type {Map<string, Marks>} */
    this.kept = new Map();
  }

  /**
   * @param {string[]} found all words of an answer, at least one
   * @returns {Reason}
   */
  reason(found) {
    if (found.length > FAR * this.screen.longest || found.length > MAX_WORDS) return "too_long";
    const n = found.length;
    let [known, letters, seen, odd, quoted] = [0, 0, 0, 0, 0];
    /** @type {Set<import("./instructions.js").Phrase> | undefined} */
    let phrases;
    for (const word of found) {
      const marks = this.marks(word);
      known += marks.known;
      letters += marks.letters;
      seen += marks.seen;
      odd += marks.odd;
      quoted += marks.quoted;
      if (marks.phrases) phrases = new Set([...(phrases ?? []), ...marks.phrases]);
    }
    if (seen / letters < this.screen.seen_share) return "other_script";
    if ((known + KNOWN_BEFORE) / (n + KNOWN_BEFORE) < this.screen.known_share) return "unknown_words";
    if (odd / (n + ODD_BEFORE) > this.screen.odd_share || isRepeated(found)) return "gibberish";
    // Each run of a copy begins with a word of the original.
    if (n >= SHORTEST_COPY && 5 * quoted >= 4 * (n - RUN + 1) && this.isCopied(found)) return "copied";
    return phrases && instructs(found, phrases) ? "instructions" : "";
  }

  /**
   * @private
   * @param {string} word
   * @returns {Marks}
   */
  marks(word) {
    let marks = this.kept.get(word);
    if (marks === undefined) {
      if (this.kept.size >= CACHED_WORDS) this.kept.clear();
      const letters = [...word].slice(0, MAX_LETTERS);
      const known = Number(this.vocabulary.has(word));
      const seen = letters.filter((letter) => this.blocks.has(Number(letter.codePointAt(0)) >> BLOCK_BITS)).length;
      const odd = Number(!known && this.looksOdd(letters));
      const quoted = Number(this.prompt.has(word));
      marks = { known, letters: letters.length, seen, odd, quoted, phrases: phrasesOf(word) };
      this.kept.set(word, marks);
    }
    return marks;
  }

  /**
   * @private
   * @param {string[]} letters of a word
   * @returns {boolean} at least three, none a digit, and four equal ones in a row or a third of the pairs new
   */
  looksOdd(letters) {
    const word = letters.join("");
    if (letters.length < SHORTEST_ODD || /[0-9]/.test(word)) return false;
    const pairs = pairsOf(letters);
    return SAME_LETTERS.test(word) || ODD_PAIRS * pairs.filter((pair) => !this.pairs.has(pair)).length >= pairs.length;
  }

  /**
   * @private
   * @param {string[]} found
   * @returns {boolean} whether four in five of its runs stand in the question or the rubric
   */
  isCopied(found) {
    const runs = runsOf(found);
    return 5 * runs.filter((run) => this.runs.has(run)).length >= 4 * runs.length;
  }
}

/** @param {string[]} letters of a word @returns {string[]} pairs of neighbours in "<word>" */
function pairsOf(letters) {
  const marked = ["<", ...letters, ">"];
  return letters.map((letter, i) => marked[i] + letter).concat(`${letters[letters.length - 1] ?? "<"}>`);
}

/** @param {string[]} found @returns {string[]} every three words in a row */
function runsOf(found) {
  return found.slice(RUN - 1).map((_, i) => found.slice(i, i + RUN).join(" "));
}

/** @param {string[]} found @returns {boolean} whether each word from the third on is the last but one before it */
function isRepeated(found) {
  return found.length >= SHORTEST_REPEATED && found.every((word, i) => i < 2 || word === found[i - 2]);
}
