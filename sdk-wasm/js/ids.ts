// Identifiers made in the page.

/** A UUIDv7 (RFC 9562): sorts by the time it was made. `randomUUID` needs a secure context; this does not. */
export function uuidV7(now = Date.now()): string {
  const words = crypto.getRandomValues(new Uint16Array(5));
  words[0] = 0x7000 | ((words[0] ?? 0) & 0x0fff);
  words[1] = 0x8000 | ((words[1] ?? 0) & 0x3fff);
  const hex = (number: number, digits: number) => number.toString(16).padStart(digits, "0");
  const all = hex(now, 12) + Array.from(words, (word) => hex(word, 4)).join("");
  return all.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
