// The demo page: plays music, and shows what becomes of what is heard. Start reading here; `network` is the
// switch, `feed` the four lists, `counts` the live counts.

import { Player, type PlayerTrack } from "@delistening/player";
import { type DelisteningPlayer, registerElement } from "@delistening/player/element";
import { Telemetry } from "@delistening/sdk";
import { watchCounts } from "./counts.js";
import { byId, showFeed } from "./feed.js";
import { installNetworkSwitch } from "./network.js";

/** A development token from the server that also serves this page. */
async function devToken(wanted: object): Promise<string> {
  const response = await fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const answer = (await response.json()) as { token?: string; detail?: string };
  if (answer.token === undefined) throw new Error(answer.detail ?? `status ${response.status}`);
  return answer.token;
}

installNetworkSwitch();

const telemetry = new Telemetry({
  endpoint: location.origin,
  token: ({ device }) => devToken({ device, listener: "demo-listener" }),
  batch: { maxAgeMs: 5_000 },
});
showFeed(telemetry);

const player = new Player({ telemetry });
registerElement();
byId<DelisteningPlayer>("player").player = player;

const catalogue = (await (await fetch("./music/tracks.json")).json()) as { tracks: PlayerTrack[] };
const music = new URL("./music/", location.href);
const tracks = catalogue.tracks.map((track) => ({
  ...track,
  src: new URL(track.src, music).href,
  artwork: new URL(track.artwork ?? "", music).href,
  source: "demo",
}));
player.queue.add(...tracks);
void watchCounts(tracks, () => devToken({ scope: "counts:read" }));
