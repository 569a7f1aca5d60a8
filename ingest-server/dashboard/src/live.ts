// Counts as they change. `EventSource` cannot send a token, so the stream of events is read by `fetch`.
import { request } from "./api.ts";

export interface LiveCounts {
  valid: number;
  not_counted: number;
  heard_ms: number;
}

interface Frame {
  total: LiveCounts;
  tracks: Record<string, LiveCounts>;
}

const AGAIN_MS = 2_000;

/** Tells `counts` of everything, and whether there is a connection, until `signal` ends it. */
export async function watch(
  tell: (counts: LiveCounts) => void,
  connected: (yes: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { body } = await request("/v1/live", {}, { signal });
      if (!body) return;
      connected(true);
      for await (const frame of frames(body)) tell(frame.total);
    } catch {
      // A restart, or the network: the next try says more.
    }
    if (signal.aborted) return;
    connected(false);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function* frames(body: ReadableStream<BufferSource>): AsyncGenerator<Frame> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data:"));
      if (data) yield JSON.parse(data.slice("data:".length)) as Frame;
    }
  }
}
