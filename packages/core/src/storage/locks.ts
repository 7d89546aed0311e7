/** Numbers of PostgreSQL's advisory locks. They must never change: hubs of several versions share them. */
export const locks = {
  migrations: 4_870_001,
  /** Who may start, and with which configuration. */
  registration: 4_870_002,
  /** Counting before servers leave the queue. */
  queue: 4_870_003,
  configuration: 4_870_004,
  /** Making and forgetting authorities of internal TLS. */
  tlsAuthorities: 4_870_005,
} as const;
