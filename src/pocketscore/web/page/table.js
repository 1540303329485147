/**
 * Tables out of files and back: CSV and its relatives, in the encodings that school software writes.
 */

import { TableError } from "./errors.js";
import { readXlsx } from "./xlsx.js";

/**
 * @typedef {{name: string, header: string[], columns: string[], rows: string[][], numbers: number[], blank: number,
 *   delimiter: string}} Table
 *   `header` as it was written, `columns` with a name for each column; every row as long as these; `numbers` are those of
 *   the rows in a spreadsheet, where the header is row 1; `blank` counts the blank rows between, which are left out
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
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const { rows, numbers } = await readXlsx(bytes, file.name);
    return tableOf(rows, numbers, file.name, ",");
  }
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
  const stated = /^sep=(.)\r?\n/i.exec(text); // a line that Excel writes and reads
  const plain = text.replace(/^\ufeff/, "").replace(/^sep=.\r?\n/i, "");
  const delimiter = stated ? stated[1] : delimiterOf(plain);
  const rows = records(plain, delimiter, name);
  const width = rows.find((row) => row.some((cell) => cell.trim() !== ""))?.length ?? 0;
  rows.forEach((row, i) => {
    if (row.slice(width).some((cell) => cell !== "")) {
      throw new TableError(
        `${name}, row ${i + 1}: ${row.length} cells where the header has ${width}.`,
        `Cells that hold "${delimiter === "\t" ? "a tab" : delimiter}" must stand in quotation marks.`,
      );
    }
  });
  return tableOf(rows, rows.map((_, i) => i + 1), name, delimiter ?? ",");
}

/**
 * @param {string} text
 * @returns {string | null} the delimiter that the header holds most often, outside quotation marks; null for one column
 */
function delimiterOf(text) {
  const header = (/^\s*((?:[^"\r\n]|"[^"]*")*)/.exec(text)?.[1] ?? "").replace(/"[^"]*"/g, "");
  const counts = DELIMITERS.map((mark) => header.split(mark).length - 1);
  return Math.max(...counts) > 0 ? DELIMITERS[counts.indexOf(Math.max(...counts))] : null;
}

/**
 * @param {string} text
 * @param {string | null} delimiter
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
    const where = `${name}, row ${found.length + 1}`;
    const [cell, end] = cellAt(text, at, delimiter, where);
    record.push(cell);
    at = end;
    const mark = text[at];
    if (mark !== undefined && mark === delimiter) {
      at += 1;
      if (at === text.length) record.push("");
      if (at < text.length) continue;
    } else if (mark !== undefined && mark !== "\r" && mark !== "\n") {
      throw unpaired(where);
    }
    found.push(record);
    record = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  return found;
}

/**
 * @param {string} text
 * @param {number} at
 * @param {string | null} delimiter
 * @param {string} where
 * @returns {[string, number]} the cell that begins there, and the place behind it
 */
function cellAt(text, at, delimiter, where) {
  const end = cellEnd(text, at, delimiter);
  if (text[at] !== '"') return [text.slice(at, end), end];
  // One column of prose may begin with a quotation mark that quotes no cell.
  if (delimiter === null && !/^"(?:[^"]|"")*"\s*$/.test(text.slice(at, end)) && text.indexOf('"', at + 1) < end) {
    return [text.slice(at, end), end];
  }
  return quoted(text, at + 1, where);
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
 * @param {string | null} delimiter
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
 * @param {number[]} numbers of the rows
 * @param {string} name
 * @param {string} delimiter
 * @returns {Table}
 */
function tableOf(all, numbers, name, delimiter) {
  const places = all.flatMap((record, i) => (record.some((cell) => cell.trim() !== "") ? [i] : []));
  const [header, ...rows] = places.map((i) => all[i]);
  if (!rows.length) {
    throw new TableError(
      header ? `${name} has only one row.` : `${name} is empty.`,
      "The first row must name the columns, and each answer must have a row below it.",
    );
  }
  // Columns at the end that hold nothing at all are left out, as spreadsheets leave them out.
  const width = [header, ...rows].reduce((most, row) => Math.max(most, row.findLastIndex((cell) => cell !== "") + 1), 0);
  for (const row of [header, ...rows]) {
    row.length = Math.min(row.length, width);
    while (row.length < width) row.push("");
  }
  const columns = distinct(header.map((cell, i) => cell.trim() || `Column ${i + 1}`));
  const shown = places.slice(1).map((i) => numbers[i]);
  const blank = shown[shown.length - 1] - numbers[places[0]] - rows.length;
  return { name, header, columns, rows, numbers: shown, blank, delimiter };
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
 * @returns {number} the column that most likely holds the answers: by its name, else the one with most letters
 */
export function answerColumn(table) {
  const named = table.columns.findIndex((name) => ANSWER_NAMES.has(name.toLowerCase().replace(/[\s_-]/g, "")));
  if (named >= 0) return named;
  // Letters, not characters: dates and numbers are no answers.
  const letters = table.columns.map((_, i) => {
    return table.rows.slice(0, 200).reduce((sum, row) => sum + (row[i].match(/\p{L}/gu)?.length ?? 0), 0);
  });
  return letters.indexOf(Math.max(...letters));
}
