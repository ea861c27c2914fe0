/** How a server is asked to leave, ever less politely. MCP 2025-11-25, basic/lifecycle, shutdown over stdio. */

/** What can be done to a server, and how one learns that it worked. */
export interface Ladder {
  /** The server has no more input: it should leave by itself. */
  closeInput(): void;
  /** SIGTERM to everything that is the server's. */
  terminate(): void;
  /** SIGKILL to everything that is the server's. */
  kill(): void;
  /** Bytes that are still on their way into its input: while they become fewer, it reads, and is left to it. */
  inputLeft(): number;
  /** Settles when the server has left. */
  readonly left: Promise<unknown>;
  /** How long each of the first two steps gets. */
  readonly stepTimeoutMs: number;
}

/** Takes a server down: each step waits, and the next one comes only if that was in vain. */
export async function climbDown(ladder: Ladder): Promise<void> {
  ladder.closeInput();
  for (let before = ladder.inputLeft();;) {
    if (await settles(ladder.left, ladder.stepTimeoutMs)) return;
    // What the client said before it left is the server's to read; a server that reads by drops is stalling.
    const now = ladder.inputLeft();
    if (now >= before || (now > 0 && before - now < progressBytesMin)) break;
    before = now;
  }
  ladder.terminate();
  if (await settles(ladder.left, ladder.stepTimeoutMs)) return;
  ladder.kill();
}

/** Read in one step, it counts as going on: what a pipe of the ordinary size holds. */
const progressBytesMin = 64 * 1024;

/** Whether a promise settles in time. */
async function settles(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([promise.then(() => true, () => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
