/** What a room may import: `value` anything of that room, `type` only its types. Design: one way, downwards. */
export interface Room {
  readonly value: readonly string[];
  readonly type?: readonly string[];
}

const plugin = ['plugin'];
const kernel = [...plugin, 'kernel'];
const access = [...kernel, 'access'];
const accounts = [...access, 'accounts'];
const routing = [...accounts, 'routing'];
const domain = [...routing, 'servers', 'services', 'sharing'];
const edge = [...domain, 'actions', 'http'];

/** The table of docs/explanation/architecture.md, "Rooms". */
export const rooms: Readonly<Record<string, Room>> = {
  plugin: { value: [] },
  kernel: { value: plugin },
  access: { value: plugin },
  accounts: { value: access },
  routing: { value: kernel },
  servers: { value: routing },
  services: { value: routing },
  sharing: { value: [...accounts, 'servers'] },
  tls: { value: kernel },
  actions: { value: domain },
  storage: { value: kernel, type: [...domain, 'actions', 'observe', 'tls'] },
  http: { value: accounts },
  api: { value: edge },
  oauth: { value: edge },
  pages: { value: edge },
  observe: { value: kernel },
  hub: { value: [...edge, 'storage', 'api', 'oauth', 'pages', 'observe', 'tls'] },
};

/** Rooms that know neither the web framework nor the database layer. */
export const domainRooms = new Set(['plugin', 'access', ...kernel, ...domain, 'actions', 'observe', 'tls']);

export const notForTheDomain = /^(fastify|@fastify\/.*|drizzle-orm(\/.*)?|postgres)$/;
