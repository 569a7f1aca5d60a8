// What the text of the documents points to and names is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { DOCUMENTS, FILES, ROOT } from "./documents.mjs";
import { runCommands } from "./shell.mjs";

const FOLDERS = new Set(FILES.flatMap(above));
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const codes = DOCUMENTS.flatMap(({ file, codes }) => codes.map((code) => ({ file, code })));

/** The folders that a file is in. */
function above(file) {
  const parts = file.split("/").slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
}

function exists(path) {
  const plain = path.replace(/\/$/, "");
  return FILES.includes(plain) || FOLDERS.has(plain);
}

test("links lead to files and headings that exist", () => {
  const dead = [];
  for (const { file, links } of DOCUMENTS) {
    for (const link of links.filter((link) => !/^\w+:/.test(link))) {
      const [path, anchor] = link.split("#");
      const target = path === "" ? file : posix.join(posix.dirname(file), decodeURIComponent(path));
      const there = exists(target);
      const headings = DOCUMENTS.find((document) => document.file === target)?.anchors;
      if (!there || (anchor !== undefined && !headings?.includes(anchor))) dead.push(`${file}: ${link}`);
    }
  }
  assert.deepEqual(dead, []);
});

test("paths in the text exist", () => {
  const paths = codes.map(({ file, code }) => ({ file, path: code.replace(/^node /, "") }));
  // One that begins with a folder of ours is a path; others may be anything.
  const ours = paths.filter(({ path }) => /^[\w./-]+$/.test(path) && FOLDERS.has(path.split("/")[0]));
  assert.notEqual(ours.length, 0);
  assert.deepEqual(
    ours.filter(({ path }) => !exists(path)),
    [],
  );
});

test("commands in the text work; scripts of npm are there", async () => {
  const commands = codes
    .map(({ code }) => code)
    .filter((code) => /^(delistening-ingest |npm (run|start|test)\b)/.test(code));
  assert.notEqual(commands.length, 0);
  await runCommands(`${[...new Set(commands)].join("\n")}\n`);
});

test("the build machine runs `npm test`", () => {
  assert.match(readFileSync(join(ROOT, ".ci/run"), "utf8"), /^npm test$/m);
  assert.ok("test" in scripts);
});
