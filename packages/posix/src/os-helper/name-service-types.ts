/** An account, as the system's name service knows it: local, LDAP or any other source. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
}

/** A group of the system; `name` is null when its number has none. */
export interface Group {
  readonly name: string | null;
  readonly gid: number;
}
