@NullMarked
package io.nanogrid.gateway.invoke;

import org.jspecify.annotations.NullMarked;
