// The API is what its description says: a tester makes up requests from the description, valid and invalid ones, and looks
// at what the real server answers. With a fixed seed, so that a failure comes again.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { Device } from "../support/device.mjs";
import { Ingest } from "../support/ingest.mjs";
import { python } from "../support/python.mjs";

const SETTINGS = ["--device-rate", "0", "--verdicts-after", "0"];
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "unsupported_method",
  "allow_header_conformance",
  "ignored_auth",
];

let ingest;
let device;

before(async () => {
  ingest = await Ingest.start({ settings: SETTINGS });
  // So that answers are not empty.
  device = new Device();
  const batches = [40, 10].map((seconds) => device.seal("dev-listener", "delistening-dev", seconds));
  const body = JSON.stringify({ token: await deviceToken(), batches });
  const response = await fetch(`${ingest.origin}/v1/batches`, { method: "POST", body });
  assert.equal(response.status, 200);
  await ingest.counts(({ valid, not_counted }) => valid + not_counted === 2);
});

after(() => ingest?.stop());

const deviceToken = () => ingest.token({ device: device.id, listener: "dev-listener" });

/** Runs the tester; gives what it said where the server does something else than it describes. */
async function holds(token, args) {
  const { code, stdout, stderr } = await python(
    [
      ...[
        "-m",
        "schemathesis.cli",
        "run",
        `${ingest.origin}/openapi.json`,
        "--header",
        `Authorization: Bearer ${token}`,
      ],
      ...["--seed", "1", "--phases", "examples,coverage,fuzzing", "--checks", CHECKS.join(","), "--no-color"],
      ...["--generation-database", "none", ...args],
    ],
    { cwd: tmpdir() },
  );
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout, /nresolvable reference/);
  return stdout;
}

test("every path answers as it is described, whatever it is asked", async () => {
  const token = await ingest.token({ scope: "counts:read export:read listeners:erase" });
  // Streams never end, and batches take another token.
  const others = ["--exclude-path", "/v1/live", "--exclude-path", "/v1/batches"];
  const said = await holds(token, ["--max-examples", "12", ...others]);
  const paths = Object.keys((await (await fetch(`${ingest.origin}/openapi.json`)).json()).paths);
  assert.match(said, new RegExp(`Tested: ${paths.length - 2}\\b`), said);
});

test("batches that are made up are refused as it is described", async () => {
  await holds(await deviceToken(), ["--max-examples", "30", "--include-path", "/v1/batches"]);
});

test("the protocol's page says of each problem what the server says", async () => {
  const document = await (await fetch(`${ingest.origin}/openapi.json`)).json();
  const page = await readFile(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
  for (const { code, status, action } of document["x-problems"])
    assert.ok(page.includes(`| \`${code}\` | ${status} | \`${action}\` |`), code);
});
