// The client in Python, which knows the protocol from its page alone, and the real server.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ingest } from "../support/ingest.mjs";
import { python } from "../support/python.mjs";

const EXAMPLE = fileURLToPath(new URL("../../examples/python/", import.meta.url));

let folder;
let ingest;

before(async () => {
  [folder, ingest] = await Promise.all([mkdtemp(join(tmpdir(), "delistening-python-")), Ingest.start()]);
});

after(async () => {
  await ingest?.stop();
  await rm(folder, { recursive: true });
});

const play = (track, seconds) =>
  python([join(EXAMPLE, "client.py"), ingest.origin, track, String(seconds)], { cwd: folder });

async function device() {
  return JSON.parse(await readFile(join(folder, "device.json"), "utf8"));
}

test("plays of a client in another language count, once, and it checks its receipts", async () => {
  const first = await play("track-1", 31);
  assert.deepEqual([first.stderr, first.stdout, first.code], ["", "accepted\n", 0]);
  const sent = await device();
  assert.deepEqual([sent.seq, sent.waiting], [1, []]);
  assert.equal((await play("track-1", 29)).stdout, "accepted\n");
  const { tracks } = await ingest.counts(({ valid, not_counted }) => valid + not_counted === 2);
  assert.deepEqual(tracks["track-1"], { valid: 1, not_counted: 1, heard_ms: 31_000 });
});

test("a batch that was not answered is sent again, and gets the same receipt", async () => {
  const { origin } = ingest;
  const before = await device();
  // What the device holds when an answer is lost: it sends that batch again, with the next one.
  await ingest.kill();
  assert.notEqual((await play("track-2", 40)).code, 0);
  const waiting = await device();
  assert.equal(waiting.waiting.length, 1);
  await ingest.run();
  assert.equal(ingest.origin, origin);
  assert.equal((await play("track-2", 40)).stdout, "accepted\naccepted\n");
  await writeFile(join(folder, "device.json"), JSON.stringify({ ...(await device()), waiting: waiting.waiting }));
  assert.equal((await play("track-2", 40)).stdout, "duplicate\naccepted\n");
  assert.equal((await device()).seq, before.seq + 3);
  await ingest.counts((_, tracks) => tracks["track-2"]?.valid === 3);
});

test("a receipt that is for something else, or that another has signed, is not accepted", async () => {
  const program = `
import sys, requests
from receipt import verify
from client import Device, listening
server = sys.argv[1]
device = Device("other.json")
device.seal("delistening-dev", "listener-1", list(listening("track-3", 31)))
[batch] = device.state["waiting"]
wanted = {"device": device.id, "listener": "listener-1"}
token = requests.post(f"{server}/dev/token", json=wanted).json()["token"]
answer = requests.post(f"{server}/v1/batches", json={"token": token, "batches": [batch]}).json()
receipt, log = answer["answers"][0]["receipt"], answer["log"]
verify(batch, receipt, log)
name, hash, key = log.split("+", 2)
size = receipt.split("\\n\\n")[1].split("\\n")[1]
wrongs = [
    (batch + "x", receipt, log),
    (batch, receipt.replace(f"\\n{size}\\n", f"\\n{int(size) + 1}\\n"), log),
    (batch, receipt.replace("index ", "index 1"), log),
    (batch, receipt, f"{name}+00000000+{key}"),
    (batch, receipt, f"{name}+{hash}+" + "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
]
for wrong in wrongs:
    try:
        verify(*wrong)
    except Exception:
        continue
    sys.exit(f"accepted: {wrong}")
print(len(wrongs))`;
  await writeFile(join(folder, "wrong.py"), `import sys; sys.path.insert(0, ${JSON.stringify(EXAMPLE)})\n${program}`);
  const { stdout, stderr } = await python(["wrong.py", ingest.origin], { cwd: folder });
  assert.deepEqual([stderr, stdout], ["", "5\n"]);
});
