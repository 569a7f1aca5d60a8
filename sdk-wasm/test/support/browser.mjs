// A real headless browser, and pages in it on which an uncaught error fails the test.
export { chromiumOnly, launch, launchAlone } from "../../../tests/support/browser.mjs";

/** A page that keeps what went wrong in `page.wrongs`. */
export async function open(context, url) {
  const page = await context.newPage();
  watch(page);
  await page.goto(url);
  return page;
}

export function watch(page) {
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(error.stack ?? String(error)));
  if (process.env.TRACE) page.on("console", (message) => console.log(`  ${message.text()}`));
}
