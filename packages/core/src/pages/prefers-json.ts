/** Does an `Accept` header name JSON, and HTML not before it (W38)? Ranges such as a bare star name neither. */
export function prefersJson(accept: string | undefined): boolean {
  const named = (accept ?? '')
    .split(',')
    .map((part) => part.split(';').map((text) => text.trim().toLowerCase()));
  const wish = (type: string) => {
    const found = named.find(([name]) => name === type);
    if (!found) return 0;
    const weight = found.find((text) => text.startsWith('q='))?.slice(2);
    return weight === undefined ? 1 : Number(weight) || 0;
  };
  const place = (type: string) => named.findIndex(([name]) => name === type);
  const [json, html] = [wish('application/json'), wish('text/html')];
  if (json === 0 || json < html) return false;
  return json > html || place('application/json') < place('text/html');
}
