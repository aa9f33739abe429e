@NullMarked
package io.nanogrid.gateway.redis;

import org.jspecify.annotations.NullMarked;
