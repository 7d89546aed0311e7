import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * A process that has taken a descriptor out of another one, as everybody may do to processes of their own account,
 * and writes `text` to it without end, or only keeps it. Null where the kernel does not let it.
 */
export async function stealDescriptor(pid: number, number: number, text = ''): Promise<ChildProcess | null> {
  const script = `
    import { writeSync } from 'node:fs';
    import koffi from 'koffi';
    const [pid, number, text] = process.argv.slice(1);
    const syscall = koffi.load(null).func('long syscall(long number, ...)');
    const [pidfdOpen, pidfdGetfd] = [434, 438];
    const process_ = syscall(pidfdOpen, 'int', Number(pid), 'unsigned int', 0);
    const stolen = syscall(pidfdGetfd, 'int', process_, 'int', Number(number), 'unsigned int', 0);
    process.stdout.write(stolen < 0 ? 'refused' : 'taken');
    setInterval(() => {}, 1000);
    if (text !== '') setImmediate(function flood() {
      try { writeSync(stolen, text.repeat(10_000)); } catch ({ code }) { if (code !== 'EAGAIN') return; }
      setImmediate(flood);
    });`;
  const args = ['--input-type=module', '-e', script, String(pid), String(number), text];
  const thief = spawn(process.execPath, args, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(thief.stdout, 'data');
  if (String(said) === 'taken') return thief;
  thief.kill('SIGKILL');
  return null;
}
