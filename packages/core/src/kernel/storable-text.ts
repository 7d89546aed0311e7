/**
 * The text as PostgreSQL can hold it: NUL and halves of characters become U+FFFD. For what programs print; what
 * people send is refused instead.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
