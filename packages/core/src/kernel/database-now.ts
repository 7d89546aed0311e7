/** Stands for the database's own time in a change. */
export const databaseNow = Symbol('databaseNow');
