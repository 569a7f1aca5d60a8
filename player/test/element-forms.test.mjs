// `<delistening-player>` in each of its forms, in a real browser: looked through by axe, and used by finger and by key in
// both directions of writing. With SCREENSHOTS set to a folder, each form is put there as a picture, to be looked at.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch } from "../../tests/support/browser.mjs";
import { open, startPages } from "./support/page.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const PAGE = `<meta name="viewport" content="width=device-width"><style>body { margin: 24px; background: Canvas; }</style>
<main><h1>A page</h1></main><script type="module">import "@delistening/player/element";</script>`;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let browser;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), startPages({ "/form": PAGE })]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

/** A page with an element of a form, its player in a state. */
async function shown({ scheme = "light", dir = "ltr", width = 760, state = "playing", attributes = {} }) {
  const page = await open(browser, `${site.origin}/form`);
  await page.setViewportSize({ width, height: 700 });
  await page.evaluate(
    async ([scheme, dir, state, attributes]) => {
      document.documentElement.style.colorScheme = scheme;
      document.documentElement.dir = dir;
      await customElements.whenDefined("delistening-player");
      window.element = document.createElement("delistening-player");
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      await harness.start({ remember: false });
      element.player = player;
      document.querySelector("main").append(element);
      const waveform = Array.from({ length: 200 }, (_, at) => Math.abs(Math.sin(at / 9)));
      const src = state === "error" ? "/missing.mp3" : "/music/doorbell-sunrise.mp3";
      const rest = { artist: "House Band", release: "Small Hours", durationMs: 20_000 };
      player.queue.add(
        { ...rest, id: "one", title: "Doorbell Sunrise", src, waveform },
        { ...rest, id: "two", title: "Night Bus Home, and Other Ways", src: "/music/night-bus-home.mp3" },
      );
      if (state === "empty") player.queue.clear();
      if (state === "error" || state === "playing") {
        void player.play();
        await harness.state(state);
      }
      if (state === "playing") {
        await harness.reached(300);
        player.pause();
        await harness.state("paused");
      }
    },
    [scheme, dir, state, attributes],
  );
  return page;
}

async function close(page) {
  const { wrongs } = page;
  await page.context().close();
  assert.deepEqual(wrongs, [], "nothing is thrown in the page");
}

const FORMS = {
  light: {},
  dark: { scheme: "dark" },
  compact: { attributes: { compact: "" } },
  "compact-dark-narrow": { attributes: { compact: "" }, scheme: "dark", width: 360 },
  "right-to-left": { dir: "rtl" },
  narrow: { width: 320 },
  "dark-by-attribute": { attributes: { theme: "dark" } },
  error: { state: "error" },
  "error-dark-narrow": { state: "error", scheme: "dark", width: 360 },
  empty: { state: "empty" },
};

for (const [name, form] of Object.entries(FORMS)) {
  test(`${name}: axe finds nothing, and nothing sticks out`, async () => {
    const page = await shown(form);
    await page.evaluate(AXE);
    const found = await page.evaluate(async (rules) => {
      const { violations, passes } = await axe.run("main", { runOnly: rules });
      const { scrollWidth, clientWidth } = document.documentElement;
      return {
        violations: violations.map(({ id, nodes }) => [
          id,
          nodes.map(({ html, failureSummary }) => [html, failureSummary]),
        ]),
        contrast: passes.find(({ id }) => id === "color-contrast")?.nodes.length,
        overflow: scrollWidth - clientWidth,
      };
    }, RULES);
    const { SCREENSHOTS } = process.env;
    if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
    await close(page);
    assert.deepEqual(found.violations, []);
    assert.ok(found.contrast >= 1, "and it has looked at the colours");
    assert.equal(found.overflow, 0);
  });
}

test("at no width does a piece stick out of the card or of the line", async () => {
  const page = await shown({});
  const wide = await page.evaluate(() => {
    const frame = element.shadowRoot.querySelector(".frame");
    const wide = [];
    for (const compact of [false, true]) {
      element.toggleAttribute("compact", compact);
      for (let width = 280; width <= 720; width += 8) {
        element.style.width = `${width}px`;
        if (frame.scrollWidth > frame.clientWidth) wide.push([compact, width, frame.scrollWidth]);
      }
    }
    return wide;
  });
  await close(page);
  assert.deepEqual(wide, []);
});

test("what a page sets is worn: colours by custom properties, pieces by parts, and a theme against the page's own", async () => {
  const page = await shown({ attributes: { theme: "dark" } });
  const worn = await page.evaluate(() => {
    const style = document.createElement("style");
    style.textContent = `delistening-player { --delistening-accent: rgb(1, 2, 3); } delistening-player::part(title) { color: rgb(4, 5, 6); }
      delistening-player::part(frame) { border-color: rgb(7, 8, 9); }`;
    document.head.append(style);
    const of = (piece, selector, pseudo) =>
      getComputedStyle(element.shadowRoot.querySelector(piece).shadowRoot.querySelector(selector), pseudo);
    return {
      play: of("delistening-play-button", "button").backgroundColor,
      played: of("delistening-seek-bar", ".played").fill,
      title: of("delistening-title", ".title").color,
      frame: getComputedStyle(element.shadowRoot.querySelector(".frame")).borderTopColor,
      ground: getComputedStyle(element.shadowRoot.querySelector(".frame")).backgroundColor,
    };
  });
  await close(page);
  assert.deepEqual(worn, {
    play: "rgb(1, 2, 3)",
    played: "rgb(1, 2, 3)",
    title: "rgb(4, 5, 6)",
    frame: "rgb(7, 8, 9)",
    ground: "rgb(24, 26, 33)",
  });
});

test("from right to left the bar begins at the right, and the left arrow goes on", async () => {
  const page = await shown({ dir: "rtl" });
  const seek = page.getByRole("slider", { name: "Seek" });
  const { x, y, width, height } = await seek.boundingBox();
  await page.mouse.click(x + width * 0.25, y + height / 2);
  const { detail } = await page.evaluate(() => harness.until(({ type }) => type === "seeked"));
  assert.ok(Math.abs(detail.toMs - 9_000) < 100, `three quarters are over: ${detail.toMs}`);
  await page.evaluate(() => player.seek(1_000));
  await page.evaluate(() => harness.until(({ type, detail }) => type === "seeked" && detail.toMs === 1_000));
  await seek.focus();
  await page.keyboard.press("ArrowLeft");
  const next = await page.evaluate(() =>
    harness.until(({ type, detail }) => type === "seeked" && detail.toMs > 5_000 && detail.toMs < 7_000),
  );
  assert.equal(next.detail.toMs, 6_000);
  const played = await page.evaluate(() => {
    const bar = element.shadowRoot.querySelector("delistening-seek-bar").shadowRoot;
    const rect = bar.querySelector(".played");
    return (
      Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) - bar.querySelector(".lines").clientWidth
    );
  });
  assert.ok(Math.abs(played) < 1, "what was played ends at the right");
  await close(page);
});

test("a finger drags the bar, and one that is taken away by a scroll changes nothing", async () => {
  const page = await shown({});
  const dragged = await page.evaluate(async () => {
    const bar = element.shadowRoot.querySelector("delistening-seek-bar").shadowRoot;
    const field = bar.querySelector(".field");
    // No pointer of a test's own making can be captured.
    field.setPointerCapture = () => {};
    const { left, width, top } = field.getBoundingClientRect();
    const touch = (type, share) =>
      field.dispatchEvent(
        new PointerEvent(type, {
          pointerId: 7,
          pointerType: "touch",
          clientX: left + width * share,
          clientY: top + 5,
          bubbles: true,
        }),
      );
    const from = told.length;
    touch("pointerdown", 0.2);
    touch("pointermove", 0.5);
    touch("pointercancel", 0.5);
    const cancelled = told.slice(from).some(({ type }) => type === "seeking");
    const back = Number(bar.querySelector("input").value) - player.positionMs;
    touch("pointerdown", 0.2);
    touch("pointermove", 0.5);
    touch("pointerup", 0.5);
    const { detail } = await harness.until(({ type }) => type === "seeked", from);
    return {
      cancelled,
      back,
      toMs: detail.toMs,
      share: detail.toMs / player.durationMs,
      action: getComputedStyle(field).touchAction,
    };
  });
  await close(page);
  assert.equal(dragged.cancelled, false);
  assert.ok(Math.abs(dragged.back) < 1, "the handle is where it was");
  assert.ok(Math.abs(dragged.share - 0.5) < 0.02, `${dragged.toMs}`);
  assert.equal(dragged.action, "pan-y", "a page is scrolled past it");
});

test("who wants less motion gets none", async () => {
  const page = await shown({});
  const motions = await page.evaluate(async () => {
    await player.play();
    player.dispatchEvent(new CustomEvent("statechange", { detail: { state: "playing", previous: "paused" } }));
    const roots = [
      element.shadowRoot,
      ...[...element.shadowRoot.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? []),
    ];
    return roots.flatMap((root) => root.getAnimations()).length;
  });
  await close(page);
  assert.equal(motions, 0);
});

test("the manifest of the elements tells what they are today", async () => {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  const cem = createRequire(import.meta.url).resolve("@custom-elements-manifest/analyzer/cem.js");
  const out = "../target/manifest";
  await promisify(execFile)(process.execPath, [cem, "analyze", "--quiet", "--outdir", out], { cwd: folder });
  const read = (path) => JSON.parse(readFileSync(join(folder, path), "utf8"));
  assert.deepEqual(
    read("custom-elements.json"),
    read(`${out}/custom-elements.json`),
    "stale: npm run manifest --workspace player",
  );
  const { modules } = read("custom-elements.json");
  const tags = modules.flatMap(({ declarations }) => declarations.map(({ tagName }) => tagName));
  const page = await open(browser, `${site.origin}/form`);
  const unknown = await page.evaluate(async (tags) => {
    await import("@delistening/player/element");
    return tags.filter((tag) => !customElements.get(tag));
  }, tags);
  await close(page);
  assert.ok(tags.length >= 12);
  assert.deepEqual(unknown, [], "each is registered");
});
