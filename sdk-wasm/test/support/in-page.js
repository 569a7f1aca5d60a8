// Runs in the page before anything else: what the tests need there.
window.harness = {
  /** A token as an issuer would write it, for an endpoint that does not check signatures. */
  token({ device, listener }) {
    const part = (value) => btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: "https://issuer.test",
      aud: "test",
      sub: listener ?? "listener-1",
      iat: now,
      exp: now + 600,
      scope: "plays:write",
      cnf: { jkt: device },
    };
    return [part({ alg: "EdDSA", typ: "at+jwt" }), part(claims), "A".repeat(86)].join(".");
  },

  /** Makes window.telemetry, and collects what it dispatches in window.seen. */
  async start(options = {}) {
    const { Telemetry } = await import("/sdk/index.js");
    window.seen = [];
    const telemetry = new Telemetry({
      endpoint: location.origin,
      token: harness.token,
      debug: true,
      ...options,
    });
    for (const type of ["event", "verdict", "batch", "ack", "receipt", "dropped", "error", "status"]) {
      telemetry.addEventListener(type, ({ detail }) => {
        const seen = type === "error" ? { code: detail.code, action: detail.action, message: detail.message } : detail;
        window.seen.push({ type, ...seen, ...(type === "event" ? { type, event: detail } : {}) });
        window.dispatchEvent(new Event("seen"));
      });
    }
    window.telemetry = telemetry;
    return telemetry;
  },

  /** Resolves when `test` holds for something that was seen. */
  async until(test) {
    for (;;) {
      const found = (window.seen ?? []).find(test);
      if (found) return found;
      await new Promise((resolve) => window.addEventListener("seen", resolve, { once: true }));
    }
  },

  once: (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true })),

  /** A whole play told by hand, in the time of `clock` (milliseconds per tick of media time). */
  play(track, playedMs) {
    const session = window.telemetry.session({ id: track, durationMs: playedMs });
    session.playing(0);
    session.paused(0);
    session.ended("stopped", 0);
    return session.id;
  },

  /** Resolves when `test` holds for everything in the database. */
  async stored(test) {
    while (!test(await harness.records()));
  },

  /** Everything in the database. */
  async records(name = "delistening") {
    const open = indexedDB.open(name);
    await harness.once(open, "success");
    const all = open.result.transaction("records").objectStore("records").getAll();
    await harness.once(all, "success");
    open.result.close();
    return all.result;
  },
};
