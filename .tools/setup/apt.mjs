// Debian's packages, where there are such and we may install them.

import { ask, run, Stop, say } from "../lib/run.mjs";

let updated = false;

/** Installs `packages`; where that cannot be done, ends with `otherwise`, the sentence saying what to install. */
export async function aptInstall(packages, otherwise) {
  const prefix = await privilege();
  if (prefix === undefined) throw new Stop(otherwise);
  say(`installing ${packages.join(", ")}`);
  // Another apt may be at work: wait for it rather than fail.
  const wait = ["-o", "DPkg::Lock::Timeout=600", "-o", "APT::Get::Assume-Yes=true"];
  const apt = (args, options) => {
    const [command, ...rest] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...wait, ...args];
    return run(command, rest, { quiet: true, ...options });
  };
  if (!updated) await apt(["update"], { why: `${otherwise} (\`apt-get update\` failed.)` });
  updated = true;
  await apt(["install", "--no-install-recommends", ...packages], { why: `${otherwise} (apt-get could not.)` });
}

/** What to put before apt-get; undefined where we have no apt-get or no right to use it. */
async function privilege() {
  if ((await ask("apt-get", ["--version"])).code !== 0) return undefined;
  if (process.getuid?.() === 0) return [];
  return (await ask("sudo", ["-n", "true"])).code === 0 ? ["sudo", "-n"] : undefined;
}
