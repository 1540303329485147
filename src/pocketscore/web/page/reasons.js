/**
 * Why a person must read an answer, in plain words.
 */

/** @typedef {import("../screen.js").Reason} Reason */

/** @type {Record<Reason, [string, string]>} a few words, and the end of a sentence */
const PLAIN = {
  "": ["", ""],
  empty: ["no answer", "there is no answer"],
  not_text: ["no answer", "there is no answer"],
  too_long: ["far too long", "it is far longer than the answers that the scorer has learnt from"],
  other_script: ["another script", "it has mostly letters or signs that the scorer has never seen"],
  unknown_words: ["many unknown words", "it has many words that the scorer does not know, as in another language or on another subject"],
  gibberish: ["gibberish", "it has mostly letters that make no words, or the same again and again"],
  copied: ["copied", "it copies the question or the rubric"],
  instructions: ["instructions to a machine", "it reads like instructions to a machine"],
  low_certainty: ["too uncertain", "the scorer is too uncertain of its score"],
};

/** In the order in which answers are shown. @type {Reason[]} */
export const ORDER = /** @type {Reason[]} */ (Object.keys(PLAIN).slice(1));

/** @param {Reason} reason @returns {string} for a table */
export function inShort(reason) {
  return PLAIN[reason][0];
}

/** @param {Reason} reason @returns {string} a sentence, "" without a reason or an answer */
export function sentence(reason) {
  return ["", "empty", "not_text"].includes(reason) ? "" : `Please read this answer yourself: ${PLAIN[reason][1]}.`;
}
