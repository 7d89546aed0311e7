import { pairOfHubs } from './support/pair.ts';

pairOfHubs('Users', (test) => {
  test('the list, with what each caller may see of it (R50, R54, R129)', async (pair) => {
    for (const caller of [null, 'admin', 'alice', 'alice-none', 'svc-none', 'svc-list-g1', 'svc-list-both'])
      await pair.api(caller, 'GET', '/users');
  });
});
