// The server's answers, and its refusals (RFC 9457) as errors that say what to do.
import { current } from "./session.ts";

export interface Counts {
  valid: number;
  short: number;
  muted: number;
  suspect: number;
  invalid: number;
  listeners: number;
  heard_ms: number;
}

export interface Series {
  total: Counts;
  buckets: (Counts & { from: number; to: number })[];
  next?: string;
}

export interface Ranked extends Counts {
  id: string;
}

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

type Params = Record<string, string | number | undefined>;

/** Asks the server with the visitor's token. */
export async function request(path: string, params: Params = {}, init: RequestInit = {}): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, String(value));
  const token = current()?.token;
  const headers = new Headers(init.headers);
  if (token) headers.set("authorization", `Bearer ${token}`);
  const url = query.size > 0 ? `${path}?${query}` : path;
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refusal(0, "unreachable", "The server cannot be reached; try again.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refusal(
    response.status,
    problem.code ?? "unknown",
    problem.detail ?? `the server answered ${response.status}`,
  );
}

export async function get<Answer>(path: string, params: Params, signal?: AbortSignal): Promise<Answer> {
  const response = await request(path, params, signal ? { signal } : {});
  return response.json();
}

/** What plays are counted: all, or those of a track or artist. */
export interface Subject {
  of: "all" | "track" | "artist";
  id?: string | undefined;
}

const path = ({ of, id }: Subject) => (of === "all" ? "/v1/plays" : `/v1/${of}s/${encodeURIComponent(id ?? "")}/plays`);

export function series(
  subject: Subject,
  range: { from: number; to: number },
  bucket: string,
  tz: string,
  signal: AbortSignal,
): Promise<Series> {
  return get(path(subject), { from: range.from, to: range.to, bucket, tz }, signal);
}

export function counts(subject: Subject, params: Params, signal: AbortSignal): Promise<Counts> {
  return get(path(subject), params, signal);
}

/** The most played of a kind, of all plays or of those of a track or artist. */
export async function top(
  by: "track" | "artist" | "country" | "platform" | "source",
  { of, id }: Subject,
  range: { from: number; to: number },
  limit: number,
  signal: AbortSignal,
): Promise<Ranked[]> {
  const whose = of === "all" ? {} : { [of]: id };
  const { items } = await get<{ items: Ranked[] }>(
    "/v1/top",
    { by, ...whose, from: range.from, to: range.to, limit },
    signal,
  );
  return items;
}

/** Where in a track people begin, listen and stop: sessions, in equal parts of its length. */
export interface Retention {
  sessions: number;
  length_ms: number;
  heard: number[];
  started: number[];
  ended: number[];
}

export function retention(track: string, range: { from: number; to: number }, signal: AbortSignal): Promise<Retention> {
  return get(`/v1/tracks/${encodeURIComponent(track)}/retention`, { from: range.from, to: range.to }, signal);
}

export interface Reason {
  status: "short" | "muted" | "suspect" | "invalid";
  reason: string;
  sessions: number;
}

/** Why plays do not count, the most frequent reasons first. */
export async function reasons(
  { of, id }: Subject,
  range: { from: number; to: number },
  signal: AbortSignal,
): Promise<Reason[]> {
  const whose = of === "all" ? {} : { [of]: id };
  const { items } = await get<{ items: Reason[] }>("/v1/reasons", { ...whose, from: range.from, to: range.to }, signal);
  return items;
}

export const notCounted = ({ short, muted, suspect, invalid }: Counts) => short + muted + suspect + invalid;
