// What the end-to-end test's page runs: a player with telemetry, and a record of what telemetry said.
import { Player } from "@delistening/player";

const MUSIC = ["doorbell-sunrise", "paper-lanterns"];

/** Makes the player. The music is fetched beforehand, so that it plays on without a network. */
window.begin = async (endpoint) => {
  window.said = [];
  const token = async ({ device }) => {
    const body = JSON.stringify({ device, listener: "listener-1" });
    const response = await fetch(`${endpoint}/dev/token`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body,
    });
    return (await response.json()).token;
  };
  const player = new Player({ telemetry: { endpoint, token } });
  for (const type of ["event", "batch", "ack", "receipt", "dropped", "error", "status"]) {
    player.telemetry.addEventListener(type, ({ detail }) => window.said.push({ type, detail: plain(detail) }));
  }
  for (const id of MUSIC) {
    const file = await (await fetch(`/music/${id}.mp3`)).blob();
    player.queue.add({ id, src: URL.createObjectURL(file), artistId: "house-band", offline: true });
  }
  window.player = player;
  await player.telemetry.ready;
};

function plain(detail) {
  return detail instanceof Error ? { code: detail.code, message: detail.message, action: detail.action } : detail;
}
