// A real headless Chromium.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = [
  process.env.CHROME_PATH,
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

export async function launch({ autoplay = true } = {}) {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Chromium is needed: install it, or name it in CHROME_PATH");
  const args = [
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
  if (autoplay) args.push("--autoplay-policy=no-user-gesture-required");
  return chromium.launch({ executablePath, args });
}
