// What the SDK costs a page, beside others of its kind: the same signals of a playing audio element through each, in the
// same browser, in turns.
//
// `us_per_signal`: the time in which a `timeupdate` is taken, without what the browser needs for it, once as many have been
// taken as in a quarter of an hour of music, so that the browser has compiled what runs. `main_thread_percent`:
// the share of one core that scripts take while music plays, without what they take when nothing measures. `start_ms` and
// `longest_task_ms`: what the main thread does until a play is measured, beyond what it does when nothing measures, and the
// longest it is busy at a time, both on a processor four times as slow.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { PEERS } from "../lib/peers.mjs";
import { ROOT } from "../lib/run.mjs";

const ROUNDS = 5;
const SIGNALS = 4_000;
const PLAY_S = 10;
const SLOWER = 4;
const MUSIC = join(ROOT, "examples/demo/music/doorbell-sunrise.mp3");
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
const BEGUN = "what plays is measured";
// It does all by itself: what drives the browser takes time in it too.
const PAGE = (name) => `<!doctype html><title>bench</title><link rel=icon href=data:>
  <audio id=audio loop src=/music.mp3></audio>
  <script type=module src="/contender.js?name=${encodeURIComponent(name)}"></script>
  <script type=module>
    const audio = document.getElementById("audio");
    await window.measure(audio);
    await audio.play();
    while (audio.currentTime < 0.5)
      await new Promise((told) => audio.addEventListener("timeupdate", told, { once: true }));
    console.log(${JSON.stringify(BEGUN)});
  </script>`;

// Each makes `window.measure(audio)`, which begins to measure and resolves when it does.
const CONTENDERS = {
  nothing: "window.measure = async (audio) => audio.addEventListener('timeupdate', () => {});",
  "@delistening/sdk": `
    window.measure = async (audio) => {
      const { Telemetry } = await import("/sdk/index.js");
      const token = ({ device }) => {
        const part = (value) => btoa(JSON.stringify(value)).replaceAll("=", "");
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: "i", aud: "a", sub: "l", iat: now, exp: now + 600, scope: "plays:write", cnf: { jkt: device } };
        return [part({ alg: "EdDSA", typ: "at+jwt" }), part(claims), "A".repeat(86)].join(".");
      };
      const telemetry = new Telemetry({ endpoint: location.origin, token });
      telemetry.attach(audio, { id: "music" });
      await telemetry.ready;
    };`,
  "mux-embed": `
    import mux from "mux-embed";
    window.measure = async (audio) => {
      mux.monitor(audio, { debug: false, beaconCollectionDomain: location.host, data: { env_key: "bench", player_name: "bench" } });
    };`,
  "@snowplow/browser-plugin-media": `
    import { newTracker } from "@snowplow/browser-tracker";
    import * as media from "@snowplow/browser-plugin-media";
    window.measure = async (audio) => {
      newTracker("sp", location.origin, { plugins: [media.SnowplowMediaPlugin()], appId: "bench" });
      const id = "audio";
      const player = () => ({ currentTime: audio.currentTime, duration: audio.duration, paused: audio.paused });
      media.startMediaTracking({ id, player: player(), boundaries: [25, 50, 75] });
      const tell = { timeupdate: "updateMediaTracking", play: "trackMediaPlay", pause: "trackMediaPause" };
      for (const [type, name] of Object.entries(tell))
        audio.addEventListener(type, () => media[name]({ id, player: player() }));
    };`,
};

export async function benchSdk(executablePath) {
  const { chromium } = createRequire(join(ROOT, "sdk-wasm/package.json"))("playwright-core");
  const scripts = await bundles();
  const server = serve(scripts);
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
  });
  try {
    const figures = await compare(browser, `http://127.0.0.1:${server.address().port}`);
    print(figures);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

async function bundles() {
  const { build } = await import("esbuild");
  const scripts = new Map();
  for (const [name, contents] of Object.entries(CONTENDERS)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: join(ROOT, PEERS) },
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      external: ["/sdk/index.js"],
      define: { "process.env.NODE_ENV": '"production"' },
      logLevel: "error",
    });
    scripts.set(name, outputFiles[0].text);
  }
  return scripts;
}

function serve(scripts) {
  const music = readFileSync(MUSIC);
  return createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://bench");
    const send = (type, body) => response.writeHead(200, { "content-type": type }).end(body);
    const name = decodeURIComponent(pathname.slice(1));
    if (scripts.has(name)) return send("text/html", PAGE(name));
    if (pathname === "/music.mp3") return send("audio/mpeg", music);
    if (pathname === "/contender.js") return send("text/javascript", scripts.get(searchParams.get("name")));
    if (pathname.startsWith("/sdk/") && !pathname.includes("..")) {
      const file = join(ROOT, "sdk-wasm/dist", pathname.slice("/sdk/".length));
      return send(TYPES[extname(file)] ?? "text/plain", readFileSync(file));
    }
    // Whatever anybody posts is taken, and ours is told to come back later.
    request.resume();
    response.writeHead(pathname === "/v1/batches" ? 503 : 200, { "retry-after": "600" }).end();
  });
}

/** The least of some rounds each: what a machine does beside only ever adds. */
async function compare(browser, origin) {
  const best = new Map();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of Object.keys(CONTENDERS)) {
      const figures = { ...(await once(browser, origin, name)), ...(await begins(browser, origin, name)) };
      const before = best.get(name) ?? figures;
      best.set(
        name,
        Object.fromEntries(Object.entries(figures).map(([key, now]) => [key, Math.min(now, before[key])])),
      );
    }
  }
  const idle = best.get("nothing");
  best.delete("nothing");
  for (const figures of best.values()) {
    figures.us = Math.max(0, figures.us - idle.us);
    figures.percent = Math.max(0, figures.percent - idle.percent);
    figures.start = Math.max(0, figures.start - idle.start);
  }
  return best;
}

async function begins(browser, origin, name) {
  const page = await browser.newPage();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await browser.startTracing(page, { categories: ["__metadata", "disabled-by-default-devtools.timeline"] });
  const begun = page.waitForEvent("console", (message) => message.text() === BEGUN);
  await page.goto(`${origin}/${name}`);
  await begun;
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  await page.close();
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const main = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ name, pid, tid }) => name === "RunTask" && main.has(`${pid} ${tid}`));
  const lasted = tasks.map(({ dur = 0 }) => dur / 1000);
  return { start: lasted.reduce((sum, ms) => sum + ms, 0), longest: Math.max(...lasted) };
}

async function once(browser, origin, name) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const begun = page.waitForEvent("console", (message) => message.text() === BEGUN);
  await page.goto(`${origin}/${name}`);
  await begun;
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable");
  const script = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (wanted) => metrics.find((metric) => metric.name === wanted).value;
    return { busy: of("ScriptDuration"), at: of("Timestamp") };
  };
  const from = await script();
  await page.evaluate(async (seconds) => {
    const audio = document.getElementById("audio");
    const end = audio.currentTime + seconds;
    while (audio.currentTime < end)
      await new Promise((told) => audio.addEventListener("timeupdate", told, { once: true }));
  }, PLAY_S);
  const to = await script();
  const us = await page.evaluate((signals) => {
    const audio = document.getElementById("audio");
    const send = () => {
      for (let n = 0; n < signals; n += 1) audio.dispatchEvent(new Event("timeupdate"));
    };
    send();
    const begin = performance.now();
    send();
    return ((performance.now() - begin) * 1000) / signals;
  }, SIGNALS);
  await context.close();
  return { us, percent: (100 * (to.busy - from.busy)) / (to.at - from.at) };
}

function print(best) {
  const width = Math.max(...[...best.keys()].map((name) => name.length));
  const columns = ["µs per signal", "% of main thread", "ms to begin", "longest task, ms"];
  console.log(`\n${["".padEnd(width), ...columns].join("  ")}`);
  for (const [name, { us, percent, start, longest }] of best) {
    const cells = [us.toFixed(2), percent.toFixed(3), start.toFixed(1), longest.toFixed(1)];
    console.log([name.padEnd(width), ...cells.map((cell, n) => cell.padStart(columns[n].length))].join("  "));
  }
  const rounded = ({ us, percent, start, longest }) => ({
    us_per_signal: Number(us.toFixed(2)),
    main_thread_percent: Number(percent.toFixed(3)),
    start_ms: Number(start.toFixed(1)),
    longest_task_ms: Number(longest.toFixed(1)),
  });
  const ours = best.get("@delistening/sdk");
  best.delete("@delistening/sdk");
  const peers = Object.fromEntries([...best].map(([name, figures]) => [name, rounded(figures)]));
  console.log(`\n${JSON.stringify({ ...rounded(ours), peers })}`);
}
