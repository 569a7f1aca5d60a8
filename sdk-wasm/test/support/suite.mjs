// What the browser tests of a file begin with: a browser, a site with an ingest endpoint, and for each test fresh tabs
// in which nothing was ever stored. The names exported are those of the test that runs.
import { after, before, beforeEach } from "node:test";
import { launch, open } from "./browser.mjs";
import { startSite } from "./site.mjs";

const IN_PAGE = new URL("in-page.js", import.meta.url).pathname;

export let browser;
export let site;
export let tabs;
export let page;

/**
 * `start` launches the browser. `retryAfter`: how many seconds a device is asked to wait, by an endpoint that takes nothing unless a test
 * says so.
 */
export function begin({ retryAfter = 600, start = launch, ...options } = {}) {
  before(async () => {
    [browser, site] = await Promise.all([start(options), startSite()]);
  });

  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  beforeEach(async () => {
    site.blocked.clear();
    site.texts.clear();
    site.headers = {};
    site.requests.length = 0;
    site.ingest = () => ({ status: 503, headers: { "retry-after": String(retryAfter) } });
    await newTabs();
  });
}

/** Begins anew with a browser in which nothing was ever stored. */
export async function newTabs() {
  await tabs?.close();
  tabs = await browser.newContext();
  await tabs.addInitScript({ path: IN_PAGE });
}

/** Opens a page of the site; `page` is this one from then on. */
export async function openPage(path = "/") {
  page = await open(tabs, site.origin + path);
  return page;
}
