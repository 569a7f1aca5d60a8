// Carries requests to the server. Decides nothing: when to send and what an answer means is the core's.

/** What came back, or `undefined` when nothing did. */
export interface Answer {
  readonly status: number;
  /** Seconds the server asks to wait. */
  readonly retryAfterS: number | undefined;
  readonly body: string;
}

/** The way to the server. Never throws and never rejects. */
export interface Transport {
  /** Whether what `send` has begun goes on when the page is gone. */
  readonly outlivesPage: boolean;
  send(body: string): Promise<Answer | undefined>;
  /** Hands the body to the browser, which sends it when the page is gone. Says whether it was taken. */
  lastChance(body: string): boolean;
  /** Gets what the log shows to anybody: the request names neither device nor listener. */
  get(path: string): Promise<Resource | undefined>;
}

/** What the log showed. */
export interface Resource {
  readonly status: number;
  readonly body: Uint8Array;
}

// Browsers refuse keepalive bodies over 64 KiB in flight, all of a page's together.
const KEEPALIVE_BYTES = 60 * 1024;
const TIMEOUT_MS = 60_000;

/** Posts to `POST /v1/batches` below `endpoint`; `device` lets a load balancer keep a device on one node. */
export function httpTransport(endpoint: URL, device: string): Transport {
  const below = (path: string) => {
    const url = new URL(endpoint);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
    return url;
  };
  const url = below("v1/batches");
  url.searchParams.set("device", device);
  const anonymous = { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" } as const;

  return {
    outlivesPage: "keepalive" in Request.prototype,
    async send(body) {
      const bytes = new TextEncoder().encode(body);
      try {
        // text/plain with the token in the body is a simple request: no preflight, no cookies.
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "text/plain;charset=UTF-8" },
          body: bytes,
          keepalive: bytes.length < KEEPALIVE_BYTES,
          ...anonymous,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        return {
          status: response.status,
          retryAfterS: retryAfter(response.headers.get("retry-after")),
          body: await response.text(),
        };
      } catch {
        return undefined;
      }
    },
    lastChance(body) {
      try {
        return navigator.sendBeacon(url, body);
      } catch {
        return false;
      }
    },
    async get(path) {
      try {
        const response = await fetch(below(path), { ...anonymous, signal: AbortSignal.timeout(TIMEOUT_MS) });
        return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
      } catch {
        return undefined;
      }
    },
  };
}

/** Seconds in a `Retry-After` header, which holds seconds or a date. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
