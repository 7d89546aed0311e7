// A server of a user, launched as a program. It does what files in the steering folder say: `<how>.<user>`.
const { appendFileSync, existsSync } = require('node:fs');
const { createServer } = require('node:http');

const [steering] = process.argv.slice(2);
const { HOME, JUPYTERHUB_USER, JUPYTERHUB_SERVICE_URL } = process.env;
const told = (how) => existsSync(`${steering}/${how}.${JUPYTERHUB_USER}`);
const { hostname, port } = new URL(JUPYTERHUB_SERVICE_URL);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    appendFileSync(`${HOME}/signals`, `${signal}\n`);
    if (!told('deaf') && !(signal === 'SIGINT' && told('stubborn'))) process.exit(0);
  });
}

console.log(`the server of ${JUPYTERHUB_USER} is up`);
const server = createServer((_, response) => {
  response.writeHead(told('busy') ? 503 : 200, { connection: 'close' });
  response.end(JSON.stringify({ user: JUPYTERHUB_USER, uid: process.getuid(), pid: process.pid }));
});
let listening = false;
setInterval(() => {
  // Nobody is left behind by a test that was cut short.
  if (!existsSync(steering)) process.exit(1);
  if (listening || told('mute')) return;
  listening = true;
  server.listen(Number(port), hostname);
}, 20);
