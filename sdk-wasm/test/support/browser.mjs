// A real headless Chromium, and pages in it on which an uncaught error fails the test.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

export async function launch(options = {}) {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Chromium is needed: install it, or name it in CHROMIUM");
  return chromium.launch({
    ...options,
    executablePath,
    args: [
      "--no-sandbox",
      // Without a screen it says so, and its plays would be suspect for that.
      `--user-agent=${AGENT}`,
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/** A page that keeps what went wrong in `page.wrongs`. */
export async function open(context, url) {
  const page = await context.newPage();
  watch(page);
  await page.goto(url);
  return page;
}

export function watch(page) {
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(error.stack ?? String(error)));
  if (process.env.TRACE) page.on("console", (message) => console.log(`  ${message.text()}`));
}
