// The WASM engine in a real browser: what leaves it is recorded and held against the plain decode of the same file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { send } from "../../tests/support/site.mjs";
import { SHORT } from "../tests/audio/tones.mjs";
import { begin, isolated, run } from "./support/suite.mjs";
import { aiff, wav } from "./support/wav.mjs";

const flac = readFileSync(new URL("../tests/audio/short.flac", import.meta.url));
/** Counts of requests, by path. */
const asked = {};
const count = (path) => {
  asked[path] = (asked[path] ?? 0) + 1;
  return asked[path];
};

/** Ends a connection once what was written is likely to be read: an error makes a browser drop what is not. */
const breakOff = (request) => setTimeout(() => request.socket.end(), 150);

const handlers = {
  // Breaks off in the middle of every answer.
  "/broken-off.flac": (request, response) => {
    count("/broken-off.flac");
    const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = flac.subarray(from);
    const range = { "content-range": `bytes ${from}-${flac.length - 1}/${flac.length}`, "content-length": rest.length };
    response.writeHead(from ? 206 : 200, { "content-type": "audio/flac", ...range });
    response.write(rest.subarray(0, 20_000), () => {
      if (rest.length > 20_000) breakOff(request);
      else response.end();
    });
  },
  // Good for one answer, of which it gives a part.
  "/expiring.flac": (request, response) => {
    const { searchParams } = new URL(request.url, "http://site");
    if (count(`/expiring.flac${searchParams}`) > 1) {
      response.writeHead(403).end();
      return;
    }
    const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from > 0) {
      send(request, response, flac, "audio/flac");
      return;
    }
    response.writeHead(200, { "content-type": "audio/flac", "content-length": flac.length });
    response.write(flac.subarray(0, 24_000), () => breakOff(request));
  },
  "/wrong-name.ogg": (request, response) => send(request, response, flac, "audio/ogg"),
  "/cut-off.flac": (request, response) => send(request, response, flac.subarray(0, 30_000), "audio/flac"),
  "/short.wav": (request, response) => send(request, response, wav(SHORT), "audio/wav"),
  "/short.aiff": (request, response) => send(request, response, aiff(SHORT), "audio/aiff"),
  "/empty.mp3": (request, response) => send(request, response, Buffer.alloc(0), "audio/mpeg"),
};

begin({ handlers, shared: true });

/** Plays a file to its end: whether what was recorded holds the plain decode of it, sample for sample. */
async function whole({ path, codec, lossless }) {
  const engine = await harness.engine();
  engine.load(path);
  const recorder = await harness.tap(engine);
  await engine.play();
  const last = await harness.signal(({ type }) => type === "ended" || type === "failed");
  const [left, right] = await recorder.stop();
  const wanted = await harness.decode(path, codec);
  const at = harness.find(left, wanted[0]);
  let same = at >= 0 && harness.find(right.subarray(at), wanted[1]) === 0;
  if (lossless) {
    // What all of them were made from, frame by frame.
    const source = new Int16Array(await (await fetch("/short.wav")).arrayBuffer(), 44);
    const exact = (samples, channel) =>
      samples.every((sample, frame) => sample * 32_768 === source[2 * frame + channel]);
    same &&= wanted.every(exact) && wanted[0].length === source.length / 2;
  }
  return {
    last: last.type,
    same,
    frames: wanted[0].length,
    rendered: engine.rendered,
    at,
    isolated: crossOriginIsolated,
  };
}

const LOSSLESS = [
  ["/audio/short.flac", "flac"],
  ["/wrong-name.ogg", "flac"],
  ["/audio/short-alac.m4a", "mp4"],
  ["/short.wav", "pcm"],
  ["/short.aiff", "pcm"],
];
const FILES = [
  ...LOSSLESS,
  ["/audio/short-cbr.mp3", "mp3"],
  ["/audio/short.m4a", "mp4"],
  ["/audio/short.ogg", "vorbis"],
];

for (const [path, codec] of FILES) {
  const lossless = LOSSLESS.some(([other]) => other === path);
  const title = lossless ? "bit for bit what it was made from" : "as it was decoded, sample for sample";
  test(`${path} is sounded ${title}`, async () => {
    const told = await run(whole, { path, codec, lossless });
    assert.equal(told.last, "ended");
    assert.equal(told.rendered.glitches, 0);
    assert.ok(told.same, "what was recorded is what it should be");
    assert.equal(told.rendered.frames, told.frames, "every frame is counted once, where it leaves");
    assert.equal(told.isolated, false);
  });
}

/** Files that the browser decodes too, and how far it may be from ours. A frame off would be a hundred times as much. */
const LOSSY = [
  ["/audio/short-cbr.mp3", "mp3", 1e-4],
  ["/audio/short.ogg", "vorbis", 1e-4],
  ["/audio/short.opus", "opus", 1e-3],
  ["/audio/short.m4a", "mp4", 1e-4],
];

test("what is lossy comes out as in the browser's own decoder, within tolerance", async () => {
  const told = await run(async (files) => {
    const outcomes = {};
    for (const [path, codec] of files) {
      const bytes = await (await fetch(path)).arrayBuffer();
      const rate = codec === "opus" ? 48_000 : 44_100;
      const native = await new OfflineAudioContext(2, 1, rate).decodeAudioData(bytes).catch(() => undefined);
      // A browser may come without a decoder that is not free.
      if (!native) continue;
      const ours = await harness.decode(path, codec);
      let sum = 0;
      // At the ends decoders differ in what they take for silence.
      for (let at = 2_000; at < 46_000; at += 1) {
        for (const channel of [0, 1]) sum += (native.getChannelData(channel)[at] - ours[channel][at]) ** 2;
      }
      outcomes[path] = Math.sqrt(sum / 88_000);
    }
    return outcomes;
  }, LOSSY);
  for (const [path, , tolerance] of LOSSY) {
    if (path in told) assert.ok(told[path] < tolerance, `${path}: ${told[path]}`);
  }
  assert.ok(Object.keys(told).length >= 3, "most are decoded by the browser");
});

test("through shared memory it is the same", async () => {
  const told = await run(whole, { path: "/audio/short.flac", codec: "flac" }, isolated);
  assert.ok(told.isolated);
  assert.ok(told.same);
  assert.equal(told.rendered.frames, told.frames);
});

test("a browser without SIMD gets the module of all codecs", async () => {
  const told = await run(async () => {
    const { openDecoder } = await import("/player/engine/wasm/codecs.js");
    WebAssembly.validate = () => false;
    const bytes = new Uint8Array(await (await fetch("/audio/short.ogg")).arrayBuffer());
    const { audio } = await openDecoder(bytes);
    audio.length(bytes.length);
    audio.feed(0, bytes);
    audio.advance();
    return [audio.rate, performance.getEntriesByType("resource").some(({ name }) => name.includes("/wasm/plain/"))];
  });
  assert.deepEqual(told, [44_100, true]);
});

test("a seek goes to the sample", async () => {
  const told = await run(async () => {
    const engine = await harness.engine();
    engine.load("/audio/short.flac");
    const recorder = await harness.tap(engine);
    await engine.play();
    await harness.signal(({ type, positionMs }) => type === "position" && positionMs > 200);
    engine.seek(700);
    const seeked = await harness.signal(({ type }) => type === "seeked");
    await harness.signal(({ type }) => type === "ended");
    const [left] = await recorder.stop();
    const [wanted] = await harness.decode("/audio/short.flac", "flac");
    const frame = 30_870;
    // From there up to the end, and the begin once; nothing between.
    return {
      seeked,
      tail: harness.find(left, wanted.subarray(frame)) > 0,
      more: harness.find(left, wanted.subarray(frame - 1)),
      heard: engine.rendered.frames,
    };
  });
  assert.equal(told.seeked.toMs, 700);
  assert.ok(told.tail, "the rest follows, sample for sample");
  assert.equal(told.more, -1, "and nothing before it");
  assert.ok(told.heard < 48_510);
});

test("a connection that breaks off again and again is taken up where it ended", async () => {
  const sounded = await run(async () => {
    const engine = await harness.engine();
    engine.load("/broken-off.flac");
    const recorder = await harness.tap(engine);
    await engine.play();
    await harness.signal(({ type }) => type === "ended" || type === "failed");
    const [left] = await recorder.stop();
    const [wanted] = await harness.decode("/audio/short.flac", "flac");
    return [harness.find(harness.sounds(left), harness.sounds(wanted)) >= 0, engine.rendered.frames];
  });
  assert.deepEqual(sounded, [true, 48_510]);
  assert.ok(asked["/broken-off.flac"] >= 3);
});

test("an address that expires in mid-track is renewed by the host, and not a sample is lost", async () => {
  const told = await run(async () => {
    const renewed = [];
    const refresh = (src, status) => {
      renewed.push([src, status]);
      return "/expiring.flac?fresh";
    };
    const engine = await harness.engine({ refresh });
    engine.load("/expiring.flac");
    const recorder = await harness.tap(engine);
    await engine.play();
    const last = await harness.signal(({ type }) => type === "ended" || type === "failed");
    const [left] = await recorder.stop();
    const [wanted] = await harness.decode("/audio/short.flac", "flac");
    return { last: last.type, renewed, same: harness.find(harness.sounds(left), harness.sounds(wanted)) >= 0 };
  });
  assert.deepEqual(told, { last: "ended", renewed: [["/expiring.flac", 403]], same: true });
});

test("damaged, empty, missing and foreign files end in an error with a code, or in what is whole of them", async () => {
  const told = await run(async () => {
    const outcomes = {};
    for (const path of ["/cut-off.flac", "/empty.mp3", "/missing.mp3", "/player/index.js", "/expiring.flac?gone"]) {
      if (path.includes("gone"))
        await fetch(path)
          .then((answer) => answer.text())
          .catch(() => {});
      const engine = await harness.engine();
      engine.load(path);
      const outcome = harness.signal(({ type }) => type === "ended" || type === "failed");
      await engine.play().catch(() => {});
      const { type, code } = await outcome;
      outcomes[path] = code ?? type;
      engine.close();
    }
    return outcomes;
  });
  assert.deepEqual(told, {
    "/cut-off.flac": "ended",
    "/empty.mp3": "unplayable",
    "/missing.mp3": "network",
    "/player/index.js": "unplayable",
    "/expiring.flac?gone": "network",
  });
});

test("another rate takes as much less time, with the pitch kept or not, and changes in mid-track", async () => {
  const told = await run(async () => {
    const outcomes = [];
    for (const preservesPitch of [true, false]) {
      const engine = await harness.engine({ preservesPitch });
      engine.rate = 1.5;
      engine.load("/audio/half-1.mp3");
      const recorder = await harness.tap(engine);
      await engine.play();
      await harness.signal(({ type }) => type === "ended");
      const sound = harness.sounds((await recorder.stop())[0]);
      const middle = sound.subarray(3_000, 11_000);
      const rises = middle.filter((sample, at) => at > 0 && sample > 0 && middle[at - 1] <= 0).length;
      outcomes.push({ frames: sound.length, hertz: (rises * 44_100) / middle.length });
    }
    const engine = await harness.engine();
    engine.load("/audio/short.flac");
    await engine.play();
    await harness.signal(({ type, positionMs }) => type === "position" && positionMs > 300);
    engine.rate = 2;
    await harness.signal(({ type }) => type === "ended");
    const places = signals.filter(({ type }) => type === "position").map(({ positionMs }) => positionMs);
    return {
      outcomes,
      places,
      seeks: signals.filter(({ type }) => type === "seeking").length,
      heard: engine.rendered.frames,
    };
  });
  for (const { frames } of told.outcomes) assert.ok(Math.abs(frames - 14_700) < 900, `${frames} frames`);
  const [kept, changed] = told.outcomes;
  assert.ok(Math.abs(kept.hertz - 441.7) < 15, `${kept.hertz} Hz`);
  assert.ok(Math.abs(changed.hertz - 662.6) < 15, `${changed.hertz} Hz`);
  assert.deepEqual(
    told.places,
    told.places.toSorted((a, b) => a - b),
    `the place never goes back: ${told.places}`,
  );
  assert.equal(told.seeks, 0, "and nobody is told of a seek");
  assert.ok(told.heard < 40_000, `${told.heard} frames for the whole`);
});
