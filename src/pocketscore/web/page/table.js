/**
 * Tables out of files and back: CSV and its relatives, in the encodings that school software writes.
 */

import { TableError } from "./errors.js";
import { readXlsx } from "./xlsx.js";

/**
 * @typedef {{name: string, columns: string[], rows: string[][], numbers: number[], delimiter: string}} Table
 *   every row as long as `columns`; `numbers` are those of the rows in a spreadsheet, where the header is row 1
 */

/** Largest file in bytes; beyond it a browser may stop without a word. */
export const MAX_BYTES = 50_000_000;
const DELIMITERS = [",", ";", "\t", "|"];
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$/;

/**
 * Read a file by its contents, whatever its name says.
 * @param {{name: string, size: number, arrayBuffer: () => Promise<ArrayBuffer>}} file
 * @returns {Promise<Table>}
 * @throws {TableError}
 */
export async function readFile(file) {
  if (file.size > MAX_BYTES) {
    throw new TableError(
      `${file.name} has ${Math.round(file.size / 1e6)} MB, and this page reads files up to ${MAX_BYTES / 1e6} MB.`,
      "Split it into smaller files, or remove columns that you do not need.",
    );
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return tableOf(await readXlsx(bytes, file.name), file.name, ",");
  if (bytes[0] === 0xd0 && bytes[1] === 0xcf) {
    throw new TableError(`${file.name} is a workbook of the old kind (.xls).`, "Save it as .xlsx or CSV and open it again.");
  }
  return parse(decode(bytes, file.name), file.name);
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name
 * @returns {string} UTF-8 or UTF-16 where the bytes say so, else Windows-1252, as Excel writes CSV in the West
 */
export function decode(bytes, name) {
  if (bytes.subarray(0, 512).includes(0) && !hasWideMark(bytes)) {
    throw new TableError(`${name} is no table of text.`, "Open a CSV, TSV or Excel file.");
  }
  for (const encoding of hasWideMark(bytes) ? [bytes[0] === 0xff ? "utf-16le" : "utf-16be"] : ["utf-8"]) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch { /* not in this encoding */ }
  }
  return new TextDecoder("windows-1252").decode(bytes);
}

/** @param {Uint8Array} bytes */
function hasWideMark(bytes) {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/**
 * @param {string} text
 * @param {string} name
 * @returns {Table}
 * @throws {TableError} for an empty table, quotes that do not pair up, and rows longer than the header
 */
export function parse(text, name) {
  const plain = text.replace(/^\ufeff/, "");
  const delimiter = delimiterOf(plain);
  return tableOf(records(plain, delimiter, name), name, delimiter);
}

/**
 * @param {string} text
 * @returns {string} the delimiter that the header holds most often, outside quotation marks
 */
function delimiterOf(text) {
  const header = (/^\s*((?:[^"\r\n]|"[^"]*")*)/.exec(text)?.[1] ?? "").replace(/"[^"]*"/g, "");
  const counts = DELIMITERS.map((mark) => header.split(mark).length - 1);
  return DELIMITERS[counts.indexOf(Math.max(...counts))];
}

/**
 * @param {string} text
 * @param {string} delimiter
 * @param {string} name
 * @returns {string[][]}
 */
function records(text, delimiter, name) {
  /** @type {string[][]} */
  const found = [];
  /** @type {string[]} */
  let record = [];
  let at = 0;
  while (at < text.length) {
    let cell;
    if (text[at] === '"') {
      [cell, at] = quoted(text, at + 1, `${name}, row ${found.length + 1}`);
    } else {
      const end = cellEnd(text, at, delimiter);
      cell = text.slice(at, end);
      at = end;
    }
    record.push(cell);
    const mark = text[at];
    if (mark === delimiter) {
      at += 1;
      if (at === text.length) record.push("");
      if (at < text.length) continue;
    } else if (mark !== undefined && mark !== "\r" && mark !== "\n") {
      throw unpaired(`${name}, row ${found.length + 1}`);
    }
    found.push(record);
    record = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  return found;
}

/**
 * @param {string} text
 * @param {number} at behind the opening quotation mark
 * @param {string} where
 * @returns {[string, number]} the cell, and the place behind its closing mark
 */
function quoted(text, at, where) {
  let cell = "";
  for (let from = at; ; ) {
    const end = text.indexOf('"', from);
    if (end < 0) throw unpaired(where);
    cell += text.slice(from, end);
    if (text[end + 1] !== '"') return [cell, end + 1];
    cell += '"';
    from = end + 2;
  }
}

/**
 * @param {string} text
 * @param {number} at
 * @param {string} delimiter
 */
function cellEnd(text, at, delimiter) {
  let end = at;
  while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return end;
}

/** @param {string} where */
function unpaired(where) {
  return new TableError(`${where}: the quotation marks do not pair up.`, "Correct the row in your spreadsheet and save again.");
}

/**
 * @param {string[][]} all
 * @param {string} name
 * @param {string} delimiter
 * @returns {Table}
 */
function tableOf(all, name, delimiter) {
  const places = all.flatMap((record, i) => (record.some((cell) => cell.trim() !== "") ? [i] : []));
  const [header, ...rows] = places.map((i) => all[i]);
  const numbers = places.slice(1).map((i) => i + 1);
  if (!rows.length) {
    throw new TableError(
      header ? `${name} has only one row.` : `${name} is empty.`,
      "The first row must name the columns, and each answer must have a row below it.",
    );
  }
  const width = Math.max(header.length, ...rows.slice(0, 1000).map((row) => row.length));
  const columns = Array.from({ length: width }, (_, i) => header[i]?.trim() || `Column ${i + 1}`);
  rows.forEach((row, i) => {
    if (row.length > width) {
      throw new TableError(
        `${name}, row ${numbers[i]}: ${row.length} cells where the header has ${header.length}.`,
        `Cells that hold "${delimiter === "\t" ? "a tab" : delimiter}" must stand in quotation marks.`,
      );
    }
    while (row.length < width) row.push("");
  });
  return { name, columns: distinct(columns), rows, numbers, delimiter };
}

/** @param {string[]} names */
function distinct(names) {
  /** @type {string[]} */
  const found = [];
  for (const name of names) found.push(uniqueName(found, name));
  return found;
}

/**
 * @param {string[]} taken
 * @param {string} wanted
 * @returns {string} `wanted`, with a number if it is taken
 */
export function uniqueName(taken, wanted) {
  const folded = new Set(taken.map((name) => name.toLowerCase()));
  let name = wanted;
  for (let n = 2; folded.has(name.toLowerCase()); n += 1) name = `${wanted}_${n}`;
  return name;
}

/**
 * The table as a file that Excel opens by a double click (UTF-8 with a mark). A spreadsheet runs a cell that starts with
 * = + - or @ as a formula; such a cell gets an apostrophe in front, unless it is a number.
 * @param {string[]} columns
 * @param {string[][]} rows
 * @param {string} delimiter
 * @returns {{text: string, harmless: number}} and the number of cells that were changed
 */
export function write(columns, rows, delimiter) {
  let harmless = 0;
  /** @param {string} cell */
  const safe = (cell) => {
    if (!FORMULA.test(cell) || NUMBER.test(cell)) return cell;
    harmless += 1;
    return `'${cell}`;
  };
  /** @param {string} cell */
  // Marks that are not this file's delimiter too: the next reader guesses it from the header.
  const spelt = (cell) => (/[",;|\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [columns, ...rows].map((row) => row.map((cell) => spelt(safe(cell))).join(delimiter));
  return { text: `\ufeff${lines.join("\r\n")}\r\n`, harmless };
}

const ANSWER_NAMES = new Set([
  "response", "answer", "text", "essaytext", "studentanswer", "studentresponse", "responsetext", "answertext",
  "antwort", "antworttext", "réponse", "respuesta", "risposta", "response1", "answer1", "antwort1",
]);

/**
 * @param {Table} table
 * @returns {number} the column that most likely holds the answers: by its name, else the one with most text
 */
export function answerColumn(table) {
  const named = table.columns.findIndex((name) => ANSWER_NAMES.has(name.toLowerCase().replace(/[\s_-]/g, "")));
  if (named >= 0) return named;
  const sizes = table.columns.map((_, i) => table.rows.slice(0, 200).reduce((sum, row) => sum + row[i].length, 0));
  return sizes.indexOf(Math.max(...sizes));
}
