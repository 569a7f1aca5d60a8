// What is told as heard is what came out, also where nobody looks, and over a sleep. See heard.test.mjs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeEach } from "node:test";
import { chromiumOnly, launchAlone } from "./support/browser.mjs";
import { same, total } from "./support/heard.mjs";
import { begin, browser, openPage, page, tabs } from "./support/suite.mjs";

const HOWLER = readFileSync(createRequire(import.meta.url).resolve("howler"), "utf8");
const SLEEP_MS = 2_500;

begin({ start: launchAlone });

beforeEach(async () => {
  await tabs.addInitScript({ path: new URL("support/rendered.js", import.meta.url).pathname });
  await openPage();
  await page.evaluate(() => {
    harness.hidden = harness.once(document, "visibilitychange");
  });
});

const listen = () =>
  page.evaluate(async () => {
    window.ramp = await harness.listen(20, { capture: true });
    await harness.reached(ramp.audio, 1);
  });

/** Another tab comes to the front. */
async function hide() {
  const other = await tabs.newPage();
  await other.bringToFront();
  await page.evaluate(() => harness.hidden);
}

const goOn = () =>
  page.evaluate(async () => {
    const { audio, tell } = window.ramp;
    await audio.play();
    await harness.reached(audio, audio.currentTime + 1);
    return tell();
  });

chromiumOnly("a hidden tab: all of it is told, and that it was hidden", async () => {
  await listen();
  await hide();
  await page.evaluate(() => harness.reached(ramp.audio, 4));
  await page.bringToFront();
  const { heard, rendered, ended } = await goOn();
  same(heard, rendered);
  assert.ok(Math.abs(ended[0].played_ms - total(rendered)) < 60, "no instant twice");
  const unseen = await page.evaluate(() =>
    seen.flatMap(({ event }) => (event?.type === "play.progress" && !event.visible ? event.heard : [])),
  );
  const [from, to] = [unseen[0][0], unseen.at(-1)[1]];
  assert.ok(from >= 1_000 && from < 2_500 && to >= 3_500 && to < 5_500, JSON.stringify(unseen));
  assert.deepEqual(page.wrongs, []);
});

chromiumOnly("a page that the browser freezes, and wakes", async () => {
  await listen();
  await hide();
  await page.evaluate(() => {
    harness.woken = harness.once(document, "resume");
  });
  const devtools = await page.cdp();
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((thaw) => setTimeout(thaw, SLEEP_MS));
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await page.evaluate(() => harness.woken);
  await page.bringToFront();
  const { heard, rendered } = await goOn();
  same(heard, rendered);
  assert.deepEqual(page.wrongs, []);
});

chromiumOnly("a machine that sleeps, and wakes", async () => {
  await listen();
  await browser.sleep(SLEEP_MS);
  // The page hears of the wake by this, before its player says anything.
  await page.evaluate(() => telemetry.flush());
  const { heard, rendered, ended } = await goOn();
  same(heard, rendered);
  assert.ok(Math.abs(ended[0].played_ms - total(rendered)) < 60, "the sleep is not heard");
  assert.deepEqual(page.wrongs, []);
});

chromiumOnly("howler.js in a hidden tab, where timers are slow, and over a sleep", async () => {
  await page.addScriptTag({ content: HOWLER });
  await page.evaluate(async () => {
    await (await harness.start()).ready;
    const { attachHowl } = await import("/sdk/adapters/howler.js");
    const howl = new Howl({ src: ["/ramp-20.wav"] });
    await new Promise((resolve) => howl.once("load", resolve));
    const rendered = await harness.renderedFrom(Howler.ctx, Howler.masterGain, 20);
    Object.assign(window, { howl, rendered });
    attachHowl(telemetry, howl, { id: "howl" });
    howl.play();
    window.reached = async (seconds) => {
      while (howl.seek() < seconds) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await reached(1);
  });
  await hide();
  await page.evaluate(() => reached(4));
  await browser.sleep(SLEEP_MS);
  const { heard, rendered } = await page.evaluate(async () => {
    howl.seek(10);
    await reached(12);
    howl.stop();
    await harness.until(({ event }) => event?.type === "play.ended");
    const progress = seen.flatMap(({ event }) => (event?.type === "play.progress" ? [event] : []));
    return { heard: progress.flatMap(({ heard }) => heard), rendered: await rendered() };
  });
  // The end comes up to a second late, and is told short.
  same(heard, rendered, { lostMs: 1_000 });
  assert.deepEqual(page.wrongs, []);
});
