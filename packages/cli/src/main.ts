#!/usr/bin/env node
import { userInfo } from 'node:os';
import process from 'node:process';
import type { Io } from './io.ts';
import { run } from './run.ts';

const goodbyeMs = 5_000;

// Who reads the output may leave before the hub does, as in `hub start | head`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const io: Io = {
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  errIsTerminal: process.stderr.isTTY === true,
  login: () => userInfo().username,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  exit: (code) => process.exit(code),
};

process.exitCode = await run(process.argv.slice(2), io);

// A plugin may have left a timer or a connection behind. Nothing of the hub is waited for any more.
setTimeout(() => process.exit(), goodbyeMs).unref();
