// Live counts, as server-sent events. `EventSource` cannot send a token, so the stream is read by `fetch`.

import { byId } from "./feed.js";

interface Counts {
  readonly valid: number;
  readonly not_counted: number;
  readonly heard_ms: number;
}

interface Frame {
  readonly total: Counts;
  readonly tracks: Record<string, Counts>;
}

interface Named {
  readonly id: string;
  readonly title?: string;
}

const AGAIN_MS = 1_000;

/** Shows the counts of `tracks` as they change, for as long as the page lives. */
export async function watchCounts(tracks: readonly Named[], token: () => Promise<string>): Promise<void> {
  const rows = new Map(tracks.map((track) => [track.id, addRow(track.title ?? track.id)]));
  for (;;) {
    try {
      const headers = { authorization: `Bearer ${await token()}` };
      const response = await fetch("/v1/live", { headers });
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      byId("live-state").textContent = "Live: the server says what it counted, as it counts.";
      for await (const frame of frames(response.body)) {
        byId("valid").textContent = String(frame.total.valid);
        for (const [id, counts] of Object.entries(frame.tracks)) rows.get(id)?.(counts);
      }
    } catch {
      // The switch or a restart; the next try says more.
    }
    byId("live-state").textContent = "No connection to live counts; trying again …";
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function* frames(body: ReadableStream<BufferSource>): AsyncGenerator<Frame> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (buffer + value).split("\n\n");
    buffer = events.pop() ?? "";
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data:"));
      if (data) yield JSON.parse(data.slice(5)) as Frame;
    }
  }
}

function addRow(title: string): (counts: Counts) => void {
  const row = byId<HTMLTableSectionElement>("tracks").insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = title;
  const cells = ["0", "0", "0 s"].map((text) => {
    const cell = document.createElement("td");
    cell.textContent = text;
    return cell;
  });
  row.append(head, ...cells);
  return ({ valid, not_counted, heard_ms }) => {
    const texts = [String(valid), String(not_counted), `${Math.round(heard_ms / 1000)} s`];
    for (const [place, cell] of cells.entries()) cell.textContent = texts[place] ?? "";
  };
}
