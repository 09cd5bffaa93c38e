import { queueChange } from "../queue_change.ts";

export const queueRemove = queueChange("remove", {
  summary: "Remove waiting mail; nobody is told",
  about: "The sender gets no report. What is just being sent may arrive all the same.",
  done: "removed",
});
