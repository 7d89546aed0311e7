/** Commands besides the mediator that sudo lets somebody run as others than root, of what `sudo -l` prints. */
export function otherCommands(rules: string, mediatorPath: string): readonly string[] {
  const commands = rules.split('\n').flatMap((line) => {
    // `    (%students) NOPASSWD: /opt/a, /opt/b -x`
    const [, runAs = '', list = ''] = /^\s+\(([^)]*)\)\s+(?:[A-Z_]+:\s*)*(.+)$/.exec(line) ?? [];
    return runAs.trim() === 'root' ? [] : list.split(/,\s+/);
  });
  const others = commands
    .map((command) => command.trim())
    .filter((command) => command !== '' && !command.startsWith('!') && !isMediator(command, mediatorPath));
  return [...new Set(others)];
}

function isMediator(command: string, path: string): boolean {
  return command === path || command.startsWith(`${path} `);
}
