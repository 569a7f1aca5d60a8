// The packages that ours are set against, in target/, so that nobody who does not compare downloads them.

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { hashOf, unlessDone } from "./inputs.mjs";
import { ROOT, run } from "./run.mjs";

/** Where they are installed. */
export const PEERS = "target/peers";

export async function installPeers() {
  await unlessDone("peers", hashOf([".tools/peers"]), [`${PEERS}/node_modules`], async () => {
    mkdirSync(join(ROOT, PEERS), { recursive: true });
    for (const name of ["package.json", "package-lock.json"]) {
      cpSync(join(ROOT, ".tools/peers", name), join(ROOT, PEERS, name));
    }
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: join(ROOT, PEERS), quiet: true });
  });
}
