export { type FakeClock, fakeClock } from './fake-clock.ts';
export { FakeEngine, type FakePlan, type FakeServer } from './fake-engine.ts';
export { FakeProxyTable, fakeProxy } from './fake-proxy.ts';
export { type FakeSpawnerOptions, fakeSpawner } from './fake-spawner.ts';
export { type LogLine, recordedLog } from './recorded-log.ts';
export { testAuthenticator } from './test-authenticator.ts';
export { TestBrowser, type TestPage } from './test-browser.ts';
export {
  type AnswerCheck,
  answerChecks,
  ask,
  eventsIn,
  type TestAnswer,
  TestClient,
  type TestRequest,
} from './test-client.ts';
export { createTestHub, TestHub, type TestHubOptions, until } from './test-hub.ts';
