import type { Scenario } from "./scenario.ts";
import { agents } from "./scenarios/agents.ts";
import { browser } from "./scenarios/browser.ts";
import { contentFilters } from "./scenarios/content_filters.ts";
import { crash } from "./scenarios/crash.ts";
import { curl } from "./scenarios/curl.ts";
import { deliveryTargets } from "./scenarios/delivery_targets.ts";
import { dovecotArchive } from "./scenarios/dovecot_archive.ts";
import { edge } from "./scenarios/edge.ts";
import { exim } from "./scenarios/exim.ts";
import { filters } from "./scenarios/filters.ts";
import { connections } from "./scenarios/hostile/connections.ts";
import { imapAttacks } from "./scenarios/hostile/imap.ts";
import { lines } from "./scenarios/hostile/lines.ts";
import { hostileMail } from "./scenarios/hostile/mail.ts";
import { httpApi } from "./scenarios/http_api.ts";
import { importers } from "./scenarios/importers.ts";
import { jmap } from "./scenarios/jmap.ts";
import { jmapPush } from "./scenarios/jmap_push.ts";
import { mailByHttp } from "./scenarios/mail_by_http.ts";
import { mbsync } from "./scenarios/mbsync.ts";
import { nodeClients } from "./scenarios/node_clients.ts";
import { oauthClients } from "./scenarios/oauth.ts";
import { objects } from "./scenarios/objects.ts";
import { postgres } from "./scenarios/postgres.ts";
import { postfix } from "./scenarios/postfix.ts";
import { queueCrash } from "./scenarios/queue_crash.ts";
import { roundcube } from "./scenarios/roundcube.ts";
import { serverProcess } from "./scenarios/process.ts";
import { python } from "./scenarios/python.ts";
import { strictTls } from "./scenarios/strict_tls.ts";
import { pigeonhole } from "./scenarios/pigeonhole.ts";
import { manageSieve } from "./scenarios/managesieve.ts";
import { swaks } from "./scenarios/swaks.ts";
import { twoDomains } from "./scenarios/two_domains.ts";
import { twoServers } from "./scenarios/two_servers.ts";

/** All of them, quick ones first. */
export const SCENARIOS: readonly Scenario[] = [
  ...manageSieve,
  ...pigeonhole,
  ...importers,
  ...swaks,
  ...curl,
  ...python,
  ...nodeClients,
  ...jmap,
  ...jmapPush,
  ...httpApi,
  ...oauthClients,
  ...browser,
  ...mailByHttp,
  ...agents,
  ...deliveryTargets,
  ...mbsync,
  ...filters,
  ...roundcube,
  ...twoServers,
  ...twoDomains,
  ...strictTls,
  ...contentFilters,
  ...postfix,
  ...exim,
  ...dovecotArchive,
  ...objects,
  ...postgres,
  ...edge,
  ...serverProcess,
  ...crash,
  ...queueCrash,
  ...lines,
  ...imapAttacks,
  ...hostileMail,
  ...connections,
];
