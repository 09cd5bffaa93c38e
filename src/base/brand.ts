/** Nominal types over plain values: a `Uid` is a number that cannot be passed where a `Seq` is meant. */
declare const brand: unique symbol;

/** A `T` that only who means it can make: two numbers of different names cannot be mixed up. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
