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

test("the guide for the web names each field of a batch, and none that there is not", () => {
  const table = read("docs/guides/web.md").split("| field | what it is |")[1].split("\n\n")[0];
  const firstCells = table.split("\n").flatMap((line) => line.split("|")[1] ?? []);
  const named = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(named.toSorted(), [...fields(JSON.parse(read("schema/json/batch.v1.json")))].toSorted());
});
