// Runs in the page: writes down which parts of `ramp(seconds)` come out, where sound leaves the page, whatever the page's own
// scripts are kept from doing.

/** `source` is what is listened to, of `context`. Parts are in milliseconds of the media. */
harness.renderedFrom = async (context, source, seconds) => {
  const worklet = (quiet, near) => {
    class Listener extends AudioWorkletProcessor {
      parts = [];
      constructor() {
        super();
        this.port.onmessage = () => this.port.postMessage(this.parts);
      }
      process([input], [output]) {
        for (const [channel, samples] of input.entries()) output[channel]?.set(samples);
        const [left, right] = input;
        // Nothing is known of where sound begins or ends within these samples: 0 / 0 is no place.
        const last = left ? left.length - 1 : 0;
        if (!right || Math.abs(left[0]) < quiet || Math.abs(left[last]) < quiet) return true;
        const [from, to] = [right[0] / left[0], right[last] / left[last]];
        // Where one sound goes over into another, the two say nothing.
        if (Math.abs(to - from) > near) return true;
        const part = this.parts.at(-1);
        if (part && Math.abs(from - part[1]) < near) part[1] = Math.max(to, part[1]);
        else this.parts.push([from, Math.max(from, to)]);
        return true;
      }
    }
    registerProcessor("listener", Listener);
  };
  const script = `(${worklet})(0.001, ${0.05 / seconds})`;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const listener = new AudioWorkletNode(context, "listener", { outputChannelCount: [2] });
  listener.port.start();
  source.connect(listener).connect(context.destination);
  await context.resume();
  return async () => {
    listener.port.postMessage("tell");
    const { data } = await harness.once(listener.port, "message");
    const parts = data.map((part) => part.map((share) => Math.round(share * seconds * 1000)));
    // Less than a moment is where one sound goes over into another.
    return parts.filter(([from, to]) => to - from > 5);
  };
};

harness.reached = async (audio, seconds) => {
  while (audio.currentTime < seconds) await harness.once(audio, "timeupdate");
};

/** What an element has played of its source, by its own account. */
harness.played = ({ played }) =>
  Array.from({ length: played.length }, (_, n) => [played.start(n), played.end(n)].map((at) => Math.round(at * 1000)));

/**
 * An element that plays `ramp(seconds)`, with what `set` says, and is measured. `tell` pauses it, and gives what was heard,
 * what the element has played and, with `capture`, what came out.
 */
harness.listen = async (seconds = 20, { set = {}, track = { id: "ramp" }, capture = false } = {}) => {
  await (await harness.start()).ready;
  const audio = document.getElementById("audio");
  Object.assign(audio, { src: `/ramp-${seconds}.wav`, ...set });
  let rendered = async () => [];
  if (capture) {
    const context = new AudioContext();
    const all = await harness.renderedFrom(context, context.createMediaElementSource(audio), seconds);
    // At times Chromium gives an element's sound to nobody until it is played anew.
    const before = async () => (await all()).length;
    for (let parts = 0; (await before()) === parts; ) {
      audio.pause();
      audio.currentTime = 0;
      parts = await before();
      await audio.play();
      await harness.reached(audio, 0.3);
    }
    rendered = async () => {
      const parts = (await all()).filter(([, to]) => to > begin);
      return parts.map(([from, to]) => [Math.max(from, begin), to]);
    };
  }
  const attachment = telemetry.attach(audio, track);
  const begin = audio.currentTime * 1000;
  await audio.play();
  const of = (type) => seen.filter(({ event }) => event?.type === type).map(({ event }) => event);
  const tell = async () => {
    if (!audio.paused) {
      audio.pause();
      await harness.once(audio, "pause");
    }
    attachment.detach();
    await harness.until(() => of("play.ended").length === of("play.started").length);
    const heard = of("play.progress").flatMap((progress) => progress.heard);
    return { rendered: await rendered(), played: harness.played(audio), heard, ended: of("play.ended") };
  };
  return { audio, tell };
};
