// Tells whether what was built from some files is still what those files would give.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "./run.mjs";

const STAMPS = join(ROOT, "target/stamps");
const NOT_INPUTS = new Set(["node_modules", "target", "dist", ".git"]);

/** The files under `path`, which may itself be a file or be missing, in a fixed order. */
export function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => !NOT_INPUTS.has(name));
  return names.sort().flatMap((name) => filesUnder(join(path, name)));
}

/** A hash over the names and bytes of all files under `paths` (relative to the repository) and over `facts`. */
export function hashOf(paths, facts = "") {
  const hash = createHash("sha256").update(facts);
  for (const file of paths.flatMap((path) => filesUnder(join(ROOT, path)))) {
    hash.update(`\0${relative(ROOT, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Runs `work` unless it ran to its end for the same `hash` before and `outputs` still exist. Says whether it ran. */
export async function unlessDone(name, hash, outputs, work) {
  const stamp = join(STAMPS, name);
  const same = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (same && outputs.every((path) => existsSync(join(ROOT, path)))) return false;
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}
