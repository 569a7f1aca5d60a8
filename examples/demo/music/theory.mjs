// Names of notes, chords and melodies, turned into numbers. Pitches are MIDI note numbers: 60 is middle C.

const LETTERS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const QUALITIES = {
  "": [0, 4, 7],
  m: [0, 3, 7],
  6: [0, 4, 7, 9],
  7: [0, 4, 7, 10],
  maj7: [0, 4, 7, 11],
  m7: [0, 3, 7, 10],
  add9: [0, 4, 7, 14],
  maj9: [0, 4, 7, 11, 14],
  m9: [0, 3, 7, 10, 14],
  9: [0, 4, 7, 10, 14],
  13: [0, 4, 10, 14, 21],
  sus4: [0, 5, 7],
};
const SCALES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  minor: [0, 2, 3, 5, 7, 8, 10],
};

/** Frequency in Hz. */
export const hertz = (pitch) => 440 * 2 ** ((pitch - 69) / 12);

/** A chord such as `F#m7` or `C/E`: the pitch class of its bass, and its pitch classes. */
export function chord(name) {
  const [, letter, accidental, quality, bass] = /^([A-G])([#b]?)([^/]*)(?:\/([A-G][#b]?))?$/.exec(name) ?? [];
  if (!QUALITIES[quality]) throw new Error(`no such chord: ${name}`);
  const root = pitchClass(letter + accidental);
  return { bass: bass ? pitchClass(bass) : root, tones: QUALITIES[quality].map((step) => (root + step) % 12) };
}

function pitchClass(name) {
  return (LETTERS[name[0]] + (name[1] === "#" ? 1 : name[1] === "b" ? 11 : 0)) % 12;
}

/** The tones of a chord, each as near to `centre` as can be, so that voices move little from chord to chord. */
export function voicing({ tones }, centre) {
  return tones.map((tone) => nearest(tone, centre)).sort((a, b) => a - b);
}

/** The pitch of a class that lies within half an octave of `centre`. */
export function nearest(tone, centre) {
  return centre - 6 + ((((tone - centre + 6) % 12) + 12) % 12);
}

/** A scale: from a degree (1 is the tonic, 8 the octave, 0 the seventh below) to a pitch. */
export function scale(tonic, mode) {
  const steps = SCALES[mode];
  return (degree) => tonic + 12 * Math.floor((degree - 1) / 7) + steps[(((degree - 1) % 7) + 7) % 7];
}

/**
 * A melody, one word for each step of time: a degree of the scale, `-` to hold the note before, `.` to be silent,
 * `|` for the eye. Gives `{ at, length, degree }`, in steps.
 */
export function melody(text) {
  const notes = [];
  let at = 0;
  let held;
  for (const word of text.trim().split(/\s+/)) {
    if (word === "|") continue;
    if (word === "-") {
      if (held) held.length += 1;
    } else if (word === ".") {
      held = undefined;
    } else {
      held = { at, length: 1, degree: Number(word) };
      notes.push(held);
    }
    at += 1;
  }
  return notes;
}
