// A project of somebody else's: it has installed our packages from their tarballs, and nothing more.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const PACKAGES = ["@delistening/sdk", "@delistening/player"];

const NPM = process.platform === "win32" ? "npm.cmd" : "npm";
// Of two packages that need each other, both are at hand: no registry is asked.
const QUIETLY = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

export class FreshProject {
  folder;
  /** The tarball of each package, and the files in it. */
  tarballs = {};
  files = {};

  static async make() {
    const project = new FreshProject();
    project.folder = await mkdtemp(join(tmpdir(), "delistening-project-"));
    const workspaces = PACKAGES.flatMap((name) => ["--workspace", name]);
    const { stdout } = await run(NPM, ["pack", "--json", "--pack-destination", project.folder, ...workspaces], {
      cwd: ROOT,
    });
    // npm lists what it packed, or names it: that depends on its version.
    for (const { name, filename, files } of Object.values(JSON.parse(stdout))) {
      project.tarballs[name] = join(project.folder, filename);
      project.files[name] = files.map(({ path }) => path);
    }
    const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, `file:${project.tarballs[name]}`]));
    const manifest = { name: "somebody-elses", private: true, type: "module", dependencies };
    await writeFile(join(project.folder, "package.json"), JSON.stringify(manifest));
    await run(NPM, ["install", ...QUIETLY], { cwd: project.folder });
    return project;
  }

  remove() {
    return rm(this.folder, { recursive: true, force: true });
  }
}
