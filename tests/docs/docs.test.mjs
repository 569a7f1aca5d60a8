// Every command and snippet that the documents show works.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DOCUMENTS, programs, ROOT } from "./documents.mjs";
import { runCommands } from "./shell.mjs";
import { pageOf, pageWith, Stage } from "./stage.mjs";
import { checkTypes } from "./types.mjs";

/** Languages of the blocks that are run here; a block without a language is a picture. */
const LANGUAGES = ["sh", "js", "html", ""];
/** Blocks that the tests of another part compile and run. */
const ELSEWHERE = {
  "README.md": ["swift"],
  "docs/guides/mobile.md": ["kotlin", "swift"],
  "sdk-mobile/README.md": ["kotlin", "swift"],
};
const COMMAND = /^\s*(\$|cargo|curl|delistening-ingest|docker|git|node|npm|npx) /m;

const BLOCKS = DOCUMENTS.flatMap(({ blocks }) => blocks);
const PROGRAMS = programs(BLOCKS);
/** Adapters need their libraries, with which sdk-wasm/test/adapters.test.mjs runs them; here their types are checked. */
const needsLibrary = ({ text }) => /from "@delistening\/sdk\/\w/.test(text);
const place = ({ file, line }) => `${file}:${line}`;

// What a device holds whose log was rewritten.
const VECTORS = JSON.parse(readFileSync(join(ROOT, "schema/vectors/evidence.json"), "utf8"));
const EVIDENCE = VECTORS.find(({ name }) => name === "rewritten").input;

const stage = new Stage();
before(() => stage.open());
after(() => stage.close());

test("no block escapes: each is in a language that is run, or a picture", () => {
  const strange = BLOCKS.filter(({ file, lang }) => ![...LANGUAGES, ...(ELSEWHERE[file] ?? [])].includes(lang));
  const hidden = BLOCKS.filter(({ lang, text }) => lang === "" && COMMAND.test(text));
  assert.deepEqual([...strange, ...hidden].map(place), [], "see LANGUAGES");
});

test("the types of every program hold", () => checkTypes(PROGRAMS));

for (const program of PROGRAMS.filter((program) => !needsLibrary(program))) {
  test(`${place(program)} measures in a browser`, async () => {
    const act = (page) => program.text.includes("attach(") && page.evaluate(() => window.audio.play());
    await plays(program, pageOf(program.text), act, /\bid: "([^"]+)"/g);
  });
}

for (const block of BLOCKS.filter(({ lang }) => lang === "html")) {
  test(`${place(block)} plays and measures in a browser`, async () => {
    const act = (page) => page.getByRole("button", { name: "Play", exact: true }).click();
    await plays(block, pageWith(block.text), act, /\strack-id="([^"]+)"/g);
  });
}

/** The tracks that the snippet names are the plays that the server is told of. */
async function plays({ text }, html, act, name) {
  const named = [...text.matchAll(name)].map(([, id]) => id);
  assert.notEqual(named.length, 0, "it names a track");
  const { tracks, wrongs } = await stage.show(html, { act, plays: named.length });
  assert.deepEqual(wrongs, []);
  assert.deepEqual(tracks.sort(), named.sort());
}

for (const { file, blocks } of DOCUMENTS) {
  const commands = blocks.filter(({ lang }) => lang === "sh").map(({ text }) => text);
  if (commands.length === 0) continue;
  test(`${file}: its commands work, one after the other`, async () => {
    // What somebody holds whose device has played something, here from the browser above.
    const { jws, receipt, log } = stage.held;
    const files = { "batch.jws": jws, "receipt.tlog-proof": receipt, "evidence.json": EVIDENCE };
    await runCommands(commands.join(""), { files, env: { VKEY: log, EVIDENCE_VKEY: JSON.parse(EVIDENCE).log } });
  });
}
