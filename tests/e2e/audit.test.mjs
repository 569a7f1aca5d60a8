// An export of the real server is audited in a real browser: it holds, and with one flipped bit it does not.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "../support/browser.mjs";
import { Device } from "../support/device.mjs";
import { Ingest } from "../support/ingest.mjs";
import { startSite } from "../support/site.mjs";

const AUDIENCE = "delistening-dev";

let browser;
let ingest;
let site;
let key;
let token;
let lines;

before(async () => {
  const audit = fileURLToPath(new URL("../../examples/audit/dist", import.meta.url));
  [browser, ingest, site] = await Promise.all([
    launch(),
    Ingest.start({ settings: ["--verdicts-after", "0"] }),
    startSite({ folders: { audit } }),
  ]);
  const device = new Device();
  const batches = [40, 50, 10].map((seconds) => device.seal("listener-1", AUDIENCE, seconds));
  const body = JSON.stringify({ token: await ingest.token({ device: device.id, listener: "listener-1" }), batches });
  const response = await fetch(`${ingest.origin}/v1/batches`, { method: "POST", body });
  const { answers } = await response.json();
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["accepted", "accepted", "accepted"],
    JSON.stringify(answers),
  );
  token = await ingest.token({ scope: "export:read" });
  key = (await (await fetch(`${ingest.origin}/log/vkey`)).text()).trim();
  // Verdicts come as soon as the sessions are judged.
  do lines = (await exported()).split("\n");
  while (lines.filter((line) => line.includes('"kind":"verdict"')).length === 0);
});

after(async () => {
  await browser?.close();
  await Promise.all([ingest?.stop(), site?.stop()]);
});

async function exported() {
  const response = await fetch(`${ingest.origin}/v1/export`, { headers: { authorization: `Bearer ${token}` } });
  return response.text();
}

/** Opens the page, gives it the key and what `fill` says, and waits for its verdict. */
async function audited(logKey, fill) {
  const page = await browser.newPage();
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(String(error)));
  await page.goto(`${site.origin}/audit/index.html`);
  await page.getByLabel("The log's verifier key").fill(logKey);
  await fill(page);
  await page.getByRole("button", { name: "Audit" }).click();
  const status = page.getByRole("status");
  await status.filter({ hasText: /holds|does not hold|could not/ }).waitFor();
  const said = {
    verdict: await status.textContent(),
    counts: await page.locator("#counts").innerText(),
    findings: await page.getByRole("list", { name: "What was found" }).getByRole("listitem").allTextContents(),
    left: await page.getByRole("progressbar").count(),
  };
  assert.deepEqual(wrongs, []);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
  await page.close();
  return said;
}

const file = (text) => (page) =>
  page.getByLabel(/^A file/).setInputFiles({
    name: "plays.ndjson",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(text),
  });

test("an export that a server made holds, from a file and from the server's address", async () => {
  const fromServer = (page) =>
    page
      .getByLabel(/^An address/)
      .fill(ingest.origin)
      .then(() => page.getByLabel(/^For a server/).fill(token));
  for (const fill of [file(lines.join("\n")), fromServer]) {
    const { verdict, counts, findings, left } = await audited(key, fill);
    assert.match(verdict, /^The export holds/);
    assert.match(counts, /batches\s+3\n/);
    assert.match(counts, /of them valid plays\s+2/);
    assert.deepEqual([findings, left], [[], 0], "nothing was found, and the bar is gone");
  }
});

test("one flipped bit is found, and said in words", async () => {
  const at = lines.findIndex((line) => line.includes('"kind":"batch"'));
  const { index } = JSON.parse(lines[at]);
  const changed = [...lines];
  // The last character of the signature, so that the batch is the only thing that is wrong with itself.
  const end = changed[at].indexOf('","context"', changed[at].indexOf('"jws"'));
  const flipped = Buffer.from(changed[at]);
  flipped[end - 3] ^= 1;
  changed[at] = flipped.toString("latin1");
  const { verdict, findings } = await audited(key, file(changed.join("\n")));
  assert.match(verdict, /^The export does not hold: \d+ things? (is|are) wrong/);
  assert.ok(
    findings.some((finding) => finding.startsWith(`Wrong. Entry ${index}: the batch is not the one that was entered`)),
    findings.join("\n"),
  );
});

test("what cannot be checked is told", async () => {
  const bad = await audited("no key", file(lines.join("\n")));
  assert.match(bad.verdict, /could not be checked: .*verifier key/);
  const refused = await audited(key, (page) => page.getByLabel(/^An address/).fill(ingest.origin));
  assert.match(refused.verdict, /could not be checked: .*401/);
});
