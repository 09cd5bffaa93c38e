import { queueChange } from "../queue_change.ts";

export const queueRelease = queueChange("release", { summary: "Let held mail go", done: "released" });
