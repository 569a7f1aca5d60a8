// A real headless Firefox, driven by WebDriver BiDi, as the tests know a browser: in Playwright's words, as far as they
// use them. Playwright itself drives only a Firefox of its own making.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";
import { startSound } from "./sound.mjs";

const PLACES = [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];

// 0: pages may play without a click.
const PREFERENCES = { "media.autoplay.default": 0 };
const TIMEOUT_MS = 240_000;

/** `profile`: a folder in which the browser keeps what it stores, from one launch to the next. */
export async function launchFirefox({ profile } = {}) {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Firefox is needed: install it, or name it in FIREFOX");
  const sound = await startSound();
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    extraPrefsFirefox: PREFERENCES,
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

class Context {
  #context;
  #scripts = [];
  #functions = [];
  #pages = [];

  constructor(context) {
    this.#context = context;
  }

  async addInitScript(script) {
    const added = typeof script === "function" ? script : new Function(await readFile(script.path, "utf8"));
    this.#scripts.push(added);
    for (const page of this.#pages) await page.init(added);
  }

  async exposeFunction(name, does) {
    this.#functions.push([name, does]);
  }

  async newPage() {
    const page = new Page(await this.#context.newPage(), this);
    for (const [name, does] of this.#functions) await page.exposeFunction(name, does);
    for (const script of this.#scripts) await page.init(script);
    this.#pages.push(page);
    return page;
  }

  async setOffline(offline) {
    for (const page of this.#pages) await page.setOffline(offline);
  }

  close() {
    return this.#context.close();
  }
}

class Page {
  #page;
  #context;

  constructor(page, context) {
    this.#page = page;
    this.#context = context;
  }

  context() {
    return this.#context;
  }

  init(script) {
    return this.#page.evaluateOnNewDocument(script);
  }

  exposeFunction(name, does) {
    return this.#page.exposeFunction(name, does);
  }

  on(event, listener) {
    this.#page.on(event, listener);
  }

  evaluate(script, argument) {
    return this.#page.evaluate(script, argument);
  }

  waitForFunction(script, argument, { timeout = 30_000 } = {}) {
    return this.#page.waitForFunction(script, { timeout }, argument);
  }

  waitForRequest(test) {
    return this.#page.waitForRequest((request) => test({ url: () => request.url() }));
  }

  goto(url) {
    return this.#page.goto(url);
  }

  reload() {
    return this.#page.reload();
  }

  goBack() {
    return this.#page.goBack();
  }

  setOffline(offline) {
    return this.#page.setOfflineMode(offline);
  }

  addScriptTag(tag) {
    return this.#page.addScriptTag(tag);
  }

  close() {
    return this.#page.close();
  }
}
