// The service worker of the offline example: serves the page and the kept tracks without a network, and sends what the
// page left behind when there is one again.

import { resendInBackground } from "@delistening/sdk/service-worker";
import { MUSIC, SHELL } from "./caches.js";
import { devToken } from "./token.js";

declare const self: ServiceWorkerGlobalScope;

const FILES = [
  "./",
  "./main.js",
  "./style.css",
  "./icon.svg",
  "./app.webmanifest",
  "./music/tracks.json",
  "./wasm/delistening_sdk_wasm_bg.wasm",
];

// Before any other listener: it answers no request, and wakes up by itself.
resendInBackground({ endpoint: location.origin, token: devToken, module: "./wasm/delistening_sdk_wasm_bg.wasm" });

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  // The first visit already is one that can go on without a network.
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  // What the server is asked goes to the server.
  if (request.method !== "GET" || origin !== location.origin || /^\/(v1|dev|log)\//.test(pathname)) return;
  event.respondWith(answer(request));
});

/** From the network, so that what is new is seen; without one, from the device. Kept tracks come from the device. */
async function answer(request: Request): Promise<Response> {
  const kept = await (await caches.open(MUSIC)).match(request);
  if (kept) return part(kept, request.headers.get("range"));
  try {
    return await fetch(request);
  } catch (thrown) {
    const stored = await (await caches.open(SHELL)).match(request);
    if (stored) return stored;
    throw thrown;
  }
}

/** Media elements ask for a part of a file, and a cache gives all of it. */
async function part(whole: Response, range: string | null): Promise<Response> {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === undefined) return whole;
  const blob = await whole.blob();
  const begin = Number(from);
  const end = to ? Math.min(Number(to) + 1, blob.size) : blob.size;
  if (begin >= end)
    return new Response(undefined, { status: 416, headers: { "content-range": `bytes */${blob.size}` } });
  return new Response(blob.slice(begin, end, blob.type), {
    status: 206,
    headers: {
      "accept-ranges": "bytes",
      "content-type": blob.type,
      "content-range": `bytes ${begin}-${end - 1}/${blob.size}`,
    },
  });
}
