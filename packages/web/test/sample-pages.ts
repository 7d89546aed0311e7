import type { PageContext, PageFailure, PageServer, Pages, SpawnField, SpawnProfile } from '@hub/core/plugin';
import { web } from '../src/web.ts';

type WebOptions = Parameters<typeof web.definition.create>[0]['options'];

/** The pages with the options' defaults, as a hub would make them; `starts` are what runs at its start. */
export function samplePages(options: Partial<WebOptions> = {}) {
  const starts: (() => unknown)[] = [];
  const properties = web.definition.options.properties;
  const defaults = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, schema.default]),
  );
  const pages: Pages = web.definition.create({
    id: 'web',
    options: { ...(defaults as WebOptions), ...options },
    lifecycle: { onStart: (run) => void starts.push(() => run(AbortSignal.timeout(1000))), onStop: () => {} },
  });
  return { pages, start: () => starts.forEach((run) => void run()) };
}

/** What is put where users, spawners and visitors may write. */
export const hostile = `<script>alert("x")</script>'"><img src=x onerror=alert(1)> 🚀 ${'long name '.repeat(26)}`;

export interface Sample {
  readonly userName: string;
  /** For names, messages, notes. */
  readonly words: (usual: string) => string;
}

export const realistic: Sample = { userName: 'mira', words: (usual) => usual };
export const nasty: Sample = { userName: hostile, words: () => hostile };

export function sampleContext({ userName }: Sample, more: Partial<PageContext> = {}): PageContext {
  return {
    baseUrl: '/hub/',
    prefix: '/',
    user: {
      id: '1',
      name: userName,
      escapedName: encodeURIComponent(userName),
      admin: true,
      groups: ['staff'],
      created: '2026-01-02T03:04:05.000000Z',
    },
    loginUrl: '/hub/login',
    logoutUrl: '/hub/logout',
    staticUrl: (path) => `/hub/static/${path}?v=1`,
    xsrfToken: 'MTIz.token-of-this-browser',
    cspNonce: 'bm9uY2U=',
    services: [
      { name: 'Course planner', href: '/services/planner/' },
      { name: 'Dashboards', href: '/services/dashboards/' },
    ],
    navigation: [],
    adminAccess: true,
    announcementHtml: null,
    scopes: ['self'],
    expandedScopes: ['self', 'read:users!user=mira'],
    version: '1.0',
    authState: null,
    ...more,
  };
}

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

export function sampleServer({ userName, words }: Sample, more: Partial<PageServer> = {}): PageServer {
  const name = more.name ?? '';
  const path = encodeURIComponent(userName) + (name && `/${name}`);
  return {
    name,
    displayName: name ? words('GPU box') : '',
    owner: userName,
    phase: 'ready',
    url: `/user/${path}/`,
    spawnUrl: `/hub/spawn/${path}`,
    pendingUrl: `/hub/spawn-pending/${path}`,
    apiUrl: `/hub/api/users/${encodeURIComponent(userName)}/${name ? `servers/${name}` : 'server'}`,
    started: ago(192),
    lastActivity: ago(3),
    profile: words('Standard · Python 3.13, data science'),
    progress: null,
    message: null,
    hasOptionsForm: true,
    ...more,
  };
}

export function sampleFailure({ words }: Sample): PageFailure {
  return {
    cause: 'exited',
    message: words('The server ran out of memory while starting.'),
    messageHtml: null,
    hint: words('Start it with Standard (8 GB), or remove the large table that ~/.startup.py loads.'),
    at: ago(14),
    attempt: 14,
    reference: words('mira/stats-grading#14'),
    log: [
      words('10:41:12 ServerApp: extension lab loaded'),
      '10:41:13 startup: reading responses-2026.parquet',
      '10:41:47 Memory limit reached (2,048 MB of 2,048 MB)',
      'Killed',
    ],
    events: [
      { at: ago(15), message: 'Server requested' },
      { at: ago(15), message: words('Software and files prepared') },
      { at: ago(14), message: 'Ended by the system after 39 s' },
    ],
  };
}

const optionsForm = `
<fieldset><legend>Size</legend><div class="choices">
  <label class="choice"><input type="radio" name="profile" value="small"><span class="choice__name">Small</span><span class="choice__text">1 core, 2 GB memory.</span></label>
  <label class="choice"><input type="radio" name="profile" value="standard" checked><span class="choice__name">Standard</span><span class="choice__text">2 cores, 8 GB memory.</span></label>
</div></fieldset>
<label for="image">Software</label><select id="image" name="image"><option>Python 3.13</option><option>R 4.6</option></select>
<label for="repo">Open a repository</label><input id="repo" name="repo" type="url" placeholder="https://git.example.edu/course/week-3">
<label for="data">Data</label><input id="data" name="data_file" type="file">`;

const spawnField = (option: string, label: string, more: Partial<SpawnField> = {}): SpawnField => ({
  name: option,
  option,
  label,
  description: '',
  kind: 'text',
  required: false,
  value: '',
  choices: [],
  limits: {},
  placeholder: '',
  file: null,
  error: null,
  ...more,
});

/** Fields of every kind. */
export const spawnFields = (words: Sample['words'], prefix = ''): readonly SpawnField[] =>
  [
    spawnField('image', words('Software'), {
      kind: 'select',
      required: true,
      value: 'python',
      choices: [
        { value: 'python', label: words('Python 3.13, data science') },
        { value: 'r', label: 'R 4.6' },
      ],
      description: words('Each has its own packages.'),
    }),
    spawnField('cores', words('Cores'), {
      kind: 'number',
      required: true,
      value: '2',
      limits: { min: '1', max: '8', step: '1' },
    }),
    spawnField('repo', words('Open a repository'), {
      kind: 'url',
      placeholder: words('https://git.example.edu/course/week-3'),
      description: words('It is copied into your files.'),
    }),
    spawnField('idle', words('Stop when idle for'), {
      kind: 'select',
      choices: [{ value: '1', label: '1 hour' }],
    }),
    spawnField('debug', words('Verbose log'), { kind: 'checkbox', value: 'true' }),
    spawnField('data', words('Data'), {
      kind: 'file',
      description: words('It is put into your home.'),
      file: {
        maxBytes: 1_048_576,
        most: '1 MB',
        accept: '.csv',
        last: { name: words('measured.csv'), kept: true },
      },
    }),
  ].map((field) => ({ ...field, name: `${prefix}${field.name}` }));

const profiles = (words: Sample['words']): readonly SpawnProfile[] =>
  [
    { id: 'small', name: words('Small'), fields: [], chosen: false },
    { id: 'standard', name: words('Standard'), fields: spawnFields(words, 'standard--'), chosen: true },
    {
      id: 'gpu',
      name: words('GPU'),
      fields: [spawnField('kind', words('Kind'), { name: 'gpu--kind', required: true })],
      chosen: false,
    },
  ].map((profile) => ({
    ...profile,
    description: words('2 cores, 8 GB memory. Most course work and analysis.'),
    lastUsed: profile.chosen,
    optionsFormHtml: '',
  }));

const scopes = (words: Sample['words']) => [
  { scope: 'servers!user=mira', description: words('Start and stop servers'), filter: 'only yours' },
  { scope: 'read:servers!user=mira', description: 'See servers and their state', filter: 'only yours' },
  {
    scope: 'access:servers!user=mira',
    description: 'Open servers and use all files in them',
    filter: 'only yours',
  },
  { scope: 'read:users!user=mira', description: 'Read name, groups and activity', filter: 'only yours' },
  { scope: 'tokens!user=mira', description: 'Make and revoke tokens', filter: 'only yours' },
  { scope: 'shares!user=mira', description: 'Share servers with others', filter: 'only yours' },
];

/** Every page by name, drawn with the sample. */
export function drawPages(pages: Pages, sample: Sample, context = sampleContext(sample)) {
  const { words } = sample;
  const stranger = { ...context, user: null, adminAccess: false, services: [] };
  const server = (more: Partial<PageServer> = {}) => sampleServer(sample, more);
  const named = (name: string, usual: string, more: Partial<PageServer>) =>
    server({ name, displayName: words(usual), ...more });
  const form = {
    kind: 'form' as const,
    id: 'pam',
    title: null,
    fields: [{ name: 'username' }, { name: 'password' }],
    formHtml: null,
    action: '/hub/login?next=%2Fhub%2Fhome',
    hidden: { authenticator: 'pam' },
  };
  const buttons = [
    {
      kind: 'button' as const,
      id: 'campus',
      label: words('Continue with Campus account'),
      href: '/hub/auth/campus/',
    },
    { kind: 'button' as const, id: 'orcid', label: 'Continue with Research ID', href: '/hub/auth/orcid/' },
  ];
  const login = {
    ways: [form, ...buttons],
    next: '/hub/home',
    username: '',
    error: null,
    tried: null,
    secure: true,
    termsUrl: null,
  };
  const at = '2026-09-03T08:30:00.123456Z';
  return {
    login: () => pages.login(stranger, login),
    'login-error': () =>
      pages.login(stranger, {
        ...login,
        ways: [{ ...form, fields: ['username', 'password', 'otp'].map((name) => ({ name })) }, ...buttons],
        username: words('mira'),
        error: words('Invalid username or password'),
        tried: 'pam',
        secure: false,
        termsUrl: '/terms',
      }),
    'login-button': () => pages.login(stranger, { ...login, ways: buttons.slice(0, 1) }),
    'login-two': () =>
      pages.login(stranger, {
        ...login,
        ways: [
          { ...form, title: 'Staff' },
          {
            ...form,
            id: 'guests',
            title: 'Guests',
            fields: [{ name: 'username' }, { name: 'password' }, { name: 'room', label: words('Room') }],
          },
        ],
      }),
    'login-none': () => pages.login(stranger, { ...login, ways: [] }),
    logout: () =>
      pages.logout(stranger, {
        serversRunning: true,
        provider: { name: words('Campus account'), href: '/out' },
      }),
    home: () =>
      pages.home(context, {
        defaultServer: server(),
        named: {
          servers: [
            named('gpu-box', 'GPU box', {
              phase: 'starting',
              progress: 60,
              message: words('Fetching the image'),
            }),
            named('thesis', 'Thesis figures', {
              phase: 'stopped',
              profile: words('Small · R 4.6'),
              lastActivity: ago(1500),
            }),
            named('stats', 'Stats grading', {
              phase: 'failed',
              message: words('Out of memory.'),
              lastActivity: null,
            }),
            named('notes', 'Lecture notes', { phase: 'stopping' }),
            named('far', 'Far away', { phase: 'unreachable' }),
          ],
          limit: 6,
          invalidNames: [words('Old Name')],
          apiUrl: '/hub/api/users/mira/servers',
        },
        shared: [named('group', 'Group project', { owner: words('tobin') })],
      }),
    'home-first': () =>
      pages.home(context, {
        defaultServer: server({ phase: 'stopped', started: null, lastActivity: null, profile: null }),
        named: { servers: [], limit: null, invalidNames: [], apiUrl: '/hub/api/users/mira/servers' },
        shared: [],
      }),
    'home-plain': () =>
      pages.home(context, { defaultServer: server({ phase: 'stopped' }), named: null, shared: [] }),
    spawn: () =>
      pages.spawn(context, {
        server: named('thesis', 'Thesis figures', { phase: 'stopped' }),
        profiles: [],
        fields: [],
        optionsFormHtml: optionsForm,
        action: '/hub/spawn/mira/thesis?_xsrf=abc',
        error: null,
      }),
    'spawn-error': () =>
      pages.spawn(context, {
        server: server({ phase: 'stopped', owner: words('tobin') }),
        profiles: [],
        fields: [],
        optionsFormHtml: optionsForm,
        action: '/hub/spawn/tobin?_xsrf=abc',
        error: { message: words('All accelerators are taken. Choose another size.'), html: null },
      }),
    'spawn-profiles': () =>
      pages.spawn(context, {
        server: named('thesis', 'Thesis figures', { phase: 'stopped' }),
        profiles: profiles(words),
        fields: [],
        optionsFormHtml: '',
        action: '/hub/spawn/mira/thesis?_xsrf=abc',
        error: null,
      }),
    'spawn-fields-wrong': () =>
      pages.spawn(context, {
        server: server({ phase: 'stopped' }),
        profiles: [],
        fields: spawnFields(words).map((field) => ({
          ...field,
          error:
            field.option === 'cores'
              ? { rule: 'maximum', limit: '8', message: 'must be 8 or less' }
              : field.option === 'repo'
                ? { rule: 'format', limit: 'uri', message: words('must be an address') }
                : null,
        })),
        optionsFormHtml: '',
        action: '/hub/spawn/mira?_xsrf=abc',
        error: null,
      }),
    'spawn-pending': () =>
      pages.spawnPending(context, {
        server: named('gpu-box', 'GPU box', { phase: 'starting', progress: null }),
        progressUrl: '/hub/api/users/mira/servers/gpu-box/progress',
        queue: null,
        logUrl: '/hub/api/users/mira/servers/gpu-box/log',
        events: [
          { at: '2026-03-02T09:00:00Z', message: words('Server requested') },
          { at: '2026-03-02T09:00:03Z', message: words('Launching the server') },
        ],
      }),
    'spawn-pending-queue': () =>
      pages.spawnPending(context, {
        server: named('gpu-box', 'GPU box', { phase: 'queued', progress: null }),
        progressUrl: '/hub/api/users/mira/servers/gpu-box/progress',
        queue: 2,
        logUrl: null,
        events: [],
      }),
    'stop-pending': () => pages.stopPending(context, { server: server({ phase: 'stopping' }), events: [] }),
    'stop-pending-fails': () =>
      pages.stopPending(context, {
        server: server({
          phase: 'unreachable',
          message: words('The server could not be stopped yet. It is tried again in 8 s.'),
        }),
        events: [
          { at: '2026-03-02T09:00:00Z', message: words('Server requested') },
          { at: '2026-03-02T09:00:03Z', message: words('Launching the server') },
        ],
      }),
    'not-running': () =>
      pages.notRunning(context, {
        server: server({ phase: 'stopped' }),
        startUrl: '/hub/spawn/mira?next=%2Fhub%2Fuser%2Fmira%2Flab',
        wanted: words('week-3/regression.ipynb'),
        implicitStartSeconds: 0,
        failure: null,
      }),
    'not-running-implicit': () =>
      pages.notRunning(context, {
        server: server({ phase: 'stopped', lastActivity: null }),
        startUrl: '/hub/spawn/mira',
        wanted: null,
        implicitStartSeconds: 600,
        failure: null,
      }),
    'spawn-failed': () =>
      pages.notRunning(context, {
        server: named('stats', 'Stats grading', { phase: 'failed' }),
        startUrl: '/hub/spawn/mira/stats',
        wanted: null,
        implicitStartSeconds: 0,
        failure: sampleFailure(sample),
      }),
    'spawn-failed-short': () =>
      pages.notRunning(context, {
        server: server({ phase: 'failed' }),
        startUrl: '/hub/spawn/mira',
        wanted: null,
        implicitStartSeconds: 0,
        failure: {
          ...sampleFailure(sample),
          cause: 'timeout',
          message: null,
          hint: null,
          log: null,
          events: [],
        },
      }),
    token: () =>
      pages.token(context, {
        tokens: [
          {
            id: 'a1',
            note: words('Editor on laptop'),
            scopes: ['access:servers!user=mira'],
            created: at,
            lastUsed: ago(4),
            expires: new Date(Date.now() + 9 * 86_400_000).toISOString(),
          },
          {
            id: 'a2',
            note: 'Nightly backup',
            scopes: ['servers!user=mira', 'read:servers!user=mira', words('custom:thing')],
            created: ago(90),
            lastUsed: null,
            expires: null,
          },
          { id: 'a3', note: 'Course script', scopes: ['inherit'], created: at, lastUsed: at, expires: null },
        ],
        clients: [
          {
            tokenIds: ['o1', 'o2'],
            description: words('Course planner'),
            scopes: ['read:users!user=mira', 'servers!user=mira'],
            created: at,
            lastUsed: ago(700),
          },
        ],
        logins: [
          {
            id: 'l1',
            browser: 'Firefox on Linux',
            address: '198.51.100.24',
            signedInWith: 'Campus account',
            lastActive: ago(0),
            current: true,
            apiUrl: '/hub/api/users/mira/logins/l1',
          },
          {
            id: 'l2',
            browser: words('Safari on a phone'),
            address: '198.51.100.90',
            signedInWith: 'Password',
            lastActive: ago(1400),
            current: false,
            apiUrl: '/hub/api/users/mira/logins/l2',
          },
        ],
        scopes: scopes(words),
        maxLifetime: null,
        apiUrl: '/hub/api/users/mira/tokens',
        loginsUrl: '/hub/api/users/mira/logins',
      }),
    'token-first': () =>
      pages.token(context, {
        tokens: [],
        clients: [],
        logins: null,
        scopes: [],
        maxLifetime: 7200,
        apiUrl: '/hub/api/users/mira/tokens',
        loginsUrl: '/hub/api/users/mira/logins',
      }),
    oauth: () =>
      pages.oauth(context, {
        client: { id: 'service-planner', description: words('Course planner'), kind: 'service' },
        allowedScopes: ['read:users:name!user', 'read:users:groups!user', 'access:services!service=planner'],
        scopes: [
          {
            scope: 'read:users:name!user',
            description: words('Know who you are'),
            filter: 'Your user name and groups',
          },
          { scope: 'access:services!service=planner', description: 'Let you in', filter: null },
        ],
        action: '/hub/api/oauth2/authorize?client_id=service-planner',
        redirectUri: words('/services/planner/oauth_callback'),
      }),
    'accept-share': () =>
      pages.acceptShare(context, {
        server: named('group', 'Group project', { owner: words('tobin') }),
        code: words('share-code'),
        next: '/user/tobin/group/',
        action: '/hub/accept-share',
        scopes: [
          {
            scope: 'access:servers!server=tobin/group',
            description: words('Open this server'),
            filter: 'Group project',
          },
        ],
        expires: '2027-01-31T00:00:00Z',
      }),
    '404': () =>
      pages.error(context, {
        status: 404,
        statusText: 'Not Found',
        message: null,
        messageHtml: null,
        requested: words('/hub/user/mira/old-box'),
        reference: null,
        retryAfter: null,
      }),
    '503': () =>
      pages.error(stranger, {
        status: 503,
        statusText: 'Service Unavailable',
        message: null,
        messageHtml: null,
        requested: null,
        reference: null,
        retryAfter: null,
      }),
    '500': () =>
      pages.error(context, {
        status: 500,
        statusText: 'Internal Server Error',
        message: words('Redirect loop detected.'),
        messageHtml: null,
        requested: null,
        reference: words('req-8f31'),
        retryAfter: null,
      }),
    '429': () =>
      pages.error(context, {
        status: 429,
        statusText: 'Too Many Requests',
        message: words('Too many users trying to log in right now. Try again in 50 seconds.'),
        messageHtml: null,
        requested: null,
        reference: null,
        retryAfter: 47,
      }),
    '418': () =>
      pages.error(context, {
        status: 418,
        statusText: "I'm a teapot",
        message: null,
        messageHtml: words('<b>Short</b> and stout'),
        requested: null,
        reference: null,
        retryAfter: null,
      }),
  } as const;
}
