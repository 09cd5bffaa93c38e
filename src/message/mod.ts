export * from "./build.ts";
export * from "./date.ts";
export * from "./encoded_word_encode.ts";
export * from "./model.ts";
export * from "./transfer_encode.ts";
