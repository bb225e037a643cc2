/** The JSON of what websites are kept with: settings, keys, erasures and the audit log. */

export interface Settings {
  website_id: string;
  name: string;
  plan: string;
  retention_days: number;
  origins: string[];
  feature_flags: Record<string, unknown>;
  privacy: Record<string, unknown>;
  smart: Record<string, unknown>;
  created_at: string;
}

export interface Key {
  keyId: string;
  role: string;
  createdAt: string;
  /** To the hour. */
  lastUsedAt: string | null;
  revokedAt: string | null;
}

export interface NewKey extends Key {
  /** The key itself, this once. */
  key: string;
}

export interface Erasure {
  erasureId: string;
  status: "hidden" | "held" | "failed" | "done";
  requestedAt: string;
  requestedBy: string;
  dueAt: string;
  doneAt: string | null;
  /** What the last run had to leave, and why. */
  waitsFor: string | null;
  /** Why the last run could not carry it out. */
  failed: string | null;
  sessions: number;
  rows: number;
  files: number;
  bytes: number;
  chunks: number;
  tableFiles: number;
  unreadableObjects: number;
}

export interface AuditEntry {
  entryId: string;
  at: string;
  /** A key's id, `share` and a link's id, `cli`, `maintenance`, or a name. */
  actor: string;
  action: string;
  target: string | null;
  details: Record<string, unknown>;
}

export interface AuditLog {
  entries: AuditEntry[];
  nextCursor: string | null;
}
