// Checks of what we depend on. A check that needs the network says so where it cannot be made, and fails only on
// a finding.

import { ask, run, Stop, say } from "./run.mjs";

const MANIFESTS = ["Cargo.toml", ".tools/bindgen/Cargo.toml"];

/** cargo-deny over the workspace and our build tool; advisories where their database can be had. */
export async function checkRust(deny) {
  const fetched = await ask(deny, ["--config", ".deny.toml", "fetch", "db"], { seconds: 180 });
  const advisories = fetched.code === 0;
  if (!advisories) {
    say(
      "Advisories of crates are NOT checked here: the RustSec database could not be fetched. Licences, bans and sources are.",
    );
  }
  const checks = [...(advisories ? ["advisories"] : []), "bans", "licenses", "sources"];
  for (const manifest of MANIFESTS) {
    const options = ["--manifest-path", manifest, "--all-features", "--config", ".deny.toml"];
    const args = [...options, "check", "--hide-inclusion-graph"];
    await run(deny, [...args, ...checks], { why: `cargo-deny has found something in ${manifest}; it stands above.` });
  }
}

/** npm audit over the lock file. */
export async function checkNpm() {
  const { stdout } = await ask("npm", ["audit", "--json"], { seconds: 180 });
  const report = parsed(stdout);
  const found = report?.metadata?.vulnerabilities?.total;
  if (typeof found !== "number") {
    say(
      `Advisories of npm packages are NOT checked here: the registry did not answer (${report?.message ?? "no report"}).`,
    );
    return;
  }
  if (found === 0) return say("none");
  const lines = Object.values(report.vulnerabilities).map(
    ({ name, severity, range }) => `${name} ${range}: ${severity}`,
  );
  throw new Stop(`npm audit has found: ${lines.join("; ")}.`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
