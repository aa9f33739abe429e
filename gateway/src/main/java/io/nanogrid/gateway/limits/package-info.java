@NullMarked
package io.nanogrid.gateway.limits;

import org.jspecify.annotations.NullMarked;
