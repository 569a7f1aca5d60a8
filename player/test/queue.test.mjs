import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "../dist/index.js";

const track = (id) => ({ id, src: `/${id}.mp3` });
const ids = ({ tracks }) => tracks.map(({ id }) => id).join("");

function filled(at = 0) {
  let changes = 0;
  const queue = new Queue(() => {
    changes += 1;
  });
  queue.add(...["a", "b", "c", "d"].map(track));
  queue.select(at);
  return { queue, changes: () => changes };
}

test("the first track that is put in is the current one", () => {
  const queue = new Queue();
  assert.equal(queue.index, -1);
  assert.equal(queue.current, undefined);
  queue.add(track("a"), track("b"));
  assert.equal(queue.current.id, "a");
  assert.ok(queue.hasNext);
  assert.ok(!queue.hasPrevious);
});

test("the current track stays the current one, whatever is put in or moved around it", () => {
  const { queue } = filled(1);
  queue.insert(0, track("x"));
  assert.equal(ids(queue), "xabcd");
  queue.insert(99, track("y"));
  queue.move(0, 4);
  queue.move(3, 0);
  assert.equal(ids(queue), "dabcxy");
  assert.equal(queue.current.id, "b");
  queue.move(2, 5);
  assert.equal(queue.index, 5);
  assert.equal(queue.current.id, "b");
});

test("one track may stand in it twice", () => {
  const one = track("a");
  const queue = new Queue();
  queue.add(one, track("b"), one);
  queue.select(2);
  queue.move(1, 0);
  assert.equal(ids(queue), "baa");
  assert.equal(queue.index, 2, "the second of them, still");
  queue.remove(1);
  assert.equal(queue.index, 1);
});

test("what the host changes afterwards changes nothing here", () => {
  const one = track("a");
  const queue = new Queue();
  queue.add(one);
  one.id = "z";
  assert.equal(queue.current.id, "a");
});

test("without the current track the one after it is current; after the last, none is", () => {
  const { queue } = filled(2);
  queue.remove(2);
  assert.equal(queue.current.id, "d");
  queue.remove(2);
  assert.equal(queue.current, undefined);
  assert.equal(ids(queue), "ab");
  queue.add(track("e"));
  assert.equal(queue.current.id, "e", "what is put in now is what comes next");
  queue.remove(0);
  assert.equal(queue.current.id, "e");
});

test("places that there are not change nothing and tell nothing", () => {
  const { queue, changes } = filled(1);
  const before = changes();
  for (const place of [-1, 4, 0.5, Number.NaN]) {
    queue.remove(place);
    queue.move(place, 0);
    assert.equal(queue.select(place), false);
  }
  queue.add();
  assert.equal(changes(), before);
  assert.equal(ids(queue), "abcd");
  queue.clear();
  assert.equal(changes(), before + 1);
  assert.equal(queue.index, -1);
});

test("what follows is the next, the same, or the first after the last, as it is repeated", () => {
  const queue = new Queue();
  queue.add(track("a"), track("b"));
  queue.select(1);
  assert.equal(queue.following, undefined);
  queue.repeat = "all";
  assert.deepEqual([queue.following, queue.next, queue.previous], [0, 0, 0]);
  queue.repeat = "one";
  assert.deepEqual([queue.following, queue.hasNext], [1, false]);
  queue.repeat = "never";
  assert.equal(queue.repeat, "one", "what is no way to repeat changes nothing");
});

test("shuffled, all others follow on the current track; back, each is where it was", () => {
  const { queue } = filled(2);
  queue.add(track("e"));
  let state = 1;
  queue.shuffle(() => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  });
  assert.ok(queue.shuffled);
  assert.equal(ids(queue)[0], "c");
  assert.equal(queue.index, 0);
  assert.equal([...ids(queue)].sort().join(""), "abcde");
  assert.notEqual(ids(queue), "cabde");
  queue.remove(ids(queue).indexOf("d"));
  queue.add(track("f"));
  queue.unshuffle();
  assert.equal(ids(queue), "abcef");
  assert.equal(queue.current.id, "c");
});

test("what is added next follows on the current track, in order", () => {
  const { queue } = filled(1);
  queue.addNext(track("x"), track("y"));
  assert.equal(ids(queue), "abxycd");
  assert.equal(queue.current.id, "b");
  const empty = new Queue();
  empty.addNext(track("x"));
  assert.equal(empty.current.id, "x");
});

test("the history is what was played, in order, bounded, and stays when the track is taken out", () => {
  const { queue, changes } = filled();
  const before = changes();
  queue.remember(queue.tracks[0]);
  queue.remember(queue.tracks[2]);
  queue.remember(queue.tracks[0]);
  assert.equal(changes(), before + 3);
  queue.remove(2);
  assert.deepEqual(
    queue.history.map(({ id }) => id),
    ["a", "c", "a"],
  );
  for (let more = 0; more < 200; more += 1) queue.remember(queue.tracks[1]);
  assert.equal(queue.history.length, 100);
  assert.ok(queue.history.every(({ id }) => id === "b"));
  queue.forget();
  assert.deepEqual(queue.history, []);
});

test("a queue that was saved as JSON comes back as it was, shuffled and all", () => {
  const { queue } = filled(2);
  queue.repeat = "all";
  queue.remember(queue.tracks[1]);
  queue.shuffle(() => 0.3);
  const again = new Queue();
  assert.equal(again.restore(JSON.parse(JSON.stringify(queue.save()))), true);
  assert.deepEqual(again.tracks, queue.tracks);
  assert.deepEqual([again.index, again.repeat, again.shuffled], [0, "all", true]);
  assert.deepEqual(again.history, [track("b")]);
  again.unshuffle();
  assert.equal(ids(again), "abcd");
  assert.equal(again.current.id, "c");
});

test("what is no queue is not taken for one, and strange parts of one are left out", () => {
  const { queue, changes } = filled(1);
  const before = changes();
  for (const state of [null, undefined, 7, "x", [], {}, { tracks: 1 }, { tracks: [1] }, { tracks: [{ id: "a" }] }]) {
    assert.equal(queue.restore(state), false, JSON.stringify(state));
  }
  assert.equal(changes(), before);
  assert.equal(ids(queue), "abcd");
  const strange = { tracks: [track("x")], index: 9, repeat: "often", unshuffled: [0, 5, 0, "length"], history: [4] };
  assert.equal(queue.restore(strange), true);
  assert.deepEqual([ids(queue), queue.index, queue.repeat, queue.history.length], ["x", 0, "off", 0]);
  queue.unshuffle();
  assert.equal(ids(queue), "x");
  assert.equal(queue.restore({ tracks: [] }), true);
  assert.equal(queue.current, undefined);
});
