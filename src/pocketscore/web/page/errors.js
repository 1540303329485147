/** What can go wrong with a teacher's file, in words for its owner. */

/** A file or a paste that is no table, in words for its owner. */
export class TableError extends Error {
  /**
   * @param {string} problem
   * @param {string} remedy
   */
  constructor(problem, remedy) {
    super(`${problem} ${remedy}`);
    this.name = "TableError";
  }
}
