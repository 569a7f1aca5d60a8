// Tracks on the device, in a real browser's Cache Storage, with the network really gone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { send } from "../../tests/support/site.mjs";
import { begin, openPage, page } from "./support/suite.mjs";

const music = (name) => readFileSync(new URL(`../../examples/demo/music/${name}`, import.meta.url));
const audio = music("doorbell-sunrise.mp3");
const artwork = music("doorbell-sunrise.svg");
/** Whether the tracks' server is to be reached. */
let up = true;

const file = (body, type) => (request, response) => {
  if (up) send(request, response, body, type);
  else request.socket.destroy();
};
const handlers = {
  "/one.mp3": file(audio, "audio/mpeg"),
  "/one.svg": file(artwork, "image/svg+xml"),
  "/one.flac": file(readFileSync(new URL("../tests/audio/short.flac", import.meta.url)), "audio/flac"),
  "/slow.mp3": (_request, response) => {
    response.writeHead(200, { "content-type": "audio/mpeg", "content-length": audio.length });
    response.write(audio.subarray(0, 50_000));
  },
  "/unsaid.mp3": (_request, response) => {
    response.writeHead(200, { "content-type": "audio/mpeg" });
    response.end(audio);
  },
  "/cut.mp3": (request, response) => {
    response.writeHead(200, { "content-type": "audio/mpeg", "content-length": audio.length });
    response.write(audio.subarray(0, 50_000), () => request.socket.end());
  },
};

afterEach(() => {
  up = true;
});

begin({ handlers });

/** Runs `script` in a page with `downloads` for downloads of its own, and `seen` for what they told. */
async function run(script, argument) {
  await openPage();
  await page.evaluate(() => {
    harness.track = { id: "one", src: "/one.mp3", artwork: "/one.svg", title: "One", artistId: "house-band" };
    /** What a call rejects with. */
    harness.refused = (promise) =>
      promise.then(
        () => "not refused",
        ({ name, code }) => `${name}: ${code}`,
      );
    harness.downloads = async (options) => {
      const { Downloads } = await import("@delistening/player/offline");
      const downloads = new Downloads(options);
      downloads.seen = [];
      for (const type of ["progress", "added", "removed"]) {
        downloads.addEventListener(type, ({ detail }) => downloads.seen.push({ type, ...detail }));
      }
      await downloads.ready;
      return downloads;
    };
    /** The names of all that lies in the cache. */
    harness.stored = async () => {
      const names = [];
      for (const name of await caches.keys()) {
        for (const { url } of await (await caches.open(name)).keys()) names.push(new URL(url).pathname);
      }
      return names.filter((name) => !name.includes("/seen/")).sort();
    };
  });
  return page.evaluate(script, argument);
}

test("a track and its artwork are downloaded with progress, told once they are whole, and there after a reload", async () => {
  const told = await run(async () => {
    const downloads = await harness.downloads();
    const [one, same] = await Promise.all([downloads.add(harness.track), downloads.add(harness.track)]);
    const progress = downloads.seen.filter(({ type }) => type === "progress");
    return {
      once: one === same && downloads.seen.filter(({ type }) => type === "added").length,
      bytes: one.bytes,
      last: progress.at(-1).receivedBytes,
      grows: progress.every(({ receivedBytes }, at) => at === 0 || receivedBytes > progress[at - 1].receivedBytes),
      total: progress[0].totalBytes,
    };
  });
  assert.equal(told.once, 1);
  assert.equal(told.bytes, audio.length + artwork.length);
  assert.equal(told.last, told.bytes);
  assert.ok(told.grows);
  assert.equal(told.total, audio.length);
  await page.reload();
  const kept = await page.evaluate(async () => {
    const { Downloads } = await import("@delistening/player/offline");
    const downloads = new Downloads();
    await downloads.ready;
    return [downloads.list().map(({ id, track }) => [id, track.title]), downloads.bytes];
  });
  assert.deepEqual(kept, [[["one", "One"]], told.bytes]);
});

for (const engine of ["native", "wasm"]) {
  test(`without a network it plays to its end by the ${engine} engine, and the play is measured as offline`, async () => {
    await run(async () => {
      window.downloads = await harness.downloads();
      // What the WASM engine needs is loaded while there is a network, as a service worker would keep it.
      await downloads.add({ ...harness.track, id: "two", src: "/one.flac" });
      await downloads.add(harness.track);
    });
    const told = await page.evaluate(async (engine) => {
      const player = await harness.start({ engine, downloads, telemetry: harness.telemetry() });
      await harness.record(player);
      const { track } = harness;
      player.queue.add(engine === "wasm" ? { ...track, id: "two", src: "/one.flac" } : track);
      if (engine === "wasm") {
        await player.play();
        await harness.until(({ type }) => type === "ended");
      }
      return player.state;
    }, engine);
    assert.equal(told, engine === "wasm" ? "paused" : "idle");
    up = false;
    await page.context().setOffline(true);
    const played = await page.evaluate(async () => {
      const from = window.told.length;
      await player.play();
      await harness.state("playing");
      if (player.durationMs > 3_000) player.seek(player.durationMs - 400);
      await harness.until(({ type }) => type === "ended", from);
      const started = events.filter(({ type }) => type === "play.started");
      return {
        offline: started.map(({ offline }) => offline),
        isOffline: player.offline,
        picture: player.artwork.startsWith("blob:") && (await (await fetch(player.artwork)).text()).includes("<svg"),
        errors: window.told.filter(({ type }) => type === "error").length,
      };
    });
    assert.ok(played.offline.length > 0 && played.offline.every((offline) => offline === true), `${played.offline}`);
    assert.deepEqual({ ...played, offline: 0 }, { offline: 0, isOffline: true, picture: true, errors: 0 });
  });
}

test("a track that is not on the device plays from its address, and is no offline play", async () => {
  const told = await run(async () => {
    const downloads = await harness.downloads();
    const player = await harness.start({ downloads, telemetry: harness.telemetry() });
    await harness.record(player);
    player.queue.add(harness.track);
    await player.play();
    const { offline } = await harness.recorded(({ type }) => type === "play.started");
    return [offline, player.offline, player.state];
  });
  assert.deepEqual(told, [false, false, "playing"]);
});

test("a download that is cut off, cancelled, missing or too large leaves nothing, and says which it was", async () => {
  const told = await run(async () => {
    const bounded = await harness.downloads({ name: "bounded", maxBytes: 20_000 });
    const refused = { large: await harness.refused(bounded.add(harness.track)) };
    // Its length is not said beforehand.
    refused.unsaid = await harness.refused(bounded.add({ id: "unsaid", src: "/unsaid.mp3" }));
    const downloads = await harness.downloads();
    for (const src of ["/cut.mp3", "/missing.mp3"]) {
      refused[src] = await harness.refused(downloads.add({ id: src, src, artwork: "/one.svg" }));
    }
    const abort = new AbortController();
    const slow = downloads.add({ id: "slow", src: "/slow.mp3" }, { signal: abort.signal });
    await new Promise((resolve) => downloads.addEventListener("progress", resolve, { once: true }));
    abort.abort();
    refused.slow = await harness.refused(slow);
    refused.never = await harness.refused(downloads.add({ id: "x", src: "/one.mp3" }, { signal: AbortSignal.abort() }));
    return { refused, list: downloads.list().length, stored: await harness.stored() };
  });
  assert.deepEqual(told, {
    refused: {
      "/cut.mp3": "DownloadError: network",
      "/missing.mp3": "DownloadError: network",
      large: "DownloadError: quota",
      unsaid: "DownloadError: quota",
      slow: "DownloadError: aborted",
      never: "DownloadError: aborted",
    },
    list: 0,
    stored: [],
  });
});

test("where the browser has no room a download is refused, before it is fetched or when the store says so", async () => {
  const told = await run(async () => {
    const downloads = await harness.downloads();
    // What the browser says of its room, and what its store says: nobody can fill a disk here.
    const estimate = navigator.storage.estimate;
    navigator.storage.estimate = async () => ({ quota: 1_000, usage: 900 });
    const before = await harness.refused(downloads.add(harness.track));
    navigator.storage.estimate = estimate;
    const put = Cache.prototype.put;
    Cache.prototype.put = async () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const later = await harness.refused(downloads.add(harness.track));
    Cache.prototype.put = put;
    const after = await downloads.add(harness.track);
    return { before, later, after: after.id };
  });
  assert.deepEqual(told, { before: "DownloadError: quota", later: "DownloadError: quota", after: "one" });
});

test("what expires is not played from the device, whatever is done to its clock, and is taken away", async () => {
  const told = await run(async () => {
    let now = 1_000_000;
    const downloads = await harness.downloads({ now: () => now });
    await downloads.add(harness.track, { expiresAt: 2_000_000 });
    const fresh = Boolean(await downloads.open("one"));
    now = 1_999_999;
    await downloads.check();
    const still = downloads.list().length;
    now = 2_000_000;
    const listed = downloads.list().length;
    const opened = await downloads.open("one");
    // Again, with a clock that is set back before anybody looked, over a new visit.
    await downloads.add(harness.track, { expiresAt: 2_500_000 });
    now = 2_499_999;
    await downloads.check();
    now = 1;
    const other = await harness.downloads({ now: () => 2_500_001 });
    await other.check();
    const back = await harness.downloads({ now: () => 1 });
    const afterwards = [back.list().length, await back.open("one")];
    const reasons = downloads.seen.filter(({ type }) => type === "removed").map(({ reason }) => reason);
    return { fresh, still, listed, opened, afterwards, reasons, stored: await harness.stored() };
  });
  assert.deepEqual(told, {
    fresh: true,
    still: 1,
    listed: 0,
    opened: undefined,
    afterwards: [0, undefined],
    reasons: ["expired"],
    stored: [],
  });
});

test("what the host takes back ends, when it plays, with an error of its own, and the next track plays", async () => {
  const told = await run(async () => {
    const asked = [];
    let gone = [];
    const downloads = await harness.downloads({
      revoked: (ids) => {
        asked.push([...ids]);
        return [...gone, "of another"];
      },
    });
    await downloads.add(harness.track);
    await downloads.add({ ...harness.track, id: "two" });
    await downloads.check();
    const player = await harness.start({ downloads, telemetry: harness.telemetry() });
    await harness.record(player);
    player.queue.add(harness.track, { ...harness.track, id: "two" });
    await player.play();
    await harness.state("playing");
    gone = ["one"];
    dispatchEvent(new Event("online"));
    const { detail } = await harness.until(({ type }) => type === "error");
    const state = player.state;
    const ended = await harness.recorded(({ type }) => type === "play.ended");
    const failed = await harness.recorded(({ type }) => type === "play.failed");
    player.next();
    await player.play();
    return {
      code: detail.code,
      state,
      ended: ended.reason,
      failed: failed.code,
      next: [player.track.id, player.offline],
      left: downloads.list().map(({ id }) => id),
      asked: asked.at(-1),
    };
  });
  assert.deepEqual(told, {
    code: "revoked",
    state: "error",
    ended: "stopped",
    failed: "revoked",
    next: ["two", true],
    left: ["two"],
    asked: ["one", "two"],
  });
});

test("what was interrupted by the page's end is swept, and what the browser has emptied is no download", async () => {
  await run(async () => {
    const downloads = await harness.downloads();
    await downloads.add(harness.track);
    const cache = await caches.open("delistening-downloads");
    await cache.put("/.delistening/audio/half", new Response("some"));
    await cache.put("/.delistening/record/strange", new Response("}{"));
  });
  await page.reload();
  const told = await page.evaluate(async () => {
    const { Downloads } = await import("@delistening/player/offline");
    const downloads = new Downloads();
    await downloads.ready;
    const names = (await (await caches.open("delistening-downloads")).keys()).map(({ url }) => new URL(url).pathname);
    await (await caches.open("delistening-downloads")).delete("/.delistening/audio/one");
    const opened = await downloads.open("one");
    return { names: names.filter((name) => !name.includes("/seen/")).sort(), opened, left: downloads.list().length };
  });
  assert.deepEqual(told.names, ["/.delistening/artwork/one", "/.delistening/audio/one", "/.delistening/record/one"]);
  assert.deepEqual([told.opened, told.left], [undefined, 0]);
});

test("gapless joins hold for tracks on the device", async () => {
  const told = await run(async () => {
    const downloads = await harness.downloads();
    const tracks = [1, 2].map((half) => ({ id: `half-${half}`, src: `/audio/half-${half}.mp3` }));
    for (const track of tracks) await downloads.add(track);
    const player = await harness.start({ engine: "wasm", gapless: true, downloads });
    player.queue.add(...tracks);
    await player.play();
    await harness.until(({ type }) => type === "ended");
    const states = () => window.told.filter(({ type }) => type === "statechange").map(({ detail }) => detail.state);
    await harness.until(() => window.told.filter(({ type }) => type === "ended").length === 2);
    return { states: states(), offline: player.offline };
  });
  assert.ok(told.offline);
  assert.ok(!told.states.includes("stalled") && !told.states.includes("error"), `${told.states}`);
});
