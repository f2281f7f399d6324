/** The article as a reader sees it, with its claims marked in place. */

import { bdi, count, el, put, unitsOf } from "./text.js";

const CHUNK = 6_000; // UTF-16 units of text that are laid out, and marked, together
const HEADING = 90; // a short line that closes with no full stop and holds no claim looks like a heading

/** The letter that tells a stance without colour; "?" while it is hidden. */
export const letterOf = (stance) => (stance ? stance[0].toUpperCase() : "?");

export const letter = (stance) =>
  el("span", { class: `letter ${stance || "hidden-stance"}`, "aria-hidden": "true" }, letterOf(stance));

const lines = (text) =>
  [...text.matchAll(/[^\r\n]+/g)].map(({ 0: line, index }) => ({ start: index, end: index + line.length }));

/** Lines in groups that are laid out together. */
function chunks(text) {
  const groups = [];
  for (const line of lines(text)) {
    const last = groups.at(-1);
    if (last && line.end - last[0].start < CHUNK) last.push(line);
    else groups.push([line]);
  }
  return groups;
}

/** The parts of a line: {text} between claims, {text, claim} in one; of claims that overlap, the rest of the later. */
function parts(text, line, claims) {
  const made = [];
  let from = line.start;
  for (const claim of claims) {
    const start = Math.max(claim.from, from);
    const end = Math.min(claim.to, line.end);
    if (end <= start) continue;
    if (start > from) made.push({ text: text.slice(from, start) });
    made.push({ text: text.slice(start, end), claim, first: start === Math.max(claim.from, line.start) });
    from = end;
  }
  if (from < line.end) made.push({ text: text.slice(from, line.end) });
  return made;
}

export class Reading {
  /** `pane` is what scrolls, `body` what is filled; `choose(id)` is called with a claim that was clicked. */
  constructor(pane, body, { choose, nameOf }) {
    Object.assign(this, { pane, body, choose, nameOf });
    this.article = null;
    this.current = "";
    const near = { rootMargin: "1200px", scrollMargin: "1200px" };
    this.observer = new IntersectionObserver((seen) => this.#seen(seen), near);
    body.addEventListener("click", (event) => this.#clicked(event));
  }

  /** Show an article: {id, title, text, claims} and what the corpus says of where it is from. */
  show(article, about) {
    this.article = article;
    this.observer.disconnect();
    this.units = unitsOf(article.text);
    this.#take(article.claims);
    this.title = about.title || article.title || article.id;
    this.sections = article.text ? this.#sections(article.text) : [this.#lengths()];
    put(this.body, this.#head(article, about), ...this.sections);
    this.sections.forEach((section) => this.observer.observe(section));
    this.pane.scrollTop = 0;
  }

  #take(claims) {
    this.claims = claims.map((claim) => ({ ...claim, from: this.units(claim.start), to: this.units(claim.end) }));
    this.claims.sort((a, b) => a.from - b.from || a.to - b.to);
  }

  /** The same article, its claims as they are now. */
  refresh(claims) {
    this.#take(claims);
    if (!this.article.text) {
      const lengths = this.#lengths();
      this.sections[0].replaceWith(lengths);
      this.sections = [lengths];
    }
    for (const section of this.sections) if (section.dataset.marked) this.#mark(section);
  }

  /** Change what is known of one claim; false where it is not in this article. */
  update(id, change) {
    const claim = this.claims?.find((one) => one.id === id);
    if (!claim) return false;
    Object.assign(claim, change);
    if (!this.article.text) this.refresh(this.claims);
    for (const section of this.sections) {
      const here = section.lines && claim.to > section.lines[0].start && claim.from < section.lines.at(-1).end;
      if (here && section.dataset.marked) this.#mark(section);
    }
    return true;
  }

  #head(article, about) {
    const from = [about.outlet, about.author, about.date].filter(Boolean);
    const web = /^https?:\/\//i.test(about.url ?? "");
    return el(
      "header",
      { class: "from" },
      el("h2", { id: "article-title" }, bdi(this.title)),
      el(
        "p",
        {},
        from.flatMap((part, place) => [place ? " · " : null, bdi(part)]),
        from.length && web ? " · " : null,
        web && el("a", { href: about.url, rel: "noreferrer noopener", target: "_blank" }, "original"),
      ),
    );
  }

  #sections(text) {
    const groups = chunks(text);
    return groups.map((group) => {
      const section = el(
        "div",
        { class: groups.length > 1 ? "chunk far" : "chunk" },
        group.map((line) => el("p", { dir: "auto" }, text.slice(line.start, line.end))),
      );
      section.lines = group;
      return section;
    });
  }

  /** What a stand-off corpus can show: where each claim is, and how long. */
  #lengths() {
    const items = this.claims.map((claim) =>
      el(
        "li",
        {},
        this.#span({
          claim,
          first: true,
          text: `characters ${claim.start}–${claim.end}, ${claim.end - claim.start} long`,
        }),
      ),
    );
    const section = el(
      "div",
      { class: "chunk lengths" },
      el(
        "p",
        { class: "remark" },
        "This corpus holds no text: offsets and labels only. “annotate hydrate” puts the text back.",
      ),
      el("ol", {}, items),
    );
    section.dataset.marked = "true";
    return section;
  }

  #seen(entries) {
    for (const { isIntersecting, target } of entries) if (isIntersecting && !target.dataset.marked) this.#mark(target);
  }

  #mark(section) {
    if (!section.lines) return;
    const { text } = this.article;
    const [first, last] = [section.lines[0].start, section.lines.at(-1).end];
    const inside = this.claims.filter((claim) => claim.to > first && claim.from < last);
    put(
      section,
      section.lines.map((line) => {
        const here = inside.filter((claim) => claim.to > line.start && claim.from < line.end);
        const string = text.slice(line.start, line.end);
        const heading = !here.length && string.length <= HEADING && !/[.!?…”"’:;,]\s*$/.test(string);
        return el(
          "p",
          { dir: "auto", class: heading && "heading", hidden: string.trim() === this.title && !here.length },
          parts(text, line, here).map((part) => (part.claim ? this.#span(part) : part.text)),
        );
      }),
    );
    section.dataset.marked = "true";
    this.#highlight(section);
  }

  #span({ text, claim, first }) {
    const states = [
      claim.stance || "hidden-stance",
      claim.decided && "decided",
      claim.audit && !claim.stance && "audit",
    ];
    return el(
      "mark",
      {
        class: ["claim", ...states].filter(Boolean).join(" "),
        "data-claim": claim.id,
        "data-head": claim.head || claim.id,
      },
      first && this.#tag(claim),
      text,
    );
  }

  #tag(claim) {
    const said = [claim.stance || "label hidden", claim.decided && "decided"].filter(Boolean).join(", ");
    return el(
      "button",
      { type: "button", class: "tag" },
      letter(claim.stance),
      el("span", { class: "away" }, `${said}: `),
      bdi(this.nameOf(claim.speaker), { class: "who" }),
      claim.decided && el("span", { class: "tick", "aria-hidden": "true" }, "✓"),
    );
  }

  #clicked(event) {
    const mark = event.target.closest("[data-claim]");
    if (mark && getSelection().isCollapsed) this.choose(mark.dataset.head);
  }

  /** Point out a claim by the ids of all its parts and its start; bring it into view where the pane scrolls. */
  point(ids, start) {
    this.ids = new Set(ids);
    const from = this.units(start);
    const section = this.sections.find((one) => one.lines && one.lines.at(-1).end > from) ?? this.sections[0];
    if (!section.dataset.marked) this.#mark(section);
    this.sections.forEach((one) => one.dataset.marked && this.#highlight(one));
    if (getComputedStyle(this.pane).overflowY !== "visible") this.#centre();
  }

  #highlight(section) {
    for (const mark of section.querySelectorAll("[data-claim]")) {
      const here = this.ids?.has(mark.dataset.claim) ?? false;
      mark.classList.toggle("current", here);
      if (here) mark.setAttribute("aria-current", "true");
      else mark.removeAttribute("aria-current");
    }
  }

  reveal() {
    this.body.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  }

  /** Scroll the pane, and nothing around it, so that the claim stands a little above its middle. */
  #centre() {
    const mark = this.body.querySelector("[aria-current]");
    if (!mark) return;
    const { top } = mark.getBoundingClientRect();
    this.pane.scrollTop += top - this.pane.getBoundingClientRect().top - 0.4 * this.pane.clientHeight;
  }

  /** A word on how many claims are here. */
  get summary() {
    const heads = this.claims.filter(({ head }) => !head);
    const done = heads.filter(({ decided }) => decided).length;
    return `${count(heads.length, "claim")} here, ${done.toLocaleString("en")} decided`;
  }
}
