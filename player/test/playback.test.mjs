// The player with the browser's own engine, real music and the real SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chromiumOnly, launch } from "../../tests/support/browser.mjs";
import { begin, makePage, openPage, page, site } from "./support/suite.mjs";

// What a media element tells is this coarse when the machine is busy.
const NEAR_MS = 250;
const AT_ONCE = `<script type="module">
  const player = await harness.start();
  player.queue.add(harness.music("doorbell-sunrise"));
  await player.play();
  console.log(player.state);
</script>`;

begin({ pages: { "/at-once": AT_ONCE } });

/** Runs `script` in a page with a player whose queue holds `ids`. */
async function play(ids, script, options) {
  await openPage();
  await page.evaluate(
    async ([ids, options]) => {
      const player = await harness.start(options.measured ? { telemetry: harness.telemetry() } : {});
      if (options.measured) await harness.record(player);
      player.queue.add(...ids.map((id) => (typeof id === "string" ? harness.music(id) : id)));
    },
    [ids, options ?? {}],
  );
  return page.evaluate(script);
}

function near(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) <= NEAR_MS, `${what}: ${actual}, expected about ${expected}`);
}

test("plays, pauses, seeks: each is told once, in order, with its place", async () => {
  const { order, seeked, paused, duration, truth } = await play(["doorbell-sunrise"], async () => {
    await player.play();
    await harness.reached(500);
    // Where it is by now: a busy machine tells late of what it has reached.
    const truth = { seek: player.positionMs };
    player.seek(4_000);
    const seeked = await harness.until(({ type }) => type === "seeked");
    await harness.reached(4_500);
    truth.pause = player.positionMs;
    player.pause();
    const paused = await harness.until(({ type }) => type === "pause");
    const quiet = new Set(["timeupdate", "durationchange", "queuechange", "stalled"]);
    const order = told
      .filter(({ type, detail }) => !quiet.has(type) && detail.state !== "stalled" && detail.previous !== "stalled")
      .map(({ type, detail }) => (type === "statechange" ? detail.state : type));
    return { order, seeked: seeked.detail, paused: paused.detail, duration: player.durationMs, truth };
  });
  // Chromium tells `playing` again after a seek; the state is the same then.
  const once = order.filter((type, place) => type !== "playing" || order[place - 1] !== "playing");
  assert.deepEqual(once.slice(0, 5), ["loading", "trackchange", "play", "playing", "seeking"]);
  assert.deepEqual(once.slice(-2), ["paused", "pause"]);
  near(seeked.fromMs, truth.seek, "where the seek began");
  near(seeked.toMs, 4_000, "where it went");
  near(paused.positionMs, truth.pause, "where it was paused");
  near(duration, 12_000, "the length of the track");
});

test("what a page is told while a track is made ready is not a stall", async () => {
  const states = await play(["paper-lanterns"], async () => {
    await player.play();
    return told.filter(({ type }) => type === "statechange").map(({ detail }) => detail.state);
  });
  assert.deepEqual(states, ["loading", "playing"]);
});

test("a track that ends makes way for the next; the last one ends playback", async () => {
  const { ids, state, position } = await play(["doorbell-sunrise", "paper-lanterns"], async () => {
    await player.play();
    player.seek(11_700);
    await harness.until(({ type, detail }) => type === "trackchange" && detail.track.id === "paper-lanterns");
    await harness.until(({ type }) => type === "playing", told.length);
    player.seek(player.durationMs - 300);
    await harness.until(({ type, detail }) => type === "ended" && detail.track.id === "paper-lanterns");
    const ids = told.filter(({ type }) => type === "ended").map(({ detail }) => detail.track.id);
    return { ids, state: player.state, position: player.positionMs };
  });
  assert.deepEqual(ids, ["doorbell-sunrise", "paper-lanterns"]);
  assert.equal(state, "paused");
  near(position, 20_000, "the end");
});

test("next and previous while paused load without a sound; play goes on from there", async () => {
  const told = await play(["doorbell-sunrise", "paper-lanterns"], async () => {
    await player.play();
    player.pause();
    await harness.state("paused");
    player.next();
    const next = [player.track.id, player.state];
    await harness.until(({ type }) => type === "durationchange", told.length);
    await player.play();
    await harness.reached(200);
    player.previous();
    const previous = [player.track.id, player.state];
    await harness.reached(3_200);
    player.previous();
    const seeked = await harness.until(({ type }) => type === "seeked");
    return { next, previous, again: player.track.id, toMs: seeked.detail.toMs };
  });
  assert.deepEqual(told.next, ["paper-lanterns", "paused"]);
  assert.deepEqual(told.previous, ["doorbell-sunrise", "loading"]);
  assert.equal(told.again, "doorbell-sunrise", "late in a track, back is to its begin");
  near(told.toMs, 0, "its begin");
});

chromiumOnly("volume, mute and rate are bounded, told, and hold for the next track", async () => {
  const told = await play(["doorbell-sunrise", "paper-lanterns"], async () => {
    await player.play();
    player.volume = 7;
    player.volume = Number.NaN;
    player.muted = true;
    player.rate = 2;
    await harness.until(({ type }) => type === "ratechange");
    const volumes = await harness.until(({ type, detail }) => type === "volumechange" && detail.muted);
    player.next();
    await harness.until(({ type, detail }) => type === "trackchange" && detail.track.id === "paper-lanterns");
    const from = performance.now();
    const at = (await harness.until(({ type }) => type === "timeupdate", window.told.length)).detail.positionMs;
    await harness.reached(at + 2_000);
    return { volumes: volumes.detail, rate: player.rate, muted: player.muted, took: performance.now() - from };
  });
  assert.deepEqual(told.volumes, { volume: 1, muted: true });
  assert.equal(told.rate, 2);
  assert.equal(told.muted, true);
  assert.ok(told.took < 1_900, `two seconds of music at double rate took ${told.took} ms`);
});

test("what cannot be played is an error with a code, and the next track plays", async () => {
  const errors = await play(
    [
      { id: "missing", src: "/music/missing.mp3" },
      { id: "broken", src: "/broken.mp3" },
      { id: "no-url", src: "https://" },
      { id: "empty", src: "" },
      "doorbell-sunrise",
    ],
    async () => {
      await player.play();
      for (const count of [1, 2, 3, 4]) {
        await harness.until(() => told.filter(({ type }) => type === "error").length === count);
        if (player.state !== "error") throw new Error(`the state is ${player.state}`);
        player.next();
      }
      await harness.state("playing");
      return told.filter(({ type }) => type === "error").map(({ detail }) => [detail.code, detail.src, detail.message]);
    },
  );
  assert.deepEqual(
    errors.map(([code, src]) => [code, src]),
    [
      ["unplayable", "/music/missing.mp3"],
      ["unplayable", "/broken.mp3"],
      ["bad-source", "https://"],
      ["bad-source", ""],
    ],
  );
  for (const [, , message] of errors) assert.match(message, /\w+ \w+/);
});

test("a track taken out of the queue stops; what comes after it plays, and after the last nothing", async () => {
  const states = await play(["doorbell-sunrise", "paper-lanterns", "night-bus-home"], async () => {
    await player.play();
    player.queue.select(1);
    await harness.state("playing");
    const selected = player.track.id;
    player.queue.remove(1);
    await harness.until(({ type, detail }) => type === "trackchange" && detail.track?.id === "night-bus-home");
    await harness.state("playing");
    player.queue.remove(1);
    const { state, track } = player;
    await player.play();
    return { selected, state, track, again: player.track.id };
  });
  assert.equal(states.selected, "paper-lanterns", "selecting plays when something plays");
  assert.equal(states.state, "idle");
  assert.equal(states.track, undefined);
  assert.equal(states.again, "doorbell-sunrise");
});

test("the platform's controls show and move the player that was asked last, until it is closed", async () => {
  const seen = await play(["doorbell-sunrise", "paper-lanterns"], async () => {
    const { mediaSession: session } = navigator;
    const handlers = {};
    // Watched, not replaced: the browser is told too.
    const set = session.setActionHandler.bind(session);
    session.setActionHandler = (action, handler) => {
      handlers[action] = handler;
      set(action, handler);
    };
    player.queue.clear();
    const artwork = `${location.origin}/art.png`;
    player.queue.add(
      { ...harness.music("doorbell-sunrise"), artwork, artist: "House Band", release: "Small Hours" },
      harness.music("paper-lanterns"),
    );
    await player.play();
    const first = [session.metadata.title, session.playbackState];
    const { artist, album, artwork: pictures } = session.metadata;
    const told = { artist, album, pictures: pictures.map(({ src }) => src === artwork) };
    const sought = async (action, details) => {
      const from = window.told.length;
      handlers[action]({ action, ...details });
      const { detail } = await harness.until(({ type }) => type === "seeked", from);
      return detail.toMs - detail.fromMs;
    };
    await harness.until(() => player.durationMs > 0);
    told.steps = [
      await sought("seekforward", {}),
      await sought("seekbackward", { seekOffset: 4 }),
      await sought("seekbackward", {}),
    ];
    handlers.nexttrack();
    await harness.until(({ type, detail }) => type === "trackchange" && detail.track.id === "paper-lanterns");
    const second = session.metadata.title;
    await harness.state("playing");
    const from = window.told.length;
    handlers.seekto({ action: "seekto", seekTime: 5 });
    const { detail } = await harness.until(({ type }) => type === "seeked", from);
    handlers.pause();
    await harness.state("paused");
    const paused = session.playbackState;
    const one = player;
    const other = await harness.start();
    other.queue.add(harness.music("night-bus-home"));
    await other.play();
    const taken = session.metadata.title;
    await one.play();
    const back = session.metadata.title;
    await other.close();
    const kept = session.metadata.title;
    await one.close();
    return {
      first,
      told,
      second,
      toMs: detail.toMs,
      paused,
      taken,
      back,
      kept,
      after: session.metadata,
      left: handlers,
    };
  });
  assert.deepEqual(seen.first, ["doorbell sunrise", "playing"]);
  assert.deepEqual([seen.told.artist, seen.told.album, seen.told.pictures], ["House Band", "Small Hours", [true]]);
  const [forward, back, begin] = seen.told.steps;
  near(forward, 10_000, "ten seconds on");
  near(back, -4_000, "as far back as the platform says");
  assert.ok(begin < -5_500 && begin > -10_100, `no further back than the begin: ${begin}`);
  assert.equal(seen.second, "paper lanterns");
  near(seen.toMs, 5_000, "where the platform's seek went");
  assert.equal(seen.paused, "paused");
  assert.equal(seen.taken, "night bus home");
  assert.equal(seen.back, "paper lanterns");
  assert.equal(seen.kept, "paper lanterns", "a player that closes leaves another's controls alone");
  assert.equal(seen.after, null);
  assert.ok(Object.values(seen.left).every((handler) => handler === null));
});

chromiumOnly(
  "without a gesture, where the browser wants one, the state is blocked and play does not reject",
  async () => {
    const strict = await launch({ autoplay: false });
    try {
      await makePage(strict);
      // The page's own script asks: what a test evaluates counts as a person's doing.
      const [said] = await Promise.all([page.waitForEvent("console"), page.goto(`${site.origin}/at-once`)]);
      assert.equal(said.text(), "blocked");
      await page.evaluate(() => document.addEventListener("click", () => void player.play()));
      await page.mouse.click(10, 10);
      await page.evaluate(() => harness.state("playing"));
    } finally {
      await page.context().close();
      await strict.close();
      await openPage();
    }
  },
);

chromiumOnly("plays are measured: what ended each, what was heard around a seek, and who began it", async () => {
  const { ended, started, truth } = await play(
    ["doorbell-sunrise", "paper-lanterns", { id: "broken", src: "/broken.mp3" }, "night-bus-home"],
    async () => {
      const truth = {};
      const ended = (track) =>
        harness
          .recorded(({ type, track: id }) => type === "play.started" && id === track)
          .then(({ session }) => harness.recorded((event) => event.type === "play.ended" && event.session === session));
      await player.play();
      await harness.reached(1_000);
      truth.seekFrom = player.positionMs;
      player.seek(11_000);
      await harness.until(({ type, detail }) => type === "trackchange" && detail.track.id === "paper-lanterns");
      await harness.reached(0);
      await harness.until(({ type }) => type === "playing", told.length);
      await harness.reached(700);
      truth.skippedAt = player.positionMs;
      player.next();
      await harness.until(({ type }) => type === "error");
      player.next();
      await harness.state("playing");
      await harness.reached(300);
      player.stop();
      return {
        truth,
        ended: [await ended("doorbell-sunrise"), await ended("paper-lanterns"), await ended("night-bus-home")],
        started: events.filter(({ type }) => type === "play.started"),
      };
    },
    { measured: true },
  );
  assert.deepEqual(
    ended.map(({ reason }) => reason),
    ["completed", "skipped", "stopped"],
  );
  assert.deepEqual(
    started.map(({ track, engine, artist }) => [track, engine, artist]),
    [
      ["doorbell-sunrise", "native", "house-band"],
      ["paper-lanterns", "native", "house-band"],
      ["night-bus-home", "native", "house-band"],
    ],
    "what made no sound is no play",
  );
  assert.deepEqual(
    started.map(({ autoplay }) => autoplay),
    [false, true, false],
    "asked for, by itself after the first, asked for",
  );
  const [[from, seekFrom], [seekTo, end]] = ended[0].heard;
  near(from, 0, "from the begin");
  near(seekFrom, truth.seekFrom, "up to the seek");
  near(seekTo, 11_000, "from where it went");
  near(end, 12_000, "to the end");
  near(ended[1].position_ms, truth.skippedAt, "skipped");
});
