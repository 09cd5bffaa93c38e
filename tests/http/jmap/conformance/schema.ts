/** Every argument of every method of RFC 8620 and RFC 8621, with what it may be. */

export type ArgType =
  | "account"
  | "from"
  | "ids"
  | "ids?"
  | "strings?"
  | "state"
  | "string?"
  | "uint?"
  | "count?"
  | "int"
  | "bool"
  | "objects"
  | "objects?"
  | "filter?"
  | "sort?";

type Args = Readonly<Record<string, ArgType>>;

const GET: Args = { accountId: "account", ids: "ids?", properties: "strings?" };
const CHANGES: Args = { accountId: "account", sinceState: "state", maxChanges: "count?" };
const SET: Args = {
  accountId: "account",
  ifInState: "string?",
  create: "objects?",
  update: "objects?",
  destroy: "ids?",
};
const QUERY: Args = {
  accountId: "account",
  filter: "filter?",
  sort: "sort?",
  position: "int",
  anchor: "string?",
  anchorOffset: "int",
  limit: "uint?",
  calculateTotal: "bool",
};
const QUERY_CHANGES: Args = {
  accountId: "account",
  filter: "filter?",
  sort: "sort?",
  sinceQueryState: "state",
  maxChanges: "uint?",
  upToId: "string?",
  calculateTotal: "bool",
};
const BODIES: Args = {
  bodyProperties: "strings?",
  fetchTextBodyValues: "bool",
  fetchHTMLBodyValues: "bool",
  fetchAllBodyValues: "bool",
  maxBodyValueBytes: "uint?",
};
const TREE: Args = { sortAsTree: "bool", filterAsTree: "bool" };

/** Core/echo takes anything. */
export const SCHEMA: Readonly<Record<string, Args>> = {
  "Mailbox/get": GET,
  "Mailbox/changes": CHANGES,
  "Mailbox/query": { ...QUERY, ...TREE },
  "Mailbox/queryChanges": { ...QUERY_CHANGES, ...TREE },
  "Mailbox/set": { ...SET, onDestroyRemoveEmails: "bool" },
  "Thread/get": GET,
  "Thread/changes": CHANGES,
  "Email/get": { ...GET, ...BODIES },
  "Email/changes": CHANGES,
  "Email/query": { ...QUERY, collapseThreads: "bool" },
  "Email/queryChanges": { ...QUERY_CHANGES, collapseThreads: "bool" },
  "Email/set": SET,
  "Email/copy": {
    fromAccountId: "from",
    ifFromInState: "string?",
    accountId: "account",
    ifInState: "string?",
    create: "objects",
    onSuccessDestroyOriginal: "bool",
    destroyFromIfInState: "string?",
  },
  "Email/import": { accountId: "account", ifInState: "string?", emails: "objects" },
  "Email/parse": { accountId: "account", blobIds: "ids", properties: "strings?", ...BODIES },
  "SearchSnippet/get": { accountId: "account", filter: "filter?", emailIds: "ids" },
  "Identity/get": GET,
  "Identity/changes": CHANGES,
  "Identity/set": SET,
  "EmailSubmission/get": GET,
  "EmailSubmission/changes": CHANGES,
  "EmailSubmission/query": QUERY,
  "EmailSubmission/queryChanges": QUERY_CHANGES,
  "EmailSubmission/set": { ...SET, onSuccessUpdateEmail: "objects?", onSuccessDestroyEmail: "ids?" },
  "VacationResponse/get": GET,
  "VacationResponse/set": SET,
};

/** Values that an argument of this type may not have. */
export const WRONG: Readonly<Record<ArgType, readonly unknown[]>> = {
  account: [null, 5, [], {}, true],
  from: [null, 5, [], {}, true],
  ids: [null, "x", 5, {}, [5], [null], [["x"]], true],
  "ids?": ["x", 5, {}, [5], [null], [["x"]], true],
  "strings?": ["x", 5, {}, [5], [null], true],
  state: [null, 5, [], {}, true],
  "string?": [5, [], {}, true],
  "uint?": [-1, 1.5, "1", [], {}, true, 2 ** 53],
  "count?": [0, -1, 1.5, "1", [], {}, true],
  int: [1.5, "1", [], {}, true, 2 ** 53],
  bool: [5, 0, "true", [], {}],
  objects: [null, "x", 5, [], true, { k: 5 }, { k: null }, { k: [] }],
  "objects?": ["x", 5, [], true, { k: 5 }, { k: null }, { k: [] }],
  "filter?": [
    "x",
    5,
    [],
    true,
    { operator: "XOR", conditions: [] },
    { operator: "AND" },
    { operator: "AND", conditions: {} },
    { operator: "OR", conditions: [5] },
    { operator: "NOT", conditions: [null] },
    { operator: 5, conditions: [] },
  ],
  "sort?": [
    "x",
    5,
    {},
    true,
    [5],
    [null],
    [{}],
    [{ property: 5 }],
    [{ property: "x", isAscending: "x" }],
    [{ property: "x", collation: 5 }],
  ],
};

/** Arguments with which a method goes well. */
export function rightArgs(
  method: string,
  ids: { readonly account: string; readonly other: string; readonly state: string },
) {
  const args: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(SCHEMA[method]!)) {
    if (type === "account") args[name] = ids.account;
    else if (type === "from") args[name] = ids.other;
    else if (type === "state") args[name] = ids.state;
    else if (type === "ids") args[name] = [];
    else if (type === "objects") args[name] = {};
  }
  return args;
}
