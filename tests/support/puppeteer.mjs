// What Puppeteer drives, as the tests know a browser: in Playwright's words, as far as they use them.
import { readFile } from "node:fs/promises";

export class Context {
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

  bringToFront() {
    return this.#page.bringToFront();
  }

  /** Chromium's own protocol. */
  cdp() {
    return this.#page.createCDPSession();
  }

  addScriptTag(tag) {
    return this.#page.addScriptTag(tag);
  }

  close() {
    return this.#page.close();
  }
}
