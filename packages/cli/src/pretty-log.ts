import { inspect, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
const styles: Readonly<Record<string, Style>> = { error: 'red', warn: 'yellow', info: 'green' };

/** Turns the log's JSON lines into lines for people: `12:30:01 info  the hub serves  url=http://…`. */
export function prettyLines(write: (text: string) => void, colours: boolean): (line: string) => void {
  const style = (how: Style, text: string) =>
    colours ? styleText(how, text, { validateStream: false }) : text;
  return (line) => {
    const entry = parsed(line);
    if (!entry) return write(line);
    const { level, time, msg, err, ...fields } = entry;
    const rest = Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`);
    const clock = new Date(String(time)).toTimeString().slice(0, 8);
    const name = style(styles[String(level)] ?? 'dim', String(level).padEnd(5));
    const parts = [style('dim', clock), name, String(msg ?? ''), '', style('dim', rest.join(' '))];
    write(`${parts.join(' ').trimEnd()}\n${errorLines(err)}`);
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null; // somebody else's line: it is passed on as it is
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 4 });
}

/** The stack of an error as the log writes it, indented. */
function errorLines(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const text = 'stack' in error && typeof error.stack === 'string' ? error.stack : inspect(error);
  return `${text.replaceAll(/^/gm, '    ')}\n`;
}
