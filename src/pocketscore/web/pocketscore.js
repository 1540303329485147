/**
 * PocketScore in JavaScript: score answers with a `.pocket` file, in Node and in browsers, without dependencies.
 *
 *     import { readFile } from "node:fs/promises";
 *     import { load } from "pocketscore";
 *     const scorer = await load(await readFile("item.pocket"));
 *     scorer.score(["The water comes from the air."])[0].label;
 */

import { scorerOf } from "./scorer.js";

export { ArtefactError } from "./bundle.js";
export { Scorer } from "./scorer.js";
export { words } from "./text.js";

/**
 * Check a `.pocket` file and make its scorer.
 * @param {Uint8Array | ArrayBuffer | Blob | Response} source bytes, or whatever gives them
 * @returns {Promise<import("./scorer.js").Scorer>}
 * @throws {ArtefactError} when the file is damaged, altered, newer, or scores otherwise here than where it was made
 */
export async function load(source) {
  return scorerOf("arrayBuffer" in source ? await source.arrayBuffer() : source);
}
