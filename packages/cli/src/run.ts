import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { errorText } from './error-text.ts';
import type { Io } from './io.ts';

/**
 * Runs the command with its arguments (without `node` and the script) and resolves to the exit code. Never throws:
 * what went wrong is said on `io.err` (P602, P603).
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = commands(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    io.err(errorText(error, { verbose: argv.includes('--verbose') }));
    return 1;
  }
}

// What a command needs is loaded when it runs: help and a wrong option need nothing of the hub.
function commands(io: Io, done: (code: number) => void): Command {
  const program = new Command('hub')
    .description('A server of their own for every member of a group, behind one login.')
    .version(manifest.version)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err });

  const command = (parent: Command, name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .option('-f, --config <file>', 'the configuration; hub.config.ts, .mts, .js or .mjs here unless given')
      .option('--verbose', 'show where in the code an error came from');

  command(program, 'start', 'Run the hub until it is told to stop.')
    .addOption(
      new Option('--log-format <format>', 'pretty at a terminal, else json').choices(['json', 'pretty']),
    )
    .action(async (options) => done(await (await import('./start.ts')).start(options, io)));

  command(
    program,
    'check',
    'Print the configuration in effect, secrets masked, and every mistake in it.',
  ).action(async (options) => done(await (await import('./check.ts')).check(options, io)));

  command(program, 'token', 'Make an API token for a user and print it; the hub may run or not.')
    .argument('[user]', 'name of the user; your login unless given')
    .option('--note <text>', 'what the token is for')
    .option('--expires-in <seconds>', 'how long it lasts; for ever unless given', wholeSeconds)
    .option('--scopes <scope...>', 'what it may do; all the user may unless given')
    .action(async (user, options) => done(await (await import('./token.ts')).printToken(user, options, io)));

  const user = program.command('user').description('Take access away from a user, or give it back.');
  command(user, 'disable', 'Refuse a user at once, whatever they hold; nothing of theirs is deleted.')
    .argument('<name>', 'name of the user')
    .action(async (name, options) => done(await (await import('./user.ts')).disableUser(name, options, io)));
  command(user, 'enable', 'Let a disabled user in again.')
    .argument('<name>', 'name of the user')
    .action(async (name, options) => done(await (await import('./user.ts')).enableUser(name, options, io)));

  command(program, 'logout', 'Sign a user out in every browser; their servers go on running.')
    .argument('<name>', 'name of the user')
    .option('--tokens', 'revoke their API tokens too')
    .action(async (name, options) => done(await (await import('./user.ts')).logOut(name, options, io)));

  const db = program.command('db').description('Look after the database.');
  command(db, 'migrate', 'Bring the schema of the database up to date.').action(async (options) =>
    done(await (await import('./db.ts')).migrateDatabase(options, io)),
  );
  command(
    db,
    'rekey',
    'Encrypt with the first key all that an older one opens, so that the older ones may go.',
  ).action(async (options) => done(await (await import('./db.ts')).rekeyDatabase(options, io)));
  command(db, 'stop', 'End a private PostgreSQL that nobody holds, as one left by a killed hub.').action(
    async (options) => done(await (await import('./db.ts')).stopDatabase(options, io)),
  );
  const tls = program.command('tls').description('Look after the authorities of internal TLS.');
  command(tls, 'show', 'List the authorities there are.').action(async (options) =>
    done(await (await import('./tls.ts')).showAuthorities(options, io)),
  );
  command(tls, 'issue', 'Write a certificate for a service, and print the variables that name its files.')
    .argument('<service>', 'name of the service')
    .argument('<folder>', 'where to; made when missing')
    .action(async (name, folder, options) =>
      done(await (await import('./tls.ts')).issueForService(name, folder, options, io)),
    );
  command(tls, 'proxy', 'Write certificates for a proxy that the hub does not start, and print its flags.')
    .argument('<folder>', 'where to; made when missing')
    .action(async (folder, options) =>
      done(await (await import('./tls.ts')).issueForProxy(folder, options, io)),
    );
  command(tls, 'renew', 'Make new authorities; servers that run go on.')
    .option('--at-once', 'let them issue now, not when all hubs know them')
    .action(async (options) => done(await (await import('./tls.ts')).renewAuthorities(options, io)));
  command(tls, 'forget', 'Believe only those that issue now.').action(async (options) =>
    done(await (await import('./tls.ts')).forgetAuthorities(options, io)),
  );
  command(tls, 'discard', 'Delete all, as when the encryption key is lost; hubs must be stopped.').action(
    async (options) => done(await (await import('./tls.ts')).discardAuthorities(options, io)),
  );
  return program;
}

function wholeSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('It must be a whole number of seconds.');
}
