// Tracks that follow on each other: one continuous sound, cut into files, leaves the engine as it was before the cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chromiumOnly, launch } from "../../tests/support/browser.mjs";
import { send } from "../../tests/support/site.mjs";
import { begin, makePage, openPage, page, site } from "./support/suite.mjs";
import { wav } from "./support/wav.mjs";

const RATE = 44_100;
/** Where the sound is cut: at no round number, in the middle of a wave. */
const CUTS = [0, 30_011, 61_487, 92_000];

/** WAV of a rising tone, from one frame to another. */
function sweep(from, to) {
  const sample = (at) => {
    const time = (from + at) / RATE;
    return (16_000 / 32_767) * Math.sin(2 * Math.PI * (200 * time + 300 * time * time));
  };
  return wav({ rate: RATE, frames: to - from, sample });
}

const handlers = Object.fromEntries(
  [["whole", 0, CUTS.at(-1)], ...CUTS.slice(1).map((end, part) => [`part-${part + 1}`, CUTS[part], end])].map(
    ([name, from, to]) => {
      const body = sweep(from, to);
      return [`/${name}.wav`, (request, response) => send(request, response, body, "audio/wav")];
    },
  ),
);

const AT_ONCE = `<script type="module">
  const player = await harness.start({ engine: "wasm" });
  player.queue.add({ src: "/audio/short.flac", id: "short" });
  await player.play();
  console.log(player.state);
</script>`;

/** A track whose first byte keeps whoever asks for it waiting. */
const SLOW_MS = 700;
const slow = handlers["/part-1.wav"];
handlers["/slow.wav"] = (request, response) => setTimeout(slow, SLOW_MS, request, response);

begin({ pages: { "/at-once": AT_ONCE }, handlers });

async function run(script, argument) {
  await openPage();
  await page.evaluate(() => {
    /** A player that plays `sources` with an engine that can be listened to. */
    harness.album = async (sources, options = {}, measured = false) => {
      const { AutoEngine } = await import("/player/engine/auto.js");
      window.engine = new AutoEngine("wasm", options);
      // Nothing is sounded before it is recorded.
      const play = engine.play.bind(engine);
      const recorder = harness.tap(engine);
      engine.play = () => recorder.then(play);
      window.recorder = recorder;
      const player = await harness.start({ engine, ...(measured && { telemetry: harness.telemetry() }) });
      if (measured) await harness.record(player);
      player.queue.add(...sources.map((src) => ({ src, id: src })));
      return player;
    };
  });
  return page.evaluate(script, argument);
}

test("an album of one continuous sweep is sounded without a sample too many or too few", async () => {
  const told = await run(async () => {
    const player = await harness.album(["/part-1.wav", "/part-2.wav", "/part-3.wav"]);
    await player.play();
    const recorder = await window.recorder;
    await harness.until(() => told.filter(({ type }) => type === "ended").length === 3);
    const [left] = await recorder.stop();
    const [wanted] = await harness.decode("/whole.wav", "pcm");
    return {
      same: harness.find(harness.sounds(left), harness.sounds(wanted)) >= 0,
      ended: told.filter(({ type }) => type === "ended").map(({ detail }) => detail.track.id),
      states: told.filter(({ type }) => type === "statechange").map(({ detail }) => detail.state),
    };
  });
  assert.ok(told.same, "what was sounded is the sweep before it was cut");
  assert.deepEqual(told.ended, ["/part-1.wav", "/part-2.wav", "/part-3.wav"]);
  assert.equal(told.states.at(-1), "paused");
  assert.ok(!told.states.includes("error"));
});

test("halves of a tone in MP3, each encoded by itself, join in phase", async () => {
  const told = await run(async () => {
    const player = await harness.album(["/audio/half-1.mp3", "/audio/half-2.mp3"]);
    await player.play();
    const recorder = await window.recorder;
    await harness.until(() => told.filter(({ type }) => type === "ended").length === 2);
    const [sound] = await recorder.stop();
    const [one] = await harness.decode("/audio/half-1.mp3", "mp3");
    const begin = harness.find(sound, one);
    // How far the second half is from the tone going on, were it `shift` frames late.
    const error = (shift) => {
      let sum = 0;
      for (let frame = 23_000; frame < 40_000; frame += 1) {
        const tone = 0.5 * Math.sin((2 * Math.PI * 441.7 * (frame - shift)) / 44_100);
        sum += (sound[begin + frame] - tone) ** 2;
      }
      return Math.sqrt(sum / 17_000);
    };
    return { begin, length: one.length, late: error(1), exact: error(0), early: error(-1) };
  });
  assert.ok(told.begin >= 0);
  assert.equal(told.length, 22_050);
  // It is nearest where it should be, and as far from it on either side: the phase is right to less than a sample.
  assert.ok(told.exact < told.late && Math.abs(told.late - told.early) < 0.001, JSON.stringify(told));
});

for (const [what, second, addedMs] of [
  ["a crossfade lets both sound at once, and no longer than was asked for", "/part-1.wav", 0],
  ["a crossfade waits for a track that is not there yet while there is sound for it", "/slow.wav", 0],
  ["a crossfade into a track that is added while what was the last one sounds", "/part-1.wav", 600],
]) {
  test(what, async () => {
    const told = await run(
      async ([second, addedMs]) => {
        const player = await harness.album(["/whole.wav", ...(addedMs ? [] : [second])], { crossfadeMs: 200 });
        await player.play();
        const recorder = await window.recorder;
        if (addedMs) {
          await harness.reached(addedMs);
          player.queue.add({ src: second, id: second });
        }
        await harness.until(() => told.filter(({ type }) => type === "ended").length === 2);
        const sound = harness.sounds((await recorder.stop())[0]);
        const [one] = await harness.decode("/whole.wav", "pcm");
        const [two] = await harness.decode("/part-1.wav", "pcm");
        const fade = 0.2 * 44_100;
        const before = harness.sounds(one.subarray(0, one.length - fade));
        const after = harness.sounds(two.subarray(fade));
        return {
          begins: harness.find(sound, before) >= 0,
          ends: harness.find(sound, after) >= 0,
          frames: sound.length,
          wanted: before.length + fade + after.length,
        };
      },
      [second, addedMs],
    );
    assert.ok(told.begins, "the first is untouched up to the fade");
    assert.ok(told.ends, "the second is untouched after it");
    assert.ok(Math.abs(told.frames - told.wanted) < 30, `${told.frames}, ${told.wanted}`);
  });
}

test("a seek back goes into a track even when the next is decoded already", async () => {
  const told = await run(async () => {
    const player = await harness.album(["/part-1.wav", "/part-2.wav"]);
    await player.play();
    const recorder = await window.recorder;
    await harness.reached(400);
    player.seek(100);
    await harness.until(() => told.filter(({ type }) => type === "ended").length === 2);
    const sound = harness.sounds((await recorder.stop())[0]);
    const [one] = await harness.decode("/part-1.wav", "pcm");
    const [two] = await harness.decode("/part-2.wav", "pcm");
    const after = harness.sounds(harness.join([one.subarray(4_410), two]));
    return {
      follows: harness.find(sound, after) > 0,
      ended: told.filter(({ type }) => type === "ended").map(({ detail }) => detail.track.id),
    };
  });
  assert.deepEqual(told, { follows: true, ended: ["/part-1.wav", "/part-2.wav"] });
});

test("a track that is repeated follows on itself without a gap, as another play each time", async () => {
  const told = await run(async () => {
    const player = await harness.album(["/part-1.wav"]);
    player.queue.repeat = "one";
    await player.play();
    const recorder = await window.recorder;
    await harness.until(() => told.filter(({ type }) => type === "ended").length === 2);
    player.stop();
    const [sound] = await recorder.stop();
    const [wanted] = await harness.decode("/part-1.wav", "pcm");
    const loads = told.filter(({ type, detail }) => type === "trackchange" && detail.track).length;
    return { twice: harness.find(harness.sounds(sound), harness.sounds(harness.join([wanted, wanted]))) >= 0, loads };
  });
  assert.deepEqual(told, { twice: true, loads: 3 });
});

test("what was heard is told of each track by itself, over joins", async () => {
  const heard = await run(async () => {
    const player = await harness.album(["/part-1.wav", "/part-2.wav"], {}, true);
    await player.play();
    const ended = [];
    for (const id of ["/part-1.wav", "/part-2.wav"]) {
      const { session } = await harness.recorded(({ type, track }) => type === "play.started" && track === id);
      const { heard, reason } = await harness.recorded(
        (event) => event.type === "play.ended" && event.session === session,
      );
      ended.push([reason, heard]);
    }
    return ended;
  });
  for (const [part, [reason, intervals]] of heard.entries()) {
    const lengthMs = ((CUTS[part + 1] - CUTS[part]) / RATE) * 1000;
    assert.equal(reason, "completed");
    const ms = intervals.reduce((sum, [from, to]) => sum + to - from, 0);
    assert.ok(Math.abs(ms - lengthMs) < 60, `${ms} ms heard of ${lengthMs}`);
  }
});

test("a track that the browser's own engine cannot play goes on in the other, and says why", async () => {
  const told = await run(async () => {
    // AIFF, which no engine of Chromium's plays.
    const player = await harness.start({ engine: "auto" });
    const wav = new Uint8Array(await (await fetch("/part-1.wav")).arrayBuffer());
    const size = wav.length - 44;
    const aiff = new Uint8Array(54 + size);
    const view = new DataView(aiff.buffer);
    const text = (at, word) => aiff.set(new TextEncoder().encode(word), at);
    text(0, "FORM");
    view.setUint32(4, 46 + size);
    text(8, "AIFFCOMM");
    view.setUint32(16, 18);
    view.setUint16(20, 1);
    view.setUint32(22, size / 2);
    view.setUint16(26, 16);
    aiff.set([0x40, 0x0e, 0xac, 0x44], 28);
    text(38, "SSND");
    view.setUint32(42, size + 8);
    for (let at = 0; at < size; at += 2) aiff.set([wav[44 + at + 1], wav[44 + at]], 54 + at);
    const src = URL.createObjectURL(new Blob([aiff]));
    player.queue.add({ src, id: "aiff" }, { src: "/audio/short.flac", id: "flac" });
    await player.play();
    await harness.until(({ type }) => type === "ended");
    return told
      .filter(({ type }) => type === "enginechange" || type === "error")
      .map(({ type, detail }) => [type, detail.engine, detail.reason]);
  });
  assert.deepEqual(
    told.slice(0, 2).map(([type, engine]) => [type, engine]),
    [
      ["enginechange", "native"],
      ["enginechange", "wasm"],
    ],
  );
  assert.match(told[1][2], /could not play/);
  assert.deepEqual(told[2]?.slice(0, 2), ["enginechange", "native"], "the next is chosen for by itself");
});

chromiumOnly("without a gesture the state is blocked, and after one there is sound", async () => {
  const strict = await launch({ autoplay: false });
  try {
    await makePage(strict);
    const [said] = await Promise.all([
      page.waitForEvent("console", (said) => said.type() === "log"),
      page.goto(`${site.origin}/at-once`),
    ]);
    assert.equal(said.text(), "blocked");
    await page.evaluate(() => document.addEventListener("click", () => void player.play()));
    await page.mouse.click(10, 10);
    await page.evaluate(() => harness.state("playing"));
    assert.equal(await page.evaluate(() => player.state), "playing");
  } finally {
    await page.context().close();
    await strict.close();
    await openPage();
  }
});
