// The npm packages as a user gets them: packed, installed from the tarball in a fresh project, and used there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { FreshProject, PACKAGES, ROOT } from "./project.mjs";

const run = promisify(execFile);
let project;

before(async () => {
  project = await FreshProject.make();
});

after(() => project?.remove());

/** What a package exports, as its users write it. */
function entries(name) {
  const { exports } = JSON.parse(readFileSync(join(project.folder, "node_modules", name, "package.json"), "utf8"));
  return Object.keys(exports)
    .filter((path) => path !== "./package.json")
    .map((path) => [path.replace(/^\./, name), exports[path]]);
}

for (const name of PACKAGES) {
  test(`${name}: publint has nothing to say`, async () => {
    const { buffer } = readFileSync(project.tarballs[name]);
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    );
  });

  test(`${name}: it says what publishing with provenance needs`, () => {
    const manifest = JSON.parse(readFileSync(join(project.folder, "node_modules", name, "package.json"), "utf8"));
    assert.deepEqual(manifest.publishConfig, { access: "public", provenance: true });
    const { type, url, directory } = manifest.repository;
    assert.deepEqual([type, /^git\+https:\/\/.+\.git$/.test(url)], ["git", true]);
    const source = JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8"));
    assert.equal(source.name, name, "the folder that it names is this package's");
  });

  test(`${name}: its types are right for whoever may import it`, async () => {
    const packed = createPackageFromTarballData(new Uint8Array(readFileSync(project.tarballs[name])));
    const { problems } = await checkPackage(packed);
    // As `attw --profile esm-only`: these packages are modules, and `require` is told so.
    const ours = problems.filter(({ resolutionKind }) => !["node10", "node16-cjs"].includes(resolutionKind));
    assert.deepEqual(ours, []);
  });

  test(`${name}: what it exports is in it, and nothing else but what that needs`, async () => {
    const files = project.files[name];
    for (const [entry, { types, default: script }] of entries(name)) {
      for (const path of [types, script]) assert.ok(files.includes(path.slice(2)), `${entry}: ${path}`);
    }
    const strange = files.filter(
      (file) =>
        !/^(dist\/.*\.(d\.ts|js|wasm)|dist\/LICENSE-\w+|README\.md|custom-elements\.json|package\.json)$/.test(file),
    );
    assert.deepEqual(strange, []);
    assert.ok(!files.some((file) => file.includes("conformance")));
    assert.ok(files.includes("dist/LICENSE-MIT") && files.includes("dist/LICENSE-APACHE"));
  });

  test(`${name}: each entry can be imported where there is no page`, async () => {
    const imports = entries(name).map(([entry]) => `await import(${JSON.stringify(entry)});`);
    await run(process.execPath, ["--input-type=module", "--eval", imports.join("\n")], { cwd: project.folder });
  });
}

test("the types hold in a strict project that checks those of its libraries too", async () => {
  const imports = PACKAGES.flatMap(entries).map(([entry], place) => `import * as entry${place} from "${entry}";`);
  const names = imports.map((_, place) => `entry${place}`);
  await writeFile(join(project.folder, "all.ts"), [...imports, `export const all = [${names.join(", ")}];`].join("\n"));
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const options = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", ""];
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    await run(tsc, [...options, "--module", module, "--moduleResolution", moduleResolution, "all.ts"], {
      cwd: project.folder,
    }).catch(({ stdout }) => assert.fail(stdout));
  }
});

test("one SDK serves the page and the player", () => {
  assert.ok(!existsSync(join(project.folder, "node_modules/@delistening/player/node_modules")));
});
