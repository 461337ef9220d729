#pragma once

#include <stdexcept>

#include "base/error.h"

namespace latchkey::db {

// What this room throws, beside `latchkey::Unavailable` of base/error.h: the store can not answer *now* (disk
// full, read-only, busy, queue full, a failed sync, no connection), nothing was committed, and trying again
// later may work. Texts are for the log only and hold no parameter values.

/// The connection to the database was lost between a write and its answer, so it may have been committed, or
/// may still be; or the answer leaves open whether the standbys have it that must. Never success, and never
/// tried again by us: who can tell from the store what has happened looks again, everybody else passes it on
/// as any `Unavailable`. A single embedded writer never throws it.
class OutcomeUnknown : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// A trigger of SQLite holds writes while the store is moved elsewhere (move/marks.h): no sign of trouble.
class Held : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// Another session holds what this one needs, and did not give it up within the time that a migration waits
/// for it at once.
class Blocked : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// A page of the file that a statement needs can not be read, or is not what was written. That statement
/// fails, and others, which need other pages, go on.
class Unreadable : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// The statement, the schema or the file is wrong: trying again will not help.
using latchkey::Fault;

/// A NOT NULL, UNIQUE, CHECK or foreign-key constraint refused the row. Flows that expect one say so in the
/// statement
/// (`ON CONFLICT DO NOTHING`); reaching this is a fault.
class ConstraintViolation : public Fault {
 public:
  using Fault::Fault;
};

/// The file is not a database of ours, or its pages contradict each other. The text tells an operator what to
/// do.
class Corrupt : public Fault {
 public:
  using Fault::Fault;
};

/// Another process holds the data directory. The text names it.
class InUse : public Fault {
 public:
  using Fault::Fault;
};

}  // namespace latchkey::db
