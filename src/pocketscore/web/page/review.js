/**
 * One answer at a time, those that need reading first, from the keyboard if wanted.
 */

import { byId, make, say, show } from "./dom.js";
import { sentence } from "./reasons.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("../scorer.js").Evidence} Evidence */

const LONGEST = 300; // words; beyond them marks would take seconds
const SLICE_MS = 20;
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
    this.drawn = 0; // counts the answers shown, so that late marks are not put on another one
  }

  /** Begin with the first answer that was not looked at, or with the row given. @param {number} [row] */
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
    say(`${byId("place").textContent}: ${byId("refer").textContent} ${this.session.text(this.row).slice(0, 500)}`);
  }

  /** @param {number} point */
  give(point) {
    const { row, session } = this;
    session.give(row, point);
    this.changed();
    const last = this.at + 1 === session.queue.length;
    if (byId("points").contains(document.activeElement)) byId("card-title").focus(); // its buttons are made anew
    this.at = Math.min(session.queue.length - 1, this.at + 1);
    this.draw();
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
    byId("place").textContent = `Answer ${this.at + 1} of ${session.queue.length} · row ${session.table.numbers[row]} of your file · ` +
      `${session.given.size} reviewed`;
    byId("refer").textContent = sentence(score.refer);
    byId("refer").hidden = sentence(score.refer) === "";
    byId("answer").dir = "auto";
    this.explain(text, score);
    byId("points").replaceChildren(...scale.points.map((point, i) => this.button(point, i, score.index)));
    const point = session.final(row);
    byId("accept").textContent = point < 0 ? "Choose a score" : `Accept ${scale.points[point]}`;
    // Not `disabled`: the focus would fall off the button, and the next Enter would accept a score.
    setAble("accept", point >= 0);
    setAble("previous", this.at > 0);
    setAble("next", this.at + 1 < session.queue.length);
    setAble("undo", session.history.length > 0);
  }

  /**
   * Show the answer, then mark its words: at once where that is quick, else in slices.
   * @param {string} text
   * @param {import("../scorer.js").Score} score
   */
  async explain(text, score) {
    this.drawn += 1;
    const mine = this.drawn;
    /** @type {Evidence[]} */
    const evidence = [];
    const steps = score.status === "unfamiliar" ? [] : this.session.scorer.evidenceSteps(text, LONGEST);
    let until = performance.now() + SLICE_MS;
    for (const step of steps) {
      evidence.push(step);
      if (performance.now() < until) continue;
      byId("answer").textContent = text;
      byId("why").replaceChildren(...reasons(score, []));
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== this.drawn) return;
      until = performance.now() + SLICE_MS;
    }
    byId("answer").replaceChildren(...marked(text, evidence));
    byId("why").replaceChildren(...reasons(score, evidence));
  }

  /**
   * @param {string} point
   * @param {number} i
   * @param {number} suggested
   */
  button(point, i, suggested) {
    const given = this.session.given.get(this.row);
    const pressed = String(given === i);
    const key = digitOf(this.session.scorer.scale.points, i);
    const notes = [
      ...(given === i ? ["yours"] : []),
      ...(i === suggested ? ["suggested"] : []),
      ...(key === point || key === "" ? [] : [`key ${key}`]),
    ];
    const hint = notes.map((note) => make("span", { class: "hint" }, note));
    const button = make("button", { "aria-pressed": pressed, "data-point": String(i) }, point, ...hint);
    button.addEventListener("click", () => this.give(i));
    return button;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was meant for the review */
  key(event) {
    const { points } = this.session.scorer.scale;
    const point = points.findIndex((_, i) => digitOf(points, i) === event.key);
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
 * @param {string[]} points of the scale
 * @param {number} i one of them
 * @returns {string} the digit that gives it, "" for none: a point that is a digit has itself, other numbers have none,
 *   and words have their places from 1
 */
export function digitOf(points, i) {
  if (/^\d$/.test(points[i])) return points[i];
  const numbers = points.some((point) => point.trim() !== "" && Number.isFinite(Number(point)));
  return numbers || points.length > 9 ? "" : String(i + 1);
}

/**
 * @param {string} id of a button
 * @param {boolean} able
 */
function setAble(id, able) {
  byId(id).setAttribute("aria-disabled", String(!able));
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
    score.status === "unfamiliar" && !score.refer ? "The scorer knows none of these words: please read this answer yourself." : "",
    score.status === "truncated" ? "Only the first 1,000 words were read." : "",
  ];
}
