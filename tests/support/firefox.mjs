// A real headless Firefox, driven by WebDriver BiDi. Playwright itself drives only a Firefox of its own making.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import { Context } from "./puppeteer.mjs";
import { startSound } from "./sound.mjs";

const PLACES = [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];

// 0: pages may play without a click.
const PREFERENCES = { "media.autoplay.default": 0 };
const TIMEOUT_MS = 240_000;

/** `profile`: a folder in which the browser keeps what it stores, from one launch to the next. */
export async function launchFirefox({ profile, preferences = {} } = {}) {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Firefox is needed: install it, or name it in FIREFOX");
  const sound = await startSound();
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    extraPrefsFirefox: { ...PREFERENCES, ...preferences },
    env: { ...process.env, ...sound.env },
    protocolTimeout: TIMEOUT_MS,
    ...(profile && { userDataDir: profile }),
  });
  return {
    newContext: async () => new Context(await browser.createBrowserContext()),
    /** What a profile keeps. */
    lasting: () => new Context(browser.defaultBrowserContext()),
    async close() {
      await browser.close();
      await sound.stop();
    },
  };
}
