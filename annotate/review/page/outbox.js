/**
 * Decisions on their way: sent one by one, in the order they were made, until the server has acknowledged each.
 * What is not acknowledged outlives a reload of the page; it is sent again under the same key, so that it counts once.
 */

import { Refused, ask } from "./server.js";

const STORE = "annotate-outbox";
const WAITS = [500, 1_000, 2_000, 4_000, 8_000]; // milliseconds

export class Outbox {
  #entries = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
  #sending = false;
  #wake = () => {};

  /**
   * `heard(entry, answer)` follows an acknowledgement, `refused(entry, error)` a refusal for good;
   * `conflict(entry, claim)` answers, in time, whether to insist on the decision; `check()` throws where nothing may
   * be sent again, and `status(state)` is told of {waiting, failure}.
   */
  constructor({ heard, refused, conflict, check, status }) {
    Object.assign(this, { heard, refused, conflict, check, status });
    this.attempts = 0;
    this.failure = null;
  }

  get size() {
    return this.#entries.length;
  }

  /** Whether something about this claim is on its way. */
  holds(claim) {
    return this.#entries.some((entry) => entry.claim?.id === claim);
  }

  /** Send a decision: `claim` as it was seen when the person decided. */
  decide(claim, field, to) {
    const { id, stance, speaker, note, decided } = claim;
    const last = this.#entries.findLast((entry) => entry.claim?.id === id);
    // The page is not told of an acknowledged decision while a later one is on its way.
    const version = last?.claim.was?.includes(claim.version) ? last.claim.version : claim.version;
    const seen = { id, version, stance, speaker, note, decided };
    this.#add({ kind: "decision", key: crypto.randomUUID(), claim: seen, field, to });
  }

  /** Take back the last decision. */
  undo() {
    this.#add({ kind: "undo", key: crypto.randomUUID() });
  }

  #add(entry) {
    this.#entries.push(entry);
    this.#keep();
    this.send();
  }

  #keep() {
    sessionStorage.setItem(STORE, JSON.stringify(this.#entries));
    this.status({ waiting: this.size, failure: this.failure });
  }

  /** Try at once, whatever pause was being made. */
  now() {
    this.#wake();
    this.send();
  }

  async send() {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#entries.length) {
      const entry = this.#entries[0];
      try {
        if (this.attempts) await this.check();
        const answer = await this.#post(entry);
        this.#done(entry, answer);
        this.heard(entry, answer);
      } catch (error) {
        await this.#failed(entry, error);
      }
    }
    this.#sending = false;
  }

  #post(entry) {
    if (entry.kind === "undo") return ask("/api/undo", { key: entry.key });
    const { claim, field, to, key } = entry;
    return ask("/api/decisions", { claim: claim.id, field, to, version: claim.version, key });
  }

  #done(entry, answer) {
    this.#entries.shift();
    this.attempts = 0;
    this.failure = null;
    if (answer?.claim) this.#follow(entry, answer.claim);
    this.#keep();
  }

  /** What waits behind an entry was decided on what that entry made of the claim. */
  #follow(entry, claim) {
    const seen = entry.claim?.version; // `entry` itself may be among them
    for (const later of this.#entries)
      if (later.claim?.id === claim.id && later.claim.version === seen) {
        later.claim.was = [...(later.claim.was ?? []), seen];
        later.claim.version = claim.version;
      }
  }

  async #failed(entry, error) {
    if (!(error instanceof Refused) || error.status === 401) return this.#pause(error);
    const claim = error.status === 409 ? error.body?.claim : null;
    if (!claim) {
      this.#done(entry, null);
      return this.refused(entry, error);
    }
    const same = claim[entry.field] === entry.to;
    if (same && claim.mine?.[entry.field] === entry.to) {
      this.#done(entry, { claim });
      return this.heard(entry, { claim });
    }
    if (same || (await this.conflict(entry, claim))) return this.#insist(entry, claim);
    this.#done(entry, null);
    return this.heard(entry, { claim });
  }

  /** The same decision, on the claim as it is now: another request, so another key. */
  #insist(entry, claim) {
    const { version, stance, speaker, note, decided } = claim;
    this.#follow(entry, claim);
    Object.assign(entry, { key: crypto.randomUUID() });
    Object.assign(entry.claim, { version, stance, speaker, note, decided });
    this.#keep();
  }

  async #pause(error) {
    this.failure = error;
    const wait = WAITS[Math.min(this.attempts, WAITS.length - 1)];
    this.attempts += 1;
    this.#keep();
    await new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, wait);
    });
  }
}
