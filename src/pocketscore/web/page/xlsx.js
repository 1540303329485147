/**
 * The first sheet of an Excel workbook, its values as text. A workbook is a ZIP archive of XML files.
 */

import { TableError } from "./errors.js";

const END_OF_ARCHIVE = 0x06054b50;
const MAX_UNPACKED = 200_000_000;
const MAX_COLUMNS = 16_384; // Excel's own

/** @typedef {{strings: string[], dates: boolean[], since1904: boolean}} Book what cells refer to */

/**
 * @param {Uint8Array} bytes
 * @param {string} name
 * @returns {Promise<{rows: string[][], numbers: number[]}>} the rows of the first visible sheet, and their numbers
 * @throws {TableError}
 */
export async function readXlsx(bytes, name) {
  if (!unpacks()) throw new TableError("This browser is too old for Excel files.", "Save the sheet as CSV and open that.");
  try {
    const files = entries(bytes);
    const workbook = await xml(files, "xl/workbook.xml");
    const book = {
      strings: files.has("xl/sharedStrings.xml") ? sharedStrings(await xml(files, "xl/sharedStrings.xml")) : [],
      dates: files.has("xl/styles.xml") ? dateStyles(await xml(files, "xl/styles.xml")) : [],
      since1904: ["1", "true"].includes(workbook.querySelector("workbookPr")?.getAttribute("date1904") ?? ""),
    };
    return cells(await xml(files, await firstSheet(files, workbook)), book);
  } catch (error) {
    if (error instanceof TableError) throw error;
    throw new TableError(`${name} is damaged, or no Excel workbook.`, "Open it in your spreadsheet program, save it again, or save it as CSV.");
  }
}

function unpacks() {
  try {
    return Boolean(new DecompressionStream("deflate-raw"));
  } catch {
    return false;
  }
}

/**
 * @typedef {{packed: Uint8Array, method: number, size: number}} Entry
 * @param {Uint8Array} bytes
 * @returns {Map<string, Entry>} the archive's files by name
 */
function entries(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== END_OF_ARCHIVE) end -= 1;
  /** @type {Map<string, Entry>} */
  const found = new Map();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const header = view.getUint32(at + 42, true);
    const begin = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    found.set(new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)), {
      packed: bytes.subarray(begin, begin + view.getUint32(at + 20, true)),
      method: view.getUint16(at + 10, true),
      size: view.getUint32(at + 24, true),
    });
    at += 46 + name + extra + comment;
  }
  return found;
}

/**
 * @param {Map<string, Entry>} files
 * @param {string} path
 * @returns {Promise<Document>}
 */
async function xml(files, path) {
  const entry = files.get(path);
  if (!entry) throw new Error(`no ${path}`);
  if (entry.size > MAX_UNPACKED) throw new TableError("This workbook is too large for this page.", "Save the sheet as CSV and split it.");
  const document = new DOMParser().parseFromString(new TextDecoder().decode(await unpacked(entry)), "application/xml");
  if (document.querySelector("parsererror")) throw new Error(`${path} is no XML`);
  return document;
}

/**
 * @param {Entry} entry
 * @returns {Promise<Uint8Array>}
 */
async function unpacked({ packed, method }) {
  if (method === 0) return packed;
  const stream = new Blob([/** @type {BlobPart} */ (packed)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    size += part.value.length;
    if (size > MAX_UNPACKED) throw new Error("unpacks to more than it says"); // a header can lie
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {Map<string, Entry>} files
 * @param {Document} workbook
 * @returns {Promise<string>} path of the first sheet that is not hidden, in the order of the tabs
 */
async function firstSheet(files, workbook) {
  const sheets = Array.from(workbook.getElementsByTagNameNS("*", "sheet"));
  const sheet = sheets.find((one) => !["hidden", "veryHidden"].includes(one.getAttribute("state") ?? "")) ?? sheets[0];
  const id = Array.from(sheet.attributes).find((attribute) => attribute.localName === "id" && attribute.prefix)?.value;
  const relations = (await xml(files, "xl/_rels/workbook.xml.rels")).getElementsByTagNameNS("*", "Relationship");
  const target = Array.from(relations).find((relation) => relation.getAttribute("Id") === id)?.getAttribute("Target") ?? "";
  return target.startsWith("/") ? target.slice(1) : `xl/${target}`;
}

/**
 * @param {Document} styles
 * @returns {boolean[]} for each style of cells, whether it shows a number as a date or time
 */
function dateStyles(styles) {
  const own = Array.from(styles.getElementsByTagNameNS("*", "numFmt"), (format) => {
    const code = (format.getAttribute("formatCode") ?? "").replace(/"[^"]*"|\\.|\[[^\]]*\]/g, "");
    return /** @type {[number, boolean]} */ ([Number(format.getAttribute("numFmtId")), /[dmyhs]/i.test(code)]);
  });
  const dates = new Map(own);
  const cellStyles = styles.getElementsByTagNameNS("*", "cellXfs")[0]?.getElementsByTagNameNS("*", "xf") ?? [];
  return Array.from(cellStyles, (style) => {
    const id = Number(style.getAttribute("numFmtId"));
    return dates.get(id) ?? ((id >= 14 && id <= 22) || (id >= 45 && id <= 47));
  });
}

/**
 * @param {Element} element
 * @returns {string} its text, phonetic readings left out
 */
function textOf(element) {
  return Array.from(element.getElementsByTagNameNS("*", "t"))
    .filter((part) => part.parentElement?.localName !== "rPh")
    .map((part) => part.textContent ?? "")
    .join("")
    .replace(/_x([0-9A-F]{4})_/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
}

/** @param {Document} document */
function sharedStrings(document) {
  return Array.from(document.getElementsByTagNameNS("*", "si"), textOf);
}

/**
 * @param {Document} sheet
 * @param {Book} book
 * @returns {{rows: string[][], numbers: number[]}}
 */
function cells(sheet, book) {
  const found = Array.from(sheet.getElementsByTagNameNS("*", "row"));
  const numbers = found.map((row, i) => Number(row.getAttribute("r") ?? i + 1));
  const rows = found.map((row) => {
    /** @type {string[]} */
    const line = [];
    for (const cell of Array.from(row.getElementsByTagNameNS("*", "c"))) {
      const at = columnOf(cell.getAttribute("r") ?? "") ?? line.length;
      if (at >= MAX_COLUMNS) throw new Error(`a cell in column ${at + 1}`);
      while (line.length < at) line.push("");
      line[at] = valueOf(cell, book);
    }
    return line;
  });
  return { rows, numbers };
}

/**
 * @param {string} reference such as "AB12"
 * @returns {number | undefined} 27
 */
function columnOf(reference) {
  const letters = /^[A-Z]+/.exec(reference)?.[0];
  if (!letters) return undefined;
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

/**
 * @param {Element} cell
 * @param {Book} book
 */
function valueOf(cell, { strings, dates, since1904 }) {
  const kind = cell.getAttribute("t");
  if (kind === "inlineStr") return textOf(cell);
  const value = cell.getElementsByTagNameNS("*", "v")[0]?.textContent ?? "";
  if (kind === "s") return strings[Number(value)] ?? "";
  if (kind === "b") return value === "1" ? "true" : "false";
  if (kind !== null && kind !== "n") return value;
  const number = Number(value);
  if (value === "" || !Number.isFinite(number)) return value;
  if (dates[Number(cell.getAttribute("s") ?? 0)]) return dateText(number, since1904);
  return Math.abs(number) < 1e15 ? String(Number(number.toPrecision(15))) : value; // Excel itself has 15 digits
}

/**
 * @param {number} days since the workbook's first day
 * @param {boolean} since1904
 * @returns {string} as ISO 8601 has it; the date alone at midnight, the time alone on day 0
 */
function dateText(days, since1904) {
  const first = since1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  const moment = new Date(first + Math.round(days * 86400) * 1000);
  if (Number.isNaN(moment.getTime())) return String(days);
  const [date, time] = moment.toISOString().slice(0, 19).split("T");
  if (days >= 0 && days < 1) return time;
  return time === "00:00:00" ? date : `${date} ${time}`;
}
