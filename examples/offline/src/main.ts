// The page of the offline example: keeps tracks on the device, plays them through an <audio> element, and shows what
// waits to be sent. What happens without this page stands in worker/sw.ts.

import { Telemetry } from "@delistening/sdk";
import { syncInBackground } from "@delistening/sdk/background-sync";
import { MUSIC } from "../worker/caches.js";
import { devToken } from "../worker/token.js";

interface Listed {
  readonly id: string;
  readonly title: string;
  readonly artistId: string;
  readonly src: string;
}

const audio = new Audio();
audio.controls = true;
document.querySelector("#audio")?.append(audio);
const list = document.querySelector("#tracks") as HTMLElement;
const status = document.querySelector("#status") as HTMLElement;

const telemetry = new Telemetry({
  endpoint: location.origin,
  token: devToken,
  onError: (error) => console.warn(error.code, error.message),
});
telemetry.addEventListener("status", ({ detail: { events, batches } }) => {
  status.textContent =
    events + batches === 0 ? "Nothing waits to be sent." : `Waits to be sent: ${events} events, ${batches} batches.`;
});

if ("serviceWorker" in navigator) {
  void navigator.serviceWorker.register("./sw.js");
  syncInBackground(telemetry);
}

const { tracks } = (await (await fetch("./music/tracks.json")).json()) as { tracks: Listed[] };
const music = await caches.open(MUSIC);
let current = { id: "", artist: "", offline: false };
telemetry.attach(audio, () => current);
list.append(...(await Promise.all(tracks.map(row))));

async function row({ id, title, artistId, src }: Listed): Promise<HTMLElement> {
  const url = `./music/${src}`;
  const keep = button("Keep", async () => {
    await music.add(url);
    keep.textContent = "Kept";
    keep.disabled = true;
  });
  if (await music.match(url)) {
    keep.textContent = "Kept";
    keep.disabled = true;
  }
  const play = button("Play", async () => {
    current = { id, artist: artistId, offline: keep.disabled };
    audio.src = url;
    await audio.play();
  });
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = title;
  for (const control of [keep, play]) control.setAttribute("aria-label", `${control.textContent} ${title}`);
  item.append(name, keep, play);
  return item;
}

function button(label: string, act: () => Promise<void>): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", () => void act());
  return made;
}
