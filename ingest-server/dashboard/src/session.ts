// Who looks: a service token that was pasted, or the token of a share link. It is kept for this tab alone, and is never
// in the address: a share link's is taken out of it as soon as it was read.

const KEY = "delistening.dashboard.token";

export interface Session {
  readonly token: string;
  /** What it allows. */
  readonly scopes: readonly string[];
  /** When it ends, in milliseconds since 1970. */
  readonly expires: number;
  /** Whether it came with a share link, which reads counts and nothing else. */
  readonly shared: boolean;
  /** Whether a server in development gave it, which gives another when it has expired. */
  readonly developed: boolean;
}

let session: Session | undefined;

/** Begins with the token of a share link, or with what this tab knows. */
export function open(): Session | undefined {
  const shared = new URLSearchParams(location.hash.slice(1)).get("share");
  if (shared) history.replaceState(null, "", location.pathname + location.search);
  session = read(shared ?? stored());
  if (session) store(session.token);
  return session;
}

export const current = () => session;

/** Signs in with a token; `undefined` if it is none. Whether it is good the server says. */
export function signIn(token: string): Session | undefined {
  session = read(token.trim());
  if (session) store(session.token);
  return session;
}

export function signOut(): void {
  session = undefined;
  store(undefined);
}

/** Whether the visitor may do what needs `scope`. */
export const allows = (scope: string) => session?.scopes.includes(scope) ?? false;

function read(token: string | undefined): Session | undefined {
  if (!token) return undefined;
  try {
    const [header, claims] = token.split(".", 2).map((part) => JSON.parse(decode(part)));
    const expires = Number(claims.exp) * 1000;
    const [shared, developed] = [header.typ === "share+jwt", claims.sub === "dev-service"];
    return { token, scopes: String(claims.scope).split(" "), expires, shared, developed };
  } catch {
    return undefined;
  }
}

function decode(base64url: string): string {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

// Where storage is switched off, the token lives as long as the page.
function stored(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

function store(token: string | undefined): void {
  try {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  } catch {}
}
