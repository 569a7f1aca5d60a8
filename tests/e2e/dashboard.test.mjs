// The dashboard in a real browser: it shows what the API answers, verifies it, and can be used by everybody.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "../support/browser.mjs";
import { Device } from "../support/device.mjs";
import { Ingest } from "../support/ingest.mjs";

const AUDIENCE = "delistening-dev";
const VIEWS = ["overview", "track", "track&id=track-1", "artist&id=artist-1", "integrity", "fraud"];
const dist = fileURLToPath(new URL("../../ingest-server/dashboard/dist", import.meta.url));

let browser;
let ingest;
let axe;

before(async () => {
  const settings = ["--verdicts-after", "0", "--dashboard", dist];
  [browser, ingest, axe] = await Promise.all([
    launch(),
    Ingest.start({ settings }),
    readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"),
  ]);
  for (const [place, seconds] of [[40, 50, 10], [31]].entries()) await play(`listener-${place}`, seconds);
  await counted(4);
});

after(async () => {
  await browser?.close();
  await ingest?.stop();
});

async function play(listener, seconds) {
  const device = new Device();
  const batches = seconds.map((heard) => device.seal(listener, AUDIENCE, heard));
  const body = JSON.stringify({ token: await ingest.token({ device: device.id, listener }), batches });
  const response = await fetch(`${ingest.origin}/v1/batches`, { method: "POST", body });
  for (const answer of (await response.json()).answers) assert.equal(answer.status, "accepted", JSON.stringify(answer));
}

async function api(path) {
  const headers = { authorization: `Bearer ${await ingest.token({ scope: "counts:read" })}` };
  return (await fetch(`${ingest.origin}${path}`, { headers })).json();
}

/** Waits until so many sessions are counted. */
async function counted(sessions) {
  for (;;) {
    const { valid, short, muted, suspect, invalid } = await api("/v1/plays");
    if (valid + short + muted + suspect + invalid === sessions) return;
  }
}

/** A page that is signed in. */
async function opened({ scope = "counts:read export:read", query = "", ...options } = {}) {
  const page = await (await browser.newContext(options)).newPage();
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(String(error)));
  page.on("console", (message) => {
    // That no witness has signed is an answer.
    if (message.type() === "error" && !/404/.test(message.text())) wrongs.push(message.text());
  });
  await page.goto(`${ingest.origin}/dashboard/${query}`);
  await page.getByLabel(/^Service token/).fill(await ingest.token({ scope }));
  await page.getByRole("button", { name: "Open the dashboard" }).click();
  await shown(page);
  return { page, wrongs, close: () => page.context().close() };
}

/** Waits until nothing loads any more. */
const shown = (page) => page.waitForFunction(() => document.querySelector("h1") && !document.querySelector(".waiting"));

/** A figure by its name, as it is shown. */
const figure = (page, name) => page.locator(".figure", { hasText: name }).locator("strong").textContent();

test("nothing is shown without a token, and none is left in the address", async () => {
  const { page, wrongs, close } = await opened();
  assert.equal(new URL(page.url()).href, `${ingest.origin}/dashboard/`);
  await page.getByRole("button", { name: "Leave" }).click();
  await page.getByLabel(/^Service token/).waitFor();
  await page.reload();
  await page.getByLabel(/^Service token/).waitFor();
  await page.getByLabel(/^Service token/).fill("no token");
  await page.getByRole("button", { name: "Open the dashboard" }).click();
  assert.match(await page.getByRole("alert").textContent(), /not a token/);
  assert.deepEqual(wrongs, []);
  await close();
});

test("the views show the numbers of the API", async () => {
  const { page, wrongs, close } = await opened();
  const all = await api("/v1/plays");
  assert.equal(all.valid, 3);
  assert.equal(await figure(page, "Valid plays"), String(all.valid));
  assert.equal(await figure(page, "Listeners"), String(all.listeners));
  assert.equal(await figure(page, "Not counted"), String(all.short));
  const rows = page.getByRole("table", { name: "Tracks" }).getByRole("row");
  assert.match(await rows.nth(1).innerText(), /track-1\s+3\s+2/);
  await page.getByText("As a table").click();
  const series = page.getByRole("table", { name: "Plays over time" }).getByRole("row");
  assert.equal(await series.count(), 29, "a row for each of 28 days, and their head");
  await page.getByRole("link", { name: "track-1" }).click();
  await shown(page);
  assert.match(page.url(), /\?view=track&id=track-1$/);
  assert.equal(await figure(page, "Valid plays"), "3");
  await page.goBack();
  await shown(page);
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Overview");
  await page.getByRole("link", { name: "Set apart" }).click();
  await shown(page);
  assert.match(await page.getByRole("table", { name: "What was set apart", exact: true }).innerText(), /short.*\s+1\s/);
  assert.deepEqual(wrongs, []);
  await close();
});

test("an address keeps what was looked at; a time without plays says so", async () => {
  const { page, close } = await opened({ query: "?range=custom&from=2020-01-01&to=2020-01-31&compare=no" });
  assert.match(await page.locator(".panel", { hasText: "Plays over time" }).innerText(), /Nothing was played/);
  assert.equal(await page.getByRole("checkbox", { name: "Compare" }).isChecked(), false);
  await page.getByLabel("Time", { exact: true }).selectOption("24h");
  await shown(page);
  assert.match(page.url(), /\?range=24h&compare=no$/);
  assert.equal(await figure(page, "Valid plays"), "3");
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download CSV" }).click();
  const lines = (await readFile(await (await saved).path(), "utf8")).trim().split("\r\n");
  assert.equal(lines[0], "from,to,valid,short,muted,suspect,invalid,listeners,heard_ms");
  const sum = lines.slice(1).reduce((total, line) => total + Number(line.split(",")[2]), 0);
  assert.equal(sum, 3);
  await close();
});

test("the live count moves with a play", async () => {
  const { page, close } = await opened();
  const live = page.getByRole("region", { name: /^Live/ });
  await live.getByText("3 valid plays").waitFor();
  await play("listener-9", [35]);
  await live.getByText("4 valid plays").waitFor();
  await close();
});

test("a page watches over a WebSocket, one artist alone", async () => {
  const { page, close } = await opened();
  const frames = await page.evaluate(
    ([origin, token]) =>
      new Promise((resolve, reject) => {
        const url = `${origin.replace("http", "ws")}/v1/live?artist=artist-1`;
        const socket = new WebSocket(url, ["delistening.live.v1", `bearer.${token}`]);
        socket.onerror = () => reject(new Error("refused"));
        socket.onmessage = ({ data }) => {
          resolve({ ...JSON.parse(data), protocol: socket.protocol });
          socket.close();
        };
      }),
    [ingest.origin, await ingest.token({ scope: "counts:read" })],
  );
  assert.deepEqual([frames.kind, frames.protocol, frames.tracks], ["snapshot", "delistening.live.v1", {}]);
  assert.equal(frames.artists["artist-1"].valid, frames.total.valid);
  const refused = page.evaluate(
    (url) =>
      new Promise((resolve) => Object.assign(new WebSocket(url), { onerror: resolve, onopen: () => resolve(1) })),
    `${ingest.origin.replace("http", "ws")}/v1/live`,
  );
  assert.notEqual(await refused, 1, "not without a token");
  await close();
});

test("the count is verified in the browser, step by step", async () => {
  const { page, wrongs, close } = await opened({ query: "?view=integrity" });
  const { valid } = await api("/v1/plays");
  await page.getByRole("button", { name: "Verify in this browser" }).click();
  const end = page.locator(".steps [data-end]");
  await end.waitFor();
  assert.equal(await end.textContent(), `It holds: counted again, the log gives ${valid} valid plays.`);
  assert.equal(await page.locator('.steps [data-state="good"]').count(), 6);
  // Another log's key is not this one's.
  const other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  await page.getByLabel(/^The log's verifier key/).fill(other);
  await page.getByRole("button", { name: "Verify in this browser" }).click();
  await page.locator('.steps [data-state="bad"]').waitFor();
  assert.deepEqual(wrongs, []);
  await close();
});

test("who may only count cannot verify, and is told why", async () => {
  const { page, close } = await opened({ scope: "counts:read", query: "?view=integrity" });
  assert.match(await page.locator(".panel", { hasText: "Verify the count" }).innerText(), /export:read/);
  await close();
});

test("what the server cannot answer is said, and can be tried again", async () => {
  const { page, close } = await opened();
  await page.route("**/v1/top**", (route) => route.abort());
  await page.getByRole("link", { name: "Artists" }).click();
  const alert = page.getByRole("alert");
  assert.match(await alert.textContent(), /cannot be reached/);
  await page.unroute("**/v1/top**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("link", { name: "artist-1" }).waitFor();
  await close();
});

test("it is accessible, in the dark and on a phone as well", async () => {
  for (const options of [{}, { colorScheme: "dark", viewport: { width: 390, height: 844 }, reducedMotion: "reduce" }]) {
    const { page, close } = await opened(options);
    // In the dark and on a phone other colours and other widths are seen, not other elements.
    for (const view of options.viewport ? VIEWS.filter((view) => !/^(track|artist)/.test(view)) : VIEWS) {
      await page.goto(`${ingest.origin}/dashboard/?view=${view}`);
      await shown(page);
      // Past the page's policy, which lets no foreign script in.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      assert.deepEqual(told, [], `${view} ${JSON.stringify(options)}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `${view} is as wide as the window`);
    }
    await close();
  }
});

test("it can be used with the keyboard alone", async () => {
  const { page, close } = await opened();
  await page.goto(`${ingest.origin}/dashboard/`);
  await shown(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "To the content");
  for (const name of ["Overview", "Tracks", "Artists", "Integrity"]) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), name);
  }
  await page.keyboard.press("Enter");
  await shown(page);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Integrity");
  assert.equal(await page.evaluate(() => document.activeElement?.localName), "h1", "reading goes on at the heading");
  await close();
});
