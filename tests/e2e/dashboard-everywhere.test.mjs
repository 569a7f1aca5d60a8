// The dashboard in every browser: a share link, where people listen and why plays do not count, and the verification.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromiumOnly, launch } from "../support/browser.mjs";
import { Device } from "../support/device.mjs";
import { Ingest } from "../support/ingest.mjs";
import { CLICKHOUSE, python } from "../support/python.mjs";

const AUDIENCE = "delistening-dev";
const HEARD = [40, 50, 10];
const dist = fileURLToPath(new URL("../../ingest-server/dashboard/dist", import.meta.url));

let browser;
let ingest;

before(async () => {
  const settings = ["--verdicts-after", "0", "--dashboard", dist];
  [browser, ingest] = await Promise.all([launch(), Ingest.start({ settings })]);
  const device = new Device();
  const batches = HEARD.map((seconds) => device.seal("listener-1", AUDIENCE, seconds));
  const body = JSON.stringify({ token: await ingest.token({ device: device.id, listener: "listener-1" }), batches });
  assert.equal((await fetch(`${ingest.origin}/v1/batches`, { method: "POST", body })).status, 200);
  await ingest.counts(({ valid, not_counted }) => valid + not_counted === HEARD.length);
});

after(async () => {
  await browser?.close();
  await ingest?.stop();
});

/** A page of a browser that knows nothing, at an address; whatever goes wrong in it is told at the end. */
async function fresh(url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(String(error)));
  await page.goto(url);
  return {
    page,
    async close() {
      await context.close();
      assert.deepEqual(wrongs, []);
    },
  };
}

/** A page at a view, of somebody with a token. */
async function signedIn(query, scope = "counts:read export:read") {
  const opened = await fresh(`${ingest.origin}/dashboard/${query}`);
  await opened.page.evaluate(
    (token) => {
      document.querySelector("#token").value = token;
      document.querySelector(".door form").requestSubmit();
    },
    await ingest.token({ scope }),
  );
  await shown(opened.page);
  return opened;
}

const shown = (page) =>
  page.waitForFunction(() => document.querySelector(".panel:not(form)") && !document.querySelector(".waiting"));

/** The rows of the table with a caption, as texts. */
const rows = (page, caption) =>
  page.evaluate(
    (name) =>
      [...document.querySelectorAll("table")]
        .filter((table) => table.caption.textContent === name)
        .flatMap((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent))),
    caption,
  );

const figure = (page, name) =>
  page.evaluate(
    (wanted) =>
      [...document.querySelectorAll(".figure")]
        .find((one) => one.querySelector("dt").textContent === wanted)
        ?.querySelector("strong").textContent,
    name,
  );

test("a share link opens in a fresh browser, shows counts, and its token is nowhere to be read", async () => {
  const link = await ingest.share();
  assert.match(link, /#share=/);
  const { page, close } = await fresh(link);
  await shown(page);
  assert.equal(await page.evaluate(() => location.hash), "");
  assert.equal(await figure(page, "Valid plays"), "2");
  assert.match(await page.evaluate(() => document.querySelector(".session").textContent), /Share link until/);
  // It reads counts and nothing else, whatever page it is tried with.
  const token = new URLSearchParams(link.split("#")[1]).get("share");
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(`${ingest.origin}/v1/export`, { headers })).status, 401);
  await page.goto(`${ingest.origin}/dashboard/?view=integrity`);
  await shown(page);
  assert.match(await page.evaluate(() => document.body.textContent), /needs a token with the scope export:read/);
  await close();
  const other = await fresh(`${ingest.origin}/dashboard/`);
  assert.equal(await other.page.evaluate(() => document.querySelectorAll(".figure").length), 0);
  await other.close();
});

test("a track shows where people begin, listen and stop", async () => {
  const { page, close } = await signedIn("?view=track&id=track-1");
  const curve = await ingest.get("/v1/tracks/track-1/retention");
  assert.equal(curve.sessions, HEARD.length);
  assert.equal(await figure(page, "Sessions"), "3");
  assert.equal(await figure(page, "Begin at the start"), "100%");
  assert.equal(await figure(page, "Hear the end"), "0%");
  // All tracks of these devices are 200 s long: the 5th part ends at 10 s, the 20th at 40 s and the 25th at 50 s.
  const table = await rows(page, "Where people listen");
  assert.equal(table.length, 100);
  for (const [part, [name, heard]] of table.entries()) {
    assert.equal(name, `${Math.floor((part * 2) / 60)}:${String((part * 2) % 60).padStart(2, "0")}`);
    const still = HEARD.filter((seconds) => seconds > part * 2).length;
    assert.equal(heard, `${((100 * still) / 3).toLocaleString("en", { maximumFractionDigits: 1 })}%`, name);
  }
  assert.equal(table[19][3], "33.3%", "one stops before 40 s");
  assert.ok(await page.evaluate(() => document.querySelectorAll(".canvas canvas").length >= 2));
  await close();
});

test("what was set apart is told with its reasons; an artist shows their own tracks", async () => {
  const { page, close } = await signedIn("?view=fraud");
  const [[why, status, sessions], ...others] = await rows(page, "Why plays do not count");
  assert.deepEqual([status, sessions, others], ["short", "1", []]);
  assert.equal(why, "heard too little: less was heard than counts");
  await page.goto(`${ingest.origin}/dashboard/?view=artist&id=artist-1`);
  await shown(page);
  const tracks = await rows(page, "Most played tracks");
  assert.deepEqual(
    tracks.map(([track, plays]) => [track, plays]),
    [["track-1", "2"]],
  );
  await close();
});

test("a time without plays and a server that is away are said", async () => {
  const { page, close } = await signedIn("?view=track&id=nothing");
  assert.match(await page.evaluate(() => document.body.textContent), /No session of this time tells/);
  await page.evaluate(() => {
    globalThis.fetch = () => Promise.reject(new TypeError("away"));
    document.querySelector("nav a").click();
  });
  await page.waitForFunction(() => document.querySelectorAll("[role=alert] button").length > 3);
  assert.match(await page.evaluate(() => document.body.textContent), /cannot be reached/);
  await close();
});

test("the shown count is verified in the browser", async () => {
  const { page, close } = await signedIn("?view=integrity");
  await page.evaluate(() => document.querySelector("#log-key").form.requestSubmit());
  await page.waitForFunction(() => document.querySelector(".steps [data-end]"));
  const end = await page.evaluate(() => document.querySelector(".steps [data-end]").textContent);
  assert.equal(end, "It holds: counted again, the log gives 2 valid plays.");
  await close();
});

chromiumOnly("what is downloaded as Parquet is read by another program, entry by entry", async () => {
  const folder = await mkdtemp(join(tmpdir(), "delistening-parquet-"));
  const { page, close } = await signedIn("?view=integrity");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download Parquet" }).click();
  await (await saving).saveAs(join(folder, "plays.parquet"));
  const { size } = await ingest.checkpoint();
  const query = "SELECT count(), min(index), max(index), countIf(kind = 'batch') FROM file('plays.parquet', Parquet)";
  const program = `import chdb; print(chdb.query(${JSON.stringify(query)}, "CSV"), end="")`;
  const { stdout, stderr } = await python(["-c", program], { cwd: folder, executable: CLICKHOUSE });
  assert.deepEqual([stderr, stdout], ["", `${size},0,${size - 1},${HEARD.length}\n`]);
  await rm(folder, { recursive: true });
  await close();
});
