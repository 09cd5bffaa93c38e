/** Bounds of rules; what is more belongs in a script. */
export const RULE_LIMITS = {
  rules: 500,
  conditions: 50,
  actions: 20,
  /** Values of a condition, headers, flags, addresses. */
  values: 100,
  /** Characters of a value or a name. */
  value: 1_000,
  /** Characters of an answer or a refusal. */
  text: 20_000,
} as const;
