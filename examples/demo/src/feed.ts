// What just happened: events, batches, acks and receipts, newest first.

import type { Telemetry } from "@delistening/sdk";

const MOST = 60;

/** An element of this page. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

function tell(list: string, text: string, good = false): void {
  const item = document.createElement("li");
  item.textContent = text;
  if (good) item.className = "good";
  const target = byId(list);
  target.prepend(item);
  while (target.children.length > MOST) target.lastElementChild?.remove();
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Shows what telemetry says. */
export function showFeed(telemetry: Telemetry): void {
  let proved = 0;
  telemetry.addEventListener("event", ({ detail: event }) => {
    const about =
      event.type === "play.progress"
        ? `heard ${event.heard.map(([start, end]) => `${seconds(start)} – ${seconds(end)}`).join(", ") || "nothing"}`
        : event.type === "play.ended"
          ? `${event.reason}, heard ${seconds(event.played_ms)}`
          : "";
    tell("events", `${event.type} ${event.track} ${about}`);
  });
  telemetry.addEventListener("batch", ({ detail: { seq, events, bytes } }) => {
    const count = events === 1 ? "1 event" : `${events} events`;
    tell("batches", `batch ${seq}: ${count}, ${bytes} bytes, signed`);
  });
  telemetry.addEventListener("ack", ({ detail: { seq, status } }) => tell("acks", `batch ${seq}: ${status}`));
  telemetry.addEventListener("receipt", ({ detail: { seq, index, size, checkpoint } }) => {
    proved += 1;
    byId("proved").textContent = String(proved);
    const root = checkpoint.split("\n")[2] ?? "";
    tell("receipts", `✓ batch ${seq} is entry ${index} of ${size}, root ${root.slice(0, 16)}…`, true);
  });
  telemetry.addEventListener("status", ({ detail: { events, batches } }) => {
    byId("waiting-events").textContent = String(events);
    byId("waiting-batches").textContent = String(batches);
  });
  telemetry.addEventListener("error", ({ detail: error }) => {
    const trouble = byId("trouble");
    // Being cut off is what the switch is for; anything else is worth a word.
    trouble.hidden = error.action !== "stop";
    trouble.textContent = `${error.code}: ${error.message}`;
  });
}
