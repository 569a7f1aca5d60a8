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
      "statechange trackchange queuechange play playing pause stalled timeupdate durationchange seeking seeked ended volumechange ratechange enginechange artworkchange waveformchange error";
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

// What the WASM engine's tests need: what was sounded, and what should have been.
Object.assign(window.harness, {
  async engine(options = {}) {
    const { WasmEngine } = await import("/player/engine/wasm/engine.js");
    const engine = new WasmEngine(options);
    window.signals = [];
    engine.listen((signal) => {
      window.signals.push(signal);
      window.dispatchEvent(new Event("signal"));
    });
    window.engine = engine;
    return engine;
  },

  /** Resolves with the first signal from the `from`th on for which `test` holds. */
  async signal(test, from = 0) {
    for (;;) {
      const found = window.signals.slice(from).find(test);
      if (found) return found;
      await new Promise((resolve) => window.addEventListener("signal", resolve, { once: true }));
    }
  },

  /** Records what an engine sounds, from now on: `stop` gives both channels. */
  async tap(engine) {
    while (!engine.output) await new Promise((resolve) => setTimeout(resolve, 5));
    const { output } = engine;
    const code = `registerProcessor("recorder", class extends AudioWorkletProcessor {
      process([input]) {
        if (input[0]) this.port.postMessage(input.slice(0, 2).map((plane) => plane.slice()));
        return true;
      }
    });`;
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    await output.context.audioWorklet.addModule(address);
    const recorder = new AudioWorkletNode(output.context, "recorder", { numberOfOutputs: 0, channelCount: 2 });
    const blocks = [];
    // From when it hears the silence before the sound on, it misses nothing.
    const hears = new Promise((resolve) => {
      recorder.port.onmessage = ({ data }) => {
        blocks.push(data);
        resolve();
      };
    });
    output.connect(recorder);
    await output.context.resume();
    await hears;
    return {
      async stop() {
        // What was recorded before this is answered has arrived.
        await new Promise((resolve) => setTimeout(resolve, 100));
        return [0, 1].map((channel) => harness.join(blocks.map((block) => block[channel] ?? block[0])));
      },
    };
  },

  join(parts) {
    const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  },

  /** All of a file, decoded by the core alone. */
  async decode(path, codec) {
    const bindings = await import(`/player/wasm/${codec}/delistening_player.js`);
    const { memory } = await bindings.default({ module_or_path: `/player/wasm/${codec}/delistening_player_bg.wasm` });
    const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
    const audio = new bindings.Audio();
    audio.length(bytes.length);
    const blocks = [];
    for (;;) {
      const state = audio.advance();
      if (state === bindings.State.Read) audio.feed(audio.at, bytes.subarray(audio.at));
      else if (state === bindings.State.Audio) {
        const plane = (channel) => new Float32Array(memory.buffer, audio.samples(channel) * 4, audio.len).slice();
        blocks.push([plane(0), plane(audio.channels - 1)]);
      } else if (state !== bindings.State.Opened) break;
    }
    return [0, 1].map((channel) => harness.join(blocks.map((block) => block[channel])));
  },

  /** Without silence: what was sounded, whatever pauses there were. */
  sounds: (plane) => plane.filter((sample) => sample !== 0),

  /** Where `part` stands in `whole`, exactly, from `from` on; -1 where it does not. */
  find(whole, part, from = 0) {
    for (let at = from; at + part.length <= whole.length; at += 1) {
      let same = 0;
      while (same < part.length && whole[at + same] === part[same]) same += 1;
      if (same === part.length) return at;
    }
    return -1;
  },
});
