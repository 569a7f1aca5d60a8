// The four pieces. Each has its key, its chords (one per bar, or two), its tune and its players, and lasts exactly
// `bars` bars; the last bar rings out.

import { chord, melody, nearest, scale, voicing } from "./theory.mjs";
import * as voice from "./voices.mjs";

/** Runs `play(chord, at, bar, seconds)` for each chord of a song: `bars` is a list, `A B` shares a bar. */
function eachChord(bars, barSeconds, play) {
  bars.forEach((names, bar) => {
    const shared = names.split(" ");
    const seconds = barSeconds / shared.length;
    for (const [n, name] of shared.entries()) play(chord(name), bar * barSeconds + n * seconds, bar, seconds);
  });
}

/** 12 s at 120: a bright little fanfare for electric piano and bells. C major, six bars of four. */
export const doorbellSunrise = {
  id: "doorbell-sunrise",
  title: "Doorbell Sunrise",
  seconds: 12,
  finish: { room: 1.4, fadeOut: 1.2 },
  colours: ["#ff9d5c", "#ffe08a", "#e8577e"],
  play(mix) {
    const [beat, bar] = [0.5, 2];
    const degrees = scale(72, "major");
    eachChord(["Cmaj7", "Am7", "Fmaj7 G", "Em7 Am7", "Fmaj7 Gsus4", "Cmaj9"], bar, (now, at, index, seconds) => {
      const last = index === 5;
      for (const pitch of voicing(now, 62)) {
        const times = last ? [0] : seconds === bar ? [0, 1.5, 2.5, 3.5] : [0, 1.5];
        for (const t of times)
          voice.keys(mix, at + t * beat, last ? 1.6 : 0.42, pitch, 0.26, { pan: (pitch - 62) / 16 });
      }
      const low = nearest(now.bass, 40);
      voice.bass(mix, at, last ? 1.7 : 0.62, low, 0.55);
      if (!last) voice.bass(mix, at + (seconds === bar ? 3 : 1.5) * beat, 0.3, low + (seconds === bar ? 7 : 12), 0.38);
    });
    const tune = melody(`
      5 . 3 5 8 - 7 5 | 6 - 5 3 5 - - . | 4 5 6 8 7 - 5 - | 9 - 8 7 8 - 5 . | 6 8 6 5 4 5 2 - | 3 - 1 - - - - -`);
    for (const { at, length, degree } of tune) {
      voice.bell(mix, at * 0.25, length * 0.25, degrees(degree), 0.5, { pan: 0.2 });
      voice.lead(mix, at * 0.25, length * 0.25 * 0.9, degrees(degree) - 12, 0.28, { pan: -0.15 });
    }
    for (let step = 0; step < 20; step += 1) {
      if (step % 2 === 0) voice.kick(mix, step * beat, 0.6);
      else voice.snare(mix, step * beat, 0.34);
      voice.hat(mix, step * beat + 0.25, 0.42, step % 8 === 7);
      voice.shaker(mix, step * beat, 0.24);
    }
    voice.kick(mix, 10, 0.6);
  },
};

/** 20 s at 108: a waltz for plucked strings. G major, twelve bars of three. */
export const paperLanterns = {
  id: "paper-lanterns",
  title: "Paper Lanterns",
  seconds: 20,
  finish: { room: 2.2, fadeOut: 1.4 },
  colours: ["#c8553d", "#f6c177", "#3d2c4f"],
  play(mix) {
    const beat = 20 / 36;
    const degrees = scale(67, "major");
    const bars = ["G", "D/F#", "Em7", "C", "G/B", "Am7", "D7", "G", "Cmaj7", "Bm7 Em", "Am7 D7", "Gadd9"];
    eachChord(bars, 3 * beat, (now, at, index, seconds) => {
      const last = index === 11;
      voice.bass(mix, at, last ? 1.5 : Math.min(seconds, 1.1), nearest(now.bass, 43), 0.34);
      voice.pluck(mix, at, last ? 1.6 : 1, nearest(now.bass, 50), 0.5, { pan: -0.25 });
      const upper = voicing(now, 62).slice(-3);
      const strums = last ? [0] : seconds < 3 * beat ? [beat] : [beat, 2 * beat];
      for (const strum of strums) {
        upper.forEach((pitch, n) => {
          voice.pluck(mix, at + strum + n * 0.016, last ? 1.6 : 0.5, pitch, 0.34, { pan: -0.4 + n * 0.15 });
        });
      }
      for (const pitch of upper) voice.pad(mix, at, seconds * 0.9, pitch, 0.14, { pan: 0.3 });
    });
    const tune = melody(`
      5 - 6 5 3 - | 2 - - 4 3 2 | 3 - 5 - 8 7 | 6 - - - 5 6 | 7 - 5 3 5 - | 6 - 4 - 2 - |
      4 3 2 1 0 2 | 1 - - - 5 6 | 8 - 7 8 9 - | 10 - 9 8 7 5 | 6 - 4 2 0 - | 1 - - - - -`);
    for (const { at, length, degree } of tune) {
      voice.pluck(mix, (at * beat) / 2, ((length + 1) * beat) / 2, degrees(degree), 0.66, { pan: 0.25 });
      if (at >= 48)
        voice.lead(mix, (at * beat) / 2, (length * beat) / 2, degrees(degree), 0.17, { pan: 0.1, wet: 0.6 });
    }
    for (let step = 0; step < 33; step += 1) {
      if (step % 3 !== 0) voice.shaker(mix, step * beat, 0.26);
    }
  },
};

/** 45 s at 80: a slow, swinging night piece. D dorian, fifteen bars of four. */
export const nightBusHome = {
  id: "night-bus-home",
  title: "Night Bus Home",
  seconds: 45,
  finish: { room: 1.9, fadeOut: 2.4 },
  colours: ["#1f2a5a", "#7c83fd", "#f9c74f"],
  play(mix) {
    const [beat, bar] = [0.75, 3];
    // Swing: the second eighth of each beat comes late.
    const eighth = (n) => Math.floor(n / 2) * beat + (n % 2 === 1 ? beat * 0.62 : 0);
    const degrees = scale(74, "dorian");
    const turn = ["Dm9", "G13", "Cmaj9", "Am7"];
    const bars = [...turn, ...turn, "Fmaj9", "Em7 A7", "Dm9", "G13", "Fmaj9", "Em7 G13", "Dm9"];
    eachChord(bars, bar, (now, at, index, seconds) => {
      const last = index === 14;
      for (const pitch of voicing(now, 61)) {
        const where = { pan: (pitch - 61) / 14, wet: 0.3 };
        voice.keys(mix, at, last ? 2.4 : seconds * 0.62, pitch, 0.24, where);
        if (!last && seconds === bar) voice.keys(mix, at + eighth(5), 0.6, pitch, 0.15, where);
        voice.pad(mix, at, seconds * 0.9, pitch, 0.1, { pan: -where.pan });
      }
      const low = nearest(now.bass, 38);
      voice.bass(mix, at, last ? 2.4 : seconds * 0.4, low, 0.6);
      if (!last) voice.bass(mix, at + (seconds === bar ? eighth(3) : eighth(1)), 0.34, low + 12, 0.3);
      if (!last && seconds === bar) voice.bass(mix, at + eighth(5), 0.6, low + 7, 0.42);
    });
    const tune = melody(`
      . . 5 - 4 3 5 - | 7 - - 5 4 - . . | . 3 4 5 7 - 5 4 | 5 - - - - . . . |
      . . 8 - 7 5 7 - | 9 - 8 7 5 - 4 - | 3 - 4 5 2 - 0 - | 2 - - - . . . . |
      5 7 8 - 10 - 9 8 | 9 - 7 - 8 - 6 5 | 5 - 4 3 1 - - . | . 7 6 5 4 - 2 - |
      3 - 5 - 7 - 8 - | 9 - 7 5 6 - 4 - | 5 - - - - - - -`);
    for (const { at, length, degree } of tune) {
      const seconds = eighth(at + length) - eighth(at);
      voice.lead(mix, eighth(at), seconds * 0.92, degrees(degree) - (at < 64 ? 12 : 0), 0.3, { pan: 0.15 });
      if (at >= 64) voice.bell(mix, eighth(at), seconds, degrees(degree), 0.16, { pan: -0.3 });
    }
    for (let index = 2; index < 14; index += 1) {
      const at = index * bar;
      for (const n of [0, 3, 4]) voice.kick(mix, at + eighth(n) + (n === 4 ? beat / 2 : 0), n === 0 ? 0.75 : 0.45);
      for (const n of [2, 6]) voice.snare(mix, at + eighth(n) + 0.012, 0.4);
      for (let n = 0; n < 8; n += 1)
        voice.hat(mix, at + eighth(n), n % 2 === 0 ? 0.36 : 0.24, n === 7 && index % 4 === 1);
    }
  },
};

/** 75 s at 96: grows from a few notes to the entire band and goes back. A major, thirty bars of four. */
export const longLight = {
  id: "long-light",
  title: "Long Light over Water",
  seconds: 75,
  finish: { room: 3.2, fadeOut: 4 },
  colours: ["#0b6e69", "#8ce3c3", "#f4f1bb"],
  play(mix) {
    const [beat, bar] = [0.625, 2.5];
    const degrees = scale(69, "major");
    const verse = ["Aadd9", "F#m7", "Dmaj9", "E6"];
    const bridge = ["Bm7", "C#m7", "Dmaj9", "Esus4"];
    const bars = [...verse, ...verse, ...verse, ...bridge, ...verse, ...verse, ...bridge, "Dmaj9", "Aadd9"];
    eachChord(bars, bar, (now, at, index, seconds) => {
      const last = index === 29;
      const ring = last ? 1.8 : seconds * 0.95;
      for (const pitch of voicing(now, 57)) voice.pad(mix, at, ring, pitch, 0.2, { pan: (pitch - 57) / 9 });
      const rising = [...voicing(now, 69), ...voicing(now, 81)];
      const pattern = [0, 2, 1, 3, 2, 4, 3, 2];
      if (!last) {
        pattern.forEach((n, step) => {
          const soft = index < 2 || index > 26 ? 0.2 : 0.3;
          voice.pluck(mix, at + (step * beat) / 2, 0.8, rising[n % rising.length], soft, {
            pan: Math.sin(step) * 0.5,
            wet: 0.5,
          });
        });
      }
      if (index < 4) return;
      const low = nearest(now.bass, 38);
      if (last || index >= 26) {
        voice.bass(mix, at, last ? 1.8 : 2.2, low, 0.5);
      } else {
        for (const step of [0, 3, 6])
          voice.bass(mix, at + (step * beat) / 2, beat * 0.9, low + (step === 6 ? 7 : 0), 0.5);
      }
    });
    const verseTune = `
      5 - - - 3 - 5 - | 6 - - 5 3 - - - | 4 - - 5 6 - 8 - | 7 - - - 5 - - - |
      5 - - - 8 - 9 - | 10 - - 9 8 - 6 - | 6 - 8 - 6 - 5 - | 5 - - - - - . .`;
    const bridgeTune = "6 - 5 6 9 - 8 - | 7 - 5 - 10 - 9 - | 8 - 6 - 5 - 3 - | 4 - - - 5 - - -";
    const tunes = [
      [4, verseTune],
      [12, bridgeTune],
      [16, verseTune],
      [24, bridgeTune],
      [28, "6 - - 5 3 - - - | 1 - - - - - - -"],
    ];
    for (const [begin, text] of tunes) {
      const full = begin >= 12 && begin < 26;
      for (const { at, length, degree } of melody(text)) {
        const when = begin * bar + (at * beat) / 2;
        voice.lead(mix, when, ((length * beat) / 2) * 0.95, degrees(degree), full ? 0.3 : 0.22, { wet: 0.6 });
        if (full) voice.bell(mix, when, (length * beat) / 2, degrees(degree) + 12, 0.12, { pan: 0.4, wet: 0.8 });
      }
    }
    for (let index = 8; index < 26; index += 1) {
      const at = index * bar;
      const full = index >= 12;
      for (let step = 0; step < 4; step += 1) if (full || step % 2 === 0) voice.kick(mix, at + step * beat, 0.58);
      if (full) for (const step of [1, 3]) voice.snare(mix, at + step * beat, 0.3);
      for (let step = 0; step < 8; step += 1) {
        voice.shaker(mix, at + (step * beat) / 2, step % 2 === 0 ? 0.2 : 0.3);
        if (full && step % 2 === 1) voice.hat(mix, at + (step * beat) / 2, 0.34, step === 7 && index % 2 === 1);
      }
    }
  },
};

export const songs = [doorbellSunrise, paperLanterns, nightBusHome, longLight];
