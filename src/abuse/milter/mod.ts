/**
 * The client's side of the milter protocol (sendmail's, version 6), without a socket: `packet.ts` and `reply.ts` are the
 * codec, `dialogue.ts` tells one message. Bounds: 128 KiB a packet, 1000 answers to one thing.
 */
export {
  type MilterDialogue,
  milterDialogue,
  type MilterMessage,
  type MilterStep,
  type MilterVerdict,
} from "./dialogue.ts";
export type { FieldPlace } from "./told_fields.ts";
export { MilterBroken, type Packet, packet, PacketReader } from "./packet.ts";
export { type MilterReply, readReply } from "./reply.ts";
