// Pages that hold the built player, the built SDK and real music.
import { fileURLToPath } from "node:url";
import { startSite } from "../../../tests/support/site.mjs";

const folder = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const IMPORTS = {
  "@delistening/sdk": "/sdk/index.js",
  "@delistening/player": "/player/index.js",
  "@delistening/player/element": "/player/element/index.js",
  "@delistening/player/offline": "/player/offline/index.js",
};
const HEAD = `<!doctype html><html lang="en"><meta charset="utf-8"><title>player</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;

/** `pages`: what stands in a page's body, by path. */
export function startPages(pages = {}, { handlers = {}, headers = {} } = {}) {
  const whole = Object.entries({ "/": "", ...pages }).map(([path, body]) => [path, `${HEAD}<body>${body}`]);
  return startSite({
    folders: {
      sdk: folder("sdk-wasm/dist"),
      player: folder("player/dist"),
      music: folder("examples/demo/music"),
      audio: folder("player/tests/audio"),
    },
    handlers,
    headers,
    pages: { ...Object.fromEntries(whole), "/broken.mp3": "this is no music" },
  });
}

/** A page with `window.harness`; what goes wrong in it is kept in `page.wrongs`. */
export async function newPage(browser) {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await context.addInitScript({ path: fileURLToPath(new URL("in-page.js", import.meta.url)) });
  const page = await context.newPage();
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(error.stack ?? String(error)));
  return page;
}

export async function open(browser, url) {
  const page = await newPage(browser);
  await page.goto(url);
  return page;
}
