/** Chromium without a window, driven by its own protocol: for what only a browser can say of pages. */
import { join } from "node:path";
import { eventually, pause, type Stage } from "./scenario.ts";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly entry?: { readonly level: string; readonly text: string } };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Chromium {
  /** What it complained of: broken policies, errors of scripts. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as Message;
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
      const entry = message.method === "Log.entryAdded" ? message.params?.entry : undefined;
      if (entry?.level === "error") this.complaints.push(entry.text);
    };
  }

  /** A page as wide as a small phone, with a device for passkeys. It ends with the stage. */
  static async open(stage: Stage): Promise<Chromium> {
    const folder = join(stage.folder, "chromium");
    const child = new Deno.Command("chromium", {
      args: [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        `--user-data-dir=${folder}`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    stage.defer(async () => {
      child.kill("SIGKILL");
      await child.status;
    });
    const port = await eventually("Chromium listens", async () => {
      const text = await Deno.readTextFile(join(folder, "DevToolsActivePort")).catch(() => "");
      return text.split("\n")[0] || null;
    });
    const url = await eventually("Chromium has a page", async () => {
      const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as Record<string, string>[];
      return pages.find(({ type }) => type === "page")?.["webSocketDebuggerUrl"];
    });
    const socket = new WebSocket(url);
    await new Promise<void>((opened, failed) => {
      socket.onopen = () => opened();
      socket.onerror = () => failed(new Error("no connection to Chromium"));
    });
    stage.defer(() => socket.close());
    const browser = new Chromium(socket);
    for (const domain of ["Page", "Runtime", "Log", "WebAuthn"]) await browser.#send(`${domain}.enable`);
    await browser.#send("Emulation.setDeviceMetricsOverride", {
      width: 320,
      height: 640,
      deviceScaleFactor: 1,
      mobile: true,
    });
    const device = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true };
    await browser.#send("WebAuthn.addVirtualAuthenticator", {
      options: { ...device, isUserVerified: true, automaticPresenceSimulation: true },
    });
    return browser;
  }

  /** Where it is now. */
  get url(): Promise<string> {
    return this.run<string>("location.href");
  }

  async go(url: string): Promise<void> {
    await this.#send("Page.navigate", { url });
    await this.arrives((now) => now.startsWith(url.split("?")[0]!) || now.includes("/sign-in"));
  }

  /** Fills in fields by their id, presses the button, and waits until it is where it should be. */
  async press(
    button: string,
    fields: Readonly<Record<string, string>>,
    there: (url: string) => boolean,
  ): Promise<void> {
    for (const [id, value] of Object.entries(fields)) {
      await this.run(`document.getElementById(${JSON.stringify(id)}).value = ${JSON.stringify(value)}`);
    }
    await this.run(`document.querySelector(${JSON.stringify(button)}).click()`);
    await this.arrives(there);
  }

  async arrives(there: (url: string) => boolean): Promise<void> {
    await pause(200);
    await eventually("the page is there", async () => {
      const [state, url] = await this.run<[string, string]>("[document.readyState, location.href]").catch(
        () => ["", ""],
      );
      return state === "complete" && there(url);
    });
  }

  /** The value of an expression. */
  async run<T>(expression: string): Promise<T> {
    const { result } = await this.#send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    }) as {
      result: { value: T };
    };
    return result.value;
  }

  async #send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    const answer = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }
}
