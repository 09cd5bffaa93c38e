/** Connections for work that takes long. */
import { StorageError } from "../../storage.ts";
import { infrastructure } from "../failure.ts";
import { parseDatabaseUrl } from "./address.ts";
import { connect, type Connection } from "./connection.ts";

/** A connection that may be silent for long while octets go elsewhere. */
export async function openForCopy(url: string): Promise<Connection> {
  const address = parseDatabaseUrl(url);
  if (typeof address === "string") throw new StorageError("unavailable", `the database's URL is wrong: ${address}`);
  const settings = { lock_timeout: "20s", idle_in_transaction_session_timeout: "0", statement_timeout: "0" };
  return await connect(address, { settings }).catch((error) => {
    throw infrastructure(error);
  });
}
