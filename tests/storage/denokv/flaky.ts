/** A Deno KV in memory that several stores share, as processes share a file, and that fails when it is told to. */

/** What happens to a commit: it is done and its answer arrives, it never is, or it is done and the answer is lost. */
export type Fate = "done" | "never" | "lost";

export class SharedKv {
  readonly kv: Deno.Kv;

  private constructor(kv: Deno.Kv) {
    this.kv = kv;
  }

  static async open(): Promise<SharedKv> {
    return new SharedKv(await Deno.openKv(":memory:"));
  }

  /** The same store as one process sees it. `fate` decides each of its commits; a process that died commits no more. */
  process(fate: () => Fate = () => "done"): Deno.Kv & { readonly commits: () => number } {
    let commits = 0;
    const atomic = () => {
      const real = this.kv.atomic();
      const commit = async () => {
        commits++;
        const what = fate();
        if (what === "never") throw new TypeError("Bad resource ID");
        const result = await real.commit();
        if (what === "lost") throw new TypeError("connection reset");
        return result;
      };
      return new Proxy(real, {
        get: (target, name, self) => {
          if (name === "commit") return commit;
          const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
          return (...args: unknown[]) => (method.apply(target, args), self);
        },
      });
    };
    return new Proxy(this.kv, {
      get: (target, name) => {
        if (name === "commits") return () => commits;
        if (name === "close") return () => {};
        if (name === "atomic") return atomic;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    }) as Deno.Kv & { readonly commits: () => number };
  }

  close(): void {
    this.kv.close();
  }

  async keys(prefix: readonly (string | number)[] = []): Promise<number> {
    let count = 0;
    for await (const _ of this.kv.list({ prefix: [...prefix] })) count++;
    return count;
  }
}
