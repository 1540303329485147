/**
 * Answers that read like instructions to a machine. The twin of `student/instructions.py`.
 */

import { list } from "./phrases.js";
import { words } from "./text.js";

/**
 * A phrase is found by its pattern, and not where no word of either set stands.
 * @typedef {{pattern: RegExp, needed: [Set<string>, Set<string>]}} Phrase
 */

/** @type {Map<string, Phrase[]> | undefined} */
let byWord;

/** @returns {Map<string, Phrase[]>} word of a first set -> its phrases */
function read() {
  /** @type {Map<string, Phrase[]>} */
  const found = new Map();
  for (const slots of Object.values(list.phrases).flat()) {
    const folded = slots.map((slot) => slot.map(words));
    const phrase = { pattern: patternOf(folded), needed: needed(folded) };
    for (const word of phrase.needed[0]) found.set(word, [...(found.get(word) ?? []), phrase]);
  }
  return found;
}

/**
 * @param {string} word
 * @returns {Phrase[] | undefined} those that an answer may hold if it has this word
 */
export function phrasesOf(word) {
  byWord ??= read();
  return byWord.get(word);
}

/**
 * @param {string[]} found folded words
 * @param {Iterable<Phrase>} candidates
 * @returns {boolean} whether the words hold one of the phrases
 */
export function instructs(found, candidates) {
  const all = new Set(found);
  const line = ` ${found.join(" ")} `;
  for (const { needed: [, other], pattern } of candidates) {
    if ([...other].some((word) => all.has(word)) && pattern.test(line)) return true;
  }
  return false;
}

/**
 * @param {string[][][]} slots alternatives as words
 * @returns {RegExp} of a line in which a blank stands before, between and after all words
 */
function patternOf(slots) {
  const joined = slots.map((slot) => `(?:${slot.map((alternative) => escaped(alternative.join(" "))).join("|")})`);
  return new RegExp(` ${joined.join(`(?: [^ ]+){0,${list.gap}} `)} `, "u");
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/**
 * @param {string[][][]} slots
 * @returns {[Set<string>, Set<string>]} of either an answer with the phrase has a word; long ones, which are rare
 */
function needed(slots) {
  const ends = slots.flatMap((slot) => [0, -1].map((place) => new Set(slot.map((alternative) => /** @type {string} */ (alternative.at(place))))));
  /** @param {Set<string>} found */
  const shortest = (found) => Math.min(...Array.from(found, (word) => word.length));
  ends.sort((a, b) => shortest(b) - shortest(a));
  return [ends[0], ends[1] ?? ends[0]];
}
