// The Swift package: its own tests, and its example against the real server, in processes of their own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { filesUnder } from "../../../.tools/lib/inputs.mjs";
import { version } from "../../../.tools/lib/mobile.mjs";
import { Ingest } from "../../../tests/support/ingest.mjs";
import { monthOffline } from "../month.mjs";

const OUT = fileURLToPath(new URL("../../../target/swift/", import.meta.url));
const APPLE = fileURLToPath(new URL("apple/", import.meta.url));
const VECTORS = fileURLToPath(new URL("../../../schema/vectors/", import.meta.url));
const SHOWN = ["README.md", "docs/guides/mobile.md"].map((name) => new URL(`../../../${name}`, import.meta.url));
/** What an app has that the guide's blocks belong to. */
const HAS = [
  ...["telemetry: Telemetry", "track: Track", "play: PlaySession", "place: (latitude: Double, longitude: Double)"],
  ...["player: AVPlayer", "adapter: AVPlayerAdapter", "engine: AVAudioEngine", "node: AVAudioPlayerNode"],
  "file: AVAudioFile",
];
const TOKEN = "@Sendable func tokenFor(_ device: String) async throws -> String { device }";
let how;
let home;
const strange = createServer(answer);

before(async () => {
  assert.ok(existsSync(join(OUT, "run.json")), "build the package first: npm run test:swift");
  how = JSON.parse(readFileSync(join(OUT, "run.json"), "utf8"));
  mkdirSync(OUT, { recursive: true });
  // Below the repository: Swift may be where nothing else of this machine is.
  home = await mkdtemp(join(OUT, "test-"));
  await once(strange.listen(0, "127.0.0.1"), "listening");
});

after(async () => {
  strange.close();
  strange.closeAllConnections();
  await rm(home, { recursive: true });
});

/** Answers as no ingest server would. */
async function answer(request, response) {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.url === "/late") {
    response
      .writeHead(429, { "retry-after": "17" })
      .end(`${request.method} ${request.headers["content-type"]} ${body}`);
  } else if (request.url === "/moved") response.writeHead(302, { location: "/late" }).end();
  else if (request.url === "/gone") request.socket.destroy();
  else if (request.url === "/endless") {
    const send = () => response.writable && response.write(" ".repeat(65_536), send);
    send();
  }
}

/** Runs a command where Swift is; gives how it ended and what it said. */
async function run(...words) {
  const [command, ...args] = [...how.enter, ...words];
  const given = {
    DELISTENING_VECTORS: VECTORS,
    DELISTENING_VERSION: version(),
    DELISTENING_HTTP: `http://127.0.0.1:${strange.address().port}`,
  };
  const child = spawn(command, args, { env: { ...process.env, ...how.env, ...given } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  const [code, signal] = await new Promise((resolve, reject) =>
    child.on("error", reject).on("close", (...end) => resolve(end)),
  );
  return { code, signal, said };
}

/** The types of the package with its files for Apple's platforms, and of what else is given: see apple/README.md. */
async function typecheck(...files) {
  const modules = join(home, "modules");
  mkdirSync(modules, { recursive: true });
  const names = readdirSync(APPLE).filter((name) => name.endsWith(".swift") && name !== "Foundation.swift");
  for (const name of names.map((name) => name.replace(/\.swift$/, ""))) {
    const out = ["-o", join(modules, `${name}.swiftmodule`)];
    const { code, said } = await run(
      "swiftc",
      "-emit-module",
      "-module-name",
      name,
      ...out,
      join(APPLE, `${name}.swift`),
    );
    assert.equal(code, 0, said);
  }
  const sources = filesUnder(join(OUT, "package/Sources/Delistening"));
  const options = ["-wmo", "-swift-version", "5", "-module-name", "Delistening"];
  const paths = ["-I", modules, "-I", join(OUT, "package/Sources/DelisteningFFI")];
  return run("swiftc", "-typecheck", ...options, ...paths, ...sources, join(APPLE, "Foundation.swift"), ...files);
}

/** The documents' blocks in Swift: types as they are, statements as functions of what an app has. */
function guide() {
  const texts = SHOWN.map((document) => readFileSync(document, "utf8"));
  const blocks = texts.flatMap((text) => [...text.matchAll(/```swift\n([\s\S]*?)```/g)].map(([, block]) => block));
  assert.ok(blocks.length > 6, "the guide shows Swift");
  const imports = new Set(["import AVFoundation", "import SwiftUI"]);
  const parts = blocks.map((text, number) => {
    const lines = text.split("\n").filter((line) => !line.startsWith("import "));
    for (const [line] of text.matchAll(/^import .*$/gm)) imports.add(line);
    if (/^(struct|final class|@)/m.test(text)) return lines.join("\n");
    // What a block leaves to the reader to use.
    for (const [, name] of text.matchAll(/^(?:let|var) (\w+)/gm)) lines.push(`_ = ${name}`);
    return `@MainActor func shown${number}(${HAS.join(", ")}) async throws {\n${lines.join("\n")}\n}`;
  });
  // These files are the module itself.
  imports.delete("import Delistening");
  return [...imports, TOKEN, ...parts].join("\n");
}

const example = (...args) => run(join(how.programs, "OfflineMonth"), ...args);

test("the package's own tests pass, the golden vectors among them", async () => {
  const { code, said } = await run("swift", "test", "--skip-build", ...how.build);
  assert.equal(code, 0, said);
  const executed = [...said.matchAll(/Executed (\d+) tests?, with 0 failures/g)].map(([, count]) => Number(count));
  assert.ok(Math.max(...executed) >= 13, said);
  console.log(/100000 sessions: .*/.exec(said)?.[0]);
});

test("the files for Apple's platforms and the guide use our interface, and Apple's, by their types", async () => {
  // A Mac has compiled them with the package.
  if (process.platform === "darwin") return;
  const shown = join(home, "Guide.swift");
  writeFileSync(shown, guide());
  const { code, said } = await typecheck(shown);
  assert.deepEqual([code, said], [0, ""]);
});

test("a month offline, with a process that dies every ten days, is sent and counts once", async () => {
  await monthOffline(join(home, "month"), example);
});

test("plays are sent through URLSession too, and no file of a request is left", async () => {
  const ingest = await Ingest.start();
  try {
    const [folder, uploads] = [join(home, "day"), join(home, "uploads")];
    await example("play", folder, ingest.origin, "0", "1");
    const { said } = await example("sync", folder, ingest.origin, uploads);
    assert.match(said, /^complete receipts=[1-9]\d* dropped=0 errors=\[\]$/m);
    await ingest.counts((total) => total.valid === 8);
    assert.deepEqual(await readdir(uploads), []);
  } finally {
    await ingest.stop();
  }
});
