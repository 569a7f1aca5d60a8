// The page's side of the output: an AudioContext, the worklet that sounds, and the volume.

import { CHANNELS, type Command, type Rendered, RING_HEADER } from "./messages.js";
import { makeRing } from "./sink.js";

/** What connects a worker to an output. */
export interface Connection {
  readonly port: MessagePort;
  readonly ring?: SharedArrayBuffer;
  readonly rate: number;
}

export class Output {
  readonly context: AudioContext;
  /** What sounds, after the volume: to be analysed, recorded or connected elsewhere. */
  readonly node: GainNode;
  /** For the worker. */
  readonly connection: Connection;
  readonly #worklet: AudioWorkletNode;

  private constructor(context: AudioContext, worklet: AudioWorkletNode, connection: Connection) {
    this.context = context;
    this.#worklet = worklet;
    this.connection = connection;
    this.node = context.createGain();
    worklet.connect(this.node).connect(context.destination);
  }

  /**
   * An output at the sample rate of what is to be sounded: nothing is resampled but by the browser, at the very end. At
   * its usual rate where the browser does not take the other.
   */
  static async open(rate: number, device: string, rendered: (rendered: Rendered) => void): Promise<Output> {
    const context = contextAt(rate);
    // A device that is gone by now: the system's own.
    if (device && hasDevices()) await (context as SinkContext).setSinkId(device).catch(() => {});
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    const ring = makeRing(context.sampleRate);
    const worklet = new AudioWorkletNode(context, "delistening-output", {
      numberOfInputs: 0,
      outputChannelCount: [CHANNELS],
      processorOptions: { ring, header: RING_HEADER },
    });
    const { port1, port2 } = new MessageChannel();
    worklet.port.postMessage(port1, [port1]);
    worklet.port.onmessage = ({ data }: MessageEvent<Rendered>) => rendered(data);
    return new Output(context, worklet, {
      port: port2,
      rate: context.sampleRate,
      ...(ring && { ring }),
    });
  }

  command(command: Command): void {
    this.#worklet.port.postMessage(command);
  }

  /** Whether there is sound, or why there cannot be: the browser may want a gesture first. */
  async start(): Promise<boolean> {
    const { context } = this;
    if (context.state === "running") return true;
    // Without leave, this stays open. With it a device may still take its time: Bluetooth, or a busy machine.
    const running = context.resume().then(() => true);
    const patience = mayStart(context) ? DEVICE_MS : START_MS;
    const late = new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(context.state === "running"), patience);
    });
    return Promise.race([running, late]);
  }

  volume(volume: number): void {
    const { gain } = this.node;
    const { currentTime } = this.context;
    if (gain.value === volume) return;
    gain.cancelScheduledValues(currentTime);
    gain.setValueAtTime(gain.value, currentTime);
    gain.linearRampToValueAtTime(volume, currentTime + RAMP_S);
  }

  /** Rejects where the device is not there, or not allowed. */
  async setDevice(id: string): Promise<void> {
    await (this.context as SinkContext).setSinkId(id);
  }

  close(): void {
    this.#worklet.disconnect();
    void this.context.close().catch(() => {});
  }
}

function contextAt(sampleRate: number): AudioContext {
  try {
    return new AudioContext({ sampleRate, latencyHint: "playback" });
  } catch {
    return new AudioContext({ latencyHint: "playback" });
  }
}

/** Whether the browser says that sound may begin. Where it does not say, a person has touched the page or not. */
function mayStart(context: AudioContext): boolean {
  const policy = (navigator as PolicyNavigator).getAutoplayPolicy?.(context);
  return policy ? policy === "allowed" : (navigator.userActivation?.hasBeenActive ?? false);
}

/** How long a browser may take to start, in milliseconds, until it counts as refusing. */
const START_MS = 1_000;
/** The same where it does not refuse. */
const DEVICE_MS = 10_000;
/** A change of volume is spread over this, so that it does not click. */
const RAMP_S = 0.015;

/** Whether the browser has a choice of output devices for what is decoded here. */
export function hasDevices(): boolean {
  return "setSinkId" in AudioContext.prototype;
}

/** https://w3c.github.io/autoplay/ */
type PolicyNavigator = Navigator & { getAutoplayPolicy?(context: AudioContext): string };

type SinkContext = AudioContext & { setSinkId(id: string): Promise<void> };
