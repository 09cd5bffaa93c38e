import type { Scenario } from "./scenario.ts";
import { agents } from "./scenarios/agents.ts";
import { curl } from "./scenarios/curl.ts";
import { mbsync } from "./scenarios/mbsync.ts";
import { nodeClients } from "./scenarios/node_clients.ts";
import { python } from "./scenarios/python.ts";
import { swaks } from "./scenarios/swaks.ts";

/** All of them, quick ones first. */
export const SCENARIOS: readonly Scenario[] = [...swaks, ...curl, ...python, ...nodeClients, ...agents, ...mbsync];
