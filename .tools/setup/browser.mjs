// A Chrome or Chromium for the tests that need a real browser.

import { existsSync } from "node:fs";
import { ask, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";

const OTHERWISE = "Chrome or Chromium is needed: install one, or name its program in CHROME_PATH, and run this again.";
const PLACES = [
  "chromium",
  "google-chrome",
  "google-chrome-stable",
  "chromium-browser",
  "chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** The path of a browser that starts; installs one where that can be done. */
export async function ensureBrowser() {
  const named = process.env.CHROME_PATH || process.env.CHROMIUM;
  if (named) {
    if (existsSync(named)) return found(named);
    throw new Stop(`CHROME_PATH names ${named}, which does not exist.`);
  }
  const here = await search();
  if (here) return found(here);
  await aptInstall(["chromium"], OTHERWISE);
  const installed = await search();
  if (!installed) throw new Stop(OTHERWISE);
  return found(installed);
}

async function search() {
  for (const place of PLACES) {
    const path = await locate(place);
    // Some systems have a placeholder that only says how to install the real one.
    if (path && (process.platform === "win32" || (await ask(path, ["--version"], { seconds: 30 })).code === 0))
      return path;
  }
  return undefined;
}

async function locate(place) {
  if (place.includes("/") || place.includes("\\")) return existsSync(place) ? place : undefined;
  const { code, stdout } = await ask("sh", ["-c", `command -v ${place}`]);
  return code === 0 ? stdout.trim() : undefined;
}

function found(path) {
  say(`browser: ${path}`);
  return path;
}
