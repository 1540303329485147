/**
 * The work on one table: the machine's scores, the teacher's, and the order in which to look at them. No page in here.
 */

import { ORDER } from "./reasons.js";
import { uniqueName, write } from "./table.js";

/** @typedef {import("../scorer.js").Scorer} Scorer */
/** @typedef {import("../scorer.js").Score} Score */
/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("../screen.js").Reason} Reason */
const SLICE_MS = 30;

/** @returns {string} unlike that of any other work */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

/** One table, one column of answers, one scorer. */
export class Session {
  /**
   * @param {Table} table
   * @param {number} column the answers
   * @param {Scorer} scorer
   * @param {string} [id] of the work, if it was kept
   * @param {[number, number][]} [given] rows and the points that the teacher gave them
   */
  constructor(table, column, scorer, id = newId(), given = []) {
    this.id = id;
    this.table = table;
    this.column = column;
    this.scorer = scorer;
    /** @type {Score[]} */
    this.machine = [];
    /** @type {Map<number, number>} */
    this.given = new Map(given);
    /** @type {{row: number, before: number | undefined}[]} */
    this.history = [];
    /** @type {number[]} */
    this.queue = [];
  }

  /**
   * Score every answer, in slices, so that the page stays awake.
   * @param {(done: number, all: number) => void} progress
   * @param {() => boolean} stopped asked between slices
   * @returns {Promise<boolean>} false if it was stopped
   */
  async scoreAll(progress, stopped) {
    const { rows } = this.table;
    while (this.machine.length < rows.length) {
      const until = performance.now() + SLICE_MS;
      while (this.machine.length < rows.length && performance.now() < until) {
        this.machine.push(...this.scorer.score([this.text(this.machine.length)]));
      }
      progress(this.machine.length, rows.length);
      await new Promise((resolve) => setTimeout(resolve));
      if (stopped()) return false;
    }
    this.queue = this.order();
    return true;
  }

  /**
   * @param {number} row
   * @returns {string}
   */
  text(row) {
    return this.table.rows[row][this.column];
  }

  /** @returns {number[]} rows that have a score: those to read, by reason, then unfamiliar ones; the least certain first */
  order() {
    const scored = this.machine.flatMap((score, row) => (score.index < 0 ? [] : [row]));
    const last = ORDER.length + 1;
    const classes = this.machine.map(({ refer, status }) => {
      if (refer) return ORDER.indexOf(refer);
      return status === "unfamiliar" ? last - 1 : last;
    });
    return scored.sort((a, b) => classes[a] - classes[b] || this.machine[a].confidence - this.machine[b].confidence || a - b);
  }

  /** @returns {boolean} whether the scorer says which scores stand alone */
  get chooses() {
    return this.scorer.screen !== null || this.scorer.deferral !== null;
  }

  /**
   * @param {number} row
   * @returns {boolean} whether the teacher has this answer still to read: it has a score that does not stand alone
   */
  unread(row) {
    return this.machine[row].refer !== "" && this.machine[row].index >= 0 && !this.given.has(row);
  }

  /**
   * The teacher's score of an answer; it can be undone.
   * @param {number} row
   * @param {number} point its index on the scale
   */
  give(row, point) {
    this.history.push({ row, before: this.given.get(row) });
    this.given.set(row, point);
  }

  /** @returns {number | undefined} the row whose last change was taken back */
  undo() {
    const last = this.history.pop();
    if (!last) return undefined;
    if (last.before === undefined) this.given.delete(last.row);
    else this.given.set(last.row, last.before);
    return last.row;
  }

  /**
   * @param {number} row
   * @returns {number} index of the score that counts: the teacher's, else the machine's; -1 without either
   */
  final(row) {
    return this.given.get(row) ?? this.machine[row].index;
  }

  /**
   * @returns {{looked: number, changed: number, unscored: number, alone: number, unread: Map<Reason, number>,
   *   counts: number[]}} over all answers
   */
  summary() {
    const counts = this.scorer.scale.points.map(() => 0);
    let changed = 0;
    let unscored = 0;
    /** @type {Map<Reason, number>} */
    const unread = new Map();
    this.machine.forEach((score, row) => {
      if (this.unread(row)) unread.set(score.refer, (unread.get(score.refer) ?? 0) + 1);
      const point = this.final(row);
      if (point < 0) unscored += 1;
      else counts[point] += 1;
      if (this.given.has(row) && this.given.get(row) !== score.index) changed += 1;
    });
    const alone = this.machine.filter((score) => score.refer === "").length;
    return { looked: this.given.size, changed, unscored, alone, unread, counts };
  }

  /** @returns {{text: string, harmless: number}} the user's own table with five columns more, see `write` */
  csv() {
    const { header, columns, rows, delimiter } = this.table;
    /** @type {string[]} */
    const names = [];
    for (const name of ["score", "machine_score", "probability", "status", "refer"]) names.push(uniqueName([...columns, ...names], name));
    const { points } = this.scorer.scale;
    const longer = rows.map((row, i) => {
      const { label, confidence, status, refer } = this.machine[i];
      const probability = label === null ? "" : confidence.toFixed(4);
      const looked = this.given.has(i) ? "reviewed" : status;
      return [...row, points[this.final(i)] ?? "", label ?? "", probability, looked, refer];
    });
    return write([...header, ...names], longer, delimiter);
  }
}
