/// {@link io.nanogrid.db.Database} over one SQLite file. Start reading at `SqliteDatabase`; `Lanes` says which thread does what.
@NullMarked
package io.nanogrid.db.sqlite;

import org.jspecify.annotations.NullMarked;
