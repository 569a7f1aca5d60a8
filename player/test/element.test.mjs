// `<delistening-player>` as people use it: with a pointer, with a keyboard, by its roles and names.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch } from "../../tests/support/browser.mjs";
import { open, startPages } from "./support/page.mjs";

const ELEMENT = `<delistening-player src="/music/doorbell-sunrise.mp3" track-id="doorbell" track-title="Doorbell"
  artist="House Band"></delistening-player>`;
const REGISTER = `<script type="module">import "@delistening/player/element";</script>`;
const PAGES = {
  "/one": ELEMENT + REGISTER,
  "/later": ELEMENT,
  "/queue": `<delistening-player></delistening-player>${REGISTER}`,
};
let browser;
let site;
let page;

before(async () => {
  [browser, site] = await Promise.all([launch(), startPages(PAGES)]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

afterEach(async () => {
  const { wrongs } = page;
  await page.context().close();
  assert.deepEqual(wrongs, [], "nothing is thrown in the page");
});

async function at(path) {
  page = await open(browser, site.origin + path);
  await page.evaluate(() => customElements.whenDefined("delistening-player"));
  await page.evaluate(() => {
    window.element = document.querySelector("delistening-player");
    harness.watch(element.player);
  });
}

const button = (name) => page.getByRole("button", { name, exact: true });
const state = (wanted) => page.evaluate((wanted) => harness.state(wanted), wanted);

async function queue(...ids) {
  await at("/queue");
  await page.evaluate((ids) => player.queue.add(...ids.map(harness.music)), ids);
}

test("one track by attributes: it is named, played and paused by its button, and told to a screen reader", async () => {
  await at("/one");
  assert.equal(await page.locator(".title").textContent(), "Doorbell");
  assert.equal(await page.locator(".artist").textContent(), "House Band");
  assert.equal(await page.getByRole("group", { name: "Audio player" }).count(), 1);
  await button("Play").click();
  await state("playing");
  await button("Pause").waitFor();
  assert.equal(await button("Next track").isDisabled(), true);
  const seek = page.getByRole("slider", { name: "Seek" });
  await page.waitForFunction(() =>
    element.shadowRoot.querySelector(".slider").getAttribute("aria-valuetext").endsWith("of 12 seconds"),
  );
  assert.equal(await seek.getAttribute("max"), "12");
  await button("Pause").click();
  await state("paused");
  await button("Play").waitFor();
  assert.equal(await page.getByRole("list", { name: "Queue" }).isHidden(), true, "one track is no queue");
});

test("the keyboard does all: space and k play, arrows seek and change the volume, m mutes", async () => {
  await at("/one");
  await page.keyboard.press("Tab");
  await page.keyboard.press("k");
  await state("playing");
  await page.evaluate(() => harness.until(({ type }) => type === "durationchange"));
  await page.keyboard.press("ArrowRight");
  const { toMs } = (await page.evaluate(() => harness.until(({ type }) => type === "seeked"))).detail;
  assert.ok(toMs >= 5_000 && toMs < 7_000, `five seconds on: ${toMs}`);
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => player.volume), 0.95);
  await page.keyboard.press("m");
  await page.evaluate(() => harness.until(({ type, detail }) => type === "volumechange" && detail.muted));
  assert.equal(await button("Mute").getAttribute("aria-pressed"), "true");
  await page.keyboard.press("k");
  await state("paused");
});

test("on a slider arrows are the slider's, and k, space and m are the player's", async () => {
  await at("/one");
  await page.evaluate(() => player.play());
  const volume = page.getByRole("slider", { name: "Volume" });
  await volume.focus();
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.evaluate(() => player.volume), 0.99);
  await page.keyboard.press("Home");
  assert.equal(await page.evaluate(() => player.volume), 0);
  await page.keyboard.press("m");
  assert.equal(await page.evaluate(() => player.muted), true);
  await page.keyboard.press(" ");
  await state("paused");
  await page.keyboard.press("k");
  await page.evaluate(() => harness.until(({ type }) => type === "playing", told.length - 1));
});

test("a shortcut of the browser or the page is left alone", async () => {
  await at("/one");
  await button("Mute").focus();
  await page.keyboard.press("Control+m");
  await page.keyboard.press("x");
  assert.equal(await page.evaluate(() => player.muted), false);
});

test("the seek slider goes where the hand lets go, and shows the hand's place until then", async () => {
  await at("/one");
  await page.evaluate(() => player.play());
  await page.evaluate(() => harness.until(({ type }) => type === "playing"));
  await page.waitForFunction(() => !element.shadowRoot.querySelector(".slider").disabled);
  const box = await page.getByRole("slider", { name: "Seek" }).boundingBox();
  const [middle, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(middle, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
  const shown = await page.evaluate(() => element.shadowRoot.querySelector(".position").textContent);
  assert.equal(shown, "0:09");
  assert.equal(await page.evaluate(() => told.some(({ type }) => type === "seeking")), false);
  await page.mouse.up();
  const { detail } = await page.evaluate(() => harness.until(({ type }) => type === "seeked"));
  assert.equal(Math.round(detail.toMs / 1000), 9);
});

test("the queue: a row plays its track, is the current one, and keeps the keyboard's place", async () => {
  await queue("doorbell-sunrise", "paper-lanterns", "night-bus-home");
  const row = button("night bus home");
  await row.focus();
  await page.keyboard.press("Enter");
  await state("playing");
  assert.equal(await row.getAttribute("aria-current"), "true");
  assert.equal(await button("doorbell sunrise").getAttribute("aria-current"), "false");
  const focused = () => page.evaluate(() => element.shadowRoot.activeElement?.textContent);
  assert.equal(await focused(), "night bus home", "the keyboard stands where it stood");
  await page.evaluate(() => player.queue.add(harness.music("long-light")));
  assert.equal(await focused(), "night bus home");
  assert.equal(await page.getByRole("listitem").count(), 4);
  await page.evaluate(() => player.queue.remove(0));
  assert.equal(await page.getByRole("listitem").count(), 3);
  await button("Previous track").click();
  await page.evaluate(() => harness.until(({ detail }) => detail?.track?.id === "paper-lanterns"));
});

test("what was set before the element's class was known is kept", async () => {
  page = await open(browser, `${site.origin}/later`);
  const kept = await page.evaluate(async () => {
    const element = document.querySelector("delistening-player");
    const token = () => Promise.resolve("x");
    element.token = token;
    const { Player } = await import("@delistening/player");
    const player = new Player();
    element.player = player;
    await import("@delistening/player/element");
    return [element.player === player, element.token === token, Object.hasOwn(element, "token")];
  });
  assert.deepEqual(kept, [true, true, false]);
});

test("an element that is moved plays on; one that is taken away pauses; another src is another track", async () => {
  await at("/one");
  await page.evaluate(() => player.play());
  await state("playing");
  const moved = await page.evaluate(async () => {
    const place = document.createElement("main");
    document.body.append(place);
    place.append(element);
    await Promise.resolve();
    return player.state;
  });
  assert.equal(moved, "playing");
  await page.evaluate(() => element.remove());
  await state("paused");
  await page.evaluate(() => {
    document.body.append(element);
    element.setAttribute("src", "/music/paper-lanterns.mp3");
    element.setAttribute("track-title", "Lanterns");
  });
  assert.equal(await page.locator(".title").textContent(), "Lanterns");
  await button("Play").click();
  await page.evaluate(() => harness.until(() => player.track?.title === "Lanterns" && player.state === "playing"));
});

test("what cannot be played is said where a screen reader hears it, and goes when the next one plays", async () => {
  await queue("missing", "doorbell-sunrise");
  await button("Play").click();
  const status = page.getByRole("status");
  await status.getByText(/^This track cannot be played: /).waitFor();
  await button("Next track").click();
  await state("playing");
  assert.equal(await status.textContent(), "");
});

test("it follows the page's light or dark, and both have contrast", async () => {
  await queue("doorbell-sunrise", "paper-lanterns");
  for (const scheme of ["light", "dark"]) {
    await page.evaluate((scheme) => document.documentElement.style.setProperty("color-scheme", scheme), scheme);
    const contrasts = await page.evaluate(() => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const luminance = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data]
          .map((value) => value / 255)
          .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const style = (name) => getComputedStyle(element.shadowRoot.querySelector(name));
      const background = luminance(style(".frame").backgroundColor);
      const against = (colour, ground) => {
        const [low, high] = [luminance(colour), ground].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
      };
      return {
        dark: background < 0.2,
        title: against(style(".title").color, background),
        times: against(style(".seek").color, background),
        message: against(style(".message").color, background),
        play: against(style(".play").color, luminance(style(".play").backgroundColor)),
        current: against(style("[aria-current=true]").color, background),
      };
    });
    const { dark, ...ratios } = contrasts;
    assert.equal(dark, scheme === "dark");
    for (const [what, ratio] of Object.entries(ratios)) assert.ok(ratio >= 4.5, `${what} in ${scheme}: ${ratio}`);
  }
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
});

test("the modules can be imported where there is no DOM", async () => {
  page = await open(browser, `${site.origin}/`);
  const { DelisteningPlayer } = await import("../dist/element/index.js");
  const { Player } = await import("../dist/index.js");
  assert.equal(typeof DelisteningPlayer, "function");
  assert.equal(typeof Player, "function");
});
