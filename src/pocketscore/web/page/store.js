/**
 * Keeps unfinished work in this browser, and nowhere else.
 */

const DATABASE = "pocketscore";
const STORE = "work";

/** @typedef {{id: string, table: import("./table.js").Table, column: number, item: string}} Work */
/** @typedef {[number, number][]} Given rows and the points that the teacher gave them */

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => void} act
 * @returns {Promise<void>} rejected where the browser forbids storage or has no room; then nothing was changed
 */
function transact(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      try {
        const transaction = database.transaction(STORE, mode);
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
        act(transaction.objectStore(STORE));
      } catch (error) {
        reject(error);
      }
      database.close(); // once the transaction is over
    };
  });
}

/**
 * Keep a table with what was given so far, in the place of the one before.
 * @param {string} key names the page's scorers
 * @param {Work} work
 * @param {Given} given
 */
export function keep(key, work, given) {
  return transact("readwrite", (store) => {
    store.put(work, `${key}/work`);
    store.put({ id: work.id, given }, `${key}/given`);
  });
}

/**
 * Keep what was given, unless another table has taken the place (in a second tab).
 * @param {string} key
 * @param {string} id of the work
 * @param {Given} given
 * @returns {Promise<boolean>} whether it was kept
 */
export async function keepGiven(key, id, given) {
  let kept = false;
  await transact("readwrite", (store) => {
    const found = store.get(`${key}/given`);
    found.onsuccess = () => {
      kept = found.result?.id === id;
      if (kept) store.put({ id, given }, `${key}/given`);
    };
  });
  return kept;
}

/**
 * @param {string} key
 * @returns {Promise<{work: Work, given: Given} | undefined>}
 */
export async function kept(key) {
  /** @type {IDBRequest[]} */
  let found = [];
  await transact("readonly", (store) => {
    found = [store.get(`${key}/work`), store.get(`${key}/given`)];
  });
  const [work, given] = found.map((request) => request.result);
  return work && given?.id === work.id ? { work, given: given.given } : undefined;
}

/** Delete everything, of every page with scorers. */
export function erase() {
  return transact("readwrite", (store) => store.clear());
}
