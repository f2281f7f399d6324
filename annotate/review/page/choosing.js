/** A field with type-ahead over a list, the ARIA combobox: focus stays in the field, arrows move in the list. */

import { bdi, count, el, put, tame } from "./text.js";

const MOST = 50; // options in the DOM at a time

const folded = (string) => string.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** How well words fit names: 0 not at all, then a word inside, every word at the head of one, the whole at the head. */
function fit(query, names) {
  if (!query) return 1;
  const words = query.split(/\s+/);
  return Math.max(
    ...names.map((name) => {
      if (name.startsWith(query)) return 3;
      const parts = name.split(/[\s-]+/);
      if (words.every((word) => parts.some((part) => part.startsWith(word)))) return 2;
      return name.includes(query) ? 1 : 0;
    }),
  );
}

/** Those of `options` ({value, name, detail, aliases, first}) that fit what was typed, the best first. */
export function matching(options, typed) {
  const query = folded(typed.trim());
  const scored = options.map((option) => [fit(query, [option.name, ...(option.aliases ?? [])].map(folded)), option]);
  const fitting = scored.filter(([score]) => score > 0);
  fitting.sort(([a, one], [b, other]) => b - a || Boolean(other.first) - Boolean(one.first));
  return fitting.map(([, option]) => option);
}

export class Chooser {
  /** `options(typed)` gives what may be chosen, `pick(option)` is called with what was. */
  constructor(input, list, { options, pick }) {
    Object.assign(this, { input, list, options, pick });
    this.found = [];
    this.active = 0;
    input.addEventListener("input", () => this.open());
    input.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.#clicked(event));
  }

  get isOpen() {
    return !this.list.hidden;
  }

  open() {
    this.found = this.options(this.input.value);
    this.active = 0;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const rest = this.found.length - MOST;
    const shown = this.found.slice(0, MOST).map((option, place) => this.#option(option, place));
    put(
      this.list,
      ...shown,
      rest > 0 && this.#remark(`${count(rest, "more name")}: type to narrow`),
      !this.found.length && this.#remark("Nobody fits what you typed."),
    );
    this.#mark();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #option(option, place) {
    return el(
      "li",
      { role: "option", id: `${this.list.id}-${place}`, "data-place": place, "aria-selected": "false" },
      el("span", {}, option.made && "New person: ", bdi(option.name)),
      option.detail && el("small", {}, option.detail),
    );
  }

  #remark(string) {
    return el("li", { role: "option", "aria-disabled": "true", class: "remark" }, string);
  }

  #mark() {
    this.list.querySelectorAll("[data-place]").forEach((item, place) => {
      item.setAttribute("aria-selected", String(place === this.active));
      if (place === this.active) item.scrollIntoView({ block: "nearest" });
    });
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const last = Math.min(this.found.length, MOST) - 1;
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!this.isOpen) this.open();
      else this.active = Math.max(0, Math.min(last, this.active + (event.key === "ArrowDown" ? 1 : -1)));
      this.#mark();
    } else if (event.key === "Enter" && this.isOpen) this.#choose(this.active);
    else if (event.key === "Escape" && this.isOpen && this.input.dataset.closes === "list") this.close();
    else return;
    event.preventDefault();
  }

  #clicked(event) {
    const item = event.target.closest("[data-place]");
    if (item) this.#choose(Number(item.dataset.place));
  }

  #choose(place) {
    const option = this.found[place];
    if (option) this.pick(option);
  }
}

/** What can be chosen as a speaker: the corpus's, those of the article first, and whoever is typed and not listed. */
export function speakerOptions(speakers, here, typed, mayBeNew) {
  const detail = ({ id, listed }) =>
    id === "narrator"
      ? "what the article itself states"
      : id === "unknown"
        ? "somebody, untold"
        : listed
          ? "codebook"
          : id;
  const options = [...speakers.values()].map((speaker) => ({
    value: speaker.id,
    name: speaker.name || speaker.id,
    detail: detail(speaker),
    aliases: [...(speaker.aliases ?? []), speaker.id],
    first: here.has(speaker.id),
  }));
  const found = matching(options, typed);
  const name = tame(typed).trim();
  const known = found.some((option) => folded(option.name) === folded(name));
  return name && mayBeNew && !known ? [...found, { value: { name }, name, made: true }] : found;
}
