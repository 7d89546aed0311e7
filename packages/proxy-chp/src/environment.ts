const kept = /^(PATH|HOME|TZ|TMPDIR|LANG|LC_\w+|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|CONFIGPROXY_\w+)$/;

/**
 * The environment of the proxy. It faces the world, so it gets what it needs and not the hub's whole environment,
 * in which stand the database's password and the keys of the hub.
 */
export function chpEnvironment(
  hub: Readonly<Record<string, string | undefined>>,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(hub))
    if (value !== undefined && kept.test(name)) env[name] = value;
  return { ...env, ...more };
}
