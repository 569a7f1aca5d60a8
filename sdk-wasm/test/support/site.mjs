// A small web server for the tests: the built package under /sdk/, a page, a tone, and an ingest endpoint whose
// answers a test decides. What it is sent is kept in `requests`, and `received` tells when more arrived.
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { ramp, tone } from "./tone.mjs";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const PAGE = "<!doctype html><title>test</title><link rel=icon href=data:><body><audio id=audio></audio>";

export async function startSite() {
  const site = new Site();
  site.server.listen(0, "127.0.0.1");
  await once(site.server, "listening");
  site.origin = `http://127.0.0.1:${site.server.address().port}`;
  return site;
}

class Site extends EventEmitter {
  requests = [];
  /** How the ingest endpoint answers: a function from the request's JSON to { status, headers?, body? }, or `null` to hang up. */
  ingest = null;
  /** What stands in the answers for the page itself. */
  headers = {};
  /** Scripts and texts of a test's own, by path: a function from the URL to the text. */
  texts = new Map();
  /** Paths that cannot be had. */
  blocked = new Set();
  server = createServer((request, response) => {
    this.#answer(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });

  async #answer(request, response) {
    const url = new URL(request.url, "http://site");
    const { pathname } = url;
    if (this.texts.has(pathname)) return send(response, await this.texts.get(pathname)(url), "text/javascript");
    if (this.blocked.has(pathname)) return request.socket.destroy();
    if (pathname === "/v1/batches") return this.#ingest(request, response);
    if (pathname === "/" || pathname === "/other") return send(response, PAGE, "text/html", this.headers);
    if (pathname === "/live.wav") {
      response.writeHead(200, { "content-type": "audio/wav" }).flushHeaders();
      return this.emit("live", response);
    }
    const [, seconds] = /^\/ramp-(\d+)\.wav$/.exec(pathname) ?? [];
    if (seconds) return ranged(request, response, ramp(Number(seconds)));
    if (pathname.endsWith(".wav")) return ranged(request, response, tone());
    if (pathname.startsWith("/sdk/") && !pathname.includes("..")) {
      const path = DIST + pathname.slice("/sdk/".length);
      return send(response, await readFile(path), TYPES[extname(path)] ?? "application/octet-stream");
    }
    response.statusCode = 404;
    response.end();
  }

  async #ingest(request, response) {
    if (this.ingest === null) return request.socket.destroy();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const { status, headers = {}, body: answer = "" } = await this.ingest(body);
    response.writeHead(status, headers);
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    this.requests.push({ method: request.method, headers: request.headers, url: request.url, body });
    this.emit("received");
  }

  /** Waits until a request satisfies `test`, and gives it. */
  async request(test = () => true) {
    for (;;) {
      const found = this.requests.find(test);
      if (found) return found;
      await once(this, "received");
    }
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

/** The payload of a signed batch. */
export function payload(jws) {
  return JSON.parse(Buffer.from(jws.split(".")[1], "base64url").toString("utf8"));
}

function send(response, body, type, headers = {}) {
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache", ...headers });
  response.end(body);
}

function ranged(request, response, bytes) {
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
  const headers = { "content-type": "audio/wav", "accept-ranges": "bytes" };
  if (from === undefined) {
    response.writeHead(200, { ...headers, "content-length": bytes.length });
    return response.end(bytes);
  }
  const end = to ? Number(to) : bytes.length - 1;
  response.writeHead(206, {
    ...headers,
    "content-range": `bytes ${from}-${end}/${bytes.length}`,
    "content-length": end + 1 - Number(from),
  });
  response.end(bytes.subarray(Number(from), end + 1));
}
