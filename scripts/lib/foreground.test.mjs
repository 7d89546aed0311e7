import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { expect, it } from 'vitest';

const module = new URL('./foreground.mjs', import.meta.url).href;

/** Counts its signals, ends half a second after the first one, with the code it is given. */
const program = `
  let signals = 0;
  const stay = setInterval(() => {}, 1000);
  process.on('SIGINT', () => {
    signals += 1;
    setTimeout(() => { clearInterval(stay); console.log('signals:', signals); process.exitCode = 7; }, 500);
  });
  console.log('up');
`;

async function runWrapped(code, whenUp) {
  const wrapper = `
    import { foreground } from '${module}';
    process.exitCode = await foreground(process.execPath, ['-e', ${JSON.stringify(code)}]);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', wrapper], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (String(chunk).includes('up')) whenUp(child.pid);
  });
  const [exit] = await once(child, 'close');
  return { exit, output };
}

it('turns the many signals of one Ctrl-C into one, waits for a clean end and passes the exit code on', async () => {
  const { exit, output } = await runWrapped(program, (pid) => {
    process.kill(-pid, 'SIGINT'); // the terminal, to the whole group
    process.kill(pid, 'SIGINT'); // npm
  });
  expect(output).toContain('signals: 1');
  expect(exit).toBe(7);
});

it('answers with the shell’s code for a program ended by a signal', async () => {
  const { exit } = await runWrapped("process.kill(process.pid, 'SIGKILL')", () => {});
  expect(exit).toBe(137);
});
