/** One side of the conversation, whatever carries it. Policy, audit and supervision never learn which carrier it is. */

import type { Incoming } from "../mcp/message.ts";

/** Who is told what comes in on a channel. */
export interface Receiver {
  /**
   * One message, in the order of the wire. Until a returned promise is settled, the channel delivers no other and
   * reads no further (back-pressure). Its bytes are the channel's: they stay as they are until `idle` has returned, and
   * until a promise that either returned is settled.
   */
  message(incoming: Incoming): void | Promise<void>;
  /** All that had arrived together has been delivered: the moment to flush what it caused. May ask for time as well. */
  idle(): void | Promise<void>;
  /** The peer will send nothing more. Called once, after the last message. */
  end(): void;
  /** The peer can receive nothing more. Called at most once; what was queued is lost, and `cause` says why. */
  broken(cause: string): void;
}

/**
 * A carrier of messages. It promises:
 *
 * 1. messages come in the order in which the peer sent them, each exactly once, and never two at a time;
 * 2. what is sent leaves in order, byte for byte;
 * 3. nothing is dropped for lack of room: `congested` says when to wait, `drained` says until when;
 * 4. after `close()` what was queued has left, or the peer is gone.
 */
export interface Channel {
  /** Starts to deliver. Called once. */
  listen(receiver: Receiver): void;
  /**
   * Queues `buffer[start, end)`: whole messages with their line feeds. The bytes must not change afterwards; those of a
   * message that another channel delivered must stay until the next `flush`, and no longer.
   */
  send(buffer: Uint8Array, start: number, end: number): void;
  /** Hands what is queued to the carrier. */
  flush(): void;
  /** Whether the peer reads slower than we send. */
  readonly congested: boolean;
  /** Settles when there is room again, or when the peer is gone. */
  drained(): Promise<void>;
  /** Sends what is queued, then says that nothing more will come. Safe to call twice. */
  close(): Promise<void>;
}
