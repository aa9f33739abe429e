-- Instants and durations are microseconds, instants since 1970, unless the name of the column says otherwise.

-- Never updated: a changed draft is a new row, and a version keeps the row that the draft had.
CREATE TABLE definition (
  id          INTEGER PRIMARY KEY,
  runtime     TEXT    NOT NULL,
  handler     TEXT,
  code_hash   TEXT    NOT NULL,
  library     TEXT,
  memory_mb   INTEGER NOT NULL,
  timeout_ms  INTEGER NOT NULL,
  concurrency INTEGER,
  network     INTEGER NOT NULL CHECK (network IN (0, 1)),
  payload     TEXT    NOT NULL,
  script      INTEGER NOT NULL CHECK (script IN (0, 1))
) STRICT;

CREATE TABLE definition_env (
  definition_id INTEGER NOT NULL REFERENCES definition (id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  value         TEXT    NOT NULL,
  PRIMARY KEY (definition_id, name)
) STRICT, WITHOUT ROWID;

-- current_version is null for the function of a callback: the callback says which version is live.
CREATE TABLE function (
  seq             INTEGER PRIMARY KEY AUTOINCREMENT,
  id              TEXT    NOT NULL UNIQUE,
  name            TEXT    NOT NULL,
  description     TEXT,
  draft           INTEGER NOT NULL REFERENCES definition (id),
  last_version    INTEGER NOT NULL DEFAULT 0,
  current_version INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  FOREIGN KEY (id, current_version) REFERENCES version (function_id, number) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX function_by_name ON function (name);
CREATE INDEX function_by_draft ON function (draft);

CREATE TABLE version (
  function_id    TEXT    NOT NULL REFERENCES function (id) ON DELETE CASCADE,
  number         INTEGER NOT NULL,
  definition_id  INTEGER NOT NULL REFERENCES definition (id),
  dependency_key TEXT,
  state          TEXT    NOT NULL CHECK (state IN ('BUILDING', 'READY', 'FAILED')),
  created_at     INTEGER NOT NULL,
  PRIMARY KEY (function_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_build_at_a_time ON version (function_id) WHERE state = 'BUILDING';
CREATE INDEX version_by_definition ON version (definition_id);

CREATE TABLE callback (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  function_id  TEXT    NOT NULL UNIQUE REFERENCES function (id),
  path         TEXT    NOT NULL,
  method       TEXT    NOT NULL,
  route_key    TEXT    NOT NULL,
  auth         TEXT    NOT NULL,
  rate_limit   INTEGER,
  status       TEXT    NOT NULL,
  live_version INTEGER,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  UNIQUE (route_key, method),
  FOREIGN KEY (id, live_version) REFERENCES deployment (callback_id, version) DEFERRABLE INITIALLY DEFERRED,
  CHECK (CASE status WHEN 'BUILD' THEN 1 WHEN 'DEPLOYED' THEN live_version IS NOT NULL ELSE live_version IS NULL END)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES ('callback', 1000);

-- Made with the version, from the draft of that moment; deployed_at is null until the version first goes live.
CREATE TABLE deployment (
  callback_id INTEGER NOT NULL REFERENCES callback (id) ON DELETE CASCADE,
  version     INTEGER NOT NULL,
  path        TEXT    NOT NULL,
  method      TEXT    NOT NULL,
  route_key   TEXT    NOT NULL,
  auth        TEXT    NOT NULL,
  rate_limit  INTEGER,
  deployed_at INTEGER,
  PRIMARY KEY (callback_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX deployment_by_route ON deployment (route_key, method);

CREATE TABLE chat_room (
  chat_id     TEXT    PRIMARY KEY,
  title       TEXT    NOT NULL,
  callback_id INTEGER UNIQUE REFERENCES callback (id) ON DELETE SET NULL,
  created_at  INTEGER NOT NULL
) STRICT;

-- No foreign keys: a record outlives its function.
CREATE TABLE execution (
  id                INTEGER PRIMARY KEY,
  request_id        TEXT    NOT NULL,
  function_id       TEXT    NOT NULL,
  version           INTEGER NOT NULL,
  status            TEXT    NOT NULL,
  started_at        INTEGER NOT NULL,
  queue_us          INTEGER NOT NULL,
  init_us           INTEGER NOT NULL,
  run_us            INTEGER NOT NULL,
  cold_start        INTEGER NOT NULL,
  peak_memory_bytes INTEGER,
  error_type        TEXT,
  error_message     TEXT,
  stdout            TEXT    NOT NULL,
  stderr            TEXT    NOT NULL,
  output_truncated  INTEGER NOT NULL
) STRICT;
CREATE INDEX execution_by_function ON execution (function_id, started_at);
-- Costs a call that succeeds nothing.
CREATE INDEX execution_not_success ON execution (function_id, started_at) WHERE status <> 'SUCCESS';

-- No foreign key: a job outlives its function.
CREATE TABLE job (
  seq         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  state       TEXT    NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'DONE', 'DEAD')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  accepted_at INTEGER NOT NULL,
  started_at  INTEGER,
  ended_at    INTEGER,
  function_id TEXT    NOT NULL,
  version     INTEGER,
  request_id  TEXT    NOT NULL,
  event       INTEGER NOT NULL,
  traceparent TEXT,
  retry_of    TEXT,
  reason      TEXT,
  result      BLOB,
  CHECK ((state IN ('DONE', 'DEAD')) = (ended_at IS NOT NULL))
) STRICT;
CREATE INDEX job_by_state ON job (state, seq);
CREATE INDEX job_by_end ON job (ended_at) WHERE ended_at IS NOT NULL;

-- Apart from its job, because each change of a job's state writes the job's row anew.
CREATE TABLE job_input (
  seq   INTEGER PRIMARY KEY REFERENCES job (seq) ON DELETE CASCADE,
  input BLOB    NOT NULL
) STRICT;

-- DROPPED is FINISHED without its answer.
CREATE TABLE idempotency (
  caller     TEXT    NOT NULL,
  scope      TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  body_hash  BLOB    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('RUNNING', 'UNKNOWN', 'FINISHED', 'DROPPED')),
  expires_at INTEGER NOT NULL,
  response   BLOB,
  PRIMARY KEY (caller, scope, key),
  CHECK ((state = 'FINISHED') = (response IS NOT NULL))
) STRICT;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
CREATE INDEX idempotency_by_caller ON idempotency (caller, state, expires_at);

-- What each caller keeps there, counted by the triggers.
CREATE TABLE idempotency_usage (
  caller       TEXT    PRIMARY KEY,
  calls        INTEGER NOT NULL,
  answer_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER idempotency_added AFTER INSERT ON idempotency BEGIN
  INSERT INTO idempotency_usage (caller, calls, answer_bytes) VALUES (new.caller, 1, 0)
    ON CONFLICT (caller) DO UPDATE SET calls = calls + 1;
END;
CREATE TRIGGER idempotency_answered AFTER UPDATE OF response ON idempotency BEGIN
  UPDATE idempotency_usage
    SET answer_bytes = answer_bytes + coalesce(length(new.response), 0) - coalesce(length(old.response), 0)
    WHERE caller = new.caller;
END;
CREATE TRIGGER idempotency_deleted AFTER DELETE ON idempotency BEGIN
  UPDATE idempotency_usage
    SET calls = calls - 1, answer_bytes = answer_bytes - coalesce(length(old.response), 0)
    WHERE caller = old.caller;
  DELETE FROM idempotency_usage WHERE caller = old.caller AND calls = 0;
END;

CREATE TABLE api_key (
  name          TEXT    PRIMARY KEY,
  scopes        TEXT    NOT NULL,
  hash          BLOB    NOT NULL,
  sealed_secret BLOB,
  created_at    INTEGER NOT NULL
) STRICT;
