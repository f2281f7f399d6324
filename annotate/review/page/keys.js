/** Single keys: what they do, and when they are left to the browser. */

import { byId } from "./text.js";

const REPEATED = new Set(["j", "k", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]);
const STORE = "annotate-single-keys";

/** The key that was meant: digits by their place too, for keyboards that have them on Shift. */
function keyOf(event, labels) {
  const placed = event.shiftKey ? null : /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  const label = labels[Number(/^[1-9]$/.test(event.key) ? event.key : placed) - 1];
  if (label) return label[0];
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/** Whether somebody types, or a key is the browser's: no key of ours is taken from a field, a dialog or a button. */
function leftAlone(event, key) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return true;
  if (document.querySelector("dialog[open]")) return true;
  if (!target.checkVisibility()) return false; // what was focused in a dialog that has just been closed
  if (target.closest("input, textarea, select")) return true;
  if (key === "Enter" && target.closest("button, a, summary")) return true;
  if (["ArrowUp", "ArrowDown"].includes(key) && target.closest("#article")) return true;
  return event.repeat && !REPEATED.has(key);
}

/** Let keys do what `keys` says, by their names; digits stand for the labels that `labels()` gives, in their order. */
export function watchKeys(keys, labels) {
  const single = byId("single-keys");
  single.checked = localStorage.getItem(STORE) !== "off";
  single.addEventListener("change", () => localStorage.setItem(STORE, single.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    const key = keyOf(event, labels());
    if (!Object.hasOwn(keys, key) || leftAlone(event, key) || (key.length === 1 && !single.checked)) return;
    event.preventDefault();
    keys[key]();
  });
}
