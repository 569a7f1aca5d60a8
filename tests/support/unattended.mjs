// A real headless Chromium that treats pages nobody looks at as it does on a listener's desk: they are hidden, slowed down
// and frozen. Playwright keeps all of its pages in front, and testing tools in general switch the slowing off.
import puppeteer from "puppeteer-core";
import { Context } from "./puppeteer.mjs";

const KEEPS_BUSY = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export async function launchUnattended({ executablePath, args }) {
  const browser = await puppeteer.launch({ executablePath, args, ignoreDefaultArgs: KEEPS_BUSY });
  return {
    newContext: async () => new Context(await browser.createBrowserContext()),
    close: () => browser.close(),
    /** The machine sleeps for so many milliseconds: nothing of this browser runs. */
    async sleep(ms) {
      const devtools = await browser.target().createCDPSession();
      const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
      const all = (signal) => {
        for (const { id } of processInfo) process.kill(id, signal);
      };
      all("SIGSTOP");
      try {
        await new Promise((wakes) => setTimeout(wakes, ms));
      } finally {
        all("SIGCONT");
      }
    },
  };
}
