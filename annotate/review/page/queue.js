/**
 * The claims to go through, fetched a page at a time. The server's list moves while people decide (what is decided
 * leaves it, or goes to its end), so pages overlap, what was seen is known by its id, and the end is looked at twice.
 */

const PAGE = 100;
const OVERLAP = 10;

export class Queue {
  /** `fetch(offset, limit)` gives {total, items}. */
  constructor(fetch) {
    this.fetch = fetch;
    this.items = [];
    this.total = 0;
    this.index = 0;
    this.ended = false;
    this.places = new Map(); // id → item
    this.again = false; // the list is read from its head for the second time
    this.next = 0;
    this.loading = null;
    this.skipped = [];
  }

  get current() {
    return this.items[this.index];
  }

  item(id) {
    return this.places.get(id);
  }

  /** Fetch one more page; false where there is nothing more. */
  more() {
    this.loading ??= this.#more().finally(() => (this.loading = null));
    return this.loading;
  }

  async #more() {
    while (!this.ended) {
      const page = await this.fetch(this.next, PAGE);
      if (!this.items.length) this.total = page.total;
      const fresh = page.items.filter((item) => !this.places.has(item.id));
      for (const item of fresh) this.#append({ ...item, was: item.decided });
      const end = this.next + page.items.length;
      if (end >= page.total || !page.items.length) this.#finish(fresh.length);
      else this.next = fresh.length ? this.#resume(end) : end;
      if (fresh.length) return true;
    }
    if (!this.skipped.length) return false;
    this.items.push(...this.skipped.splice(0));
    return true;
  }

  #append(item) {
    this.items.push(item);
    this.places.set(item.id, item);
  }

  #finish(fresh) {
    if (this.again && !fresh) this.ended = true;
    this.again = true;
    this.next = 0;
  }

  /** Where the next page begins: what was decided since it was fetched no longer stands before it. */
  #resume(end) {
    const moved = this.items.filter((item) => item.decided && !item.was).length;
    return this.again ? end : Math.max(0, this.items.length - moved - OVERLAP);
  }

  /** Make sure that the item at an index is there, if there is one. */
  async reach(index) {
    while (index >= this.items.length) if (!(await this.more())) return false;
    return true;
  }

  /** The index of the first claim after the current one that is not decided, among those fetched; else -1. */
  undecided(after) {
    return this.items.findIndex((item, index) => index > after && !item.decided);
  }

  /** Put the current claim off to the end. */
  skip() {
    const [item] = this.items.splice(this.index, 1);
    this.skipped.push(item);
  }

  /** Take the current claim, which is no more, out of the list. */
  drop() {
    this.items.splice(this.index, 1);
  }

  /** Make a claim the current one: where it stands in the list, or else here. */
  visit(item) {
    const place = this.items.findIndex(({ id }) => id === item.id);
    if (place >= 0) this.index = place;
    else {
      this.skipped = this.skipped.filter(({ id }) => id !== item.id);
      this.items.splice(this.index, 0, item);
      this.places.set(item.id, item);
    }
  }
}
