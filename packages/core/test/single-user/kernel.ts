import { WebSocket } from 'undici';
import { patience } from './single-user-hub.ts';

interface Message {
  readonly header: { readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: { readonly text?: string; readonly data?: Readonly<Record<string, string>> };
}

/**
 * Runs a piece of code in a new kernel of the server below `base` (its address with a trailing slash), over its
 * websocket, and resolves with the text of its result.
 */
export async function runInKernel(base: string, token: string, code: string): Promise<string> {
  const headers = { authorization: `token ${token}` };
  const made = await fetch(new URL('api/kernels', base), { method: 'POST', headers });
  if (made.status !== 201) throw new Error(`A new kernel was answered with ${made.status}.`);
  const { id }: { id: string } = JSON.parse(await made.text());
  const address = new URL(`api/kernels/${id}/channels`, base);
  address.protocol = 'ws:';
  const socket = new WebSocket(address, { headers });
  try {
    return await resultOf(socket, code);
  } finally {
    socket.close();
  }
}

function resultOf(socket: WebSocket, code: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const limit = setTimeout(() => reject(new Error('The kernel gave no result.')), patience * 1000);
  let asked = 0;
  const ask = () => {
    const header = {
      msg_id: `ask-${++asked}`,
      msg_type: 'execute_request',
      session: 'test',
      username: 'test',
    };
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    const more = { version: '5.3', date: new Date().toISOString() };
    const message = { header: { ...header, ...more }, parent_header: {}, metadata: {}, content };
    socket.send(JSON.stringify({ ...message, channel: 'shell' }));
  };
  // What is asked before the kernel listens is dropped without a word.
  const again = setInterval(() => socket.readyState === WebSocket.OPEN && ask(), 2_000);
  socket.addEventListener('open', ask);
  socket.addEventListener('error', () => reject(new Error('The websocket of the kernel broke.')));
  socket.addEventListener('close', () => reject(new Error('The websocket of the kernel was closed.')));
  socket.addEventListener('message', ({ data }) => {
    const { header, parent_header, content }: Message = JSON.parse(String(data));
    if (header.msg_type === 'execute_result' && parent_header.msg_id?.startsWith('ask-'))
      resolve(content.data?.['text/plain'] ?? '');
  });
  return promise.finally(() => {
    clearTimeout(limit);
    clearInterval(again);
  });
}
