// Under a strict content security policy, without `unsafe-eval`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, openPage, site, tabs } from "./support/suite.mjs";

const STRICT = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "media-src 'self'",
  "img-src data:",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

begin();

/** Opens a page under this policy, which keeps in `window.violations` what the policy forbade. */
async function openUnder(policy) {
  site.headers = { "content-security-policy": policy };
  await tabs.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => violations.push(violatedDirective));
  });
  return openPage();
}

const listen = async () => {
  await harness.start();
  const audio = document.getElementById("audio");
  telemetry.attach(audio, { id: "tone" });
  audio.src = "/tone.wav";
  await audio.play();
};

test("the SDK needs 'wasm-unsafe-eval' for its module and its endpoint in connect-src, and nothing else", async () => {
  const page = await openUnder(STRICT);
  await page.evaluate(listen);
  await page.evaluate(() => harness.until(({ event }) => event?.track === "tone"));
  await page.evaluate(() => telemetry.flush());
  assert.equal((await site.request()).body.batches.length, 1);
  assert.deepEqual(await page.evaluate(() => violations), []);
  assert.deepEqual(page.wrongs, []);
});

test("where a policy forbids the module, the host is told, and what plays goes on", async () => {
  const page = await openUnder(STRICT.replace(" 'wasm-unsafe-eval'", ""));
  await page.evaluate(listen);
  const { code } = await page.evaluate(() => harness.until(({ type }) => type === "error"));
  assert.equal(code, "core-unavailable");
  assert.equal(await page.evaluate(() => document.getElementById("audio").paused), false);
  assert.deepEqual(page.wrongs, []);
});
