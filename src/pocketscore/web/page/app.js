/**
 * The page for teachers: open a table, choose the column, score, review, save. Nothing leaves the device.
 */

import { ArtefactError } from "../bundle.js";
import { scorerOf } from "../scorer.js";
import { byId, counted, make, say, show, warn } from "./dom.js";
import { TableError } from "./errors.js";
import { drawOverview, drawTable, firstPage, turnPage } from "./overview.js";
import { Review, digitOf } from "./review.js";
import { Session } from "./session.js";
import * as store from "./store.js";
import { answerColumn, parse, readFile } from "./table.js";

/** @typedef {import("../scorer.js").Scorer} Scorer */
/** @typedef {import("./table.js").Table} Table */

const PREVIEW_ROWS = 5;
const KEY = document.body.dataset.page ?? "page";

/** @type {Scorer[]} */
let scorers = [];
/** @type {Table | undefined} */
let table;
/** @type {Session | undefined} */
let session;
/** @type {Review | undefined} */
let review;
let runs = 0; // only the latest may show its result
let unsaved = false;

/** Read the scorers that the page carries, then show the work that was left, or the first step. */
async function start() {
  try {
    scorers = Array.from(document.querySelectorAll('script[type="application/pocket"]'), (element) => {
      return scorerOf(Uint8Array.from(atob((element.textContent ?? "").trim()), (char) => char.charCodeAt(0)));
    });
  } catch (error) {
    started();
    const why = error instanceof ArtefactError ? error.message : "The scorer in this page cannot be read.";
    warn(`This page does not score, so that nobody gets a wrong score: ${why}`);
    return;
  }
  describe();
  wire();
  const worker = document.querySelector("script[data-worker]")?.getAttribute("data-worker");
  if (worker && "serviceWorker" in navigator) navigator.serviceWorker.register(worker).catch(() => undefined);
  const resumed = await resume();
  started();
  if (!resumed) showOpen();
}

/** The message for browsers in which this script does not come so far. */
function started() {
  clearTimeout(Number(document.body.dataset.late));
  byId("old").hidden = true;
}

function describe() {
  byId("item").replaceChildren(...scorers.map((scorer, i) => make("option", { value: String(i) }, scorer.item)));
  byId("item-field").hidden = scorers.length === 1;
  if (scorers.length === 1) {
    byId("title").textContent = `Score answers: ${scorers[0].item}`;
    document.title = `${scorers[0].item} · PocketScore`;
  }
  byId("about").replaceChildren(...scorers.map((scorer) => make("p", {}, about(scorer))));
  const unknown = scorers.map(nobodyScored).filter((words) => words !== "");
  byId("unknown").textContent = unknown.join(" ");
  byId("unknown").hidden = unknown.length === 0;
}

/** @param {Scorer} scorer */
function about(scorer) {
  const said = nobodyScored(scorer) || agreement(scorer);
  return `${scorer.item}: score points ${scorer.scale.points.join(", ")}.${said ? ` ${said}` : ""}${certainty(scorer)}`;
}

/** @param {Scorer} scorer @returns {string} how well it agrees with people, "" if its card does not say */
function agreement(scorer) {
  const found = /** @type {Record<string, any>} */ (scorer.card).test?.student;
  const qwk = found?.metrics?.qwk?.value;
  if (!Number.isFinite(qwk)) return "";
  return `On ${found.n} answers that it had not seen it agrees with people to a quadratic weighted kappa of ${qwk.toFixed(2)}.`;
}

/** @param {Scorer} scorer @returns {string} whose scores stood in for people's, "" if people scored */
function nobodyScored({ card, item }) {
  const model = /** @type {Record<string, any>} */ (card).evidence?.scored_by;
  if (!model) return "";
  return `Nobody has scored an answer to ${item}: the scorer learnt from the scores of a language model, ${model}. ` +
    "How well it agrees with people is unknown.";
}

/** @param {Scorer} scorer @returns {string} what it leaves to people, "" if it does not say */
function certainty({ deferral }) {
  if (deferral === null) return "";
  if (deferral.threshold === null) return " None of its scores may stand alone: please read every answer.";
  return ` It leaves to you every answer whose score it is less than ${Number((100 * deferral.threshold).toFixed(1))} % sure of.`;
}

/** @returns {Promise<boolean>} whether there is something to show already */
async function resume() {
  try {
    const found = await store.kept(KEY);
    const scorer = scorers.find((candidate) => candidate.item === found?.work.item);
    if (runs > 0) return table !== undefined; // a file was opened in the meantime, or could not be
    if (!found || !scorer) return false;
    const { id, table: kept, column } = found.work;
    const finished = await run(new Session(kept, column, scorer, id, found.given));
    if (finished) say("Your work was taken up where you left it.");
    return true;
  } catch {
    warn("This browser does not let the page keep unfinished work. Save your scores before you close or reload the page.");
    return table !== undefined;
  }
}

function showOpen() {
  byId("return").hidden = session === undefined;
  byId("to-scores").textContent = `Back to the scores of ${session?.table.name}`;
  show("open");
}

/** @param {() => Promise<Table> | Table} read */
async function take(read) {
  warn("");
  runs += 1;
  try {
    table = await read();
  } catch (error) {
    warn(error instanceof TableError ? error.message : "This file cannot be read. Save it as CSV and open that.");
    return;
  }
  byId("file-note").textContent = `${table.name}: ${counted(table.rows.length, "row", "rows")}, ` +
    `${counted(table.columns.length, "column", "columns")}.`;
  byId("column").replaceChildren(...table.columns.map((name, i) => make("option", { value: String(i) }, name)));
  byId("column").value = String(answerColumn(table));
  preview();
  show("setup");
}

function preview() {
  if (!table) return;
  const chosen = Number(byId("column").value);
  /** @param {string} tag @param {string[]} cells */
  const line = (tag, cells) => make("tr", {}, ...cells.map((cell, i) => {
    const text = cell.length > 120 ? `${cell.slice(0, 120)}…` : cell;
    return make(tag, { class: i === chosen ? "chosen" : "", dir: "auto", ...(tag === "th" ? { scope: "col" } : {}) }, text);
  }));
  const body = table.rows.slice(0, PREVIEW_ROWS).map((row) => line("td", row));
  byId("preview").replaceChildren(make("thead", {}, line("th", table.columns)), make("tbody", {}, ...body));
  const { question } = scorers[Number(byId("item").value)];
  byId("question").textContent = question;
  byId("question").hidden = question === "";
}

/**
 * @param {Session} next
 * @returns {Promise<boolean>} whether it came to its end and is now the work
 */
async function run(next) {
  runs += 1;
  const mine = runs;
  show("working");
  byId("progress").max = next.table.rows.length;
  const finished = await next.scoreAll((done, all) => {
    byId("progress").value = done;
    byId("progress-note").textContent = `${done.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  }, () => mine !== runs);
  if (!finished || mine !== runs) return false;
  session = next;
  review = new Review(next, changed);
  unsaved = next.given.size > 0;
  byId("saved-note").textContent = "";
  byId("filter").value = "all";
  firstPage();
  overview();
  say(`${counted(next.table.rows.length, "answer is", "answers are")} scored.`);
  return true;
}

/** Score the table that was chosen, in the place of the work before. */
async function begin() {
  if (!table) return;
  const lost = unsaved && session ? `You have not saved your scores of ${session.table.name}. Replace that work by ${table.name}?` : "";
  if (lost && !confirm(lost)) return;
  const finished = await run(new Session(table, Number(byId("column").value), scorers[Number(byId("item").value)]));
  if (finished) await keepTable();
}

/** Stop scoring; the work before, if there is one, is untouched. */
function stop() {
  runs += 1;
  showOpen();
}

function overview() {
  if (!session) return;
  drawOverview(session);
  byId("review").disabled = session.queue.length === 0;
  show("result");
}

/** Keep the whole table once, later only what the teacher gives. */
async function keepTable() {
  if (!session) return;
  try {
    const { id, column, scorer, given } = session;
    await store.keep(KEY, { id, table: session.table, column, item: scorer.item }, [...given]);
  } catch {
    warn("This browser has no room to keep your work over a reload. Save your scores before you close the page.");
  }
}

async function changed() {
  if (!session) return;
  unsaved = true;
  byId("saved-note").textContent = "";
  try {
    const kept = await store.keepGiven(KEY, session.id, [...session.given]);
    if (!kept) warn("Your scores here are not kept over a reload (another file was opened, or there was no room). Save them before you close the page.");
  } catch {
    warn("This browser could not keep your last score over a reload. Save your scores before you close the page.");
  }
}

function save() {
  if (!session) return;
  const { text, harmless } = session.csv();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const suffix = session.table.delimiter === "\t" ? "tsv" : "csv";
  link.download = `${session.table.name.replace(/\.[A-Za-z0-9]+$/, "") || "answers"}-scored.${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  unsaved = false;
  const note = harmless
    ? ` ${counted(harmless, "cell that a spreadsheet would run as a formula has", "cells that a spreadsheet would run as formulas have")} an apostrophe in front now; all others are unchanged.`
    : " All your own cells are unchanged.";
  const { blank } = session.table;
  const left = blank ? ` ${counted(blank, "blank row was", "blank rows were")} left out.` : "";
  byId("saved-note").textContent = `Saved as ${link.download}.${note}${left}`;
  say(byId("saved-note").textContent);
}

async function eraseAll() {
  if (!confirm("Delete all tables and scores that this page keeps in this browser? Files that you saved stay.")) return;
  runs += 1;
  session = undefined;
  review = undefined;
  table = undefined;
  unsaved = false;
  const shown = ["answers", "preview", "answer", "why", "refer", "rubric", "points", "summary", "to-read", "chart", "place", "file-note", "saved-note"];
  for (const id of shown) byId(id).replaceChildren();
  byId("paste").value = "";
  byId("file").value = "";
  showOpen();
  try {
    await store.erase();
    say("Everything was deleted.");
  } catch {
    warn("This browser does not let the page delete what it may have kept. Delete the page's data in the browser's settings.");
  }
}

/** @param {number} [row] */
function openReview(row) {
  if (!session || !review) return;
  const { question, rubric } = session.scorer;
  /** @param {string} title @param {string} text */
  const part = (title, text) => (text ? [make("h3", {}, title), make("p", { dir: "auto" }, text)] : []);
  byId("rubric").replaceChildren(...part("Question", question), ...part("Rubric", rubric));
  byId("rubric").hidden = !question && !rubric;
  const { points } = session.scorer.scale;
  const keys = points.map((_, i) => digitOf(points, i)).filter((key) => key !== "");
  byId("digits").textContent = keys.length > 1 ? `${keys[0]} – ${keys[keys.length - 1]}` : (keys[0] ?? "–");
  review.open(row);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (byId("card").hidden || !byId("shortcuts").checked || byId("keys").open) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.repeat && !event.key.startsWith("Arrow")) {
    event.preventDefault(); // a key held down must not give scores
    return;
  }
  const target = /** @type {HTMLElement} */ (event.target);
  const onButton = event.key === "Enter" && target.closest("button, summary, a, input");
  if (onButton || target.closest("input:not([type=checkbox]), textarea, select")) return;
  if (event.key === "?") byId("keys").showModal();
  else if (!review?.key(event)) return;
  event.preventDefault();
}

/**
 * @param {string} id
 * @param {(event: any) => unknown} act
 * @param {string} [kind]
 */
function on(id, act, kind = "click") {
  byId(id).addEventListener(kind, act);
}

function wire() {
  on("choose", () => byId("file").click());
  on("file", () => {
    const file = byId("file").files[0];
    byId("file").value = ""; // the same file can be chosen again
    if (file) take(() => readFile(file));
  }, "change");
  wireDrop();
  on("use-paste", () => take(() => parse(byId("paste").value, "pasted table")));
  on("column", preview, "change");
  on("item", preview, "change");
  on("start", begin);
  for (const id of ["back", "other"]) on(id, showOpen);
  on("to-scores", overview);
  on("stop", stop);
  on("save", save);
  on("print", () => window.print());
  on("erase", eraseAll);
  wireReview();
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
}

function wireDrop() {
  const drop = byId("drop");
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault()); // beside it
  for (const kind of ["dragenter", "dragover"]) {
    on("drop", (event) => {
      event.preventDefault();
      drop.classList.add("over");
    }, kind);
  }
  for (const kind of ["dragleave", "drop"]) on("drop", () => drop.classList.remove("over"), kind);
  on("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file) take(() => readFile(file));
  }, "drop");
}

function wireReview() {
  on("review", () => openReview());
  on("answers", (event) => {
    const { row } = event.target.dataset;
    if (row !== undefined) openReview(Number(row));
  });
  window.addEventListener("beforeprint", () => session && drawTable(session, Infinity)); // on paper nobody turns pages
  window.addEventListener("afterprint", () => session && drawTable(session));
  on("filter", () => session && drawTable(session), "change");
  on("earlier", () => session && turnPage(session, -1));
  on("later", () => session && turnPage(session, 1));
  on("accept", () => review?.accept());
  on("previous", () => review?.move(-1));
  on("next", () => review?.move(1));
  on("undo", () => review?.undo());
  on("done", overview);
  on("help", () => byId("keys").showModal());
  on("close-keys", () => byId("keys").close());
  document.addEventListener("keydown", onKey);
}

start();
