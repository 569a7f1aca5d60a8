// `<delistening-player>` as people use it: with a pointer, with a keyboard, by its roles and names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, openPage, page } from "./support/suite.mjs";

const ELEMENT = `<delistening-player src="/music/doorbell-sunrise.mp3" track-id="doorbell" track-title="Doorbell"
  artist="House Band">
</delistening-player>`;
const REGISTER = `<script type="module">import "@delistening/player/element";</script>`;
const PAGES = {
  "/one": ELEMENT + REGISTER,
  "/later": ELEMENT,
  "/queue": `<delistening-player></delistening-player>${REGISTER}`,
  "/pieces": `<delistening-seek-bar for="face"></delistening-seek-bar>
    <delistening-player id="face"><p>My own</p><delistening-play-button></delistening-play-button></delistening-player>
    <delistening-volume></delistening-volume>${REGISTER}`,
};

begin({ pages: PAGES });

async function at(path) {
  await openPage(path);
  await page.evaluate(() => customElements.whenDefined("delistening-player"));
  await page.evaluate(() => {
    window.element = document.querySelector("delistening-player");
    /** What stands in a piece of the element. */
    window.inside = (piece, selector) => element.shadowRoot.querySelector(piece).shadowRoot.querySelector(selector);
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
  assert.equal(await page.locator("p.title").textContent(), "Doorbell");
  assert.equal(await page.locator("p.artist").textContent(), "House Band");
  assert.equal(await page.getByRole("group", { name: "Audio player" }).count(), 1);
  await button("Play").click();
  await state("playing");
  await button("Pause").waitFor();
  assert.equal(await button("Next track").isDisabled(), true);
  const seek = page.getByRole("slider", { name: "Seek" });
  await page.waitForFunction(() =>
    inside("delistening-seek-bar", "input").getAttribute("aria-valuetext").endsWith("of 12 seconds"),
  );
  assert.ok(Math.abs(Number(await seek.getAttribute("max")) - 12_000) < 100);
  await button("Pause").click();
  await state("paused");
  await button("Play").waitFor();
  assert.equal(await page.getByRole("list", { name: "Queue" }).count(), 0, "one track is no queue");
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
  assert.equal(await page.evaluate(() => player.volume), 0.95);
  await page.keyboard.press("PageDown");
  assert.equal(await page.evaluate(() => player.volume), 0.75);
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
  await page.waitForFunction(() => !inside("delistening-seek-bar", "input").disabled);
  const box = await page.getByRole("slider", { name: "Seek" }).boundingBox();
  const [middle, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(middle, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
  const shown = await page.evaluate(() => element.shadowRoot.querySelector(".position").shadowRoot.textContent);
  assert.equal(shown, "0:09");
  assert.equal(await page.locator(".tip").textContent(), "0:09");
  assert.equal(await page.evaluate(() => told.some(({ type }) => type === "seeking")), false);
  await page.mouse.up();
  const { detail } = await page.evaluate(() => harness.until(({ type }) => type === "seeked"));
  assert.equal(Math.round(detail.toMs / 1000), 9);
});

test("the queue: a row plays its track, is the current one, and keeps the keyboard's place", async () => {
  await queue("doorbell-sunrise", "paper-lanterns", "night-bus-home");
  const row = page.locator(".row", { hasText: "night bus home" });
  await row.focus();
  await page.keyboard.press("Enter");
  await state("playing");
  assert.equal(await row.getAttribute("aria-current"), "true");
  const first = page.locator(".row", { hasText: "doorbell sunrise" });
  assert.equal(await first.getAttribute("aria-current"), "false");
  const focused = () =>
    page.evaluate(() => inside("delistening-queue", ".row:focus")?.querySelector(".title").textContent);
  assert.equal(await focused(), "night bus home", "the keyboard stands where it stood");
  await page.evaluate(() => player.queue.add(harness.music("long-light")));
  assert.equal(await focused(), "night bus home");
  assert.equal(await page.getByRole("listitem").count(), 4);
  await button("Remove doorbell sunrise").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.getByRole("listitem").count(), 3);
  assert.equal(
    await page.evaluate(() => inside("delistening-queue", ".remove:focus")?.getAttribute("aria-label")),
    "Remove paper lanterns",
    "the keyboard goes on to the next",
  );
  await button("Previous track").click();
  await page.evaluate(() => harness.until(({ detail }) => detail?.track?.id === "paper-lanterns"));
});

test("what was set before the element's class was known is kept", async () => {
  await openPage("/later");
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
  assert.equal(await page.locator("p.title").textContent(), "Lanterns");
  await button("Play").click();
  await page.evaluate(() => harness.until(() => player.track?.title === "Lanterns" && player.state === "playing"));
});

test("what cannot be played is said where a screen reader hears it, can be tried again and skipped", async () => {
  await queue("missing", "doorbell-sunrise");
  await button("Play").click();
  const status = page.getByRole("status");
  await status.getByText(/^This track cannot be played: /).waitFor();
  await button("Try again").click();
  await page.evaluate(() => harness.until(() => told.filter(({ type }) => type === "error").length === 2));
  await button("Skip").click();
  await state("playing");
  assert.equal(await status.textContent(), "");
  assert.equal(await button("Skip").count(), 0);
});

test("shuffle and repeat are said to be on, and what is on is said by more than colour", async () => {
  await queue("doorbell-sunrise", "paper-lanterns", "night-bus-home");
  await button("Shuffle").click();
  assert.equal(await button("Shuffle").getAttribute("aria-pressed"), "true");
  assert.equal(await page.evaluate(() => player.queue.shuffled), true);
  await button("Repeat").click();
  await button("Repeat").click();
  assert.equal(await button("Repeat one").getAttribute("aria-pressed"), "true");
  assert.equal(await page.evaluate(() => player.queue.repeat), "one");
  const dot = () =>
    page.evaluate(() => getComputedStyle(inside("delistening-repeat-button", "button"), "::after").width);
  assert.equal(await dot(), "4px");
  await button("Repeat one").click();
  assert.equal(await dot(), "auto");
});

test("the bar shows what is loaded, what was heard and the waveform, and where nothing was heard nothing", async () => {
  await at("/queue");
  const drawn = await page.evaluate(async () => {
    const waveform = [0.1, 0.9, 0.2, 0.4];
    player.queue.add({ ...harness.music("doorbell-sunrise"), waveform });
    await player.play();
    await harness.reached(800);
    player.seek(9_000);
    await harness.until(({ type }) => type === "seeked");
    await harness.reached(9_600);
    player.muted = true;
    await harness.until(({ type, detail }) => type === "volumechange" && detail.muted);
    const silentFrom = player.positionMs;
    await harness.reached(silentFrom + 600);
    player.pause();
    await harness.state("paused");
    const shares = (group) =>
      [...inside("delistening-seek-bar", group).children].map((rect) => {
        const width = inside("delistening-seek-bar", ".base").getAttribute("width");
        const from = Number(rect.getAttribute("x"));
        return [from / width, (from + Number(rect.getAttribute("width"))) / width];
      });
    const path = inside("delistening-seek-bar", "path").getAttribute("d");
    return { heard: shares(".heard"), buffered: shares(".buffered"), spans: player.heard, silentFrom, path };
  });
  assert.equal(drawn.spans.length, 2);
  const [[begin], [second, end]] = drawn.spans;
  assert.ok(begin < 100 && Math.abs(second - 9_000) < 100, `${drawn.spans}`);
  assert.ok(Math.abs(end - drawn.silentFrom) < 300, "what is muted is not heard");
  assert.equal(drawn.heard.length, 2);
  assert.ok(Math.abs(drawn.heard[1][0] - 0.75) < 0.01, `${drawn.heard}`);
  assert.deepEqual(drawn.buffered.at(-1)?.[1].toFixed(2), "1.00");
  assert.ok(drawn.path.split("z").length > 40, "many bars");
});

test("pieces stand alone, in an order of one's own, or with a player that they are given", async () => {
  await at("/pieces");
  assert.equal(await page.getByText("My own").isVisible(), true);
  assert.equal(await page.getByRole("list").count(), 0, "what is put in stands in the place of the rest");
  await page.evaluate(() => {
    player.queue.add(harness.music("doorbell-sunrise"));
    document.querySelector("delistening-volume").player = player;
  });
  await button("Play").click();
  await state("playing");
  const seek = page.getByRole("slider", { name: "Seek" });
  await seek.focus();
  await page.keyboard.press("PageUp");
  const { detail } = await page.evaluate(() => harness.until(({ type }) => type === "seeked"));
  assert.ok(detail.toMs > 11_000, `half a minute on, and no further than the end: ${detail.toMs}`);
  await button("Mute").click();
  await page.evaluate(() => harness.until(({ type, detail }) => type === "volumechange" && detail.muted));
});

test("the modules can be imported where there is no DOM", async () => {
  await openPage();
  const { DelisteningPlayer } = await import("../dist/element/index.js");
  const { Player } = await import("../dist/index.js");
  assert.equal(typeof DelisteningPlayer, "function");
  assert.equal(typeof Player, "function");
});
