// Debian's packages, where there are such and we may install them.

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";

let updated = false;

/** Installs `packages`; where that cannot be done, ends with `otherwise`, the sentence saying what to install. */
export async function aptInstall(packages, otherwise) {
  say(`installing ${packages.join(", ")}`);
  const apt = await updatedApt(otherwise);
  await apt(["install", "--no-install-recommends", ...packages], { why: `${otherwise} (apt-get could not.)` });
}

/** Takes one `file` out of a package that is not installed, and puts it at `target`. */
export async function aptUnpack(name, file, target, otherwise) {
  say(`taking ${file} out of the package ${name}`);
  const apt = await updatedApt(otherwise);
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "target/tools/unpack-"));
  try {
    await apt(["download", name], { cwd: folder, why: `${otherwise} (apt-get could not.)` });
    const [archive] = readdirSync(folder);
    await run("dpkg-deb", ["--extract", archive, "files"], { cwd: folder, quiet: true, why: otherwise });
    copyFileSync(join(folder, "files", file), target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** apt-get, with its lists up to date. */
async function updatedApt(otherwise) {
  const prefix = await privilege();
  if (prefix === undefined) throw new Stop(otherwise);
  // Another apt may be at work: wait for it rather than fail.
  const wait = ["-o", "DPkg::Lock::Timeout=600", "-o", "APT::Get::Assume-Yes=true"];
  const apt = (args, options) => {
    const [command, ...rest] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...wait, ...args];
    return run(command, rest, { quiet: true, ...options });
  };
  if (!updated) await apt(["update"], { why: `${otherwise} (\`apt-get update\` failed.)` });
  updated = true;
  return apt;
}

/** What to put before apt-get; undefined where we have no apt-get or no right to use it. */
async function privilege() {
  if ((await ask("apt-get", ["--version"])).code !== 0) return undefined;
  if (process.getuid?.() === 0) return [];
  return (await ask("sudo", ["-n", "true"])).code === 0 ? ["sudo", "-n"] : undefined;
}
