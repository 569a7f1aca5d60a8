// What a device sends is documented field by field, and nothing else is sent.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./documents.mjs";

const read = (path) => readFileSync(join(ROOT, path), "utf8");

/** The names of all properties in a JSON Schema. */
function fields(schema, found = new Set()) {
  if (schema === null || typeof schema !== "object") return found;
  for (const name of Object.keys(schema.properties ?? {})) found.add(name);
  for (const part of Object.values(schema)) fields(part, found);
  return found;
}

/** The words in backticks in the first cells of the table that begins with `head`. */
function named(document, head) {
  const table = read(document).split(head)[1].split("\n\n")[0];
  const cells = table.split("\n").flatMap((line) => line.split("|")[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`([\w.-]+)`/g)].map(([, name]) => name)).toSorted();
}

test("the protocol's page names each member of a batch, each type of event and each problem", () => {
  const batch = JSON.parse(read("schema/json/batch.v1.json"));
  const page = "docs/PROTOCOL.md";
  assert.deepEqual(named(page, "The payload is JSON:\n"), Object.keys(batch.properties).toSorted());
  const types = [...read("schema/json/event.v1.json").matchAll(/"const": "([a-z]+\.[a-z_]+)"/g)].map(
    ([, type]) => type,
  );
  assert.notEqual(types.length, 0);
  assert.deepEqual(named(page, "| type | members of its own"), types.toSorted());
  const members = new Set(fields(JSON.parse(read("schema/json/event.v1.json"))));
  const text = read(page);
  assert.deepEqual(
    [...members].filter((member) => !text.includes(`\`${member}`)),
    [],
  );
  const codes = [...read("schema/json/problem.v1.json").matchAll(/"const": "([a-z]+-?[a-z-]*)"/g)].map(
    ([, code]) => code,
  );
  const actions = ["retry", "refresh", "drop", "stop"];
  assert.deepEqual(named(page, "| `code` | status |"), codes.filter((code) => !actions.includes(code)).toSorted());
});

test("the dashboard says in words what each reason and each signal means", () => {
  const reasons = read("schema/src/play/mod.rs").match(/Self::\w+ => "[a-z_]+"/g) ?? [];
  const statuses = ["valid", "short", "muted", "suspect", "invalid"];
  const codes = reasons.map((line) => line.split('"')[1]).filter((code) => !statuses.includes(code));
  const known = [...codes, ...named("docs/guides/plays.md", "| signal | weight |")];
  const meanings = read("ingest-server/dashboard/src/views/reasons.ts").split("MEANINGS")[1].split("};")[0];
  const told = [...meanings.matchAll(/^ {2}(\w+): "/gm)].map(([, code]) => code);
  assert.deepEqual(told.toSorted(), known.toSorted());
});

test("the guide for the web names each field of a batch, and none that there is not", () => {
  const known = [...fields(JSON.parse(read("schema/json/batch.v1.json")))];
  assert.deepEqual(named("docs/guides/web.md", "| field | what it is |"), known.toSorted());
});
