/**
 * All scores at a glance: a sentence, a picture of the distribution, a table in pages.
 */

import { byId, counted, make } from "./dom.js";
import { ORDER, inShort } from "./reasons.js";

/** @typedef {import("./session.js").Session} Session */

const PAGE = 50;
const LONGEST = 300;
/** @type {Record<string, string>} */
const REMARKS = {
  unfamiliar: "no word that the scorer knows",
  truncated: "only the first 1,000 words were read",
};

let first = 0;

/** Begin the table of another file at its first row. */
export function firstPage() {
  first = 0;
}

/** @param {Session} session */
export function drawOverview(session) {
  const { looked, changed, unscored, alone, unread, counts } = session.summary();
  const parts = [`${counted(session.table.rows.length, "answer", "answers")}`];
  const open = [...unread.values()].reduce((sum, n) => sum + n, 0);
  if (session.chooses) parts.push(`${alone.toLocaleString("en")} scored alone`, `${open.toLocaleString("en")} for you to read`);
  if (unscored) parts.push(`${unscored} without a score`);
  parts.push(looked ? `${looked} reviewed, ${changed} changed by you` : "none reviewed yet");
  byId("summary").textContent = `${parts.join(", ")}.`;
  const why = ORDER.flatMap((reason) => (unread.has(reason) ? [`${inShort(reason)} (${unread.get(reason)?.toLocaleString("en")})`] : []));
  byId("to-read").textContent = why.length ? `Why you should read them: ${why.join(", ")}.` : "";
  byId("only-read").hidden = !session.chooses;
  drawChart(session.scorer.scale.points, counts);
  drawTable(session);
}

/**
 * @param {string[]} points
 * @param {number[]} counts
 */
function drawChart(points, counts) {
  const most = Math.max(...counts, 1);
  const bars = points.map((point, i) => {
    const fill = make("span", { class: "fill" });
    fill.style.width = `${(100 * counts[i]) / most}%`;
    return make("div", { class: "bar" }, make("span", { class: "label" }, point), fill, make("span", {}, String(counts[i])));
  });
  byId("chart").replaceChildren(...bars);
  byId("chart").setAttribute("aria-label", `How often each score: ${points.map((p, i) => `${p}, ${counts[i]} times`).join("; ")}`);
}

/**
 * @param {Session} session
 * @returns {number[]} rows that the filter lets through
 */
function chosenRows(session) {
  /** @type {Record<string, (row: number) => boolean>} */
  const filters = {
    all: () => true,
    open: (row) => session.machine[row].index >= 0 && !session.given.has(row),
    read: (row) => session.unread(row),
    changed: (row) => session.given.has(row) && session.given.get(row) !== session.machine[row].index,
    none: (row) => session.final(row) < 0,
  };
  const wanted = filters[byId("filter").value];
  return session.machine.flatMap((_, row) => (wanted(row) ? [row] : []));
}

/**
 * @param {Session} session
 * @param {number} [size] rows of a page
 */
export function drawTable(session, size = PAGE) {
  const rows = chosenRows(session);
  first = Math.max(0, Math.min(first, rows.length - 1));
  first = size === Infinity ? 0 : first - (first % size);
  const shown = rows.slice(first, first + size);
  const names = ["Row", "Answer", "Score", "Suggested", "How sure", ""];
  const head = make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name || "Open"))));
  byId("answers").replaceChildren(head, make("tbody", {}, ...shown.map((row) => line(session, row))));
  byId("page-note").textContent = rows.length
    ? `rows ${first + 1} to ${first + shown.length} of ${rows.length.toLocaleString("en")}`
    : "no such answers";
  byId("earlier").disabled = first === 0;
  byId("later").disabled = first + size >= rows.length;
}

/**
 * @param {Session} session
 * @param {number} row
 */
function line(session, row) {
  const { label, confidence, status, refer } = session.machine[row];
  const text = session.text(row);
  const point = session.scorer.scale.points[session.final(row)] ?? "–";
  const sure = label === null ? "" : `${Math.round(100 * confidence)} %`;
  const remark = session.given.has(row) ? "reviewed" : inShort(refer) || (REMARKS[status] ?? "");
  return make(
    "tr", {},
    make("td", {}, String(session.table.numbers[row])),
    make("td", { class: "text", dir: "auto" }, text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text),
    make("td", {}, make("strong", {}, point)),
    make("td", {}, label ?? "–"),
    make("td", {}, sure, ...(remark ? [make("div", { class: "muted" }, remark)] : [])),
    make("td", {}, make("button", { "data-row": String(row), "aria-label": `Open the answer in row ${session.table.numbers[row]}` }, "Open")),
  );
}

/**
 * @param {Session} session
 * @param {number} pages forward, or back if below 0
 */
export function turnPage(session, pages) {
  first = Math.max(0, first + pages * PAGE);
  drawTable(session);
}
