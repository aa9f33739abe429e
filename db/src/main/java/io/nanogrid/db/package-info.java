@NullMarked
package io.nanogrid.db;

import org.jspecify.annotations.NullMarked;
