import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { storageContract } from "./contract.ts";

storageContract("memory", (options) => Promise.resolve(memoryStorage(options)));
