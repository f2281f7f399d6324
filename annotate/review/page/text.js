/**
 * Text of the corpus on the page: always as text, never as markup, and never able to reorder what stands around it.
 * Every node of the page is made by `el`; nothing here or elsewhere parses a string as HTML.
 */

const NAMES = {
  0x202a: "LRE",
  0x202b: "RLE",
  0x202c: "PDF",
  0x202d: "LRO",
  0x202e: "RLO",
  0x2066: "LRI",
  0x2067: "RLI",
  0x2068: "FSI",
  0x2069: "PDI",
  0xfeff: "BOM",
  0x0000: "NUL",
  0x001b: "ESC",
};

/** Characters that are shown by name instead of working: controls, and what overrides or embeds a direction. */
const WORKING = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g;

const hex = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

function shown(character) {
  const span = document.createElement("span");
  span.className = "control";
  span.textContent = NAMES[character.codePointAt(0)] ?? hex(character);
  span.title = `The character ${hex(character)} stands here; it is shown, and does nothing.`;
  return span;
}

/** Nodes for a string: text as it is, working characters by name. */
export function nodes(string) {
  const made = [];
  let from = 0;
  for (const match of string.matchAll(WORKING)) {
    if (match.index > from) made.push(document.createTextNode(string.slice(from, match.index)));
    made.push(shown(match[0]));
    from = match.index + match[0].length;
  }
  if (from < string.length) made.push(document.createTextNode(string.slice(from)));
  return made;
}

/** A string for attributes and titles, where no node can stand: working characters are left out. */
export const tame = (string) => string.replace(WORKING, "");

/**
 * An element: `on` holds listeners, `class` the class, every other property is an attribute (false and undefined leave
 * it out, true sets it empty). Children are nodes or strings; empty ones (null, undefined, false) are left out.
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** Replace what an element holds. */
export function put(element, ...children) {
  const kept = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  element.replaceChildren(...kept.flatMap((child) => (child instanceof Node ? [child] : nodes(String(child)))));
}

export const byId = (id) => document.getElementById(id);

/** Somebody's own words or name, whose direction must not spill over. */
export const bdi = (string, properties = {}) => el("bdi", properties, string);

/** A function from an offset in code points, as the corpus counts, to one in UTF-16 units, as strings here do. */
export function unitsOf(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (offset) => offset;
  const starts = [];
  for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) starts.push(unit);
  return (offset) => starts[offset] ?? text.length;
}

/** How many code points a string has. */
export const lengthOf = (string) => {
  let count = 0;
  for (const _ of string) count += 1;
  return count;
};

export const percent = (share) => `${Math.round(100 * share)} %`;

/** "1 claim", "2 claims". */
export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
