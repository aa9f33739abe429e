/// What NanoGrid stores, as records, and the interfaces that store it. Start reading at {@link io.nanogrid.db.Database}.
///
/// A function has a draft and versions; a callback binds a route to one function; a deployment is a version at the route where it was served.
@NullMarked
package io.nanogrid.db;

import org.jspecify.annotations.NullMarked;
