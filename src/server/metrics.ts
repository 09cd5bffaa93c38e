/**
 * Numbers about the running server, in the text form that Prometheus reads (exposition format 0.0.4).
 *
 * Rules:
 * - Names are `palomar_…` with their unit; counters end in `_total`.
 * - Label values come from closed sets, never from what a client sent. What grows past the bound all the same is counted
 *   under `other`, so that nothing here grows without end.
 */

/** Values of the labels, in the order in which the metric names them. */
export type LabelValues = readonly string[];

export interface Counter {
  /** `by` is 1 where it is not given; never negative. */
  add(labels?: LabelValues, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: LabelValues): void;
}

export interface Histogram {
  observe(value: number, labels?: LabelValues): void;
}

export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /** A gauge that is asked when somebody looks. */
  gaugeOf(name: string, help: string, read: () => number): void;
  /** `bounds` ascend; an infinite one is added. */
  histogram(name: string, help: string, bounds: readonly number[], labels?: readonly string[]): Histogram;
  /** Tells of everything that counters count. */
  watch(listener: (name: string, labels: LabelValues, by: number) => void): void;
  /** All of it, as `text/plain; version=0.0.4`. */
  print(): string;
}

/** Bounds for times in seconds, from a millisecond to a minute. */
export const SECONDS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];

const MOST_SERIES = 500;

interface Family {
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  print(name: string, out: string[]): void;
}

/** An empty registry. */
export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  let listener: (name: string, labels: LabelValues, by: number) => void = () => {};
  const register = (name: string, family: Family): void => {
    if (families.has(name)) throw new Error(`the metric ${name} is there already`);
    families.set(name, family);
  };
  return {
    counter(name, help, labels = []) {
      const series = createSeries<{ value: number }>(labels, () => ({ value: 0 }));
      register(name, {
        help,
        type: "counter",
        print: (as, out) => series.each((cell, l) => line(out, as, l, cell.value)),
      });
      return {
        add(values = [], by = 1) {
          series.cell(values).value += by;
          listener(name, values, by);
        },
      };
    },
    gauge(name, help, labels = []) {
      const series = createSeries<{ value: number }>(labels, () => ({ value: 0 }));
      register(name, {
        help,
        type: "gauge",
        print: (as, out) => series.each((cell, l) => line(out, as, l, cell.value)),
      });
      return { set: (value, values = []) => void (series.cell(values).value = value) };
    },
    gaugeOf(name, help, read) {
      register(name, { help, type: "gauge", print: (as, out) => line(out, as, "", read()) });
    },
    histogram(name, help, bounds, labels = []) {
      const series = createSeries(labels, () => ({ counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }));
      register(name, {
        help,
        type: "histogram",
        print: (as, out) =>
          series.each((cell, l) => {
            let total = 0;
            for (const [i, count] of cell.counts.entries()) {
              total += count;
              const le = `le="${bounds[i] ?? "+Inf"}"`;
              line(out, `${as}_bucket`, l === "" ? le : `${l},${le}`, total);
            }
            line(out, `${as}_sum`, l, cell.sum);
            line(out, `${as}_count`, l, total);
          }),
      });
      return {
        observe(value, values = []) {
          const cell = series.cell(values);
          let i = 0;
          while (i < bounds.length && value > (bounds[i] ?? Infinity)) i++;
          cell.counts[i] = (cell.counts[i] ?? 0) + 1;
          cell.sum += value;
        },
      };
    },
    watch: (hear) => listener = hear,
    print() {
      const out: string[] = [];
      for (const [name, family] of families) {
        out.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`);
        family.print(name, out);
      }
      return out.join("\n") + "\n";
    },
  };
}

interface Series<C> {
  cell(values: LabelValues): C;
  each(visit: (cell: C, labels: string) => void): void;
}

function createSeries<C>(names: readonly string[], make: () => C): Series<C> {
  const cells = new Map<string, C>();
  // A metric without labels is there from the beginning, with 0.
  if (names.length === 0) cells.set("", make());
  const keyOf = (values: LabelValues): string =>
    names.map((name, i) => `${name}="${escapeValue(values[i] ?? "")}"`).join(",");
  return {
    cell(values) {
      let key = keyOf(values);
      let cell = cells.get(key);
      if (cell === undefined && cells.size >= MOST_SERIES) {
        key = keyOf(names.map(() => "other"));
        cell = cells.get(key);
      }
      if (cell === undefined) cells.set(key, cell = make());
      return cell;
    },
    each(visit) {
      for (const [key, cell] of cells) visit(cell, key);
    },
  };
}

function line(out: string[], name: string, labels: string, value: number): void {
  const text = value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
  out.push(labels === "" ? `${name} ${text}` : `${name}{${labels}} ${text}`);
}

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
