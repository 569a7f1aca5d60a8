// Reads an export and feeds it to the audit, piece by piece: whatever its size, little of it is in memory.
import init, { Audit } from "../dist/wasm/delistening_audit.js";
import type { Progress, Report, Source } from "./audit.ts";

export interface Ask {
  source: Source;
  logKey: string;
}

export type Say = { progress: Progress } | { report: Report } | { error: string };

/** Progress is told after so many bytes, not for every piece. */
const STEP = 256 * 1024;

const say = (message: Say) => self.postMessage(message);

self.addEventListener("message", async ({ data }: MessageEvent<Ask>) => {
  try {
    say({ report: await run(data) });
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
  }
});

async function run({ source, logKey }: Ask): Promise<Report> {
  await init({ module_or_path: new URL("./wasm/delistening_audit_bg.wasm", import.meta.url) });
  const audit = new Audit(logKey);
  const { stream, total } = await open(source);
  const reader = stream.getReader();
  let [bytes, told] = [0, 0];
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    audit.push(piece.value);
    bytes += piece.value.length;
    if (bytes - told < STEP) continue;
    told = bytes;
    say({ progress: { entries: audit.entries(), bytes, ...total } });
  }
  say({ progress: { entries: audit.entries(), bytes, ...total } });
  return JSON.parse(audit.finish());
}

async function open(source: Source): Promise<{ stream: ReadableStream<Uint8Array>; total: { total?: number } }> {
  if ("file" in source) return { stream: source.file.stream(), total: { total: source.file.size } };
  const url = new URL(source.url);
  // The address of a server stands for what it exports.
  if (url.pathname === "/") url.pathname = "/v1/export";
  const headers: HeadersInit = source.token ? { authorization: `Bearer ${source.token}` } : {};
  const response = await fetch(url, { headers });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}: ${await reason(response)}`);
  const length = Number(response.headers.get("content-length"));
  // What is compressed on its way has another length than what arrives.
  const known = length > 0 && !response.headers.has("content-encoding");
  return { stream: response.body, total: known ? { total: length } : {} };
}

/** Why a server refused: it says so in a problem document (RFC 9457). */
async function reason(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return JSON.parse(text).detail ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
