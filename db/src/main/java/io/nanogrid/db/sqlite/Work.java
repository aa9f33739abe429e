package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;

/// Work on a connection that it must not keep.
interface Work<T> {
    T run(Connection connection) throws SQLException;
}
