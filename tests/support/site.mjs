// A web server for pages: several folders below one origin, with byte ranges, as media elements ask for them.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".mp3": "audio/mpeg",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Serves `folders`: from a path's first part to a folder on disk. `pages` are texts by path; `handlers` answer by
 * themselves; `headers` stand in every other answer.
 */
export async function startSite({ folders = {}, pages = {}, handlers = {}, headers = {} }) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const [, first, ...rest] = pathname.split("/");
    try {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (handlers[pathname]) {
        handlers[pathname](request, response);
        return;
      }
      const page = pages[pathname];
      const folder = folders[first];
      if (page === undefined && folder === undefined) throw new Error("nothing there");
      const body =
        page === undefined ? await readFile(join(folder, normalize(`/${rest.join("/")}`))) : Buffer.from(page);
      send(request, response, body, TYPES[page === undefined ? extname(pathname) : ".html"]);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers with all of `body`, or the range that is asked for. */
export function send(request, response, body, type = "application/octet-stream") {
  const headers = { "content-type": type, "accept-ranges": "bytes" };
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
  if (from === undefined) {
    response.writeHead(200, { ...headers, "content-length": body.length });
    response.end(body);
    return;
  }
  const end = Math.min(to ? Number(to) : body.length - 1, body.length - 1);
  const range = { "content-range": `bytes ${from}-${end}/${body.length}`, "content-length": end + 1 - Number(from) };
  response.writeHead(206, { ...headers, ...range });
  response.end(body.subarray(Number(from), end + 1));
}
