/** Where waiting answers are kept: IndexedDB, or memory where the browser refuses it. */

/**
 * @typedef {object} Answer
 * @property {number} [id] order of submission
 * @property {string} key idempotency key
 * @property {string} url
 * @property {string} scope
 * @property {string} body the payload as JSON
 * @property {{status: number, message: string} | null} refused
 * @property {boolean} [superseded] refused, but a later answer to the same address was taken
 *
 * @typedef {object} Store
 * @property {boolean} lasting whether answers outlive the page
 * @property {(answer: Answer) => Promise<string>} add returns the key under which it is kept: where the last waiting answer to the same address is equal, that one's
 * @property {() => Promise<Answer[]>} all oldest first
 * @property {(answer: Answer) => Promise<void>} update
 * @property {(answer: Answer, ack: import("./outbox.js").Ack) => Promise<void>} acknowledge remove, and keep the acknowledgement
 * @property {(key: string) => Promise<import("./outbox.js").Ack | null>} acknowledgement
 * @property {(owner: string, milliseconds: number) => Promise<boolean>} lease
 * @property {(owner: string) => Promise<void>} release
 */

const DAY = 24 * 60 * 60 * 1000;

/** @returns {Promise<Store>} */
export async function openStore() {
  try {
    return new LastingStore(await opened());
  } catch {
    return new MemoryStore(); // private windows of some browsers; the status line says so
  }
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("outbox", 1);
    request.onupgradeneeded = () => {
      const answers = request.result.createObjectStore("answers", { keyPath: "id", autoIncrement: true });
      answers.createIndex("key", "key", { unique: true });
      request.result.createObjectStore("acks", { keyPath: "key" });
      request.result.createObjectStore("leases", { keyPath: "name" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/**
 * The last answer that waits for the same address, if it says the same; an earlier one may have been corrected since.
 * @param {Answer} answer
 * @param {Answer[]} kept
 */
function twinOf(answer, kept) {
  const same = kept.filter((other) => !other.refused && other.url === answer.url && other.scope === answer.scope);
  const last = same[same.length - 1];
  return last?.body === answer.body ? last : undefined;
}

/** @implements {Store} */
class LastingStore {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
    this.lasting = true;
  }

  /**
   * One transaction; resolves when it is on disk.
   * @template T
   * @param {string[]} names
   * @param {IDBTransactionMode} mode
   * @param {(stores: Record<string, IDBObjectStore>, done: (result: T) => void) => void} work
   * @returns {Promise<T>}
   */
  transaction(names, mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(names, mode, { durability: "strict" });
      /** @type {any} */
      let result;
      transaction.oncomplete = () => resolve(result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
      const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
      work(stores, (value) => {
        result = value;
      });
    });
  }

  /** @param {Answer} answer @returns {Promise<string>} */
  add(answer) {
    return this.transaction(["answers"], "readwrite", ({ answers }, done) => {
      const request = answers.getAll();
      request.onsuccess = () => {
        const twin = twinOf(answer, request.result);
        done(twin ? twin.key : answer.key);
        if (!twin) {
          answers.add(answer);
        }
      };
    });
  }

  /** @returns {Promise<Answer[]>} */
  all() {
    return this.transaction(["answers"], "readonly", ({ answers }, done) => {
      const request = answers.getAll();
      request.onsuccess = () => done(request.result);
    });
  }

  /** @param {Answer} answer @returns {Promise<void>} */
  update(answer) {
    return this.transaction(["answers"], "readwrite", ({ answers }) => {
      answers.put(answer);
    });
  }

  /** @param {Answer} answer @param {import("./outbox.js").Ack} ack @returns {Promise<void>} */
  acknowledge(answer, ack) {
    return this.transaction(["answers", "acks"], "readwrite", ({ answers, acks }) => {
      answers.delete(/** @type {number} */ (answer.id));
      acks.put({ key: answer.key, ack, at: Date.now() });
      const kept = answers.getAll();
      kept.onsuccess = () => {
        for (const other of kept.result.filter((one) => one.refused && one.url === answer.url)) {
          answers.put({ ...other, superseded: true });
        }
      };
      const request = acks.openCursor();
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor) {
          if (cursor.value.at < Date.now() - DAY) {
            cursor.delete();
          }
          cursor.continue();
        }
      };
    });
  }

  /** @param {string} key @returns {Promise<import("./outbox.js").Ack | null>} */
  acknowledgement(key) {
    return this.transaction(["acks"], "readonly", ({ acks }, done) => {
      const request = acks.get(key);
      request.onsuccess = () => done(request.result?.ack ?? null);
    });
  }

  /** @param {string} owner @param {number} milliseconds @returns {Promise<boolean>} */
  lease(owner, milliseconds) {
    return this.transaction(["leases"], "readwrite", ({ leases }, done) => {
      const request = leases.get("sending");
      request.onsuccess = () => {
        const held = request.result;
        const free = !held || held.owner === owner || held.until < Date.now();
        done(free);
        if (free) {
          leases.put({ name: "sending", owner, until: Date.now() + milliseconds });
        }
      };
    });
  }

  /** @param {string} owner @returns {Promise<void>} */
  release(owner) {
    return this.transaction(["leases"], "readwrite", ({ leases }) => {
      const request = leases.get("sending");
      request.onsuccess = () => {
        if (request.result?.owner === owner) {
          leases.delete("sending");
        }
      };
    });
  }
}

/** @implements {Store} */
class MemoryStore {
  constructor() {
    this.lasting = false;
    /** @type {Answer[]} */
    this.answers = [];
    /** @type {Map<string, import("./outbox.js").Ack>} */
    this.acks = new Map();
  }

  /** @param {Answer} answer */
  async add(answer) {
    const twin = twinOf(answer, this.answers);
    if (!twin) {
      this.answers.push(answer);
    }
    return (twin ?? answer).key;
  }

  async all() {
    return [...this.answers];
  }

  /** @param {Answer} answer */
  async update(answer) {
    this.answers = this.answers.map((other) => (other.key === answer.key ? answer : other));
  }

  /** @param {Answer} answer @param {import("./outbox.js").Ack} ack */
  async acknowledge(answer, ack) {
    this.answers = this.answers
      .filter((other) => other.key !== answer.key)
      .map((other) => (other.refused && other.url === answer.url ? { ...other, superseded: true } : other));
    this.acks.set(answer.key, ack);
  }

  /** @param {string} key */
  async acknowledgement(key) {
    return this.acks.get(key) ?? null;
  }

  async lease() {
    return true;
  }

  async release() {}
}
