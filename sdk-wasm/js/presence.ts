// Who has the database open. Whoever wants to erase it asks the others to leave, and waits until they have: a tab
// that wrote on with an erased key would bring back what was to be forgotten.

// A tab that is frozen hears nothing.
const PATIENCE_MS = 5_000;

/** Says that this tab has the database open; gives what ends that. */
export async function enter(namespace: string): Promise<() => void> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return () => {};
  return new Promise((resolve) => {
    locks
      .request(`${namespace}/open`, { mode: "shared" }, () => new Promise<void>((leave) => resolve(leave)))
      // The browser grants no locks here (an opaque origin, blocked storage).
      .catch(() => resolve(() => {}));
  });
}

/**
 * Runs `task` when no tab has the database open; those that come meanwhile wait for it. `ask` is called when it waits: a
 * tab that leaves when it is asked, and comes back at once, then comes after the task.
 */
export async function whenNobodyIsIn(namespace: string, task: () => Promise<void>, ask: () => void): Promise<void> {
  const locks = globalThis.navigator?.locks;
  if (!locks) {
    ask();
    return task();
  }
  const done = locks.request(`${namespace}/open`, { signal: AbortSignal.timeout(PATIENCE_MS) }, task).catch(task);
  // An answer to a later question shows that the request has arrived.
  await locks.query().catch(() => {});
  ask();
  await done;
}
