/**
 * Generated inputs for the JavaScript readers: `node benchmarks/fuzz.mjs SCORER COUNT SEED` prints what became of them.
 *
 * A reader may accept or refuse; anything else it throws is a fault and ends the run.
 */

import { readFile } from "node:fs/promises";
import { ArtefactError } from "../src/pocketscore/web/bundle.js";
import { scorerOf } from "../src/pocketscore/web/scorer.js";
import { sha256 } from "../src/pocketscore/web/sha256.js";
import { places, words } from "../src/pocketscore/web/text.js";
import { TableError } from "../src/pocketscore/web/page/errors.js";
import { decode, parse, write } from "../src/pocketscore/web/page/table.js";

const [file, count, seed] = process.argv.slice(2);
let state = Number(seed);

/** @returns {number} from 0 to 1 (mulberry32) */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let x = Math.imul(state ^ (state >>> 15), 1 | state);
  x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
  return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
}

/** @param {number} n */
const below = (n) => Math.floor(random() * n);
/** @template T @param {T[]} list */
const one = (list) => list[below(list.length)];

const ODD = ["", "null", "-1", "1e308", "[]", "{}", '"x"', "true", "[[]]", "9007199254740993", '{"kind":"pocket"}'];

/**
 * A file with a changed byte, a cut, or another value in its metadata; mostly with the checksum made right again.
 * @param {Uint8Array} whole
 */
function spoilt(whole) {
  const size = Number(new DataView(whole.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(8, 8 + size)));
  const body = whole.slice(8 + size);
  const kind = below(5);
  if (kind === 0) return whole.slice(0, below(whole.length));
  if (kind === 1) {
    const changed = whole.slice();
    changed[below(changed.length)] ^= 1 << below(8);
    return changed;
  }
  const meta = header.__metadata__;
  if (kind === 2) meta[one(Object.keys(meta))] = one(ODD);
  else if (kind === 3) {
    const entry = header[one(Object.keys(header).filter((name) => name !== "__metadata__"))];
    entry[one(["shape", "data_offsets", "dtype"])] = one([[], [0, 1], [-1, 5], "F32", "I8", null, [1e9, 1e9], [2, 3]]);
  } else body[below(body.length)] ^= 1 << below(8);
  return packed(header, body);
}

/** @param {any} header @param {Uint8Array} body */
function packed(header, body) {
  const { __metadata__: meta, ...entries } = header;
  const { sha256: _, ...plain } = meta;
  plain.sha256 = sha256([new TextEncoder().encode(canonical([plain, entries])), body]);
  let raw = new TextEncoder().encode(JSON.stringify({ __metadata__: plain, ...entries }));
  const padded = new Uint8Array(Math.ceil(raw.length / 8) * 8).fill(32);
  padded.set(raw);
  const found = new Uint8Array(8 + padded.length + body.length);
  new DataView(found.buffer).setBigUint64(0, BigInt(padded.length), true);
  found.set(padded, 8);
  found.set(body, 8 + padded.length);
  return found;
}

/** @param {any} value @returns {string} */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

const PIECES = [",", ";", "\t", '"', '""', "\n", "\r\n", "\r", "a", "ä", "水", "=1+1", " ", "👍", "\ud800", "x".repeat(50)];
const someText = () => Array.from({ length: below(40) }, () => one(PIECES)).join("");
const someBytes = () => Uint8Array.from({ length: below(120) }, () => (random() < 0.3 ? one([34, 44, 10, 13, 59]) : below(256)));

/** @param {string} name @param {() => void} act @param {Function} refusal */
function outcomes(name, act, refusal) {
  const found = { accepted: 0, refused: 0 };
  for (let i = 0; i < Number(count); i += 1) {
    try {
      act();
      found.accepted += 1;
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      found.refused += 1;
    }
  }
  return [name, found];
}

const whole = new Uint8Array(await readFile(file));
scorerOf(whole);
console.log(JSON.stringify(Object.fromEntries([
  outcomes("pocket files, JavaScript", () => scorerOf(spoilt(whole)), ArtefactError),
  outcomes("tables, JavaScript", () => {
    const found = parse(random() < 0.5 ? someText() : decode(someBytes(), "f"), "f");
    const again = parse(write(found.columns, found.rows, found.delimiter).text, "f");
    if (again.rows.length !== found.rows.length) throw new Error("a row was lost");
  }, TableError),
  outcomes("texts, JavaScript", () => {
    const text = someText() + String.fromCodePoint(...Array.from({ length: below(20) }, () => below(0x110000)));
    if (places(text).map((place) => place.word).join(" ") !== words(text).join(" ")) throw new Error("other words");
  }, TableError),
])));
