/**
 * The few things that every view needs of the document.
 */

/**
 * @param {string} id of an element that the page has
 * @returns {any} typed loosely: the page's markup says what it is
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children text is never read as markup
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const SECTIONS = ["open", "setup", "working", "result", "card"];

/**
 * Show one section of the page and bring readers to its heading.
 * @param {string} wanted
 */
export function show(wanted) {
  for (const section of SECTIONS) byId(section).hidden = section !== wanted;
  byId("lead").hidden = wanted !== "open";
  byId(`${wanted}-title`).focus();
  window.scrollTo(0, 0);
}

/**
 * Say something without moving the focus.
 * @param {string} text
 */
export function say(text) {
  byId("live").textContent = text;
}

/**
 * @param {string} text shown until the next step; empty hides it
 */
export function warn(text) {
  byId("message").textContent = text;
  byId("message").hidden = text === "";
}

/**
 * @param {number} n
 * @param {string} one
 * @param {string} many
 */
export function counted(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
