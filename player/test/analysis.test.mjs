// What a file looks and how loud it is, found out in a real browser by decoding it; and what a player makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { send } from "../../tests/support/site.mjs";
import { begin, run } from "./support/suite.mjs";
import { wav } from "./support/wav.mjs";

const RATE = 48_000;
const level = (decibels) => 10 ** (decibels / 20);
const tone = (at) => Math.sin((2 * Math.PI * 1_000 * at) / RATE);
/** EBU Tech 3341, tests 1 and 3: a tone of -23 LUFS, and one that is quieter for a while, which the gate leaves out. */
const EBU = {
  "/ebu-1.wav": wav({ rate: RATE, channels: 2, frames: RATE * 20, sample: (at) => level(-23) * tone(at) }),
  "/ebu-3.wav": wav({
    rate: RATE,
    channels: 2,
    frames: RATE * 80,
    sample: (at) => level(at < RATE * 10 || at >= RATE * 70 ? -36 : -23) * tone(at),
  }),
};
/** Six channels: a tone on the left surround alone counts 1.5 dB more, and one on the LFE not at all. */
const around = (channel) =>
  wav({ rate: RATE, channels: 6, frames: RATE * 5, sample: (at, of) => (of === channel ? level(-23) * tone(at) : 0) });
const asked = { expiring: 0 };
const handlers = {
  ...Object.fromEntries(
    Object.entries({ ...EBU, "/surround.wav": around(4), "/lfe.wav": around(3) }).map(([path, body]) => [
      path,
      (request, response) => send(request, response, body, "audio/wav"),
    ]),
  ),
  "/expiring.wav": (request, response) => {
    asked.expiring += 1;
    if (new URL(request.url, "http://site").search === "?fresh") send(request, response, EBU["/ebu-1.wav"]);
    else response.writeHead(403).end();
  },
  // Never ends: what is asked of it has to be ended by whoever asked.
  "/endless.wav": (_request, response) => {
    response.writeHead(200, { "content-type": "audio/wav" });
    response.write(EBU["/ebu-1.wav"].subarray(0, 400_000));
  },
  "/peaks.json": (_request, response) => response.end(JSON.stringify([0.1, 0.5, 0.2])),
  "/audiowaveform.json": (_request, response) =>
    response.end(JSON.stringify({ version: 2, channels: 1, bits: 8, length: 3, data: [-64, 32, -12, 127, 0, 0] })),
};

begin({ handlers });

test("loudness is that of EBU Tech 3341, and of surround as BS.1770 weighs it", async () => {
  const told = await run(async () => {
    const { analyse } = await import("/player/analysis/index.js");
    const paths = ["/ebu-1.wav", "/ebu-3.wav", "/surround.wav", "/lfe.wav"];
    return Promise.all(paths.map((path) => analyse(path)));
  });
  const [one, three, surround, lfe] = told.map(({ loudness }) => loudness);
  const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 0.1, `${actual}, not ${expected}`);
  near(one.integratedLufs, -23);
  near(three.integratedLufs, -23);
  near(one.truePeakDbtp, -23);
  // One channel of two, and 1.5 dB for coming from behind.
  near(surround.integratedLufs, -23 - 3.01 + 1.5);
  assert.equal(lfe.integratedLufs, -70);
  assert.equal(told[0].durationMs, 20_000);
});

test("the waveform is what the file decodes to, and is told as it comes to be known", async () => {
  const told = await run(async () => {
    const { analyse } = await import("/player/analysis/index.js");
    const { waveform, durationMs } = await analyse("/audio/short.flac");
    const [left, right] = await harness.decode("/audio/short.flac", "flac");
    const wanted = waveform.map((_, at) => {
      let peak = 0;
      for (let frame = at * 256; frame < Math.min(left.length, (at + 1) * 256); frame += 1)
        peak = Math.max(peak, Math.abs(left[frame]), Math.abs(right[frame]));
      return peak;
    });
    const steps = [];
    await analyse("/ebu-3.wav", { progress: (waveform) => steps.push([waveform.length, waveform.indexOf(0)]) });
    return { waveform, wanted, durationMs, frames: left.length, steps };
  });
  assert.deepEqual(told.waveform, told.wanted);
  assert.ok(Math.abs(told.durationMs - (told.frames / 44_100) * 1000) < 0.001);
  for (const [length, known] of told.steps) assert.ok(length >= 1_000 && known !== 0, `${length}, ${known}`);
});

test("what cannot be decoded or had is said by its code; an address is renewed; what is ended ends", async () => {
  const told = await run(async () => {
    const { analyse } = await import("/player/analysis/index.js");
    const code = (path, options) =>
      analyse(path, options).then(
        () => "none",
        (error) => (error instanceof DOMException ? error.name : error.code),
      );
    const ending = new AbortController();
    const endless = code("/endless.wav", { signal: ending.signal, progress: () => ending.abort() });
    setTimeout(() => ending.abort(), 1_500);
    return {
      missing: await code("/missing.mp3"),
      broken: await code("/broken.mp3"),
      expired: await code("/expiring.wav"),
      renewed: await code("/expiring.wav", { refresh: () => "/expiring.wav?fresh" }),
      endless: await endless,
    };
  });
  assert.deepEqual(told, {
    missing: "network",
    broken: "unplayable",
    expired: "network",
    renewed: "none",
    endless: "AbortError",
  });
  assert.equal(asked.expiring, 3);
});

test("a player finds out what is not given, and takes what is, in the forms that it comes in", async () => {
  const told = await run(async () => {
    await harness.start({ analyse: true });
    const src = "/music/doorbell-sunrise.mp3";
    const loudness = { integratedLufs: -14, truePeakDbtp: -1 };
    player.queue.add(
      { src, id: "found" },
      { src, id: "given", waveform: [0, 1], loudness },
      { src, id: "numbers", waveform: "/peaks.json", loudness },
      { src, id: "pairs", waveform: "/audiowaveform.json", loudness },
      { src, id: "nonsense", waveform: "/music/missing.json", loudness },
    );
    const seen = { before: player.waveform };
    await player.play();
    const found = await harness.until(
      ({ type, detail }) =>
        type === "waveformchange" && detail.waveform.length > 1_000 && detail.waveform.some((peak) => peak > 0.1),
    );
    seen.found = found.detail.waveform.length;
    player.next();
    seen.given = player.waveform;
    for (const id of ["numbers", "pairs"]) {
      player.next();
      await harness.until(() => player.track.id === id && player.waveform !== undefined);
      seen[id] = player.waveform;
    }
    player.next();
    await harness.until(({ type }) => type === "playing", told.length);
    seen.nonsense = player.waveform;
    return seen;
  });
  assert.equal(told.before, undefined);
  assert.ok(told.found > 1_000 && told.found <= 2_048);
  assert.deepEqual(told.given, [0, 1]);
  assert.deepEqual(told.numbers, [0.1, 0.5, 0.2]);
  assert.deepEqual(told.pairs, [0.5, 127 / 128, 0]);
  assert.equal(told.nonsense, undefined);
});
