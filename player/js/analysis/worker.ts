// Decodes a file from its begin to its end as fast as it comes, and measures what is decoded.

import { loadModule, openDecoder, State } from "../engine/wasm/codecs.js";
import { Source, SourceError } from "../engine/wasm/source.js";
import { advance } from "../engine/wasm/voice.js";
import type { Order, Report } from "./messages.js";

interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(report: Report): void;
}
const scope = self as unknown as Scope;

/** What is known is told this often, in milliseconds. */
const TELL_MS = 150;

let renewed: (src: string | undefined) => void = () => {};

scope.onmessage = ({ data }) => {
  if (data.type === "address") renewed(data.src);
  else
    analyse(data.src).catch((thrown: unknown) => {
      const isKnown = thrown instanceof SourceError;
      const message = isKnown ? thrown.message : "the audio could not be decoded";
      scope.postMessage({ type: "failed", code: isKnown ? thrown.code : "unplayable", message });
    });
};

async function analyse(src: string): Promise<void> {
  const { signal } = new AbortController();
  const source = new Source(src, (status) => {
    scope.postMessage({ type: "expired", status });
    return new Promise((resolve) => {
      renewed = resolve;
    });
  });
  const head = await source.read(0, signal);
  const [decoder, measure] = await Promise.all([openDecoder(head), loadModule("measure")]);
  const { audio, memory } = decoder;
  if (source.length !== undefined) audio.length(source.length);
  audio.feed(0, head);
  await advance(source, decoder, signal);
  const { rate, channels } = audio;
  const meter = new measure.Meter(rate, channels);
  let toldMs = performance.now();
  for (;;) {
    const state = await advance(source, decoder, signal);
    if (state === State.end) break;
    const { len } = audio;
    // From the memory of one module into that of the other, which may both have grown.
    for (let channel = 0; channel < channels; channel += 1) {
      const room = meter.room(channel, len);
      const samples = new Float32Array(memory.buffer, audio.samples(channel) * 4, len);
      new Float32Array(measure.memory.buffer, room * 4, len).set(samples);
    }
    meter.add(len);
    if (performance.now() - toldMs < TELL_MS) continue;
    toldMs = performance.now();
    const share = audio.frames === undefined ? undefined : meter.frames / audio.frames;
    scope.postMessage({ type: "progress", waveform: [...meter.peaks()], share });
  }
  source.close();
  scope.postMessage({
    type: "done",
    analysis: {
      durationMs: (meter.frames / rate) * 1000,
      waveform: [...meter.peaks()],
      loudness: { integratedLufs: meter.integrated(), truePeakDbtp: meter.true_peak() },
    },
  });
}
