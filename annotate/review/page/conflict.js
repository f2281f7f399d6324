/** A claim that was changed since the person saw it: both values are shown, and the person chooses. */

import { letter } from "./article.js";
import { readable } from "./claim.js";
import { say } from "./saying.js";
import { bdi, byId, put } from "./text.js";

const FIELDS = ["stance", "speaker", "note"];

/** What was changed, in words. */
export function changes(before, after, nameOf) {
  const apart = FIELDS.filter((name) => before[name] !== after[name]);
  const one = (name, claim) => readable(name, claim[name], nameOf);
  return apart.map((name) => `${name} from ${one(name, before)} to ${one(name, after)}`).join("; ");
}

/** Who says what stands there. */
function whose(claim, field) {
  const others = Object.entries(claim.said?.[field] ?? {}).filter(([, value]) => value === claim[field]);
  const mine = claim.mine?.[field] === claim[field] ? ["you, elsewhere"] : [];
  const all = [...mine, ...others.map(([who]) => who)];
  return all.length ? `said by ${all.join(", ")}` : "as the corpus has it";
}

function fill({ field, to, claim: seen }, claim, nameOf) {
  const shown = (value) =>
    field === "stance" ? [letter(value), " ", value || "hidden"] : bdi(readable(field, value, nameOf));
  const changed = changes(seen, claim, nameOf);
  const where = "Since you saw this claim it was changed in another tab, by another annotator, or by hand in the file";
  put(byId("conflict-why"), where, changed && ": ", changed, `. Which ${field} shall stand?`);
  const text = claim.text || `characters ${claim.start}–${claim.end}`;
  put(byId("conflict-text"), bdi(nameOf(claim.speaker), { class: "who" }), " ", text);
  put(byId("conflict-mine"), shown(to));
  put(byId("conflict-theirs"), shown(claim[field]));
  put(byId("conflict-who"), whose(claim, field));
}

/** Show a decision, and the claim as it is now; true, in time, where the person keeps their own. */
export function settle(entry, claim, nameOf) {
  const dialog = byId("conflict-dialog");
  fill(entry, claim, nameOf);
  dialog.oncancel = (event) => event.preventDefault(); // it is not to be waved away
  dialog.showModal();
  say("Conflict: this claim was changed since you saw it.");
  return new Promise((resolve) => {
    const answer = (keep) => () => {
      dialog.close();
      resolve(keep);
    };
    byId("conflict-keep").onclick = answer(true);
    byId("conflict-leave").onclick = answer(false);
  });
}
