/**
 * Text to ids, as docs/format.md has it. The twin of `text.py`; no table of the runtime is asked.
 */

import { table } from "./chartable.js";

export const MAX_WORDS = 1000;
export const MAX_LETTERS = 64;
const NGRAM_SIZES = [3, 4, 5];

/** @type {Map<number, string> | undefined} */
let folds;
/** @type {Map<number, string>} */
const replacements = new Map();

/** @returns {Map<number, string>} code point -> its fold, where that is another */
function readFolds() {
  const found = new Map(Object.entries(table.strings).map(([code, target]) => [parseInt(code, 16), target]));
  for (const [first, last, step, shift] of table.moved) {
    for (let code = first; code <= last; code += step) found.set(code, String.fromCodePoint(code + shift));
  }
  return found;
}

/**
 * @param {number} code
 * @returns {string} kind of a code point, one letter
 */
function kindOf(code) {
  let low = 0;
  let high = table.kinds.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table.kinds[middle][0] <= code) low = middle;
    else high = middle;
  }
  return table.kinds[low][1];
}

/**
 * @param {string} char one code point
 * @returns {string} what is written for it
 */
function placed(char) {
  switch (kindOf(/** @type {number} */ (char.codePointAt(0)))) {
    case "w": return char;
    case "b": return " ";
    case "d": return "";
    case "u": return " \ufffd ";
    default: return ` ${char} `;
  }
}

/**
 * @param {number} code a code point, lone surrogates included
 * @returns {string}
 */
function replacement(code) {
  let found = replacements.get(code);
  if (found === undefined) {
    folds ??= readFolds();
    found = [...(folds.get(code) ?? String.fromCodePoint(code))].map(placed).join("");
    replacements.set(code, found);
  }
  return found;
}

/**
 * All words of a text, folded.
 * @param {string} text
 * @returns {string[]}
 */
export function words(text) {
  let folded = "";
  for (const char of text) folded += replacement(/** @type {number} */ (char.codePointAt(0)));
  return folded.split(" ").map(bare).filter((word) => word !== "");
}

/**
 * @param {string} part
 * @returns {string} without apostrophes at its ends
 */
function bare(part) {
  let begin = 0;
  let end = part.length;
  while (begin < end && part[begin] === "'") begin += 1;
  while (end > begin && part[end - 1] === "'") end -= 1;
  return part.slice(begin, end);
}

/**
 * A folded word and where it stands in the text as it was written.
 * @typedef {{word: string, start: number, end: number}} Place
 */

/**
 * The words of a text with their places (UTF-16 offsets, end exclusive); the same words as `words` gives.
 * @param {string} text
 * @returns {Place[]}
 */
export function places(text) {
  /** @type {Place[]} */
  const found = [];
  /** @type {Place[]} */
  let letters = [];
  const close = () => {
    while (letters.length && letters[0].word === "'") letters.shift();
    while (letters.length && letters[letters.length - 1].word === "'") letters.pop();
    if (letters.length) {
      const word = letters.map((letter) => letter.word).join("");
      found.push({ word, start: letters[0].start, end: letters[letters.length - 1].end });
    }
    letters = [];
  };
  let at = 0;
  for (const char of text) {
    for (const letter of replacement(/** @type {number} */ (char.codePointAt(0)))) {
      if (letter === " ") close();
      else letters.push({ word: letter, start: at, end: at + char.length });
    }
    at += char.length;
  }
  close();
  return found;
}

/**
 * 32-bit FNV-1a over the first 64 code points of a word.
 * @param {Iterable<string>} letters
 * @returns {number} unsigned
 */
function fnv(letters) {
  let hash = 0x811c9dc5;
  for (const letter of letters) hash = Math.imul(hash ^ /** @type {number} */ (letter.codePointAt(0)), 0x01000193);
  return hash >>> 0;
}

/**
 * @param {string} word
 * @returns {number} unsigned 32-bit hash
 */
export function wordHash(word) {
  return fnv([...word].slice(0, MAX_LETTERS));
}

/**
 * @param {number} hash
 * @param {number} buckets a power of two
 * @returns {number}
 */
function bucket(hash, buckets) {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return (mixed & (buckets - 1)) >>> 0;
}

/**
 * Buckets of a word and of the runs of 3 to 5 code points in it.
 * @param {string} word
 * @param {number} buckets a power of two
 * @returns {number[]}
 */
export function wordBuckets(word, buckets) {
  const marked = ["<", ...[...word].slice(0, MAX_LETTERS), ">"];
  const found = [bucket(wordHash(word), buckets)];
  for (const size of NGRAM_SIZES) {
    for (let i = 0; i + size <= marked.length; i += 1) found.push(bucket(fnv(marked.slice(i, i + size)), buckets));
  }
  return found;
}

/**
 * @param {number} first `wordHash` of a word
 * @param {number} second that of its right neighbour
 * @param {number} buckets a power of two
 * @returns {number}
 */
export function pairBucket(first, second, buckets) {
  return bucket(Math.imul(first, 0x9e3779b1) ^ second, buckets);
}
