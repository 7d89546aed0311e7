// A server in the smallest sense: launched by spawners under test, never imported.
import { createServer } from 'node:http';
import { connect } from 'node:net';

const { JUPYTERHUB_SERVICE_URL = '', TEST_WITNESS = '' } = process.env;
const words = process.argv.slice(2);
const stubborn = words.includes('--stubborn');
const deaf = words.includes('--deaf');
const exit = words.find((word) => word.startsWith('--exit='));

console.log('the trivial server is up');

// The witness sees that it runs, and by the end of the connection that it no longer does.
const [witnessHost = '', witnessPort = ''] = TEST_WITNESS.split(' ');
const witness = connect(Number(witnessPort), witnessHost);
witness.write(`hello ${process.env.TEST_KEY}\n`);
// Without anybody to serve it goes, so that a broken spawner leaves nothing behind.
witness.on('error', () => process.exit(1)).on('close', () => process.exit(1));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => witness.write(`${signal}\n`, () => stubborn || process.exit(0)));
}

if (exit) {
  witness.once('connect', () => witness.end(() => process.exit(Number(exit.slice('--exit='.length)))));
} else if (!deaf) {
  const { hostname, port } = new URL(JUPYTERHUB_SERVICE_URL);
  createServer((request, response) => {
    const code = new URL(request.url ?? '/', 'http://server.invalid').searchParams.get('exit');
    response.setHeader('content-type', 'application/json').setHeader('connection', 'close');
    const about = { environment: process.env, arguments: words, folder: process.cwd() };
    response.end(
      JSON.stringify(about),
      () => code !== null && setImmediate(() => process.exit(Number(code))),
    );
  }).listen(Number(port), hostname.replace(/^\[|\]$/g, ''));
}
