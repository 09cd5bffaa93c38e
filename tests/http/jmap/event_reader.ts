/** Reads events of text/event-stream one by one. */
export function reader(response: Response) {
  const source = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next(): Promise<string | null> {
      while (!text.includes("\n\n")) {
        const { done, value } = await source.read();
        if (done) return null;
        text += value;
      }
      const end = text.indexOf("\n\n");
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      return event.startsWith(":") ? await this.next() : event;
    },
    cancel: () => source.cancel(),
  };
}
