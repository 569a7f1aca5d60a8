// What the browser tests of a file begin with: a browser, a site, and for each test a page in which nothing was ever
// stored and nothing may go wrong. The names exported are those of the test that runs.
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { launch } from "../../../tests/support/browser.mjs";
import { open, startPages } from "./page.mjs";

export let browser;
export let site;
export let page;

/** `pages` and `options` as `startPages` takes them, `browser` as `launch` does. */
export function begin({ pages, browser: how, ...options } = {}) {
  before(async () => {
    [browser, site] = await Promise.all([launch(how), startPages(pages, options)]);
  });

  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  afterEach(async () => {
    const { wrongs } = page;
    await page.context().close();
    assert.deepEqual(wrongs, [], "nothing is thrown in the page");
  });
}

/** Runs `script` in a new page. */
export async function run(script, argument) {
  page = await open(browser, `${site.origin}/`);
  return page.evaluate(script, argument);
}
