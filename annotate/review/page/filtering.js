/** Which claims are gone through: the filters in use as chips, and the dialog that sets them. */

import { Chooser, matching, speakerOptions } from "./choosing.js";
import { short } from "./claim.js";
import { bdi, byId, el, put, tame } from "./text.js";

const STATES = { no: "not decided yet", yes: "decided by you" };

export class Filters {
  /**
   * `known()` gives {labels, speakers, targets, articles, here}: maps by id, and the speakers of the article that is
   * read; `narrow(filters)` is called with what the person wants to see.
   */
  constructor({ known, nameOf, titleOf, narrow }) {
    Object.assign(this, { known, nameOf, titleOf, narrow });
    this.picked = { speaker: "", article: "" };
    this.options = {
      speaker: (typed) => speakerOptions(known().speakers, known().here, typed, false),
      article: (typed) => matching([...known().articles.values()].map(articleOption), typed),
    };
    for (const name of Object.keys(this.picked)) this.#chooser(name);
    byId("filter-apply").addEventListener("click", () => this.#apply());
  }

  /** Show the filters in use; those that are as usual can be left out where there is little room. */
  show(filters, usual) {
    const used = Object.entries(filters).filter(([, value]) => value);
    const chips = used.map(([name, value]) => {
      const text = this.#words(name, value);
      const click = () => this.narrow({ ...filters, [name]: "" });
      const properties = {
        type: "button",
        class: "chip",
        "aria-label": tame(`Without the filter ${text}`),
        on: { click },
      };
      return el("li", {}, el("button", properties, bdi(text), el("span", { "aria-hidden": "true" }, "×")));
    });
    put(byId("chips"), chips);
    byId("chips").classList.toggle("usual", used.length > 0 && used.every(([name, value]) => value === usual[name]));
    byId("chips").hidden = !chips.length;
  }

  #words(name, value) {
    if (name === "speaker") return `Speaker: ${this.nameOf(value)}`;
    if (name === "article") return `Article: ${short(this.titleOf(value), 40)}`;
    if (name === "target") return `Target: ${this.known().targets.get(value)?.name ?? value}`;
    return name === "decided" ? STATES[value] : name === "disputed" ? "disputed" : `Stance: ${value}`;
  }

  open(filters) {
    const { labels, targets } = this.known();
    const pairs = (values, name) => values.map((value) => [value, name(value)]);
    fill("filter-stance", pairs(labels, String), filters.stance);
    fill(
      "filter-target",
      pairs([...targets.keys()], (id) => targets.get(id).name),
      filters.target,
    );
    byId("filter-decided").value = filters.decided ?? "";
    byId("filter-disputed").checked = filters.disputed === "yes";
    this.picked = { speaker: filters.speaker ?? "", article: filters.article ?? "" };
    byId("filter-speaker").value = this.picked.speaker && tame(this.nameOf(this.picked.speaker));
    byId("filter-article").value = this.picked.article && tame(this.titleOf(this.picked.article));
    byId("filter-dialog").showModal();
  }

  #chooser(name) {
    const input = byId(`filter-${name}`);
    const pick = (option) => {
      this.picked[name] = option.value;
      input.value = tame(option.name);
      chooser.close();
    };
    const chooser = new Chooser(input, byId(`filter-${name}-list`), { options: this.options[name], pick });
    input.addEventListener("input", () => (this.picked[name] = ""));
    input.addEventListener("blur", () => chooser.close());
  }

  /** What was picked, or else the best that fits what was typed; "" where nothing was. */
  #chosen(name) {
    const typed = byId(`filter-${name}`).value.trim();
    return typed && (this.picked[name] || this.options[name](typed)[0]?.value || "");
  }

  #apply() {
    byId("filter-dialog").close();
    const [stance, target, decided] = ["stance", "target", "decided"].map((name) => byId(`filter-${name}`).value);
    const disputed = byId("filter-disputed").checked ? "yes" : "";
    this.narrow({
      speaker: this.#chosen("speaker"),
      article: this.#chosen("article"),
      stance,
      target,
      decided,
      disputed,
    });
  }
}

const articleOption = ({ id, title, outlet, date }) => ({
  value: id,
  name: title || id,
  detail: [outlet, date].filter(Boolean).join(", "),
});

/** Fill a select with [value, name] pairs after its first option, which is "any". */
function fill(id, pairs, value) {
  const [any] = byId(id).options;
  const options = pairs.map(([key, name]) => el("option", { value: key }, tame(name)));
  put(byId(id), any, options);
  byId(id).value = value ?? "";
}
