/** A number of seconds, above zero. */
export const seconds = { type: 'number', exclusiveMinimum: 0 } as const;

/** A list of names. */
export const names = { type: 'array', items: { type: 'string', minLength: 1 } } as const;

/** How descriptions say what an origin is. */
export const origin = 'an origin such as `http://127.0.0.1:8081`, without path';
