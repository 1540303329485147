/**
 * Reading `.pocket` files, as docs/format.md has it. The twin of `bundle.py`; nothing in a file is ever run.
 */

import { sha256 } from "./sha256.js";

/** @typedef {import("./forward.js").Matrix} Matrix */
/** @typedef {import("./forward.js").Weights} Weights */
/** @typedef {import("./forward.js").Spec} Spec */
/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./screen.js").Deferral} Deferral */
/** @typedef {{dtype: string, shape: number[], data_offsets: number[]}} Entry */
/**
 * What a file holds.
 * @typedef {{item: string, question: string, rubric: string, spec: Spec, vocabulary: string[],
 *   scale: {points: string[], kind: "ordinal" | "nominal"}, cuts: number[] | null, card: Record<string, unknown>,
 *   screen: Screen | null, deferral: Deferral | null, golden: [string, number[]][], weights: Weights}} Contents
 */

const READABLE = ["1", "2"];
const TEXT_VERSION = "1";
const MAX_HEADER = 2 ** 20;
const MAX_BLOCK = 0x110000 >> 7;
const MAX_TABLE = 2 ** 26; // numbers in the tables of the forward pass
const AGAIN = "Get the file again from its maker.";
/** @type {Record<string, string[]>} */
const FIELDS = {
  pocket: ["buckets", "dropout", "embedding", "filters", "hidden", "kind", "widths"],
  elstm: [
    "activation", "bidirectional", "dropout", "embedding", "embedding_l1", "hidden", "hidden_l1", "hidden_l2", "kind",
    "pooling", "units",
  ],
};

/** A file that is damaged, altered, of a newer format, or no `.pocket` file at all. */
export class ArtefactError extends Error {
  /**
   * @param {string} problem
   * @param {string} [remedy]
   */
  constructor(problem, remedy = AGAIN) {
    super(`${problem}. ${remedy}`);
    this.name = "ArtefactError";
    this.problem = problem;
    this.remedy = remedy;
  }
}

/**
 * Check the bytes of a `.pocket` file and read them. Golden texts are the scorer's to check.
 * @param {Uint8Array} bytes
 * @returns {Contents}
 * @throws {ArtefactError} whatever the bytes are
 */
export function read(bytes) {
  const { metadata, entries, body } = unpack(bytes);
  checkVersion(metadata);
  const { sha256: stated, ...plain } = metadata;
  if (stated !== sha256([new TextEncoder().encode(canonical([plain, entries])), body])) {
    throw new ArtefactError("The contents do not match their checksum; the file was altered or damaged");
  }
  try {
    return contents(metadata, tensors(entries, body));
  } catch (error) {
    if (error instanceof ArtefactError) throw error;
    throw new ArtefactError(`The contents do not fit together (${error instanceof Error ? error.message : error})`);
  }
}

/** @param {Uint8Array} bytes */
function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length < 8 ? 0 : view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (bytes.length < 8 || size > Math.min(MAX_HEADER, bytes.length - 8)) {
    throw new ArtefactError(`The file is cut off or is no .pocket file (${bytes.length} bytes)`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + size));
    const { __metadata__: metadata, ...entries } = JSON.parse(text);
    require(isRecord(metadata) && Object.values(metadata).every((value) => typeof value === "string"), "metadata");
    return {
      metadata: /** @type {Record<string, string>} */ (metadata),
      entries: /** @type {Record<string, Entry>} */ (entries),
      body: bytes.subarray(8 + size),
    };
  } catch {
    throw new ArtefactError("The header cannot be read; the file is damaged or is no .pocket file");
  }
}

/** @param {Record<string, string>} metadata */
function checkVersion(metadata) {
  if (metadata.format !== "pocketscore") throw new ArtefactError("This is not a PocketScore file");
  const major = String(metadata.format_version).split(".")[0];
  if (!READABLE.includes(major) || metadata.text_version !== TEXT_VERSION) {
    throw new ArtefactError(
      `Format ${metadata.format_version} with text rules ${metadata.text_version}; ` +
        `this reader knows formats ${READABLE.join(" and ")} with ${TEXT_VERSION}`,
      "Get a newer version of this program.",
    );
  }
}

/**
 * JSON as the checksum counts it: keys sorted, no blanks.
 * @param {unknown} value
 * @returns {string}
 */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/**
 * @param {Record<string, Entry>} entries
 * @param {Uint8Array} body
 * @returns {Record<string, {shape: number[], values: Float64Array, whole: boolean}>} every byte of the body belongs to
 *   one tensor; `whole` are int8 numbers
 */
function tensors(entries, body) {
  /** @type {ReturnType<typeof tensors>} */
  const found = Object.create(null);
  let at = 0;
  const ordered = Object.entries(entries).sort((a, b) => a[1].data_offsets[0] - b[1].data_offsets[0]);
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of ordered) {
    const width = { I8: 1, F32: 4 }[dtype];
    require(width !== undefined && begin === at && end <= body.length, `tensor ${name}`);
    require(shape.every(isSize) && end - begin === shape.reduce((a, b) => a * b, 1) * width, `shape of ${name}`);
    const raw = body.slice(begin, end).buffer;
    const values = Float64Array.from(width === 1 ? new Int8Array(raw) : new Float32Array(raw));
    require(values.every(Number.isFinite), `tensor ${name} holds values that are not finite`);
    found[name] = { shape, values, whole: width === 1 };
    at = end;
  }
  require(at === body.length, `${body.length - at} bytes belong to no tensor`);
  return found;
}

/**
 * @param {Record<string, string>} metadata
 * @param {ReturnType<typeof tensors>} stored
 * @returns {Contents}
 */
function contents(metadata, stored) {
  const spec = checkSpec(JSON.parse(metadata.spec));
  const vocabulary = JSON.parse(metadata.vocabulary);
  require(isTexts(vocabulary) && new Set(vocabulary).size === vocabulary.length, "vocabulary");
  const scale = JSON.parse(metadata.scale);
  const cuts = checkScale(scale, JSON.parse(metadata.cuts ?? "null"));
  const golden = checkGolden(JSON.parse(metadata.golden), scale.points.length);
  const reach = spec.kind === "pocket" ? spec.filters * spec.widths.reduce((a, b) => a + b, 0) : 1;
  require((vocabulary.length + 2) * reach <= MAX_TABLE, "size of the student");
  const weights = dequantised(stored);
  checkShapes(weights, stored, shapes(spec, vocabulary.length, scale.points.length));
  const { question = "", rubric = "" } = JSON.parse(metadata.prompt ?? "{}");
  const card = JSON.parse(metadata.card);
  require(isRecord(card), "card");
  const screen = checkScreen(JSON.parse(metadata.screen ?? "null"));
  const deferral = checkDeferral(JSON.parse(metadata.deferral ?? "null"));
  return { item: String(JSON.parse(metadata.item)), question: String(question), rubric: String(rubric), spec, vocabulary,
    scale, cuts, card, screen, deferral, golden, weights };
}

/**
 * @param {any} found
 * @returns {Screen | null}
 */
function checkScreen(found) {
  if (found === null) return null;
  require(isRecord(found) && isSize(found.longest) && found.longest >= 1 && found.longest <= 1e9, "longest answer");
  require(Array.isArray(found.blocks) && found.blocks.every((n) => isSize(n) && n < MAX_BLOCK), "blocks of the screen");
  require([found.seen_share, found.known_share, found.odd_share].every(isPart), "shares of the screen");
  return /** @type {any} */ (found);
}

/**
 * @param {any} found
 * @returns {Deferral | null}
 */
function checkDeferral(found) {
  if (found === null) return null;
  require(isRecord(found) && (found.threshold === null || isPart(found.threshold)), "threshold");
  require(isRecord(found.target) && allFinite(found.target), "target of the threshold");
  return /** @type {any} */ (found);
}

/**
 * @param {unknown} value of JSON
 * @returns {boolean} whether all numbers in it are finite
 */
function allFinite(value) {
  if (typeof value === "object" && value !== null) return Object.values(value).every(allFinite);
  return typeof value !== "number" || Number.isFinite(value);
}

/**
 * @param {unknown} spec
 * @returns {Spec}
 */
function checkSpec(spec) {
  require(isRecord(spec) && String(spec.kind) in FIELDS, "kind of student");
  const found = /** @type {Record<string, any>} */ (spec);
  require(Object.keys(found).sort().join() === FIELDS[found.kind].join(), "fields of the student");
  const sizes = ["embedding", "filters", "hidden", "buckets", "units"].filter((key) => key in found);
  require(sizes.every((key) => isSize(found[key]) && found[key] > 0 && found[key] <= 65536), "sizes of the student");
  require(isShare(found.dropout), "dropout");
  if (found.kind === "pocket") {
    const { widths, buckets } = found;
    require(Array.isArray(widths) && widths.length > 0 && widths.length <= 8, "widths");
    require(widths.every((/** @type {unknown} */ n) => isSize(n) && n > 0 && n <= 16), "widths");
    require((buckets & (buckets - 1)) === 0, "buckets");
  } else {
    const penalties = ["embedding_l1", "hidden_l1", "hidden_l2"];
    require(penalties.every((key) => isShare(found[key])), "penalties of the student");
    require(["last", "max"].includes(found.pooling) && ["relu", "selu"].includes(found.activation), "kind of layers");
    require(typeof found.bidirectional === "boolean", "directions");
  }
  return /** @type {Spec} */ (spec);
}

/**
 * @param {any} scale
 * @param {unknown} cuts
 * @returns {number[] | null}
 */
function checkScale(scale, cuts) {
  const { points, kind } = scale;
  require(isTexts(points) && points.length > 1 && new Set(points).size === points.length, "scale");
  require(kind === "nominal" || (kind === "ordinal" && ascends(points.map(Number)) && !points.includes("")), "scale");
  if (cuts === null) return null;
  require(kind === "ordinal" && Array.isArray(cuts) && cuts.length === points.length - 1 && ascends(cuts), "cut points");
  return /** @type {number[]} */ (cuts);
}

/**
 * @param {unknown} golden
 * @param {number} k score points
 * @returns {[string, number[]][]}
 */
function checkGolden(golden, k) {
  require(Array.isArray(golden) && golden.length > 0, "golden texts");
  for (const entry of golden) {
    require(Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string", "golden texts");
    require(Array.isArray(entry[1]) && entry[1].length === k && entry[1].every(Number.isFinite), "golden probabilities");
  }
  return golden;
}

/** @param {unknown[]} numbers */
function ascends(numbers) {
  return numbers.every((n, i) => Number.isFinite(n) && (i === 0 || Number(numbers[i - 1]) <= Number(n)));
}

/**
 * @param {ReturnType<typeof tensors>} stored
 * @returns {Weights} weights as float32 numbers
 */
function dequantised(stored) {
  /** @type {Weights} */
  const weights = Object.create(null);
  for (const [name, { shape, values, whole }] of Object.entries(stored)) {
    if (name.endsWith(".scale")) {
      require(name.slice(0, -".scale".length) in stored, `${name} belongs to no tensor`);
      continue;
    }
    const columns = shape[shape.length - 1];
    const rows = shape.length === 1 ? 1 : shape[0];
    const scales = stored[`${name}.scale`]?.values;
    require((scales !== undefined) === whole, `scales of ${name}`);
    require(scales === undefined || (shape.length === 2 && scales.length === rows), `scales of ${name}`);
    if (scales) values.forEach((value, i) => { values[i] = Math.fround(value * scales[Math.floor(i / columns)]); });
    weights[name] = { rows, columns, values };
  }
  return weights;
}

/**
 * @param {Spec} spec
 * @param {number} v words
 * @param {number} k score points
 * @returns {Record<string, number[]>} every tensor's shape
 */
function shapes(spec, v, k) {
  const { hidden, embedding } = spec;
  /** @type {Record<string, number[]>} */
  const found = { embedding: [v + 1, embedding], "hidden.bias": [hidden], "output.weight": [k, hidden], "output.bias": [k] };
  if (spec.kind === "pocket") {
    for (const width of spec.widths) {
      found[`conv${width}.weight`] = [spec.filters, width * embedding];
      found[`conv${width}.bias`] = [spec.filters];
    }
    found["hidden.weight"] = [hidden, spec.filters * spec.widths.length + embedding];
    found.wide = [k, spec.buckets];
  } else {
    const directions = spec.bidirectional ? ["forward", "backward"] : ["forward"];
    for (const direction of directions) {
      found[`${direction}.input`] = [4 * spec.units, embedding];
      found[`${direction}.recurrent`] = [4 * spec.units, spec.units];
      found[`${direction}.bias`] = [4 * spec.units];
    }
    found["hidden.weight"] = [hidden, spec.units * directions.length];
  }
  return found;
}

/**
 * @param {Weights} weights
 * @param {ReturnType<typeof tensors>} stored
 * @param {Record<string, number[]>} expected
 */
function checkShapes(weights, stored, expected) {
  const names = new Set([...Object.keys(weights), ...Object.keys(expected)]);
  for (const name of names) require(String(stored[name]?.shape) === String(expected[name]), `shape of ${name}`);
}

/**
 * @param {unknown} condition
 * @param {string} what
 * @returns {asserts condition}
 */
function require(condition, what) {
  if (!condition) throw new ArtefactError(`The contents do not fit together (${what})`);
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {unknown} value
 * @returns {value is string[]}
 */
function isTexts(value) {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

/** @param {unknown} x */
function isShare(x) {
  return typeof x === "number" && x >= 0 && x < 1;
}

/** @param {unknown} x */
function isPart(x) {
  return typeof x === "number" && x >= 0 && x <= 1;
}

/**
 * @param {unknown} n
 * @returns {n is number}
 */
function isSize(n) {
  return Number.isSafeInteger(n) && Number(n) >= 0;
}
