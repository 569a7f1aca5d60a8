// A Firefox for the tests that need another real browser, and on Linux the sound daemon that it plays to.

import { existsSync } from "node:fs";
import { ask, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";

const OTHERWISE = "Firefox is needed: install it, or name its program in FIREFOX, and run this again.";
const NO_SOUND = "PulseAudio is needed, to which Firefox plays in tests: install pulseaudio and run this again.";
const PLACES = [
  "firefox-esr",
  "firefox",
  "/Applications/Firefox.app/Contents/MacOS/firefox",
  "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
];

/** The path of a Firefox that starts; installs what is missing where that can be done. */
export async function ensureFirefox() {
  if (process.platform === "linux" && !(await located("pulseaudio"))) await aptInstall(["pulseaudio"], NO_SOUND);
  const named = process.env.FIREFOX;
  if (named && !existsSync(named)) throw new Stop(`FIREFOX names ${named}, which does not exist.`);
  const here = named || (await search());
  if (!here) await aptInstall(["firefox-esr"], OTHERWISE);
  const path = here || (await search());
  if (!path) throw new Stop(OTHERWISE);
  say(`Firefox: ${path}`);
  return path;
}

async function search() {
  for (const place of PLACES) {
    const path = await located(place);
    // Some systems have a placeholder that only says how to install the real one.
    if (path && (process.platform === "win32" || (await ask(path, ["--version"], { seconds: 60 })).code === 0))
      return path;
  }
  return undefined;
}

async function located(place) {
  if (/[/\\]/.test(place)) return existsSync(place) ? place : undefined;
  const { code, stdout } = await ask("sh", ["-c", `command -v ${place}`]);
  return code === 0 ? stdout.trim() : undefined;
}
