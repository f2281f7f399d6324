/** The panel: the current claim, large, with what is known of it and what can be said of it. */

import { letter, letterOf } from "./article.js";
import { bdi, byId, el, lengthOf, percent, put, tame, unitsOf } from "./text.js";

const HIDDEN = "What the model and others say is hidden until you have decided.";
const REASONS = {
  named: "named there",
  alias: "by an alias",
  pronoun: "by a pronoun",
  "run-on": "the quotation runs on",
  group: "a group",
  narrator: "nobody is quoted",
};

/** The sentence, its claim marked, the words that name and report faintly. */
function sentence(claim) {
  if (!claim.sentence)
    return [el("span", { class: "remark" }, `Characters ${claim.start}–${claim.end}; this corpus holds no text.`)];
  const units = unitsOf(claim.sentence);
  const zero = claim.start - claim.offset;
  const place = (span, kind) => ({
    from: units(Math.max(0, span.start - zero)),
    to: units(Math.max(0, span.end - zero)),
    kind,
  });
  const pieces = claim.parts?.length ? claim.parts : [claim];
  const spans = [...pieces.map((piece) => place(piece, "said"))];
  if (claim.source?.end) spans.push(place(claim.source, "source"));
  if (claim.cue?.end) spans.push(place(claim.cue, "cue"));
  spans.sort((a, b) => a.from - b.from);
  const made = [];
  let at = 0;
  for (const { from, to, kind } of spans) {
    if (from < at || to <= from) continue;
    made.push(claim.sentence.slice(at, from));
    const text = claim.sentence.slice(from, to);
    made.push(
      kind === "said"
        ? el(
            "mark",
            { class: `said ${claim.decided || !claim.blind ? claim.stance || "hidden-stance" : "hidden-stance"}` },
            text,
          )
        : el("span", { class: kind }, text),
    );
    at = to;
  }
  made.push(claim.sentence.slice(at));
  return made.filter((piece) => piece !== "");
}

/** A short tag above the claim. */
const badge = (kind, text, title) => el("span", { class: `badge ${kind}`, title }, text);

function badges(claim, item) {
  return [
    claim.audit &&
      badge(
        "audit",
        claim.blind ? "Audit · blind" : "Audit",
        "Part of the random sample from which the error rate is estimated",
      ),
    !claim.audit && claim.blind && badge("audit", "Blind", "Labels are hidden until you have decided"),
    (item?.disputed || claim.disputed) && badge("disputed", "Disputed", "Annotators differ, and nobody has ruled"),
    claim.decided && badge("decided", "✓ Decided", "You have decided this claim"),
    Object.keys(claim.pending ?? {}).length > 0 &&
      badge("plain", "Edited in the file", "Edited by hand in claims.jsonl, and not adopted yet"),
    !claim.prediction && !claim.blind && badge("plain", "Added by hand", "No model has judged this claim"),
    claim.quotation && claim.quotation !== "none" && badge("plain", `${claim.quotation} quotation`),
  ];
}

/** Whose word a label is: the model's, one's own, other annotators', in that order. */
function words(claim, stance) {
  const said = Object.entries(claim.said?.stance ?? {}).filter(([, value]) => value === stance);
  return [
    claim.prediction?.stance === stance && el("span", { class: "by model" }, "model"),
    claim.mine?.stance === stance && el("span", { class: "by" }, "you"),
    ...said.map(([who]) => el("span", { class: "by" }, bdi(who))),
  ];
}

export class ClaimPanel {
  /** `names` gives a speaker's name; `targets` by id; `labels` in the order of their keys. */
  constructor({ labels, nameOf, targets, act }) {
    Object.assign(this, { labels, nameOf, targets, act });
    put(
      byId("labels"),
      labels.map((label, place) => this.#button(label, place)),
    );
  }

  #button(label, place) {
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span"));
    return el(
      "button",
      {
        type: "button",
        class: `label ${label}`,
        "data-label": label,
        "aria-pressed": "false",
        "aria-keyshortcuts": `${place + 1} ${label[0]}`,
        on: { click: () => this.act("label", label) },
      },
      el("kbd", { "aria-hidden": "true" }, String(place + 1)),
      letter(label),
      el("span", { class: "name" }, label),
      el("span", { class: "line" }, el("span", { class: "score" }), el("span", { class: "words" })),
      bar,
    );
  }

  /** Show a claim; `item` is what the queue knows of it, `place` where it stands there. */
  show(claim, item, place, title) {
    put(byId("place"), el("span", { class: "nowrap" }, place, " in "), bdi(title, { class: "in" }));
    put(byId("badges"), badges(claim, item));
    put(byId("before"), claim.before ?? "");
    put(byId("sentence"), ...sentence(claim));
    put(byId("after"), claim.after ?? "");
    this.#speaker(claim);
    this.#target(claim);
    this.#labels(claim);
    this.#hypotheses(claim);
    byId("note").value = claim.note;
    put(byId("siblings"), this.#siblings(claim));
  }

  #speaker(claim) {
    const said = claim.prediction;
    const sure = said && !claim.blind && said.speaker === claim.speaker && said.speaker_reason;
    put(byId("speaker-name"), bdi(this.nameOf(claim.speaker)));
    const others = Object.entries(claim.said?.speaker ?? {});
    put(
      byId("speaker-reason"),
      said && !claim.blind && said.speaker !== claim.speaker && ["the model: ", bdi(this.nameOf(said.speaker))],
      sure && `${REASONS[said.speaker_reason] ?? said.speaker_reason}, ${percent(said.speaker_score)}`,
      others.flatMap(([who, id], place) => [said || place ? " · " : null, bdi(who), ": ", bdi(this.nameOf(id))]),
    );
  }

  #target(claim) {
    const target = this.targets.get(claim.target);
    put(byId("target"), bdi(target?.name ?? claim.target));
    byId("target").title = target?.description ?? "";
  }

  #labels(claim) {
    const scores = claim.blind ? null : claim.prediction?.scores;
    for (const button of byId("labels").children) {
      const label = button.dataset.label;
      const score = scores?.[label];
      button.setAttribute("aria-pressed", String(claim.mine?.stance === label));
      put(button.querySelector(".words"), words(claim, label));
      put(button.querySelector(".score"), score === undefined ? "" : percent(score));
      button.querySelector(".bar span").style.width = `${100 * (score ?? 0)}%`;
    }
    byId("labels").classList.toggle("no-scores", !scores);
    const model = claim.prediction?.stance || (claim.blind ? "" : claim.stance);
    byId("confirm").hidden = !model;
    put(
      byId("confirm"),
      el("kbd", { "aria-hidden": "true" }, "↵"),
      " ",
      el("span", { class: "long" }, claim.prediction?.stance ? "The model is right: " : "Right as it stands: "),
      el("span", { class: "brief" }, claim.prediction?.stance ? "Model: " : "As is: "),
      el("b", {}, model),
    );
    byId("confirm").setAttribute(
      "aria-label",
      `Confirm ${claim.prediction?.stance ? "the model’s label" : "it as it stands"}: ${model}`,
    );
    byId("blind").hidden = !claim.blind;
    put(
      byId("blind"),
      claim.audit
        ? ["Audit: this claim is of the random sample that tells how good the corpus is. ", HIDDEN]
        : ["Blind. ", HIDDEN],
    );
  }

  #hypotheses(claim) {
    const given = Object.entries(claim.hypotheses ?? {}).filter(([, texts]) => texts?.length);
    byId("asked").hidden = !given.length;
    put(
      byId("hypotheses"),
      given.flatMap(([stance, texts]) => [
        el("dt", {}, letter(stance), el("span", { class: "away" }, stance)),
        texts.map((text) => el("dd", { dir: "auto" }, text)),
      ]),
    );
  }

  #siblings(claim) {
    if (!claim.siblings?.length) return [];
    return [
      el("h3", {}, "The same words, other targets"),
      el(
        "ul",
        { class: "plain-list" },
        claim.siblings.map((sibling) =>
          el("li", {}, this.#sibling(sibling, this.targets.get(sibling.target)?.name ?? sibling.target)),
        ),
      ),
    ];
  }

  #sibling({ id, stance }, target) {
    return el(
      "button",
      {
        type: "button",
        class: "row",
        "aria-label": tame(`${target}, ${stance || "hidden"}`),
        on: { click: () => this.act("visit", id) },
      },
      letter(stance),
      bdi(target),
    );
  }

  /** Nothing to show: say why, and offer what could be done. */
  empty(title, text, ...buttons) {
    put(
      byId("empty"),
      el("h2", { id: "empty-title", tabindex: "-1" }, title),
      el("p", {}, text),
      el("p", { class: "row-of-buttons" }, buttons),
    );
    byId("empty").hidden = false;
    byId("full").hidden = true;
  }

  full() {
    byId("empty").hidden = true;
    byId("full").hidden = false;
  }
}

/** What a value of a field reads as. */
export function readable(field, value, nameOf) {
  if (field === "speaker") return typeof value === "object" ? value.name : nameOf(value);
  if (field === "note") return value || "(no note)";
  return value ? `${letterOf(value)} · ${value}` : "hidden";
}

/** The first words of a text. */
export const short = (text, most = 90) =>
  lengthOf(text) > most ? `${[...text].slice(0, most).join("").trimEnd()}…` : text;
