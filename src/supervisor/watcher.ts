/**
 * The watcher: a shell beside the server that waits for the end of a pipe whose other end we hold. When we are gone,
 * however, it kills the server's session: all that the server started and that did not begin a session of its own.
 *
 * At level `process` it is what holds the tree: a death signal reaches one process, and `npx` is a shell and two Nodes.
 * At level `namespace` it closes a gap: bwrap and `unshare` tie their pid 1 to themselves only after they made it, and
 * where they were killed in between (seen in 1 to 8 of 100 kills during the start) the server would run on unwatched.
 *
 * Beside the server and not above it, so that nothing stands between us and the server: no shell that changes the
 * environment, holds the standard streams open, ignores signals for it or blurs its status.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { LilithError } from "../errors.ts";
import { keepHelper } from "./server_tree.ts";

/**
 * Constant, and the only input is the number that our own stage writes. POSIX sh with no program but itself; seen on dash
 * and bash. A name in /proc/PID/stat may hold spaces, parentheses and line feeds, hence the loop and `##*) `.
 */
const watcherScript = `
read -r session || exit 0
case $session in '' | *[!0-9]* | 0 | 1) exit 1 ;; esac
while read -r line; do :; done
round=0
while [ "$round" -lt 50 ]; do
  round=$((round + 1))
  kill -KILL "-$session" 2>/dev/null
  alive=
  for file in /proc/[0-9]*/stat; do
    stat=
    while read -r line; do stat="$stat $line"; done 2>/dev/null <"$file"
    set -- \${stat##*) }
    [ "$4" = "$session" ] && [ "$1" != Z ] || continue
    alive=yes
    pid=\${file#/proc/}
    kill -KILL "\${pid%/stat}" 2>/dev/null
  done
  [ "$alive" ] || exit 0
done
`;

/** A watcher that waits for its server. */
export interface Watcher {
  readonly pid: number;
  /** Sends it away; then it kills nothing. */
  dismiss(): void;
  /** Calls back when it ended though nobody dismissed it: from then on the server would outlive us. */
  onLoss(listener: () => void): void;
}

/**
 * Starts a watcher. It is armed from here on, though it waits for our stage to tell it a session.
 *
 * @throws {LilithError} `containment_unavailable` where the shell cannot be started.
 */
export function startWatcher(shell: string, kill: (pid: number) => void): Watcher {
  const child: ChildProcess = spawn(shell, ["-c", watcherScript, "lilith-zero-watcher"], {
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
    cwd: "/",
    detached: true, // a session of its own: what kills our group must leave it alive
  });
  child.on("error", () => {}); // seen by the missing pid
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) {
    throw new LilithError("containment_unavailable", {
      message: `Cannot contain the server: ${shell} could not be started`,
      hint: "It would watch over what a dead proxy leaves behind. Are there too many processes?",
    });
  }
  stdin.on("error", () => {}); // seen by its end
  child.unref();
  let isOver = false;
  let lost: (() => void) | undefined;
  const helper = keepHelper(pid);
  child.on("exit", () => {
    helper.forget();
    if (!isOver) lost?.();
    isOver = true;
  });
  return {
    pid,
    dismiss() {
      // While it has not ended its pid cannot be another's: nobody but this program waits for it.
      if (!isOver) kill(pid);
      isOver = true;
      stdin.destroy();
    },
    onLoss(listener) {
      lost = listener;
    },
  };
}
