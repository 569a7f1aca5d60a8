// Checks the types of snippets as a strict TypeScript project that has installed our packages would.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./documents.mjs";

const CONFIG = {
  extends: join(ROOT, ".tools/tsconfig.base.json"),
  compilerOptions: { allowJs: true, checkJs: true, declaration: false, noEmit: true },
  include: ["**/*.mjs", "host.d.ts"],
};

/** Rejects with what the compiler says. The lines it names are those of the documents. */
export async function checkTypes(programs) {
  const folder = await mkdtemp(join(tmpdir(), "delistening-docs-"));
  try {
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await cp(new URL("host.d.ts", import.meta.url), join(folder, "host.d.ts"));
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(CONFIG));
    for (const { file, line, text } of programs) {
      const path = join(folder, file, `from-line-${line}.mjs`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, "\n".repeat(line - 1) + text);
    }
    await promisify(execFile)(join(ROOT, "node_modules/.bin/tsc"), ["--project", folder, "--pretty", "false"]).catch(
      ({ stdout, stderr }) => {
        throw new Error(stdout + stderr);
      },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
