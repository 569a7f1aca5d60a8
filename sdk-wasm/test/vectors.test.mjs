import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, open } from "./support/browser.mjs";
import { startSite } from "./support/site.mjs";

const VECTORS = new URL("../../schema/vectors/", import.meta.url);
let browser;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

test("the golden vectors hold in WASM in a browser, byte for byte", async () => {
  const files = await readdir(VECTORS);
  const vectors = (await Promise.all(files.map((file) => readFile(new URL(file, VECTORS), "utf8")))).flatMap((text) =>
    JSON.parse(text),
  );
  assert.ok(vectors.length > 50, `only ${vectors.length} vectors were found`);
  const page = await open(await browser.newContext(), `${site.origin}/`);
  const outputs = await page.evaluate(async (inputs) => {
    const bindings = await import("/sdk/conformance/delistening_sdk_wasm.js");
    await bindings.default({ module_or_path: "/sdk/conformance/delistening_sdk_wasm_bg.wasm" });
    return inputs.map(({ operation, input }) => bindings.conformance(operation, input));
  }, vectors);
  for (const [index, { operation, name, output }] of vectors.entries()) {
    assert.equal(outputs[index], output, `${operation}: ${name}`);
  }
  assert.deepEqual(page.wrongs, []);
});
