// The repository's own commands on a machine that has nothing of ours yet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { ROOT } from "./project.mjs";

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const entries = [...new Set(Object.values(scripts).map((line) => line.match(/^node (\S+)/)[1]))];

// A command installs what it needs, so nothing of that may be needed to load the command itself.
for (const entry of entries) {
  test(`${entry} loads before anything is installed`, async () => {
    const { metafile } = await build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      bundle: true,
      packages: "external",
      // What a page would load from its site.
      external: ["/bench/*", "/peers/*", "/player/*"],
      platform: "node",
      format: "esm",
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    const [seen, waiting, packages] = [new Set(), [entry], []];
    for (const file of waiting) {
      if (seen.has(file)) continue;
      seen.add(file);
      // What is imported in the middle of the work, after set-up, is of another kind.
      for (const { path, kind, external } of metafile.inputs[file].imports) {
        if (kind !== "import-statement") continue;
        if (!external) waiting.push(path);
        else if (!path.startsWith("node:")) packages.push(`${file} imports ${path}`);
      }
    }
    assert.ok(seen.has(".tools/lib/run.mjs"), "the scripts that it is made of were followed");
    assert.deepEqual(packages, []);
  });
}
