/**
 * One answer at a time, least certain first, from the keyboard if wanted.
 */

import { byId, make, say, show } from "./dom.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("../scorer.js").Evidence} Evidence */

const LEAST_SHARE = 0.2;
const LEAST_POINTS = 0.02;

/** The review of one session. */
export class Review {
  /**
   * @param {Session} session
   * @param {() => void} changed called after each score that is given or taken back
   */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
    this.at = 0;
  }

  /** Begin with the least certain answer that was not looked at, or with the row given. @param {number} [row] */
  open(row) {
    const { queue, given } = this.session;
    if (row !== undefined && !queue.includes(row)) queue.push(row); // an empty answer, opened by hand
    const wanted = row ?? queue.find((candidate) => !given.has(candidate)) ?? queue[0];
    this.at = Math.max(0, queue.indexOf(wanted));
    show("card");
    this.draw();
  }

  get row() {
    return this.session.queue[this.at];
  }

  /** @param {number} places */
  move(places) {
    this.at = Math.max(0, Math.min(this.session.queue.length - 1, this.at + places));
    this.draw();
  }

  /** @param {number} point */
  give(point) {
    const { row, session } = this;
    session.give(row, point);
    this.changed();
    const last = this.at + 1 === session.queue.length;
    this.move(1);
    say(`Row ${session.table.numbers[row]}: score ${session.scorer.scale.points[point]}.${last ? " That was the last answer." : ""}`);
  }

  accept() {
    const point = this.session.final(this.row);
    if (point >= 0) this.give(point);
  }

  undo() {
    const row = this.session.undo();
    if (row === undefined) {
      say("There is nothing to undo.");
      return;
    }
    this.changed();
    this.at = this.session.queue.indexOf(row);
    this.draw();
    say(`The score of row ${this.session.table.numbers[row]} was taken back.`);
  }

  draw() {
    const { row, session } = this;
    const { scale } = session.scorer;
    const score = session.machine[row];
    const text = session.text(row);
    const evidence = score.status === "unfamiliar" ? [] : session.scorer.evidence(text);
    byId("place").textContent = `Answer ${this.at + 1} of ${session.queue.length} · row ${session.table.numbers[row]} of your file · ` +
      `${session.given.size} reviewed`;
    byId("answer").replaceChildren(...marked(text, evidence));
    byId("answer").dir = "auto";
    byId("why").replaceChildren(...reasons(score, evidence));
    byId("points").replaceChildren(...scale.points.map((point, i) => this.button(point, i, score.index)));
    const point = session.final(row);
    byId("accept").textContent = point < 0 ? "Choose a score" : `Accept ${scale.points[point]}`;
    byId("accept").disabled = point < 0;
    byId("previous").disabled = this.at === 0;
    byId("next").disabled = this.at + 1 === session.queue.length;
    byId("undo").disabled = session.history.length === 0;
  }

  /**
   * @param {string} point
   * @param {number} i
   * @param {number} suggested
   */
  button(point, i, suggested) {
    const given = this.session.given.get(this.row);
    const pressed = String(given === i);
    const notes = [...(i === suggested ? ["suggested"] : []), ...(digitOf(this.session, i) === point ? [] : [`key ${digitOf(this.session, i)}`])];
    const hint = notes.map((note) => make("span", { class: "hint" }, note));
    const button = make("button", { "aria-pressed": pressed, "data-point": String(i) }, point, ...hint);
    button.addEventListener("click", () => this.give(i));
    return button;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was meant for the review */
  key(event) {
    const point = this.session.scorer.scale.points.findIndex((_, i) => digitOf(this.session, i) === event.key);
    if (point >= 0) this.give(point);
    else if (event.key === "Enter") this.accept();
    else if (event.key === "ArrowLeft") this.move(-1);
    else if (event.key === "ArrowRight") this.move(1);
    else if (event.key === "u") this.undo();
    else return false;
    return true;
  }
}

/**
 * @param {Session} session
 * @param {number} i a score point
 * @returns {string} the digit that gives it: the point itself where all points are digits, else its place from 1
 */
export function digitOf(session, i) {
  const { points } = session.scorer.scale;
  return points.every((point) => /^\d$/.test(point)) ? points[i] : String(i + 1);
}

/** @param {Evidence[]} evidence @returns {Evidence[]} the words that matter, the strongest first */
function telling(evidence) {
  const most = Math.max(0, ...evidence.map((one) => Math.abs(one.contribution)));
  const least = Math.max(LEAST_POINTS, LEAST_SHARE * most);
  const found = evidence.filter((one) => Math.abs(one.contribution) >= least);
  return found.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
}

/**
 * @param {string} text
 * @param {Evidence[]} evidence
 * @returns {(Node | string)[]} the answer with the telling words marked
 */
function marked(text, evidence) {
  /** @type {(Node | string)[]} */
  const found = [];
  let at = 0;
  for (const { start, end, contribution } of telling(evidence).sort((a, b) => a.start - b.start)) {
    if (start < at) continue; // two words of one character, as in ½
    found.push(text.slice(at, start), make("mark", { class: contribution > 0 ? "up" : "down" }, text.slice(start, end)));
    at = end;
  }
  found.push(text.slice(at));
  return text.trim() ? found : ["(no answer)"];
}

/**
 * The same in words, for who does not see the marks.
 * @param {import("../scorer.js").Score} score
 * @param {Evidence[]} evidence
 * @returns {(Node | string)[]}
 */
function reasons(score, evidence) {
  if (score.label === null) return ["There is nothing to score here. You can give a score yourself."];
  const sure = `Suggested: ${score.label}, ${Math.round(100 * score.confidence)} % sure. `;
  const words = telling(evidence);
  /** @param {boolean} up */
  const listed = (up) => [...new Set(words.filter((one) => one.contribution > 0 === up).map((one) => one.word))].slice(0, 5).join(", ");
  const [raised, lowered] = [listed(true), listed(false)];
  return [
    make("strong", {}, sure),
    raised ? `Words that raise it (solid line): ${raised}. ` : "",
    lowered ? `Words that lower it (dotted line): ${lowered}. ` : "",
    score.status === "unfamiliar" ? "The scorer knows none of these words: please read this answer yourself." : "",
    score.status === "truncated" ? "Only the first 1,000 words were read." : "",
  ];
}
