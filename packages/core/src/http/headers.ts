/** The hub's header settings. */
export interface HeaderSettings {
  readonly hubPath: string;
  /** JupyterHub version whose contract is kept (R43). */
  readonly compatibleVersion: string;
  /** The operator's own headers; they add and replace, the policy included (W107). */
  readonly overrides: Readonly<Record<string, string>>;
}

/** What the header of a page depends on. */
export interface PageHeaderFacts {
  /** Random per answer; inline scripts and styles carry it. */
  readonly nonce: string;
  readonly signedIn: boolean;
  /** More places a form may lead to: the redirect address of the consent page. */
  readonly formTargets?: readonly string[] | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** Headers for every kind of answer. */
export interface AnswerHeaders {
  /** The operator's, by lower-case name: they win over everything else. */
  readonly own: Headers;
  /** R4, W107, W108. */
  api(): Headers;
  /** Design section 8, W107, W108. */
  page(facts: PageHeaderFacts): Headers;
  /** Files of the hub: no version, no policy (W20). `versioned`: the address holds `?v=`. */
  file(versioned: boolean): Headers;
}

const tenYears = 315_360_000;

/** Makes the headers of a hub. Proxied answers never pass here, so nothing reaches them (W108). */
export function answerHeaders({ hubPath, compatibleVersion, overrides }: HeaderSettings): AnswerHeaders {
  const policy = `frame-ancestors 'none'; report-uri ${hubPath}security/csp-report`;
  const common = {
    'x-jupyterhub-version': compatibleVersion,
    'access-control-allow-headers': 'accept, content-type, authorization',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
  };
  const own = Object.fromEntries(
    Object.entries(overrides).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const api = { ...common, 'content-security-policy': `${policy}; default-src 'none'`, ...own };

  return {
    own,
    api: () => api,
    page: ({ nonce, signedIn, formTargets = [] }) => ({
      ...common,
      'content-security-policy': `${policy}; ${scriptPolicy(nonce, formTargets)}`,
      ...(signedIn && { 'cache-control': 'no-store' }),
      ...own,
    }),
    file: (versioned) => ({
      'cache-control': versioned ? `max-age=${tenYears}` : 'no-cache',
      'x-content-type-options': 'nosniff',
    }),
  };
}

function scriptPolicy(nonce: string, formTargets: readonly string[]): string {
  return [
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "object-src 'none'",
    "base-uri 'none'",
    ['form-action', "'self'", ...formTargets].join(' '),
  ].join('; ');
}
