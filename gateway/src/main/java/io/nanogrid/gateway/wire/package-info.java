@NullMarked
package io.nanogrid.gateway.wire;

import org.jspecify.annotations.NullMarked;
