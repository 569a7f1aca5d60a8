// What the browser tests of a file begin with: a browser, a site, and for each test a page in which nothing was ever
// stored and nothing may go wrong. The names exported are those of the test that runs.
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { launch } from "../../../tests/support/browser.mjs";
import { newPage, startPages } from "./page.mjs";

const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

export let browser;
export let site;
/** The same site, where memory may be shared with the worklet; for those that ask for it. */
export let isolated;
export let page;

/** `pages` and `options` as `startPages` takes them, `browser` as `launch` does. */
export function begin({ pages, browser: how, shared = false, ...options } = {}) {
  before(async () => {
    const sites = [startPages(pages, options), shared && startPages(pages, { ...options, headers: ISOLATED })];
    [browser, site, isolated] = await Promise.all([launch(how), ...sites]);
  });

  after(async () => {
    await browser?.close();
    await site?.stop();
    if (isolated) await isolated.stop();
  });

  afterEach(async () => {
    const { wrongs } = page;
    await page.context().close();
    assert.deepEqual(wrongs, [], "nothing is thrown in the page");
  });
}

/** A new page that is nowhere yet; `page` is this one from then on. */
export async function makePage(by = browser) {
  page = await newPage(by);
  return page;
}

/** A new page of the site. */
export async function openPage(path = "/", { where = site, by } = {}) {
  await makePage(by);
  await page.goto(where.origin + path);
  return page;
}

/** Runs `script` in a new page. */
export async function run(script, argument, where) {
  await openPage("/", { where });
  return page.evaluate(script, argument);
}
