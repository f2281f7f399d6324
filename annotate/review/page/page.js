/** The review page: what is looked at, what keys do, and what is heard from the server. */

import { Reading, letter } from "./article.js";
import { Chooser, speakerOptions } from "./choosing.js";
import { ClaimPanel, readable } from "./claim.js";
import { changes, settle } from "./conflict.js";
import { Filters } from "./filtering.js";
import { watchKeys } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Queue } from "./queue.js";
import { notice, say, state } from "./saying.js";
import { Away, ask, hasToken, watchToken, withQuery } from "./server.js";
import { bdi, byId, count, el, put, tame } from "./text.js";

const POLL = 2_000; // milliseconds between two looks at what others changed
const AHEAD = 5; // claims that are fetched before they are needed
const KEPT = 16; // articles that are kept
const LISTED = 6; // claims of the order that are listed
const STORE = "annotate-review";
const HOME = "annotate-home"; // which corpus, and whose decisions, this tab is for
const PAGES = 20; // how far to look for a claim that is not decided
const SIGNS = { unsaved: "!", saving: "…", safe: "✓" };
const ORDERS = { uncertain: "Uncertain first", reading: "Reading order" };

let corpus = null;
let speakers = new Map();
let targets = new Map();
let about = new Map(); // article id → what the corpus says of it
let queue = new Queue(() => ({ total: 0, items: [] }));
let order = "uncertain";
let filters = {};
let current = null; // the claim that is shown
let turn = 0; // how often another claim was asked for: an answer that comes too late is dropped
let since = 0;
let looking = false;
let ended = false; // whether the list has been gone through to its end
let sending = { waiting: 0, failure: null };
let gone = null; // why the server does not answer
const claims = new Map(); // id → claim, as last heard of
const asked = new Map(); // id → claim that is on its way
const articles = new Map(); // "id target" → article

const nameOf = (id) => speakers.get(id)?.name || id;
const titleOf = (id) => about.get(id)?.title || id;

const panel = { view: null };
const reading = new Reading(byId("article"), byId("article-body"), { choose: visit, nameOf });
const outbox = new Outbox({
  heard,
  refused,
  conflict: (entry, claim) => settle(entry, claim, nameOf),
  check,
  status: (now) => {
    sending = now;
    showState();
  },
});
const known = () => ({ labels: corpus.labels, speakers, targets, articles: about, here: speakersHere() });
const filtering = new Filters({ known, nameOf, titleOf, narrow });
const speakerChooser = new Chooser(byId("speaker-input"), byId("speaker-list"), {
  options: (typed) => speakerOptions(speakers, speakersHere(), typed, true),
  pick: ({ value }) => decideSpeaker(value),
});

/* ---- opening ---- */

async function open() {
  if (!hasToken())
    return locked(
      "This page needs its whole address",
      "Open the address that “annotate review” printed, with everything after the #.",
    );
  try {
    await meet(await ask("/api/corpus"));
    since = corpus.since;
  } catch (error) {
    return failedToOpen(error);
  }
  restore();
  await begin(remembered("claim"));
  poll();
  outbox.send();
}

async function meet(answer) {
  const home = `${answer.home} ${answer.annotator}`;
  const other = (corpus || outbox.size) && home !== (sessionStorage.getItem(HOME) ?? home);
  if (other) throw new Error("This address serves another corpus, or another annotator, now: close this tab");
  sessionStorage.setItem(HOME, home);
  corpus = answer;
  speakers = new Map(corpus.speakers.map((speaker) => [speaker.id, speaker]));
  targets = new Map(corpus.targets.map((target) => [target.id, target]));
  about = new Map(corpus.articles.map((article) => [article.id, article]));
  panel.view ??= new ClaimPanel({ labels: corpus.labels, nameOf, targets, act });
  put(byId("corpus-name"), bdi(corpus.name));
  put(byId("mode"), bdi(corpus.annotator), corpus.adjudicate && " · adjudicates", corpus.blind && " · blind");
  document.title = `${tame(corpus.name)} · review`;
  byId("guidance-fold").hidden = !corpus.guidance;
  put(byId("guidance"), corpus.guidance ?? "");
  progress(corpus.progress);
}

function failedToOpen(error) {
  gone = error;
  if (error.status === 401)
    return locked(
      "This address is of an earlier start",
      "The server runs under a new address now: open the one that “annotate review” printed last.",
    );
  locked("The server does not answer", "It may be starting, or have been stopped. This page tries again by itself.");
  setTimeout(open, POLL);
}

function locked(title, text) {
  byId("empty").hidden = false;
  byId("full").hidden = true;
  put(byId("empty"), el("h2", {}, title), el("p", {}, text));
  put(byId("counts"), "");
}

/** Another address of the server was opened: the same page goes on under it. */
async function retry() {
  gone = null;
  if (!corpus) return location.reload();
  outbox.now();
  await look();
}

function remembered(name) {
  return JSON.parse(sessionStorage.getItem(STORE) ?? "{}")[name];
}

function remember() {
  sessionStorage.setItem(STORE, JSON.stringify({ order, filters, claim: current?.id }));
}

const usual = () => (corpus.adjudicate ? { disputed: "yes" } : { decided: "no" });

function restore() {
  order = remembered("order") ?? "uncertain";
  filters = remembered("filters") ?? usual();
}

/* ---- the order of claims ---- */

/** Begin a list of claims, at the claim `id` if it is there to be decided. */
async function begin(id) {
  const wanted = { order, ...filters };
  queue = new Queue((offset, limit) =>
    ask(withQuery("/api/queue", { ...wanted, offset: String(offset), limit: String(limit) })),
  );
  put(byId("order-name"), ORDERS[order]);
  filtering.show(filters, usual());
  if (!(await guarded(() => queue.reach(0)))) return nothing();
  const first = queue.undecided(-1);
  queue.index = first < 0 ? 0 : first;
  const claim = id && (await guarded(() => claimOf(id)));
  if (claim && !claim.decided) queue.visit(itemOf(claim));
  await show(queue.current.id);
}

const itemOf = (claim) => ({
  id: claim.id,
  article: claim.article,
  speaker: claim.speaker,
  stance: claim.blind ? "" : claim.stance,
  decided: claim.decided,
  audit: claim.audit,
  disputed: false,
  text: claim.text,
  start: claim.start,
  end: claim.end,
});

/** The result of asking, or undefined where the server is away, which is said. */
async function guarded(asking) {
  try {
    return await asking();
  } catch (error) {
    if (error instanceof Away || error.status === 401) gone = error;
    else notice("problem", error.message);
    showState();
    return undefined;
  }
}

async function step(by) {
  if (await guarded(() => queue.reach(queue.index + by))) {
    if (queue.index + by < 0) return say("This is the first claim.");
    queue.index += by;
    return show(queue.current.id);
  }
  return gone ? undefined : say("This is the last claim.");
}

/** After a decision: to the next claim that is not decided, else to the next. */
async function advance() {
  let next = queue.undecided(queue.index);
  if (next < 0) leave(); // a second key, meant for the next claim, must not hit this one
  for (let page = 0; next < 0 && page < PAGES && (await guarded(() => queue.more())); page += 1)
    next = queue.undecided(queue.index);
  if (next < 0) next = filters.decided === "no" || queue.index + 1 >= queue.items.length ? -1 : queue.index + 1;
  if (next < 0) return gone ? waiting() : nothing();
  queue.index = next;
  return show(queue.current.id);
}

async function skip() {
  if (!current) return undefined;
  queue.skip();
  if (!queue.current) leave();
  if (await guarded(() => queue.reach(queue.index))) return show(queue.current.id, "Skipped.");
  return gone ? waiting() : nothing();
}

/** Go to a claim wherever it stands. */
async function visit(id) {
  const claim = await guarded(() => claimOf(id));
  if (!claim) return;
  queue.visit(queue.item(id) ?? itemOf(claim));
  await show(id);
}

/* ---- showing ---- */

async function claimOf(id) {
  if (claims.has(id)) return claims.get(id);
  if (!asked.has(id))
    asked.set(
      id,
      ask(`/api/claims/${encodeURIComponent(id)}`).finally(() => asked.delete(id)),
    );
  const claim = await asked.get(id);
  if (!claims.has(id)) claims.set(id, claim);
  return claims.get(id);
}

async function articleOf(id, target) {
  const key = `${id} ${target}`;
  if (!articles.has(key)) {
    articles.set(key, ask(withQuery(`/api/articles/${encodeURIComponent(id)}`, { target })));
    articles.get(key).catch(() => articles.delete(key));
    for (const old of articles.keys()) if (articles.size > KEPT) articles.delete(old);
  }
  return articles.get(key);
}

async function show(id, before = "") {
  const mine = ++turn;
  if (!claims.has(id)) leave(); // no key may hit the claim before while the next one is on its way
  const claim = claims.get(id) ?? (await guarded(() => claimOf(id).catch(nobody)));
  if (mine !== turn) return;
  if (!claim) return claim === null ? passOver() : waiting();
  current = claim;
  remember();
  draw();
  announce(before);
  byId("claim").scrollTop = 0;
  ahead();
  await showArticle(claim, mine);
}

/** null for a claim that is no more. */
function nobody(error) {
  if (error.status === 404) return null;
  throw error;
}

/** The claim that the list has is gone from the corpus: to the one after it. */
async function passOver() {
  queue.drop();
  return (await guarded(() => queue.reach(queue.index))) ? show(queue.current.id) : nothing();
}

/** No claim is shown as the current one. */
function leave() {
  current = null;
  delete byId("claim").dataset.claim;
}

function draw() {
  ended = false;
  byId("claim").dataset.claim = current.id;
  const item = queue.current;
  panel.view.full();
  panel.view.show(current, item?.id === current.id ? item : null, placeOf(), titleOf(current.article));
  showUpcoming();
}

function placeOf() {
  const total = Math.max(queue.total, queue.items.length);
  return `Claim ${(queue.index + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`;
}

function announce(before) {
  const blind = current.blind ? " Shown blind." : ` ${current.decided ? "Decided" : "Label"}: ${current.stance}.`;
  const place = `${before} ${placeOf()}.${current.audit ? " Audit." : ""}`;
  say(`${place} ${nameOf(current.speaker)}: ${current.text}${blind}`.trim());
}

async function showArticle(claim, mine) {
  const article = await guarded(() => articleOf(claim.article, claim.target));
  if (!article || mine !== turn) return;
  if (reading.article !== article) reading.show(article, about.get(claim.article) ?? {});
  reading.point([claim.id, ...partsOf(claim, article)], claim.start);
  put(byId("article-summary"), reading.summary);
}

/** The ids of all pieces of a claim that its cue splits. */
const partsOf = (claim, article) =>
  article.claims
    .filter(({ start, end }) => claim.parts?.some((part) => part.start === start && part.end === end))
    .map(({ id }) => id);

/** Fetch the claims to come, and the next one's article. */
async function ahead() {
  try {
    if (queue.index + 2 * AHEAD >= queue.items.length) await queue.more();
    const next = queue.items.slice(queue.index + 1, queue.index + 1 + AHEAD);
    for (const [place, item] of next.entries()) {
      const claim = await claimOf(item.id);
      if (!place) await articleOf(claim.article, claim.target);
    }
  } catch {
    // What cannot be fetched ahead is fetched, and missed, when it is needed.
  }
}

function showUpcoming() {
  const from = Math.max(0, Math.min(queue.index - 1, queue.items.length - LISTED));
  put(
    byId("upcoming"),
    queue.items.slice(from, from + LISTED).map((item, place) => {
      const here = from + place === queue.index;
      return el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "row", "aria-current": here && "true", on: { click: () => visit(item.id) } },
          letter(item.stance),
          el("span", { class: "row-text" }, bdi(nameOf(item.speaker), { class: "who" }), " ", bdi(item.text)),
          item.audit && el("span", { class: "badge audit" }, "audit"),
          item.decided && el("span", { class: "tick" }, "✓"),
        ),
      );
    }),
  );
}

function waiting() {
  leave();
  panel.view.empty(
    "Waiting for the server",
    "The next claim is not here yet. What you decided is kept, and sent as soon as the server answers.",
  );
}

function nothing() {
  turn += 1;
  leave();
  ended = true;
  remember();
  const narrowed = Object.keys(filters).some(
    (name) => filters[name] && !(name === "decided" && filters[name] === "no"),
  );
  const button = (text, change) => el("button", { type: "button", on: { click: change } }, text);
  const all = button("Show all claims", () => narrow({ decided: "" }));
  const { claims: total, decided } = corpus.progress;
  const [title, text, ...more] =
    decided >= total
      ? ["All claims are decided", `You have decided ${count(total, "claim")}. Nothing is left in this corpus.`]
      : narrowed
        ? [
            "Nothing left here",
            "No claim fits these filters, or you have decided all that do.",
            button("Clear the filters", () => narrow(usual())),
          ]
        : ["Nothing left here", "You have been through this list.", button("Begin again", () => narrow(filters))];
  panel.view.empty(title, text, ...more, all);
  say(byId("empty-title").textContent);
}

/* ---- deciding ---- */

function act(what, value) {
  if (what === "visit") return visit(value);
  return label(value);
}

async function label(stance) {
  if (!current) return say("The claim is not here yet.");
  const claim = current;
  const item = queue.item(claim.id);
  if (item) Object.assign(item, { decided: true, stance });
  outbox.decide(claim, "stance", stance);
  claims.set(claim.id, { ...claim, stance, decided: true, mine: { ...claim.mine, stance } });
  remark(claim.id, { stance, decided: true });
  if (document.activeElement?.closest("#labels, .steps")) toClaim(); // so that the next Enter is not this button's
  return advance();
}

function toClaim() {
  byId("claim").focus({ preventScroll: true });
}

function confirm() {
  const stance = current?.prediction?.stance || (current?.blind ? "" : current?.stance);
  if (stance) return label(stance);
  return say(current ? "Shown blind: choose a label." : "The claim is not here yet.");
}

/** Change how a claim is marked in the article, before the server has answered. */
function remark(id, change) {
  if (reading.update(id, change)) put(byId("article-summary"), reading.summary);
}

function decideSpeaker(to) {
  byId("speaker-dialog").close();
  if (!current || to === current.speaker) return;
  outbox.decide(current, "speaker", to);
  say(`Speaker: ${typeof to === "object" ? to.name : nameOf(to)}.`);
}

function decideNote() {
  const text = byId("note").value.trim();
  if (current && text !== current.note) {
    outbox.decide(current, "note", text);
    current = { ...current, note: text };
    claims.set(current.id, current);
  }
}

function undo() {
  if (!corpus.progress.undoable && !outbox.size) return say("There is nothing to undo.");
  return outbox.undo();
}

/* ---- hearing ---- */

/** The server has acknowledged an entry of the outbox. */
async function heard(entry, answer) {
  gone = null;
  if (answer.progress) progress(answer.progress);
  if (ended && !current) nothing();
  if (!answer.claim) return entry.kind === "undo" ? look() : undefined;
  await adopt(answer.claim);
  if (entry.kind !== "undo") return undefined;
  const { field, from, to } = answer.undone;
  const item = queue.item(answer.claim.id) ?? itemOf(answer.claim);
  queue.visit(item);
  return show(
    answer.claim.id,
    `Undone: ${field} from ${readable(field, from, nameOf)} back to ${readable(field, to, nameOf)}.`,
  );
}

/** Take in a claim as the server has it now. */
async function adopt(claim) {
  if (outbox.holds(claim.id)) return; // what the person decided since is newer
  if (!speakers.has(claim.speaker)) await learnSpeakers();
  claims.set(claim.id, claim);
  const item = queue.item(claim.id);
  const stance = claim.blind ? "" : claim.stance;
  if (item) Object.assign(item, { decided: claim.decided, speaker: claim.speaker, stance });
  remark(claim.id, { stance, decided: claim.decided, speaker: claim.speaker });
  if (current?.id !== claim.id) return showUpcoming();
  const typing = document.activeElement === byId("note") ? byId("note").value : null;
  current = claim;
  draw();
  if (typing !== null) byId("note").value = typing;
}

async function learnSpeakers() {
  const answer = await guarded(() => ask("/api/corpus"));
  if (answer) speakers = new Map(answer.speakers.map((speaker) => [speaker.id, speaker]));
}

function refused(entry, error) {
  const words = entry.kind === "undo" ? "Nothing was undone" : "A decision was not taken";
  notice("problem", `${words}: ${error.message}`);
  if (entry.claim) reload(entry.claim.id);
}

async function reload(id) {
  claims.delete(id);
  const claim = await guarded(() => claimOf(id));
  if (claim) await adopt(claim);
}

function progress(now) {
  corpus.progress = now;
  const meter = byId("meter");
  meter.max = Math.max(1, now.claims);
  meter.value = now.decided;
  const audit = now.audit?.size ? [` · audit ${now.audit.decided} of ${now.audit.size}`] : [];
  const disputed = now.disputed
    ? [" · ", el("span", { class: "nowrap" }, `${now.disputed.toLocaleString("en")} disputed`)]
    : [];
  put(
    byId("counts"),
    el("b", {}, now.decided.toLocaleString("en")),
    ` of ${now.claims.toLocaleString("en")} decided`,
    audit,
    disputed,
  );
  byId("undo").disabled = !now.undoable && !outbox?.size;
  showState();
}

/** What others changed, every two seconds; at once when the page is looked at again. */
async function poll() {
  if (!document.hidden) await look();
  setTimeout(poll, POLL);
}

async function look() {
  if (looking) return;
  looking = true;
  const was = gone;
  try {
    if (was) await reconnect();
    const answer = await ask(withQuery("/api/changes", { since: String(since) }));
    since = answer.since;
    gone = null;
    progress(answer.progress);
    await took(answer.claims);
  } catch (error) {
    gone = error;
    showState();
  } finally {
    looking = false;
  }
  if (was && !gone) await back();
}

/** Before anything is sent again: whether this is still the same corpus. */
async function check() {
  await meet(await ask("/api/corpus"));
}

/** The server may be another process by now, which counts its changes anew. */
async function reconnect() {
  await check();
  since = corpus.since;
  claims.clear();
  articles.clear();
}

async function back() {
  outbox.now();
  if (current) await reload(current.id);
  else if (queue.current) await advance();
  else await begin();
}

async function took(ids) {
  const others = ids.filter((id) => !outbox.holds(id));
  const stale = others.filter((id) => id !== current?.id);
  stale.forEach((id) => claims.delete(id));
  const here = `${reading.article?.id} ${current?.target ?? ""}`;
  if (others.length) articles.forEach((_, key) => key === here || articles.delete(key));
  if (current && others.includes(current.id)) await changedHere();
  if (reading.article?.claims.some(({ id }) => stale.includes(id))) await refreshArticle();
}

async function changedHere() {
  const before = current;
  const { id } = before;
  const claim = await guarded(() => ask(`/api/claims/${encodeURIComponent(id)}`));
  if (!claim || current?.id !== id || outbox.holds(id)) return;
  await adopt(claim);
  const words = changes(before, claim, nameOf);
  if (words && claim.version !== before.version) notice("change", `Changed elsewhere: ${words}.`);
}

async function refreshArticle() {
  const { id } = reading.article;
  const target = current?.target ?? "";
  articles.delete(`${id} ${target}`);
  const article = await guarded(() => articleOf(id, target));
  if (!article || reading.article.id !== id) return;
  Object.assign(reading.article, { claims: article.claims });
  articles.set(`${id} ${target}`, reading.article);
  reading.refresh(article.claims);
  put(byId("article-summary"), reading.summary);
}

/* ---- saying ---- */

function showState() {
  const failure = sending.failure ?? gone;
  const kind = failure ? "unsaved" : sending.waiting ? "saving" : "safe";
  byId("saved").className = `saved ${kind}`;
  put(byId("saved"), el("span", { class: "dot", "aria-hidden": "true" }, SIGNS[kind]), " ", saved(failure));
  byId("undo").disabled = !corpus?.progress.undoable && !sending.waiting;
  state("trouble", failure ? trouble(failure) : (corpus?.progress.problem ?? ""), true);
  state("pending", pending());
}

function saved(failure) {
  if (!failure) return sending.waiting ? `Saving ${sending.waiting}` : "All saved";
  return sending.waiting ? `${count(sending.waiting, "decision")} not saved` : "Server away";
}

function trouble(failure) {
  const kept = sending.waiting
    ? ` ${count(sending.waiting, "decision is", "decisions are")} kept in this tab, not saved yet: leave it open.`
    : "";
  if (failure.status === 401)
    return `The server was started again under a new address: open the one it printed.${kept}`;
  const cause = failure instanceof Away ? "The server does not answer; trying again." : `${failure.message}.`;
  return `${cause}${kept}`;
}

function pending() {
  const edits = corpus?.progress.pending;
  if (!edits) return "";
  const held = `claims.jsonl holds ${count(edits, "edit")} made by hand and not adopted.`;
  const then = `the file shows it once you have run: annotate adopt ${corpus.name}`;
  return `${held} What you decide here is safe in the log; ${then}`;
}

/* ---- order and filters ---- */

function reorder() {
  order = order === "uncertain" ? "reading" : "uncertain";
  say(`Order: ${ORDERS[order]}.`);
  return begin(current?.id);
}

/** See other claims; the current one stays where only what is decided or disputed is asked for. */
function narrow(wanted) {
  filters = wanted;
  const others = Object.keys(wanted).some((name) => wanted[name] && !["decided", "disputed"].includes(name));
  return begin(others ? undefined : current?.id);
}

function speakersHere() {
  return new Set((reading.article?.claims ?? []).map(({ speaker }) => speaker));
}

function openSpeakers() {
  if (!current) return;
  byId("speaker-input").value = "";
  byId("speaker-dialog").showModal();
  speakerChooser.open();
  byId("speaker-input").focus();
}

/* ---- keys and buttons ---- */

const next = () => step(1);
const previous = () => step(-1);
const filter = () => filtering.open(filters);
const help = () => byId("help-dialog").showModal();

const KEYS = {
  f: () => label("favor"),
  n: () => label("neutral"),
  a: () => label("against"),
  Enter: confirm,
  j: next,
  ArrowRight: next,
  ArrowDown: next,
  k: previous,
  ArrowLeft: previous,
  ArrowUp: previous,
  s: openSpeakers,
  m: () => byId("note").focus(),
  x: skip,
  u: undo,
  "/": filter,
  o: reorder,
  "?": help,
};
const BUTTONS = { order: reorder, filter, help, confirm, undo, skip, previous, next, speaker: openSpeakers };

function noteKeys(event) {
  if (event.isComposing || (event.key !== "Escape" && (event.key !== "Enter" || event.shiftKey))) return;
  event.preventDefault();
  if (event.key === "Escape") byId("note").value = current?.note ?? "";
  byId("note").blur();
  toClaim();
}

function wire() {
  watchKeys(KEYS, () => corpus?.labels ?? []);
  document.addEventListener("visibilitychange", () => corpus && !document.hidden && look());
  addEventListener("beforeunload", (event) => outbox.size && event.preventDefault());
  byId("note").addEventListener("keydown", noteKeys);
  byId("note").addEventListener("blur", decideNote);
  byId("reveal").addEventListener("click", () => reading.reveal());
  for (const [id, click] of Object.entries(BUTTONS)) byId(id).addEventListener("click", () => corpus && click());
  byId("filter-clear").addEventListener("click", () => {
    byId("filter-dialog").close();
    narrow(usual());
  });
  for (const dialog of document.querySelectorAll("dialog"))
    dialog.addEventListener("close", () => document.activeElement === document.body && toClaim());
  for (const button of document.querySelectorAll("button[data-closes]"))
    button.addEventListener("click", () => byId(button.dataset.closes).close());
}

wire();
watchToken(retry, () => gone?.status === 401 || sending.failure?.status === 401);
open();
