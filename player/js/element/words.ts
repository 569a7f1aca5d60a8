// What the element says, in English unless the host gives other words.

/** Texts for eyes and for screen readers. Those that take something are functions. */
export interface Words {
  player: string;
  play: string;
  pause: string;
  previous: string;
  next: string;
  shuffle: string;
  repeat: string;
  repeatOne: string;
  seek: string;
  volume: string;
  mute: string;
  muted: string;
  queue: string;
  remove: (title: string) => string;
  nothing: string;
  loading: string;
  stalled: string;
  blocked: string;
  failed: (reason: string) => string;
  retry: string;
  skip: string;
  /** A length of time, to be spoken. */
  duration: (hours: number, minutes: number, seconds: number) => string;
  unknownDuration: string;
  /** Where playback is, to be spoken: both are lengths of time in words. */
  position: (position: string, duration: string) => string;
}

const count = (number: number, unit: string) => (number > 0 ? [`${number} ${unit}${number === 1 ? "" : "s"}`] : []);

const ENGLISH: Words = {
  player: "Audio player",
  play: "Play",
  pause: "Pause",
  previous: "Previous track",
  next: "Next track",
  shuffle: "Shuffle",
  repeat: "Repeat",
  repeatOne: "Repeat one",
  seek: "Seek",
  volume: "Volume",
  mute: "Mute",
  muted: "muted",
  queue: "Queue",
  remove: (title) => `Remove ${title}`,
  nothing: "Nothing to play",
  loading: "Loading",
  stalled: "Waiting for the network …",
  blocked: "Press play: the browser wants your say before there is sound.",
  failed: (reason) => `This track cannot be played: ${reason}.`,
  retry: "Try again",
  skip: "Skip",
  duration: (hours, minutes, seconds) =>
    [...count(hours, "hour"), ...count(minutes, "minute"), ...count(seconds, "second")].join(" ") || "0 seconds",
  unknownDuration: "unknown length",
  position: (position, duration) => `${position} of ${duration}`,
};

let words: Readonly<Words> = ENGLISH;

/** The words in use. */
export function word(): Readonly<Words> {
  return words;
}

/** Gives the elements of this page other words; what is left out stays English. Call it before they are shown. */
export function setWords(other: Partial<Words>): void {
  words = { ...ENGLISH, ...other };
}
