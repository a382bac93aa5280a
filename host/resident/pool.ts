// The threads that do the calls. Each does one at a time, from its beginning to its end; one that waits (for duplicate address detection, for
// xtables' lock) or does not come to an end holds up nobody, since there are more of them as soon as that is true of all.
// SPDX-License-Identifier: Apache-2.0

/** One thread, as the pool sees it. */
export interface Thread<Task, Outcome> {
  /** settles when it can take a task */
  ready: Promise<void>;
  /** settles when it has ended, however that came */
  ended: Promise<void>;
  /** The outcome, or undefined when the thread ended first: it does nothing any more then. Only called when it is free. */
  run(task: Task): Promise<Outcome | undefined>;
  /** Is its task waiting for something, rather than at work? */
  waits(): boolean;
  end(): void;
}

export interface Limits {
  /** threads that are kept when there is nothing to do */
  kept: number;
  /** threads that are started at once when calls wait; as many as there are processors */
  quick: number;
  most: number;
  /** ms a call waits before there is one thread more than `quick`, if all that there are wait too, or do not come to an end */
  patience: number;
  /** ms after which a thread with the same call does not come to an end: its guest may spin for as long as it may run */
  slow: number;
  /** ms after which a call that still waits is given back, unless others come to their end meanwhile */
  longest: number;
  /** ms in which none does */
  stuck: number;
  /** ms without work after which a thread beyond `kept` ends */
  idle: number;
}

export interface Pool<Task, Outcome> {
  /** Undefined: nobody does it (any more). `isWanted` is asked when its turn comes. */
  run(task: Task, isWanted: () => boolean): Promise<Outcome | undefined>;
  readonly threads: number;
  /** Ends all threads, for when nothing runs any more. Settles when they have ended: a process that ends while one of them is still loading native code is aborted. */
  end(): Promise<void>;
}

interface Waiting<Task, Outcome> { task: Task; isWanted(): boolean; since: number; settle(outcome: Outcome | undefined): void }

/** `isFit`: may the thread go on after this outcome? */
export function newPool<Task, Outcome>(start: () => Thread<Task, Outcome>, limits: Limits, isFit: (outcome: Outcome) => boolean): Pool<Task, Outcome> {
  const all = new Set<Thread<Task, Outcome>>();
  /** The last one that worked is the last one in here, and the next to work: the others may end. */
  const free: { thread: Thread<Task, Outcome>; since: number }[] = [];
  /** since when each has its call */
  const busy = new Map<Thread<Task, Outcome>, number>();
  const queue: Waiting<Task, Outcome>[] = [];
  /** those that waited for something when they were last looked at */
  let asleep = new Set<Thread<Task, Outcome>>();
  let look: NodeJS.Timeout | undefined;
  let isEnding = false;
  let lastEnd = performance.now();

  const add = (): void => {
    const thread = start();
    let wasReady = false;
    all.add(thread);
    void thread.ready.then(() => {
      wasReady = true;
      release(thread);
    });
    void thread.ended.then(() => {
      all.delete(thread);
      const at = free.findIndex((one) => one.thread === thread);
      if (at >= 0) free.splice(at, 1);
      // What keeps one from starting, such as a program that has been removed, keeps the next one too: that is tried again when somebody calls.
      if (wasReady) grow();
    });
  };
  const release = (thread: Thread<Task, Outcome>): void => {
    if (!all.has(thread)) return;
    free.push({ thread, since: performance.now() });
    dispatch();
  };
  const dispatch = (): void => {
    while (free.length > 0 && queue.length > 0) {
      const next = queue.shift()!;
      if (next.isWanted()) give(free.pop()!.thread, next);
      else next.settle(undefined);
    }
  };
  const give = (thread: Thread<Task, Outcome>, { task, settle }: Waiting<Task, Outcome>): void => {
    busy.set(thread, performance.now());
    void thread.run(task).then((outcome) => {
      busy.delete(thread);
      lastEnd = performance.now();
      settle(outcome);
      if (outcome !== undefined && isFit(outcome)) release(thread);
      else thread.end();
    });
  };
  const grow = (): void => {
    if (isEnding) return;
    if (all.size < (queue.length > 0 ? limits.quick : limits.kept)) add();
    if (queue.length > 0 || all.size > limits.kept) look ??= setInterval(lookAround, limits.patience).unref();
  };
  const lookAround = (): void => {
    const now = performance.now();
    const isStuck = now - lastEnd > limits.stuck;
    while (queue[0] && ((isStuck && now - queue[0].since > limits.longest) || !queue[0].isWanted())) queue.shift()!.settle(undefined);
    // One that starts needs a processor as long as several calls do: it must not take that from those that are at work, or starting.
    // Every call waits now and then, for the kernel or for V8's helpers; one that is found waiting twice waits for something that takes its time.
    const asleepBefore = asleep;
    asleep = new Set([...busy.keys()].filter((thread) => thread.waits()));
    const isHeldUp = (thread: Thread<Task, Outcome>): boolean => busy.has(thread) && ((asleep.has(thread) && asleepBefore.has(thread)) || now - busy.get(thread)! > limits.slow);
    if (queue[0] && now - queue[0].since > limits.patience && all.size < limits.most && [...all].every(isHeldUp)) add();
    const [oldest] = free;
    if (oldest && all.size > limits.kept && now - oldest.since > limits.idle) {
      // It takes a moment to end, and a call that it got meanwhile would be lost.
      free.shift();
      all.delete(oldest.thread);
      oldest.thread.end();
    }
    if (queue.length > 0 || all.size > limits.kept) return;
    clearInterval(look);
    look = undefined;
    asleep = new Set();
  };

  for (let i = 0; i < limits.kept; i++) add();
  return {
    run: (task, isWanted) => new Promise((settle) => {
      queue.push({ task, isWanted, since: performance.now(), settle });
      dispatch();
      grow();
    }),
    get threads() {
      return all.size;
    },
    async end() {
      isEnding = true;
      clearInterval(look);
      const threads = [...all];
      for (const thread of threads) thread.end();
      await Promise.all(threads.map(({ ended }) => ended));
    },
  };
}
