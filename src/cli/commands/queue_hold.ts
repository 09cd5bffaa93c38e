import { queueChange } from "../queue_change.ts";

export const queueHold = queueChange("hold", {
  summary: "Keep waiting mail back until it is released",
  done: "held",
});
