import { openDenoKv } from "../../../src/storage/denokv/mod.ts";
import { storageContract } from "../contract.ts";

storageContract("denokv", (options) => openDenoKv({ path: ":memory:", ...options }));
