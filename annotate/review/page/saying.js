/** What the page says: to a screen reader, and in notices below the bar. */

import { byId, el, tame } from "./text.js";

const stated = {};

/** Say something to whoever listens. */
export function say(words) {
  byId("live").textContent = tame(words);
}

/** A notice, one of a kind at a time, that the person may close unless it is lasting; "" takes it away. */
export function notice(kind, text, lasting = false) {
  byId("notices").querySelector(`.${kind}`)?.remove();
  if (!text) return;
  const click = (event) => event.target.closest(".notice").remove();
  const close = el("button", { type: "button", "aria-label": "Close this notice", on: { click } }, "×");
  byId("notices").append(el("div", { class: `notice ${kind}` }, el("p", {}, text), !lasting && close));
}

/** A notice of something that lasts: said when it begins or changes, taken away when it ends. */
export function state(kind, words, lasting = false) {
  if (words === (stated[kind] ?? "")) return;
  stated[kind] = words;
  notice(kind, words, lasting);
}
