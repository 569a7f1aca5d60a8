// Puts in place what the other scripts need: Rust, npm packages and, where asked for, the WASM toolchain, browsers,
// Kotlin, Swift, ClickHouse's engine, Python packages, Go and cargo-deny. Installs what it can without changing what it need not, and else
// says in one sentence what to install. `node .tools/setup.mjs` sets up everything. Start reading with `setup`.

import { isEntry, main, say, step } from "./lib/run.mjs";
import { ensureBrowser } from "./setup/browser.mjs";
import { ensureClickHouse } from "./setup/clickhouse.mjs";
import { ensureDeny } from "./setup/deny.mjs";
import { ensureFirefox } from "./setup/firefox.mjs";
import { ensureGo } from "./setup/go.mjs";
import { ensureKotlin } from "./setup/kotlin.mjs";
import { ensureLinters } from "./setup/linters.mjs";
import { ensurePackages } from "./setup/packages.mjs";
import { ensurePython } from "./setup/python.mjs";
import { ensureRust } from "./setup/rust.mjs";
import { ensureSwift } from "./setup/swift.mjs";
import { ensureWasm } from "./setup/wasm.mjs";

/** Everything that `setup` can put in place. */
export const EVERYTHING = {
  wasm: true,
  browser: true,
  firefox: true,
  kotlin: true,
  swift: true,
  clickhouse: true,
  python: true,
  go: true,
  deny: true,
  lints: true,
  linters: true,
};

/**
 * Sets up what is asked for. Gives `{ wasm, browser, firefox, kotlin, swift, python, deny }`: how to build WASM (see
 * setup/wasm.mjs), the paths of the browsers, the jars of Kotlin, how to get to Swift (see setup/swift.mjs: it may be still
 * under way), the Python, the command that runs cargo-deny; each only where asked for.
 */
export async function setup({
  wasm = false,
  browser = false,
  firefox = false,
  kotlin = false,
  swift = false,
  go = false,
  clickhouse = false,
  python = false,
  deny = false,
  lints = false,
  linters = false,
} = {}) {
  return step("Set up", async () => {
    const rust = await ensureRust({ lints });
    await ensurePackages();
    if (go) await ensureGo();
    if (clickhouse) await ensureClickHouse();
    if (linters) await ensureLinters();
    return {
      wasm: wasm ? await ensureWasm(rust) : undefined,
      browser: browser ? await ensureBrowser() : undefined,
      firefox: firefox ? await ensureFirefox() : undefined,
      kotlin: kotlin ? await ensureKotlin() : undefined,
      swift: swift ? await ensureSwift() : undefined,
      python: python ? await ensurePython() : undefined,
      deny: deny ? await ensureDeny() : undefined,
    };
  });
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { swift } = await setup(EVERYTHING);
    if (swift.missing) say(swift.missing.message);
    else await swift.words;
  });
}
