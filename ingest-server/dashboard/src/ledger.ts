// The public log, as anybody reads it: C2SP tlog-checkpoint and the entry bundles of tlog-tiles. What is signed and how
// entries hang together is the audit's affair.
import { Refusal, request } from "./api.ts";

const BUNDLE = 256;

export interface Checkpoint {
  origin: string;
  size: number;
  root: string;
  /** The names of those who signed it. */
  signers: string[];
}

export type Entry = { index: number } & (
  | { kind: "batch"; received: number }
  | { kind: "statement"; day: number; part: number; parts: number; count: number; through: number }
  | { kind: "verdict"; count: number }
  | { kind: "rule"; of: string; version: number }
  | { kind: "erasure"; at: number }
  | { kind: "key" }
);

export async function checkpoint(signal: AbortSignal): Promise<Checkpoint> {
  return parse(await text("/log/checkpoint", signal));
}

/** The newest checkpoint that enough witnesses have cosigned, where there are witnesses. */
export async function witnessed(signal: AbortSignal): Promise<Checkpoint | undefined> {
  try {
    return parse(await text("/log/witnessed", signal));
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}

export const key = async (signal: AbortSignal) => (await text("/log/vkey", signal)).trim();

/** How many entries the server's counts know of. */
export async function counted(signal: AbortSignal): Promise<number> {
  const loaded = /^delistening_loaded (\d+)$/m.exec(await text("/metrics", signal))?.[1];
  return Number(loaded ?? 0);
}

async function text(path: string, signal: AbortSignal): Promise<string> {
  return (await request(path, {}, { signal })).text();
}

function parse(note: string): Checkpoint {
  const [body = "", signatures = ""] = note.split("\n\n");
  const [origin = "", size = "", root = ""] = body.split("\n");
  const signers = signatures.split("\n").flatMap((line) => /^— (\S+) /.exec(line)?.[1] ?? []);
  return { origin, size: Number(size), root, signers };
}

/** The entries of one bundle of a log of `size` entries. */
async function bundle(number: number, size: number, signal: AbortSignal): Promise<Entry[]> {
  const groups =
    String(number)
      .padStart(Math.ceil(String(number).length / 3) * 3, "0")
      .match(/\d{3}/g) ?? [];
  const path = groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join("/");
  const width = Math.min(BUNDLE, size - number * BUNDLE);
  const whole = width === BUNDLE ? "" : `.p/${width}`;
  const response = await request(`/log/tile/entries/${path}${whole}`, {}, { signal });
  const bytes = new DataView(await response.arrayBuffer());
  const entries: Entry[] = [];
  for (let at = 0; at + 2 <= bytes.byteLength; ) {
    const length = bytes.getUint16(at);
    const json = new TextDecoder().decode(new Uint8Array(bytes.buffer, at + 2, length));
    entries.push({ index: number * BUNDLE + entries.length, ...JSON.parse(json) });
    at += 2 + length;
  }
  return entries;
}

/** The last entries of the log, newest first: those of its last `bundles` bundles. */
export async function newest(size: number, bundles: number, signal: AbortSignal): Promise<Entry[]> {
  const last = Math.ceil(size / BUNDLE);
  const numbers = Array.from({ length: Math.min(bundles, last) }, (_, place) => last - 1 - place);
  const each = await Promise.all(numbers.map((number) => bundle(number, size, signal)));
  return each.flat().sort((one, other) => other.index - one.index);
}

/** How the log grew: the time of a batch in each of `samples` bundles, spread over the log, and its index. */
export async function growth(
  size: number,
  samples: number,
  signal: AbortSignal,
): Promise<{ at: number; size: number }[]> {
  const bundles = Math.ceil(size / BUNDLE);
  const numbers = Array.from({ length: Math.min(samples, bundles) }, (_, place) =>
    Math.floor((place * (bundles - 1)) / Math.max(1, Math.min(samples, bundles) - 1)),
  );
  const each = await Promise.all([...new Set(numbers)].map((number) => bundle(number, size, signal)));
  const ends = each.flatMap((entries) => {
    const batches = entries.filter((entry) => entry.kind === "batch");
    const [first, last] = [batches[0], batches.at(-1)];
    return [first, ...(last === first ? [] : [last])].flatMap((entry) =>
      entry ? [{ at: entry.received, size: entry.index + 1 }] : [],
    );
  });
  // Clocks of servers are set now and then; a chart's times rise.
  return ends.filter(({ at }, place) => place === 0 || at > (ends[place - 1]?.at ?? 0));
}
