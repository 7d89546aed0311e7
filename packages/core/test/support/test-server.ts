/** Variable with the folder of this run's PostgreSQL. */
export const testServerFolder = 'HUB_TEST_SERVER_FOLDER';
