import { queueChange } from "../queue_change.ts";

export const queueRetry = queueChange("retry", {
  summary: "Try waiting mail now",
  done: "will be tried now",
});
