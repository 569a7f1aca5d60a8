// A page in a real browser for the documents' snippets. What the snippets call https://ingest.example.com is the
// real server, and their backend gives its tokens.
import { EventEmitter, once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "../support/browser.mjs";
import { Ingest } from "../support/ingest.mjs";
import { startSite } from "../support/site.mjs";
import { ROOT } from "./documents.mjs";

const ENDPOINT = "https://ingest.example.com";
const TIMEOUT_MS = 20_000;
const HEAD = '<!doctype html><title>docs</title><link rel="icon" href="data:,">';
const IMPORTS = {
  "@delistening/sdk": "/node_modules/@delistening/sdk/dist/index.js",
  "@delistening/player": "/node_modules/@delistening/player/dist/index.js",
};

/** A page with an audio element in which `program` runs. */
export function pageOf(program) {
  return `${HEAD}<audio id="audio" src="/music/one.mp3"></audio>
    <script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
    <script type="module">${program}
      ${watched('typeof player === "undefined" ? telemetry : player.telemetry')}</script>`;
}

/** A page with the element that `html` shows. */
export function pageWith(html) {
  return `${HEAD}${html}
    <script type="module">${watched('document.querySelector("delistening-player").player.telemetry')}</script>`;
}

/** What is recorded goes to the server at once: nobody waits for a batch to fill. */
function watched(telemetry) {
  return `window.telemetry = ${telemetry};
      window.telemetry.addEventListener("event", () => window.telemetry.flush());
      window.telemetry.flush();`;
}

export class Stage {
  /** The newest batch that was accepted: `{ jws, receipt, log }`, as a device holds them. */
  held = { jws: "", receipt: "", log: "" };
  #browser;
  #ingest;
  #music;

  async open() {
    this.#music = await mkdtemp(join(tmpdir(), "delistening-docs-"));
    await cp(join(ROOT, "examples/demo/music/doorbell-sunrise.mp3"), join(this.#music, "one.mp3"));
    this.#browser = await launch();
    this.#ingest = await Ingest.start();
  }

  async close() {
    await this.#browser?.close();
    await this.#ingest?.stop();
    await rm(this.#music, { recursive: true });
  }

  /**
   * Shows `html` to a person who does `act`, until the server was told of `plays` plays and the page has a receipt for
   * each batch. Gives their tracks, as the server was told them, and all that went wrong.
   */
  async show(html, { act, plays }) {
    const folders = { node_modules: join(ROOT, "node_modules"), music: this.#music };
    const site = await startSite({ folders, pages: { "/": html } });
    const context = await this.#browser.newContext();
    const told = Object.assign(new EventEmitter(), { tracks: [], wrongs: [] });
    try {
      await this.#connect(context, told);
      const page = await context.newPage();
      await page.goto(site.origin);
      await act(page);
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      while (told.tracks.length < plays) await once(told, "batch", { signal });
      await page.waitForFunction(() => window.telemetry.status().batches === 0);
    } catch (error) {
      told.wrongs.push(error.message);
    } finally {
      await context.unrouteAll({ behavior: "wait" });
      await context.close();
      await site.stop();
    }
    return told;
  }

  async #connect(context, told) {
    const { tracks, wrongs } = told;
    context.on("weberror", (wrong) => wrongs.push(String(wrong.error())));
    context.on("response", (response) => response.ok() || wrongs.push(`${response.status()} ${response.url()}`));
    await context.exposeFunction("tokenFor", (device) => this.#token(device));
    await context.route("**/listening-token?*", async (route) => {
      const { searchParams } = new URL(route.request().url());
      await route.fulfill({ contentType: "text/plain", body: await this.#token(searchParams.get("device")) });
    });
    await context.route(`${ENDPOINT}/**`, async (route) => {
      const request = route.request();
      const response = await route.fetch({ url: request.url().replace(ENDPOINT, this.#ingest.origin) });
      const { log, answers } = await response.json();
      for (const [place, jws] of request.postDataJSON().batches.entries()) {
        const { events } = JSON.parse(Buffer.from(jws.split(".")[1], "base64url").toString());
        tracks.push(...events.filter(({ type }) => type === "play.started").map(({ track }) => track));
        this.held = { jws, receipt: answers[place].receipt, log };
      }
      await route.fulfill({ response });
      told.emit("batch");
    });
  }

  async #token(device) {
    const body = JSON.stringify({ device, listener: "listener-1" });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.#ingest.origin}/dev/token`, { method: "POST", headers, body });
    return (await response.json()).token;
  }
}
