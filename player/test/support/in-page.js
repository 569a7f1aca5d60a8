// Runs in the page before anything else: what the tests need there.
window.harness = {
  music: (id) => ({ id, src: `/music/${id}.mp3`, title: id.replaceAll("-", " "), artistId: "house-band" }),

  /** Makes window.player, and keeps in window.told what it dispatches, with the state it was in. */
  async start(options = {}) {
    const { Player } = await import("@delistening/player");
    return harness.watch(new Player(options));
  },

  watch(player) {
    window.player = player;
    window.told = [];
    const types =
      "statechange trackchange queuechange play playing pause stalled timeupdate durationchange seeking seeked ended volumechange ratechange error";
    for (const type of types.split(" ")) {
      player.addEventListener(type, ({ detail }) => {
        window.told.push({ type, detail, state: player.state });
        window.dispatchEvent(new Event("told"));
      });
    }
    return player;
  },

  /** Resolves when `test` holds for something that was told from the `from`th on. */
  async until(test, from = 0) {
    for (;;) {
      const found = window.told.slice(from).find(test);
      if (found) return found;
      await new Promise((resolve) => window.addEventListener("told", resolve, { once: true }));
    }
  },

  state: (wanted) => harness.until(() => player.state === wanted),
  reached: (ms) => harness.until(() => player.positionMs >= ms),
  types: () => window.told.map(({ type }) => type),

  /** Telemetry that nothing answers: what it records is in window.events. */
  telemetry() {
    window.events = [];
    return { endpoint: location.origin, token: () => Promise.reject(new Error("nobody gives tokens here")) };
  },

  record(player) {
    player.telemetry.addEventListener("event", ({ detail }) => {
      window.events.push(detail);
      window.dispatchEvent(new Event("recorded"));
    });
    return player.telemetry.ready;
  },

  async recorded(test) {
    for (;;) {
      const found = window.events.find(test);
      if (found) return found;
      await new Promise((resolve) => window.addEventListener("recorded", resolve, { once: true }));
    }
  },
};
