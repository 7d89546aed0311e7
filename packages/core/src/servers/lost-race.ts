/** Ends a transaction whose compare-and-set found another row than expected, so that nothing of it is kept. */
export class LostRace extends Error {
  constructor() {
    super('somebody else changed this server first');
    this.name = 'LostRace';
  }

  /** The transaction's result, or `null` when it lost. */
  static async asNull<T>(transaction: Promise<T>): Promise<T | null> {
    try {
      return await transaction;
    } catch (error) {
      if (error instanceof LostRace) return null;
      throw error;
    }
  }
}
