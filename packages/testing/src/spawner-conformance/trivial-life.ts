import type { RequestListener } from 'node:http';
import { connect } from 'node:net';

/** What a server needs of the process it is; tests lend it other things. */
export interface Life {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Arguments behind the command. */
  readonly words: readonly string[];
  readonly folder: string;
  say(line: string): void;
  onSignal(hear: (signal: 'SIGINT' | 'SIGTERM') => void): void;
  exit(code: number): void;
  listen(answer: RequestListener): void;
}

/** Lives the life of the trivial server; answers with what cuts its connection to the witness. */
export function live({ environment, words, folder, say, onSignal, exit, listen }: Life): () => void {
  const number = (name: string) => {
    const word = words.find((one) => one.startsWith(`--${name}=`));
    return word === undefined ? null : Number(word.slice(name.length + 3));
  };
  const status = number('exit');
  const { TEST_WITNESS = '', TEST_KEY = '' } = environment;

  if (words.includes('--chatty')) say(`${`${'x'.repeat(999)}\n`.repeat(2_000)}the end 😀😀😀`);
  say(`the trivial server is up: ${TEST_KEY}`);

  // The witness sees that it runs, and by the end of the connection that it no longer does.
  const [host = '', port = ''] = TEST_WITNESS.split(' ');
  const witness = connect(Number(port), host);
  witness.write(`hello ${TEST_KEY}\n`);
  // Without anybody to serve it goes, so that a broken spawner leaves nothing behind.
  witness.on('error', () => exit(1)).on('close', () => exit(1));

  onSignal((signal) => witness.write(`${signal}\n`, () => words.includes('--stubborn') || exit(0)));

  const answer: RequestListener = (request, response) => {
    const code = new URL(request.url ?? '/', 'http://server.invalid').searchParams.get('exit');
    response.setHeader('content-type', 'application/json').setHeader('connection', 'close');
    response.end(
      JSON.stringify({ environment, arguments: words, folder }),
      () => code !== null && setImmediate(() => exit(Number(code))),
    );
  };
  if (status !== null) witness.once('connect', () => witness.end(() => exit(status)));
  else if (!words.includes('--deaf')) setTimeout(listen, number('slow') ?? 0, answer);
  return () => void witness.removeAllListeners('close').destroy();
}
