// A real headless browser: Chromium, or Firefox where BROWSER says so.
import { existsSync } from "node:fs";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { launchFirefox } from "./firefox.mjs";
import { launchUnattended } from "./unattended.mjs";

const PLACES = [
  process.env.CHROME_PATH,
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

const ARGS = [
  "--no-sandbox",
  // Without a screen it says so, and its plays would be suspect for that.
  `--user-agent=${AGENT}`,
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const AUTOPLAY = "--autoplay-policy=no-user-gesture-required";

/** A test of what Chromium alone has, or lets a test bring about. */
export const chromiumOnly = process.env.BROWSER === "firefox" ? () => {} : test;

/** `args`: what Chromium is started with besides. */
export async function launch({ autoplay = true, args = [], ...options } = {}) {
  if (process.env.BROWSER === "firefox") return launchFirefox();
  const all = [...ARGS, ...(autoplay ? [AUTOPLAY] : []), ...args];
  return chromium.launch({ ...options, executablePath: program(), args: all });
}

/** A browser of private windows: in Chromium, each of a test's contexts is one. */
export async function launchPrivate() {
  if (process.env.BROWSER === "firefox")
    return launchFirefox({ preferences: { "browser.privatebrowsing.autostart": true } });
  return launch();
}

/** Chromium whose pages may be hidden, and which may sleep. */
export async function launchAlone() {
  return launchUnattended({ executablePath: program(), args: [...ARGS, AUTOPLAY] });
}

/** A browser that keeps what it stores in the folder `profile`, from one launch to the next. */
export async function launchProfile(profile) {
  return chromium.launchPersistentContext(profile, { executablePath: program(), args: [...ARGS, AUTOPLAY] });
}

function program() {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Chromium is needed: install it, or name it in CHROME_PATH");
  return executablePath;
}
