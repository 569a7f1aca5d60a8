// What becomes of sound between the decoder and the speakers, in a real browser: other rates, other channels, other
// levels, too little of it, and another engine in mid-track.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chromiumOnly, launch } from "../../tests/support/browser.mjs";
import { send } from "../../tests/support/site.mjs";
import { begin, isolated, openPage, page, site } from "./support/suite.mjs";
import { wav } from "./support/wav.mjs";

const flac = readFileSync(new URL("../tests/audio/short.flac", import.meta.url));

/** A rising tone, at a time in seconds: one sound, whatever it is cut into. */
const sweep = (time) => 0.5 * Math.sin(2 * Math.PI * (200 * time + 300 * time * time));
const JOIN_S = 0.75;
const tone =
  (rate, level, hertz = 997) =>
  (at) =>
    level * Math.sin((2 * Math.PI * hertz * at) / rate);
const FILES = {
  "/sweep-44100.wav": wav({ rate: 44_100, frames: 44_100 * JOIN_S, sample: (at) => sweep(at / 44_100) }),
  "/sweep-48000.wav": wav({ rate: 48_000, frames: 48_000 * JOIN_S, sample: (at) => sweep(JOIN_S + at / 48_000) }),
  "/deep.wav": wav({ rate: 2_000, frames: 1_000, sample: tone(2_000, 0.5, 300) }),
  "/mono.wav": wav({ rate: 44_100, frames: 4_410, sample: tone(44_100, 0.5) }),
  // Each channel is a level of its own.
  "/surround.wav": wav({
    rate: 44_100,
    channels: 6,
    frames: 4_410,
    sample: (_, channel) => [0.1, 0.2, 0.4, 0.8, 0.05, 0.15][channel],
  }),
  "/quiet-then-loud.wav": wav({
    rate: 44_100,
    frames: 44_100,
    sample: (at) => tone(44_100, at < 22_050 ? 0.1 : 0.6)(at),
  }),
};
/** Answers that wait for a test. */
const held = new Map();
const handlers = {
  ...Object.fromEntries(
    Object.entries(FILES).map(([path, body]) => [
      path,
      (request, response) => send(request, response, body, "audio/wav"),
    ]),
  ),
  "/held.flac": (request, response) => {
    const name = new URL(request.url, "http://site").search;
    response.writeHead(200, { "content-type": "audio/flac", "content-length": flac.length });
    response.write(flac.subarray(0, 40_000));
    held.set(name, () => response.end(flac.subarray(40_000)));
  },
  "/release": (request, response) => {
    held.get(new URL(request.url, "http://site").search)?.();
    response.end();
  },
};

begin({ handlers, shared: true });

async function run(script, argument, where = site) {
  await openPage("/", { where });
  await page.evaluate(() => {
    /** All that an engine sounds of a file, left and right. */
    harness.sounded = async (path, options, hint) => {
      const engine = await harness.engine(options);
      if (hint) engine.hint(path, hint);
      engine.load(path);
      const recorder = await harness.tap(engine);
      await engine.play();
      await harness.signal(({ type }) => type === "ended" || type === "failed");
      const planes = await recorder.stop();
      const { sampleRate } = engine.output.context;
      engine.close();
      return { planes, rate: sampleRate, signals: window.signals };
    };
  });
  return page.evaluate(script, argument);
}

test("tracks of different rates follow on each other in one sound, without a gap or a click", async () => {
  const told = await run(
    async ([joinS, length]) => {
      const engine = await harness.engine();
      engine.load("/sweep-44100.wav");
      engine.prepare("/sweep-48000.wav");
      const recorder = await harness.tap(engine);
      // As a player does: at once.
      engine.listen((signal) => {
        window.signals.push(signal);
        if (window.signals.filter(({ type }) => type === "ended").length === 1 && signal.type === "ended")
          engine.load("/sweep-48000.wav");
        window.dispatchEvent(new Event("signal"));
      });
      await engine.play();
      await harness.signal(() => window.signals.filter(({ type }) => type === "ended").length === 2);
      const [left] = await recorder.stop();
      const [one] = await harness.decode("/sweep-44100.wav", "pcm");
      const begin = harness.find(left, one);
      // From there on it is compared with the sound before it was cut and sampled.
      const wanted = (at) => 0.5 * Math.sin(2 * Math.PI * (200 * (at / 44_100) + 300 * (at / 44_100) ** 2));
      let [middle, edge, click] = [0, 0, 0];
      const join = joinS * 44_100;
      for (let at = join; at < length; at += 1) {
        const error = Math.abs(left[begin + at] - wanted(at));
        if (at < join + 64 || at > length - 64) edge = Math.max(edge, error);
        else middle = Math.max(middle, error);
        click = Math.max(click, Math.abs(left[begin + at] - left[begin + at - 1]));
      }
      const positions = window.signals.filter(({ type }) => type === "position").map(({ positionMs }) => positionMs);
      return {
        begin,
        middle,
        edge,
        click,
        after: left[begin + length],
        heard: engine.rendered,
        positions: positions.at(-1),
      };
    },
    [JOIN_S, 2 * JOIN_S * 44_100],
  );
  assert.ok(told.begin >= 0, "the first is untouched");
  // The resampler is a 256th of a frame late.
  assert.ok(told.middle < 4e-4, `${told.middle}`);
  assert.ok(told.edge < 0.02, `${told.edge}`);
  // The steepest place of the tone itself.
  assert.ok(told.click < 0.085, `${told.click}`);
  assert.equal(told.heard.frames, 2 * JOIN_S * 44_100, "not a frame too many or too few");
  assert.equal(told.heard.glitches, 0);
  assert.equal(told.positions, JOIN_S * 1_000);
});

test("a rate that no output has is brought to one that there is", async () => {
  const told = await run(async () => {
    const { planes, rate, signals } = await harness.sounded("/deep.wav");
    const sound = harness.sounds(planes[0]);
    const rises = sound.filter((sample, at) => at > 0 && sample > 0 && sound[at - 1] <= 0).length;
    const ended = signals.find(({ type }) => type === "ended");
    return { rate, seconds: sound.length / rate, hertz: rises / (sound.length / rate), ended };
  });
  assert.ok(told.rate > 2_000);
  assert.ok(Math.abs(told.seconds - 0.5) < 0.01, `${told.seconds} s`);
  assert.ok(Math.abs(told.hertz - 300) < 5, `${told.hertz} Hz`);
  assert.equal(told.ended.positionMs, 500);
});

test("one channel sounds on both sides; six come down to two by the weights of BS.775", async () => {
  const told = await run(async () => {
    const mono = await harness.sounded("/mono.wav");
    const [wanted] = await harness.decode("/mono.wav", "pcm");
    const surround = await harness.sounded("/surround.wav");
    const level = (plane) => plane.find((sample, at) => sample !== 0 && sample === plane[at + 100]);
    return { mono: mono.planes.map((plane) => harness.find(plane, wanted) >= 0), levels: surround.planes.map(level) };
  });
  assert.deepEqual(told.mono, [true, true]);
  // L + C and the surround of its side at -3 dB, LFE left out, and all of it made so quiet that it cannot clip.
  const [left, right] = [
    [0.1, 0.4, 0.05],
    [0.2, 0.4, 0.15],
  ].map(([front, centre, surround]) => (front + (centre + surround) * Math.SQRT1_2) / (1 + 2 * Math.SQRT1_2));
  assert.ok(Math.abs(told.levels[0] - left) < 1e-4, `${told.levels[0]}, not ${left}`);
  assert.ok(Math.abs(told.levels[1] - right) < 1e-4, `${told.levels[1]}, not ${right}`);
});

test("loudness that is known is evened out, and what a gain would make too loud is limited between samples too", async () => {
  const told = await run(async () => {
    const decoded = (await harness.decode("/quiet-then-loud.wav", "pcm"))[0];
    /** The highest value, looked at eight times as finely. */
    const truePeak = async (plane, rate) => {
      const context = new OfflineAudioContext(1, plane.length * 8, rate * 8);
      const buffer = new AudioBuffer({ length: plane.length, sampleRate: rate });
      buffer.copyToChannel(plane, 0);
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(context.destination);
      source.start();
      return (await context.startRendering())
        .getChannelData(0)
        .reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    };
    const outcomes = {};
    // Ten decibels too quiet; and the same with a peak that is not the file's.
    for (const [name, truePeakDbtp] of [
      ["known", -4.4],
      ["wrong", -40],
    ]) {
      const hint = { integratedLufs: -28, truePeakDbtp };
      const { planes, rate } = await harness.sounded("/quiet-then-loud.wav", { loudness: "track" }, hint);
      const sound = harness.sounds(planes[0]);
      const gain = Math.max(...sound.subarray(1_000, 10_000)) / Math.max(...decoded.subarray(1_000, 10_000));
      outcomes[name] = { gain, peak: await truePeak(planes[0], rate), frames: sound.length };
    }
    const off = await harness.sounded(
      "/quiet-then-loud.wav",
      { loudness: "off" },
      { integratedLufs: -28, truePeakDbtp: -40 },
    );
    const untouched = harness.find(harness.sounds(off.planes[0]), harness.sounds(decoded)) >= 0;
    return { ...outcomes, untouched, wanted: harness.sounds(decoded).length };
  });
  assert.ok(
    Math.abs(told.known.gain - 1 / 10 ** (-4.4 / 20)) < 0.01,
    `${told.known.gain}: no louder than its peak allows`,
  );
  assert.ok(Math.abs(told.wrong.gain - 10 ** 0.5) < 0.02, `${told.wrong.gain}: ten decibels`);
  // It would be 1.9 without.
  assert.ok(told.wrong.peak <= 10 ** (-0.9 / 20), `${told.wrong.peak}`);
  assert.ok(told.wrong.peak > 0.8, "and no quieter than it has to be");
  assert.ok(Math.abs(told.wrong.frames - told.wanted) < 10, "nothing is lost by looking ahead");
  assert.equal(told.untouched, true);
});

for (const shared of [false, true]) {
  test(`too little sound is a glitch that is counted, and no frame is heard of it, ${shared ? "in shared memory" : "in chunks"}`, async () => {
    const told = await run(
      async () => {
        const name = `?${Math.random()}`;
        const engine = await harness.engine();
        engine.load(`/held.flac${name}`);
        const recorder = await harness.tap(engine);
        await engine.play();
        await harness.signal(({ type }) => type === "stalled");
        const starved = engine.rendered;
        const { context } = engine.output;
        const until = context.currentTime + 0.3;
        while (context.currentTime < until) await new Promise((resolve) => requestAnimationFrame(resolve));
        const later = engine.rendered;
        const place = engine.positionMs;
        await fetch(`/release${name}`);
        await harness.signal(({ type }) => type === "ended");
        const [left] = await recorder.stop();
        const [wanted] = await harness.decode("/audio/short.flac", "flac");
        const same = harness.find(harness.sounds(left), harness.sounds(wanted)) >= 0;
        const again = window.signals.filter(({ type }) => type === "playing").length;
        return { starved, later, place, after: engine.rendered, same, again, frames: wanted.length };
      },
      undefined,
      shared ? isolated : site,
    );
    assert.equal(told.starved.glitches, 1);
    assert.ok(told.starved.frames > 4_410 && told.starved.frames < told.frames, `${told.starved.frames}`);
    assert.deepEqual(told.later, told.starved, "time goes on, what is heard does not");
    assert.ok(Math.abs(told.place - (told.starved.frames / 44_100) * 1_000) < 1);
    assert.deepEqual(told.after, { frames: told.frames, glitches: 1 });
    assert.equal(told.again, 2);
    assert.equal(told.same, true, "and all of it is heard in the end");
  });
}

test("when the WASM engine fails in mid-track the browser's own goes on from the same place", async () => {
  const told = await run(async () => {
    // The decoder's thread comes to an end as it would by a fault of its own.
    const workers = [];
    window.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        workers.push(this);
      }
    };
    await harness.start({ engine: "auto", gapless: true, telemetry: harness.telemetry() });
    await harness.record(player);
    player.queue.add(harness.music("doorbell-sunrise"));
    await player.play();
    await harness.reached(1_200);
    const from = window.told.length;
    const failedMs = player.positionMs;
    workers[0].dispatchEvent(new ErrorEvent("error", { cancelable: true }));
    await harness.until(({ type }) => type === "enginechange", from);
    const again = await harness.until(({ type }) => type === "playing", from);
    await harness.reached(2_200);
    const stoppedMs = player.positionMs;
    player.stop();
    const ended = await harness.recorded(({ type }) => type === "play.ended");
    return {
      failedMs,
      stoppedMs,
      againMs: again.detail.positionMs,
      engines: window.told
        .filter(({ type }) => type === "enginechange")
        .map(({ detail }) => [detail.engine, detail.reason]),
      errors: window.told.filter(({ type }) => type === "error").length,
      heard: ended.heard,
      plays: events.filter(({ type }) => type === "play.started").length,
    };
  });
  assert.ok(told.failedMs >= 1_200);
  assert.ok(Math.abs(told.againMs - told.failedMs) < 150, `from ${told.failedMs} to ${told.againMs}`);
  assert.deepEqual(
    told.engines.map(([engine]) => engine),
    ["wasm", "native"],
  );
  assert.match(told.engines[1][1], /could not play it: the decoder could not run/);
  assert.equal(told.errors, 0);
  assert.equal(told.plays, 1, "it is one play");
  const ms = told.heard.reduce((sum, [from, to]) => sum + to - from, 0);
  assert.ok(Math.abs(ms - told.stoppedMs) < 200, `${ms} ms were heard of ${told.stoppedMs}`);
});

chromiumOnly(
  "sound comes out of another device, where it is there, for both engines and for what comes next",
  async () => {
    // Devices that the browser makes up; to name them takes leave to use a microphone.
    const flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
    const devices = await launch({ args: flags });
    try {
      await openPage("/", { by: devices });
      await page.context().grantPermissions(["microphone"]);
      const told = await page.evaluate(async () => {
        await navigator.mediaDevices.getUserMedia({ audio: true });
        const all = await navigator.mediaDevices.enumerateDevices();
        const ids = all.filter(({ kind, deviceId }) => kind === "audiooutput" && deviceId !== "default");
        const [one, two] = ids.map(({ deviceId }) => deviceId);
        const { NativeEngine } = await import("@delistening/player");
        const seen = { differ: one !== two };
        const audio = new Audio();
        await harness.start({ engine: new NativeEngine(audio) });
        player.queue.add(harness.music("doorbell-sunrise"));
        seen.none = [player.device, await player.setDevice("no such device"), player.device];
        await player.play();
        seen.native = [await player.setDevice(one), player.device === one, audio.sinkId === one, player.state];
        const engine = await harness.engine({ device: one });
        engine.load("/audio/short.flac");
        await engine.play();
        const { context } = engine.output;
        seen.begun = context.sinkId === one;
        const refused = await engine.setDevice("no such device").then(
          () => "none",
          ({ name }) => name,
        );
        seen.refused = [refused, engine.device === one, context.sinkId === one];
        await engine.setDevice(two);
        seen.moved = [context.sinkId === two, engine.device === two];
        await harness.signal(({ type }) => type === "ended");
        seen.heard = engine.rendered.frames;
        await harness.start({ engine: "auto", gapless: true });
        player.queue.add({ src: "/audio/short.flac", id: "short" });
        seen.before = await player.setDevice(two);
        await player.play();
        seen.after = player.device === two;
        return seen;
      });
      assert.deepEqual(told, {
        differ: true,
        none: ["", false, ""],
        native: [true, true, true, "playing"],
        begun: true,
        refused: ["NotFoundError", true, true],
        moved: [true, true],
        heard: 48_510,
        before: true,
        after: true,
      });
    } finally {
      await page.context().close();
      await devices.close();
      await openPage();
    }
  },
);
