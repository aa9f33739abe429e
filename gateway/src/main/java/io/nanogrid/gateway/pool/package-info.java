@NullMarked
package io.nanogrid.gateway.pool;

import org.jspecify.annotations.NullMarked;
