/**
 * Keeps unfinished work in this browser, and nowhere else.
 */

const DATABASE = "pocketscore";
const STORE = "work";

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} rejected where the browser forbids storage or has no room
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
        const request = act(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error);
      } catch (error) {
        reject(error);
      }
      database.close(); // once the transaction is over
    };
  });
}

/**
 * @param {string} key
 * @param {unknown} value plain data
 * @returns {Promise<unknown>}
 */
export function put(key, value) {
  return transact("readwrite", (store) => store.put(value, key));
}

/**
 * @param {string} key
 * @returns {Promise<any>} undefined if there is none
 */
export function get(key) {
  return transact("readonly", (store) => store.get(key));
}

/**
 * @param {string} key
 * @returns {Promise<unknown>}
 */
export function remove(key) {
  return transact("readwrite", (store) => store.delete(key));
}
